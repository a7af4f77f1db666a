"""What a person can do about a run that did not end well: a quiet row of buttons above the composer."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from desktop.core.capabilities import Capabilities
from desktop.core.conversation import RunState
from desktop.core.endings import Ways, ways_on
from desktop.core.language import mark, tr
from desktop.ui.labels import PlainLabel

_WORDS = {
    "look up": mark("Look up what became of it"),
    "send again": mark("Send again"),
    "key": mark("Change the key…"),
    "connection": mark("Connection settings…"),
    "doctor": mark("Check the connection…"),
}
_TWICE = mark("The agent may have done the work already; sending again may do it twice.")


class EndingBar(QWidget):
    """Signal `wanted(remedy)`: one of the remedies of `core.endings`. Hidden while there is nothing to offer."""

    wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("ending_bar")
        self._shown: Ways | None = None
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(24, 0, 24, 4)
        self._note = PlainLabel(tr(_TWICE), wrap=True, muted="true")
        self._row.addStretch(1)
        self._row.addWidget(self._note)
        self._row.addStretch(1)
        self.hide()

    def show_run(self, run: RunState | None, can: Capabilities) -> None:
        """Offer what fits how this run ended; nothing while it is live or after a plain success."""
        ways = ways_on(run, can) if run is not None and run.status is not None else Ways(())
        if ways == self._shown:
            return
        self._shown = ways
        self._clear()
        for remedy in ways.remedies:
            self._row.insertWidget(self._row.count() - 2, self._button(remedy))
        self._note.setVisible(ways.twice and "send again" in ways.remedies)
        self.setVisible(bool(ways.remedies))

    def _button(self, remedy: str) -> QPushButton:
        button = QPushButton(tr(_WORDS[remedy]))
        button.setObjectName(f"remedy_{remedy.replace(' ', '_')}")
        button.clicked.connect(lambda: self.wanted.emit(remedy))
        return button

    def _clear(self) -> None:
        for button in self.findChildren(QPushButton):
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()
