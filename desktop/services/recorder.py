"""The recorder of one session: always on, bounded, and without secrets. What it holds can be looked at while it grows
(`ui.wire_model`) and saved as a recording (`core.recording`).

Streaming pays for two appends a chunk and two an event; everything else is done when somebody looks.
"""

from __future__ import annotations

import logging
import os
import tempfile
from array import array
from collections import deque
from collections.abc import Iterator, MutableSequence, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from desktop import __version__
from desktop.core.adapters.base import Run
from desktop.core.conversation import Change, RunChanged, SessionChanged
from desktop.core.events import AnyEvent, Failure
from desktop.core.recording import Chunk, Decided, Ended, Entry, Head, Requested, RunBegun, Stopped, lines_of
from desktop.core.redaction import Redactor
from desktop.core.requests import Answer, HttpCall, Prompt, Reply
from desktop.core.wire.frames import Framer
from desktop.services.network import Route
from desktop.services.paths import private_folder
from desktop.services.recording_store import Body
from desktop.services.wire_tap import Stop

_log = logging.getLogger(__name__)
MEMORY = 8 * 1024 * 1024  # bytes of answers in memory, of one session; more goes to files
MOST = 256 * 1024 * 1024  # bytes of answers kept of one session; the oldest runs go first
ROWS = 1_500_000  # chunks kept of one session
_EVENTS = 100_000  # decoded events kept whole for the wire view; of older ones only the kind
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
        self.names: list[str] = []
        self.lost = 0  # bytes that were not kept
        self._places: dict[str, int] = {}
        self._recent: deque[AnyEvent] = deque(maxlen=_EVENTS)
        self._last_item, self._last_place = "", 0

    def row(self, kind: int, at: float, what: int, part: int = 0) -> None:
        """Something happened."""
        self.kind.append(kind)
        self.at.append(at)
        self.what.append(what)
        self.part.append(part)
        self.first.append(self.events)

    def event(self, event: AnyEvent, item: str) -> None:
        """Something was decoded, and concerned this item."""
        if item != self._last_item:
            self._last_item, self._last_place = item, self._place(item)
        self.events += 1
        self.items.append(self._last_place)
        self._recent.append(event)

    def decoded(self, first: int, count: int, most: int = 50) -> list[AnyEvent]:
        """The events in this range that are still held."""
        gone = self.events - len(self._recent)
        return [self._recent[i - gone] for i in range(max(first, gone), min(first + count, first + most, self.events))]

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


