"""What is held of one run: its rows in the order in which things happened, its answers, and what was decoded."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from desktop.core.conversation import Change, Grew, RunChanged, SessionChanged
from desktop.core.events import KINDS, AnyEvent
from desktop.core.recordings.recording import Decided, Ended, Head, Requested, RunBegun, Stopped
from desktop.core.wire.frames import Framer
from desktop.services.recording.store import Body

_EVENTS = 4000  # decoded events kept whole; more would push what streaming works on out of the processor's cache
_CODES = {cls: code for code, cls in enumerate(KINDS.values())}
_WORDS = tuple(KINDS)
_KINDS = ("run", "request", "head", "chunk", "end", "decision", "stop")
RUN, REQUEST, HEAD, CHUNK, END, DECISION, STOP = range(len(_KINDS))


@dataclass(slots=True)
class Exchange:
    """One request and its answer. `marks` holds how many events each frame of the answer gave."""

    requested: Requested
    head: Head | None = None
    body: Body = field(default_factory=Body)
    marks: array[int] = field(default_factory=lambda: array("L"))
    framer: type[Framer] | None = None
    ended: Ended | None = None


class RunLog:
    """The rows of one run, in the order in which things happened, and the events that came of each row: those from
    `first[row]` up to the next row's."""

    def __init__(self, begun: RunBegun) -> None:
        self.begun = begun
        self.kind = array("B", [RUN])
        self.at = array("d", [begun.t])
        self.what = array("L", [0])  # the exchange, or the place in `notes`
        self.part = array("L", [0])  # the chunk's number in its body
        self.first = array("Q", [0])
        self.exchanges: list[Exchange] = []
        self.base = 0  # the number of this run's first exchange
        self.notes: list[Decided | Stopped] = []
        self.events = 0
        # Stretches of events of one kind that concern one item: an answer's text is one, however long.
        self._begins = array("Q")  # the number of its first event
        self._items = array("L")  # the place of the item in `names`, counted from 1; 0 for none
        self._kinds = array("B")
        self._item = ""  # of the newest one
        self._kind: type[AnyEvent] | None = None
        self.names: list[str] = []
        self.lost = 0  # bytes that were not kept
        self._places: dict[str, int] = {"": 0}
        self._recent: deque[AnyEvent] = deque(maxlen=_EVENTS)

    # Written for speed, from here on: this is what streaming pays for being recorded. Nothing is kept that Python's
    # collector of cycles would have to look at, but for the newest events.

    def row(self, kind: int, at: float, what: int) -> None:
        """Something happened."""
        self.kind.append(kind)
        self.at.append(at)
        self.what.append(what)
        self.part.append(0)
        self.first.append(self.events)

    def rows(self, exchange: int, part: int, at: Sequence[float], first: Sequence[int]) -> None:
        """Chunks of an answer came, the first being its chunk number `part`; each with the number of the event that
        came next."""
        count = len(at)
        self.kind.frombytes(bytes((CHUNK,)) * count)
        self.at.extend(at)
        self.what.extend(array("L", [exchange]) * count)
        self.part.extend(range(part, part + count))
        self.first.extend(first)

    def hear(self, events: Sequence[AnyEvent], changes: Sequence[Sequence[Change]]) -> None:
        """Events came, and each changed something."""
        number = self.events
        for changed in changes:
            event = events[number - self.events]
            item = changed[0].item if len(changed) == 1 and type(changed[0]) is Grew else _item(changed)
            if type(event) is not self._kind or item != self._item:
                self._begin_stretch(number, item, type(event))
            number += 1
        self._recent.extend(events)
        self.events = number

    def _begin_stretch(self, event: int, item: str, kind: type[AnyEvent]) -> None:
        """From this event on they are of this kind and concern this item."""
        self._item, self._kind = item, kind
        if item not in self._places:
            self.names.append(item)
            self._places[item] = len(self.names)
        self._begins.append(event)
        self._items.append(self._places[item])
        self._kinds.append(_CODES[kind])

    def lose(self, exchange: int, count: int, size: int) -> None:
        """The newest chunks of an answer are not kept: their rows go, and their events belong to the row before."""
        left = count
        for row in range(len(self.kind) - 1, 0, -1):
            if not left:
                break
            if self.kind[row] == CHUNK and self.what[row] == exchange:
                for column in (self.kind, self.at, self.what, self.part, self.first):
                    column.pop(row)
                left -= 1
        self.lost += size

    def decoded(self, first: int, count: int, most: int = 50) -> list[AnyEvent]:
        """The events in this range that are still held."""
        gone = self.events - len(self._recent)
        return [self._recent[i - gone] for i in range(max(first, gone), min(first + count, first + most, self.events))]

    def kind_words(self, first: int, count: int, most: int = 50) -> list[str]:
        """The kinds of the events in this range, held or not."""
        return [_WORDS[self._kinds[self._stretch(i)]] for i in range(first, min(first + min(count, most), self.events))]

    def item_of(self, event: int) -> str:
        """The id of the item that an event concerned, or ""."""
        place = self._items[self._stretch(event)] if event < self.events else 0
        return self.names[place - 1] if place else ""

    def events_of(self, item: str) -> Iterator[int]:
        """The numbers of the events that concerned an item."""
        place = self._places.get(item, 0)
        for stretch, found in enumerate(self._items) if place else ():
            if found == place:
                after = self._begins[stretch + 1] if stretch + 1 < len(self._begins) else self.events
                yield from range(self._begins[stretch], after)

    def _stretch(self, event: int) -> int:
        """The stretch that an event is part of."""
        return bisect_right(self._begins, event) - 1

    def exchange(self, number: int) -> Exchange:
        """An exchange by its number in the session."""
        return self.exchanges[number - self.base]


def _item(changes: Sequence[Change]) -> str:
    """The item that an event concerned, or ""."""
    if len(changes) == 1 and type(changes[0]) is Grew:
        return changes[0].item
    for change in changes:
        if not isinstance(change, RunChanged | SessionChanged):
            return change.item
    return ""
