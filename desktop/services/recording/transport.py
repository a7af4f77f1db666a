"""Answers from a recording, in the place of the network. `recording_player.Player` hands them over in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

from desktop.core.adapters import adapter_class
from desktop.core.adapters.run import Run
from desktop.core.errors import ConnectionFailed, SluiceError
from desktop.core.events import Failure, RunEnded
from desktop.core.language import mark, tr
from desktop.core.recordings import recording as rec
from desktop.core.requests import HttpCall, Prompt, Reply, Steps, Wait
from desktop.services.network import DIRECT, Route
from desktop.services.network.upload import Gone, unheard
from desktop.services.session import Session
from desktop.services.transport import Opened, Transport

NOT_THERE = mark("This is a replay: nothing was sent, and the recording has no answer to this request.")


class Line:
    """The answer to one request, on its way from the pump to the session."""

    def __init__(self) -> None:
        self.claimed = asyncio.Event()
        self.closed = False
        self._items: list[rec.Entry] = []
        self._given = asyncio.Event()
        self._wanted = asyncio.Event()

    async def give(self, items: list[rec.Entry]) -> None:
        """Hand over, and wait until the session has taken it in."""
        if self.closed:
            return
        self._items = items
        self._wanted.clear()
        self._given.set()
        await self._wanted.wait()

    async def take(self) -> list[rec.Entry]:
        """What comes next; everything taken before is taken in."""
        self._wanted.set()
        await self._given.wait()
        self._given.clear()
        return self._items

    def close(self) -> None:
        """The session wants no more."""
        self.closed = True
        self._wanted.set()


class Answers(Protocol):
    """Who knows the recording. `at` is the time that the session sees."""

    at: float

    def has(self, call: HttpCall) -> bool:
        """Whether this very request is still to come."""
        ...

    def claim(self, call: HttpCall) -> Line | None:
        """The recorded answer to a request."""
        ...

    def again(self, call: HttpCall) -> Reply | None:
        """An answer that was given before."""
        ...


class ReplayTransport(Transport):
    """Answers from the recording."""

    def __init__(self, player: Answers) -> None:
        super().__init__()
        self._player = player

    async def fetch(self, call: HttpCall, route: Route = DIRECT, gone: Gone = unheard) -> Reply:
        """A whole answer; one that was given before may be given again."""
        status, headers, body = 0, {}, b""
        if not self._player.has(call) and (again := self._player.again(call)) is not None:
            return again
        try:
            async with self.stream(call) as opened:
                status, headers = opened.status, opened.headers
                async for chunk in opened.chunks:
                    body += chunk
        except SluiceError as error:
            return Reply(0, {}, b"", Failure(error.headline, code=error.code))
        return Reply(status, headers, body)

    @asynccontextmanager
    async def stream(self, call: HttpCall, route: Route = DIRECT, gone: Gone = unheard) -> AsyncIterator[Opened]:
        """As the real one."""
        line = self._player.claim(call)
        if line is None:
            raise ConnectionFailed(tr(NOT_THERE))
        try:
            first = (await line.take())[0]
            if not isinstance(first, rec.Head):
                raise _broken(first, began=False)
            yield Opened(first.status, dict(first.headers), self._chunks(line))
        finally:
            line.close()

    async def _chunks(self, line: Line) -> AsyncIterator[bytes]:
        while True:
            for entry in await line.take():
                if isinstance(entry, rec.Chunk):
                    self._player.at = entry.t
                    yield entry.data
                elif isinstance(entry, rec.Ended) and entry.failure is None:
                    return
                else:
                    raise _broken(entry, began=True)


def _broken(entry: rec.Entry, began: bool) -> SluiceError:
    failure = entry.failure if isinstance(entry, rec.Ended) else None
    error = SluiceError(failure.text if failure else tr("The recorded answer has no beginning."))
    error.code = (failure.code if failure else None) or ("network" if began else "connect")
    return error


def only_its_answer(session: Session) -> None:
    """A recording of one answer: its run makes no other request, as `core.replay.play` does."""
    adapter = adapter_class(session.connection.protocol)(session.connection)
    usual = adapter.run

    def run(prompt: Prompt, talk: Any) -> Run:
        made = usual(prompt, talk)

        def script() -> Steps[None]:
            reply = yield HttpCall("GET", session.connection.base_url, stream=True)
            for step in made.settle(reply):
                if isinstance(step, HttpCall | Wait):
                    break
                yield step
            if not made.ended:
                yield RunEnded(status="cut", reason="no-end")

        made.script = script  # type: ignore[method-assign]
        return made

    adapter.run = run  # type: ignore[method-assign]
    session._adapter = adapter
