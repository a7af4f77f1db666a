"""The recorder of one session: always on, bounded, and without secrets. What it holds can be looked at while it grows
(`ui.wire_model`) and saved as a recording (`core.recording`).

Streaming pays for a few appends a chunk. What has come together is put into its place every few hundred pieces, and
before anybody looks: done for many at once it costs a fraction.
"""

from __future__ import annotations

import logging
import os
import tempfile
from array import array
from collections import deque
from collections.abc import Iterator, MutableSequence, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from desktop import __version__
from desktop.core.adapters.run import Run
from desktop.core.events import Failure
from desktop.core.language import trn
from desktop.core.recordings.recording import Chunk, Decided, Ended, Entry, Head, Requested, RunBegun, Stopped, lines_of
from desktop.core.recordings.redaction import Redactor
from desktop.core.requests import Answer, HttpCall, Prompt, Reply
from desktop.services.network import Route
from desktop.services.paths import private_folder
from desktop.services.recording.log import CHUNK, DECISION, END, HEAD, REQUEST, STOP, Exchange, RunLog
from desktop.services.recording.store import Body
from desktop.services.recording.wire_tap import Hear, Stop

_log = logging.getLogger(__name__)
MEMORY = 8 * 1024 * 1024  # bytes of answers in memory, of one session; more goes to files
MOST = 256 * 1024 * 1024  # bytes of answers kept of one session; the oldest runs go first
ROWS = 1_500_000  # chunks kept of one session
_WAITING = 32 * 1024  # bytes that are stored together; more would not stay in the processor's cache


