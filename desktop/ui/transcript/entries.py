"""Entries: one item of the conversation as blocks. The kinds with ways of their own are in `kinds.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter

from desktop.core.conversation import (
    AgentItem,
    EndItem,
    FileItem,
    Item,
    TextItem,
    ThoughtItem,
    UserTurn,
)
from desktop.core.grouping import Grouping
from desktop.core.markdown.slicer import Slice
from desktop.core.markdown.text import MarkdownText
from desktop.services.clock import now
from desktop.ui.transcript.blocks import Block, PictureBlock, RowBlock, SpeakerBlock, TextBlock
from desktop.ui.transcript.details import lines_of
from desktop.ui.transcript.heights import Heights
from desktop.ui.transcript.rows import Row, end_details, is_live, row_of
from desktop.ui.transcript.styles import Styles

_PORTION = 8_000  # characters between two looks at the clock
_SECONDS = 0.03  # for which one text may be read in one frame
PAD = 14  # inside the tint of a question


@dataclass(slots=True)
class State:
    """What the person did with an item: opened or folded it, which None leaves to the program, and whether they look
    at the details of a row that folds something else."""

    folded: bool | None = None
    more: bool = False


class Entry:
    """Blocks of one item, their heights, and how to bring them up to date. `ended` says whether the item's run is
    over, `grouping` what else stands in its row."""

    def __init__(self, item: Item, state: State, ended: Callable[[], bool], grouping: Grouping) -> None:
        self.item = item
        self.state = state
        self.ended = ended
        self.grouping = grouping
        self.blocks: list[Block] = []
        self.heights = Heights()
        self.space = 0  # above it
        self.depth = len(item.path) - (1 if isinstance(item, AgentItem) and item.path else 0)
        self.tinted = isinstance(item, UserTurn)
        self.row: RowBlock | None = None
        self.hidden = False  # under a folded agent, or in another's row
        self.width = 0.0
        self.styles: Styles | None = None
        self.ready = object()  # a block that knows this one is laid out for the styles and the width
        self.load()

    # ---- contents

    def load(self) -> None:
        """Make the blocks anew."""
        self.blocks = self._head()
        if self.opened:
            self.blocks += self._body()
        self._measure()

    def _head(self) -> list[Block]:
        row = self.say()
        self.row = RowBlock(row) if row else None
        return [self.row] if self.row else []

    def say(self) -> Row | None:
        """What its row says now, if it has one."""
        return row_of(self.item, self.folded, self.live, now())

    def _body(self) -> Iterator[Block] | list[Block]:
        match self.item:
            case EndItem():
                return (
                    []
                    if self.row is None or self.row.row.folded is None
                    else lines_of(end_details(self.item), "details")
                )
            case FileItem(data=bytes() as data) if self.item.media.startswith("image/"):
                return [PictureBlock([(self.item.name or "", data)], 320)]
        return []

    @property
    def folded(self) -> bool:
        if self.state.folded is not None:
            return self.state.folded
        return isinstance(self.item, ThoughtItem | EndItem)

    @property
    def opened(self) -> bool:
        """Whether there is more to see than its row."""
        return self.row is None or not self.folded

    @property
    def ticks(self) -> bool:
        """Whether its row tells a time that goes on."""
        return is_live(self.item)

    @property
    def heads(self) -> bool:
        """Whether an agent's work stands under it and folds with it."""
        return False

    @property
    def live(self) -> bool:
        return not self.ended()

    def refresh_row(self) -> bool:
        """Say what the row says now; whether that changed."""
        if self.row is None:
            return False
        row = self.say()
        return row is not None and self.row.show(row)

    def update(self) -> None:
        """Something about the item changed."""
        if self.blocks[1:] or isinstance(self.item, FileItem):
            self.load()
        else:
            self.refresh_row()

    def grow(self, text: str) -> bool:
        """Text was appended to the item; whether anything looks different."""
        return False

    def finish(self) -> None:
        """Its run is over."""
        self.refresh_row()

    behind = False

    def catch_up(self) -> bool:
        """Go on with what was too much for one frame; whether anything looks different."""
        return False

    def toggle(self) -> None:
        """The person opens or folds it."""
        self.state.folded = not self.folded
        self.load()

    def toggle_more(self) -> None:
        """The person opens or closes the details of a row that folds something else."""
        self.state.more = not self.state.more
        self.load()

    # ---- heights

    def _measure(self) -> None:
        if self.styles is not None:
            self.heights.reset([block.estimate(self.styles, self.width) for block in self.blocks])

    def fit(self, styles: Styles, width: float) -> None:
        """Use these styles and this width from now on; heights are guesses until blocks are built."""
        if (self.styles, self.width) != (styles, width):
            self.styles, self.width = styles, width
            self.ready = object()
            self._measure()

    def build(self, index: int) -> Block:
        """Lay out one block, unless that was done, and know its height."""
        block = self.blocks[index]
        if block.ready is not self.ready:
            first = index == 0 or isinstance(self.blocks[index - 1], SpeakerBlock)
            block.build(self.styles_of(block), self.width, first)
            block.ready = self.ready
            self.heights[index] = block.height
        return block

    def styles_of(self, block: Block) -> Styles:
        assert self.styles is not None
        return self.styles

    def add(self, block: Block) -> None:
        self.blocks.append(block)
        if self.styles is not None:
            self.heights.append(block.estimate(self.styles, self.width))

    @property
    def shown(self) -> list[Block]:
        """The blocks that can be seen at all."""
        return [] if self.hidden else self.blocks

    @property
    def height(self) -> int:
        if self.hidden:
            return 0
        return self.space + self.heights.total + (PAD if self.tinted else 0) + self.below

    @property
    def below(self) -> int:
        """Space under the last block."""
        if self.tinted:
            return PAD
        return 8 if self.row is not None and len(self.blocks) > 1 else 0

    def top(self, index: int) -> int:
        """Where a block begins, from the top of the entry."""
        return self.space + (PAD if self.tinted else 0) + self.heights.before(index)

    # ---- words

    def plain(self, most: int | None = None) -> str:
        """What a person reads."""
        return "\n".join(filter(None, (block.plain() for block in self.blocks)))

    def markdown(self) -> str:
        return "".join(block.markdown() for block in self.blocks)

    def html(self) -> str:
        return "\n".join(block.html() for block in self.blocks)

    def source(self) -> str:
        """The text that is searched."""
        return self.row.row.words if self.row else ""


