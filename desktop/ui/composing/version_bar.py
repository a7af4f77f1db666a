"""Which version of the last turn that has several is shown, and the way to the others."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from desktop.core import branches
from desktop.core.conversation import Conversation, UserTurn
from desktop.core.language import tr
from desktop.ui.icons import icon
from desktop.ui.labels import PlainLabel
from desktop.ui.theme import Theme


class VersionBar(QWidget):
    """Signal `step_wanted(UserTurn, int)`: show the version before (-1) or after (1). Hidden without versions."""

    step_wanted = Signal(object, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("version_bar")
        self._turn: UserTurn | None = None
        self._words = PlainLabel(muted="true")
        self._older = self._button(tr("Version before"), -1)
        self._newer = self._button(tr("Next version"), 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(24, 0, 24, 2)
        row.addStretch(1)
        for widget in (self._older, self._words, self._newer):
            row.addWidget(widget)
        row.addStretch(1)
        self.hide()

    @property
    def turn(self) -> UserTurn | None:
        """The turn that is meant."""
        return self._turn

    def _button(self, name: str, by: int) -> QToolButton:
        button = QToolButton(autoRaise=True, toolTip=name)
        button.setAccessibleName(name)
        button.setMinimumSize(28, 28)
        button.clicked.connect(lambda: self._turn and self.step_wanted.emit(self._turn, by))
        return button

    def set_theme(self, theme: Theme) -> None:
        """Change the colours."""
        for button, name in ((self._older, "left"), (self._newer, "right")):
            button.setIcon(icon(name, theme.muted, theme.border))

    def show_conversation(self, held: Conversation, running: bool) -> None:
        """Look for the last turn with versions on what is shown."""
        self._turn = None
        if not branches.is_straight(held):
            for item in reversed(branches.shown(held).items.values()):
                if isinstance(item, UserTurn) and len(branches.versions(held, item.run)) > 1:
                    self._turn = item
                    break
        self.setVisible(self._turn is not None)
        if self._turn is not None:
            seen = branches.versions(held, self._turn.run)
            start = " ".join(self._turn.text.split())[:40]
            self._words.setText(
                tr("Version {at} of {count} of “{start}”", at=seen.at + 1, count=len(seen), start=start)
            )
            self._older.setEnabled(seen.at > 0 and not running)
            self._newer.setEnabled(seen.at + 1 < len(seen) and not running)
