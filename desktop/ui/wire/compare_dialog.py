"""Two recordings side by side: what differs in text, tools, order and time."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from desktop.core.asks.textdiff import Piece, pieces
from desktop.core.asks.visible import one_line, visible
from desktop.core.errors import SluiceError
from desktop.core.language import tr
from desktop.core.recordings.comparison import HOW, Comparison, How, Pair
from desktop.core.recordings.comparison_words import as_text, took, verdict
from desktop.core.recordings.recording import Recording
from desktop.services.recording.comparing import compared
from desktop.services.recording.files import load
from desktop.services.system.daemon import in_daemon
from desktop.services.tasks import spawn
from desktop.ui.approvals.arguments_view import current_theme
from desktop.ui.labels import ElidedLabel, PlainLabel
from desktop.ui.timeline.paint import mixed
from desktop.ui.wire.replaying import recording_kinds

_SIGNS: dict[How, str] = {"same": "=", "changed": "≠", "moved": "⇄", "only a": "−", "only b": "+"}
_MOST = 5_000  # steps that are listed
_MOST_TEXT = 200_000  # characters of one fact that are shown
_FITS, _TAKES = QHeaderView.ResizeMode.ResizeToContents, QHeaderView.ResizeMode.Stretch
_PAIR = Qt.ItemDataRole.UserRole


class CompareDialog(QDialog):
    """`first` is (name, recording) of the one that is looked at already. Nothing is sent by looking."""

    def __init__(self, folder: Path, first: tuple[str, Recording] | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("compare_dialog")
        self.setWindowTitle(tr("Compare recordings"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._folder = folder
        self._sides: list[tuple[str, Recording] | None] = [first, None]
        self._found: Comparison | None = None
        self._work = spawn(self._compare(), "compare recordings")
        self.finished.connect(lambda _: self._work.cancel())
        self._build()
        self._tell()
        self.resize(900, 760)

    # ---- building

    def _build(self) -> None:
        self._names = [ElidedLabel(), ElidedLabel()]
        self._choose = [QPushButton(tr("Choose…")), QPushButton(tr("Choose…"))]
        self._state = PlainLabel("", wrap=True, heading="true")
        self._state.setObjectName("compare_verdict")
        self._figures = _tree("compare_figures", tr("Figures of both"), ("", tr("Figure"), "A", "B"))
        self._steps = _tree("compare_steps", tr("What happened"), ("", tr("Step"), "A", "B"))
        for column, mode in enumerate((_FITS, _FITS, _TAKES, _TAKES)):
            self._figures.header().setSectionResizeMode(column, mode)
        self._figures.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._steps.currentItemChanged.connect(lambda row, _: self._show_pair(row))
        self._only = QCheckBox(tr("Only what differs"), objectName="compare_only", checked=True)
        self._only.toggled.connect(lambda _: self._fill_steps())
        self._detail = QPlainTextEdit(readOnly=True, undoRedoEnabled=False, tabChangesFocus=True)
        self._detail.setObjectName("compare_detail")
        self._detail.setAccessibleName(tr("The step in both recordings"))
        self._detail.setPlaceholderText(tr("Choose a step to see what differs in it."))
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        for widget in (self._steps, self._detail):
            split.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 12)
        layout.setSpacing(8)
        for side in (0, 1):
            layout.addLayout(self._side(side))
        layout.addWidget(self._state)
        layout.addWidget(self._figures)
        layout.addWidget(split, 1)
        layout.addLayout(self._foot())

    def _side(self, side: int) -> QHBoxLayout:
        letter = PlainLabel("AB"[side], heading="true")
        button = self._choose[side]
        button.setObjectName(f"compare_choose_{'ab'[side]}")
        button.setAccessibleName(tr("Choose recording {side}", side="AB"[side]))
        button.clicked.connect(lambda: self.ask_which(side))
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(letter)
        row.addWidget(self._names[side], 1)
        row.addWidget(button)
        return row

    def _foot(self) -> QHBoxLayout:
        self._copy = QPushButton(tr("Copy the report"))
        self._copy.clicked.connect(self._put_on_clipboard)
        close = QPushButton(tr("Close"))
        close.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.addWidget(self._only)
        row.addStretch(1)
        row.addWidget(self._copy)
        row.addWidget(close)
        return row

    # ---- choosing

    def ask_which(self, side: int) -> None:
        """Let the person choose the file of a side, 0 or 1."""
        dialog = QFileDialog(self, tr("Choose recording {side}", side="AB"[side]), str(self._folder), recording_kinds())
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda path: self.use(side, Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def use(self, side: int, path: Path) -> None:
        """Take this file for a side, 0 or 1."""
        self._folder = path.parent
        self._work.cancel()
        self._work = spawn(self._take(side, path), "compare recordings")

    async def _take(self, side: int, path: Path) -> None:
        try:
            self._sides[side] = path.name, await in_daemon(lambda: load(path), "read recording")
        except SluiceError as error:
            self._state.setText(error.headline)
            return
        await self._compare()

    async def _compare(self) -> None:
        a, b = self._sides
        self._found = None
        if a is not None and b is not None:
            self._state.setText(tr("Comparing…"))
            self._found = await compared(a[1], b[1])
        self._tell()

    # ---- what is seen

    def _tell(self) -> None:
        for side, label in zip(self._sides, self._names, strict=True):
            label.setText(side[0] if side else tr("No recording is chosen yet."))
        found = self._found
        self._state.setText(verdict(found) if found else tr("Choose two recordings of the same task."))
        self._copy.setEnabled(found is not None)
        self._figures.clear()
        for figure in found.figures if found else ():
            sign = "" if figure.timed else _SIGNS["same" if figure.same else "changed"]
            row = QTreeWidgetItem(self._figures, [sign, figure.name, one_line(figure.a), one_line(figure.b)])
            self._tint(row, figure.same or figure.timed)
        self._figures.setVisible(found is not None)
        rows = self._figures.topLevelItemCount()
        self._figures.setFixedHeight(self._figures.header().height() + 4 + rows * (self.fontMetrics().height() + 8))
        self._fill_steps()

    def _fill_steps(self) -> None:
        self._steps.clear()
        pairs = self._found.pairs if self._found else ()
        wanted = [pair for pair in pairs if pair.how != "same" or not self._only.isChecked()]
        for pair in wanted[:_MOST]:
            title = one_line(f"{pair.step.title}  ·  {tr(HOW[pair.how])}")
            row = QTreeWidgetItem(self._steps, [_SIGNS[pair.how], title, *took(pair)])
            row.setData(0, _PAIR, pair)
            self._tint(row, pair.how == "same")
        if len(wanted) > _MOST:
            QTreeWidgetItem(self._steps, ["", tr("The report has the others.")])
        self._steps.setCurrentItem(self._steps.topLevelItem(0))
        if not wanted:
            self._show_pair(None)

    def _tint(self, row: QTreeWidgetItem, same: bool) -> None:
        if same:
            for column in range(4):
                row.setForeground(column, current_theme().muted)

    def _show_pair(self, row: QTreeWidgetItem | None) -> None:
        pair = row.data(0, _PAIR) if row is not None else None
        self._detail.clear()
        if isinstance(pair, Pair):
            _Writer(self._detail).write(pair)

    def _put_on_clipboard(self) -> None:
        a, b = self._sides
        if self._found is not None and a is not None and b is not None:
            QGuiApplication.clipboard().setText(as_text(self._found, a[0], b[0]))


class _Writer:
    """Writes what a pair of steps holds: what only A has struck through, what only B has underlined."""

    def __init__(self, view: QPlainTextEdit) -> None:
        theme = current_theme()
        self._view, self._cursor = view, QTextCursor(view.document())
        self._plain, self._head = QTextCharFormat(), QTextCharFormat()
        self._head.setForeground(theme.muted)
        self._gone, self._new = _on(mixed(theme.error, theme.page, 0.22)), _on(mixed(theme.ok, theme.page, 0.22))
        self._gone.setFontStrikeOut(True)
        self._new.setFontUnderline(True)

    def write(self, pair: Pair) -> None:
        """Everything of it; facts that differ first."""
        self._cursor.beginEditBlock()
        for what, a, b in pair.differs:
            self._fact(tr(what), pieces(a[:_MOST_TEXT], b[:_MOST_TEXT]))
        known = {what for what, _, _ in pair.differs}
        for what, text in pair.step.facts:
            if what not in known:
                how = pair.how if pair.how in ("only a", "only b") else "same"
                self._fact(tr(what), [Piece(how, text[:_MOST_TEXT])])  # type: ignore[arg-type]
        self._cursor.endEditBlock()
        self._view.moveCursor(QTextCursor.MoveOperation.Start)

    def _fact(self, what: str, found: list[Piece]) -> None:
        if self._cursor.position():
            self._cursor.insertText("\n\n", self._plain)
        self._cursor.insertText(f"{what}\n", self._head)
        for piece in found:
            look = {"same": self._plain, "only a": self._gone, "only b": self._new}[piece.how]
            self._cursor.insertText(visible(piece.text), look)


def _on(ground: QColor) -> QTextCharFormat:
    made = QTextCharFormat()
    made.setBackground(ground)
    return made


def _tree(name: str, accessible: str, columns: tuple[str, ...]) -> QTreeWidget:
    tree = QTreeWidget(objectName=name)
    tree.setAccessibleName(accessible)
    tree.setHeaderLabels(columns)
    tree.setRootIsDecorated(False)
    tree.setUniformRowHeights(True)
    tree.setAllColumnsShowFocus(True)
    head = tree.header()
    head.setStretchLastSection(False)
    head.setSectionResizeMode(_FITS)
    head.setSectionResizeMode(1, _TAKES)
    return tree