class Recorder:
    """Hears a session (see `wire_tap.WireTap`). `dropped` counts the runs that were let go, so that a view knows when
    to begin anew."""

    def __init__(self, folder: Path | None = None, memory: int = MEMORY, most: int = MOST) -> None:
        self.runs: deque[RunLog] = deque()
        self.dropped = 0
        self.redactor = Redactor()
        self._folder, self._memory, self._most = folder, memory, most
        self._start: float | None = None
        self._exchanges = 0
        self._run = 0
        self._deciding = False
        self._held = 0  # bytes of all answers
        self._in_memory = 0
        self._rows = 0
        self._body: Body | None = None  # of the chunk before, with its number
        self._body_of = -1
        self._full = False

    # ---- what the session tells

    def begin(self, run: Run, prompt: Prompt | None, patient: bool, route: Route, at: float) -> None:
        """See `WireTap`."""
        self._make_room()
        adapter, redact = run.adapter, self.redactor
        redact.learn(adapter.secrets)
        redact.learn_values((route.proxy_password, route.client_password, *dict(route.secret_headers).values()))
        place = adapter.connection
        place = replace(place, base_url=redact.url(place.base_url), options=redact.value(dict(place.options)))
        if prompt is not None:
            prompt = replace(prompt, text=redact.text(prompt.text))
        begun = RunBegun(
            self._t(at),
            self._run,
            place,
            prompt,
            "prompt" if prompt is not None else "decision" if self._deciding else "look-up",
            run.talk.uuid,
            run.talk.session_id,
            tuple(filter(None, ("key" if adapter.secrets.key else "", *adapter.secrets.extra))),
            patient,
        )
        self._run += 1
        self._deciding = False
        log = RunLog(begun)
        log.base = self._exchanges
        self.runs.append(log)

    def request(self, call: HttpCall, at: float) -> int:
        """See `WireTap`."""
        number = self._exchanges
        log = self._log()
        if log is None:
            return number
        self._exchanges += 1
        redact, keep = self.redactor, call.sends and call.json is not None
        requested = Requested(
            self._t(at),
            number,
            log.begun.run,
            call.method,
            redact.url(call.url),
            redact.headers(call.headers),
            redact.value(call.json) if keep else None,
            call.stream,
            call.json is not None and not keep,
        )
        log.exchanges.append(Exchange(requested))
        log.row(REQUEST, requested.t, number)
        return number

    def head(self, exchange: int, status: int, headers: dict[str, str], run: Run, at: float) -> MutableSequence[int]:
        """See `WireTap`."""
        found = self._find(exchange)
        if found is None:
            return array("L")
        log, held = found
        held.head = Head(self._t(at), exchange, status, self.redactor.headers(headers))
        held.framer = run.framer
        log.row(HEAD, held.head.t, exchange)
        return held.marks

    def chunk(self, exchange: int, data: bytes, at: float) -> None:
        """See `WireTap`."""
        if exchange != self._body_of and not self._turn_to(exchange):
            return
        log, body = self.runs[-1], self._body
        assert body is not None
        if self._full:
            log.lost += len(data)
            return
        before = body.size
        try:
            body.append(data)
        except OSError as error:
            self._give_up(log, len(data), error)
            return
        if self.redactor.longest:
            self._mask(body, before, data)
        log.row(CHUNK, at - self._start if self._start is not None else 0.0, exchange, len(body.ends) - 1)
        self._rows += 1
        self._held += len(data)
        if body.in_memory:
            self._in_memory += len(data)
            if self._in_memory > self._memory:
                self._spill()
        if self._held > self._most or self._rows > ROWS:
            self._make_room()

    def end(self, exchange: int, failure: Failure | None, at: float) -> None:
        """See `WireTap`."""
        if (found := self._find(exchange)) is not None:
            log, held = found
            held.ended = Ended(self._t(at), exchange, self._clean(failure))
            log.row(END, held.ended.t, exchange)

    def whole(self, exchange: int, reply: Reply, at: float) -> None:
        """See `WireTap`."""
        found = self._find(exchange)
        if found is None:
            return
        log, held = found
        if reply.status:
            held.head = Head(self._t(at), exchange, reply.status, self.redactor.headers(reply.headers))
            log.row(HEAD, held.head.t, exchange)
        if reply.body:
            self.chunk(exchange, self.redactor.whole(reply.body), at)
        self.end(exchange, reply.failure, at)

    def event(self, event: AnyEvent, changes: Sequence[Change]) -> None:
        """See `WireTap`."""
        item = ""
        for change in changes:
            if not isinstance(change, RunChanged | SessionChanged):
                item = change.item
                break
        if self.runs:
            self.runs[-1].event(event, item)

    def decided(self, answer: Answer, at: float) -> None:
        """See `WireTap`."""
        value = self.redactor.value
        kept = replace(answer, text=value(answer.text), args=value(answer.args), note=value(answer.note))
        self._deciding = True
        self._note(DECISION, Decided(self._t(at), kept))

    def stopped(self, how: Stop, at: float) -> None:
        """See `WireTap`."""
        self._note(STOP, Stopped(self._t(at), how))

    # ---- what is done with it

    @property
    def empty(self) -> bool:
        """Whether there is nothing to save."""
        return not self.runs

    def entries(self) -> Iterator[Entry]:
        """What was recorded, in order, from the first run that is still held. Safe in another thread."""
        for log in list(self.runs):
            yield log.begun
            for row in range(1, len(log.kind)):
                yield self._entry(log, row)

    def save(self, path: Path, title: str = "", pictures: bool = True) -> None:
        """Write a recording. Raises OSError; the file is then as it was before."""
        private_folder(path.parent)
        title = self.redactor.text(title)
        made = datetime.now(UTC).isoformat(timespec="seconds")
        number, name = tempfile.mkstemp(prefix=".saving-", dir=path.parent)
        try:
            with os.fdopen(number, "w", encoding="utf-8", newline="\n") as file:
                for line in lines_of(self.entries(), title, made, f"Sluice {__version__}", pictures, self.note()):
                    file.write(line + "\n")
            os.replace(name, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise

    def note(self) -> str:
        """What is missing, for people."""
        words = []
        if self.dropped:
            words.append(f"The first {self.dropped} runs of the conversation are no longer held.")
        if lost := sum(log.lost for log in self.runs):
            words.append(f"{lost} bytes at the end of a run were not kept: it was larger than the limit.")
        return " ".join(words)

    def close(self) -> None:
        """Forget everything; files of the ring are removed."""
        while self.runs:
            _drop(self.runs.popleft())
        self._body, self._body_of = None, -1

    # ---- inside

    def _t(self, at: float) -> float:
        if self._start is None:
            self._start = at
        return at - self._start

    def _log(self) -> RunLog | None:
        return self.runs[-1] if self.runs else None

    def _find(self, exchange: int) -> tuple[RunLog, Exchange] | None:
        for log in reversed(self.runs):
            if 0 <= exchange - log.base < len(log.exchanges):
                return log, log.exchange(exchange)
        return None

    def _turn_to(self, exchange: int) -> bool:
        found = self._find(exchange)
        if found is None or found[0] is not self.runs[-1]:
            return False
        self._body, self._body_of = found[1].body, exchange
        return True

    def _clean(self, failure: Failure | None) -> Failure | None:
        return replace(failure, text=self.redactor.text(failure.text)) if failure else None

    def _note(self, kind: int, note: Decided | Stopped) -> None:
        if (log := self._log()) is not None:
            log.notes.append(note)
            log.row(kind, note.t, len(log.notes) - 1)

    def _entry(self, log: RunLog, row: int) -> Entry:
        kind, what = log.kind[row], log.what[row]
        if kind in (DECISION, STOP):
            return log.notes[what]
        held = log.exchange(what)
        if kind == CHUNK:
            return Chunk(log.at[row], what, held.body.chunk(log.part[row]))
        entry: Any = {REQUEST: held.requested, HEAD: held.head, END: held.ended}[kind]
        assert entry is not None
        return entry  # type: ignore[no-any-return]

    def _mask(self, body: Body, before: int, data: bytes) -> None:
        """Overwrite known secrets in what came last; one that the border between two chunks cuts too."""
        overlap = min(before, self.redactor.longest - 1)
        start = before - overlap
        seen = body.read(start, before) + data if overlap else data
        if self.redactor.holds(seen):
            for a, b in self.redactor.find(seen):
                body.mask(start + a, start + b)

    def _spill(self) -> None:
        if self._folder is None:
            return
        try:
            for log in self.runs:
                for held in log.exchanges:
                    if held.body.in_memory > self._memory // 64:
                        self._in_memory -= held.body.in_memory
                        held.body.spill(self._folder)
        except OSError as error:
            _log.warning("the recording stays in memory: %s", error)
            self._folder = None

    def _give_up(self, log: RunLog, size: int, error: OSError) -> None:
        _log.warning("recording stopped: %s", error)
        log.lost += size
        self._full = True

    def _make_room(self) -> None:
        """Let the oldest runs go; a single run that is too large loses its end."""
        while len(self.runs) > 1 and (self._held > self._most // 2 or self._rows > ROWS // 2):
            log = self.runs.popleft()
            self._held -= sum(held.body.size for held in log.exchanges)
            self._in_memory -= sum(held.body.in_memory for held in log.exchanges)
            self._rows -= len(log.kind)
            self.dropped += 1
            _drop(log)
        self._full = self._held > self._most or self._rows > ROWS


def _drop(log: RunLog) -> None:
    for held in log.exchanges:
        held.body.drop()
