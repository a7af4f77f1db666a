"""The answer pane: painting, scrolling and what the owner calls. Hands are in `hands.py`, geometry in `stack.py`."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from desktop.core.conversation import Change, Conversation
from desktop.ui.pictures.thumbnails import previews
from desktop.ui.theme import Theme
from desktop.ui.transcript import access
from desktop.ui.transcript.blocks import RowBlock, TextBlock
from desktop.ui.transcript.copying import Excerpt, excerpt, to_clipboard
from desktop.ui.transcript.find import Finder
from desktop.ui.transcript.formula import typesetter
from desktop.ui.transcript.hands import Hands
from desktop.ui.transcript.painting import Painting
from desktop.ui.transcript.selection import FIRST, LAST, Selection, Spot
from desktop.ui.transcript.stack import TOP, Placed, Stack
from desktop.ui.transcript.styles import Styles

MARGIN = 28
BAR_MS = 100


class TranscriptView(QAbstractScrollArea):
    """Everything of a conversation in one scrolling text. It opens and fetches nothing: the owner decides.

    Signals: `link_activated(address)`; `item_activated(item id)` for a press on a row that is for the owner;
    `turn_action(action, item id)` with "resend", "edit", "open" or "show"; `context_requested(item id, global point)`;
    `at_end_changed(bool)`; `announced(text)` for a sentence that a screen reader was told.
    """

    link_activated = Signal(str)
    item_activated = Signal(str)
    turn_action = Signal(str, str)
    context_requested = Signal(str, QPoint)
    at_end_changed = Signal(bool)
    announced = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("answer_pane")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.viewport().setMouseTracking(True)
        self._zoom = 0
        self._painting = Painting(self, theme)
        self.stack = Stack(self._make_styles())
        self.selection = Selection(self.stack)
        self.finder = Finder(self.stack)
        self.hands = Hands(self)
        self._setting = False
        self._told = 0  # the offset that the scroll bar shows
        self._was_at_end = True
        self._bar_timer = QTimer(self, interval=BAR_MS, singleShot=True)
        self._bar_timer.timeout.connect(self._tell_bar)
        self._behind_timer = QTimer(self, interval=0, singleShot=True)
        self._behind_timer.timeout.connect(self._catch_up)
        self._tick = QTimer(self, interval=1000)
        self._tick.timeout.connect(self._tell_time)
        self._nodes: list[access.EntryNode] = []
        self._announcer = access.Announcer(self)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        typesetter().ready.connect(self._formula_ready)
        previews().arrived.connect(self.viewport().update)
        access.install()

    # ---- contents

    def show_conversation(self, conversation: Conversation) -> None:
        """Load everything anew, at its end. Only what can be seen is laid out."""
        self.stack.load(conversation)
        self.selection.clear()
        self.finder.search("")
        self.hands.forget()
        self.settle(everything=True)

    def apply(self, changes: Sequence[Change]) -> None:
        """Take a frame's changes. Called while hidden it only takes note."""
        self.stack.apply(changes)
        self._announcer.take(changes)
        if self.stack.changed:
            self.settle()

    def set_theme(self, theme: Theme) -> None:
        """Other colours."""
        self._painting.theme = theme
        self._restyle()

    def zoom(self, steps: int) -> None:
        """Make the text larger or smaller by tenths; 0 goes back to the system's size."""
        self._zoom = max(-5, min(self._zoom + steps, 20)) if steps else 0
        self._restyle()

    def plain_text(self) -> str:
        """All of the conversation as a person reads it."""
        entries = map(self.stack.entry, range(len(self.stack.ids)))
        return "\n\n".join(entry.plain() for entry in entries if not entry.hidden)

    def node(self, index: int) -> access.EntryNode:
        """The object that stands for an entry on the accessibility bus."""
        while len(self._nodes) <= index:
            self._nodes.append(access.EntryNode(self, len(self._nodes)))
        return self._nodes[index]

    # ---- where the reader is

    @property
    def at_end(self) -> bool:
        """Whether the newest text is kept in sight."""
        return self.stack.follow

    def jump_to_latest(self) -> None:
        """Go to the end, and stay there."""
        self.stack.follow = True
        self.settle()

    def scroll_to_item(self, item_id: str) -> None:
        """Bring an item to the top of the view, and open what hides it."""
        if (at := self.stack.reveal(item_id)) is not None:
            self.stack.follow = False
            self.stack.anchor = (*at, -TOP)
            self.settle()
            self._tell_bar()

    def scroll_position(self) -> tuple[str, int, int] | None:
        """Where the reader is: item, block, pixels into it; None at the end. For `restore_position`."""
        if self.stack.follow or not self.stack.ids:
            return None
        entry, block, inside = self.stack.anchor
        return self.stack.ids[entry], block, inside

    def restore_position(self, position: tuple[str, int, int] | None) -> None:
        """Go back to where `scroll_position` said."""
        if position is None or position[0] not in self.stack.index:
            self.jump_to_latest()
            return
        self.stack.follow = False
        self.stack.anchor = (self.stack.index[position[0]], position[1], position[2])
        self.settle()
        self._tell_bar()

    def show_spot(self, spot: Spot) -> None:
        """Scroll, if needed, so that a spot is in sight, a third down."""
        view = self.viewport().height()
        top = self.stack.top(spot.entry, spot.block)
        block = self.stack.build(spot.entry, spot.block) if self.stack.open(spot.entry).shown else None
        if block is not None and spot.piece < len(block.pieces):
            top += round(block.tops[spot.piece] + block.pieces[spot.piece].rect_of(spot.position).top())
        inside = top - self.stack.top(spot.entry, spot.block)
        if not self.stack.offset + TOP <= top <= self.stack.offset + view - 3 * TOP:
            self.stack.follow = False
            self.stack.anchor = (spot.entry, spot.block, inside - view // 3)
        self.settle(everything=True)
        self._tell_bar()

    # ---- find, select, copy

    def find(self, text: str) -> int:
        """Mark a text everywhere, without regard to case; how many places there are."""
        count = self.finder.search(text)
        self.viewport().update()
        return count

    def find_next(self) -> int:
        """Go to the next place; its number from 1, or 0."""
        return self._find(back=False)

    def find_previous(self) -> int:
        """Go to the place before; its number from 1, or 0."""
        return self._find(back=True)

    def clear_find(self) -> None:
        """Take the marks away."""
        self.find("")

    def _find(self, back: bool) -> int:
        spot = self.finder.step(back)
        if spot is None:
            return 0
        length = len(self.finder.needle)
        self.selection.set(spot, spot._replace(position=spot.position + length))
        self.show_spot(spot)
        return self.finder.current + 1

    def select_all(self) -> None:
        """Select the whole conversation."""
        self.selection.set(FIRST, LAST)
        self.viewport().update()

    def selected(self) -> Excerpt:
        """What is selected."""
        return excerpt(self.stack, self.selection)

    def copy(self) -> None:
        """Put what is selected on the clipboard, as text, HTML and Markdown."""
        found = self.selected()
        if found.parts:
            to_clipboard(found)

    # ---- layout

    def _make_styles(self) -> Styles:
        return Styles(self._painting.theme, self.font(), 1.1**self._zoom)

    def _restyle(self) -> None:
        self._fit(self._make_styles())
        self.settle(everything=True)

    def _fit(self, styles: Styles) -> None:
        room = self.viewport().width()
        width = round(max(min(styles.column, room - 2 * MARGIN), 120))
        self.stack.fit(styles, max((room - width) // 2, 8), width)

    def settle(self, everything: bool = False) -> None:
        """Lay out what can be seen and paint what is different."""
        if not self.stack.visible:
            return
        before = self.stack.placed
        self.stack.settle(self.viewport().height())
        if everything or not self.stack.follow:
            self._tell_bar()
        elif not self._bar_timer.isActive():
            self._bar_timer.start()
        self._painting.refresh(before, everything)
        if self.stack.behind and not self._behind_timer.isActive():
            self._behind_timer.start()
        rows = [one for one in self.stack.placed if isinstance(one.block, RowBlock)]
        live = bool(rows) and any(map(self._is_live, rows))
        if live != self._tick.isActive():
            self._tick.start() if live else self._tick.stop()
        if self.at_end != self._was_at_end:
            self._was_at_end = self.at_end
            self.at_end_changed.emit(self.at_end)

    def _catch_up(self) -> None:
        self.stack.catch_up()
        self.settle()

    def _tell_bar(self) -> None:
        """Bring the scroll bar up to date. That costs more than a line of text: a stream does it ten times a second."""
        view = self.viewport().height()
        bar = self.verticalScrollBar()
        self._setting = True
        bar.setPageStep(view)
        bar.setSingleStep(int(self.stack.styles.line))
        bar.setRange(0, max(0, self.stack.total - view))
        bar.setValue(self.stack.offset)
        self._setting = False
        self._told = self.stack.offset

    def _scrolled(self, value: int) -> None:
        """The person moved the bar, whatever it showed: go as far from here."""
        if self._setting:
            return
        delta = value - self._told
        if delta > 0 and value >= self.verticalScrollBar().maximum():
            self.stack.follow = True
        elif delta:
            self.stack.follow = False
            self.stack.move(delta, self.viewport().height())
            if value <= 0:  # the very top, whatever the heights above turn out to be
                self.stack.anchor = (0, 0, -TOP)
        self.settle()
        self._tell_bar()

    def scroll_by(self, delta: int) -> None:
        """Scroll by pixels, as a person does."""
        self._tell_bar()
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + delta)

    def toggle(self, index: int) -> None:
        """Open or fold an entry, where it stands."""
        self.stack.toggle(index)
        self._stay()

    def toggle_more(self, index: int) -> None:
        """Open or close the details of an entry that folds something else."""
        self.stack.entry(index).toggle_more()
        self.stack.touch(index)
        self._stay()

    def _stay(self) -> None:
        if self.stack.total > self.viewport().height():
            self.stack.follow = False
        self.settle(everything=True)

    # ---- what changes by itself

    def paintEvent(self, event: QPaintEvent) -> None:
        self._painting.paint(event)

    def _formula_ready(self) -> None:
        """A picture of some formula is there; it may be one that can be seen."""
        for one in self.stack.placed:
            if isinstance(one.block, TextBlock) and one.block.has_formula:
                one.block.refresh()
                self.stack.touch(one.entry)
        if self.stack.changed:
            self.settle()

    def _is_live(self, one: Placed) -> bool:
        return self.stack.entry(one.entry).ticks

    def _tell_time(self) -> None:
        for one in self.stack.placed:
            if isinstance(one.block, RowBlock) and self._is_live(one):
                self.stack.entry(one.entry).refresh_row()
        self.settle()

    # ---- Qt's events

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Nothing: `_repaint` moves what can be moved. Qt's own would paint everything."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit(self.stack.styles)
        self.settle(everything=True)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.stack.visible = True
        self._fit(self.stack.styles)
        self.stack.take_stale()
        self.settle(everything=True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.stack.visible = False
        self._tick.stop()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "stack"):
            self._restyle()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self.hands.mousePressEvent(event):
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not self.hands.mouseMoveEvent(event):
            super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if not self.hands.mouseReleaseEvent(event):
            super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if not self.hands.mouseDoubleClickEvent(event):
            super().mouseDoubleClickEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if not self.hands.wheelEvent(event):
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.hands.keyPressEvent(event):
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if not self.hands.contextMenuEvent(event):
            super().contextMenuEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    def focusNextPrevChild(self, forward: bool) -> bool:
        return self.hands.step(forward) or super().focusNextPrevChild(forward)
