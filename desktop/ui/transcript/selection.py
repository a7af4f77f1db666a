"""What is selected: from one spot of the transcript to another, across blocks and turns."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtGui import QTextCursor

from desktop.ui.transcript.pieces import DocPiece, Span
from desktop.ui.transcript.stack import Placed, Stack

_END = 1 << 40


class Spot(NamedTuple):
    """A place in the transcript; spots sort in reading order."""

    entry: int
    block: int
    piece: int
    position: int


FIRST = Spot(0, 0, 0, 0)
LAST = Spot(_END, 0, 0, 0)


class Selection:
    """`anchor` stays, `focus` moves. Nothing is selected while they are equal."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.anchor = self.focus = FIRST

    @property
    def empty(self) -> bool:
        return self.anchor == self.focus

    @property
    def begin(self) -> Spot:
        return min(self.anchor, self.focus)

    @property
    def end(self) -> Spot:
        return max(self.anchor, self.focus)

    def set(self, anchor: Spot, focus: Spot) -> None:
        self.anchor, self.focus = anchor, focus

    def clear(self) -> None:
        self.anchor = self.focus = FIRST

    def span(self, one: Placed, piece: int, length: int) -> Span | None:
        """The selected characters of a piece in sight, or None."""
        return None if self.empty else self.span_of(one.entry, one.index, piece, length)

    def span_of(self, entry: int, block: int, piece: int, length: int) -> Span | None:
        """The selected characters of a piece, or None."""
        here = (entry, block, piece)
        begin, end = self.begin, self.end
        if here < begin[:3] or here > end[:3]:
            return None
        return (begin.position if here == begin[:3] else 0, end.position if here == end[:3] else length)

    # ---- words, lines and keys

    def select_word(self, spot: Spot) -> None:
        """The word at a spot."""
        self._select(spot, QTextCursor.SelectionType.WordUnderCursor)

    def _select(self, spot: Spot, what: QTextCursor.SelectionType) -> None:
        piece = self._piece(spot)
        if not isinstance(piece, DocPiece):
            length = piece.length if piece is not None else 0
            self.set(spot._replace(position=0), spot._replace(position=length))
            return
        cursor = QTextCursor(piece.doc)
        cursor.setPosition(min(spot.position, piece.length))
        cursor.select(what)
        self.set(spot._replace(position=cursor.selectionStart()), spot._replace(position=cursor.selectionEnd()))

    def extend(self, operation: QTextCursor.MoveOperation, back: bool) -> None:
        """Move the focus as a key does; at the end of a piece it goes on in the next."""
        spot = self.focus
        piece = self._piece(spot)
        if isinstance(piece, DocPiece):
            cursor = QTextCursor(piece.doc)
            cursor.setPosition(min(spot.position, piece.length))
            if cursor.movePosition(operation):
                self.focus = spot._replace(position=cursor.position())
                return
        if (found := self._neighbour(spot, back)) is not None:
            self.focus = found

    def _piece(self, spot: Spot) -> DocPiece | None:
        if spot.entry >= len(self._stack.ids) or spot.block >= len(self._stack.open(spot.entry).blocks):
            return None
        pieces = self._stack.build(spot.entry, spot.block).pieces
        found: DocPiece | None = pieces[spot.piece] if spot.piece < len(pieces) else None
        return found

    def _neighbour(self, spot: Spot, back: bool) -> Spot | None:
        step = -1 if back else 1
        for index, number in self._stack.blocks_from(spot.entry, spot.block, step):
            pieces = self._stack.build(index, number).pieces
            here = (index, number) == (spot.entry, spot.block)
            piece = spot.piece + step if here else (len(pieces) - 1 if back else 0)
            if 0 <= piece < len(pieces):
                return Spot(index, number, piece, pieces[piece].length if back else 0)
        return None
