"""Every ending told apart, over a real socket, in the shape of every protocol; what is offered after each."""

from __future__ import annotations

import asyncio

import pytest

from desktop.core import endings
from desktop.core.adapters import adapter_class
from desktop.core.conversation import EndItem
from desktop.core.events import Failure, RunEnded
from desktop.core.requests import Connection, Prompt
from desktop.services.session import Session
from desktop.services.transport import Transport
from tests.hardening.talking import PROTOCOLS, talking
from tests.loopback.asking import ask
from tests.loopback.faults import FAULTS, FaultServer
from tests.loopback.server import Server
from tests.ui.driving import until

# fault: (kind of ending, text that is kept, part of the words)
WANTED = {
    "whole": ("whole", "Hello there.", ""),
    "after the end": ("whole", "Hello there.", ""),
    "drip": ("whole", "Hello there.", ""),
    "gzip": ("whole", "Hello there.", ""),
    "right body wrong type": ("whole", "Hello there.", ""),
    "garbage": ("whole", "Hello there.", ""),
    "whole and open": ("whole", "Hello there.", ""),
    "close before head": ("unknown", "", "The server may still be working"),
    "reset before head": ("unknown", "", "The server may still be working"),
    "504": ("unknown", "", "waited too long"),
    "reset mid stream": ("cut", "Hello ", "may still be working"),
    "end mid stream": ("cut", "Hello ", "may still be working"),
    "truncated gzip": ("cut", None, "ended too early"),
    "no gzip": ("cut", "", "compressed, and is not"),
    "empty stream": ("cut", "", "without a word"),
    "page": ("failed", "", "a web page"),
    "page as stream": ("failed", "", "a web page"),
    "wrong type": ("failed", "", "not an agent's stream"),
    "whole json": ("failed", "", "not an agent's stream"),
    "redirect": ("failed", "", "Redirects are not followed"),
    "500": ("failed", "", "The server failed"),
    "503": ("failed", "", "It asks to wait 20 s"),
    "401": ("refused", "", "Check the"),
    "402": ("refused", "", "used up"),
    "403": ("refused", "", "may not do this"),
    "429": ("refused", "", "asked too often"),
    "429 for an hour": ("refused", "", "It asks to wait 1 h"),
    "429 once": ("refused", "", "asked too often"),
    "503 once": ("failed", "", "not ready"),
    "teapot": ("failed", "", "The server refused"),
}
ELSEWHERE = {"hang before head", "hang before text", "hang mid stream", "empty", "endless line", "huge line",
             "huge error page", "gzip bomb", "many events", "many grown", "many unknown"}  # fmt: skip


def test_every_fault_has_a_test() -> None:
    assert set(FAULTS) == set(WANTED) | ELSEWHERE


@pytest.mark.parametrize("fault", WANTED)
@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_endings_are_told_apart(protocol: str, fault: str) -> None:
    kind, text, words = WANTED[fault]
    async with talking(protocol) as talk:
        if fault != "whole and open":
            talk.fault.go.set()
        run = await talk.say(fault)
        assert (talk.kind, words in talk.ending) == (kind, True), talk.ending
        assert talk.text == text if text is not None else talk.text in ("", "Hello ")
        assert talk.fault.runs == 1, "nothing is sent twice by itself"
        assert [e for e in talk.events if isinstance(e, RunEnded)] == [talk.events[-1]]
        assert "never seen" not in talk.text
        assert (run.unknown > 0) == (fault == "garbage"), "what is not understood is counted, and only that"


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_an_empty_answer_is_called_empty(protocol: str) -> None:
    async with talking(protocol) as talk:
        await talk.say("empty")
        assert "empty" in talk.ending or "without a word" in talk.ending
        assert talk.kind in ("failed", "cut")


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("fault", ["hang before head", "hang before text", "hang mid stream"])
async def test_silence_is_no_end_and_stop_is_quick(protocol: str, fault: str) -> None:
    async with talking(protocol) as talk:
        run = asyncio.create_task(talk.say(fault))
        await talk.fault.waiting.wait()
        assert talk.session.running
        talk.session.stop()
        assert not talk.session.running
        assert talk.kind == "stopped"
        await asyncio.wait_for(talk.fault.left.wait(), 1.0)
        await run
        assert talk.fault.runs == 1


async def test_a_stream_that_hung_goes_on() -> None:
    async with talking("openai") as talk:
        run = asyncio.create_task(talk.say("hang mid stream"))
        await talk.fault.waiting.wait()
        talk.fault.go.set()
        await run
        assert (talk.kind, talk.text) == ("whole", "Hello there.")


async def test_the_callers_time_limit_is_called_so() -> None:
    async with talking("openai") as talk:
        run = asyncio.create_task(talk.say("hang mid stream"))
        await talk.fault.waiting.wait()
        await until(lambda: bool(talk.text), "the text")
        talk.session.give_up(Failure("No end came.", code="timeout"))
        await run
        assert (talk.kind, talk.text) == ("timed out", "Hello ")


async def test_nothing_was_sent_is_said_where_nobody_answers() -> None:
    transport = Transport()
    session = Session(Connection("openai", "http://127.0.0.1:1/v1", "m"), transport)
    await session.send(Prompt("hello"))
    end = next(i for i in session.conversation.items.values() if isinstance(i, EndItem))
    assert endings.ways_on(end, adapter_class("openai").can).remedies == ("send again", "connection", "doctor")
    await transport.aclose()


# ---- what can be done about it


def after(status: str, code: str | None = None, http: int | None = None, reason: str | None = None) -> endings.Ways:
    error = Failure("x", code=code, http=http) if code else None
    return endings.ways_on(
        EndItem("e", 0, 0.0, status=status, reason=reason, error=error), adapter_class("dockrion").can
    )


def test_a_warning_goes_with_sending_again_where_it_may_run_twice() -> None:
    for ways in (after("cut", "network"), after("failed", "network"), after("cut", None, reason="no-end")):
        assert "send again" in ways.remedies
        assert ways.twice
    for ways in (after("failed", "connect"), after("failed", "key", 401), after("failed", "rate", 429)):
        assert "send again" in ways.remedies
        assert not ways.twice


def test_each_ending_offers_what_helps() -> None:
    assert after("failed", "key", 401).remedies[0] == "key"
    assert after("failed", "tls").remedies == ("send again", "connection", "doctor")
    assert after("failed", "no-stream").remedies[0] == "connection"
    assert after("cut", "network").remedies[0] == "look up"
    assert after("waiting").remedies == ()
    assert after("completed").remedies == ()


# ---- the same from outside


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(("fault", "status"), [("whole", 0), ("reset mid stream", 5), ("401", 2), ("page", 3)])
async def test_ask_tells_them_by_its_status(protocol: str, fault: str, status: int) -> None:
    server = FaultServer(protocol, fault)
    server.go.set()
    async with Server(server.handle) as host:
        options = ("--agent", server.shape.agent) if server.shape.agent else ()
        asked = await ask(protocol, host.url, "hello", *options, key="key-1")
    assert asked.status == status, asked.words
    assert asked.end["kind"] == "run.ended"
    assert "key-1" not in asked.words


async def test_ask_does_not_wait_for_a_server_that_is_not_there() -> None:
    loop = asyncio.get_running_loop()
    before = loop.time()
    asked = await ask("openai", "http://127.0.0.1:1/v1", "hello", "--agent", "m")
    assert asked.status == 2
    assert asked.kinds("notice") == []
    assert loop.time() - before < 5.0
