"""Tried again by itself: only before the first byte, where nothing can have run, at most twice, and not for long."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from desktop.core.adapters.openai.adapter import OpenAIRun
from desktop.core.events import Failure, Notice, TextDelta
from desktop.core.requests import Connection, Prompt, Reply, Steps
from desktop.services.network import retry
from desktop.services.session import Session
from desktop.services.transport import Transport
from tests.hardening.talking import PROTOCOLS, Talking, talking
from tests.ui.driving import until


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("fault", ["429 once", "503 once"])
async def test_a_busy_server_is_asked_again(protocol: str, fault: str) -> None:
    async with talking(protocol, patient=True) as talk:
        await talk.say(fault)
        assert (talk.kind, talk.text, talk.fault.runs) == ("whole", "Hello there.", 2)
        (told,) = [n for n in talk.notices if n.code == "retry"]
        assert "Stop cancels it" in told.text


async def test_three_requests_are_the_most() -> None:
    async with talking("openai", patient=True) as talk:
        await talk.say("429")
        assert (talk.kind, talk.fault.runs) == ("refused", 3)


@pytest.mark.parametrize(
    "fault",
    ["429 for an hour", "401", "500", "504", "close before head", "reset before head", "end mid stream", "page",
     "empty",
     "redirect", "truncated gzip"],
)  # fmt: skip
async def test_what_may_have_run_is_not_sent_again(fault: str) -> None:
    async with talking("openai", patient=True) as talk:
        await talk.say(fault)
        assert talk.fault.runs == 1
        assert not [n for n in talk.notices if n.code == "retry"]


@pytest.mark.parametrize("fault", ["429 once", "503 once"])
async def test_nothing_is_sent_again_once_anything_was_heard(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """As in a protocol whose run is begun by one call and read by another, of which the second is refused."""
    script = OpenAIRun.script

    def begun(self: OpenAIRun) -> Steps[None]:
        yield TextDelta(text="Begun. ")
        yield from script(self)

    monkeypatch.setattr(OpenAIRun, "script", begun)
    async with talking("openai", patient=True) as talk:
        await talk.say(fault)
        assert talk.fault.runs == 1
        assert talk.text == "Begun. "
        assert not [n for n in talk.notices if n.code == "retry"]


async def waiting(talk: Talking) -> asyncio.Task[object]:
    run: asyncio.Task[object] = asyncio.create_task(talk.say("503"))
    await until(lambda: talk.session.next_try is not None, "the countdown")
    return run


async def test_the_countdown_is_told_and_stop_cancels_it() -> None:
    async with talking("openai", patient=True) as talk:
        run = await waiting(talk)
        assert 19.0 < (talk.session.next_try or 0.0) <= 20.0
        notice = next(e for e in talk.events if isinstance(e, Notice))
        assert (notice.retry_in, notice.code) == (20.0, "retry")
        talk.session.stop()
        assert talk.kind == "stopped"
        assert talk.session.next_try is None
        await asyncio.wait_for(run, 1.0)
        assert talk.fault.runs == 1


async def test_a_port_that_opens_late_is_reached() -> None:
    transport = Transport()
    session = Session(Connection("openai", "http://127.0.0.1:1/v1", "m"), transport)
    session.patient = True
    run = asyncio.create_task(session.send(Prompt("hello")))
    await until(lambda: session.next_try is not None, "the countdown")
    async with talking("openai") as talk:
        session.connection = Connection("openai", talk.server.url, "m")
        session.stop()
        await run
        session.patient = True
        await session.send(Prompt("hello"))
        assert session.conversation.text_of(1) == "Hello there."
    await transport.aclose()


def test_the_pauses() -> None:
    lost = Reply(0, failure=Failure("Nothing answers.", code="connect"))
    assert [retry.pause(lost, tried) for tried in (0, 1, 2)] == [1.0, 3.0, None]
    for code in ("timeout", "network", "tls", "proxy", "address"):
        assert retry.pause(Reply(0, failure=Failure("x", code=code)), 0) is None
    assert retry.pause(Reply(503, {"retry-after": "60"}), 0) == 60.0
    assert retry.pause(Reply(503, {"retry-after": "61"}), 0) is None
    assert retry.pause(Reply(429, {"retry-after": "nonsense"}), 0) == 1.0
    assert retry.pause(Reply(500), 0) is None


def test_retry_after_as_a_date() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 25 < (retry.pause(Reply(429, {"retry-after": soon}), 0) or 0) <= 30
    past = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)
    assert retry.pause(Reply(429, {"retry-after": past}), 0) == 0.0
