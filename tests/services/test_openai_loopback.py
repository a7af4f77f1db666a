"""`ask` against an OpenAI-compatible server of our own: every ending, with its exit status."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.loopback.asking import Asked, ask
from tests.loopback.server import Exchange, Request, Server

SSE = {"content-type": "text/event-stream"}


def chunk(text: str = "", finish: str | None = None) -> str:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return f"data: {json.dumps({'model': 'm', 'choices': [choice]})}\n\n"


async def model(request: Request, exchange: Exchange) -> None:
    """Does what the last message says."""
    if request.path == "/v1/models":
        await exchange.reply(200, {"data": [{"id": "m"}]})
        return
    order = request.json["messages"][-1]["content"]
    if order == "redirect":
        await exchange.reply(307, headers={"location": "http://127.0.0.1:9/"})
    elif order == "busy":
        await exchange.reply(401, {"error": {"message": f"no key {request.headers.get('authorization')}"}})
    else:
        await exchange.start(headers=SSE)
        await exchange.send(chunk("Half an"))
        await finish(order, exchange)


async def finish(order: str, exchange: Exchange) -> None:
    match order:
        case "break":
            exchange.break_off()
        case "error":
            await exchange.send('data: {"error": {"message": "overloaded"}}\n\n')
        case "long":
            await exchange.send(chunk(finish="length") + "data: [DONE]\n\n")
        case "whole":
            await exchange.send(chunk(" answer.") + chunk(finish="stop") + "data: [DONE]\n\n")
            await exchange.send(chunk("never seen"))


async def say(order: str) -> Asked:
    async with Server(model) as server:
        return await ask("openai", server.url, order)


@pytest.mark.parametrize(
    ("order", "answer", "ended", "status"),
    [
        ("whole", "Half an answer.", "completed", 0),
        ("break", "Half an", "cut", 5),
        ("stop", "Half an", "cut", 5),
        ("error", "Half an", "failed", 3),
        ("long", "Half an", "limit", 6),
        ("redirect", "", "failed", 2),
        ("busy", "", "failed", 2),
    ],
)
async def test_each_ending_and_its_exit_status(order: str, answer: str, ended: str, status: int) -> None:
    asked = await say(order)
    assert (asked.answer, asked.end["status"], asked.status) == (answer, ended, status)


async def test_a_closed_port_is_one_clear_line() -> None:
    async with Server(model) as server:
        url = server.url
    asked = await ask("openai", url, "hello", "--agent", "m")
    assert (asked.status, asked.end["reason"]) == (2, "connect")
    assert "Nothing answers at" in asked.end["error"]["text"]


async def test_the_history_goes_along_and_a_failed_turn_does_not() -> None:
    seen: list[Any] = []

    async def listen(request: Request, exchange: Exchange) -> None:
        seen.append([message["content"] for message in request.json["messages"]])
        await exchange.start(headers=SSE)
        await exchange.send(chunk(f"answer {len(seen)}"))
        await finish("error" if len(seen) == 2 else "whole", exchange)

    from desktop.core.requests import Connection, Prompt
    from desktop.services.session import Session
    from desktop.services.transport import Transport

    transport = Transport()
    async with Server(listen) as server:
        session = Session(Connection("openai", server.url, "m"), transport)
        for text in ("one", "two", "three"):
            await session.send(Prompt(text))
        await transport.aclose()
    assert seen[2] == ["one", "answer 1 answer.", "three"]
