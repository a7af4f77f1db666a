"""Shows a tool's arguments literally: every character can be read, nothing is drawn as markup.

Megabytes are laid out in slices between events, and the view knows when its end was truly painted.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFontDatabase,
    QGuiApplication,
    QPaintEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextOption,
)
from PySide6.QtWidgets import QPlainTextEdit, QSizePolicy, QWidget

from desktop.core.asks.arguments import Line, as_text
from desktop.core.asks.visible import MARK, OPEN, look_alikes, marks
from desktop.core.language import tr
from desktop.ui.theme import DARK, LIGHT, Theme

_FIRST, _LATER = 0.020, 0.008  # seconds that one slice of laying out may take
_MOST_HINTS = 5


def current_theme() -> Theme:
    """Our colours that go with the program's palette. A widget's own tells nothing: style sheets change it."""
    return DARK if QGuiApplication.palette().window().color().lightness() < 128 else LIGHT


class LiteralView(QPlainTextEdit):
    """Lines to read. Signals: `end_shown()` once the last line was painted; `loaded()` when all lines are in.

    `hints` and `marked` tell, once loaded, which characters deserve a second look and how many were marked."""

    end_shown = Signal()
    loaded = Signal()

    def __init__(self, parent: QWidget | None = None, *, most_lines: int = 22) -> None:
        self._theme: Theme | None = None
        super().__init__(parent)
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setTabChangesFocus(True)
        flags = Qt.TextInteractionFlag
        self.setTextInteractionFlags(flags.TextSelectableByMouse | flags.TextSelectableByKeyboard)
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        option = QTextOption()
        option.setTextDirection(Qt.LayoutDirection.LeftToRight)
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.document().setDefaultTextOption(option)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._most_lines = most_lines
        self._source: Callable[[], Iterable[Line]] = tuple
        self._lines: Iterator[Line] = iter(())
        self._formats: dict[str, tuple[QTextBlockFormat, QTextCharFormat]] = {}
        self._later = QTimer(self, interval=0)
        self._later.timeout.connect(lambda: self._lay_out(_LATER))
        self.hints: dict[str, None] = {}
        self.marked = 0
        self.is_loaded = self.was_shown = True

    def show_lines(self, lines: Callable[[], Iterable[Line]]) -> None:
        """Show other lines, from the top. `lines` is called again when the colours change."""
        self._source = lines
        self.clear()
        self._theme = current_theme()
        self._formats, self._mark_format = _formats(self._theme), _mark_format(self._theme)
        self._lines, self.hints, self.marked = iter(lines()), {}, 0
        self.is_loaded = self.was_shown = False
        self._lay_out(_FIRST)
        self.moveCursor(QTextCursor.MoveOperation.Start)
        self.updateGeometry()

    def changeEvent(self, event: QEvent) -> None:
        """Other colours: the same lines again, and what was read stays read."""
        super().changeEvent(event)
        if event.type() != QEvent.Type.PaletteChange or self._theme is None or current_theme() is self._theme:
            return
        read, place = self.was_shown, self.verticalScrollBar().value()
        self.show_lines(self._source)
        self.was_shown = read
        self.verticalScrollBar().setValue(place)

    def rest(self) -> int:
        """How many lines are below what can be seen now, as far as is known."""
        last = self.cursorForPosition(QPoint(self.viewport().width() - 1, self.viewport().height() - 1))
        return max(0, self.blockCount() - 1 - last.blockNumber())

    def sizeHint(self) -> QSize:
        spacing, width = self.fontMetrics().lineSpacing(), max(200, self.viewport().width())
        rows, block = 0, self.document().begin()
        while block.isValid() and rows < self._most_lines:
            rows += 1 + self.fontMetrics().horizontalAdvance(block.text()[:3_000]) // width
            block = block.next()
        return QSize(560, min(rows, self._most_lines) * spacing + self._edges())

    def minimumSizeHint(self) -> QSize:
        hint = self.sizeHint()
        return QSize(160, min(hint.height(), 4 * self.fontMetrics().lineSpacing() + self._edges()))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.is_loaded and not self.was_shown and self._end_is_visible():
            self.was_shown = True
            QTimer.singleShot(0, self._announce)  # never from inside a paint

    def _announce(self) -> None:
        """By now other lines may have come, whose end nobody has seen."""
        if self.was_shown:
            self.end_shown.emit()

    def _edges(self) -> int:
        return 2 * (self.frameWidth() + int(self.document().documentMargin())) + 16

    def _end_is_visible(self) -> bool:
        bar = self.verticalScrollBar()
        if bar.value() < bar.maximum():
            return False
        end = self.cursorRect(self._end())
        return end.bottom() <= self.viewport().height() + 2

    def _end(self) -> QTextCursor:
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        return cursor

    def _lay_out(self, budget: float) -> None:
        until = time.perf_counter() + budget
        cursor = self._end()
        cursor.beginEditBlock()
        done = self._insert_until(cursor, until)
        cursor.endEditBlock()
        if done and not self.is_loaded:
            self._later.stop()
            self.is_loaded = True
            self.viewport().update()
            self.loaded.emit()
        elif not done:
            self._later.start()

    def _insert_until(self, cursor: QTextCursor, until: float) -> bool:
        """Insert lines until the time is up. Returns whether that was all."""
        for line in self._lines:
            self._insert(cursor, line)
            if time.perf_counter() > until:
                return False
        return True

    def _insert(self, cursor: QTextCursor, line: Line) -> None:
        block, characters = self._formats[line.kind]
        if cursor.position() == 0 and self.blockCount() == 1:
            cursor.setBlockFormat(block)
        else:
            cursor.insertBlock(block)
        if OPEN not in line.text:
            cursor.insertText(line.text, characters)
        else:
            self._insert_marked(cursor, line.text, characters)
        if not line.text.isascii() and len(self.hints) < _MOST_HINTS:
            self.hints.update(dict.fromkeys(look_alikes(line.text)))

    def _insert_marked(self, cursor: QTextCursor, text: str, characters: QTextCharFormat) -> None:
        self.marked += marks(text)
        at = 0
        for mark in MARK.finditer(text):
            cursor.insertText(text[at : mark.start()], characters)
            cursor.insertText(mark[0], self._mark_format)
            at = mark.end()
        cursor.insertText(text[at:], characters)


class ArgumentsEditor(QPlainTextEdit):
    """Arguments as JSON to edit. `value()` is the value typed; it raises ValueError, in words, for what is no JSON."""

    def __init__(self, args: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("approval_editor")
        self.setAccessibleName(tr("Arguments to edit, as JSON"))
        self.setTabChangesFocus(True)
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.setMinimumHeight(10 * self.fontMetrics().lineSpacing())
        self._type = type(args)
        self.setPlainText(as_text(args))

    def value(self) -> Any:
        try:
            found = json.loads(self.toPlainText())
        except json.JSONDecodeError as error:
            raise ValueError(
                tr("Line {line}, column {column}: this is not valid JSON.", line=error.lineno, column=error.colno)
            ) from error
        except RecursionError as error:
            raise ValueError(tr("This is nested too deeply.")) from error
        if isinstance(found, dict) != issubclass(self._type, dict):
            raise ValueError(tr("The arguments must stay an object: { … }."))
        return found


def _formats(theme: Theme) -> dict[str, tuple[QTextBlockFormat, QTextCharFormat]]:
    code = theme.code_bg
    return {
        "frame": _format(theme.code["name"], None),
        "note": _format(theme.muted, None),
        "said": _format(theme.text, None),
        "text": _format(theme.code_text, code),
        "code": _format(theme.code_text, code, bold=True),
        "same": _format(theme.code_text, code),
        "added": _format(theme.ok, _tint(theme.ok, theme.page)),
        "removed": _format(theme.error, _tint(theme.error, theme.page)),
    }


def _format(colour: QColor, back: QColor | None, bold: bool = False) -> tuple[QTextBlockFormat, QTextCharFormat]:
    block, characters = QTextBlockFormat(), QTextCharFormat()
    if back is not None:
        block.setBackground(back)
    characters.setForeground(colour)
    if bold:
        characters.setFontWeight(600)
    return block, characters


def _mark_format(theme: Theme) -> QTextCharFormat:
    characters = QTextCharFormat()
    characters.setForeground(theme.page)
    characters.setBackground(theme.warning)
    return characters


def _tint(colour: QColor, page: QColor) -> QColor:
    parts = ((c * 12 + p * 88) // 100 for c, p in zip(colour.getRgb()[:3], page.getRgb()[:3], strict=True))  # type: ignore[index]
    return QColor(*parts)
