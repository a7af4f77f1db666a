"""Pictures: every pixel stays, everything else that a file tells goes, and what is none is refused in words."""

from __future__ import annotations

import os
import struct
import tracemalloc
import zlib
from pathlib import Path

import pytest
from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QColor, QImage

from desktop.core.errors import NotSendable
from desktop.services.pictures.attachments import MAX_BYTES, load, load_image

SPY = b"home is 48.2N 16.4E"
QT_FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "BMP": "image/bmp"}


def drawn(kind: str, width: int = 31, height: int = 17) -> bytes:
    """A picture that Qt wrote."""
    image = QImage(width, height, QImage.Format.Format_RGB32)
    for x in range(width):
        for y in range(height):
            image.setPixelColor(x, y, QColor(x * 8 % 256, y * 15 % 256, (x * y) % 256))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    assert image.save(buffer, kind)  # type: ignore[call-overload]
    return bytes(buffer.data().data())


def pixels(data: bytes) -> tuple[int, int, bytes]:
    """What Qt sees in it."""
    image = QImage.fromData(data)
    assert not image.isNull()
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    return image.width(), image.height(), bytes(image.constBits())


def exif(orientation: int = 1, order: str = "<") -> bytes:
    """A TIFF block with an orientation, a maker and a GPS directory."""
    tags = [(0x010F, 2, len(SPY), 100), (0x0112, 3, 1, orientation), (0x8825, 4, 1, 150)]
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "IH", 8, len(tags))
    entries = b"".join(
        struct.pack(order + "HHI", tag, kind, count)
        + (struct.pack(order + "HH", value, 0) if kind == 3 else struct.pack(order + "I", value))
        for tag, kind, count, value in tags
    )
    return (
        (head + entries + bytes(4)).ljust(100, b"\0")
        + SPY.ljust(50, b"\0")
        + struct.pack(order + "H", 0)
        + bytes(4)
    )


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def spied_png(orientation: int = 1) -> bytes:
    data = drawn("PNG")
    more = [
        (b"tEXt", b"Location\0" + SPY),
        (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + SPY),
        (b"eXIf", exif(orientation)),
    ]
    more.append((b"zTXt", b"x\0\0" + zlib.compress(SPY)))
    return data[:33] + b"".join(png_chunk(*chunk) for chunk in more) + data[33:] + b"after the end " + SPY


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def spied_jpeg(orientation: int = 1, order: str = "<") -> bytes:
    data = drawn("JPEG")
    more = segment(0xE1, b"Exif\0\0" + exif(orientation, order))
    more += segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x>" + SPY) + segment(
        0xED, b"Photoshop 3.0\0" + SPY
    )
    more += (
        segment(0xFE, SPY)
        + segment(0xE2, b"ICC_PROFILE\0\1\1colours")
        + segment(0xE2, b"MPF\0" + SPY)
        + b"\xff\xff"
    )
    return data[:2] + more + data[2:] + b"\xff\xd8 a second picture " + SPY


def webp_chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def spied_webp(orientation: int = 1) -> bytes:
    data = drawn("WEBP")
    size = (30).to_bytes(3, "little") + (16).to_bytes(3, "little")
    head = webp_chunk(b"VP8X", bytes([0x0C, 0, 0, 0]) + size)
    body = head + data[12:] + webp_chunk(b"EXIF", exif(orientation)) + webp_chunk(b"XMP ", b"<x>" + SPY)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def gif() -> bytes:
    """Two by one pixels, red and blue, with a comment, a loop and XMP."""
    head = b"GIF89a" + struct.pack("<HHBBB", 2, 1, 0x80, 0, 0) + b"\xff\0\0\0\0\xff"
    loop = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
    comment = b"\x21\xfe" + bytes([len(SPY)]) + SPY + b"\0"
    xmp = b"\x21\xff\x0bXMP DataXMP" + bytes([len(SPY)]) + SPY + b"\0"
    image = b"\x2c" + struct.pack("<HHHHB", 0, 0, 2, 1, 0) + b"\x02\x02\x44\x0a\x00"
    return head + loop + comment + xmp + image + b"\x3b"


SPIED = {"png": spied_png, "jpeg": spied_jpeg, "webp": spied_webp}


@pytest.mark.parametrize("kind", QT_FORMATS)
def test_a_plain_picture_passes_as_it_is(kind: str) -> None:
    data = drawn(kind)
    found = load(data, "a.bin")
    assert (found.image.media, found.width, found.height, found.removed) == (QT_FORMATS[kind], 31, 17, ())
    assert found.image.data == data
    assert (found.image.name, found.note) == ("a.bin", "")


