"""Pictures that a person attaches: looked at, cleaned and refused in words before anything else touches them."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from desktop.core.errors import NotSendable
from desktop.core.requests import Image
from desktop.services.picture_formats import read_picture

MAX_BYTES = 25 * 1024 * 1024
MAX_PIXELS = 100_000_000
_LIKE_THESE = "Sluice sends PNG, JPEG, WebP, GIF and BMP pictures."
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
        return f"Removed before sending: {', '.join(self.removed)}." if self.removed else ""


def load_image(source: str | os.PathLike[str] | bytes, name: str | None = None) -> Image:
    """The picture in a file or in bytes, without its metadata. Raises NotSendable, with the reason in words."""
    return load(source, name).image


def load(source: str | os.PathLike[str] | bytes, name: str | None = None) -> Attachment:
    """Like `load_image`, with the picture's size and what was removed from it. The type is told by the content, never
    by the name. Raises NotSendable."""
    data = source if isinstance(source, bytes) else _read(Path(source), name or Path(source).name)
    shown = name or ("picture" if isinstance(source, bytes) else Path(source).name)
    if len(data) > MAX_BYTES:
        raise _too_large(shown)
    try:
        picture = read_picture(data)
    except ValueError as error:
        raise NotSendable(
            f"{shown} is damaged or not complete, so it was not attached.", str(error)
        ) from None
    if picture is None:
        raise NotSendable(f"{shown} {_what_it_is(data)} {_LIKE_THESE}")
    if picture.width * picture.height > MAX_PIXELS:
        size = f"{picture.width} × {picture.height} pixels"
        raise NotSendable(
            f"{shown} has {size}, more than the limit of 100 megapixels. Make it smaller first."
        )
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
            raise NotSendable(f"{name} is not a file with a picture in it.")
        if found.st_size > MAX_BYTES:
            raise _too_large(name)
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the name is not valid"
        raise NotSendable(f"{name} cannot be read: {reason}.", repr(error)) from None


def _too_large(name: str) -> NotSendable:
    return NotSendable(
        f"{name} is larger than the limit of {MAX_BYTES // 1024 // 1024} MB. Make it smaller first."
    )


def _what_it_is(data: bytes) -> str:
    """Words for what is no picture that can be sent."""
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not data:
        return "is empty."
    if start.startswith(b"<svg") or (
        start.startswith((b"<?xml", b"<!doctype svg")) and b"<svg" in data[:65536].lower()
    ):
        return "is an SVG drawing, which can hold programs and is not sent. Export it as a PNG picture first."
    if data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"mif1", b"avif", b"msf1", b"hevc"):
        return "is a HEIC or AVIF picture. Save it as JPEG or PNG first."
    if data[:4] in (b"II*\x00", b"MM\x00*"):
        return "is a TIFF picture. Save it as JPEG or PNG first."
    if start.startswith(b"%pdf"):
        return "is a PDF document, not a picture."
    return "is not a picture that Sluice knows."
