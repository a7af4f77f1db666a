"""What is held of one run: its rows in the order in which things happened, its answers, and what was decoded."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any

from desktop.core.conversation import Change, Grew, RunChanged, SessionChanged
from desktop.core.events import KINDS, AnyEvent
from desktop.core.recording import Decided, Ended, Head, Requested, RunBegun, Stopped
from desktop.core.wire.frames import Framer
from desktop.services.recording_store import Body

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
        self.items = array("L")  # of each event: the place of its item in `names`, counted from 1; 0 for none
        self.kinds = array("B")  # of each event
        self.names: list[str] = []
        self.lost = 0  # bytes that were not kept
        self._parts: dict[int, int] = {}  # of each answer: how many chunks came
        self._places: dict[str, int] = {}
        self._recent: deque[AnyEvent] = deque(maxlen=_EVENTS)
        self._last_item, self._last_place = "", 0

    def row(self, kind: int, at: float, what: int) -> None:
        """Something happened."""
        self.kind.append(kind)
        self.at.append(at)
        self.what.append(what)
        self.part.append(0)
        self.first.append(self.events)

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
        self._parts[exchange] = self._parts.get(exchange, count) - count
        self.lost += size

    def take(self, pending: list[Any], start: float) -> list[tuple[int, float, bytes]]:
        """Chunks, and events with what each changed, as they came. Returns the chunks. Many at once, and written
        for speed: this is what streaming pays for being recorded."""
        chunks: list[tuple[int, float, bytes]] = []
        events: list[AnyEvent] = []
        firsts, places = [], []
        last, place, count = self._last_item, self._last_place, self.events
        left = iter(pending)
        for entry in left:
            if type(entry) is tuple:
                chunks.append(entry)
                firsts.append(count)
                continue
            changed = next(left)
            item = changed[0].item if len(changed) == 1 and type(changed[0]) is Grew else _item(changed)
            if item is not last and item != last:
                last, place = item, self._place(item)
            events.append(entry)
            places.append(place)
            count += 1
        self._last_item, self._last_place, self.events = last, place, count
        self.items.extend(places)
        self.kinds.extend([_CODES[type(event)] for event in events])
        self._recent.extend(events)
        self.kind.frombytes(bytes((CHUNK,)) * len(chunks))
        self.at.extend([chunk[1] - start for chunk in chunks])
        self.what.extend([chunk[0] for chunk in chunks])
        self.first.extend(firsts)
        self.part.extend(self._count(chunks))
        return chunks

    def _count(self, chunks: list[tuple[int, float, bytes]]) -> Iterator[int]:
        """The number of each chunk in its answer."""
        for exchange, same in groupby(chunks, key=itemgetter(0)):
            size = sum(1 for _ in same)
            begin = self._parts.get(exchange, 0)
            self._parts[exchange] = begin + size
            yield from range(begin, begin + size)

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

    def _place(self, item: str) -> int:
        if not item:
            return 0
        if item not in self._places:
            self.names.append(item)
            self._places[item] = len(self.names)
        return self._places[item]


def _item(changes: Sequence[Change]) -> str:
    """The item that an event concerned, or ""."""
    for change in changes:
        if not isinstance(change, RunChanged | SessionChanged):
            return change.item
    return ""
