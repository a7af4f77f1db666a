"""Cut growing Markdown into slices that nothing later can change.

The cutter reads whole lines only (a very long line is cut at a fixed length), so where it cuts does not depend on how
the text came in. It is cautious: it cuts before a line only where a parser would have closed everything, and inside
long code, tables and list items, with an *opener* that puts the parser back where it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import copy
from typing import Literal, NamedTuple

from desktop.core.markdown.lines import (
    Fence,
    closes,
    fence_of,
    html_end,
    indent_of,
    is_delimiter,
    is_heading,
    is_rule,
    item_of,
)

Kind = Literal["blocks", "inline", "literal", "front"]

CODE_LINES = 40
TABLE_ROWS = 16
SOFT = 4_000  # characters after which a cut inside a list item, a line or code is made
DEFINITIONS = 16  # lines in a row, of which the parser reads the rest again at each
HARD = 5_000  # characters after which the text is cut at any line
_MARKER = 10  # characters that the longest marker of a list item has
_FRONT_KEY = re.compile(r"[A-Za-z_][\w.-]*:(\s|$)")


class Slice(NamedTuple):
    """A piece of source. `opener` are lines to parse before it and not to show; `gap` says whether it stands apart
    from what is above it; `number` is the ordinal of its ordered list item; `head` the slice that begins its table."""

    source: str
    kind: Kind = "blocks"
    opener: str = ""
    gap: bool = True
    number: int | None = None
    head: Slice | None = None


class Slicer:
    """Feed it text; take `slices`, which only grow, and `tail`, what is not decided yet."""

    def __init__(self) -> None:
        self.slices: list[Slice] = []
        self.partial = ""  # the half-typed last line
        self._return = False
        self._blank = True
        self._offset = 0  # where the text of the open list item starts; 0 outside lists
        self._list = ""
        self._ordinal: int | None = None
        self._fence: Fence | None = None
        self._fence_opener = ""
        self._html: re.Pattern[str] | None = None
        self._math = False
        self._lines: list[str] = []
        self._size = 0
        self._content = False
        self._rows = 0  # of the open table
        self._number: int | None = None
        self._gap = True
        self._opener = ""
        self._kind: Kind = "blocks"
        self._head: Slice | None = None
        self._ahead: Slicer | None = None  # this cutter as it will be in the half-typed line, once that is known

    def feed(self, text: str) -> None:
        """Take the next characters. CRLF and CR count as one newline, also when a cut parts them."""
        if self._return and text.startswith("\n"):
            text = text[1:]
            self._return = False
        if not text:
            return
        self._return = text.endswith("\r")
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        head, newline, rest = text.rpartition("\n")
        if newline:
            lines = (self.partial + head).split("\n")
            self.partial = rest
            for line in lines:
                self._line(self._shortened(line))
        else:
            self.partial += rest
        self.partial = self._shortened(self.partial)

    @property
    def lines(self) -> str:
        """The whole lines of the tail."""
        return "".join(self._lines)

    @property
    def tail(self) -> Slice:
        """The slice that still grows; its last line may be half-typed."""
        return self._slice(self.lines + self.partial)

    def parts(self) -> tuple[Slice | None, Callable[[str], Slice]]:
        """The tail, parted where the half-typed line will part it whatever else it will hold: what is decided, if
        anything is, and what makes a slice of the rest. Showing the two apart spares laying them out together first."""
        ahead = self._ahead or self._look_ahead()
        if ahead is None:
            return None, self._slice
        return ahead.slices[0], ahead._slice

    def _look_ahead(self) -> Slicer | None:
        if self._fence is not None:
            return self._code_ahead(self._fence)
        line = self.partial
        body = line.strip(" \t")
        plain = self._html is None and self._kind != "front" and not self._math
        if not (plain and self._content and body and self._parts_for_sure(line, body)):
            return None
        ahead = copy(self)
        ahead.slices, ahead._lines = [], list(self._lines)
        indent = indent_of(line)
        ahead._maybe_cut(line, body, indent)
        if not ahead.slices or ahead._opener:
            return None
        ahead._enter(line, indent)
        if len(body) > _MARKER and not is_rule(body):
            self._ahead = ahead
        return ahead

    def _code_ahead(self, fence: Fence) -> Slicer | None:
        """A line of code that will begin a slice, unless it closes the fence or leaves the item that the code is in."""
        if not (self._is_full and self.partial) or self._offset or closes(self.partial, fence):
            return None
        ahead = copy(self)
        ahead.slices, ahead._lines = [], list(self._lines)
        ahead._cut(gap=False, opener=self._fence_opener)
        return ahead

    @property
    def _is_full(self) -> bool:
        """Whether another line of code or HTML is too much for one slice."""
        return len(self._lines) >= CODE_LINES or self._size >= SOFT

    def _parts_for_sure(self, line: str, body: str) -> bool:
        """Whether this beginning of a line is enough to know."""
        if self._blank:
            return True
        item = item_of(line, indent_of(line))
        return item is not None and body[len(item.marker) :].strip()[:1].isalnum()

    @property
    def in_code(self) -> bool:
        """Whether the tail ends inside a fence of code, or in HTML that blank lines do not end."""
        return self._fence is not None or self._html is not None

    @property
    def in_table(self) -> bool:
        """Whether the next line can be a table's row."""
        return self._rows > 0

    # ---- lines

    def _shortened(self, line: str) -> str:
        """Cut slices off a line without end, at a space where there is one; what is left."""
        while len(line) >= SOFT:
            at = line.rfind(" ", SOFT // 2, SOFT) + 1 or SOFT
            self._push(line[:at], newline=False)
            line = line[at:]
            if self._fence is not None:
                self._cut(gap=False, opener=self._fence_opener)
            else:
                self._cut(gap=False, kind="literal" if self._html else "inline")
        return line

    def _line(self, line: str) -> None:
        if self._fence is not None:
            self._code_line(line, self._fence)
        elif self._html is not None:
            self._html_line(line, self._html)
        elif self._kind == "front":
            self._front_line(line)
        else:
            self._text_line(line)

    def _code_line(self, line: str, fence: Fence) -> None:
        if self._offset and line.strip() and indent_of(line) < self._offset:
            self._fence = None  # the list item ended, and the fence with it
            self._text_line(line)
        elif closes(line, fence):
            self._push(line)
            self._fence = None
            if not self._offset:
                self._cut()
        else:
            if self._is_full:
                self._cut(gap=False, opener=self._fence_opener)
            self._push(line)

    def _html_line(self, line: str, end: re.Pattern[str]) -> None:
        if self._is_full:
            self._cut(gap=False, kind="literal")
        self._push(line)
        if end.search(line):
            self._html = None
            self._cut()

    def _front_line(self, line: str) -> None:
        """Settings before the text. A blank line ends them too, so that a rule is never a trap for what follows."""
        self._push(line)
        if line.strip() in ("", "---", "..."):
            self._cut()

    def _text_line(self, line: str) -> None:
        body = line.strip(" \t")
        if not body:
            self._push(line)
            self._blank, self._rows, self._math = True, 0, False
            return
        indent = indent_of(line)
        if self._content:
            self._maybe_cut(line, body, indent)
        if not self._content:
            self._enter(line, indent)
        self._content = True
        self._push(line)
        self._follow(line, body, indent)
        self._blank = False

    def _maybe_cut(self, line: str, body: str, indent: int) -> None:
        """End the slice before this line, if nothing of it can belong to what is open."""
        if self._math:
            return
        if self._offset and indent >= self._offset:
            if self._size >= SOFT and (self._blank or item_of(line, indent)):
                self._cut(gap=self._blank, opener=self._chain(indent))
            elif self._size >= HARD:
                self._cut(gap=False, opener=self._chain(indent))
        elif self._begins_block(line, body, indent):
            self._cut(gap=self._blank or not self._offset)
        elif self._rows >= TABLE_ROWS:
            self._cut_table()
        elif self._size >= HARD or (len(self._lines) >= DEFINITIONS and body.startswith("[")):
            self._cut(gap=False)

    def _begins_block(self, line: str, body: str, indent: int) -> bool:
        if indent >= 4:
            return False
        if self._blank or is_heading(body) or fence_of(line, indent):
            return True
        item = item_of(line, indent)
        if item is None:
            return False
        interrupts = item.number in (None, 1) and len(body) > len(item.marker)
        return self._offset > 0 or interrupts

    def _enter(self, line: str, indent: int) -> None:
        """A slice begins with this line: is it a list item, and the how manieth?"""
        if self._opener:
            return
        item = item_of(line, indent) if indent < 4 else None
        if item is None:
            self._offset, self._list, self._ordinal = 0, "", None
            return
        same = self._offset > 0 and item.kind == self._list
        self._offset, self._list = item.offset, item.kind
        if item.number is None:
            self._ordinal = None
        else:
            self._ordinal = self._ordinal + 1 if same and self._ordinal is not None else item.number
        self._number = self._ordinal

    def _follow(self, line: str, body: str, indent: int) -> None:
        """What the line, just pushed, opens that reaches over the next ones."""
        if self._rows:
            self._rows = 0 if body.startswith(">") else self._rows + 1
        if self._math or body.startswith("$$"):
            self._math = not (body.endswith("$$") and (self._math or len(body) > 2))
        elif fence := self._opened(body, indent):
            self._fence = fence
            self._fence_opener = self._chain(fence.indent) + " " * fence.indent + fence.mark + fence.info + "\n"
        elif not self._offset and indent < 4 and (end := html_end(body)):
            self._html = None if end.search(body) else end
        elif not (self._rows or self._offset or self._blank) and is_delimiter(line):
            self._rows = 1
        elif not self.slices and self._lines == ["---\n", line + "\n"] and _FRONT_KEY.match(line):
            self._kind = "front"

    def _opened(self, body: str, indent: int) -> Fence | None:
        """The fence that this line opens, perhaps right after a list item's marker."""
        inner = item_of(body, indent)
        if inner and (self._offset or indent < 4):
            return fence_of(body[len(inner.marker) :], inner.offset)
        return fence_of(body, indent) if self._offset or indent < 4 else None

    # ---- slices

    def _push(self, line: str, newline: bool = True) -> None:
        self._lines.append(line + "\n" if newline else line)
        self._size += len(line) + 1
        self._ahead = None

    def _slice(self, source: str) -> Slice:
        return Slice(source, self._kind, self._opener, self._gap, self._number, self._head)

    def _cut(self, gap: bool = True, opener: str = "", kind: Kind = "blocks", head: Slice | None = None) -> None:
        self.slices.append(self._slice(self.lines))
        self._lines = []
        self._size = self._rows = 0
        self._content = False
        self._number = None
        self._gap, self._opener, self._kind, self._head = gap, opener, kind, head

    def _cut_table(self) -> None:
        """Go on with the same columns. The parser is asked once whether it is a table at all."""
        head = self._head or self._slice(self.lines)
        rows = head.source.splitlines(keepends=True)
        at = next((i for i in range(1, len(rows)) if is_delimiter(rows[i])), 0)
        if not at or not (self._head or _is_table(head)):
            self._rows = 0
            return
        self._cut(gap=False, opener=rows[at - 1] + rows[at], head=head)
        self._content = True
        self._rows = 1

    def _chain(self, indent: int) -> str:
        """The markers of the list items that are open at the end of the slice, each on a line of its own."""
        if not self._offset:
            return ""
        chain: list[tuple[str, int]] = []
        for line in [*self._opener.splitlines(), *self._lines]:
            if line.strip():
                _nest(chain, line)
        return "".join(mark for mark, offset in chain if offset <= indent)


def _nest(chain: list[tuple[str, int]], line: str) -> None:
    indent = indent_of(line)
    while chain and indent < chain[-1][1]:
        chain.pop()
    while (item := item_of(line, indent)) is not None:
        chain.append((" " * indent + item.marker + "\n", indent + len(item.marker) + 1))
        line, indent = line.lstrip(" \t")[len(item.marker) :], item.offset


def _is_table(piece: Slice) -> bool:
    from desktop.core.markdown.parser import parse

    tokens = parse(piece.source)
    return bool(tokens) and tokens[-1].type == "table_close"
