"""What the history hands out: plain values, no SQL."""

from __future__ import annotations

from dataclasses import dataclass

from desktop.core.requests import Connection, Image


@dataclass(frozen=True, slots=True)
class Draft:
    """What a composer holds: the text, the cursor's place in it, and the pictures."""

    text: str = ""
    cursor: int = 0
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One stored conversation, without its content. `key` is its UUID; `connection` carries no secret; `question` is
    the first thing said, or about to be said; times are seconds since 1970. `named` says that the person chose the
    title; `view` is the interface's own note on how the conversation was shown."""

    key: str
    title: str
    question: str
    profile_id: str | None
    connection: Connection | None
    server_session: str | None
    open: bool
    position: int
    pinned: bool
    archived: bool
    created: float
    updated: float
    runs: int
    named: bool = False
    view: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """One place that a search found. `run` and `item` lead to it in the conversation; `kind` is question, answer,
    thought or tool; `marks` are the (start, end) places of the words in `snippet`."""

    session: str
    title: str
    run: int
    item: str
    kind: str
    at: float
    snippet: str
    marks: tuple[tuple[int, int], ...]
