"""Pictures as bytes: what type they are, how large, and the same picture without what else the file tells.

Nothing is decoded: the parts of the file are walked, and those that are no picture are left out, so every pixel stays
as it was. Layouts as in the PNG specification, ITU T.81 with the Exif standard, RFC 9649 (WebP), GIF89a and
Microsoft's BITMAPINFOHEADER. A file that is not whole raises ValueError.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from desktop.core.language import mark

LOCATION, CAMERA, COMMENTS, EDITING, MORE = (
    mark("location"),
    mark("camera details"),
    mark("comments"),
    mark("editing details"),
    mark("hidden data"),
)


@dataclass(slots=True)
class Picture:
    """A picture's size in pixels, its cleaned bytes, and what was removed from them."""

    media: str
    width: int = 0
    height: int = 0
    data: bytes = b""
    removed: set[str] = field(default_factory=set)


def read_picture(data: bytes) -> Picture | None:
    """The picture in these bytes, or None if they are of no type that can be sent. Raises ValueError if they break off
    or make no sense."""
    for magic, media, read in _TYPES:
        if magic.match(data):
            picture = Picture(media)
            try:
                picture.data = b"".join(read(data, picture))
            except (struct.error, IndexError):
                raise ValueError("breaks off") from None
            if picture.width < 1 or picture.height < 1:
                raise ValueError("has no size")
            return picture
    return None


def _need(data: bytes, end: int) -> None:
    if end > len(data):
        raise ValueError("breaks off")


# ---- PNG

_MOST_PACKED = 1032  # bytes that one byte of deflated data can stand for (RFC 1951)
_SANE = 100_000_000 * 8  # bytes: what claims more is refused for its size by whoever asked

_PNG_TEXT = {b"tEXt": COMMENTS, b"zTXt": COMMENTS, b"iTXt": COMMENTS, b"tIME": COMMENTS, b"eXIf": CAMERA}


def _png(data: bytes, picture: Picture) -> Iterator[bytes]:
    picture.width, picture.height = struct.unpack_from(">II", data, 16)
    yield data[:8]
    at, kind, packed = 8, b"", 0
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        _need(data, end)
        packed += length if kind == b"IDAT" else 0
        if kind not in _PNG_TEXT:
            yield data[at:end]
        elif kind == b"eXIf":
            if kept := _clean_exif(data[at + 8 : end - 4], picture):
                yield _png_chunk(kind, kept)
        else:
            picture.removed.add(_PNG_TEXT[kind])
        at = end
    if packed * _MOST_PACKED < _png_pixels(data, picture) <= _SANE:
        raise ValueError("breaks off")
    _note_rest(data, at, picture)


