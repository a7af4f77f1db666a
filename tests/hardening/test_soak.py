"""Ten sessions that cycle through faults: memory, tasks and open files do not grow beyond a stated bound.

Ten seconds in every run; `SLUICE_SOAK=3600` (seconds) by hand.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
from collections import Counter

import pytest

from desktop.core.requests import Connection, Prompt, Secrets
from desktop.services import tasks
from desktop.services.clock import now
from desktop.services.session import Session
from desktop.services.transport import Transport
from tests.hardening.probe import handles, resident
from tests.loopback.faults import FAULTS, SHAPES, FaultServer
from tests.loopback.server import Server

SECONDS = float(os.environ.get("SLUICE_SOAK", "10"))
SESSIONS = 10
TURNS = 20  # of one conversation, before it is closed and another begun
GROWTH_MB = 40.0  # after the first quarter, which loads and caches what there is
GROWTH_MB_AN_HOUR = 60.0
# asyncio leaves a socket to the garbage collector if it is cancelled at the very moment in which it has connected
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


async def one(
    protocol: str,
    url: str,
    fault: FaultServer,
    transport: Transport,
    end: float,
    done: Counter[str],
    faults: tuple[str, ...] = FAULTS,
) -> None:
    """One tab's life, again and again: a few turns, a stop now and then, closed, begun anew."""
    dice = random.Random(protocol)
    while now() < end:

        async def resolve(place: Connection) -> tuple[Connection, Secrets]:
            return place, Secrets("key-1")

        session = Session(Connection(protocol, url, fault.shape.agent), transport, resolve)
        for _ in range(TURNS):
            if now() >= end:
                break
            fault.fault = dice.choice(faults)
            fault.amount = 3_000 if fault.fault.startswith("many") else 2_000_000
            fault.go.set()
            run = asyncio.create_task(session.send(Prompt("hello")))
            if fault.fault.startswith("hang") or dice.random() < 0.1:
                await asyncio.sleep(0.01)
                session.stop()
            await asyncio.wait_for(run, 30.0)
            done[str(session.conversation.runs[-1].status)] += 1
        await session.close()


async def test_nothing_grows() -> None:
    transport, done = Transport(), Counter[str]()
    servers = []
    measures: list[tuple[float, int, int]] = []
    end = now() + SECONDS
    work = []
    for i in range(SESSIONS):
        protocol = list(SHAPES)[i % len(SHAPES)]
        fault = FaultServer(protocol)
        server = await Server(fault.handle).__aenter__()
        servers.append(server)
        work.append(asyncio.create_task(one(protocol, server.url, fault, transport, end, done)))
    while now() < end:
        await asyncio.sleep(SECONDS / 40)
        for server in servers:
            server.requests.clear()
        gc.collect()
        measures.append((resident(), len(tasks.running()), handles()))
    await asyncio.gather(*work)
    await tasks.finish(3.0)
    await transport.aclose()
    for server in servers:
        await server.__aexit__(None, None, None)
    early = measures[len(measures) // 4]
    late = measures[-1]
    print(f"{sum(done.values())} runs in {SECONDS:g} s: {dict(done)}; (MB, tasks, files) {early} -> {late}")
    assert sum(done.values()) > 50
    assert len(done) >= 4, "many endings came up"
    assert late[0] - early[0] < GROWTH_MB + GROWTH_MB_AN_HOUR * SECONDS / 3600
    assert max(m[1] for m in measures) <= 3 * SESSIONS
    assert max(m[2] for m in measures[len(measures) // 4 :]) <= max(m[2] for m in measures[: len(measures) // 4]) + 40
    assert tasks.running() == ()


async def test_a_stop_at_any_moment_leaves_no_connection_behind() -> None:
    """Also while it connects; otherwise each would stay open until the program ends."""
    transport, end, before = Transport(), now() + 2.0, handles()
    servers, work = [], []
    for i in range(SESSIONS):
        protocol = list(SHAPES)[i % len(SHAPES)]
        fault = FaultServer(protocol)
        servers.append(await Server(fault.handle).__aenter__())
        url = servers[-1].url
        work.append(asyncio.create_task(one(protocol, url, fault, transport, end, Counter(), ("hang mid stream",))))
    await asyncio.gather(*work)
    await tasks.finish(3.0)
    assert handles() - before <= 5 * SESSIONS
    await transport.aclose()
    for server in servers:
        await server.__aexit__(None, None, None)
