"""Small pictures from bytes of unknown goodness: the size is read from the header before anything is decoded."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, QRunnable, QSize, Qt, QThreadPool, Signal
from PySide6.QtGui import QImage, QImageReader

_MOST_PIXELS = 120_000_000
_AT_ONCE = 500_000  # pixels that are decoded without a thread: below a frame
_KEEP = Qt.AspectRatioMode.KeepAspectRatio
_FORMATS = (b"png", b"jpeg", b"webp", b"gif", b"bmp")


class Thumbnailer(QObject):
    """Signal `ready(QImage, QSize, words)`: the thumbnail (null if there is none), the picture's true size, and why
    there is no thumbnail. Comes from `start` itself for small pictures, later for large ones."""

    ready = Signal(QImage, QSize, str)

    def __init__(self, data: bytes, side: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._data, self._side = data, side

    def start(self) -> None:
        """Begin; `ready` comes exactly once."""
        source = _Source(self._data)
        size = source.reader.size()
        if size.width() * size.height() <= _AT_ONCE:
            self.ready.emit(*thumbnail(self._data, self._side))
            return
        # The job lives on its own: this object may be gone before it ends.
        job = _Job(self._data, self._side)
        job.told.ready.connect(self.ready)
        QThreadPool.globalInstance().start(job)


def thumbnail(data: bytes, side: int) -> tuple[QImage, QSize, str]:
    """A picture of at most `side` pixels each way, the true size, and words if there is no thumbnail."""
    source = _Source(data)
    reader, size = source.reader, source.reader.size()
    if bytes(reader.format().data()) not in _FORMATS:
        return QImage(), QSize(), "not a picture we can draw"
    if not size.isValid() or size.isEmpty():
        return QImage(), QSize(), "its size cannot be read"
    if size.width() * size.height() > _MOST_PIXELS:
        return QImage(), size, ""
    reader.setAutoTransform(True)
    reader.setScaledSize(size.scaled(side, side, _KEEP).boundedTo(size).expandedTo(QSize(1, 1)))
    picture = reader.read()
    turned = reader.transformation().value & 4  # a quarter turn: width and height change places
    return picture, size.transposed() if turned else size, "" if not picture.isNull() else "cannot be drawn"


class _Source:
    """A reader that knows the type by content alone. It and its buffer must go together, or Qt reads freed memory."""

    def __init__(self, data: bytes) -> None:
        self._buffer = QBuffer()
        self._buffer.setData(QByteArray(data))
        self._buffer.open(QIODevice.OpenModeFlag.ReadOnly)
        self.reader = QImageReader(self._buffer)
        self.reader.setDecideFormatFromContent(True)


class _Told(QObject):
    ready = Signal(QImage, QSize, str)


class _Job(QRunnable):
    def __init__(self, data: bytes, side: int) -> None:
        super().__init__()
        self.told = _Told()
        self._data, self._side = data, side

    def run(self) -> None:
        self.told.ready.emit(*thumbnail(self._data, self._side))
