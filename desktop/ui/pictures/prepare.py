"""From what a person drops or pastes to a picture that can be sent. Runs in a thread: decoding takes time.

Nothing is decoded whose header asks for more memory than is right; what cannot be made smaller here goes as it is, or
is refused in words. One large picture is decoded at a time.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from dataclasses import dataclass, replace
from pathlib import PurePath
from urllib.parse import unquote_to_bytes

from PySide6.QtCore import QBuffer, QIODevice, QSize, Qt
from PySide6.QtGui import QImage

from desktop.core.capabilities import PICTURES, Capabilities
from desktop.core.errors import NotSendable
from desktop.core.language import mark, number, tr
from desktop.core.requests import Image
from desktop.services.pictures.attachments import MAX_BYTES, Attachment, load
from desktop.ui.pictures.thumbnails import ONE_AT_A_TIME, Source, can_decode

LONGEST = 3072  # pixels of a side: more is made smaller before sending, unless the person wants the original
_QUALITY = 88
_ENDINGS = {"image/png": ".png", "image/jpeg": ".jpg"}
_ANIMATED = mark("It moves; most agents look at its first frame only.")
_STILL = mark("Only its first frame is sent.")
_DATA_URL = re.compile(r"\s*data:(image/[\w.+-]+)?((?:;[^,;]*)*),", re.I)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What goes by default, what was done to it in words, and the original where that could go instead."""

    image: Image
    note: str = ""
    original: Image | None = None


def is_data_url(text: str) -> bool:
    """Whether a text is a picture in an address."""
    return _DATA_URL.match(text[:200]) is not None


def prepare(source: str | os.PathLike[str] | bytes | QImage, name: str | None, can: Capabilities) -> Prepared:
    """A picture from a file, from bytes, from a `data:` address or from the screen, fit for this agent. Raises
    NotSendable, with the reason in words."""
    if isinstance(source, QImage):
        source = _encoded(source, "PNG")
    elif isinstance(source, str) and is_data_url(source):
        source = _data_of(source)
    loaded = load(source, name)
    taken = can.media or PICTURES
    limit = min(can.max_bytes or MAX_BYTES, MAX_BYTES)
    made = _fit(loaded, taken, limit)
    for image in filter(None, (made.image, made.original)):
        _ = image.sha256  # worked out here, where it takes nobody's time
    return made


def _fit(loaded: Attachment, taken: tuple[str, ...], limit: int) -> Prepared:
    image, notes = loaded.image, [loaded.note] if loaded.note else []
    too_long = max(loaded.width, loaded.height) > LONGEST
    goes = image.media in taken and len(image.data) <= limit
    moves = image.media == "image/gif" and _frames(image.data) > 1
    if goes and not too_long:
        return Prepared(image, " ".join([*notes, *([tr(_ANIMATED)] if moves else [])]))
    made = _remade(loaded, limit)
    if made is None and goes:
        notes.append(tr("Too large to be made smaller here; it goes as it is."))
        return Prepared(image, " ".join(notes))
    if made is None:
        raise NotSendable(tr("{name} is too large for this agent and could not be made smaller here.", name=image.name))
    small, size = made
    if (size.width(), size.height()) not in ((loaded.width, loaded.height), (loaded.height, loaded.width)):
        notes.append(
            tr(
                "Made smaller: {width} × {height} instead of {size}.",
                width=number(size.width()),
                height=number(size.height()),
                size=_size(loaded),
            )
        )
    elif small.media != image.media:
        notes.append(tr("Sent as {format}.", format=small.media.removeprefix("image/").upper()))
    if moves:
        notes.append(tr(_STILL))
    return Prepared(small, " ".join(notes), image if goes else None)


def _remade(loaded: Attachment, limit: int) -> tuple[Image, QSize] | None:
    """The picture anew, upright, within the longest side and `limit` bytes; None if it would take too much memory."""
    image = loaded.image
    source = Source.of(image.data)
    if source is None or not can_decode(image.data):
        return None
    photo = image.media in ("image/jpeg", "image/webp")
    side = min(LONGEST, max(loaded.width, loaded.height))
    with ONE_AT_A_TIME:
        picture = source.read(side)
        if picture.isNull():
            raise NotSendable(tr("{name} is damaged or not complete, so it was not attached.", name=image.name))
        for _ in range(8):
            kind = "JPEG" if photo and not picture.hasAlphaChannel() else "PNG"
            data = _encoded(picture, kind)
            if len(data) <= limit:
                media = f"image/{kind.lower()}"
                name = PurePath(image.name).stem + _ENDINGS[media]
                return replace(image, name=name, media=media, data=data), picture.size()
            photo = True
            picture = picture.scaled(
                picture.size() * 0.7, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
    return None


def _encoded(picture: QImage, kind: str) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    picture.save(buffer, kind, _QUALITY if kind == "JPEG" else -1)  # type: ignore[call-overload]
    return bytes(buffer.data().data())


def _data_of(text: str) -> bytes:
    found = _DATA_URL.match(text)
    assert found is not None
    if len(text) > MAX_BYTES * 2:
        raise NotSendable(
            tr("The pasted picture is larger than the limit of {limit} MB.", limit=MAX_BYTES // 1024 // 1024)
        )
    body = unquote_to_bytes(text[found.end() :])
    if ";base64" not in found[2].lower():
        return body
    try:
        return base64.b64decode(b"".join(body.split()), validate=True)
    except (binascii.Error, ValueError):
        raise NotSendable(tr("The pasted picture is damaged or not complete, so it was not attached.")) from None


def _frames(gif: bytes) -> int:
    """At least how many frames; more than one means that it moves."""
    return len(re.findall(rb"\x21\xf9\x04....\x00\x2c", gif[:4_000_000], re.S)) or 1


def _size(loaded: Attachment) -> str:
    return f"{number(loaded.width)} × {number(loaded.height)}"
