"""What a recorder holds, as rows for looking at: requests, heads, single frames, decisions. Built when somebody looks,
in small portions, so that a million frames never hold up the window."""

from __future__ import annotations

import time
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from desktop.core.events import AnyEvent
from desktop.core.recordings.recording import Decided, Requested, Stopped, pretty
from desktop.core.recordings.wire_words import frame_name, readable
from desktop.core.wire.cutter import Cutter
from desktop.core.wire.frames import Framer
from desktop.core.wire.ndjson import NdjsonFramer
from desktop.services.recording.log import CHUNK, DECISION, END, HEAD, REQUEST, RUN, STOP, Exchange, RunLog
from desktop.services.recording.recorder import Recorder

FRAME = CHUNK
_UNKNOWN = "/unknown/"


@dataclass(slots=True)
class _Open:
    """How far one answer has been cut into frames."""

    cutter: Cutter
    framer: Framer | None
    start: int = 0  # of the frame that is not whole yet
    size: int = 0
    frames: int = 0  # those that the decoder has seen
    at: float = 0.0


@dataclass(slots=True)
class _Log:
    """One run's rows: from `begin` on. `next` is the recorder's row that comes next, `events` the event that does."""

    log: RunLog
    begin: int
    next: int = 0
    events: int = 0
    open: dict[int, _Open] = field(default_factory=dict)


