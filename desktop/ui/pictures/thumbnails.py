"""Small pictures from bytes of unknown goodness: the size is read from the header before anything is decoded."""

from __future__ import annotations

import re
from threading import Lock

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, QRunnable, QSize, Qt, QThreadPool, Signal
from PySide6.QtGui import QImage, QImageReader

from desktop.core.language import tr

_MOST_WHOLE = 32_000_000  # pixels that may be decoded in one piece: 128 MB
_MOST_SCALED = 120_000_000  # pixels of a picture that can be made smaller while it is decoded
_AT_ONCE = 500_000  # pixels that are decoded without a thread: below a frame
_KEEP = Qt.AspectRatioMode.KeepAspectRatio
_PROGRESSIVE = re.compile(rb"\xff\xc2\x00[\x08-\x14]\x08")  # the frame header of a progressive JPEG
ONE_AT_A_TIME = Lock()  # large pictures are decoded one after the other, for the memory's sake
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
        source = Source.of(self._data)
        if source is None or _pixels(source.size()) <= _AT_ONCE:
            self.ready.emit(*thumbnail(self._data, self._side))
            return
        # The job lives on its own: this object may be gone before it ends.
        job = _Job(self._data, self._side)
        job.told.ready.connect(self.ready)
        QThreadPool.globalInstance().start(job)


class Previews(QObject):
    """Signal `arrived()`: a preview that is shown somewhere has been decoded."""

    arrived = Signal()


_previews: Previews | None = None


def previews() -> Previews:
    """The one of this process."""
    global _previews
    if _previews is None:
        _previews = Previews()
    return _previews


class Preview:
    """A picture for painting: its `size` is known at once, `image` is null until it is decoded. `pending` while it may
    still come; `previews().arrived` tells when it did."""

    def __init__(self, data: bytes, side: int) -> None:
        self.image, self.pending = QImage(), True
        source = Source.of(data)
        size = source.size() if source is not None else QSize()
        self.size = size.transposed() if source is not None and source.is_turned() else size
        self._maker = Thumbnailer(data, side)
        self._maker.ready.connect(self._take)
        self._maker.start()

    def _take(self, image: QImage, size: QSize, words: str) -> None:
        self.image, self.pending = image, False
        previews().arrived.emit()


def thumbnail(data: bytes, side: int) -> tuple[QImage, QSize, str]:
    """A picture of at most `side` pixels each way, the true size, and words if there is no thumbnail."""
    source = Source.of(data)
    if source is None:
        return QImage(), QSize(), tr("no preview")
    size = source.size()
    if not size.isValid() or size.isEmpty():
        return QImage(), QSize(), "damaged"
    if not can_decode(data):
        return QImage(), size, ""  # its size says enough
    if _pixels(size) <= _AT_ONCE:
        picture = source.read(side)
    else:
        with ONE_AT_A_TIME:
            picture = source.read(side)
    return picture, size.transposed() if source.is_turned() else size, "" if not picture.isNull() else "damaged"


def can_decode(data: bytes) -> bool:
    """Whether the header asks for no more memory than is right. A progressive JPEG is held whole, as others are."""
    source = Source.of(data)
    if source is None:
        return False
    is_scaled = source.format in (b"jpeg", b"webp") and not _PROGRESSIVE.search(data[:200_000])
    return _pixels(source.size()) <= (_MOST_SCALED if is_scaled else _MOST_WHOLE)


def _pixels(size: QSize) -> int:
    return max(0, size.width()) * max(0, size.height())


def _format_of(data: bytes) -> bytes | None:
    """The picture's type by its first bytes. Qt is never left to guess: it would start its SVG reader, which opens what
    a drawing names and can be made to hang."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return b"webp"
    return next((name for name, start in _STARTS.items() if data.startswith(start)), None)


class Source:
    """A reader of one known type. It and its buffer must go together, or Qt reads freed memory."""

    def __init__(self, data: bytes, format_: bytes) -> None:
        self.format = format_
        self._buffer = QBuffer()
        self._buffer.setData(QByteArray(data))
        self._buffer.open(QIODevice.OpenModeFlag.ReadOnly)
        self._reader = QImageReader(self._buffer, QByteArray(format_))
        self._reader.setAutoDetectImageFormat(False)
        self._reader.setAutoTransform(True)

    @classmethod
    def of(cls, data: bytes) -> Source | None:
        """A reader of these bytes, or None if they are of no type that is read here."""
        known = _format_of(data)
        return cls(data, known) if known else None

    def size(self) -> QSize:
        """The size as it is stored, from the header."""
        return self._reader.size()

    def is_turned(self) -> bool:
        """Whether a quarter turn makes width and height change places."""
        return bool(self._reader.transformation().value & 4)

    def read(self, side: int) -> QImage:
        """The picture, upright, at most `side` pixels each way; null if it cannot be read."""
        size = self.size()
        self._reader.setScaledSize(size.scaled(side, side, _KEEP).boundedTo(size).expandedTo(QSize(1, 1)))
        return self._reader.read()


class _Told(QObject):
    ready = Signal(QImage, QSize, str)


class _Job(QRunnable):
    def __init__(self, data: bytes, side: int) -> None:
        super().__init__()
        self.told = _Told()
        self._data, self._side = data, side

    def run(self) -> None:
        self.told.ready.emit(*thumbnail(self._data, self._side))
