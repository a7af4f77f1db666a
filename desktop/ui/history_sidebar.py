"""Every conversation, newest first, by day; search over what was said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from desktop.ui.labels import literal_tip

_KEY = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class Entry:
    """One conversation in the list. `updated` is in seconds since 1970; `snippet` is where a search hit."""

    key: str
    title: str
    updated: float
    snippet: str = ""


class HistorySidebar(QWidget):
    """Signals: `open_wanted(key)`; `search_wanted(text)` a moment after the last key."""

    open_wanted = Signal(str)
    search_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._search = QLineEdit(placeholderText="Search", clearButtonEnabled=True, objectName="history_search")
        self._search.setAccessibleName("Search all conversations")
        self._pause = QTimer(self, interval=120, singleShot=True)
        self._pause.timeout.connect(lambda: self.search_wanted.emit(self._search.text().strip()))
        self._search.textChanged.connect(lambda _: self._pause.start())
        self._list = QListWidget(objectName="history_sidebar")
        self._list.setAccessibleName("Conversations")
        self._list.setFrameShape(QListWidget.Shape.NoFrame)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self._list.itemActivated.connect(self._open)
        self._list.itemClicked.connect(self._open)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 10, 6, 10)
        layout.addWidget(self._search)
        layout.addWidget(self._list, 1)

    def search_text(self) -> str:
        """What is looked for; "" shows everything."""
        return self._search.text().strip()

    def focus_search(self) -> None:
        """Put the keyboard into the search field."""
        self._search.setFocus()
        self._search.selectAll()

    def show_entries(self, entries: Iterable[Entry]) -> None:
        """Fill the list; the current row stays current where it still exists."""
        current = self._list.currentItem()
        kept = current.data(_KEY) if current else None
        self._list.clear()
        heading = ""
        for entry in entries:
            if (day := day_words(entry.updated)) != heading:
                heading = day
                self._add_heading(day)
            self._add(entry, entry.key == kept)

    def _add_heading(self, text: str) -> None:
        row = QListWidgetItem(text)
        row.setFlags(Qt.ItemFlag.NoItemFlags)
        font = self._list.font()
        font.setPointSizeF(font.pointSizeF() * 0.85)
        row.setFont(font)
        self._list.addItem(row)

    def _add(self, entry: Entry, current: bool) -> None:
        title = " ".join(entry.title.split()) or "Untitled"
        row = QListWidgetItem(f"{title}\n{entry.snippet}" if entry.snippet else title)
        row.setData(_KEY, entry.key)
        row.setToolTip(literal_tip(title))
        self._list.addItem(row)
        if current:
            self._list.setCurrentItem(row)

    def _open(self, row: QListWidgetItem) -> None:
        if key := row.data(_KEY):
            self.open_wanted.emit(key)


def day_words(when: float, today: date | None = None) -> str:
    """The heading of a day: Today, Yesterday, a weekday within the week, else month and year."""
    day = datetime.fromtimestamp(when).astimezone().date()
    today = today or datetime.now().astimezone().date()
    if day >= today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    if day > today - timedelta(days=7):
        return f"{day:%A}"
    return f"{day:%B %Y}"
