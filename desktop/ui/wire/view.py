"""The wire of one session: what was sent and what came, frame by frame, beside what became of it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import (
    QFontDatabase,
    QFontMetrics,
    QGuiApplication,
    QHideEvent,
    QResizeEvent,
    QShowEvent,
    QTextOption,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QSplitter,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.core.asks.visible import visible
from desktop.core.language import mark, number, tr, trn
from desktop.core.recordings.recording import SUFFIX
from desktop.core.recordings.wire_words import as_curl, event_line
from desktop.services.recording.files import default_name
from desktop.services.recording.recorder import Recorder
from desktop.services.system.daemon import in_daemon
from desktop.services.tasks import spawn
from desktop.ui.labels import PlainLabel
from desktop.ui.theme import Theme
from desktop.ui.wire.model import COLUMNS, WireModel

_FILTERS = (
    (mark("Everything"), "all"),
    (mark("Requests"), "requests"),
    (mark("Frames"), "frames"),
    (mark("Unknown to Sluice"), "unknown"),
    (mark("Without keep-alives"), "no-beats"),
)
_WIDTHS = ("000.000", "+00.000", "←", "approval_requested", "0000 B", "")
_GAP, _SIZE = 1, 4
_ROOM_FOR_GAP, _ROOM_FOR_SIZE = 570, 500  # pixels; what came of a frame goes before its gap and its size
_MOST = 200_000  # characters of one row that are shown
_SEARCH_MS = 200


class WireView(QWidget):
    """Signals: `item_activated(item id)` when a row is chosen by hand; `said(words)` for the status line."""

    item_activated = Signal(str)
    said = Signal(str)

    def __init__(self, recorder: Recorder, theme: Theme, title: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("wire_view")
        self.setAccessibleName(tr("Wire"))
        self.title = title
        self.folder: Path | None = None
        self._recorder = recorder
        self._model = WireModel(recorder, theme, self)
        self._following = True
        self._selecting = False
        self._build()
        self._wire()

    # ---- building

    def _build(self) -> None:
        self._table = self._make_table()
        self._detail = QPlainTextEdit(readOnly=True)
        self._detail.setAccessibleName(tr("The row in full"))
        self._detail.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._detail.setWordWrapMode(QTextOption.WrapMode.WrapAnywhere)
        self._detail.setPlaceholderText(tr("Choose a row to see all of it."))
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(1)
        split.addWidget(self._table)
        split.addWidget(self._detail)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(6)
        layout.addLayout(self._head())
        layout.addWidget(split, 1)
        layout.addLayout(self._foot())
        self.setMinimumSize(320, 200)

    def _head(self) -> QHBoxLayout:
        self._kind = QComboBox()
        self._kind.setAccessibleName(tr("Which rows"))
        for words, kind in _FILTERS:
            self._kind.addItem(tr(words), kind)
        self._line = QLineEdit(placeholderText=tr("Search the wire"), clearButtonEnabled=True)
        self._line.setAccessibleName(tr("Search the wire"))
        row = QHBoxLayout()
        row.addWidget(self._kind)
        row.addWidget(self._line, 1)
        return row

    def _foot(self) -> QHBoxLayout:
        self._count = PlainLabel(muted="true")
        self._raw = _button(tr("As it came"), tr("Show the bytes as they came, not put in order"), checkable=True)
        self._copy = _button(tr("Copy"), tr("Copy the row in full"))
        self._curl = _button(tr("Copy as curl"), tr("Copy the request as a command, without its secrets"))
        self._save = _button(tr("Save…"), tr("Save the session as a recording that plays again"))
        self._save.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self._save)
        menu.addAction(tr("Save the recording…"), lambda: self._ask_where(True))
        menu.addAction(tr("Save without the pictures you sent…"), lambda: self._ask_where(False))
        self._save.setMenu(menu)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self._count, 1)
        for button in (self._raw, self._copy, self._curl, self._save):
            row.addWidget(button)
        return row

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self._model)
        table.setAccessibleName(tr("Requests and frames"))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.setTextElideMode(Qt.TextElideMode.ElideRight)
        table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        metrics = QFontMetrics(self.font())
        rows, columns = table.verticalHeader(), table.horizontalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setMinimumSectionSize(16)
        rows.setDefaultSectionSize(metrics.height() + 8)
        columns.setHighlightSections(False)
        columns.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        columns.setStretchLastSection(True)
        for column, widest in enumerate(_WIDTHS):
            if widest:
                table.setColumnWidth(column, metrics.horizontalAdvance(max(widest, tr(COLUMNS[column]), key=len)) + 14)
        return table

    def _wire(self) -> None:
        self._search = QTimer(self, interval=_SEARCH_MS, singleShot=True)
        self._search.timeout.connect(self._set_filter)
        self._line.textChanged.connect(lambda _: self._search.start())
        self._kind.currentIndexChanged.connect(lambda _: self._set_filter())
        self._raw.toggled.connect(lambda _: self._show_detail())
        self._copy.clicked.connect(self._copy_row)
        self._curl.clicked.connect(self._copy_curl)
        self._model.grew.connect(self._follow)
        self._model.modelReset.connect(self._count_rows)
        self._table.selectionModel().currentRowChanged.connect(self._chosen)
        self._table.clicked.connect(self._go_to_item)  # also on the row that is the current one already
        self._table.verticalScrollBar().valueChanged.connect(self._scrolled)
        self._show_detail()

    # ---- for the page

    def use(self, recorder: Recorder) -> None:
        """Show another recorder: a replay that begins anew has a new one."""
        self._recorder = recorder
        old = self._model
        old.set_active(False)
        self._model = WireModel(recorder, old._theme, self)
        self._table.setModel(self._model)
        old.deleteLater()
        self._model.grew.connect(self._follow)
        self._model.modelReset.connect(self._count_rows)
        self._table.selectionModel().currentRowChanged.connect(self._chosen)
        self._model.set_filter(self._kind.currentData(), self._line.text())
        self._model.set_active(self.isVisible())
        self._show_detail()

    def select_item(self, item: str) -> int:
        """Select the rows that an item of the transcript came from. Returns how many there are."""
        self._model.take_all()
        rows = self._model.rows.rows_of(item)
        if rows and self._model.place(rows[0]) < 0:  # the filter hides it, and the person wants to see it
            self._line.clear()
            self._kind.setCurrentIndex(0)
            self._set_filter()
            self._model.take_all()
        chosen = QItemSelection()
        last = len(COLUMNS) - 1
        for begin, end in _ranges([p for row in rows if (p := self._model.place(row)) >= 0]):
            chosen.select(self._model.index(begin, 0), self._model.index(end, last))
        if rows:
            self._selecting, self._following = True, False
            first = self._model.index(self._model.place(rows[0]), 0)
            select = self._table.selectionModel()
            select.setCurrentIndex(first, QItemSelectionModel.SelectionFlag.NoUpdate)
            select.select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)
            self._table.scrollTo(first, QAbstractItemView.ScrollHint.PositionAtCenter)
            self._selecting = False
        return len(rows)

    def selected_rows(self) -> list[int]:
        """The rows chosen now, as numbers in `rows`."""
        return sorted(self._model.row(i.row()) for i in self._table.selectionModel().selectedRows())

    @property
    def rows(self):  # type: ignore[no-untyped-def]
        """What is shown, for tests and the page."""
        return self._model.rows

    def set_theme(self, theme: Theme) -> None:
        """Change the colours."""
        self._model.set_theme(theme)
        self._table.viewport().update()

    # ---- inside

    def _set_filter(self) -> None:
        self._search.stop()
        self._model.set_filter(self._kind.currentData(), self._line.text())
        self._count_rows()

    def _follow(self) -> None:
        self._count_rows()
        if self._following:
            self._table.scrollToBottom()

    def _scrolled(self, value: int) -> None:
        self._following = value >= self._table.verticalScrollBar().maximum() - 1

    def _count_rows(self) -> None:
        shown, total = self._model.rowCount(), len(self._model.rows)
        words = trn("{n} row", "{n} rows", total)
        if shown != total:
            words = trn("{shown} of {n} row", "{shown} of {n} rows", total, shown=number(shown))
        dropped = f"; {tr('older runs are no longer held')}" if self._recorder.dropped else ""
        self._count.setText(words + dropped)

    def _chosen(self, now: QModelIndex, _: QModelIndex) -> None:
        self._show_detail()
        if not self._selecting:
            self._go_to_item(now)

    def _go_to_item(self, row: QModelIndex) -> None:
        items = self._model.rows.items(self._model.row(row.row())) if row.isValid() else []
        if items:
            self.item_activated.emit(items[0])

    def _current(self) -> int | None:
        index = self._table.currentIndex()
        return self._model.row(index.row()) if index.isValid() else None

    def _show_detail(self) -> None:
        row = self._current()
        self._copy.setEnabled(row is not None)
        self._curl.setEnabled(row is not None and self._model.rows.request(row) is not None)
        self._detail.setPlainText("" if row is None else self._full(row))

    def _full(self, row: int) -> str:
        text = self._clean(self._model.rows.text(row, self._raw.isChecked()))
        if len(text) > _MOST:
            more = trn(
                "… {n} more character: Copy takes all of them.",
                "… {n} more characters: Copy takes all of them.",
                len(text) - _MOST,
            )
            text = f"{text[:_MOST]}\n{more}"
        rows = self._model.rows
        first, end = rows.event_range(row)
        lines = [event_line(event) for event in rows.events(row)] or rows.run(row).kind_words(first, end - first)
        events = "\n".join(lines)
        return visible(text) + (f"\n\n{tr('Became:')}\n{visible(self._clean(events))}" if events else "")

    def _clean(self, text: str) -> str:
        return self._recorder.redactor.text(text)

    def _copy_row(self) -> None:
        if (row := self._current()) is not None:
            QGuiApplication.clipboard().setText(self._clean(self._model.rows.text(row, self._raw.isChecked())))
            self.said.emit(tr("Copied."))

    def _copy_curl(self) -> None:
        row = self._current()
        if row is not None and (request := self._model.rows.request(row)) is not None:
            QGuiApplication.clipboard().setText(self._clean(as_curl(request)))
            self.said.emit(tr("Copied as curl. Secrets are left out: put them in where it says [removed]."))

    def _ask_where(self, pictures: bool) -> None:
        if self._recorder.empty:
            self.said.emit(tr("There is nothing to save yet."))
            return
        name = default_name(self.title)
        dialog = QFileDialog(
            self, tr("Save the recording"), str(self.folder or ""), f"{tr('Sluice recordings')} (*{SUFFIX})"
        )
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(SUFFIX.removeprefix("."))
        dialog.selectFile(name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self.save(Path(path), pictures))
        dialog.open()

    def save(self, path: Path, pictures: bool = True) -> None:
        """Write the recording; the window goes on meanwhile."""
        spawn(self._write(path, pictures), "save recording")

    async def _write(self, path: Path, pictures: bool) -> None:
        self._recorder.flush()
        try:
            await in_daemon(lambda: self._recorder.write(path, self.title, pictures), "save recording")
        except OSError as error:
            self.said.emit(tr("The recording cannot be written there: {reason}.", reason=error.strerror or error))
        else:
            note = self._recorder.note()
            saved = tr("Saved: {name}. It holds no keys, but all that was said.", name=path.name)
            self.said.emit(f"{saved} {note}".strip())

    # ---- Qt's own

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._table.setColumnHidden(_GAP, self.width() < _ROOM_FOR_GAP)
        self._table.setColumnHidden(_SIZE, self.width() < _ROOM_FOR_SIZE)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._model.set_active(True)

    def hideEvent(self, event: QHideEvent) -> None:
        self._model.set_active(False)
        super().hideEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_table"):
            self._table.viewport().update()


def _button(text: str, tip: str, checkable: bool = False) -> QToolButton:
    button = QToolButton(text=text, toolTip=tip, checkable=checkable, autoRaise=True)
    button.setMinimumHeight(28)
    return button


def _ranges(places: list[int]) -> list[tuple[int, int]]:
    """Neighbours joined: [1, 2, 3, 7] gives (1, 3), (7, 7)."""
    out: list[tuple[int, int]] = []
    for place in places:
        if out and place == out[-1][1] + 1:
            out[-1] = out[-1][0], place
        else:
            out.append((place, place))
    return out
