"""The pile of entries laid out: what is where, what can be seen, and where the reader is. No widget, no painting."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import NamedTuple

from desktop.core.conversation import Conversation
from desktop.ui.transcript.blocks import Block
from desktop.ui.transcript.entries import PAD, Entry
from desktop.ui.transcript.pile import TOP, Pile
from desktop.ui.transcript.styles import Styles

__all__ = ["BOTTOM", "TOP", "Placed", "Stack"]

BOTTOM = 32
_KEPT = 256  # blocks that stay laid out


class Placed(NamedTuple):
    """A block that can be seen, and where: `y` from the top of the view."""

    entry: int
    index: int
    block: Block
    y: int


class Stack(Pile):
    """`follow` keeps the end in sight; else the `anchor`, a block and a distance from its top, stays where it is
    whatever happens around it."""

    def __init__(self, styles: Styles) -> None:
        self.placed: list[Placed] = []
        self.offset = 0
        self.follow = True
        self.column = (0, 120)
        super().__init__(styles)

    def load(self, conversation: Conversation) -> None:
        """Begin anew with all items of a conversation, at its end."""
        super().load(conversation)
        self._kept: OrderedDict[Block, None] = OrderedDict()
        self.anchor = (0, 0, 0)
        self.placed = []
        self.follow = True

    def fit(self, styles: Styles, left: int, width: int) -> None:
        """Other styles or another width: what was laid out is laid out again when it is seen."""
        if styles is not self.styles:
            self.styles = styles
            for block in self._kept:
                block.release()
            self._kept.clear()
        self.column = (left, width)
        for index, entry in enumerate(self.entries):
            if entry is not None and entry.styles is not None:
                entry.fit(styles, self._width(entry))
                self.heights[index] = entry.height

    def left_of(self, entry: Entry) -> int:
        """Where the pieces of an entry begin."""
        return self.column[0] + entry.depth * self.styles.indent + (PAD + 2 if entry.tinted else 0)

    def _width(self, entry: Entry) -> int:
        inside = self.column[1] - entry.depth * self.styles.indent - (2 * PAD + 4 if entry.tinted else 0)
        return max(inside, 120)

    def open(self, index: int) -> Entry:
        """The entry, with blocks that have at least guessed heights."""
        entry = self.entries[index]
        if entry is None or entry.styles is None:
            entry = self.entry(index)
            entry.fit(self.styles, self._width(entry))
            self.heights[index] = entry.height
        return entry

    def build(self, index: int, number: int) -> Block:
        """A block, laid out."""
        entry = self.open(index)
        block = entry.blocks[number]
        if block.ready is not entry.ready:
            entry.build(number)
            self.heights[index] = entry.height
        if block not in self._kept:
            self._kept[block] = None
        return block

    @property
    def total(self) -> int:
        """The height of everything, as far as it is known."""
        return self.heights.total + BOTTOM

    def top(self, index: int, number: int) -> int:
        """Where a block begins."""
        return self.heights.before(index) + self.open(index).top(number)

    def settle(self, view: int) -> None:
        """Lay out what a view of this height shows, keeping the reader's place."""
        self.changed = False
        if self.follow:
            self._place_end(view)
        else:
            self._place(max(0, min(self._anchored(), self.total - view)), view)
            if self.offset > 0 and self.total - self.offset < view:
                self._place_end(view)
        self._remember()
        self._forget()

    def move(self, delta: int, view: int) -> None:
        """Scroll by pixels: a short way exactly, a long way by what the heights are thought to be."""
        index, number, inside = self.anchor
        if abs(delta) < 2 * view:
            self.anchor = (index, number, inside + delta)
        else:
            self.anchor = self._anchor_at(self.offset + delta)

    def _place_end(self, view: int) -> None:
        """Lay out from the end upwards until the view is full: no sums of heights, for this is done at every frame."""
        placed: list[Placed] = []
        y, most = view - BOTTOM, _KEPT
        index = len(self.ids)
        while index and y > 0 and most > 0:
            if (index := self.heights.last_before(index)) < 0:
                break
            entry = self.open(index)
            if entry.hidden:
                continue
            y -= entry.below
            blocks, ready = entry.blocks, entry.ready
            number = len(blocks)
            while number and y > 0 and most > 0:  # a text of nothing but definitions never fills a view
                number -= 1
                most -= 1
                block = blocks[number]
                if block.ready is not ready:
                    self.build(index, number)
                y -= block.height
                placed.append(Placed(index, number, block, y))
            y -= 0 if number else entry.top(0)
        placed.reverse()
        self.offset = max(0, self.total - view)
        less = 0 if index > 0 or self.offset else y
        self.placed = [one._replace(y=one.y - less) for one in placed] if less else placed

    def _anchored(self) -> int:
        """The offset at which the anchor stands where it stood."""
        if not self.ids:
            return 0
        index, number, inside = self.anchor
        index = min(index, len(self.ids) - 1)
        inside = self._exact(index, number, inside)
        while inside < 0 and (index or number):
            if number:
                number -= 1
                step = 0
            else:
                entry = self.open(index)
                step = 0 if entry.hidden else entry.top(0)
                index = max(self.heights.last_before(index), 0)
                number = max(len(self.open(index).shown) - 1, 0)
                step += self.open(index).below if self.open(index).shown else 0
            inside = self._exact(index, number, inside + step)
            inside += self.open(index).heights[number] if self.open(index).shown else 0
        number = min(number, max(len(self.open(index).blocks) - 1, 0))
        return self.top(index, number) + inside

    def _exact(self, index: int, number: int, inside: int) -> int:
        if number < len(self.open(index).shown):
            self.build(index, number)
        return inside

    def _place(self, offset: int, view: int) -> None:
        """Find the blocks in sight."""
        self.offset = offset
        self.placed = []
        if not self.ids:
            return
        index, end = self.heights.at(offset), offset + view
        while index < len(self.ids):
            base = self.heights.before(index)
            if base > end:
                break
            self._place_entry(index, base, offset, end)
            index = self.heights.first_after(index)

    def _place_entry(self, index: int, base: int, offset: int, end: int) -> None:
        entry = self.open(index)
        shown = entry.shown
        number = entry.heights.at(max(offset - base - entry.top(0), 0)) if shown else 0
        while number < len(shown):
            block = self.build(index, number)
            y = base + entry.top(number)
            if y > end:
                return
            self.placed.append(Placed(index, number, block, y - offset))
            number += 1

    def _remember(self) -> None:
        for one in self.placed:
            if one.y + one.block.height > 0:
                self.anchor = (one.entry, one.index, -one.y)
                return

    def _anchor_at(self, offset: int) -> tuple[int, int, int]:
        if not self.ids:
            return (0, 0, 0)
        index = self.heights.at(max(offset, 0))
        entry = self.open(index)
        inside = offset - self.heights.before(index) - entry.top(0)
        number = entry.heights.at(max(inside, 0)) if entry.shown else 0
        return (index, number, offset - self.top(index, number))

    def _forget(self) -> None:
        """Drop layouts that nobody has seen for long."""
        if len(self._kept) <= _KEPT:
            return
        for one in self.placed:
            self._kept.move_to_end(one.block)
        while len(self._kept) > max(_KEPT, len(self.placed)):
            self._kept.popitem(last=False)[0].release()

    def blocks_from(self, index: int, number: int, step: int = 1) -> Iterator[tuple[int, int]]:
        """The places of the shown blocks from one on, forwards or backwards."""
        while 0 <= index < len(self.ids):
            count = len(self.open(index).shown)
            number = min(number, count - 1)
            while 0 <= number < count:
                yield index, number
                number += step
            index = self.heights.first_after(index) if step > 0 else self.heights.last_before(index)
            number = 0 if step > 0 else 1 << 40
