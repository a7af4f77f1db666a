"""What is held of one run: its rows in the order in which things happened, its answers, and what was decoded."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from desktop.core.conversation import Change, Grew, RunChanged, SessionChanged
from desktop.core.events import KINDS, AnyEvent
from desktop.core.recordings.recording import Decided, Ended, Head, Requested, RunBegun, Stopped
from desktop.core.wire.frames import Framer
from desktop.services.recording.store import Body
from desktop.services.recording.wire_tap import Given, Heard

_EVENTS = 4000  # decoded events kept whole; more would push what streaming works on out of the processor's cache
_CODES = {cls: code for code, cls in enumerate(KINDS.values())}
_WORDS = tuple(KINDS)
_KINDS = ("run", "request", "head", "chunk", "end", "decision", "stop")
RUN, REQUEST, HEAD, CHUNK, END, DECISION, STOP = range(len(_KINDS))


@dataclass(slots=True)
class Exchange:
    """One request and its answer. `marks` holds how many events each frame of the answer gave, but for the newest,
    whose events are in `given`."""

    requested: Requested
    head: Head | None = None
    body: Body = field(default_factory=Body)
    marks: array[int] = field(default_factory=lambda: array("L"))
    given: Given = field(default_factory=list)
    framer: type[Framer] | None = None
    ended: Ended | None = None

    def settle(self) -> None:
        """Count what the newest frames gave."""
        self.marks.extend(map(len, self.given))
        self.given.clear()


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
        self.items = array("L")  # of each event: the place of its item in `names`, counted from 1; 0 for none
        self.kinds = array("B")  # of each event
        self.names: list[str] = []
        self.lost = 0  # bytes that were not kept
        self._places: dict[str, int] = {"": 0}
        self.told: list[Heard] = []  # what has no place yet
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

    def rows(self, exchange: int, part: int, at: Sequence[float], before: Sequence[int]) -> None:
        """Chunks of an answer came, the first being its chunk number `part`; `before` each, so many entries stood in
        `told`."""
        count = len(at)
        firsts = list(accumulate((len(heard[0]) for heard in self.told), initial=self.events))
        self.kind.frombytes(bytes((CHUNK,)) * count)
        self.at.extend(at)
        self.what.extend(array("L", [exchange]) * count)
        self.part.extend(range(part, part + count))
        self.first.extend([firsts[n] for n in before])

    def settle(self) -> None:
        """Put the events that came into their place."""
        if not self.told:
            return
        events = [event for heard in self.told for event in heard[0]]
        items = [
            changes[0].item if len(changes) == 1 and type(changes[0]) is Grew else _item(changes)
            for heard in self.told
            for changes in heard[1]
        ]
        for item in set(items).difference(self._places):
            self.names.append(item)
            self._places[item] = len(self.names)
        self.items.extend(map(self._places.__getitem__, items))
        self.kinds.extend(map(_CODES.__getitem__, map(type, events)))
        self._recent.extend(events)
        self.events += len(events)
        self.told.clear()

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
        return [_WORDS[code] for code in self.kinds[first : first + min(count, most)]]

    def item_of(self, event: int) -> str:
        """The id of the item that an event concerned, or ""."""
        place = self.items[event] if event < len(self.items) else 0
        return self.names[place - 1] if place else ""

    def events_of(self, item: str) -> Iterator[int]:
        """The numbers of the events that concerned an item."""
        place = self._places.get(item, 0)
        return (i for i, found in enumerate(self.items) if found == place) if place else iter(())

    def exchange(self, number: int) -> Exchange:
        """An exchange by its number in the session."""
        return self.exchanges[number - self.base]


def _item(changes: Sequence[Change]) -> str:
    """The item that an event concerned, or ""."""
    for change in changes:
        if not isinstance(change, RunChanged | SessionChanged):
            return change.item
    return ""
