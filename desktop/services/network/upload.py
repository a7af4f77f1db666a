"""The body of a request: JSON, whose pictures become base64 on the way out, and how much of it has gone."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from desktop.core.requests import Base64Image
from desktop.core.wire.jsontext import clean

PIECE = 64 * 1024  # bytes that go out at once
_LARGE = 100_000  # characters of one text that are worth a thread
Gone = Callable[[int, int], None]  # bytes that have gone, of how many


def unheard(gone: int, size: int) -> None:
    """The `Gone` of whoever does not want to know."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A body of `size` bytes: `parts` one behind the other."""

    parts: tuple[bytes | Base64Image, ...]
    size: int

    def pieces(self) -> Iterator[bytes]:
        """The bytes in order."""
        for part in self.parts:
            if isinstance(part, Base64Image):
                yield from part.pieces(PIECE * 3 // 4)
            else:
                yield from (part[at : at + PIECE] for at in range(0, len(part), PIECE))

    async def stream(self, gone: Gone) -> AsyncIterator[bytes]:
        """The bytes in order, each piece when the one before has been taken; `gone` hears of each."""
        count = 0
        for piece in self.pieces():
            gone(count, self.size)
            yield piece
            count += len(piece)
        gone(count, self.size)


async def upload_of(value: Any) -> Upload:
    """The JSON of `value`. Where a text in it is large, a thread writes it."""
    return await asyncio.to_thread(written, value) if _is_large(value) else written(value)


def written(value: Any) -> Upload:
    """The JSON of `value`, which may hold pictures. Raises TypeError for what is no JSON."""
    pictures: list[Base64Image] = []
    place = secrets.token_hex(16)

    def keep(picture: Any) -> str:
        if not isinstance(picture, Base64Image):
            raise TypeError(f"no JSON: {type(picture).__name__}")
        pictures.append(picture)
        return picture.prefix + place

    text = json.dumps(clean(value), ensure_ascii=False, separators=(",", ":"), default=keep)
    first, *rest = text.encode().split(place.encode())
    parts: list[bytes | Base64Image] = [first]
    for picture, after in zip(pictures, rest, strict=True):
        parts += [Base64Image(picture.image), after]
    return Upload(tuple(parts), sum(map(len, parts)))


def _is_large(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) > _LARGE
    if isinstance(value, dict):
        return any(map(_is_large, value.values()))
    return isinstance(value, list) and any(map(_is_large, value))
