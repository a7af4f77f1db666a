"""The pictures that go with the next message, as a row of thumbnails over the composer."""

from __future__ import annotations

import os
from functools import partial

from PySide6.QtCore import QByteArray, QEvent, QMimeData, QPoint, QSize, Qt, QTemporaryDir, QUrl, Signal
from PySide6.QtGui import (
    QDrag,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.core.asks.visible import one_line
from desktop.core.language import number, tr, trn
from desktop.core.requests import Image
from desktop.ui.approvals.arguments_view import current_theme
from desktop.ui.icons import icon
from desktop.ui.labels import ElidedLabel, PlainLabel, announce, literal_tip
from desktop.ui.pictures.thumbnails import Thumbnailer

SIDE = 56  # pixels of a thumbnail's longer side
_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
_MIME = "application/x-sluice-attachment"
_ENDINGS = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/gif": ".gif"}


class AttachmentStrip(QScrollArea):
    """Signal `changed()`: pictures came, went or moved. Hidden while empty."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("attachment_strip")
        self.setAccessibleName(tr("Pictures to send"))
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAcceptDrops(True)
        self._thumbs: list[Thumb] = []
        self.coming = 0  # pictures that are being made ready
        self._folder: QTemporaryDir | None = None  # for files dragged out; Qt removes it with the strip
        self._inside = QWidget()
        self._row = QHBoxLayout(self._inside)
        self._row.setContentsMargins(4, 4, 4, 4)
        self._row.setSpacing(8)
        self._row.addStretch(1)
        self.setWidget(self._inside)
        self.viewport().setAutoFillBackground(False)
        self._inside.setAutoFillBackground(False)
        self.hide()

    def add(self, image: Image, note: str = "", original: Image | None = None) -> None:
        """Add a picture at the end. `note` says what was done to it, for instance that places were removed; with an
        `original` the person can choose to send that instead."""
        thumb = Thumb(image, note, self, original)
        thumb.swapped.connect(self.changed)
        thumb.remove_wanted.connect(partial(self._remove, thumb))
        thumb.step_wanted.connect(partial(self._step, thumb))
        thumb.focus_wanted.connect(partial(self._focus_next, thumb))
        thumb.drag_wanted.connect(partial(self._drag, thumb))
        self._thumbs.append(thumb)
        self._row.insertWidget(len(self._thumbs) - 1, thumb)
        self._settle()
        announce(self, tr("Attached: {picture}", picture=thumb.accessibleName()))

    def images(self) -> tuple[Image, ...]:
        """The pictures in their order."""
        return tuple(thumb.image for thumb in self._thumbs)

    def clear(self) -> None:
        """Remove all pictures."""
        if self._thumbs:
            for thumb in self._thumbs:
                self._drop(thumb)
            self._thumbs = []
            self._settle()

    def sizeHint(self) -> QSize:
        bar = self.horizontalScrollBar()
        return QSize(200, self._inside.sizeHint().height() + (bar.sizeHint().height() if bar.isVisible() else 0))

    def minimumSizeHint(self) -> QSize:
        return QSize(80, self.sizeHint().height())

    # ---- order

    def _remove(self, thumb: Thumb) -> None:
        at, had_focus = self._thumbs.index(thumb), thumb.hasFocus() or thumb.isAncestorOf(QApplication.focusWidget())
        self._thumbs.remove(thumb)
        self._drop(thumb)
        self._settle()
        announce(self.window(), tr("Removed: {picture}", picture=one_line(thumb.image.name, 80)))
        if had_focus and self._thumbs:
            self._thumbs[min(at, len(self._thumbs) - 1)].setFocus(Qt.FocusReason.TabFocusReason)
        elif had_focus and (after := self.nextInFocusChain()):
            after.setFocus(Qt.FocusReason.TabFocusReason)

    def _drop(self, thumb: Thumb) -> None:
        self._row.removeWidget(thumb)
        thumb.hide()
        thumb.deleteLater()

    def _step(self, thumb: Thumb, by: int) -> None:
        self._move(self._thumbs.index(thumb), self._thumbs.index(thumb) + by)

    def _move(self, old: int, new: int) -> None:
        new = max(0, min(new, len(self._thumbs) - 1))
        if old == new:
            return
        thumb = self._thumbs.pop(old)
        self._thumbs.insert(new, thumb)
        self._row.removeWidget(thumb)
        self._row.insertWidget(new, thumb)
        self._settle()
        self.ensureWidgetVisible(thumb)
        announce(self, thumb.accessibleName())

    def _focus_next(self, thumb: Thumb, by: int) -> None:
        at = self._thumbs.index(thumb) + by
        if 0 <= at < len(self._thumbs):
            self._thumbs[at].setFocus(Qt.FocusReason.TabFocusReason)
            self.ensureWidgetVisible(self._thumbs[at])

    def _settle(self) -> None:
        """Names tell the place; the tab order is that on screen; an empty strip takes no room."""
        for n, thumb in enumerate(self._thumbs):
            thumb.tell_place(n + 1, len(self._thumbs))
            if n:
                QWidget.setTabOrder(self._thumbs[n - 1].close_button, thumb)
            QWidget.setTabOrder(thumb, thumb.close_button)
        self.setVisible(bool(self._thumbs))
        self.updateGeometry()
        self.changed.emit()

    # ---- dragging

    def _drag(self, thumb: Thumb) -> None:
        drag = QDrag(self)
        drag.setMimeData(self._mime(thumb))
        drag.setPixmap(thumb.pixmap())
        drag.exec(Qt.DropAction.CopyAction | Qt.DropAction.MoveAction, Qt.DropAction.CopyAction)

    def _mime(self, thumb: Thumb) -> QMimeData:
        """The picture as bytes and as a file for other programs, and its place for us. The file's name is ours."""
        place, image = self._thumbs.index(thumb), thumb.image
        mime = QMimeData()
        mime.setData(_MIME, QByteArray(f"{id(self)}:{place}".encode()))
        mime.setData(image.media, QByteArray(image.data))
        if path := self._file_for(image, place):
            mime.setUrls([QUrl.fromLocalFile(path)])
        return mime

    def _file_for(self, image: Image, place: int) -> str | None:
        if self._folder is None:
            self._folder = QTemporaryDir()
        path = self._folder.filePath(f"picture-{place + 1}{_ENDINGS.get(image.media, '.bin')}")
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(image.data)
        except OSError:
            return None  # the bytes are in the drag all the same
        return path

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self._judge(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._judge(event)

    def _judge(self, event: QDragMoveEvent) -> None:
        """Only our own pictures are for us; files from elsewhere go on to the composer's frame."""
        if self._place_in(event.mimeData()) is None:
            event.ignore()
        else:
            event.setDropAction(Qt.DropAction.MoveAction)
            event.accept()

    def dropEvent(self, event: QDropEvent) -> None:
        old = self._place_in(event.mimeData())
        if old is None:
            event.ignore()
            return
        event.setDropAction(Qt.DropAction.MoveAction)
        event.accept()
        x = self._inside.mapFrom(self.viewport(), event.position().toPoint()).x()
        others = (t for n, t in enumerate(self._thumbs) if n != old)
        self._move(old, sum(thumb.geometry().center().x() < x for thumb in others))

    def _place_in(self, mime: QMimeData) -> int | None:
        if not mime.hasFormat(_MIME):
            return None
        owner, _, place = bytes(mime.data(_MIME).data()).decode("ascii", "replace").partition(":")
        return int(place) if owner == str(id(self)) and place.isdigit() and int(place) < len(self._thumbs) else None


class Thumb(QFrame):
    """One picture: Delete removes it, Alt+Left and Alt+Right move it, the arrows go to its neighbours."""

    remove_wanted = Signal()
    step_wanted = Signal(int)
    focus_wanted = Signal(int)
    drag_wanted = Signal()
    swapped = Signal()

    def __init__(self, image: Image, note: str, parent: QWidget, original: Image | None = None) -> None:
        super().__init__(parent)
        self.image, self._note, self._picture = image, note, QImage()
        self._made, self._original = image, original
        self._pressed: QPoint | None = None
        self._about = ""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedHeight(SIDE + 16)
        self.setFixedWidth(232 if original is None else 408)
        self._art = PlainLabel()
        self._art.setFixedSize(SIDE, SIDE)
        self._art.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._name = ElidedLabel(one_line(image.name or tr("picture"), 80))
        self._size = ElidedLabel(_bytes(len(image.data)), muted="true")
        self._said = ElidedLabel(one_line(note, 120), muted="true")
        self._said.setVisible(bool(note))
        self.close_button = QToolButton(autoRaise=True)
        self.close_button.setFixedSize(28, 28)
        self.close_button.setIcon(icon("close", current_theme().muted))
        self.close_button.clicked.connect(self.remove_wanted)
        self._choice = QCheckBox(tr("Send original"))
        self._choice.setObjectName("attachment_original")
        self._choice.setVisible(original is not None)
        if original is not None:
            words = tr("Send the original, {size}", size=_bytes(len(original.data)))
            self._choice.setToolTip(literal_tip(words))
            self._choice.setAccessibleName(words)
        self._choice.toggled.connect(self._choose)
        self._lay_out()
        self._thumbnailer = Thumbnailer(image.data, SIDE * 3, self)
        self._thumbnailer.ready.connect(self._show)
        self._thumbnailer.start()

    def tell_place(self, n: int, of: int) -> None:
        """Its place in the row, for the accessible name."""
        name = one_line(self.image.name or tr("picture"), 80)
        facts = ", ".join(filter(None, (name, self._size.text(), self._note, tr("picture {n} of {of}", n=n, of=of))))
        self._about = tr("{n} of {of}", n=n, of=of)
        self.setAccessibleName(facts)
        self.setAccessibleDescription(tr("Delete removes it, Alt and the arrow keys move it."))
        self.setToolTip(literal_tip("\n".join(filter(None, (name, self._size.text(), self._note)))))
        self.close_button.setAccessibleName(tr("Remove {name}", name=name))
        self.close_button.setToolTip(literal_tip(tr("Remove {name}", name=name)))

    def _choose(self, original: bool) -> None:
        """Send the original, or what was made of it."""
        if self._original is not None:
            self.image = self._original if original else self._made
            self._said.setVisible(bool(self._note) and not original)
            self._thumbnailer = Thumbnailer(self.image.data, SIDE * 3, self)
            self._thumbnailer.ready.connect(self._show)
            self._thumbnailer.start()
            self.swapped.emit()

    def pixmap(self) -> QPixmap:
        """What is drawn, for a drag."""
        return self._art.pixmap()

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addStretch(1)
        for label in (self._name, self._size, self._said):
            words.addWidget(label)
        words.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 4, 4)
        row.setSpacing(8)
        row.addWidget(self._art)
        row.addLayout(words, 1)
        row.addWidget(self._choice)
        row.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)

    def _show(self, picture: QImage, size: QSize, words: str) -> None:
        self._picture = picture
        if size.isValid():
            self._size.setText(f"{number(size.width())} × {number(size.height())}, {_bytes(len(self.image.data))}")
        if words:
            self._size.setText(f"{words}, {_bytes(len(self.image.data))}")
        self._draw()
        n, _, of = self._about.partition(" of ")
        if of:
            self.tell_place(int(n), int(of))

    def _draw(self) -> None:
        ratio = self.devicePixelRatioF()
        side = round(SIDE * ratio)
        if self._picture.isNull():
            self._art.setPixmap(icon("attach", current_theme().muted).pixmap(24, 24))
            return
        scaled = self._picture.scaled(
            side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        pixmap = QPixmap.fromImage(scaled)
        pixmap.setDevicePixelRatio(ratio)
        self._art.setPixmap(pixmap)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        focused = self.hasFocus()
        painter.setPen(QPen(theme.accent if focused else theme.border, 2 if focused else 1))
        painter.setBrush(theme.page)
        inset = 1 if focused else 0
        painter.drawRoundedRect(self.rect().adjusted(inset, inset, -1 - inset, -1 - inset), 8, 8)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def event(self, event: QEvent) -> bool:
        """The keys that move a picture are the window's for something else."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride and event.key() in _STEPS:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.remove_wanted.emit()
        elif event.key() in _STEPS and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self.step_wanted.emit(_STEPS[Qt.Key(event.key())])
        elif event.key() in _STEPS:
            self.focus_wanted.emit(_STEPS[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = event.position().toPoint() if event.button() == Qt.MouseButton.LeftButton else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            return
        if (event.position().toPoint() - self._pressed).manhattanLength() >= QApplication.startDragDistance():
            self._pressed = None
            self.drag_wanted.emit()


def _bytes(size: int) -> str:
    if size < 1_000:
        return trn("{n} byte", "{n} bytes", size)
    return f"{number(size / 1_000)} kB" if size < 1_000_000 else f"{number(size / 1_000_000, 1)} MB"


def _demo() -> None:
    """Try the strip: `python -m desktop.ui.pictures.attachment_strip [dark]`."""
    import sys

    from PySide6.QtCore import QBuffer

    from desktop.ui.theme import DARK, LIGHT, apply

    app = QApplication(sys.argv)
    apply(app, DARK if "dark" in sys.argv else LIGHT)
    strip = AttachmentStrip()
    picture = QImage(640, 400, QImage.Format.Format_RGB32)
    picture.fill("#5aa9c9")
    buffer = QBuffer()
    picture.save(buffer, "PNG")  # type: ignore[call-overload]
    strip.add(Image("a very long name, beach & sea.png", "image/png", bytes(buffer.data().data())), "place removed")
    strip.add(Image("broken.png", "image/png", b"not a picture"))
    strip.show()
    app.exec()


if __name__ == "__main__":
    _demo()
