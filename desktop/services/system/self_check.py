"""What `--self-test` looks at besides the window: the parts that a bundle could lack without anybody noticing."""

from __future__ import annotations

import platform
import sqlite3
import ssl
import sys
from collections.abc import Callable
from contextlib import closing
from importlib import import_module

from desktop import __version__
from desktop.core.adapters import PROTOCOLS, adapter_class
from desktop.services.habits import languages
from desktop.services.recording import tour
from desktop.services.system import licences


def report() -> tuple[list[str], list[str]]:
    """(lines with versions, troubles in words). Touches no file of the person's, no network and no keyring."""
    lines = [f"sluice {__version__}, Python {platform.python_version()}, {platform.platform()}"]
    troubles = []
    for name, look in _LOOKS.items():
        try:
            lines.append(f"{name}: {look()}")
        except Exception as error:  # whatever it is, the others are looked at too
            troubles.append(f"{name}: {type(error).__name__}: {error}")
    return lines, troubles


def _protocols() -> str:
    return ", ".join(adapter_class(protocol).name for protocol in PROTOCOLS)


def _history() -> str:
    with closing(sqlite3.connect(":memory:")) as store:
        store.execute("create virtual table words using fts5(word)")
    return f"SQLite {sqlite3.sqlite_version} with full-text search"


def _certificates() -> str:
    import certifi

    ssl.create_default_context(cafile=certifi.where())
    return ssl.OPENSSL_VERSION


def _keyrings() -> str:
    """The backend's own requirements too: it would find them missing only when a key is stored."""
    if sys.platform.startswith("linux"):
        import_module("secretstorage")
    name = {"darwin": "macOS", "win32": "Windows"}.get(sys.platform, "SecretService")
    return import_module(f"keyring.backends.{name}").__name__


def _colours() -> str:
    return str(import_module("pygments.lexers.python").PythonLexer.name)


def _formulas() -> str:
    ziamath = import_module("ziamath")
    assert ziamath.Latex(r"\frac{a}{b}").svg().startswith("<svg")
    return f"ziamath {ziamath.__version__}"


def _tour() -> str:
    assert tour.scenes(), "its recordings are not there"
    return f"{len(tour.scenes())} recordings"


def _languages() -> str:
    assert len(languages.offered()) > 1, "the translations are not there"
    return ", ".join(languages.offered().values())


def _parts() -> str:
    lacking = [part.name for part in licences.parts() if not part.licence]
    assert not lacking, f"no licence for {', '.join(lacking)}"
    return f"{len(licences.parts())} parts, each with its licence"


_LOOKS: dict[str, Callable[[], str]] = {
    "protocols": _protocols,
    "history": _history,
    "encryption": _certificates,
    "keyring": _keyrings,
    "code colours": _colours,
    "formulas": _formulas,
    "tour": _tour,
    "languages": _languages,
    "licences": _parts,
}
