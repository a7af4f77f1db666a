"""The languages that the program speaks: one .po file each in resources/languages; English needs none."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from desktop.core import language, po
from desktop.services.resources import places

_log = logging.getLogger(__name__)
_OWN_NAME = "X-Own-Name"
_HEAD = 40  # lines; a file's header is in them


def start(wanted: str | None = None, system: Iterable[str] = ()) -> str:
    """Speak the `wanted` language (None: that of the environment, else of the `system`). Returns its code."""
    code = _chosen([wanted] if wanted else [*from_environment(os.environ), *system])
    if code != language.code():
        language.use(_read(code))
    return language.code()


def offered() -> dict[str, str]:
    """The languages by code, each by its own name."""
    return {"en": "English", **{code: _own_name(path) or code for code, path in sorted(_files().items())}}


def from_environment(environ: Mapping[str, str]) -> list[str]:
    """The languages that the environment asks for, best first; none where it says nothing."""
    asked = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    if asked.partition(".")[0] in ("C", "POSIX"):
        return ["en"]  # the program's own words
    return [name for name in (*environ.get("LANGUAGE", "").split(":"), asked) if name]


def _chosen(wanted: Iterable[str]) -> str:
    """The first of the wanted that is there; `de_AT.UTF-8`, `de-AT` and `de` all find de."""
    for name in wanted:
        full = name.partition(".")[0].partition("@")[0].replace("-", "_")
        for code in (full, full.partition("_")[0]):
            if code == "en" or code in _files():
                return code
    return "en"


def _files() -> dict[str, Path]:
    for folder in places("languages"):
        if found := {path.stem: path for path in folder.glob("*.po")}:
            return found
    return {}


def _read(code: str) -> language.Catalogue:
    """English where the file cannot be understood: a damaged translation must not keep the program from starting."""
    if code == "en":
        return language.Catalogue()
    try:
        return po.catalogue(code, _files()[code].read_text("utf-8"))
    except (OSError, ValueError) as error:
        _log.warning("the language file %s cannot be used: %r", code, error)
        return language.Catalogue()


def _own_name(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return po.headers(next(po.entries("".join(_header(file)))))[_OWN_NAME]
    except (OSError, ValueError, KeyError, StopIteration):
        return ""


def _header(lines: Iterable[str]) -> Iterator[str]:
    """The lines up to the first empty one."""
    for line in islice(lines, _HEAD):
        if not line.strip():
            return
        yield line