def _png_pixels(data: bytes, picture: Picture) -> int:
    """At least how many bytes the pixels are once unpacked."""
    bits = data[24] * {2: 3, 4: 2, 6: 4}.get(data[25], 1)
    return picture.height * (picture.width * bits // 8)


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    import zlib

    return struct.pack(">I4s", len(content), kind) + content + struct.pack(">I", zlib.crc32(kind + content))


# ---- JPEG

_SIZES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # frame headers
_ALONE = {0x01, *range(0xD0, 0xD8)}  # markers without a length
_MARKER = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")  # what ends entropy-coded data
_EXIF = b"Exif\x00\x00"
_KEPT_APPS = ((0xE0, b"JFIF\x00"), (0xE2, b"ICC_PROFILE\x00"), (0xEE, b"Adobe"))


def _jpeg(data: bytes, picture: Picture) -> Iterator[bytes]:
    yield data[:2]
    at = 2
    while True:
        while data[at : at + 2] == b"\xff\xff":  # fill bytes
            at += 1
        if data[at] != 0xFF:
            raise ValueError("breaks off")
        marker = data[at + 1]
        if marker == 0xD9:
            yield data[at : at + 2]
            _note_rest(data, at + 2, picture)
            return
        end = at + 2 if marker in _ALONE else at + 2 + int(struct.unpack_from(">H", data, at + 2)[0])
        _need(data, end)
        yield from _jpeg_segment(marker, data[at:end], picture)
        at = end
        if marker == 0xDA:
            found = _MARKER.search(data, at)
            if found is None:
                raise ValueError("breaks off")
            yield data[at : found.start()]
            at = found.start()


def _jpeg_segment(marker: int, segment: bytes, picture: Picture) -> Iterator[bytes]:
    content = segment[4:]
    if marker in _SIZES:
        picture.height, picture.width = struct.unpack_from(">HH", content, 1)
    if marker == 0xE1 and content.startswith(_EXIF):
        if kept := _clean_exif(content[6:], picture):
            kept = _EXIF + kept
            yield struct.pack(">BBH", 0xFF, 0xE1, len(kept) + 2) + kept
    elif marker == 0xFE:
        picture.removed.add(COMMENTS)
    elif 0xE0 <= marker <= 0xEF and not any(marker == m and content.startswith(c) for m, c in _KEPT_APPS):
        picture.removed.add(EDITING if marker in (0xE1, 0xED) else MORE)
    else:
        yield segment


# ---- WebP

_HAS_EXIF, _HAS_XMP = 0x08, 0x04


def _webp(data: bytes, picture: Picture) -> Iterator[bytes]:
    size = int(struct.unpack_from("<I", data, 4)[0]) + 8
    _need(data, size)
    chunks: list[bytes] = []
    flags_at, flags, exif = None, 0, b""
    at = 12
    while at < size:
        kind, length = struct.unpack_from("<4sI", data, at)
        content = data[at + 8 : at + 8 + length]
        _need(data, at + 8 + length)
        if kind == b"EXIF":
            exif = _clean_exif(content.removeprefix(_EXIF), picture)
        elif kind == b"XMP ":
            picture.removed.add(EDITING)
        else:
            if kind == b"VP8X":
                flags_at, flags = len(chunks), content[0]
            _webp_size(kind, content, picture)
            chunks.append(_webp_chunk(kind, content))
        at += 8 + length + length % 2
    if flags_at is not None:
        flags = flags & ~(_HAS_EXIF | _HAS_XMP) | (_HAS_EXIF if exif else 0)
        old = chunks[flags_at]
        chunks[flags_at] = old[:8] + bytes([flags]) + old[9:]
        chunks += [_webp_chunk(b"EXIF", exif)] if exif else []
    _note_rest(data, size, picture)
    body = b"".join(chunks)
    yield struct.pack("<4sI4s", b"RIFF", len(body) + 4, b"WEBP") + body


def _webp_size(kind: bytes, content: bytes, picture: Picture) -> None:
    if kind == b"VP8X":
        picture.width = int.from_bytes(content[4:7], "little") + 1
        picture.height = int.from_bytes(content[7:10], "little") + 1
    elif picture.width:
        return
    elif kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", content, 6)
        picture.width, picture.height = width & 0x3FFF, height & 0x3FFF
    elif kind == b"VP8L":
        bits = int(struct.unpack_from("<I", content, 1)[0])
        picture.width, picture.height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


def _webp_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack("<4sI", kind, len(content)) + content + b"\x00" * (len(content) % 2)


# ---- GIF

_GIF_KEPT = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")


def _gif(data: bytes, picture: Picture) -> Iterator[bytes]:
    picture.width, picture.height, flags = struct.unpack_from("<HHB", data, 6)
    at = 13 + _colours(flags)
    _need(data, at)
    yield data[:at]
    while data[at] != 0x3B:
        if data[at] == 0x2C:
            table = _colours(data[at + 9])
            end = _after_blocks(data, at + 11 + table)
            yield data[at:end]
        elif data[at] == 0x21:
            end = _after_blocks(data, at + 2)
            yield from _gif_extension(data[at:end], picture)
        else:
            raise ValueError("makes no sense")
        at = end
    yield b";"
    _note_rest(data, at + 1, picture)


def _gif_extension(extension: bytes, picture: Picture) -> Iterator[bytes]:
    if extension[1] == 0xFE:
        picture.removed.add(COMMENTS)
    elif extension[1] == 0xFF and extension[3:14] not in _GIF_KEPT:
        picture.removed.add(EDITING)
    else:
        yield extension


def _colours(flags: int) -> int:
    """The bytes of a colour table."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    while length := data[at]:
        at += 1 + length
    return at + 1


# ---- BMP


def _bmp(data: bytes, picture: Picture) -> Iterator[bytes]:
    pixels, header = struct.unpack_from("<II", data, 10)
    if header == 12:
        picture.width, picture.height, _, bits = struct.unpack_from("<HHHH", data, 18)
        packed, size = 0, 0
    else:
        picture.width, height, _, bits, packed, size = struct.unpack_from("<iiHHII", data, 18)
        picture.height = abs(height)
    if packed not in (1, 2, 4, 5):  # not run-length, JPEG or PNG: the size follows from the header
        size = (picture.width * bits + 31) // 32 * 4 * picture.height
    end = pixels + size
    _need(data, end)
    _note_rest(data, end, picture)
    yield data


# ---- Exif, in three of them

_ORIENTATION, _GPS = 0x0112, 0x8825


def _clean_exif(tiff: bytes, picture: Picture) -> bytes:
    """Nothing but the orientation, where it says more than "upright": without it the picture would lie on its side."""
    try:
        tags = _first_tags(tiff)
    except (struct.error, KeyError):
        tags = {}
    turned = tags.get(_ORIENTATION, 1)
    if tags.keys() - {_ORIENTATION}:
        picture.removed.add(CAMERA)
    if _GPS in tags:
        picture.removed.add(LOCATION)
    if not 2 <= turned <= 8:
        return b""
    return struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, _ORIENTATION, 3, 1, turned, 0, 0)


def _first_tags(tiff: bytes) -> dict[int, int]:
    """The tags of the first directory, with their values where those are short numbers."""
    order = {b"II": "<", b"MM": ">"}[tiff[:2]]
    at = int(struct.unpack_from(order + "I", tiff, 4)[0])
    (count,) = struct.unpack_from(order + "H", tiff, at)
    entries = (struct.unpack_from(order + "HHIH", tiff, at + 2 + 12 * n) for n in range(count))
    return {tag: value for tag, _, _, value in entries}


def _note_rest(data: bytes, end: int, picture: Picture) -> None:
    """What follows the picture's end is not sent: phones put films and uncropped originals there."""
    if data[end:].strip(b"\x00") and picture.media != "image/bmp":
        picture.removed.add(MORE)


_Reader = Callable[[bytes, Picture], Iterator[bytes]]
_TYPES: tuple[tuple[re.Pattern[bytes], str, _Reader], ...] = (
    (re.compile(rb"\x89PNG\r\n\x1a\n....IHDR", re.S), "image/png", _png),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg", _jpeg),
    (re.compile(rb"RIFF....WEBP", re.S), "image/webp", _webp),
    (re.compile(rb"GIF8[79]a"), "image/gif", _gif),
    (re.compile(rb"BM....\0\0\0\0", re.S), "image/bmp", _bmp),
)
