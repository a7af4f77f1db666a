"""Pictures that try a program: huge, cut, misnamed, moving, turned, and those that are none."""

from __future__ import annotations

import os
import struct
import zlib

from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QColor, QImage


def saved(image: QImage, kind: str, quality: int = -1) -> bytes:
    """A picture's bytes, as Qt writes them."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    assert image.save(buffer, kind, quality)  # type: ignore[call-overload]
    return bytes(buffer.data().data())


def drawn(kind: str, width: int = 64, height: int = 40) -> bytes:
    """A small picture: red on the left, blue on the right."""
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    for x in range(width // 2, width):
        for y in range(height):
            image.setPixelColor(x, y, QColor("blue"))
    return saved(image, kind)


def photo(width: int, height: int) -> bytes:
    """A large JPEG, made in little memory."""
    image = QImage(width, height, QImage.Format.Format_Grayscale8)
    image.fill(128)
    return saved(image, "JPEG", 80)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, rows: int | None = None) -> bytes:
    """A PNG of one colour whose header says `width` × `height`; with `rows`, only so many of them are in it."""
    packer, row = zlib.compressobj(9), b"\0" + b"\x40\x80\xc0" * width
    content = b"".join(packer.compress(row) for _ in range(height if rows is None else rows)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", content) + chunk(b"IEND", b"")


def noisy(width: int, height: int) -> bytes:
    """A PNG that cannot be packed: about three bytes a pixel."""
    rows = b"".join(b"\0" + os.urandom(width * 3) for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 0)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def turned(data: bytes, orientation: int = 6) -> bytes:
    """A JPEG with an Exif block: its orientation, a maker, and a place."""
    tags = struct.pack("<2sHIH", b"II", 42, 8, 3)
    tags += struct.pack("<HHII", 0x010F, 2, 4, 0x656E6F) + struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    tags += struct.pack("<HHII", 0x8825, 4, 1, 50) + bytes(4) + struct.pack("<HI", 0, 0)
    block = b"Exif\0\0" + tags
    return data[:2] + struct.pack(">BBH", 0xFF, 0xE1, len(block) + 2) + block + data[2:]


def gif(frames: int) -> bytes:
    """A GIF of 2 × 2 pixels with so many frames."""
    head = b"GIF89a" + struct.pack("<HHBBB", 2, 2, 0x80, 0, 0) + b"\xff\0\0\0\0\xff"
    loop = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
    frame = b"\x21\xf9\x04\0\x0a\0\0\0" + b"\x2c" + struct.pack("<HHHHB", 0, 0, 2, 2, 0) + b"\x02\x03\x44\x02\x05\0"
    return head + loop + frame * frames + b"\x3b"
