"""The parts that this program is made of, with their licences, read from the metadata that each package carries.

The same in a checkout and in an installed program: the bundle carries the metadata of what is in it.
"""

from __future__ import annotations

import platform
import re
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path, PurePosixPath

#: What pyproject.toml asks for; everything else follows from their own requirements.
ROOTS = (
    "PySide6-Essentials", "qasync", "httpx", "keyring", "cryptography", "pydantic", "markdown-it-py", "mdit-py-plugins",
    "linkify-it-py", "pygments", "platformdirs", "ziamath",
)  # fmt: skip

# Beside the package in a checkout and in a bundle alike. PySide6's wheels name their licence without its text.
_TEXTS_OF_QT = Path(__file__).parents[3] / "resources" / "licences"
_QT = (
    "Sluice uses Qt, PySide6 and Shiboken under the GNU Lesser General Public License, version 3. They are separate "
    "shared libraries in the folder of this program; you may replace them with versions of your own, and study and "
    "debug them together with the program. Nothing in the program's own licence forbids that. Their source code, for "
    "the version named here, is published by the Qt Project; the authors of Sluice give it on request for three years "
    "after they gave you the program.\n\n"
)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_TEXTS = re.compile(r"(licen[cs]e|copying|notice|authors)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its name, version, licence (an SPDX expression where the part names one) and the licence's words."""

    name: str
    version: str
    licence: str
    text: str = ""


def names() -> list[str]:
    """The packages that are needed here, by their own names, sorted. What is asked for but not installed belongs to
    another system and is left out."""
    found: dict[str, str] = {}
    wanted = list(ROOTS)
    while wanted:
        name = wanted.pop()
        if _plain(name) in found:
            continue
        try:
            held = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        found[_plain(name)] = held.metadata["Name"]
        wanted += _required(held.requires or ())
    return sorted(found.values(), key=str.lower)


def parts() -> list[Part]:
    """Every part, Python with what is compiled into it first."""
    inside = f"with {ssl.OPENSSL_VERSION} (Apache-2.0), SQLite (public domain), zlib, libffi, bzip2, xz and expat"
    python = Part("Python", platform.python_version(), "PSF-2.0", f"The Python runtime, {inside}.")
    found = [_part(metadata.distribution(name)) for name in names()]
    qt = [Part("Qt", part.version, "LGPL-3.0-only", _qt_text()) for part in found if part.name.startswith("PySide6")]
    return [python, *qt, *found]


def as_text(chosen: Iterable[Part]) -> str:
    """The list and after it the texts, for a file."""
    held = list(chosen)
    lines = [f"{part.name} {part.version}: {part.licence}" for part in held]
    rule = "=" * 78
    texts = [f"{rule}\n{part.name} {part.version}\n{rule}\n\n{part.text.strip()}\n" for part in held if part.text]
    return "\n".join((*lines, "", *texts))


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _required(lines: Iterable[str]) -> list[str]:
    """Names out of requirement lines; an extra's are not meant."""
    named = (_NAME.match(line) for line in lines if "extra ==" not in line)
    return [match.group() for match in named if match]


def _part(held: metadata.Distribution) -> Part:
    about = held.metadata
    texts = [held.locate_file(file) for file in held.files or () if _is_text(PurePosixPath(file.as_posix()))]
    words = []
    for place in texts:
        try:
            words.append(Path(str(place)).read_text("utf-8", "replace"))
        except OSError:
            continue  # a bundle may leave files out
    return Part(about["Name"], held.version, _licence(about), "\n\n".join(words))


def _qt_text() -> str:
    texts = [path.read_text("utf-8") for path in sorted(_TEXTS_OF_QT.glob("*.txt"), reverse=True)]
    return _QT + "\n\n".join(texts)


def _is_text(file: PurePosixPath) -> bool:
    return file.parts[0].endswith(".dist-info") and bool(_TEXTS.match(file.name))


def _licence(about: metadata.PackageMetadata) -> str:
    """The licence as the package states it: the expression, else a short field, else its classifiers."""
    if stated := about.get_all("License-Expression"):
        return str(stated[0])
    field = "".join(about.get_all("License") or ()).strip()
    if field and "\n" not in field and len(field) < 60 and field.upper() != "UNKNOWN":
        return field
    named = [line.rpartition(" :: ")[2] for line in about.get_all("Classifier") or () if line.startswith("License")]
    return ", ".join(named) or "see its text"
