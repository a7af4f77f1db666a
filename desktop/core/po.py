"""Language files: GNU gettext's .po, the format that translators and their tools (Poedit, Weblate) know."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from gettext import c2py

from desktop.core.language import Catalogue


@dataclass(slots=True)
class Entry:
    """One sentence: its source, the source for many (None if it has no plural), the translations, the comment lines
    as they stand in the file. The entry of the empty source is the file's header."""

    source: str = ""
    many: str | None = None
    said: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        """Whether it is translated and nobody asked for another look."""
        fuzzy = any(line.startswith("#,") and "fuzzy" in line for line in self.comments)
        return bool(self.said) and all(self.said) and not fuzzy


def entries(text: str) -> Iterator[Entry]:
    """The entries of a file in order; obsolete ones (#~) are passed over. Raises ValueError where it is no .po."""
    entry, last = Entry(), ""
    for line in text.splitlines():
        if line.startswith('"'):
            _add(entry, last, _text(line))
        elif line.startswith("#"):
            if last.startswith("msgstr"):
                yield entry
                entry, last = Entry(), ""
            if not line.startswith("#~"):
                entry.comments.append(line)
        elif line.strip():
            name, _, rest = line.partition(" ")
            if name == "msgid" and last.startswith("msgstr"):
                yield entry
                entry = Entry()
            last = name
            _add(entry, name, _text(rest))
    if last.startswith("msgstr"):
        yield entry


def headers(header: Entry) -> dict[str, str]:
    """The fields of a file's header: `Language`, `Plural-Forms` and so on."""
    lines = (line.partition(":") for line in "".join(header.said).splitlines())
    return {name.strip(): value.strip() for name, _, value in lines}


def catalogue(code: str, text: str) -> Catalogue:
    """What a file says. Raises ValueError where it is no .po file."""
    found = {entry.source: entry for entry in entries(text)}
    rule = headers(found.pop("", Entry())).get("Plural-Forms", "").partition("plural=")[2].strip(" ;")
    words = {source: tuple(entry.said) for source, entry in found.items() if entry.is_done}
    return Catalogue(code, words, c2py(rule) if rule else Catalogue().plural)


def written(found: Iterable[Entry]) -> str:
    """The text of a file with these entries."""
    return "\n".join(_written(entry) for entry in found)


def _written(entry: Entry) -> str:
    lines = [*entry.comments, *_lines("msgid", entry.source)]
    if entry.many is None:
        lines += _lines("msgstr", entry.said[0] if entry.said else "")
    else:
        lines += _lines("msgid_plural", entry.many)
        for n, said in enumerate(entry.said or ["", ""]):
            lines += _lines(f"msgstr[{n}]", said)
    return "\n".join(lines) + "\n"


def _lines(name: str, text: str) -> list[str]:
    """Text of several lines begins with an empty one, as gettext's own tools write it."""
    parts = text.splitlines(keepends=True)
    if len(parts) < 2:
        return [f"{name} {_quoted(text)}"]
    return [f'{name} ""', *map(_quoted, parts)]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _text(quoted: str) -> str:
    quoted = quoted.strip()
    if "\\" in quoted:
        return str(json.loads(quoted))  # the same escapes as in JSON
    if len(quoted) < 2 or quoted[0] != '"' or quoted[-1] != '"':
        raise ValueError("no text in quotes")
    return quoted[1:-1]


def _add(entry: Entry, name: str, text: str) -> None:
    match name:
        case "msgid":
            entry.source += text
        case "msgid_plural":
            entry.many = (entry.many or "") + text
        case _ if name.startswith("msgstr"):
            _add_said(entry, int(name[7:-1]) if name.endswith("]") else 0, text)
        case _:
            raise ValueError(f"{name} is not known")


def _add_said(entry: Entry, form: int, text: str) -> None:
    if form == len(entry.said):
        entry.said.append(text)
    elif form == len(entry.said) - 1:
        entry.said[form] += text
    else:
        raise ValueError("plural forms out of order")
