"""The books of one run: what is open, what was said, and that it ends exactly once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from desktop.core.adapters.ledger_bounds import Meter
from desktop.core.bounds import Bounds
from desktop.core.events import (
    AnyEvent,
    AskClosed,
    AskOpened,
    Channel,
    Path,
    RunEnded,
    TextDelta,
    TextSet,
    ToolEnded,
    ToolStarted,
)
from desktop.core.wire.jsontext import clean_text

_Key = tuple[Path, Channel, str]


class Thoughts:
    """A thought that goes on after the answer went on is a new part: it is never moved before what was answered."""

    def __init__(self) -> None:
        self._going: dict[Path, set[_Key]] = {}  # that no answer followed yet
        self._over: set[_Key] = set()
        self._pieces: dict[_Key, list[_Key]] = {}  # of a part that was gone on with

    def pieces(self, key: _Key) -> list[_Key]:
        """The parts that stand for one of the wire's, oldest first."""
        return self._pieces.get(key) or [key]

    def place(self, key: _Key) -> _Key:
        """Where text that is appended to this part goes now."""
        path, channel, part = key
        last = self.pieces(key)[-1]
        if last in self._over:
            pieces = self._pieces.setdefault(key, [key])
            last = (path, channel, f"{part}/{len(pieces) + 1}")
            pieces.append(last)
        self.note(last)
        return last

    def note(self, key: _Key) -> None:
        """Text came for this part."""
        path, channel, _ = key
        if channel == "reasoning" and key not in self._over:
            self._going.setdefault(path, set()).add(key)
        elif channel == "answer" and path in self._going:
            self._over |= self._going.pop(path)


class Ledger:
    """Passes events on in order, less those that say nothing, and closes what is open before `run.ended`."""

    def __init__(self, asks_outlive: bool) -> None:
        self.ended = False
        self.open_calls: dict[str, str] = {}  # call id -> tool name, oldest first
        self._asks: dict[str, AskOpened] = {}
        self._asks_outlive = asks_outlive
        self._texts: dict[_Key, list[str]] = {}
        self._halves: dict[_Key, str] = {}
        self._thoughts = Thoughts()
        self._meter = Meter()

    @property
    def bounds(self) -> Bounds:
        """How much is taken."""
        return self._meter.bounds

    @bounds.setter
    def bounds(self, bounds: Bounds) -> None:
        self._meter.bounds = bounds

    @property
    def open_asks(self) -> tuple[str, ...]:
        """The ids of the open asks, oldest first."""
        return tuple(self._asks)

    def enter(self, events: Iterable[AnyEvent], size: int = 0) -> list[AnyEvent]:
        """The events to pass on; `size` is that of the frame they came from. After the run's end: none."""
        out: list[AnyEvent] = []
        for event in events:
            for passed in self._meter.passing(event):
                if not self.ended:
                    self._enter(passed, out)
        if size:
            self._meter.weigh(out, size)
        if not self.ended and (end := self._meter.over()) is not None:
            out += self._end(end)
        return out

    def _enter(self, event: AnyEvent, out: list[AnyEvent]) -> None:
        match event:
            case TextDelta():
                self._delta(event, out)
            case TextSet():
                self._set(event, out)
            case RunEnded():
                out += self._end(event)
            case _:
                self._note(event)
                out.append(event)

    def parts(self, path: Path, channel: Channel) -> list[tuple[str, str]]:
        """(part, text) of a channel in the order in which the parts came; emptied parts are left out."""
        found = ((key[2], self._joined(key)) for key in self._texts if key[:2] == (path, channel))
        return [(name, text) for name, text in found if text]

    def part(self, path: Path, channel: Channel, part: str) -> str:
        """The text of one part so far."""
        return "".join(self._joined(key) for key in self._thoughts.pieces((path, channel, part)) if key in self._texts)

    def _joined(self, key: _Key) -> str:
        pieces = self._texts[key]
        if len(pieces) > 1:
            pieces[:] = ["".join(pieces)]
        return pieces[0] if pieces else ""

    def _delta(self, event: TextDelta, out: list[AnyEvent]) -> None:
        key = (event.path, event.channel, event.part)
        text = event.text
        if self._halves:
            text = self._halves.pop(key, "") + text
        if not text:
            return
        if "\ud800" <= text[-1] <= "\udbff":  # the other half of the character is in the next delta
            self._halves[key] = text[-1]
            text = text[:-1]
        text = clean_text(text)
        if text:
            key = self._thoughts.place(key)
            self._texts.setdefault(key, []).append(text)
            self._meter.text(len(text))
            same = text is event.text and key[2] == event.part
            out.append(event if same else replace(event, text=text, part=key[2]))

    def _set(self, event: TextSet, out: list[AnyEvent]) -> None:
        key = (event.path, event.channel, event.part)
        self._halves.pop(key, None)
        before = self.part(*key)
        if before == event.text:
            return
        self._meter.text(len(event.text) - len(before))
        *emptied, last = self._thoughts.pieces(key)
        for piece in emptied:
            self._texts[piece] = [""]
            out.append(replace(event, text="", part=piece[2]))
        self._texts[last] = [event.text]
        if event.text:
            self._thoughts.note(last)
        out.append(replace(event, part=last[2]) if emptied else event)

    def _note(self, event: AnyEvent) -> None:
        match event:
            case ToolStarted():
                self.open_calls.setdefault(event.call, event.name)
            case ToolEnded():
                self.open_calls.pop(event.call, None)
            case AskOpened():
                self._asks[event.ask] = event
            case AskClosed():
                self._asks.pop(event.ask, None)

    def _end(self, event: RunEnded) -> list[AnyEvent]:
        """Waiting beats completed; an ask that dies with the stream is withdrawn; no call stays open."""
        self.ended = True
        status = event.status
        if self._asks and self._asks_outlive and status in ("completed", "cut"):
            status = "waiting"
        lives = status == "waiting" or (self._asks_outlive and status == "failed")
        asked = {ask.call for ask in self._asks.values()} if lives else set()
        out: list[AnyEvent] = self._meter.rest()
        out += [
            ToolEnded(call=call, status="unknown")
            for call in self.open_calls
            if call not in asked and status != "calls"
        ]
        if not lives:
            out += [AskClosed(ask=ask, how="withdrawn") for ask in self._asks]
        out.append(event if status == event.status else replace(event, status=status))
        return out
