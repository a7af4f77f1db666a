"""What could be said next, as the server proposes it: a row of chips above the composer."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from desktop.core.language import tr
from desktop.ui.labels import literal_title

_MOST = 4  # chips
_LONG = 60  # characters of a chip


class SuggestionRow(QWidget):
    """Signal `chosen(str)`: the person likes one of them. Nothing is sent by it."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(24, 0, 24, 4)
        self._line.addStretch(1)
        self._shown: tuple[str, ...] = ()
        self.hide()

    def show_suggestions(self, texts: Sequence[str]) -> None:
        """Show the first few of these."""
        wanted = tuple(texts[:_MOST])
        if wanted == self._shown:
            return
        while self._line.count() > 1:
            if (widget := self._line.takeAt(0).widget()) is not None:
                widget.deleteLater()
        for text in wanted:
            chip = QPushButton(literal_title(text[:_LONG]))
            chip.setAccessibleName(tr("Suggestion: {text}", text=text))
            chip.clicked.connect(lambda _=False, t=text: self.chosen.emit(t))
            self._line.insertWidget(self._line.count() - 1, chip)
        self._shown = wanted
        self.setVisible(bool(wanted))
