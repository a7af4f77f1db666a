"""Buttons that decide: dead for a moment after whatever they decide about came up, and deaf to stray keys."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import inf
from typing import ClassVar

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QWidget

from desktop.core.asks.visible import one_line
from desktop.core.asks.words import refuses
from desktop.core.describe import seconds_words
from desktop.core.events import Choice
from desktop.core.language import tr
from desktop.services.clock import now
from desktop.ui.labels import PlainLabel, announce, literal_tip

DEAD_MS = 500
ALLOW, DENY = "approval_allow", "approval_deny"


class DeadTime(QObject):
    """The moment in which no press counts. It begins when `widget` appears and when its window comes to the front, and
    whenever `begin` is called. Signal `changed()` when it begins and when it is over."""

    changed = Signal()

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        widget.installEventFilter(self)
        self._timer = QTimer(self, singleShot=True, interval=DEAD_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.changed)

    @property
    def running(self) -> bool:
        """Whether a press is to be ignored now."""
        return self._timer.isActive()

    def begin(self) -> None:
        """Start, or start again."""
        self._timer.start()
        self.changed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Show, QEvent.Type.WindowActivate):
            self.begin()
        return False


class DecisionButton(QPushButton):
    """Signal `chosen()`: pressed and released after the dead time, by hand or through assistive technology.

    Keys do nothing; with `by_key` Space does, for choices that let nothing happen. While dead the button only looks
    disabled: to disable it would throw the focus about."""

    chosen = Signal()
    _PLAIN: ClassVar = (Qt.Key.Key_Space, Qt.Key.Key_Select, Qt.Key.Key_Return, Qt.Key.Key_Enter)

    def __init__(self, text: str, dead: DeadTime, parent: QWidget | None = None, *, by_key: bool = False) -> None:
        super().__init__(text.replace("&", "&&"), parent)
        self.setAutoDefault(False)
        self.setDefault(False)
        self._dead, self._by_key, self._void = dead, by_key, False
        self.pressed.connect(self._begin)
        self.clicked.connect(self._finish)
        dead.changed.connect(self._look)
        self._look()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._deaf_to(event):
            event.accept()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if self._deaf_to(event):
            event.accept()
        else:
            super().keyReleaseEvent(event)

    def _deaf_to(self, event: QKeyEvent) -> bool:
        if event.key() not in self._PLAIN:
            return False
        return not self._by_key or event.key() != Qt.Key.Key_Space or event.isAutoRepeat()

    def _begin(self) -> None:
        self._void = self._dead.running

    def _finish(self) -> None:
        if not self._void and not self._dead.running:
            self.chosen.emit()

    def _look(self) -> None:
        if self.property("dead") != self._dead.running:
            self.setProperty("dead", self._dead.running)
            self.style().unpolish(self)
            self.style().polish(self)


class ChoiceRow(QWidget):
    """The ways to answer, side by side. Signal `chosen(Choice)`.

    One that allows is named approval_allow, one that refuses approval_deny, so that they can be found from outside."""

    chosen = Signal(object)

    def __init__(self, dead: DeadTime, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._dead = dead
        self._buttons: list[tuple[DecisionButton, Choice]] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(8)

    def set_ways(self, choices: Sequence[Choice]) -> None:
        """Offer other choices, in this order."""
        for button, _ in self._buttons:
            button.setObjectName("")
            button.hide()
            button.deleteLater()
        self._buttons = [(self._button(c, name), c) for c, name in zip(choices, _names(choices), strict=True)]

    def tell(self, open_: bool, why_not: str) -> None:
        """What can be pressed now: nothing unless `open_`; only refusals while there is a reason against the rest."""
        for button, choice in self._buttons:
            why = "" if refuses(choice) else why_not
            button.setEnabled(open_ and not why)
            button.setToolTip(literal_tip(why) if why else "")
            button.setAccessibleDescription(why)

    def press(self, name: str) -> None:
        """Press the button of that object name, as a hand would: only if it can be pressed."""
        for button, _ in self._buttons:
            if button.objectName() == name and button.isEnabled():
                button.click()

    def _button(self, choice: Choice, name: str) -> DecisionButton:
        button = DecisionButton(one_line(choice.label, 60), self._dead, by_key=refuses(choice))
        button.setObjectName(name)
        button.setProperty("primary", name == ALLOW)
        button.chosen.connect(partial(self.chosen.emit, choice))
        self._row.addWidget(button)
        return button


class RuleButton(QPushButton):
    """A quiet menu beside the decision. Signal `wanted(bool)`: a rule that always allows (True) or denies is wanted.
    It decides nothing by itself."""

    wanted = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Always"), parent)
        self.setObjectName("approval_rule")
        self.setAccessibleDescription(tr("Make a rule for requests like this one"))
        self.setAutoDefault(False)
        self.setProperty("quiet", True)
        menu = QMenu(self)
        menu.addAction(tr("Always allow exactly this…"), partial(self.wanted.emit, True))
        menu.addAction(tr("Always deny exactly this…"), partial(self.wanted.emit, False))
        self.setMenu(menu)


class TimeLeft(PlainLabel):
    """How long something may still be decided, counted down; near its end a screen reader says it too."""

    _WARNINGS: ClassVar = (60, 10)  # seconds

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent, muted="true")
        self._deadline, self._left = 0.0, inf
        self._clock = QTimer(self, interval=1_000)
        self._clock.timeout.connect(self._tell)

    def start(self, deadline: float | None) -> None:
        """Count down to this moment of `services.clock`; None where nothing runs out."""
        self._left = inf
        self._clock.stop()
        self.setVisible(deadline is not None)
        if deadline is not None:
            self._deadline = deadline
            self._clock.start()
            self._tell()

    def _tell(self) -> None:
        left = self._deadline - now()
        self.setText(
            tr("Time left: {time}", time=seconds_words(left)) if left > 0 else tr("The time is up by this clock.")
        )
        if any(left <= mark < self._left for mark in self._WARNINGS):
            announce(self, self.text(), urgent=True)
        self._left = left
        if left <= 0:
            self._clock.stop()


def _names(choices: Sequence[Choice]) -> list[str]:
    names = [f"approval_choice_{n}" for n in range(1, len(choices) + 1)]
    for name, styles in ((ALLOW, ("allow", "allow-always")), (DENY, ("deny", "deny-always"))):
        found = (n for style in styles for n, choice in enumerate(choices) if choice.style == style)
        if (first := next(found, None)) is not None:
            names[first] = name
    return names


def dead_rules(theme_border: str, theme_muted: str) -> str:
    """The style of a button that is dead, for a dialog's style sheet."""
    return (
        f'QPushButton[dead="true"] {{ color: {theme_muted}; }}'
        f'QPushButton[primary="true"][dead="true"] {{ background: {theme_border}; color: {theme_muted};'
        f" border-color: {theme_border}; }}"
    )
