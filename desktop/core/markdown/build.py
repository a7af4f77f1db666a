"""From parser tokens to elements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from desktop.core.asks.visible import marked
from desktop.core.language import tr
from desktop.core.markdown.direction import is_rtl
from desktop.core.markdown.flow import Code, Element, Formula, Mark, Paragraph, Rule, Run, Runs, Table
from desktop.core.markdown.mathwords import as_words
from desktop.core.markdown.parser import NESTING, parse, parse_inline
from desktop.core.markdown.slicer import Slice

if TYPE_CHECKING:
    from markdown_it.token import Token

_TASK = re.compile(r"\[([ xX])\][ \t]+")
_FENCE = re.compile(r"(`{3,}|~{3,})([^`\n&\\]*)\n")
_PLAIN = re.compile(r"(?:[^\\`*_~\[\]<>&$@|#:\x00-\x1f]|:(?= |\n|\Z))+")  # no mark, no address
_LINE = re.compile(r"(?:([-+*]|\d{1,9}[.)]) {1,4}|(#{1,6}) )?([^\W\d_][^\n]*)\n*\Z")
_BRACKETS = 60
_DEEP = re.compile(r"^[ \t]{60,}(?:[-+*]|\d{1,9}[.)])[ \t]", re.MULTILINE)
_SINGLE = Mark.MATH | Mark.FORMULA | Mark.PICTURE  # each is a thing of its own
_WRAPS = {"strong": Mark.BOLD, "em": Mark.ITALIC, "s": Mark.STRIKE}
_BULLETS = ("•", "◦", "▪")


def elements(piece: Slice, env: dict[str, Any] | None = None) -> list[Element]:
    """What a slice shows. `env` holds the link addresses and footnotes defined elsewhere in the text."""
    if piece.kind in ("blocks", "inline") and hostile(piece.source):
        return literal(piece.source, piece.gap)
    match piece.kind:
        case "literal":
            return literal(piece.source, piece.gap)
        case "front":
            return [Code(_front(piece.source), "yaml", gap=piece.gap)]
        case "inline":
            runs = inline(piece.source, env)
            return [Paragraph("paragraph", runs, gap=piece.gap, rtl=rtl_of(runs))] if runs else []
    if found := _open_fence(piece) or _one_line(piece, env):
        return [found]
    return parsed(piece, env)


def parsed(piece: Slice, env: dict[str, Any] | None = None) -> list[Element]:
    """The elements of a slice of blocks, by the parser."""
    tokens = parse(piece.opener + piece.source, env)
    if any(token.level >= NESTING - 1 for token in tokens):
        return literal(piece.source, piece.gap)  # the parser drops what is nested deeper
    return _Builder(piece).build(tokens)


def inline(text: str, env: dict[str, Any] | None) -> Runs:
    """The runs of a text without its blocks. Most of what is written is words, and the parser takes its time."""
    if _PLAIN.fullmatch(text) and "www." not in text:
        return (Run(text),)
    return _runs(parse_inline(text, env)[0])


def _one_line(piece: Slice, env: dict[str, Any] | None) -> Paragraph | None:
    """A line that begins with a letter, or such a heading or list item: no block of it needs the parser."""
    if piece.opener or not (found := _LINE.match(piece.source)) or (found[2] and "#" in found[3]):
        return None
    runs = inline(found[3].rstrip(), env)
    if found[2]:
        return Paragraph(f"heading-{len(found[2])}", runs, gap=piece.gap, rtl=rtl_of(runs))
    if not found[1]:
        return Paragraph("paragraph", runs, gap=piece.gap, rtl=rtl_of(runs))
    marker = _BULLETS[0]
    if number := found[1][:-1]:
        marker = f"{int(number) if piece.number is None else piece.number}{found[1][-1]}"
    return Paragraph("paragraph", runs, "l", marker, piece.gap, rtl_of(runs))


def hostile(source: str) -> bool:
    """Text that nobody reads as Markdown and that would keep the parser busy: brackets that never close, and lists in
    lists in lists."""
    return source.count("[") - source.count("]") > _BRACKETS or bool(_DEEP.search(source))


def _open_fence(piece: Slice) -> Code | None:
    """A fence at the margin that nothing has closed is code to its end: no need to ask the parser at every frame."""
    found = _FENCE.match(piece.opener or piece.source)
    if not found or (piece.opener and found.end() < len(piece.opener)):
        return None
    text = piece.source if piece.opener else piece.source[found.end() :]
    last = text.rstrip().rpartition("\n")[2].strip()
    if not text.strip() or (last[:1] in "`~" and not last.strip(last[:1])):
        return None
    language = found[2].split()[0] if found[2].split() else ""
    return Code(text.removesuffix("\n"), language, first=not piece.opener, gap=piece.gap)


def literal(source: str, gap: bool = True) -> list[Element]:
    """Text as it was written."""
    text = source.strip("\n")
    return [Paragraph("literal", (Run(text),), gap=gap, rtl=is_rtl(text))] if text else []


def _front(source: str) -> str:
    lines = source.strip("\n").split("\n")[1:]
    return "\n".join(lines[:-1] if lines and lines[-1].strip() in ("---", "...") else lines)


@dataclass
class _List:
    ordered: bool
    number: int


@dataclass
class _Builder:
    """Walks the tokens once. `skip` is the number of opener lines, whose tokens are followed but not shown."""

    piece: Slice
    out: list[Element] = field(default_factory=list)
    nest: str = ""
    lists: list[_List] = field(default_factory=list)
    marker: str = ""
    role: str = "paragraph"
    line: int = 0  # where the last shown block ended
    tight: bool = False

    def build(self, tokens: list[Token]) -> list[Element]:
        self.skip = self.piece.opener.count("\n")
        walk = iter(tokens)
        for token in walk:
            self._token(token, walk)
        return self.out

    def _token(self, token: Token, walk: Iterator[Token]) -> None:
        match token.type:
            case "inline":
                self._paragraph(token)
            case "heading_open":
                self.role = f"heading-{token.tag[1]}"
            case "paragraph_open":
                self.role = "note" if "n" in self.nest else "paragraph"
            case "fence" | "code_block":
                self._code(token)
            case "html_block":
                self._literal(token)
            case "hr":
                self._flush_marker()
                self.out.append(Rule(self._nest, self._gap(token)))
            case "math_block":
                self._flush_marker()
                self.out.append(Formula(token.content.strip(), self._nest, self._gap(token)))
            case "table_open":
                self._table(token, walk)
            case "blockquote_open":
                self.nest += "q"
            case "bullet_list_open" | "ordered_list_open":
                self._open_list(token)
            case "list_item_open":
                self._open_item(token)
            case "list_item_close" | "blockquote_close" | "footnote_reference_close":
                self._flush_marker()
                self.nest = self.nest[:-1]
            case "bullet_list_close" | "ordered_list_close":
                self.lists.pop()
            case "footnote_reference_open":
                self.nest += "n"
                self.marker = token.meta["label"]

    @property
    def _nest(self) -> str:
        return self.nest.replace("n", "l")

    # ---- lists

    def _open_list(self, token: Token) -> None:
        start = token.attrGet("start")
        number = 1 if start is None else int(start)
        if not self.lists and self.piece.number is not None and "q" not in self.nest:
            number = self.piece.number
        self.lists.append(_List(token.type[0] == "o", number))

    def _open_item(self, token: Token) -> None:
        here = self.lists[-1]
        self._flush_marker()
        self.nest += "l"
        if not self._synthetic(token):
            depth = sum(not one.ordered for one in self.lists) - 1
            self.marker = f"{here.number}{token.markup}" if here.ordered else _BULLETS[depth % len(_BULLETS)]
        here.number += 1

    def _flush_marker(self) -> None:
        """An item or quote that begins with no text still shows its marker."""
        if self.marker:
            self.out.append(Paragraph("paragraph", (), self._nest, self.marker, gap=self._item_gap()))
            self.marker = ""

    def _item_gap(self) -> bool:
        return self.piece.gap if not self.out else False

    def _synthetic(self, token: Token) -> bool:
        return token.map is not None and token.map[0] < self.skip

    # ---- blocks

    def _gap(self, token: Token) -> bool:
        """Whether the block stands apart: not the first of a slice that goes on, and not tight in a list."""
        begin, end = token.map or [0, 0]
        apart = begin > self.line or "l" not in self.nest
        self.line = end
        return self.piece.gap if not self.out else apart

    def _paragraph(self, token: Token) -> None:
        marker, self.marker = self.marker, ""
        children = token.children or []
        if marker and "l" in self.nest and children and (task := _TASK.match(children[0].content)):
            marker = "☐" if task[1] == " " else "☑"
            children[0].content = children[0].content[task.end() :]
        gap = self._gap(token)
        if len(children) == 1 and children[0].type == "math_inline_double" and not marker:
            self.out.append(Formula(children[0].content.strip(), self._nest, gap))
            return
        runs = _runs(token)
        if runs or marker:
            self.out.append(Paragraph(self.role, runs, self._nest, marker, gap, rtl_of(runs)))

    def _literal(self, token: Token) -> None:
        marker, self.marker = self.marker, ""
        text = token.content.rstrip("\n")
        self.out.append(Paragraph("literal", (Run(text),), self._nest, marker, self._gap(token), is_rtl(text)))

    def _code(self, token: Token) -> None:
        goes_on = self._synthetic(token)
        gap = self._gap(token)
        text = token.content.removesuffix("\n")
        if goes_on and not text and "\n" not in token.content:
            return
        self._flush_marker()
        language = token.info.split()[0] if token.info.split() else ""
        self.out.append(Code(text, language, self._nest, not goes_on, gap, token.type == "code_block"))

    def _table(self, table: Token, walk: Iterator[Token]) -> None:
        self._flush_marker()
        rows: list[tuple[Runs, ...]] = []
        cells: list[Runs] = []
        aligns: list[str] = []
        for token in walk:
            if token.type == "inline":
                cells.append(_runs(token))
            elif token.type == "th_open":
                aligns.append(str(token.attrGet("style") or "").removeprefix("text-align:"))
            elif token.type == "tr_close":
                rows.append(tuple(cells))
                cells = []
            elif token.type == "table_close":
                break
        goes_on = self._synthetic(table)
        gap = self._gap(table)
        if goes_on:
            rows = rows[1:]
        if rows:
            self.out.append(Table(tuple(rows), tuple(aligns), not goes_on, self._nest, gap))


# ---- inline


def rtl_of(runs: Runs) -> bool:
    return is_rtl("".join(run.text for run in runs if not run.marks & Mark.CODE))


def _runs(token: Token) -> Runs:
    """The runs of an inline token, neighbours of one look joined."""
    runs: list[Run] = []
    marks = 0
    outer: list[int] = []
    links: list[str] = []
    for child in token.children or []:
        kind = child.type
        if kind == "text":
            _add(runs, child.content, marks, links)
        elif kind == "softbreak":
            _add(runs, " ", marks, links)
        elif kind == "hardbreak":
            _add(runs, "\u2028", marks, links)
        elif kind == "code_inline":
            _add(runs, marked(child.content), marks | Mark.CODE, links)
        elif kind == "html_inline":
            _add(runs, child.content, marks | Mark.HTML, links)
        elif kind == "link_open":
            links.append(str(child.attrGet("href") or ""))
        elif kind == "link_close":
            links.pop()
        elif kind == "image":
            runs.append(_picture(child))
        elif kind.startswith("math_inline"):
            tex = child.content.strip()
            said = as_words(tex)
            _add(runs, said, marks | (Mark.MATH if said == tex and "\\" in tex else Mark.FORMULA), links)
        elif kind == "footnote_ref":
            _add(runs, child.meta["label"], marks | Mark.RAISED, links)
        elif child.nesting > 0:
            outer.append(marks)
            marks |= _WRAPS.get(child.tag, 0)
        elif child.nesting < 0:
            marks = outer.pop()
    return tuple(runs)


def _add(runs: list[Run], text: str, marks: int, links: list[str]) -> None:
    if text:
        _join(runs, Run(text, marks, links[-1] if links else ""))


def join(runs: Runs) -> Runs:
    """The same runs, neighbours of one look joined."""
    out: list[Run] = []
    for run in runs:
        _join(out, run)
    return tuple(out)


def _join(runs: list[Run], run: Run) -> None:
    last = runs[-1] if runs else None
    if last is not None and last[1:] == run[1:] and not run.marks & _SINGLE:
        runs[-1] = Run(last.text + run.text, run.marks, run.link)
    else:
        runs.append(run)


def _picture(token: Token) -> Run:
    """Words for a picture that nobody asked to see: what it shows, and where it is."""
    address = str(token.attrGet("src") or "")
    alt = "".join(_alt(token)) or "picture"
    return Run(f"{alt} ({where(address)})", Mark.PICTURE, address)


def _alt(token: Token) -> Iterator[str]:
    for child in token.children or []:
        if child.type == "image":
            yield from _alt(child)
        elif child.content:
            yield child.content
        elif child.type.endswith("break"):
            yield " "


def where(address: str) -> str:
    """The host of an address, or what kind of address it is."""
    if address.startswith("data:"):
        return tr("in the text")
    try:
        return urlsplit(address).hostname or tr("no host")
    except ValueError:
        return tr("no host")
