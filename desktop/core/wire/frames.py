"""What both framers give: frames, comments, and word of what was too long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Frame:
    """One event of the wire. `name` is the SSE event name ("message" if the wire has none); `id` is the last event
    id heard so far, or None."""

    data: str
    name: str = "message"
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Comment:
    """A keep-alive line."""

    text: str


@dataclass(frozen=True, slots=True)
class TooLong:
    """A line or event that was longer than `limit` bytes and was left out."""

    limit: int


AnyFrame = Frame | Comment | TooLong


class Framer(Protocol):
    """Fed bytes cut anywhere, gives what they complete. Lines and events longer than these bytes are left out."""

    def __init__(self, max_line: int = ..., max_event: int = ...) -> None: ...

    def feed(self, chunk: bytes) -> list[AnyFrame]: ...

    def close(self) -> list[AnyFrame]: ...
