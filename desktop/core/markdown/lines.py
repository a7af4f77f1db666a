"""What one line of Markdown can begin. Only the questions that a cutter of text must ask; the parser is the judge."""

from __future__ import annotations

import re
from typing import NamedTuple

_ITEM = re.compile(r"([-+*]|(\d{1,9})[.)])(?=[ \t]|$)[ \t]*")
_RULE = re.compile(r"(?:\*[ \t]*){3,}$|(?:-[ \t]*){3,}$|(?:_[ \t]*){3,}$")
_HEADING = re.compile(r"#{1,6}(?:[ \t]|$)")
_FENCE = re.compile(r"(`{3,})([^`]*)$|(~{3,})(.*)$")
_DELIMITER = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_RAW = "script|pre|style|textarea"
_HTML = (
    (re.compile(rf"<(?:{_RAW})(?:[\s>]|$)", re.I), re.compile(rf"</(?:{_RAW})>", re.I)),
    (re.compile(r"<!--"), re.compile(r"-->")),
    (re.compile(r"<\?"), re.compile(r"\?>")),
    (re.compile(r"<!\[CDATA\["), re.compile(r"\]\]>")),
    (re.compile(r"<![A-Za-z]"), re.compile(r">")),
)  # fmt: skip


class Item(NamedTuple):
    """A list item begins. `kind` is the bullet or what stands after the number; `offset` where its text starts."""

    kind: str
    number: int | None
    offset: int
    marker: str


class Fence(NamedTuple):
    """An opened fence of code."""

    mark: str
    indent: int
    info: str


def indent_of(line: str) -> int:
    """The columns of white space at the beginning, tabs going to the next multiple of four."""
    columns = 0
    for char in line:
        if char == " ":
            columns += 1
        elif char == "\t":
            columns += 4 - columns % 4
        else:
            break
    return columns


def item_of(line: str, indent: int) -> Item | None:
    """The list item that the line would begin, if its indentation allows."""
    body = line.lstrip(" \t")
    found = _ITEM.match(body)
    if not found or is_rule(body):
        return None
    mark = found[1]
    width = found.end() - len(mark)
    width = width if 1 <= width <= 4 and found.end() < len(body) else 1
    return Item(mark[-1], int(found[2]) if found[2] else None, indent + len(mark) + width, mark)


def fence_of(line: str, indent: int) -> Fence | None:
    """The fence that the line opens."""
    found = _FENCE.match(line.lstrip(" \t"))
    if not found:
        return None
    return Fence(found[1] or found[3], indent, (found[2] or found[4] or "").strip())


def closes(line: str, fence: Fence) -> bool:
    """Whether the line ends the fence."""
    body = line.strip()
    return len(body) >= len(fence.mark) and not body.strip(fence.mark[0])


def is_rule(body: str) -> bool:
    """A thematic break (`body` has no indentation)."""
    return bool(_RULE.match(body))


def is_heading(body: str) -> bool:
    """An ATX heading."""
    return bool(_HEADING.match(body))


def is_delimiter(line: str) -> bool:
    """The line under a table's head; one column needs a pipe, or it would be a heading's underline."""
    return "|" in line and bool(_DELIMITER.match(line.strip()))


def html_end(body: str) -> re.Pattern[str] | None:
    """What ends the HTML that the line begins, for those kinds that blank lines do not end."""
    if not body.startswith("<"):
        return None
    for begin, end in _HTML:
        if begin.match(body):
            return end
    return None
