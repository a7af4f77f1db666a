"""The list of connections under the composer."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox

from desktop.core.language import mark, tr
from desktop.services.keys.profiles import Profile
from desktop.ui.labels import literal_title

_OTHERS = {"add": mark("Add a connection…"), "look": mark("Look on this computer…")}


class ConnectionPicker(QComboBox):
    """Signals: `chosen(str)`, the id of a profile; `wanted(str)`, "add" or "look"."""

    chosen = Signal(str)
    wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__(objectName="connection_picker")
        self.setAccessibleName(tr("Connection"))
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.setMinimumWidth(110)  # it gives way where two conversations stand side by side
        self.setMaximumWidth(320)
        self.setPlaceholderText(tr("Choose a connection"))
        self._current: str | None = None
        self.activated.connect(self._picked)

    def offer(self, profiles: Iterable[Profile]) -> None:
        """Fill the list anew."""
        self.clear()
        for profile in profiles:
            self.addItem(literal_title(profile.name).replace("&&", "&"), profile.id)
        self.insertSeparator(self.count())
        for what, words in _OTHERS.items():
            self.addItem(tr(words), what)
        self.show_profile(self._current)

    def show_profile(self, key: str | None) -> None:
        """Show which one is used; none for None."""
        self._current = key
        self.setCurrentIndex(self.findData(key) if key else -1)

    def _picked(self, index: int) -> None:
        choice = self.itemData(index)
        if choice in _OTHERS:
            self.show_profile(self._current)
            self.wanted.emit(choice)
        else:
            self.chosen.emit(choice)
