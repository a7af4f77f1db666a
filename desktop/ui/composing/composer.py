"""Where the person types: Return sends, Shift+Return breaks the line, never while an input method composes."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QSize, Qt, Signal
from PySide6.QtGui import QImage, QInputMethodEvent, QKeyEvent, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QSizePolicy, QWidget

from desktop.core.language import tr

_MOST_LINES = 10
_FEWEST_LINES = 2


class Composer(QPlainTextEdit):
    """Grows with its text up to ten lines. Signals: `send_wanted()`; `files_given(list[str])` for dropped or pasted
    local files; `picture_given(QImage)` for a bitmap, `data_given(str)` for one in a `data:` address; `older_wanted()`
    and `newer_wanted()` for Up and Down where nothing is typed: the field is empty, or holds what `recall` put there.
    """

    send_wanted = Signal()
    files_given = Signal(list)
    picture_given = Signal(QImage)
    data_given = Signal(str)
    older_wanted = Signal()
    newer_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("composer")
        self.setAccessibleName(tr("Message"))
        self.setPlaceholderText(tr("Ask anything. Drop pictures here."))
        self.setTabChangesFocus(True)
        self.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._composing = False
        self._recalled = ""
        self.document().documentLayout().documentSizeChanged.connect(lambda _: self.updateGeometry())

    def sizeHint(self) -> QSize:
        lines = max(_FEWEST_LINES, min(_MOST_LINES, round(self.document().size().height())))
        margins = self.contentsMargins()
        height = lines * self.fontMetrics().lineSpacing() + 2 * round(self.document().documentMargin())
        return QSize(super().sizeHint().width(), height + margins.top() + margins.bottom() + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def put(self, text: str, cursor: int | None = None) -> None:
        """Fill the field, the cursor at `cursor` or at the end."""
        self.setPlainText(text)
        place = self.textCursor()
        place.setPosition(len(text) if cursor is None else min(cursor, len(text)))
        self.setTextCursor(place)

    def recall(self, text: str) -> None:
        """Show an earlier message, from where Up and Down lead on."""
        self.put(text)
        self._recalled = text

    @property
    def recalled(self) -> bool:
        """Whether the field holds an earlier message, unchanged."""
        return bool(self._recalled) and self.toPlainText() == self._recalled

    def _walks(self, key: int) -> bool:
        """Whether Up or Down leads to another message, not to another line."""
        here = self.textCursor()
        if key == Qt.Key.Key_Up:
            return self.document().isEmpty() or (self.recalled and not here.movePosition(here.MoveOperation.Up))
        return key == Qt.Key.Key_Down and self.recalled and not here.movePosition(here.MoveOperation.Down)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        self._composing = bool(event.preeditString())
        super().inputMethodEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        is_return = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if is_return and held == Qt.KeyboardModifier.NoModifier:
            if not self._composing and not event.isAutoRepeat():
                self.send_wanted.emit()
            return
        if not held and self._walks(event.key()):
            (self.older_wanted if event.key() == Qt.Key.Key_Up else self.newer_wanted).emit()
            return
        super().keyPressEvent(event)

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return source.hasImage() or bool(_local_files(source)) or super().canInsertFromMimeData(source)

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Pictures and local files become attachments; everything else is plain text, addresses too."""
        if files := _local_files(source):
            self.files_given.emit(files)
        elif source.hasImage() and not source.hasText():
            self.picture_given.emit(QImage(source.imageData()))
        elif data := _data_urls(source):
            for text in data:
                self.data_given.emit(text)
        elif source.hasText():
            self.insertPlainText(source.text())
        self.ensureCursorVisible()

    def move_to_end(self) -> None:
        """Put the cursor behind the last letter."""
        self.moveCursor(QTextCursor.MoveOperation.End)


def _local_files(source: QMimeData) -> list[str]:
    """The paths of local files in a drop or paste; addresses of other computers are never opened."""
    if not source.hasUrls():
        return []
    paths = [url.toLocalFile() for url in source.urls() if url.isLocalFile() and not url.host()]
    return [path for path in paths if path]


def _data_urls(source: QMimeData) -> list[str]:
    """Pictures that are whole in an address, alone in a paste or among the addresses of a drop."""
    texts = [url.toString() for url in source.urls()] if source.hasUrls() else [source.text()]
    return [text for text in texts if text[:11].lower() == "data:image/"]
