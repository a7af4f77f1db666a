"""The pile of entries: what is where, what can be seen, and where the reader is. No widget, no painting."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from desktop.core.conversation import (
    Added,
    AgentItem,
    Change,
    Conversation,
    Grew,
    Item,
    RunChanged,
    TextItem,
    ThoughtItem,
    Updated,
    UserTurn,
)
from desktop.ui.transcript.blocks import Block
from desktop.ui.transcript.entries import PAD, Entry, State, TextEntry, entry_for
from desktop.ui.transcript.heights import Heights
from desktop.ui.transcript.styles import Styles

TOP = 24
BOTTOM = 32
_KEPT = 256  # blocks that stay laid out
_GUESS = 90  # height of an entry nobody has looked at


class Placed(NamedTuple):
    """A block that can be seen, and where: `y` from the top of the view."""

    entry: int
    index: int
    block: Block
    y: int


class Stack:
    """Entries are made when they are first looked at. `follow` keeps the end in sight; else the `anchor`, a block and
    a distance from its top, stays where it is whatever happens around it."""

    def __init__(self, styles: Styles) -> None:
        self.styles = styles
        self.placed: list[Placed] = []
        self.offset = 0
        self.follow = True
        self.changed = True
        self.visible = False  # while it is not, changes only collect
        self.states: dict[str, State] = {}
        self.column = (0, 120)
        self.load(Conversation())

    # ---- contents

    def load(self, conversation: Conversation) -> None:
        """Begin anew with all items of a conversation, at its end."""
        self.conversation = conversation
        self.ids = list(conversation.items)
        self.index = {name: number for number, name in enumerate(self.ids)}
        self.entries: list[Entry | None] = [None] * len(self.ids)
        self.heights = Heights([_GUESS] * len(self.ids))
        self._kept: OrderedDict[Block, None] = OrderedDict()
        self._stale: set[str] = set()
        self.behind: set[int] = set()  # entries with text that was too much for one frame
        self._folded: set[tuple[int, tuple[str, ...]]] = set()
        self.anchor = (0, 0, 0)
        self.placed = []
        self.follow = self.changed = True

    def apply(self, changes: Sequence[Change]) -> None:
        """Take changes; `changed` tells afterwards whether anything may look different."""
        for change in changes:
            match change:
                case Added(item):
                    self._add(item)
                case Grew(item, text):
                    self._grow(item, text)
                case Updated(item):
                    self._update(item)
                case RunChanged(run):
                    self._run_changed(run)

    def take_stale(self) -> None:
        """Take what happened while nobody looked."""
        stale, self._stale = self._stale, set()
        for name in stale:
            self._update(name)

    def entry(self, index: int) -> Entry:
        """The entry of an item, made on first use."""
        entry = self.entries[index]
        if entry is None:
            item = self.conversation.items[self.ids[index]]
            entry = entry_for(item, self.states.setdefault(item.id, State()), lambda: self._ended(item))
            before = self.conversation.items[self.ids[index - 1]] if index else None
            entry.space = round(self.styles.em * _space(before, item)) if before else TOP
            entry.hidden = self._is_hidden(item)
            self.entries[index] = entry
            if entry.behind:
                self.behind.add(index)
        return entry

    def _ended(self, item: Item) -> bool:
        runs = self.conversation.runs
        return item.run >= len(runs) or runs[item.run].status is not None

    def _add(self, name: str) -> None:
        if name in self.index:
            self._update(name)
            return
        item = self.conversation.items[name]
        self.index[name] = len(self.ids)
        self.ids.append(name)
        self.entries.append(None)
        self.heights.append(_GUESS)
        self.changed = True
        self._close_text_before(item)

    def _close_text_before(self, item: Item) -> None:
        """What was being written in the same place is whole: something else follows it."""
        for index in range(len(self.ids) - 2, max(len(self.ids) - 12, -1), -1):
            entry = self.entries[index]
            if isinstance(entry, TextEntry) and entry.item.path == item.path and entry.item.run == item.run:
                if not entry.over:
                    entry.over = True
                    entry.finish()
                    self.touch(index)
                return

    def _grow(self, name: str, text: str) -> None:
        entry = self._known(name)
        if entry is not None and entry.grow(text):
            self.touch(self.index[name])

    def _update(self, name: str) -> None:
        entry = self._known(name)
        if entry is not None:
            entry.update()
            self.touch(self.index[name])

    def _known(self, name: str) -> Entry | None:
        """The entry, if it is laid out and somebody looks."""
        index = self.index.get(name)
        entry = None if index is None else self.entries[index]
        if entry is not None and not self.visible:
            self._stale.add(name)
            return None
        return entry

    def _run_changed(self, run: int) -> None:
        if run >= len(self.conversation.runs) or self.conversation.runs[run].status is None:
            return
        for index in range(len(self.ids) - 1, -1, -1):
            if self.conversation.items[self.ids[index]].run < run:
                break
            if (entry := self.entries[index]) is not None:
                entry.finish()
                self.touch(index)

    def touch(self, index: int) -> None:
        """An entry is different now."""
        self.changed = True
        entry = self.entries[index]
        if entry is not None and entry.behind:
            self.behind.add(index)
        if entry is not None and entry.styles is not None:
            self.heights[index] = entry.height

    def catch_up(self) -> None:
        """Go on with texts that were too long for one frame."""
        waiting, self.behind = self.behind, set()
        for index in waiting:
            entry = self.entries[index]
            if entry is not None:
                entry.catch_up()
                self.touch(index)

    # ---- folding

    def toggle(self, index: int) -> None:
        """The person opens or folds an entry; an agent takes with it all that is under it."""
        entry = self.entry(index)
        entry.toggle()
        self.touch(index)
        if isinstance(entry.item, AgentItem):
            key = (entry.item.run, entry.item.path)
            (self._folded.add if entry.folded else self._folded.discard)(key)
            for number, other in enumerate(self.entries):
                if other is not None and other.item.run == entry.item.run:
                    other.hidden = self._is_hidden(other.item)
                    self.touch(number)

    def _is_hidden(self, item: Item) -> bool:
        path = item.path[:-1] if isinstance(item, AgentItem) else item.path
        return any((item.run, path[:depth]) in self._folded for depth in range(1, len(path) + 1))

    # ---- layout

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
            index -= 1
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
        less = 0 if index or self.offset else y
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
                index -= 1
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
            index += 1

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
            index += step
            number = 0 if step > 0 else 1 << 40


def _space(before: Item, item: Item) -> float:
    """Space between two items, in line heights."""
    if isinstance(item, UserTurn):
        return 1.8
    if isinstance(before, UserTurn):
        return 0.9
    rows = [not isinstance(one, TextItem) or isinstance(one, ThoughtItem) for one in (before, item)]
    return 0.1 if all(rows) else 0.75
