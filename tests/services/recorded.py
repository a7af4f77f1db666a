"""Sessions over a real socket with their recorder, and what a replay of the recording has in common with them."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from desktop.core.conversation import Conversation
from desktop.core.recordings import recording as rec
from desktop.core.recordings.recording import Recording, read
from desktop.core.recordings.replay import parse_http
from desktop.core.requests import Connection, Secrets
from desktop.services import tasks
from desktop.services.recording.log import CHUNK
from desktop.services.recording.player import MAX_SPEED, Player
from desktop.services.recording.recorder import Recorder
from desktop.services.session import Session
from desktop.services.transport import Transport
from tests.loopback.server import Exchange, Handler, Request, Server

RECORDINGS = Path(__file__).parent.parent / "recordings"


class Parrot:
    """Answers the first POST that is no login with a recorded answer, cut anywhere; it has nothing else."""

    def __init__(self, protocol: str, name: str) -> None:
        status, headers, self.body = parse_http((RECORDINGS / protocol / f"{name}.http").read_bytes())
        self.status, self.headers = status, {"content-type": headers.get("content-type", "")}
        self.sent = b""
        self._random = random.Random(name)

    async def handle(self, request: Request, exchange: Exchange) -> None:
        if request.method != "POST" or self.sent:
            await exchange.reply(404, {"error": "nothing here"})
            return
        await exchange.start(self.status, self.headers)
        while rest := self.body[len(self.sent) :]:
            piece = rest[: self._random.randint(1, 400)]
            self.sent += piece
            await exchange.send(piece)
            await asyncio.sleep(0)


@asynccontextmanager
async def recorded(
    protocol: str,
    handler: Handler,
    agent: str | None = "m",
    secrets: Secrets | None = None,
    folder: Path | None = None,
    path: str = "",
    **options: Any,
) -> AsyncIterator[tuple[Session, Recorder, Server]]:
    """A session on a loopback server, with a recorder listening."""
    async with Server(handler) as server:
        transport, recorder = Transport(), Recorder(folder)

        async def resolve(place: Connection) -> tuple[Connection, Secrets]:
            return place, secrets or Secrets()

        session = Session(Connection(protocol, server.url + path, agent, options), transport, resolve)
        session.listeners.wire = recorder
        try:
            yield session, recorder, server
        finally:
            await session.close()
            await tasks.finish(2.0)
            await transport.aclose()
            recorder.close()


def streamed(recorder: Recorder) -> bytes:
    """All bytes of streamed answers, in the order in which they came."""
    out = b""
    for log in recorder.runs:
        for row in range(len(log.kind)):
            held = log.exchange(log.what[row]) if log.kind[row] == CHUNK else None
            if held is not None and held.requested.stream:
                out += held.body.chunk(log.part[row])
    return out


def reread(recorder: Recorder, folder: Path, pictures: bool = True) -> Recording:
    """Saved, and read from the file."""
    path = folder / f"a{rec.SUFFIX}"
    recorder.save(path, "a test", pictures)
    return read(path.read_text("utf-8"))


async def played(recording: Recording, decide: bool = True) -> tuple[Conversation, Recorder]:
    """The conversation of a replay, as fast as it goes, and what was recorded of it in turn."""
    player = Player(recording, decide=decide)
    recorder = Recorder()
    player.session.listeners.wire = recorder
    player.play(MAX_SPEED)
    await asyncio.wait_for(player.ended(), 30)
    conversation = player.session.conversation
    await player.close()
    assert not [name for name in tasks.running() if "replay" in name]
    return conversation, recorder


def differences(one: Conversation, two: Conversation) -> list[str]:
    """What differs between two conversations, item by item; times count from the first item, to 50 ms."""
    out = [] if list(one.items) == list(two.items) else [f"items: {list(one.items)} / {list(two.items)}"]
    start = next(iter(one.items.values())).at, next(iter(two.items.values())).at
    for a, b in zip(one.items.values(), two.items.values(), strict=False):
        for field in fields(a):
            x, y = getattr(a, field.name), getattr(b, field.name, "missing")
            if field.name in ("at", "ended") and x is not None and y is not None:
                x, y = round(x - start[0], 1), round(y - start[1], 1)
                if abs(x - y) < 0.15:
                    continue
            elif isinstance(x, list) and isinstance(y, list) and all(isinstance(p, str) for p in x + y):
                x, y = "".join(x), "".join(y)
            if x != y:
                out.append(f"{a.id}.{field.name}: {x!r} / {y!r}")
    ends = [[(r.status, r.reason, r.unknown, r.usage, r.model) for r in c.runs] for c in (one, two)]
    return out if ends[0] == ends[1] else [*out, f"runs: {ends}"]


async def until(condition: Callable[[], Any], seconds: float = 10.0) -> None:
    """Let the loop turn until the condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        await asyncio.sleep(0.002)
