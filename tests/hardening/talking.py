"""A session that talks to a fault server, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from desktop.core import describe, endings
from desktop.core.conversation import EndItem, NoticeItem, RunState
from desktop.core.events import AnyEvent
from desktop.core.requests import Connection, Prompt, Secrets
from desktop.services import tasks
from desktop.services.session import Session
from desktop.services.transport import Transport
from tests.loopback.faults import SHAPES, FaultServer
from tests.loopback.server import Server

KEY = "key-1"


@dataclass
class Talking:
    """A session and the server behind it."""

    session: Session
    fault: FaultServer
    server: Server
    events: list[AnyEvent] = field(default_factory=list)

    async def say(self, fault: str, seconds: float = 20.0) -> RunState:
        """One turn with this fault, to its end."""
        self.fault.fault = fault
        await asyncio.wait_for(self.session.send(Prompt("hello")), seconds)
        return self.run

    @property
    def run(self) -> RunState:
        return self.session.conversation.runs[-1]

    @property
    def text(self) -> str:
        return self.session.conversation.text_of(self.run.number)

    @property
    def ending(self) -> str:
        """The last run's ending in words; "" for a whole answer."""
        ends = [i for i in self.session.conversation.of_run(self.run.number) if isinstance(i, EndItem)]
        return describe.ending_line(ends[0]) if ends else ""

    @property
    def kind(self) -> str:
        return endings.kind_of(self.run)

    @property
    def notices(self) -> list[NoticeItem]:
        return [i for i in self.session.conversation.of_run(self.run.number) if isinstance(i, NoticeItem)]


@asynccontextmanager
async def talking(protocol: str, *, patient: bool = False, amount: int | None = None) -> AsyncIterator[Talking]:
    """Nothing is left running at the end."""
    fault = FaultServer(protocol, amount=amount)
    async with Server(fault.handle) as server:
        transport = Transport()

        async def resolve(place: Connection) -> tuple[Connection, Secrets]:
            return place, Secrets(KEY)

        session = Session(Connection(protocol, server.url, fault.shape.agent), transport, resolve)
        session.patient = patient
        made = Talking(session, fault, server)
        session.listeners.event = lambda run, seq, at, event: made.events.append(event)
        try:
            yield made
        finally:
            await session.close()
            await tasks.finish(2.0)
            await transport.aclose()
            assert tasks.running() == ()


PROTOCOLS = tuple(SHAPES)
