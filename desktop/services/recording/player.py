"""Play a recording through a session, as if a server answered. Nothing is sent: there is no socket here.

One pump walks the recording's entries in order and is the only place where time passes: it hands each answer's pieces
to the session's requests, starts the runs, and stops at each decision until the person has decided.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from desktop.core.conversation import AskItem
from desktop.core.errors import SluiceError
from desktop.core.events import Failure
from desktop.core.language import tr
from desktop.core.recordings import recording as rec
from desktop.core.recordings.redaction import REMOVED
from desktop.core.requests import Answer, Connection, HttpCall, Prompt, Reply, Secrets
from desktop.core.wire.cutter import frames_of
from desktop.services.approvals.decision_tap import PERSON
from desktop.services.clock import now
from desktop.services.recording.transport import Line, ReplayTransport, only_its_answer
from desktop.services.session import Session
from desktop.services.tasks import spawn

MAX_SPEED = float("inf")
_PATIENCE = 0.25  # seconds that the pump waits for a request which the recording has and the session does not make
_SLICE = 0.008  # seconds of work between two looks at the window, as fast as it goes
_BATCH = 256


class ReplaySession(Session):
    """A session whose answers come from a recording and whose time is the recording's."""

    def __init__(self, player: Player, connection: Connection, uuid: str) -> None:
        super().__init__(connection, ReplayTransport(player), session_uuid=uuid or None)
        self._player = player
        self.clock = player.clock

    async def answer(self, answer: Answer, by: str = PERSON) -> str | None:
        """The person decides. The recording goes on as it was recorded, whatever is decided now."""
        self._player.note_decision(answer.ask)
        return await super().answer(answer, by)

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(0)

    def cut(self, words: str) -> None:
        """The recording ends, and the run does not."""
        if self.live is not None:
            failure = Failure(words, code="recording")
            self._break_off(self.live, self.live.run.failed(failure, "recording", "cut"), tell=False)


