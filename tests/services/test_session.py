"""The life of a run over a real loopback server: endings told apart, nothing sent twice, stop at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from desktop.core.conversation import AnswerItem, EndItem, UserTurn
from desktop.core.events import AnyEvent, RunEnded
from desktop.core.requests import Connection, HttpCall, Prompt, Secrets
from desktop.services import tasks
from desktop.services.session import Session
from desktop.services.transport import Transport
from tests.loopback.server import Exchange, Request, Server

SSE = {"content-type": "text/event-stream"}


def chunk(text: str | None = None, finish: str | None = None) -> str:
    delta = {} if text is None else {"content": text}
    body = {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    return f"data: {json.dumps(body)}\n\n"


class Scripted:
    """An OpenAI-compatible server that does what the last word of the prompt says."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.holding = asyncio.Event()
        self.left = asyncio.Event()

    async def __call__(self, request: Request, exchange: Exchange) -> None:
        self.requests.append(request)
        word = request.json["messages"][-1]["content"].split()[-1]
        if word == "refused":
            await exchange.reply(401, {"error": {"message": "no such key"}})
        elif word == "page":
            await exchange.reply(200, "<!doctype html><p>Welcome</p>", {"content-type": "text/html"})
        elif word == "moved":
            await exchange.reply(307, b"", {"location": "http://127.0.0.1:9/steal"})
        elif word == "empty":
            await exchange.reply(200, b"", SSE)
        else:
            await self._stream(word, exchange)

    async def _stream(self, word: str, exchange: Exchange) -> None:
        await exchange.start(200, SSE)
        await exchange.send(chunk("Hello "))
        await exchange.send(chunk("there."))
        if word == "cut":
            await exchange.end()
            return
        if word == "broken":
            exchange.break_off()
            return
        if word == "hold":
            self.holding.set()
            await exchange.gone.wait()
            self.left.set()
            return
        await exchange.send(chunk(finish="length" if word == "limit" else "stop"))
        await exchange.send("data: [DONE]\n\n")
        if word == "open":  # a server that never closes
            await exchange.gone.wait()


@asynccontextmanager
async def talking(key: str | None = None) -> AsyncIterator[tuple[Session, Scripted, list[AnyEvent]]]:
    scripted = Scripted()
    async with Server(scripted) as server:
        transport = Transport()

        async def resolve(place: Connection) -> tuple[Connection, Secrets]:
            return place, Secrets(key)

        session = Session(Connection("openai", f"{server.url}/v1", "m"), transport, resolve)
        events: list[AnyEvent] = []
        session.listeners.event = lambda run, seq, at, event: events.append(event)
        try:
            yield session, scripted, events
        finally:
            await session.close()
            await tasks.finish(2.0)
            await transport.aclose()
            assert tasks.running() == ()


def ending(events: list[AnyEvent]) -> RunEnded:
    ends = [e for e in events if isinstance(e, RunEnded)]
    assert len(ends) == 1, ends
    assert events[-1] is ends[0]
    return ends[0]


@pytest.mark.parametrize(
    ("word", "status", "reason", "said"),
    [
        ("whole", "completed", None, "Hello there."),
        ("open", "completed", None, "Hello there."),
        ("limit", "limit", "length", "Hello there."),
        ("cut", "cut", "no-end", "Hello there."),
        ("broken", "cut", "network", "Hello there."),
        ("refused", "failed", "http", ""),
        ("page", "failed", "no-stream", ""),
        ("moved", "failed", "http", ""),
        ("empty", "cut", "no-end", ""),
    ],
)
async def test_endings_are_told_apart(word: str, status: str, reason: str | None, said: str) -> None:
    async with talking() as (session, server, events):
        await session.send(Prompt(word))
        end = ending(events)
        assert (end.status, end.reason) == (status, reason)
        assert session.conversation.text_of(0) == said
        assert len(server.requests) == 1, "nothing is sent twice by itself"
        assert not session.running


async def test_nobody_there_is_a_failure_in_words() -> None:
    transport = Transport()
    session = Session(Connection("openai", "http://127.0.0.1:1/v1", "m"), transport)
    await session.send(Prompt("hello"))
    end = next(i for i in session.conversation.items.values() if isinstance(i, EndItem))
    assert end.status == "failed"
    assert end.error is not None
    assert "Nothing answers at http://127.0.0.1:1" in end.error.text
    await transport.aclose()


async def test_stop_is_seen_at_once_and_reaches_the_server() -> None:
    async with talking() as (session, server, events):
        heard = asyncio.Event()
        session.listeners.changes = lambda _: heard.set() if session.conversation.text_of(0) == "Hello there." else None
        run = asyncio.create_task(session.send(Prompt("hold")))
        await heard.wait()
        session.stop()
        assert ending(events).status == "cancelled"
        assert not session.running
        await asyncio.wait_for(server.left.wait(), 1.0)
        await run
        assert session.conversation.text_of(0) == "Hello there."


async def test_the_client_keeps_the_history_and_leaves_failed_turns_out() -> None:
    async with talking() as (session, server, _):
        for word in ("whole", "refused", "cut", "whole"):
            await session.send(Prompt(word))
        said = [(m["role"], m["content"]) for m in server.requests[-1].json["messages"]]
        answer = ("assistant", "Hello there.")
        assert said == [("user", "whole"), answer, ("user", "cut"), answer, ("user", "whole")]


async def test_a_second_run_keeps_the_first_ones_items() -> None:
    async with talking() as (session, _, _events):
        await session.send(Prompt("whole"))
        await session.send(Prompt("whole"))
        kinds = [type(item) for item in session.conversation.items.values()]
        assert kinds == [UserTurn, AnswerItem, UserTurn, AnswerItem]


async def test_no_second_run_while_one_is_live() -> None:
    async with talking() as (session, server, _):
        run = asyncio.create_task(session.send(Prompt("hold")))
        await server.holding.wait()
        with pytest.raises(RuntimeError):
            await session.send(Prompt("whole"))
        session.stop()
        await run
        assert len(server.requests) == 1


async def test_a_key_never_leaves_its_origin() -> None:
    async with talking(key="s3cret") as (session, server, _):
        await session.send(Prompt("whole"))
        assert server.requests[0].headers["authorization"] == "Bearer s3cret"
        call = HttpCall("GET", "http://127.0.0.1:9/elsewhere", {"Authorization": "Bearer s3cret", "apikey": "s3cret"})
        assert "s3cret" not in repr(session.driver.checked(call).headers)


async def test_accepted_is_told_only_when_the_server_took_it() -> None:
    async with talking() as (session, _, _events):
        accepted: list[str] = []
        session.listeners.accepted = lambda: accepted.append("yes")
        await session.send(Prompt("refused"))
        assert accepted == []
        await session.send(Prompt("whole"))
        assert accepted == ["yes"]