class WireRows:
    """Rows in the order in which things happened. A row's events are those from `first` up to the next row's."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self._clear()

    def _clear(self) -> None:
        self._dropped = self.recorder.dropped
        self._logs: list[_Log] = []
        self.kind = array("B")
        self.at = array("d")
        self._log = array("L")
        self._what = array("L")
        self._start = array("Q")
        self._end = array("Q")
        self._first = array("Q")

    def __len__(self) -> int:
        return len(self.kind)

    # ---- building

    def stale(self) -> bool:
        """Whether the recorder has let runs go: everything is to be built anew."""
        if self._dropped == self.recorder.dropped:
            return False
        self._clear()
        return True

    def advance(self, seconds: float = 0.008) -> bool:
        """Take in what has come, for so long at most. Returns whether more is waiting."""
        end = time.monotonic() + seconds
        runs = list(self.recorder.runs)
        for number, log in enumerate(runs):
            if number >= len(self._logs):
                self._logs.append(_Log(log, len(self)))
            one = self._logs[number]
            later = number + 1 < len(self._logs)  # a straggler of a run that is over would break the order
            while not later and one.next < len(log.kind):
                self._take(number, one, one.next)
                one.next += 1
                if time.monotonic() > end:
                    one.events = log.first[one.next] if one.next < len(log.first) else log.events
                    return True
            one.events = log.events
        return False

    def _take(self, number: int, one: _Log, row: int) -> None:
        log, kind = one.log, one.log.kind[row]
        if kind == CHUNK:
            self._chunk(number, one, row)
            return
        if kind == END and self._finish(number, one, row, log.what[row]):
            return
        if kind == STOP:
            for what in list(one.open):
                self._finish(number, one, row, what)
        self._add(number, kind, log.at[row], log.what[row], 0, 0, log.first[row])

    def _add(self, log: int, kind: int, at: float, what: int, start: int, end: int, first: int) -> None:
        self._log.append(log)
        self.kind.append(kind)
        self.at.append(at)
        self._what.append(what)
        self._start.append(start)
        self._end.append(end)
        self._first.append(first)

    def _chunk(self, number: int, one: _Log, row: int) -> None:
        log, what = one.log, one.log.what[row]
        held = log.exchange(what)
        state = one.open.get(what) or one.open.setdefault(what, _opened(held))
        total = (log.first[row + 1] if row + 1 < len(log.first) else log.events) - log.first[row]
        pieces = state.cutter.feed(held.body.chunk(log.part[row]))
        counts = [self._count(state, held, piece) for piece, _ in pieces]
        first = log.first[row]
        state.at = log.at[row]
        extra = max(0, total - sum(counts))  # of no frame: word of a wrong type, for example
        for (piece, whole), count in zip(pieces, counts, strict=True):
            state.size += len(piece)
            if whole:
                self._add(number, FRAME, state.at, what, state.start, state.start + state.size, first)
                state.start, state.size = state.start + state.size, 0
                first, extra = first + extra + count, 0

    def _count(self, state: _Open, held: Exchange, piece: bytes) -> int:
        """How many events the decoder made of the piece."""
        if state.framer is None or not len(held.marks):
            return 0
        begin = state.frames
        state.frames += len(state.framer.feed(piece))
        return sum(held.marks[begin : state.frames])

    def _finish(self, number: int, one: _Log, row: int, what: int) -> bool:
        """What came and was no whole frame is shown as one. Returns whether the end needs no row of its own."""
        log = one.log
        state = one.open.pop(what, None)
        ended = log.exchange(what).ended
        if state is None or not state.size:
            return False
        self._add(number, FRAME, state.at, what, state.start, state.start + state.size, log.first[row])
        return state.start == 0 and (ended is None or ended.failure is None)

    # ---- looking

    def run(self, row: int) -> RunLog:
        """The run that a row belongs to."""
        return self._logs[self._log[row]].log

    def exchange(self, row: int) -> Exchange | None:
        """The request and answer that a row belongs to."""
        if self.kind[row] in (RUN, DECISION, STOP):
            return None
        return self.run(row).exchange(self._what[row])

    def request(self, row: int) -> Requested | None:
        """The request that a row belongs to."""
        held = self.exchange(row)
        return held.requested if held else None

    def seconds(self, row: int) -> float:
        """Since the request, or since the run began."""
        held = self.exchange(row)
        return self.at[row] - (held.requested.t if held else self.run(row).begun.t)

    def gap(self, row: int) -> float:
        """Since the row before, of the same run."""
        return self.at[row] - self.at[row - 1] if row and self._log[row] == self._log[row - 1] else 0.0

    def size(self, row: int) -> int | None:
        """Bytes; None where nothing of the wire stands in the row."""
        kind = self.kind[row]
        if kind == FRAME:
            return self._end[row] - self._start[row]
        return len(self.raw(row)) if kind == REQUEST else None

    def incoming(self, row: int) -> bool:
        """Whether it came from the server."""
        return self.kind[row] in (HEAD, FRAME, END)

    def name(self, row: int) -> str:
        """What the row is, in a few words."""
        held = self.exchange(row)
        match self.kind[row]:
            case 0:
                cause = self.run(row).begun.cause
                return {"prompt": "message", "decision": "goes on after a decision"}.get(cause, "look-up")
            case 1:
                assert held is not None
                return f"{held.requested.method} {held.requested.url}"
            case 2:
                return f"status {held.head.status}" if held and held.head else ""
            case 3:
                return frame_name(self.raw(row, 4096)) or "body"
            case 4:
                return "broke off" if held and held.ended and held.ended.failure else "end"
        note = self._note(row)
        return "decision" if isinstance(note, Decided) else f"stopped ({note.how})"

    def raw(self, row: int, most: int | None = None) -> bytes:
        """The bytes as they came; what was sent, as far as it is kept."""
        held = self.exchange(row)
        if held is None:
            return self.text(row).encode()
        match self.kind[row]:
            case 1:
                return self._request_text(held).encode()
            case 2:
                return self._head_text(held).encode()
            case 3:
                start, end = self._start[row], self._end[row]
                return held.body.read(start, end if most is None else min(end, start + most))
        failure = held.ended.failure if held.ended else None
        return (failure.text if failure else "").encode()

    def text(self, row: int, raw: bool = False) -> str:
        """For reading: JSON with its structure, or with `raw` as it came."""
        held = self.exchange(row)
        if held is not None:
            data = self.raw(row)
            return readable(data) if self.kind[row] == FRAME and not raw else data.decode("utf-8", "replace")
        if self.kind[row] == RUN:
            prompt = self.run(row).begun.prompt
            return prompt.text if prompt else ""
        note = self._note(row)
        if isinstance(note, Stopped):
            return note.how
        answer = {name: getattr(note.answer, name) for name in ("ask", "allow", "choices", "text", "args", "note")}
        return pretty({name: value for name, value in answer.items() if value is not None and value != ()})

    def event_range(self, row: int) -> tuple[int, int]:
        """The numbers, in the run, of the first event of a row and of the one after its last."""
        first = self._first[row]
        if row + 1 < len(self) and self._log[row + 1] == self._log[row]:
            return first, max(first, self._first[row + 1])
        return first, max(first, self._logs[self._log[row]].events)

    def events(self, row: int, most: int = 50) -> list[AnyEvent]:
        """What was decoded from a row, as far as it is still held."""
        first, end = self.event_range(row)
        return self.run(row).decoded(first, end - first, most)

    def items(self, row: int) -> list[str]:
        """The items of the transcript that a row concerned."""
        first, end = self.event_range(row)
        log = self.run(row)
        return list(dict.fromkeys(filter(None, (log.item_of(e) for e in range(first, min(end, first + 200))))))

    def unknown(self, row: int) -> bool:
        """Whether something in the row is not known."""
        return any(_UNKNOWN in item for item in self.items(row))

    def rows_of(self, item: str, most: int = 500) -> list[int]:
        """The rows that an item of the transcript came from."""
        found: dict[int, None] = {}
        for number, one in enumerate(self._logs):
            end = self._logs[number + 1].begin if number + 1 < len(self._logs) else len(self)
            for event in one.log.events_of(item):
                found[max(one.begin, bisect_right(self._first, event, one.begin, end) - 1)] = None
                if len(found) >= most:
                    return list(found)
        return list(found)

    def wire(self, exchange: int) -> bytes:
        """All bytes of an answer, joined from its rows."""
        mine = (r for r in range(len(self)) if self.kind[r] == FRAME and self._what[r] == exchange)
        return b"".join(self.raw(row) for row in mine)

    def streams(self) -> Iterator[int]:
        """The numbers of the exchanges whose answers streamed."""
        for one in self._logs:
            yield from (held.requested.exchange for held in one.log.exchanges if held.requested.stream)

    def _note(self, row: int) -> Decided | Stopped:
        return self.run(row).notes[self._what[row]]

    def _request_text(self, held: Exchange) -> str:
        asked = held.requested
        lines = [f"{asked.method} {asked.url}", *(f"{n}: {v}" for n, v in asked.headers.items()), ""]
        body = "(a body that is not kept)" if asked.left_out else pretty(asked.body) if asked.body is not None else ""
        return "\n".join((*lines, body)).rstrip("\n")

    def _head_text(self, held: Exchange) -> str:
        head = held.head
        return "\n".join((f"HTTP {head.status}", *(f"{n}: {v}" for n, v in head.headers.items()))) if head else ""


def _opened(held: Exchange) -> _Open:
    media = held.head.headers.get("content-type", "").lower() if held.head else ""
    framer = held.framer
    lines = framer is not None and issubclass(framer, NdjsonFramer)
    return _Open(Cutter(media, lines), framer() if framer else None)