class Player:
    """Plays one recording, again and again if wanted. `session` is replaced when it begins anew: `restarted` tells.
    `changed` tells that it plays or rests, waits for a person, or is over. With `decide` the recorded decisions are
    taken by themselves."""

    def __init__(self, recording: rec.Recording, decide: bool = False) -> None:
        self.recording = recording
        self.changed: Callable[[], None] = lambda: None
        self.restarted: Callable[[], None] = lambda: None
        self.prepare: Callable[[Session], None] = lambda session: None
        self.playing = False
        self.speed = 1.0
        self.at = 0.0  # seconds of the recording
        self.waiting: rec.Decided | None = None  # the recorded decision that the person is to take now
        self.over = False
        self.trouble = ""
        self._decide = decide
        self._base = now()
        self._woken = asyncio.Event()
        self._steps = 0
        self._rests = False
        self._anchor: tuple[float, float] | None = None  # (recorded time, time now) since when it plays undisturbed
        self._until = -1.0  # seek: as fast as it goes up to here
        self._decided: set[str] = set()
        self._pump: asyncio.Task[Any] | None = None
        self._breath = now()
        self._begin()

    # ---- what a person does

    def play(self, speed: float | None = None) -> None:
        """Go on; from the beginning if it is over. `speed` is a factor of the recorded time, or MAX_SPEED."""
        self.speed = speed or self.speed
        self.playing = True
        if self.over:
            self.restart()
        self._wake()

    def pause(self) -> None:
        """Rest."""
        self.playing, self._until = False, -1.0
        self._wake()

    def step(self) -> None:
        """One frame of the wire, then rest."""
        self.playing, self._steps = False, 1
        self._wake()

    def seek(self, t: float) -> None:
        """To this second of the recording, at once; back means from the beginning."""
        if t < self.at or self.over:
            self.restart()
        self._until = t
        self._wake()

    def as_recorded(self) -> None:
        """Take the decision that the recording waits for as it was taken then."""
        if self.waiting is not None:
            self._take(self.waiting)

    def restart(self) -> None:
        """From the beginning, in a session that is new."""
        old, self._pump = self._pump, None
        if old is not None:
            old.cancel()
        spawn(self.session.close(), "close replay")
        self._begin()
        self.restarted()
        self._wake()

    async def close(self) -> None:
        """Stop for good."""
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.wait([self._pump], timeout=1.0)
        await self.session.close()

    def resting(self) -> bool:
        """Whether nothing happens until the person does something."""
        return self.over or self._rests

    async def ended(self) -> None:
        """Wait until all of it has been played."""
        if self._pump is not None:
            await asyncio.wait([self._pump])

    # ---- for the session

    def clock(self) -> float:
        """The recorded time, on the program's clock: durations are the recording's own."""
        return self._base + self.at

    def has(self, call: HttpCall) -> bool:
        """Whether this very request is still to come."""
        return self._same(call) is not None

    def claim(self, call: HttpCall) -> Line | None:
        """The recorded answer to a request: the next one of the same method and path, or else of the same kind."""
        kind = (call.method, call.stream, self._run)
        like = (r for r in self._free() if (r.method or call.method, r.stream, r.run) == kind)
        found = self._same(call) or next(like, None)
        if found is None:
            return None
        self._taken.add(found.exchange)
        line = self._lines[found.exchange]
        line.claimed.set()
        return line

    def _free(self) -> Iterator[rec.Requested]:
        return (r for r in self._requests if r.exchange not in self._taken)

    def _same(self, call: HttpCall) -> rec.Requested | None:
        wanted = (call.method, urlsplit(call.url).path)
        return next((r for r in self._free() if (r.method, urlsplit(r.url).path) == wanted), None)

    def again(self, call: HttpCall) -> Reply | None:
        """An answer that was given before."""
        path = urlsplit(call.url).path
        for request in reversed(self._requests):
            if (request.method, urlsplit(request.url).path) == (call.method, path):
                return _reply(self.recording, request.exchange)
        return None

    def note_decision(self, ask: str) -> None:
        """The person has decided about an ask."""
        self._decided.add(ask)
        self._wake()

    # ---- the pump

    def _begin(self) -> None:
        first = next(e for e in self.recording.entries if isinstance(e, rec.RunBegun))
        self.at, self.over, self.waiting, self._until = 0.0, False, None, -1.0
        self._requests = [e for e in self.recording.entries if isinstance(e, rec.Requested)]
        self._lines = {e.exchange: Line() for e in self._requests}
        self._taken: set[int] = set()
        self._run = first.run
        self._decided.clear()
        self.session = ReplaySession(self, first.connection, first.uuid)
        self.session.conversation.session_id = first.session_id
        held = Secrets("removed" if "key" in first.secrets else None,
                       {name: REMOVED for name in first.secrets if name != "key"})  # fmt: skip
        alone = len(self._requests) == 1 and not self._requests[0].method

        async def resolve(place: Connection) -> tuple[Connection, Secrets]:
            return place, held

        self.session.resolve = resolve
        if alone:
            only_its_answer(self.session)
        self.prepare(self.session)
        self._pump = spawn(self._go(), "replay")

    def _wake(self) -> None:
        self._anchor, self._rests = None, False
        self._woken.set()
        self.changed()

    async def _go(self) -> None:
        entries = self.recording.entries
        place = 0
        while place < len(entries):
            entry = entries[place]
            if isinstance(entry, rec.Chunk):
                place = await self._chunks(place)
                continue
            if not isinstance(entry, rec.Decided):  # a person takes their own time
                await self._gate(entry.t, step=False)
            await self._do(entry)
            self.at = max(self.at, entry.t)
            place += 1
        await self._settled()
        self.session.cut(tr("The recording ends here. The answer was still coming."))
        self.over, self.playing = True, False
        self.changed()

    async def _do(self, entry: rec.Entry) -> None:
        match entry:
            case rec.RunBegun():
                await self._start(entry)
            case rec.Requested():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._lines[entry.exchange].claimed.wait(), _PATIENCE)
            case rec.Head() | rec.Ended():
                await self._give(entry.exchange, [entry])
            case rec.Decided():
                await self._await_decision(entry)
            case rec.Stopped():
                self._stop(entry)

    async def _chunks(self, place: int) -> int:
        """Give one chunk, frame by frame where somebody steps; many at once where it goes as fast as it can."""
        entries = self.recording.entries
        entry = entries[place]
        assert isinstance(entry, rec.Chunk)
        await self._gate(entry.t)
        if not self._fast(entry.t):
            for number, piece in enumerate(self._pieces(entry)):
                if number:
                    await self._gate(entry.t)
                await self._give(entry.exchange, [piece])
                self.at = max(self.at, entry.t)
            return place + 1
        batch: list[rec.Entry] = []
        while place < len(entries) and len(batch) < _BATCH:
            entry = entries[place]
            if not isinstance(entry, rec.Chunk) or (batch and entry.exchange != batch[0].exchange):  # type: ignore[union-attr]
                break
            if not self._fast(entry.t):
                break
            batch.append(entry)
            place += 1
        await self._give(batch[0].exchange, batch)  # type: ignore[union-attr]
        self.at = max(self.at, batch[-1].t)
        return place

    def _pieces(self, entry: rec.Chunk) -> list[rec.Chunk]:
        if self.playing or len(entry.data) < 2:
            return [entry]
        frames = frames_of(entry.data, lines=True)
        return [rec.Chunk(entry.t, entry.exchange, frame) for frame in frames]

    async def _give(self, exchange: int, items: list[rec.Entry]) -> None:
        line = self._lines.get(exchange)
        if line is not None and line.claimed.is_set():
            await line.give(items)
        if now() - self._breath > _SLICE:
            await asyncio.sleep(0)
            self._breath = now()

    def _fast(self, t: float) -> bool:
        return t <= self._until or (self.playing and self.speed == MAX_SPEED)

    async def _gate(self, t: float, step: bool = True) -> None:
        """Wait until it is time for what came at `t`. Only what is a `step` uses one up."""
        while not self._fast(t):
            self._woken.clear()
            if self._steps:
                self._steps -= step
                return
            left = None
            if self.playing:
                self._anchor = self._anchor or (self.at, now())
                since, began = self._anchor
                left = (t - since) / self.speed - (now() - began)
                if left <= 0:
                    return
            self._rests = left is None
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), left)
            self._rests = False

    async def _start(self, entry: rec.RunBegun) -> None:
        self._run = entry.run
        if entry.cause != "decision":  # that one began with the person's answer
            await self._settled()
            self.session.cut(tr("The recording goes on with another run."))
        self.at = max(self.at, entry.t)
        self.session.connection, self.session.patient = entry.connection, entry.patient
        if entry.prompt is not None:
            spawn(self._say(entry.prompt), "replay run")
        elif entry.cause == "look-up":
            spawn(self.session.look_up(), "replay look-up")
        await self._soon(lambda: self.session.live is not None)

    async def _say(self, prompt: Prompt) -> None:
        try:
            await self.session.send(prompt)
        except SluiceError as error:
            self.trouble = error.headline
            self.changed()

    async def _await_decision(self, entry: rec.Decided) -> None:
        """Rest until the person has decided, as they did then."""
        await self._soon(lambda: self._open_ask(entry.answer.ask) is not None)
        if (item := self._open_ask(entry.answer.ask)) is None:
            return
        self.waiting = entry
        self.changed()
        if self._decide or entry.t <= self._until:
            self._take(entry)
        while item.ask not in self._decided and item.state == "pending":
            self._woken.clear()
            await self._woken.wait()
        self._decided.discard(item.ask)
        self.waiting = None
        self.at = max(self.at, entry.t)
        self._wake()

    def _take(self, entry: rec.Decided) -> None:
        item = self._open_ask(entry.answer.ask)
        if item is not None:
            spawn(self.session.answer(replace(entry.answer, ask=item.ask)), "recorded decision")

    def _open_ask(self, ask: str) -> AskItem | None:
        """The ask of that id; else the oldest, where the protocol's ids are made anew each time."""
        asks = self.session.conversation.open_asks()
        pending = (item for item in asks if item.state == "pending")
        return next((item for item in asks if item.ask == ask), next(pending, None))

    def _stop(self, entry: rec.Stopped) -> None:
        match entry.how:
            case "leave":
                self.session.leave()
            case "give-up":
                self.session.give_up(Failure(tr("No end came in the time that was set."), code="timeout"))
            case _:
                self.session.stop()

    async def _settled(self) -> None:
        """Give the run a moment to end."""
        await self._soon(lambda: self.session.live is None)

    async def _soon(self, condition: Callable[[], bool]) -> None:
        end = now() + _PATIENCE
        for turn in range(10_000):
            if condition() or (turn > 50 and now() > end):
                return
            await asyncio.sleep(0 if turn < 50 else 0.002)


def _reply(recording: rec.Recording, exchange: int) -> Reply | None:
    mine: list[Any] = [e for e in recording.entries if getattr(e, "exchange", None) == exchange]
    head = next((e for e in mine if isinstance(e, rec.Head)), None)
    if head is None:
        return None
    return Reply(head.status, dict(head.headers), b"".join(e.data for e in mine if isinstance(e, rec.Chunk)))
