"""The answer pane."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from desktop.core.conversation import (
    Added,
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
from desktop.ui.theme import Theme
from desktop.ui.transcript.blocks import Block
from desktop.ui.transcript.entries import PAD, Entry, State, TextEntry, entry_for
from desktop.ui.transcript.heights import Heights
from desktop.ui.transcript.rows import is_live
from desktop.ui.transcript.styles import Styles

MARGIN = 28.0
TOP = 24.0
BOTTOM = 32.0
_KEPT = 256  # blocks that stay laid out
_GUESS = 90.0  # height of an entry nobody has looked at


class Placed(NamedTuple):
    """A block that can be seen, and where: `y` from the top of the view."""

    entry: int
    index: int
    block: Block
    y: float


class TranscriptView(QAbstractScrollArea):
    """Signals: `link_activated(address)`, `item_activated(item id)`, `turn_action(action, item id)`,
    `at_end_changed(bool)`, `context_requested(item id, global point)`. The view opens and fetches nothing."""

    link_activated = Signal(str)
    item_activated = Signal(str)
    turn_action = Signal(str, str)
    at_end_changed = Signal(bool)
    context_requested = Signal(str, QPoint)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("answer_pane")
        self.setAccessibleName("Conversation")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.viewport().setMouseTracking(True)
        self._theme = theme
        self._zoom = 0
        self._styles = self._make_styles()
        self._conversation = Conversation()
        self._ids: list[str] = []
        self._index: dict[str, int] = {}
        self._entries: list[Entry | None] = []
        self._states: dict[str, State] = {}
        self._heights = Heights()
        self._placed: list[Placed] = []
        self._offset = 0.0
        self._follow = True
        self._anchor = (0, 0, 0.0)
        self._kept: OrderedDict[Block, None] = OrderedDict()
        self._stale: set[str] = set()
        self._setting = False
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        self._tick = QTimer(self, interval=1000)
        self._tick.timeout.connect(self._tell_time)

    # ---- what the owner calls

    def set_theme(self, theme: Theme) -> None:
        """Other colours."""
        self._theme = theme
        self._restyle()

    def zoom(self, steps: int) -> None:
        """Make the text larger or smaller by tenths; 0 goes back."""
        self._zoom = max(-5, min(self._zoom + steps, 20)) if steps else 0
        self._restyle()

    def show_conversation(self, conversation: Conversation) -> None:
        """Load everything anew; only what can be seen is laid out."""
        self._conversation = conversation
        self._ids = list(conversation.items)
        self._index = {name: number for number, name in enumerate(self._ids)}
        self._entries = [None] * len(self._ids)
        self._heights.reset([_GUESS] * len(self._ids))
        self._placed, self._kept = [], OrderedDict()
        self._follow = True
        self._settle(everything=True)

    def apply(self, changes: Sequence[Change]) -> None:
        """Take a frame's changes."""
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
        if self.isVisible():
            self._settle()

    def scroll_to_item(self, item_id: str) -> None:
        """Bring an item to the top of the view."""
        if (at := self._index.get(item_id)) is not None:
            self._follow = False
            self._anchor = (at, 0, -TOP)
            self._settle()

    def jump_to_latest(self) -> None:
        """Go to the end, and stay there."""
        self._follow = True
        self._settle()

    def plain_text(self) -> str:
        """All of the conversation as a person reads it."""
        return "\n\n".join(self._entry(i).plain() for i in range(len(self._ids)))

    @property
    def at_end(self) -> bool:
        return self._follow

    # ---- entries

    def _entry(self, index: int) -> Entry:
        entry = self._entries[index]
        if entry is None:
            item = self._conversation.items[self._ids[index]]
            state = self._states.setdefault(item.id, State())
            entry = entry_for(item, state, lambda: self._ended(item))
            before = self._conversation.items[self._ids[index - 1]] if index else None
            entry.space = self._styles.em * _space(before, item) if before else TOP
            self._entries[index] = entry
        return entry

    def _ended(self, item: Item) -> bool:
        runs = self._conversation.runs
        return item.run >= len(runs) or runs[item.run].status is not None

    def _add(self, name: str) -> None:
        if name in self._index:
            self._update(name)
            return
        item = self._conversation.items[name]
        self._index[name] = len(self._ids)
        self._ids.append(name)
        self._entries.append(None)
        self._heights.append(_GUESS)
        self._close_text_before(item)

    def _close_text_before(self, item: Item) -> None:
        """What was being written in the same place is whole: something else follows it."""
        for index in range(len(self._ids) - 2, max(len(self._ids) - 12, -1), -1):
            entry = self._entries[index]
            if isinstance(entry, TextEntry) and entry.item.path == item.path and entry.item.run == item.run:
                if not entry.over:
                    entry.over = True
                    self._touched(index, entry.finish)
                return

    def _grow(self, name: str, text: str) -> None:
        if (index := self._index.get(name)) is None:
            return
        entry = self._entries[index]
        if entry is not None:
            if not self.isVisible():
                self._stale.add(name)
                return
            self._touched(index, lambda: entry.grow(text))

    def _update(self, name: str) -> None:
        if (index := self._index.get(name)) is None:
            return
        if (entry := self._entries[index]) is not None:
            if not self.isVisible():
                self._stale.add(name)
                return
            self._touched(index, entry.update)

    def _run_changed(self, run: int) -> None:
        if run >= len(self._conversation.runs) or self._conversation.runs[run].status is None:
            return
        for index in range(len(self._ids) - 1, -1, -1):
            if self._conversation.items[self._ids[index]].run < run:
                break
            if (entry := self._entries[index]) is not None:
                self._touched(index, entry.finish)

    def _touched(self, index: int, change: object) -> None:
        change()  # type: ignore[operator]
        self._measure(index)

    def _measure(self, index: int) -> None:
        entry = self._entries[index]
        if entry is not None and entry.styles is not None:
            self._heights[index] = entry.height

    # ---- layout

    def _make_styles(self) -> Styles:
        return Styles(self._theme, self.font(), 1.1**self._zoom)

    def _restyle(self) -> None:
        self._styles = self._make_styles()
        for block in self._kept:
            block.release()
        self._kept.clear()
        for index, entry in enumerate(self._entries):
            if entry is not None and entry.styles is not None:
                entry.fit(self._styles, self._width(entry))
                self._heights[index] = entry.height
        self._settle(everything=True)

    def _column(self) -> tuple[float, float]:
        """Left edge and width of the reading column."""
        room = self.viewport().width()
        width = max(min(self._styles.column, room - 2 * MARGIN), 120.0)
        return max(round((room - width) / 2), 8.0), float(round(width))

    def _left(self, entry: Entry) -> float:
        return self._column()[0] + entry.depth * self._styles.indent + (PAD + 2 if entry.tinted else 0)

    def _width(self, entry: Entry) -> float:
        inside = self._column()[1] - entry.depth * self._styles.indent - (2 * PAD + 4 if entry.tinted else 0)
        return max(inside, 120.0)

    def _open(self, index: int) -> Entry:
        """The entry, with blocks that have at least guessed heights."""
        entry = self._entry(index)
        entry.fit(self._styles, self._width(entry))
        self._heights[index] = entry.height
        return entry

    def _build(self, index: int, number: int) -> Block:
        entry = self._open(index)
        block = entry.build(number)
        self._heights[index] = entry.height
        self._kept[block] = None
        self._kept.move_to_end(block)
        return block

    @property
    def _total(self) -> float:
        return self._heights.total + BOTTOM

    def _settle(self, everything: bool = False) -> None:
        """Lay out what can be seen, keep the reader's place, and paint what is different."""
        if not self.isVisible():
            return
        before, view = self._placed, float(self.viewport().height())
        if self._follow:
            self._measure_up(view)
            offset = self._total - view
        else:
            offset = self._anchored()
        offset = max(0.0, min(offset, self._total - view))
        self._place(offset, view)
        if not self._follow and self._offset > 0 and self._total - self._offset < view:
            self._measure_up(view)
            self._place(max(0.0, self._total - view), view)
        self._remember()
        self._tell_bar(view)
        self._repaint(before, everything)
        self._forget()
        live = any(self._is_live(one) for one in self._placed)
        if live != self._tick.isActive():
            self._tick.start() if live else self._tick.stop()

    def _measure_up(self, room: float) -> None:
        """Lay out from the end upwards until the room is filled."""
        left = room - BOTTOM
        for index in range(len(self._ids) - 1, -1, -1):
            entry = self._open(index)
            for number in range(len(entry.blocks) - 1, -1, -1):
                left -= self._build(index, number).height
                if left < 0:
                    return
            left -= entry.space

    def _anchored(self) -> float:
        """The offset at which the anchor stands where it stood."""
        index, number, inside = self._anchor
        if not self._ids:
            return 0.0
        index = min(index, len(self._ids) - 1)
        entry = self._open(index)
        number = min(number, max(len(entry.blocks) - 1, 0))
        self._build_if(entry, index, number)
        while inside < 0 and (index or number):
            if number:
                number -= 1
            else:
                inside += self._entries[index].space + (PAD if self._entries[index].tinted else 0)  # type: ignore[union-attr]
                index -= 1
                number = max(len(self._open(index).blocks) - 1, 0)
                inside += PAD if self._open(index).tinted else 0
            entry = self._open(index)
            self._build_if(entry, index, number)
            inside += entry.heights[number] if entry.blocks else 0.0
        return self._top(index, number) + inside

    def _build_if(self, entry: Entry, index: int, number: int) -> None:
        if number < len(entry.blocks):
            self._build(index, number)

    def _top(self, index: int, number: int) -> float:
        entry = self._open(index)
        return self._heights.before(index) + entry.top(number)

    def _place(self, offset: float, view: float) -> None:
        """Find the blocks in sight."""
        self._offset = offset
        self._placed = []
        if not self._ids:
            return
        index = self._heights.at(offset)
        end = offset + view
        while index < len(self._ids):
            base = self._heights.before(index)
            if base > end:
                break
            entry = self._open(index)
            number = entry.heights.at(max(offset - base - entry.top(0), 0.0)) if entry.blocks else 0
            while number < len(entry.blocks):
                block = self._build(index, number)
                y = base + entry.top(number)
                if y > end:
                    break
                self._placed.append(Placed(index, number, block, y - offset))
                number += 1
            index += 1

    def _remember(self) -> None:
        for one in self._placed:
            if one.y + one.block.height > 0:
                self._anchor = (one.entry, one.index, -one.y)
                return

    def _tell_bar(self, view: float) -> None:
        bar = self.verticalScrollBar()
        self._setting = True
        bar.setPageStep(int(view))
        bar.setSingleStep(int(self._styles.line))
        bar.setRange(0, max(0, round(self._total - view)))
        bar.setValue(round(self._offset))
        self._setting = False

    def _scrolled(self, value: int) -> None:
        if self._setting:
            return
        view = self.viewport().height()
        delta = value - self._offset
        self._set_follow(value >= self.verticalScrollBar().maximum())
        if not self._follow:
            if abs(delta) < 2 * view:
                index, number, inside = self._anchor
                self._anchor = (index, number, inside + delta)
            else:
                self._anchor = self._anchor_at(value)
        self._settle()

    def _anchor_at(self, offset: float) -> tuple[int, int, float]:
        index = self._heights.at(offset)
        if index >= len(self._ids):
            return (0, 0, 0.0)
        entry = self._open(index)
        inside = offset - self._heights.before(index) - entry.top(0)
        number = entry.heights.at(max(inside, 0.0)) if entry.blocks else 0
        return (index, number, offset - self._top(index, number))

    def _set_follow(self, follow: bool) -> None:
        if follow != self._follow:
            self._follow = follow
            self.at_end_changed.emit(follow)

    def _forget(self) -> None:
        """Drop layouts that nobody has seen for long."""
        seen = {one.block for one in self._placed}
        while len(self._kept) > _KEPT:
            block = next(iter(self._kept))
            if block in seen:
                break
            del self._kept[block]
            block.release()

    # ---- painting

    def _repaint(self, before: list[Placed], everything: bool) -> None:
        """Move the picture where blocks only moved, and paint again what is new or different."""
        viewport = self.viewport()
        old = {one.block: one.y for one in before}
        shifts = {round(one.y - old[one.block], 3) for one in self._placed if one.block in old}
        if everything or len(shifts) != 1:
            for one in self._placed:
                one.block.dirty = None
            viewport.update()
            return
        shift = shifts.pop()
        if shift != round(shift):
            viewport.update()
            for one in self._placed:
                one.block.dirty = None
            return
        if shift:
            viewport.scroll(0, round(shift))
        width = viewport.width()
        for one in self._placed:
            top = one.block.dirty if one.block in old else 0.0
            if top is not None:
                y = int(one.y + top) - 1
                viewport.update(QRect(0, y, width, viewport.height() - y))
                one.block.dirty = None
        if not self._placed or (before and self._placed[-1].block is not before[-1].block):
            viewport.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        dirty = QRectF(event.rect())
        painter.fillRect(dirty, self._theme.page)
        self._paint_tints(painter, dirty)
        for one in self._placed:
            if one.y <= dirty.bottom() and one.y + one.block.height >= dirty.top():
                self._paint_block(painter, one, dirty)

    def _paint_block(self, painter: QPainter, one: Placed, dirty: QRectF) -> None:
        left = self._left(self._entry(one.entry))
        painter.save()
        painter.translate(left, one.y)
        one.block.paint(painter, dirty.translated(-left, -one.y), lambda number: None, lambda piece: [])
        painter.restore()

    def _paint_tints(self, painter: QPainter, dirty: QRectF) -> None:
        """The quiet ground under what the person said."""
        done: set[int] = set()
        for one in self._placed:
            entry = self._entry(one.entry)
            if not entry.tinted or one.entry in done:
                continue
            done.add(one.entry)
            left, width = self._column()
            top = self._heights.before(one.entry) + entry.space - self._offset
            box = QRectF(left, top, width, entry.heights.total + 2 * PAD)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.question)
            painter.drawRoundedRect(box, 12, 12)
            painter.setBrush(Qt.BrushStyle.NoBrush)

    # ---- time

    def _is_live(self, one: Placed) -> bool:
        item = self._entry(one.entry).item
        return is_live(item) or (isinstance(item, ThoughtItem) and self._entry(one.entry).live)

    def _tell_time(self) -> None:
        for one in self._placed:
            if self._is_live(one):
                self._entry(one.entry).refresh_row()
        self._settle()

    # ---- Qt's events

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for index, entry in enumerate(self._entries):
            if entry is not None and entry.styles is not None:
                entry.fit(self._styles, self._width(entry))
                self._heights[index] = entry.height
        self._settle(everything=True)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        stale, self._stale = self._stale, set()
        for name in stale:
            self._update(name)
        self._settle(everything=True)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._press(event.position())

    def _press(self, point: QPointF) -> None:
        for one in self._placed:
            if one.y <= point.y() < one.y + one.block.height:
                self._press_block(one, point - QPointF(self._left(self._entry(one.entry)), one.y))
                return

    def _press_block(self, one: Placed, point: QPointF) -> None:
        found = one.block.piece_at(point.y())
        if found is None:
            return
        _, piece, top = found
        point = point - QPointF(0, top)
        entry = self._entry(one.entry)
        if link := piece.link_at(point):
            self.link_activated.emit(link)
        elif (action := piece.action_at(point)) == "fold":
            self._toggle(one.entry)
        elif action == "activate":
            self.item_activated.emit(entry.item.id)

    def _toggle(self, index: int) -> None:
        entry = self._entry(index)
        entry.toggle()
        self._measure(index)
        self._set_follow(False)
        self._settle(everything=True)


def _space(before: Item, item: Item) -> float:
    """Space between two items, in line heights."""
    if isinstance(item, UserTurn) or isinstance(before, UserTurn):
        return 1.6 if isinstance(item, UserTurn) else 1.0
    row, row_before = not isinstance(item, TextItem), not isinstance(before, TextItem)
    if isinstance(item, ThoughtItem):
        row = True
    if isinstance(before, ThoughtItem):
        row_before = True
    return 0.15 if row and row_before else 0.75
