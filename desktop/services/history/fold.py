"""Fewer rows for the same story: pieces of text that grow one thing become one row.

Folding must not change what a replay gives. A piece may move up to the first piece of the same thing only if nothing
between the two cares about the order; what does is named in `Folder._bar`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from desktop.core.conversation import PAUSE
from desktop.core.events import (
    AnyEvent,
    RunEnded,
    TextDelta,
    TextSet,
    ToolArgs,
    ToolEnded,
    ToolOutput,
    ToolStarted,
)

_Group = tuple[object, ...]  # what one barrier ends: a channel of an agent, or a call


@dataclass(slots=True)
class Row:
    """One event as it is stored. `at` is when it (or its first piece) came, `until` when its last piece came, both in
    seconds; `pieces` is its text while it grows."""

    seq: int
    at: float
    until: float
    first: AnyEvent
    pieces: list[str] = field(default_factory=list)

    @property
    def event(self) -> AnyEvent:
        """The event with all of its text."""
        if len(self.pieces) < 2:
            return self.first
        text = "".join(self.pieces)
        if isinstance(self.first, TextDelta):
            return replace(self.first, text=text)
        assert isinstance(self.first, (ToolArgs, ToolOutput))
        return replace(self.first, delta=text)


class Folder:
    """Takes the events of one run in order and keeps them as `rows`."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self.rows: list[Row] = []
        self._open: dict[_Group, dict[str, Row]] = {}
        for row in rows:
            self.add(row.seq, row.at, row.event, row.until)

    def add(self, seq: int, at: float, event: AnyEvent, until: float | None = None) -> None:
        """One more event."""
        self._bar(event)
        last = at if until is None else until
        grows = _grows(event)
        if grows is None:
            self.rows.append(Row(seq, at, last, event))
            return
        group, name, text = grows
        of_group = self._open.setdefault(group, {})
        row = of_group.get(name)
        if row is None or at - row.until > PAUSE:  # a silence is kept
            row = of_group[name] = Row(seq, at, last, event)
            self.rows.append(row)
        row.pieces.append(text)
        row.until = last

    def _bar(self, event: AnyEvent) -> None:
        """End what may not grow past this event. A thought that goes on after answer text is a new thought; text that
        was replaced, and a call that was announced anew or ended, are not what they were."""
        match event:
            case TextDelta(channel="answer", path=path):
                self._open.pop(("reasoning", path), None)
            case TextSet(channel=channel, path=path, part=part):
                self._open.get((channel, path), {}).pop(part, None)
                if channel == "answer":
                    self._open.pop(("reasoning", path), None)
            case ToolStarted() | ToolEnded():
                self._open.pop(("call", event.call), None)
            case ToolOutput() if event.preview is not None:  # it may bring a piece along
                self._open.pop(("call", event.call), None)
            case RunEnded():
                self._open.clear()


def _grows(event: AnyEvent) -> tuple[_Group, str, str] | None:
    match event:
        case TextDelta():
            return (event.channel, event.path), event.part, event.text
        case ToolArgs():
            return ("call", event.call), "args", event.delta
        case ToolOutput(delta=str(delta), preview=None):
            return ("call", event.call), "output", delta
    return None