class TextEntry(Entry):
    """A text that grows: an answer, or a thought under its row."""

    item: TextItem

    def load(self) -> None:
        self.text = MarkdownText(finished=False)
        self._version = self.item.version
        self._definitions = 0
        self._shown = 0  # blocks that are final slices
        self.blocks = self._head()
        self._first = len(self.blocks)  # where the text begins
        if self.opened:
            self.catch_up()
        self._measure()

    def _head(self) -> list[Block]:
        speaker = self.speaker
        return [*([SpeakerBlock(speaker)] if speaker else []), *super()._head()]

    @property
    def speaker(self) -> str:
        """Who speaks from here on; empty if that is not said here."""
        return self.grouping.speaker(self.item.id) if self.item.length else ""

    @property
    def ticks(self) -> bool:
        return isinstance(self.item, ThoughtItem) and self.live

    @property
    def finished(self) -> bool:
        """Nothing more is expected, so nothing is held back."""
        return self.over or self.ended()

    over = False  # something else followed in the same place

    @property
    def live(self) -> bool:
        return not self.finished

    def styles_of(self, block: Block) -> Styles:
        assert self.styles is not None
        return self.styles.dim if self.row is not None and block is not self.row else self.styles

    def grow(self, text: str) -> bool:
        self.over = self.text.finished = False
        if not self._first and self.speaker:  # nothing had been said yet
            self.load()
            return True
        changed = self.refresh_row()
        if not self.opened:
            return changed
        if self.text.length + len(text) != self.item.length or len(text) > _PORTION:
            return self.catch_up() or changed
        self.text.feed(text)
        return self._take() or changed

    @property
    def behind(self) -> bool:
        """Whether text is waiting that was too much for one frame."""
        return self.text.length < self.item.length and self.opened

    def catch_up(self) -> bool:
        """Take what is missing, in portions and not for long; whether anything looks different."""
        begin = perf_counter()
        source = self.item.text
        changed = False
        while self.text.length < len(source) and perf_counter() - begin < _SECONDS:
            self.text.feed(source[self.text.length : self.text.length + _PORTION])
            changed |= self._take()
        if self.finished and not self.behind and not self.text.finished:
            self.text.finished = True
            changed |= self._take()
        return changed

    def update(self) -> None:
        if self._version != self.item.version or self.text.length > self.item.length:
            self._replace()
        elif self.text.length < self.item.length:
            self.grow(self.item.text[self.text.length :])
        self.refresh_row()

    def finish(self) -> None:
        self.refresh_row()
        if self.opened:
            self.catch_up()

    def _replace(self) -> None:
        """The whole text is another. Slices that stayed keep their layout."""
        old = {block.slice: block for block in self.blocks if isinstance(block, TextBlock) and not block.growing}
        self.load()
        for number, block in enumerate(self.blocks):
            if isinstance(block, TextBlock) and not block.growing and (kept := old.pop(block.slice, None)):
                kept._elements = block._elements
                kept.joined = block.joined
                self.blocks[number] = kept

    def _take(self) -> bool:
        """Bring the blocks in line with the slices; whether anything looks different."""
        first = self._first
        slices = self.text.slices
        changed = self._shown < len(slices)
        while self._shown < len(slices):
            self._set(first + self._shown, slices[self._shown], growing=False)
            self._shown += 1
        at = first + self._shown
        tail = self.text.tail()
        for number, piece in enumerate(tail, 1):
            changed |= self._set(at, piece, growing=number == len(tail) and not self.text.finished)
            at += 1
        while len(self.blocks) > at:
            self._drop()
            changed = True
        if self.text.definitions != self._definitions:
            self._definitions = self.text.definitions
            self._refresh_links()
        return changed

    def _set(self, index: int, piece: Slice, growing: bool) -> bool:
        if index < len(self.blocks):
            block = self.blocks[index]
            assert isinstance(block, TextBlock)
            return block.show(piece, growing)
        block = TextBlock(piece, self.text.elements, growing)
        before = self.blocks[-1] if self.blocks else None
        self.add(block)
        if isinstance(before, TextBlock):
            if block.shares:
                block.side = before.side
            if block.goes_on:
                before.join()
        return True

    def _drop(self) -> None:
        self.blocks.pop()
        if self.styles is not None:
            self.heights.pop()

    def _refresh_links(self) -> None:
        for block in self.blocks:
            if isinstance(block, TextBlock) and self.text.refers(block.slice):
                block.outdate()

    def plain(self, most: int | None = None) -> str:
        """The words, also of a folded thought. `most`: see `MarkdownText.plain`."""
        words = [block.plain() for block in self.blocks[: self._first]]
        if not self.opened:
            return "\n".join([*words, self.item.text])
        rest = self.item.text[self.text.length :] if self.behind else ""
        return "\n".join(filter(None, (*words, self.text.plain(most), rest)))

    def markdown(self) -> str:
        if self.row is not None:
            return ""
        return "".join(block.markdown() for block in self.blocks[: self._first]) + self.item.text

    def source(self) -> str:
        return "\n".join(filter(None, (self.speaker, self.item.text)))
