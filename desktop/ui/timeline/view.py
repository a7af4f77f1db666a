"""The panel with the timeline of a turn: its figures, the lanes, and the bar that is chosen in words."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from desktop.core.conversation import Conversation
from desktop.core.language import tr
from desktop.core.recordings.timeline import Bar, BarKind, timeline, turns
from desktop.core.recordings.timeline_words import KINDS, figure_words
from desktop.services.session import Session
from desktop.ui.icons import icon
from desktop.ui.labels import ElidedLabel, PlainLabel
from desktop.ui.theme import Theme
from desktop.ui.timeline.canvas import TimelineCanvas
from desktop.ui.timeline.paint import Look
from desktop.ui.window.corners import tool_button

_TICK_MS = 250
_SHARE = 10  # a timeline that takes long to make is made less often


class TimelineView(QWidget):
    """Signal `item_activated(item id)`. Follows the newest turn until the person looks at another one."""

    item_activated = Signal(str)

    def __init__(self, session: Callable[[], Session], theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("timeline_view")
        self.setAccessibleName(tr("Timeline of a turn"))
        self._session = session
        self._turns: list[tuple[int, ...]] = []
        self._turn: int | None = None  # the one that is looked at; None follows the newest
        self._shown: object = None
        self._build(theme)
        self._timer = QTimer(self, interval=_TICK_MS)
        self._timer.timeout.connect(self.refresh)

    def _build(self, theme: Theme) -> None:
        self.canvas = TimelineCanvas(theme)
        self.canvas.activated.connect(self.item_activated)
        self.canvas.chosen.connect(self._tell)
        self._figures = PlainLabel(wrap=True)
        self._figures.setObjectName("timeline_figures")
        self._line = ElidedLabel(muted="true")
        self._line.setObjectName("timeline_bar")
        self._legend = _Legend(theme)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(6)
        layout.addLayout(self._head())
        layout.addWidget(self._figures)
        layout.addWidget(self.canvas, 1)
        layout.addWidget(self._legend)
        layout.addWidget(self._line)
        self.setMinimumSize(320, 180)
        self.set_theme(theme)

    def _head(self) -> QHBoxLayout:
        self._older = tool_button("timeline_older", tr("The turn before"))
        self._newer = tool_button("timeline_newer", tr("The next turn"))
        self._closer = tool_button("timeline_closer", tr("Closer"))
        self._further = tool_button("timeline_further", tr("Further away"))
        self._fit = tool_button("timeline_fit", tr("All of it"))
        self._older.clicked.connect(lambda: self._step(-1))
        self._newer.clicked.connect(lambda: self._step(1))
        self._closer.clicked.connect(lambda: self.canvas.zoom(1))
        self._further.clicked.connect(lambda: self.canvas.zoom(-1))
        self._fit.clicked.connect(self.canvas.fit)
        self._which = PlainLabel(heading="true")
        row = QHBoxLayout()
        row.setSpacing(2)
        row.addWidget(self._older)
        row.addWidget(self._which)
        row.addWidget(self._newer)
        row.addStretch(1)
        for button in (self._further, self._fit, self._closer):
            row.addWidget(button)
        return row

    def set_theme(self, theme: Theme) -> None:
        """Change the colours."""
        self.canvas.set_theme(theme)
        self._legend.set_theme(theme)
        icons = {"left": self._older, "right": self._newer, "plus": self._closer, "minus": self._further,
                 "fit": self._fit}  # fmt: skip
        for name, button in icons.items():
            button.setIcon(icon(name, theme.muted, theme.border))

    # ---- what is shown

    def select_item(self, item: str) -> None:
        """The person chose an item of the transcript: show its turn and its bar."""
        found = self._session().conversation.items.get(item)
        if found is None:
            return
        self.refresh()
        at = next((n for n, runs in enumerate(self._turns) if found.run in runs), None)
        if at is not None:
            self._look_at(at)
            self.canvas.select_item(item)

    def refresh(self) -> None:
        """Make it anew if anything changed."""
        session = self._session()
        held = session.conversation
        state = (held, held.leaf, self._turn, len(held.items), *_signature(held), session.running and session.clock())
        if state == self._shown:
            return
        another = self._shown is None or self._shown[:3] != state[:3] or self._shown[4] != state[4]  # type: ignore[index]
        self._shown = state
        begin = time.monotonic()
        self._turns = turns(held)
        at = self._at()
        line = timeline(held, self._turns[at], session.clock()) if self._turns else None
        self.canvas.show_timeline(line, keep=not another)
        self._tell_figures()
        self._timer.setInterval(max(_TICK_MS, round(_SHARE * 1000 * (time.monotonic() - begin))))

    def _at(self) -> int:
        last = len(self._turns) - 1
        return last if self._turn is None else min(self._turn, last)

    def _look_at(self, turn: int) -> None:
        self._turn = turn if turn < len(self._turns) - 1 else None
        self.refresh()

    def _step(self, by: int) -> None:
        self._look_at(min(max(0, self._at() + by), len(self._turns) - 1))

    def _tell_figures(self) -> None:
        line, at, many = self.canvas.timeline, self._at(), len(self._turns)
        self._which.setText(tr("Turn {n} of {many}", n=at + 1, many=many) if many else tr("Nothing happened yet"))
        self._older.setEnabled(at > 0)
        self._newer.setEnabled(at + 1 < many)
        for button in (self._closer, self._further, self._fit):
            button.setEnabled(line is not None)
        known = figure_words(line.figures) if line is not None else []
        self._figures.setText("  ·  ".join(f"{name} {value}".replace(" ", "\u00a0") for name, value in known))
        self._figures.setVisible(bool(known))
        self._tell()

    def _tell(self) -> None:
        chosen = self.canvas.current
        self._line.setText(self.canvas.line(chosen) if chosen else tr("Choose a bar to see its figures and its place."))

    # ---- Qt's own

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()
        super().hideEvent(event)


def _signature(conversation: Conversation) -> tuple[object, ...]:
    """What is different when a timeline has to be made anew."""
    run = conversation.run
    if run is None:
        return (0,)
    asks = len(conversation.open_asks())
    return (run.number, run.status, run.last_event, asks, run.usage)


class _Legend(QWidget):
    """What the colours mean."""

    _KINDS: tuple[BarKind, ...] = ("model", "thinking", "writing", "tool", "wait", "silence")

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(self.fontMetrics().height() + 6)
        self.setAccessibleName(tr("Kinds of bars: {names}", names=", ".join(tr(KINDS[kind]) for kind in self._KINDS)))

    def set_theme(self, theme: Theme) -> None:
        """Change the colours."""
        self._theme = theme
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        height, metrics = self.height(), self.fontMetrics()
        look = Look(painter, self._theme, float, 14)
        x = 2
        for kind in self._KINDS:
            bar = Bar(kind, x, x + 14, "")
            if kind in ("thinking", "writing"):
                painter.fillRect(look.rect(bar, (height - 14) / 2 - 4), look.edge(kind))
            else:
                look.bar(bar, (height - 14) / 2, 0, 0)
            words = tr(KINDS[kind])
            painter.setPen(self._theme.muted)
            painter.drawText(x + 19, (height + metrics.ascent() - metrics.descent()) // 2, words)
            x += 19 + metrics.horizontalAdvance(words) + 14
