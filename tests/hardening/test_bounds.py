"""Limits of a run: generous, said once when reached, settable, and what they cost."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import pytest

from desktop.core.adapters import adapter_class
from desktop.core.adapters.run import Run
from desktop.core.bounds import USUAL, Bounds
from desktop.core.events import AnyEvent, Notice, Raw, RunEnded
from desktop.core.requests import Connection, HttpCall, Prompt, Reply, Secrets, Talk, Wait
from desktop.services.network import Network
from desktop.services.transport import Transport
from tests.hardening.talking import PROTOCOLS, talking
from tests.loopback.faults import SHAPES
from tests.loopback.server import Exchange, Request, Server

SMALL = Bounds(line=10_000, event=20_000, answer=5_000, items=100, unknown=50, unknown_size=10_000)


def started(protocol: str, bounds: Bounds = SMALL) -> Run:
    shape = SHAPES[protocol]
    run = adapter_class(protocol)(Connection(protocol, "http://127.0.0.1:9", shape.agent), Secrets("k")).run(
        Prompt("hello"), Talk(uuid="00000000-0000-4000-8000-000000000000")
    )
    run.bound(bounds)
    run.open(200, {"content-type": shape.media})
    run.feed(shape.start().encode())
    return run


def fed(run: Run, *frames: str) -> list[AnyEvent]:
    return [event for frame in frames for event in run.feed(frame.encode())]


def test_the_usual_limits_are_generous() -> None:
    assert USUAL.line >= 32 << 20
    assert USUAL.answer >= 64 << 20
    assert USUAL.items >= 10_000
    assert Network().bounds() == Bounds(USUAL.line, USUAL.event, USUAL.answer, USUAL.items)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_answer_that_is_too_long_ends_and_is_kept(protocol: str) -> None:
    run = started(protocol)
    events = fed(run, *(SHAPES[protocol].text("x" * 1000) for _ in range(10)))
    end = events[-1]
    assert isinstance(end, RunEnded)
    assert (end.status, end.reason) == ("limit", "too-long")
    assert end.error is not None
    assert "limit" in end.error.text
    assert 5_000 <= len(run.text_of()) <= 6_000
    assert run.enough
    assert fed(run, SHAPES[protocol].text("more")) == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_line_that_is_too_long_costs_itself_alone(protocol: str) -> None:
    run = started(protocol)
    events = fed(run, SHAPES[protocol].text("y" * 20_000), SHAPES[protocol].text("fine"))
    (notice,) = [e for e in events if isinstance(e, Notice) and e.code == "too-long"]
    assert "limit" in notice.text
    assert run.text_of() == "fine"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_unknown_events_are_kept_then_counted(protocol: str) -> None:
    run = started(protocol)
    events = fed(run, *(SHAPES[protocol].strange("mystery") for _ in range(5_000)), SHAPES[protocol].end())
    events += run.close()
    events += [step for step in run.guarded(run.settle(Reply(200))) if not isinstance(step, HttpCall | Wait)]
    raws = [e for e in events if isinstance(e, Raw)]
    if raws:  # a wire whose unknown events are sub-agents' or echoes has none
        assert sum(e.count for e in raws) == 5_000
        assert len(raws) <= 60
        assert len([e for e in events if isinstance(e, Notice) and e.code == "too-many"]) == 1


def test_a_flood_of_tools_is_a_limit_that_is_said_once() -> None:
    shape = SHAPES["agentrail"]
    run = started("agentrail", replace(SMALL, answer=1_000_000))
    calls = [f'{{"type":"tool.before","toolName":"t","toolCallId":"c{i}"}}\n' for i in range(1_000)]
    events = fed(run, *calls, shape.text("after"), shape.end())
    assert len([e for e in events if e.kind == "tool.started"]) <= 100
    assert len([e for e in events if isinstance(e, Notice) and e.code == "too-many"]) == 1


async def test_the_limits_of_a_connection_are_its_own() -> None:
    async with talking("openai") as talk:
        talk.session.bounds = SMALL
        talk.fault.amount = 5_000
        run = await talk.say("many events")
        assert (talk.kind, run.reason) == ("limit", "too-long")
        assert "limit" in talk.ending
        talk.session.bounds = USUAL
        await talk.say("many events")
        assert talk.kind == "whole"


async def test_an_error_page_costs_its_beginning_only() -> None:
    async with talking("openai", amount=50 << 20) as talk:
        tracemalloc.start()
        await talk.say("huge error page")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert talk.kind == "failed"
        assert "Welcome" in talk.ending
        assert peak < 20 << 20


async def test_a_bomb_is_taken_apart_in_small_pieces() -> None:
    async with talking("openai", amount=100 << 20) as talk:
        tracemalloc.start()
        await talk.say("gzip bomb", 60.0)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert talk.kind == "cut"
        assert peak < 250 << 20, "of which 100 MB are the server's own"


async def test_a_huge_answer_that_is_read_whole_costs_its_beginning_only() -> None:
    async def page(request: Request, exchange: Exchange) -> None:
        await exchange.start(500, {"content-type": "text/html"})
        for _ in range(200):
            await exchange.send(b"x" * 256 * 1024)

    transport = Transport()
    async with Server(page) as server:
        reply = await transport.fetch(HttpCall("GET", server.url))
    await transport.aclose()
    assert (reply.status, len(reply.body)) == (500, 1 << 20)
