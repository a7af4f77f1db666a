"""Small pictures from bytes of unknown goodness: the size is read from the header before anything is decoded."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, QRunnable, QSize, Qt, QThreadPool, Signal
from PySide6.QtGui import QImage, QImageReader

_MOST_PIXELS = 120_000_000
_AT_ONCE = 500_000  # pixels that are decoded without a thread: below a frame
_KEEP = Qt.AspectRatioMode.KeepAspectRatio
_STARTS = {b"png": b"\x89PNG\r\n\x1a\n", b"jpeg": b"\xff\xd8\xff", b"gif": b"GIF8", b"bmp": b"BM"}


class Thumbnailer(QObject):
    """Signal `ready(QImage, QSize, words)`: the thumbnail (null if there is none), the picture's true size, and why
    there is no thumbnail. Comes from `start` itself for small pictures, later for large ones."""

    ready = Signal(QImage, QSize, str)

    def __init__(self, data: bytes, side: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._data, self._side = data, side

    def start(self) -> None:
        """Begin; `ready` comes exactly once."""
        known = _format_of(self._data)
        size = _Source(self._data, known).size() if known else QSize()
        if size.width() * size.height() <= _AT_ONCE:
            self.ready.emit(*thumbnail(self._data, self._side))
            return
        # The job lives on its own: this object may be gone before it ends.
        job = _Job(self._data, self._side)
        job.told.ready.connect(self.ready)
        QThreadPool.globalInstance().start(job)


def thumbnail(data: bytes, side: int) -> tuple[QImage, QSize, str]:
    """A picture of at most `side` pixels each way, the true size, and words if there is no thumbnail."""
    known = _format_of(data)
    if known is None:
        return QImage(), QSize(), "no preview"
    source = _Source(data, known)
    reader, size = source.reader, source.size()
    if not size.isValid() or size.isEmpty():
        return QImage(), QSize(), "damaged"
    if size.width() * size.height() > _MOST_PIXELS:
        return QImage(), size, ""  # its size says enough
    reader.setAutoTransform(True)
    reader.setScaledSize(size.scaled(side, side, _KEEP).boundedTo(size).expandedTo(QSize(1, 1)))
    picture = reader.read()
    turned = reader.transformation().value & 4  # a quarter turn: width and height change places
    return picture, size.transposed() if turned else size, "" if not picture.isNull() else "damaged"


def _format_of(data: bytes) -> bytes | None:
    """The picture's type by its first bytes. Qt is never left to guess: it would start its SVG reader, which opens what
    a drawing names and can be made to hang."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return b"webp"
    return next((name for name, start in _STARTS.items() if data.startswith(start)), None)


class _Source:
    """A reader of one known type. It and its buffer must go together, or Qt reads freed memory."""

    def __init__(self, data: bytes, format_: bytes) -> None:
        self._buffer = QBuffer()
        self._buffer.setData(QByteArray(data))
        self._buffer.open(QIODevice.OpenModeFlag.ReadOnly)
        self.reader = QImageReader(self._buffer, QByteArray(format_))
        self.reader.setAutoDetectImageFormat(False)

    def size(self) -> QSize:
        return self.reader.size()


class _Told(QObject):
    ready = Signal(QImage, QSize, str)


class _Job(QRunnable):
    def __init__(self, data: bytes, side: int) -> None:
        super().__init__()
        self.told = _Told()
        self._data, self._side = data, side

    def run(self) -> None:
        self.told.ready.emit(*thumbnail(self._data, self._side))
