"""From a selection to the clipboard: plain text, HTML and Markdown, made when somebody pastes."""

from __future__ import annotations

import atexit
from dataclasses import dataclass, field
from html import escape
from typing import Any

from PySide6.QtCore import QByteArray, QMimeData
from PySide6.QtGui import QGuiApplication

from desktop.core.markdown.flow import Code
from desktop.ui.transcript.blocks import Block, TextBlock
from desktop.ui.transcript.entries import Entry
from desktop.ui.transcript.selection import Selection
from desktop.ui.transcript.stack import Stack

MARKDOWN = "text/markdown"
LONG = 100_000  # characters
_watched = False


@dataclass
class Excerpt:
    """Parts of the transcript, each a block taken whole, an entry taken whole, or some words."""

    parts: list[Block | Entry | str] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Characters of source."""
        return sum(len(part) if isinstance(part, str) else len(part.markdown()) for part in self.parts)

    def plain(self) -> str:
        """As it is read; tables as lines of cells with tabs between. A very long text is given as it was written:
        to turn a megabyte into words would hold the window for most of a second."""
        if self.size > LONG:
            return self.markdown()
        return "\n".join(part if isinstance(part, str) else part.plain() for part in self.parts)

    def markdown(self) -> str:
        """As it was written."""
        return "\n".join(part if isinstance(part, str) else part.markdown().rstrip("\n") for part in self.parts)

    def html(self) -> str:
        return "\n".join(f"<p>{escape(part)}</p>" if isinstance(part, str) else part.html() for part in self.parts)


class ExcerptData(QMimeData):
    """An excerpt for the clipboard. It is not turned into three formats before anybody asks for one."""

    def __init__(self, excerpt: Excerpt) -> None:
        super().__init__()
        self._excerpt = excerpt
        self._formats = ["text/plain", MARKDOWN]
        if excerpt.size <= LONG:
            self._formats.insert(1, "text/html")

    def formats(self) -> list[str]:
        return self._formats

    def hasFormat(self, mime: str) -> bool:
        return mime in self._formats

    def retrieveData(self, mime: str, preferred: Any) -> Any:
        excerpt = self._excerpt
        if mime == "text/plain":
            return excerpt.plain()
        if mime == "text/html" and mime in self._formats:
            return excerpt.html()
        return QByteArray(excerpt.markdown().encode()) if mime == MARKDOWN else None


def to_clipboard(found: Excerpt) -> None:
    """Put an excerpt on the clipboard."""
    global _watched
    QGuiApplication.clipboard().setMimeData(ExcerptData(found))
    if not _watched:
        _watched = True
        atexit.register(_let_go)


def _let_go() -> None:
    """Leave plain text behind: Qt would ask, and destroy, an object of Python's when Python is gone already."""
    if QGuiApplication.instance() is None:
        return
    data = QGuiApplication.clipboard().mimeData()
    if isinstance(data, ExcerptData):
        QGuiApplication.clipboard().setText(data.retrieveData("text/plain", None))


def excerpt(stack: Stack, selection: Selection) -> Excerpt:
    """What is selected."""
    out = Excerpt()
    if selection.empty:
        return out
    begin, end = selection.begin, selection.end
    for index in range(begin.entry, min(end.entry + 1, len(stack.ids))):
        entry = stack.entry(index)
        if entry.hidden:
            continue
        if begin.entry < index < end.entry or (begin == (index, 0, 0, 0) and index < end.entry):
            out.parts.append(entry)
        else:
            _add_blocks(stack, selection, index, out)
    return out


def _add_blocks(stack: Stack, selection: Selection, index: int, out: Excerpt) -> None:
    begin, end = selection.begin, selection.end
    first = begin.block if begin.entry == index else 0
    last = end.block if end.entry == index else len(stack.open(index).shown) - 1
    for number in range(first, min(last + 1, len(stack.open(index).shown))):
        block = stack.build(index, number)
        spans = [selection.span_of(index, number, at, piece.length) for at, piece in enumerate(block.pieces)]
        whole = all(span == (0, piece.length) for span, piece in zip(spans, block.pieces, strict=True))
        if whole and block.pieces:
            out.parts.append(block)
            continue
        for piece, span in zip(block.pieces, spans, strict=True):
            if span and span[0] < span[1]:
                out.parts.append(piece.text(None if span == (0, piece.length) else span))


def whole_code(entry: Entry, number: int, piece: int) -> str:
    """All of the code that a piece is part of, byte by byte as it was written, without its last newline."""
    blocks = entry.blocks
    block = blocks[number]
    codes = [one for one in block.elements() if isinstance(one, Code)]
    if piece == 0 and codes and not codes[0].first:
        while number and not _first_code(blocks[number]):
            number -= 1
    chosen = codes[_code_number(block, piece)] if number == entry.blocks.index(block) else None
    text = (chosen or [one for one in blocks[number].elements() if isinstance(one, Code)][-1]).text
    while number + 1 < len(blocks) and isinstance(after := blocks[number + 1], TextBlock) and after.goes_on:
        before = blocks[number]
        more = next((one.text for one in after.elements() if isinstance(one, Code)), None)
        if more is not None:
            text += ("\n" if before.source.endswith("\n") or after.literal else "") + more
        number += 1
    return text


def _first_code(block: Block) -> bool:
    return any(isinstance(one, Code) and one.first for one in block.elements())


def _code_number(block: Block, piece: int) -> int:
    """Which of the block's codes a piece shows."""
    from desktop.ui.transcript.codepiece import CodePiece

    return sum(isinstance(one, CodePiece) for one in block.pieces[:piece])
