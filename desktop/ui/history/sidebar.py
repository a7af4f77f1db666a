"""Every conversation, pinned first, then by day; search over all that was said, as it is typed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import partial

from PySide6.QtCore import QEvent, QLocale, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QActionGroup, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLineEdit,
    QListWidgetItem,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.core.language import mark, tr
from desktop.services.history.library import Entry, Wanted
from desktop.ui.history.entry_list import ENTRY, EntryList, kind_words
from desktop.ui.icons import icon
from desktop.ui.labels import PlainLabel, literal_tip, literal_title
from desktop.ui.tab.notice_bar import NoticeBar
from desktop.ui.theme import Theme

_DAY = 86_400.0
_DATES = (
    (mark("Any time"), None),
    (mark("Last day"), 1),
    (mark("Last 7 days"), 7),
    (mark("Last 30 days"), 30),
    (mark("Last year"), 365),
)
_SHOWN_MS = 10_000  # how long a deletion can be undone


class HistorySidebar(QWidget):
    """Signals: `open_wanted(key, item)`, with "" for no item in particular; `search_wanted(Wanted)` a moment after the
    last key or at once for a filter; `renamed(key, title)`; `action_wanted(name, Entry)` with pin, archive, delete,
    export; `undo_wanted()` and `forget_wanted()` for a deletion."""

    open_wanted = Signal(str, str)
    search_wanted = Signal(object)
    renamed = Signal(str, str)
    action_wanted = Signal(str, object)
    undo_wanted = Signal()
    forget_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumWidth(160)
        self._theme = theme
        self._profile: str | None = None
        self._days: int | None = None
        self._archived = False
        self._connections: Sequence[tuple[str, str]] = ()
        self._shown: tuple[date, tuple[Entry, ...]] | None = None
        self._parts = 1  # of the list, which grows as somebody reads on
        self._grew = 0  # entries when it was to grow last
        self._search = QLineEdit(placeholderText=tr("Search"), clearButtonEnabled=True, objectName="history_search")
        self._search.setAccessibleName(tr("Search all conversations"))
        self._search.installEventFilter(self)
        self._pause = QTimer(self, interval=120, singleShot=True)
        self._pause.timeout.connect(self._ask_anew)
        self._search.textChanged.connect(lambda _: self._pause.start())
        self._filter = QToolButton(autoRaise=True, objectName="history_filter", toolTip=tr("Filter"))
        self._filter.setAccessibleName(tr("Filter the conversations"))
        self._filter.setMinimumSize(28, 28)
        self._filter.clicked.connect(self._open_filter)
        self._told = PlainLabel(wrap=True, muted="true")
        self._told.hide()
        self._list = EntryList(theme, self)
        self._undo = NoticeBar("history_undo")
        self._undo_timer = QTimer(self, interval=_SHOWN_MS, singleShot=True)
        self._undo_timer.timeout.connect(self._forget)
        self._wire()
        self._place()
        self.set_theme(theme)

    def _wire(self) -> None:
        self._list.itemActivated.connect(self._open)
        self._list.itemClicked.connect(self._open)
        self._list.itemSelectionChanged.connect(self._selected)
        self._list.itemChanged.connect(self._edited)
        self._list.customContextMenuRequested.connect(self._open_menu)
        self._list.verticalScrollBar().valueChanged.connect(self._read_on)
        self._list.delete_wanted.connect(lambda entry: self.action_wanted.emit("delete", entry))

    def _place(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(self._search, 1)
        line.addWidget(self._filter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 10, 6, 10)
        layout.addLayout(line)
        layout.addWidget(self._told)
        layout.addWidget(self._list, 1)
        layout.addWidget(self._undo)

    def set_theme(self, theme: Theme) -> None:
        """Change the colours."""
        self._theme = theme
        active = self._profile or self._days or self._archived
        self._filter.setIcon(icon("filter", theme.accent if active else theme.muted))
        self._list.set_theme(theme)

    def wanted(self) -> Wanted:
        """What is looked for; without words everything is shown."""
        since = None
        if self._days is not None:
            since = datetime.now().astimezone().timestamp() - self._days * _DAY
        return Wanted(self._search.text().strip(), self._profile, since, self._archived, self._parts)

    def focus_search(self) -> None:
        """Put the keyboard into the search field."""
        self._search.setFocus()
        self._search.selectAll()

    def set_connections(self, connections: Sequence[tuple[str, str]]) -> None:
        """The (id, name) of what can be filtered by."""
        self._connections = connections

    # ---- the list

    def show_entries(self, entries: Iterable[Entry]) -> None:
        """Fill the list; the current row stays current where it still exists."""
        if self._list.state() == QAbstractItemView.State.EditingState:
            return  # a title is being typed; the next change shows the rest
        shown = (datetime.now().astimezone().date(), tuple(entries))
        if shown == self._shown:
            self._tell()
            return
        self._shown = shown
        kept, place = self._list.entry(), self._list.verticalScrollBar().value()
        self._list.blockSignals(True)
        self._list.clear()
        heading = ""
        for entry in shown[1]:
            day = tr("Pinned") if entry.pinned and not entry.snippet else day_words(entry.updated)
            if day != heading:
                heading = day
                self._list.addItem(self._heading(day))
            row = self._row(entry)
            self._list.addItem(row)
            if kept is not None and (kept.key, kept.item) == (entry.key, entry.item):
                self._list.setCurrentItem(row)
        self._list.doItemsLayout()
        self._list.verticalScrollBar().setValue(place)
        self._list.blockSignals(False)
        self._tell()

    def _read_on(self, value: int) -> None:
        """At the end of the list older ones are asked for, as long as there are any."""
        count = len(self._shown[1]) if self._shown else 0
        if value == self._list.verticalScrollBar().maximum() > 0 and count > self._grew:
            self._grew, self._parts = count, self._parts + 1
            self._ask()

    def _tell(self) -> None:
        words = [name for key, name in self._connections if key == self._profile]
        words += [tr(words_) for words_, days in _DATES if days is not None and days == self._days]
        words += [tr("Archived")] if self._archived else []
        if not self._list.count():
            words.append(tr("Nothing found.") if self._search.text().strip() or words else tr("Nothing said yet."))
        self._told.setText(" · ".join(words))
        self._told.setVisible(bool(words))

    def _heading(self, text: str) -> QListWidgetItem:
        row = QListWidgetItem(text)
        row.setFlags(Qt.ItemFlag.NoItemFlags)
        font = self._list.font()
        font.setPointSizeF(font.pointSizeF() * 0.85)
        row.setFont(font)
        return row

    def _row(self, entry: Entry) -> QListWidgetItem:
        title = " ".join(entry.title.split()) or tr("Untitled")
        row = QListWidgetItem(title)
        row.setData(ENTRY, entry)
        row.setToolTip(literal_tip(title))
        if not entry.snippet:
            row.setFlags(row.flags() | Qt.ItemFlag.ItemIsEditable)
        words = [title, *([f"{kind_words(entry)}: {entry.snippet}"] if entry.snippet else [])]
        words += [tr("archived")] if entry.archived else []
        row.setData(Qt.ItemDataRole.AccessibleTextRole, ", ".join(words))
        return row

    def _open(self, row: QListWidgetItem) -> None:
        if (entry := row.data(ENTRY)) is not None:
            self.open_wanted.emit(entry.key, entry.item or "")

    def _selected(self) -> None:
        """Assistive technology's action selects a row and nothing else: keys and the mouse make it the current one too,
        which comes after the selection."""
        for row in self._list.selectedItems():
            QTimer.singleShot(0, self, partial(self._open_selected, row.data(ENTRY)))

    def _open_selected(self, entry: Entry | None) -> None:
        current = self._list.entry()
        if entry is None or (current is not None and (current.key, current.item) == (entry.key, entry.item)):
            return
        self._list.selectionModel().clear()  # neither selected nor current, so that it can be chosen again
        self.open_wanted.emit(entry.key, entry.item or "")

    def _edited(self, row: QListWidgetItem) -> None:
        entry: Entry | None = row.data(ENTRY)
        title = " ".join(row.text().split())
        if entry is not None and not title:
            row.setText(entry.title)
        elif entry is not None and title != " ".join(entry.title.split()):
            self.renamed.emit(entry.key, title[:200])

    # ---- menus

    def _open_menu(self, point: QPoint) -> None:
        row = self._list.itemAt(point)
        entry: Entry | None = row.data(ENTRY) if row else None
        if row is not None and entry is not None:
            menu = self.menu(row, entry)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(self._list.viewport().mapToGlobal(point))

    def menu(self, row: QListWidgetItem, entry: Entry) -> QMenu:
        """What can be done with a conversation."""
        menu = QMenu(self)
        menu.addAction(tr("Open"), lambda: self._open(row))
        if not entry.snippet:
            menu.addAction(tr("Rename"), lambda: self._list.editItem(row))
            menu.addAction(tr("Unpin") if entry.pinned else tr("Pin"), lambda: self.action_wanted.emit("pin", entry))
            words = tr("Take out of the archive") if entry.archived else tr("Archive")
            menu.addAction(words, lambda: self.action_wanted.emit("archive", entry))
        menu.addAction(tr("Export…"), lambda: self.action_wanted.emit("export", entry))
        menu.addSeparator()
        menu.addAction(tr("Delete"), lambda: self.action_wanted.emit("delete", entry))
        return menu

    def _open_filter(self) -> None:
        menu = self.filter_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self._filter.mapToGlobal(QPoint(0, self._filter.height())))

    def filter_menu(self) -> QMenu:
        """By date, by connection, archived or not."""
        menu = QMenu(self)
        dates = QActionGroup(menu)
        for words, days in _DATES:
            self._choice(menu, dates, tr(words), days == self._days, "_days", days)
        menu.addSeparator()
        places = QActionGroup(menu)
        for key, name in ((None, tr("Any connection")), *self._connections):
            self._choice(menu, places, literal_title(name), key == self._profile, "_profile", key)
        menu.addSeparator()
        archived = menu.addAction(tr("Archived conversations"))
        archived.setCheckable(True)
        archived.setChecked(self._archived)
        archived.triggered.connect(lambda on: self._set("_archived", on))
        return menu

    def _choice(self, menu: QMenu, group: QActionGroup, words: str, on: bool, name: str, value: object) -> None:
        action = QAction(words, menu, checkable=True, checked=on)
        group.addAction(action)
        menu.addAction(action)
        action.triggered.connect(lambda _=False: self._set(name, value))

    def _set(self, name: str, value: object) -> None:
        setattr(self, name, value)
        self.set_theme(self._theme)
        self._ask_anew()

    def _ask_anew(self) -> None:
        """Other words or filters: from the beginning."""
        self._parts, self._grew = 1, 0
        self._list.verticalScrollBar().setValue(0)
        self._ask()

    def _ask(self) -> None:
        self.search_wanted.emit(self.wanted())

    # ---- undo

    def tell_deleted(self, title: str) -> None:
        """Say what was deleted, with the way back, for a while."""
        shown = " ".join(title.split())
        shown = shown if len(shown) <= 24 else shown[:23] + "…"
        self._undo.ask(tr("“{title}” is deleted.", title=shown), (tr("Undo"), self._undone))
        self._undo_timer.start()

    def _undone(self) -> None:
        self._undo_timer.stop()
        self.undo_wanted.emit()

    def _forget(self) -> None:
        self._undo.dismiss()
        self.forget_wanted.emit()

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """Down leads from the search field into the list; Escape empties the field."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key.Key_Down and self._list.count():
                self._list.setFocus()
                self._list.setCurrentRow(next((i for i in range(self._list.count()) if self._list.entry(i)), 0))
                return True
            if event.key() == Qt.Key.Key_Escape and self._search.text():
                self._search.clear()
                return True
        return super().eventFilter(watched, event)  # type: ignore[arg-type]


def day_words(when: float, today: date | None = None) -> str:
    """The heading of a day: Today, Yesterday, a weekday within the week, else month and year."""
    day = datetime.fromtimestamp(when).astimezone().date()
    today = today or datetime.now().astimezone().date()
    if day >= today:
        return tr("Today")
    if day == today - timedelta(days=1):
        return tr("Yesterday")
    if day > today - timedelta(days=7):
        return QLocale().standaloneDayName(day.isoweekday())
    return f"{QLocale().standaloneMonthName(day.month)} {day.year}"
