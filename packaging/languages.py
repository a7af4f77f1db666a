#!/usr/bin/env python3
"""Collects every sentence that people read, and brings the language files up to date.

    python packaging/languages.py            write resources/languages/sluice.pot and merge it into each .po beside it
    python packaging/languages.py check      say what is missing, obsolete or has other placeholders; status 1 if any

A new language: copy sluice.pot to resources/languages/CODE.po (`fr`, `pt_BR`), fill in the header (its `X-Own-Name` is
what the settings list it by) and translate, by hand or with Poedit. Until a sentence is translated it shows in English.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from desktop.core import po  # noqa: E402
from desktop.services.recording import tour  # noqa: E402

FOLDER = ROOT / "resources" / "languages"
TEMPLATE = FOLDER / "sluice.pot"
_HEADER = """\
Project-Id-Version: Sluice
Language: {code}
MIME-Version: 1.0
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: 8bit
Plural-Forms: nplurals=2; plural=(n != 1);
X-Own-Name: {name}
"""
#: Which arguments of a call are sentences: by their place, and by their name.
_CALLS: dict[str, tuple[tuple[int, ...], tuple[str, ...]]] = {
    "tr": ((0,), ()),
    "mark": ((0,), ()),
    "trn": ((0, 1), ()),
    "Field": ((1,), ("help",)),  # of a protocol, for the connection editor
    "Command": ((1, 4), ("more",)),
}


def collected() -> dict[str, po.Entry]:
    """Every sentence of the program by its source, in the order of the files."""
    found: dict[str, po.Entry] = {}
    for file in sorted((ROOT / "desktop").rglob("*.py")):
        place = f"#: {file.relative_to(ROOT).as_posix()}"
        for one, many in _sentences(ast.parse(file.read_text("utf-8"))):
            _note(found, place, one, many)
    for scene in tour.scenes():
        _note(found, "#: packaging/tour.py", scene.title, None)
    for entry in found.values():
        if fields(entry.source) or (entry.many and fields(entry.many)):
            entry.comments.append("#, python-brace-format")
    return found


def template() -> str:
    """The text of sluice.pot."""
    return po.written([_header("", ""), *collected().values()])


def merged(text: str) -> str:
    """A language's file with the sentences of today: its translations kept, new ones empty, gone ones left out."""
    header, *old = po.entries(text)
    known = {entry.source: entry for entry in old}
    entries = list(collected().values())
    for entry in entries:
        if (before := known.get(entry.source)) is not None:
            entry.said = before.said if (before.many is None) == (entry.many is None) else []
            own = [line for line in before.comments if not line.startswith(("#:", "#,"))]
            fuzzy = [line for line in before.comments if line.startswith("#,") and "fuzzy" in line]
            entry.comments = [*own, *(c for c in entry.comments if not (fuzzy and c.startswith("#,"))), *fuzzy]
    return po.written([header, *entries])


def problems(text: str) -> Iterator[str]:
    """What is wrong with a language's file, a sentence each."""
    _, *entries = po.entries(text)
    wanted = collected()
    for source in wanted.keys() - {entry.source for entry in entries if entry.is_done}:
        yield f"missing: {source!r}"
    for entry in entries:
        if entry.source not in wanted:
            yield f"obsolete: {entry.source!r}"
        elif entry.is_done:
            yield from (f"other placeholders: {said!r}" for said in entry.said if not _fits(entry, said))


def fields(text: str) -> set[str]:
    """The names of the {placeholders} in a sentence."""
    try:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None and name.isidentifier()}
    except ValueError:  # a brace that stands for itself
        return set()


def _fits(entry: po.Entry, said: str) -> bool:
    """A form of a plural may leave out the number."""
    source = fields(entry.source) | fields(entry.many or "")
    free = {"n"} if entry.many is not None else set()
    return source - free <= fields(said) <= source


def _note(found: dict[str, po.Entry], place: str, one: str, many: str | None) -> None:
    entry = found.setdefault(one, po.Entry(one))
    entry.many = entry.many if many is None else many
    if place not in entry.comments:
        entry.comments.append(place)


def _sentences(tree: ast.AST) -> Iterator[tuple[str, str | None]]:
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name))
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        places, names = _CALLS.get(call.func.id, ((), ()))  # type: ignore[attr-defined]
        values = [call.args[n] for n in places if n < len(call.args)]
        values += [word.value for word in call.keywords if word.arg in names]
        texts = [value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str)]
        if call.func.id == "trn" and len(texts) == 2:  # type: ignore[attr-defined]
            yield texts[0], texts[1]
        else:
            yield from ((text, None) for text in texts if text)


def _header(code: str, name: str) -> po.Entry:
    return po.Entry(said=[_HEADER.format(code=code, name=name)])


def main(words: list[str]) -> int:
    """The command line. Returns the exit status."""
    files = sorted(FOLDER.glob("*.po"))
    if words == ["check"]:
        told = [f"{file.name}: {line}" for file in files for line in problems(file.read_text("utf-8"))]
        told += [] if TEMPLATE.read_text("utf-8") == template() else [f"{TEMPLATE.name} is not up to date"]
        print("\n".join(told))
        return 1 if told else 0
    TEMPLATE.write_text(template(), "utf-8")
    for file in files:
        file.write_text(merged(file.read_text("utf-8")), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