@pytest.mark.parametrize("kind", SPIED)
def test_metadata_goes_and_every_pixel_stays(kind: str) -> None:
    data = SPIED[kind]()
    assert SPY in data
    found = load(data)
    assert SPY not in found.image.data
    assert pixels(found.image.data) == pixels(data) == pixels(drawn(kind.upper()))
    assert pixels(found.image.data)[:2] == (31, 17)
    assert {"location", "camera details"} <= set(found.removed)
    assert "location" in found.note
    assert load(found.image.data).removed == ()
    assert load(found.image.data).image.data == found.image.data


def test_a_jpeg_keeps_its_colour_profile() -> None:
    assert b"ICC_PROFILE\0\1\1colours" in load_image(spied_jpeg()).data


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_picture_on_its_side_is_still_turned(order: str) -> None:
    cleaned = load_image(spied_jpeg(6, order)).data
    assert cleaned[6:12] == b"Exif\0\0"
    assert pixels_turned(cleaned) == (17, 31)
    assert b"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06" in load_image(spied_png(6)).data
    webp = load_image(spied_webp(6)).data
    assert webp[20] == 0x08
    assert load(webp).removed == ()


def pixels_turned(data: bytes) -> tuple[int, int]:
    from PySide6.QtCore import QByteArray
    from PySide6.QtGui import QImageReader

    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    reader = QImageReader(buffer)
    reader.setAutoTransform(True)
    image = reader.read()
    return image.width(), image.height()


def test_a_gif_keeps_its_loop_and_loses_its_comments() -> None:
    found = load(gif(), "a.gif")
    assert (found.image.media, found.width, found.height) == ("image/gif", 2, 1)
    assert SPY not in found.image.data
    assert b"NETSCAPE2.0" in found.image.data
    assert found.image.data.endswith(b"\0;")
    assert pixels(found.image.data) == pixels(gif())


@pytest.mark.parametrize("kind", [*QT_FORMATS, "GIF"])
def test_a_picture_that_breaks_off_anywhere_is_refused(kind: str) -> None:
    data = gif() if kind == "GIF" else drawn(kind)
    for end in range(len(data) - 1):
        with pytest.raises(NotSendable):
            load(data[:end], "cut")


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_random_harm_is_refused_or_survived_but_never_a_crash(kind: str) -> None:
    import random

    rng = random.Random(kind)
    whole = SPIED[kind]()
    for _ in range(500):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 8)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            load(bytes(data), "harmed")
        except NotSendable as error:
            assert "harmed" in error.headline


@pytest.mark.parametrize(
    "data, words",
    [
        (b"", "empty"),
        (b"hello", "not a picture"),
        (b'<svg xmlns="x"/>', "SVG"),
        (b'\xef\xbb\xbf\n<?xml version="1.0"?><!-- x --><SVG/>', "SVG"),
        (b"%PDF-1.7", "PDF"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"II*\0\x08\0\0\0", "TIFF"),
        (b"<html><body>no", "not a picture"),
    ],
)
def test_what_is_no_picture_is_refused_with_its_name(data: bytes, words: str) -> None:
    with pytest.raises(NotSendable, match=words) as caught:
        load(data, "thing.png")
    assert "thing.png" in caught.value.headline


def test_a_bomb_is_refused_before_anything_is_unpacked() -> None:
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)
    bomb += png_chunk(b"IDAT", zlib.compress(bytes(5_000_000))) + png_chunk(b"IEND", b"")
    tracemalloc.start()
    try:
        with pytest.raises(NotSendable, match="100 megapixels"):
            load(bomb, "bomb.png")
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_what_is_too_large_is_refused_without_reading_it(tmp_path: Path) -> None:
    file = tmp_path / "large.png"
    with file.open("wb") as handle:
        handle.truncate(MAX_BYTES * 100)
    with pytest.raises(NotSendable, match="25 MB"):
        load(file)
    with pytest.raises(NotSendable, match="25 MB"):
        load(drawn("PNG") + bytes(MAX_BYTES))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are POSIX")
def test_a_pipe_a_device_and_a_folder_are_not_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero"), tmp_path):
        with pytest.raises(NotSendable, match="not a file"):
            load(path)


def test_files_are_known_by_their_content_and_named_by_their_name(tmp_path: Path) -> None:
    file = tmp_path / "holiday.txt"
    file.write_bytes(drawn("JPEG"))
    image = load_image(str(file))
    assert (image.name, image.media) == ("holiday.txt", "image/jpeg")
    assert load_image(drawn("WEBP")).name == "picture.webp"
    for missing in ("never.png", "nul\0.png"):
        with pytest.raises(NotSendable, match="cannot be read"):
            load(tmp_path / missing)
