"""Pictures that a person attaches: looked at, cleaned and refused in words before anything else touches them."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from desktop.core.errors import NotSendable
from desktop.core.language import mark, tr
from desktop.core.requests import Image
from desktop.services.pictures.formats import read_picture

MAX_BYTES = 25 * 1024 * 1024
MAX_PIXELS = 100_000_000
_LIKE_THESE = mark("Sluice sends PNG, JPEG, WebP, GIF and BMP pictures.")
_ENDINGS = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A picture fit to be sent. `width` and `height` are in pixels as stored; `removed` says what was taken out of the
    file, in words such as "location"."""

    image: Image
    width: int
    height: int
    removed: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """What was removed, as a sentence; empty if nothing was."""
        return tr("Removed before sending: {what}.", what=", ".join(map(tr, self.removed))) if self.removed else ""


def load_image(source: str | os.PathLike[str] | bytes, name: str | None = None) -> Image:
    """The picture in a file or in bytes, without its metadata. Raises NotSendable, with the reason in words."""
    return load(source, name).image


def load(source: str | os.PathLike[str] | bytes, name: str | None = None) -> Attachment:
    """Like `load_image`, with the picture's size and what was removed from it. The type is told by the content, never
    by the name. Raises NotSendable."""
    data = source if isinstance(source, bytes) else _read(Path(source), name or Path(source).name)
    shown = name or (tr("picture") if isinstance(source, bytes) else Path(source).name)
    if len(data) > MAX_BYTES:
        raise _too_large(shown)
    try:
        picture = read_picture(data)
    except ValueError as error:
        words = tr("{name} is damaged or not complete, so it was not attached.", name=shown)
        raise NotSendable(words, str(error)) from None
    if picture is None:
        raise NotSendable(f"{_what_it_is(shown, data)} {tr(_LIKE_THESE)}")
    if picture.width * picture.height > MAX_PIXELS:
        words = tr(
            "{name} has {width} × {height} pixels, more than the limit of 100 megapixels. Make it smaller first.",
            name=shown,
            width=picture.width,
            height=picture.height,
        )
        raise NotSendable(words)
    if "." not in shown:
        shown += _ENDINGS[picture.media]
    return Attachment(
        Image(shown, picture.media, picture.data),
        picture.width,
        picture.height,
        tuple(sorted(picture.removed)),
    )


def _read(path: Path, name: str) -> bytes:
    """The file's bytes. A pipe or a device would be read without end, so only real files are opened."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise NotSendable(tr("{name} is not a file with a picture in it.", name=name))
        if found.st_size > MAX_BYTES:
            raise _too_large(name)
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or tr("the name is not valid")
        raise NotSendable(tr("{name} cannot be read: {reason}.", name=name, reason=reason), repr(error)) from None


def _too_large(name: str) -> NotSendable:
    limit = MAX_BYTES // 1024 // 1024
    return NotSendable(
        tr("{name} is larger than the limit of {limit} MB. Make it smaller first.", name=name, limit=limit)
    )


def _what_it_is(name: str, data: bytes) -> str:
    """Words for what is no picture that can be sent."""
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not data:
        return tr("{name} is empty.", name=name)
    if start.startswith(b"<svg") or (
        start.startswith((b"<?xml", b"<!doctype svg")) and b"<svg" in data[:65536].lower()
    ):
        return tr(
            "{name} is an SVG drawing, which can hold programs and is not sent. Export it as a PNG picture first.",
            name=name,
        )
    if data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"mif1", b"avif", b"msf1", b"hevc"):
        return tr("{name} is a HEIC or AVIF picture. Save it as JPEG or PNG first.", name=name)
    if data[:4] in (b"II*\x00", b"MM\x00*"):
        return tr("{name} is a TIFF picture. Save it as JPEG or PNG first.", name=name)
    if start.startswith(b"%pdf"):
        return tr("{name} is a PDF document, not a picture.", name=name)
    return tr("{name} is not a picture that Sluice knows.", name=name)