class Recorder:
    """Hears a session (see `wire_tap.WireTap`). `dropped` counts the runs that were let go, so that a view knows when
    to begin anew."""

    def __init__(self, folder: Path | None = None, memory: int = MEMORY, most: int = MOST) -> None:
        self._runs: deque[RunLog] = deque()
        self._bytes = bytearray()  # of chunks of one answer that are not stored yet
        self._chunks: list[Any] = []  # of each: where it ends in them, time, and how many events the run had before
        self._exchange, self._part = -1, 0  # whose they are, and the number of the first one
        self.heard: Hear = lambda events, changes: None
        self._newest: RunLog | None = None
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
        self._full = False

    # ---- what the session tells

    def begin(self, run: Run, prompt: Prompt | None, patient: bool, route: Route, at: float) -> None:
        """See `WireTap`."""
        self.flush()
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
        self._runs.append(log)
        self.heard, self._newest = log.hear, log

    def request(self, call: HttpCall, at: float) -> int:
        """See `WireTap`."""
        number = self._exchanges
        log = self._log()
        if log is None:
            return number
        self.flush()
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
        if exchange != self._exchange or len(self._bytes) > _WAITING:
            self.flush()
            self._begin_chunks(exchange)
        self._bytes += data
        log = self._newest
        self._chunks += (len(self._bytes), at, log.events if log is not None else 0)

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
    def runs(self) -> Sequence[RunLog]:
        """The runs that are held, oldest first. Only in the session's thread."""
        self.flush()
        return self._runs

    def flush(self) -> None:
        """Put what has come into its place. Only in the session's thread."""
        if not self._runs:
            return
        log, chunks, data = self._runs[-1], self._chunks, self._bytes
        self._chunks, self._bytes = [], bytearray()
        start = self._start or 0.0
        if chunks:
            log.rows(self._exchange, self._part, [at - start for at in chunks[1::3]], chunks[2::3])
            self._store(log, self._exchange, data, chunks[0::3])
            self._begin_chunks(self._exchange)
        if self._held > self._most or self._rows > ROWS:
            self._make_room()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to save."""
        return not self._runs

    def entries(self) -> Iterator[Entry]:
        """What was recorded and put into its place, in order, from the first run that is still held. Safe in another
        thread."""
        for log in list(self._runs):
            yield log.begun
            for row in range(1, len(log.kind)):
                yield self._entry(log, row)

    def save(self, path: Path, title: str = "", pictures: bool = True) -> None:
        """Write a recording. Raises OSError; the file is then as it was before."""
        self.flush()
        self.write(path, title, pictures)

    def write(self, path: Path, title: str = "", pictures: bool = True) -> None:
        """As `save`, in another thread; call `flush` in the session's before."""
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
            words.append(
                trn(
                    "The first {n} run of the conversation is no longer held.",
                    "The first {n} runs of the conversation are no longer held.",
                    self.dropped,
                )
            )
        if lost := sum(log.lost for log in self._runs):
            words.append(
                trn(
                    "{n} byte at the end of a run was not kept: it was larger than the limit.",
                    "{n} bytes at the end of a run were not kept: it was larger than the limit.",
                    lost,
                )
            )
        return " ".join(words)

    def close(self) -> None:
        """Forget everything; files of the ring are removed."""
        while self._runs:
            _drop(self._runs.popleft())

    # ---- inside

    def _t(self, at: float) -> float:
        if self._start is None:
            self._start = at
        return at - self._start

    def _log(self) -> RunLog | None:
        return self._runs[-1] if self._runs else None

    def _find(self, exchange: int) -> tuple[RunLog, Exchange] | None:
        self.flush()
        for log in reversed(self._runs):
            if 0 <= exchange - log.base < len(log.exchanges):
                return log, log.exchange(exchange)
        return None

    def _clean(self, failure: Failure | None) -> Failure | None:
        return replace(failure, text=self.redactor.text(failure.text)) if failure else None

    def _begin_chunks(self, exchange: int) -> None:
        """What comes now belongs to this answer, after what is stored of it."""
        body = self._body(exchange)
        self._exchange, self._part = exchange, len(body.ends) if body is not None else 0

    def _body(self, exchange: int) -> Body | None:
        log = self._log()
        return log.exchange(exchange).body if log and 0 <= exchange - log.base < len(log.exchanges) else None

    def _note(self, kind: int, note: Decided | Stopped) -> None:
        self.flush()
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

    def _store(self, log: RunLog, exchange: int, data: bytearray, ends: list[int]) -> None:
        """Keep the bytes of neighbouring chunks of one answer, whose rows are the log's last ones of that answer."""
        body = self._body(exchange)
        if body is None or self._full:
            log.lose(exchange, len(ends), len(data) if body is not None else 0)
            return
        before, in_memory = body.size, body.in_memory
        try:
            body.append(data, ends)
        except OSError as error:
            _log.warning("recording stopped: %s", error)
            log.lose(exchange, len(ends), len(data))
            self._full = True
            return
        if self.redactor.longest:
            self._mask(body, before, data)
        self._rows += len(ends)
        self._held += len(data)
        self._in_memory += body.in_memory - in_memory
        if self._in_memory > self._memory:
            self._spill()

    def _mask(self, body: Body, before: int, data: bytearray) -> None:
        """Overwrite known secrets in what came last; one that the border between two pieces cuts too."""
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
            for log in self._runs:
                for held in log.exchanges:
                    if held.body.in_memory > self._memory // 64:
                        self._in_memory -= held.body.in_memory
                        held.body.spill(self._folder)
        except OSError as error:
            _log.warning("the recording stays in memory: %s", error)
            self._folder = None

    def _make_room(self) -> None:
        """Let the oldest runs go; a single run that is too large loses its end."""
        while len(self._runs) > 1 and (self._held > self._most // 2 or self._rows > ROWS // 2):
            log = self._runs.popleft()
            self._held -= sum(held.body.size for held in log.exchanges)
            self._in_memory -= sum(held.body.in_memory for held in log.exchanges)
            self._rows -= len(log.kind)
            self.dropped += 1
            _drop(log)
        self._full = self._held > self._most or self._rows > ROWS


def _drop(log: RunLog) -> None:
    for held in log.exchanges:
        held.body.drop()
