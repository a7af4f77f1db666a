"""Drives a dialogue's steps over the transport for a session: requests, waits, and events of the live run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from desktop.core.adapters.run import Run
from desktop.core.errors import ConnectionFailed, SluiceError
from desktop.core.events import AnyEvent, Failure, Notice
from desktop.core.language import tr
from desktop.core.requests import HttpCall, Reply, Steps, Wait
from desktop.services.clock import now
from desktop.services.network import Route, retry
from desktop.services.network.way import Way
from desktop.services.transport import Transport, failure_from, origin

if TYPE_CHECKING:
    from desktop.services.session import Session

_PIECE = 4096  # bytes that are read at once
_TRAILERS = 1.0  # seconds for figures that come behind the end


@dataclass
class Live:
    """The run that is going on. `number` is its place in the conversation, `after` the run that it goes on from."""

    run: Run
    number: int
    after: int
    seq: int = 0
    accepted: bool = False
    task: asyncio.Task[Any] | None = None
    heard: float = field(default_factory=now)  # when the last byte came
    told: int = 0  # events of our own making: notices of retries
    tried: int = 0
    next_try: float | None = None  # when a request is made again
    upload: tuple[int, int] | None = None  # bytes of a large request that have gone, of how many


class Driver:
    """Belongs to a session, and tells it what a live run gave (`Session.apply`)."""

    def __init__(self, session: Session, transport: Transport) -> None:
        self._session, self._transport = session, transport

    @property
    def way(self) -> Way | None:
        """How the last answer of the connection's server came; None if none did in this run of the program."""
        return self._transport.way(self._session.connection.base_url, self._session.route)

    async def drive(self, live: Live | None, steps: Steps[Any], patient: bool = False) -> Any:
        """Do what a dialogue asks for, until it returns. Without a live run it may raise SluiceError."""
        try:
            origin(self._session.connection.base_url)
        except ValueError as error:
            return self._nowhere(live, error)
        reply: Reply | None = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration as stop:
                return stop.value
            reply = None
            match step:
                case HttpCall():
                    reply = await self.ask(live, step)
                    while patient and live is not None and await self._try_again(live, reply):
                        reply = await self.ask(live, step)
                case Wait():
                    await self._session.pause(step.seconds)
                case _:
                    if live is not None:
                        self._session.apply(live, [step])

    def _nowhere(self, live: Live | None, error: ValueError) -> None:
        """The connection's address is none."""
        words = tr("The address cannot be read. Check it for mistakes, its port too.")
        failure = ConnectionFailed(words, repr(error), code="address")
        if live is None:
            raise failure
        self._session.apply(live, live.run.failed(failure_from(failure), "address"))

    async def _try_again(self, live: Live, reply: Reply) -> bool:
        """Wait for the next try where one is allowed: nothing was heard of the run, and nothing can have run twice."""
        seconds = retry.pause(reply, live.tried) if live.seq == live.told else None
        if seconds is None:
            return False
        words = retry.words(reply, seconds, live.tried)
        self._session.apply(live, live.run.emit([Notice(text=words, code="retry", retry_in=seconds)]))
        live.told, live.tried, live.next_try = live.seq, live.tried + 1, self._session.clock() + seconds
        await self._session.pause(seconds)
        live.next_try, live.heard = None, self._session.clock()
        return True

    async def ask(self, live: Live | None, step: HttpCall) -> Reply:
        """Make one request; the body of a streamed one goes to the live run as it comes."""
        session = self._session
        route = session.route if self._is_home(step) else session.route.for_strangers()
        call = self.checked(step)
        if call.stream and live is not None:
            return await self._stream(live, call, route)
        wire = session.listeners.wire
        exchange = wire.request(call, session.clock()) if wire is not None else 0
        reply = await self._transport.fetch(call, route, partial(self._gone, live))
        if wire is not None:
            wire.whole(exchange, reply, session.clock())
        self._accept(live, reply.status if call.sends else 0)
        return reply

    async def _stream(self, live: Live, call: HttpCall, route: Route) -> Reply:
        session, run = self._session, live.run
        status, headers, wire = 0, {}, session.listeners.wire
        failure: Failure | None = None
        exchange = wire.request(call, session.clock()) if wire is not None else 0
        try:
            async with self._transport.stream(call, route, partial(self._gone, live)) as opened:
                status, headers = opened.status, opened.headers
                at = session.clock()
                if wire is not None:
                    run.marks = wire.head(exchange, status, headers, run, at)
                self._heard(live, run.open(status, headers), at)
                self._accept(live, status)
                async for chunk in _wanted(opened.chunks, run):
                    async with self._transport.turns:
                        at = session.clock()
                        if wire is not None:
                            wire.chunk(exchange, chunk, at)
                        self._heard(live, run.feed(chunk), at)
                    if run.enough or run.full:
                        break
        except SluiceError as error:
            failure = failure_from(error)
        if wire is not None:
            wire.end(exchange, failure, session.clock())
        session.apply(live, run.close())
        return Reply(status, headers, run.body, failure)

    def checked(self, call: HttpCall) -> HttpCall:
        """The call as it is sent. No credential leaves the connection's origin, whatever an answer named."""
        if self._is_home(call):
            return replace(call, headers={**self._session.route.headers, **call.headers})
        return replace(call, headers={n: v for n, v in call.headers.items() if n.lower() == "accept"})

    def _is_home(self, call: HttpCall) -> bool:
        return origin(call.url) == origin(self._session.connection.base_url)

    def _gone(self, live: Live | None, count: int, size: int) -> None:
        """Part of a large request is on its way. While it goes, nobody has to answer yet."""
        if live is not None:
            live.upload = (count, size) if count < size else None
            live.heard = self._session.clock()

    def _accept(self, live: Live | None, status: int) -> None:
        if live is not None:
            live.upload = None
        if live is not None and not live.accepted and 0 < status < 300:
            live.accepted = True
            self._session.listeners.accepted()

    def _heard(self, live: Live, events: list[AnyEvent], at: float) -> None:
        live.heard = at
        self._session.apply(live, events, at)


async def _wanted(chunks: AsyncIterator[bytes], run: Run) -> AsyncIterator[bytes]:
    """The body in pieces small enough that the window answers between them. A connection that stays open after the
    run's last word is left."""
    while True:
        try:
            chunk = await (asyncio.wait_for(anext(chunks), _TRAILERS) if run.over else anext(chunks))
        except (StopAsyncIteration, TimeoutError):
            return
        for at in range(0, len(chunk), _PIECE):
            yield chunk[at : at + _PIECE]
