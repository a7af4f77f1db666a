"""What the real Dockrion runtime never does on demand: connections that break, limits that run out, lost receipts."""

from __future__ import annotations

import json
from typing import Any

from tests.loopback.asking import ask
from tests.loopback.server import Exchange, Request, Server

SSE = {"content-type": "text/event-stream; charset=utf-8"}
SCHEMA = {"properties": {"query": {"type": "string"}, "session_id": {"type": "string"}}}
EVENTS = [
    ("started", {"agent_name": "orchard"}),
    ("token", {"content": "one "}),
    ("token", {"content": "two "}),
    ("token", {"content": "three"}),
    ("complete", {"output": {"response": "one two three"}}),
]


class Orchard:
    """A server with background runs whose first stream stops after `stop` events, in the way that `how` says."""

    def __init__(self, how: str, stop: int = 2) -> None:
        self.how, self.stop = how, stop
        self.runs: list[str] = []
        self.asked: list[int] = []
        self.deleted: list[str] = []

    async def handle(self, request: Request, exchange: Exchange) -> None:
        match request.method, *request.path.strip("/").split("/"):
            case "GET", "info":
                await exchange.reply(200, {"agent": {"name": "orchard", "mode": "handler"}})
            case "GET", "schema":
                await exchange.reply(200, {"input_schema": SCHEMA})
            case "GET", "openapi.json":
                await exchange.reply(200, {"paths": {"/runs": {}, "/invoke": {}}})
            case "POST", "runs":
                self.runs.append(request.query["run_id"])
                if self.how == "lost receipt":
                    exchange.break_off()
                else:
                    await exchange.reply(202, {"run_id": request.query["run_id"], "status": "accepted"})
            case "GET", "runs", _, "events":
                await self._events(int(request.query["from_sequence"]), exchange)
            case "GET", "runs", run_id:
                known = run_id in self.runs
                await exchange.reply(200 if known else 404, {"run_id": run_id, "status": "running", "output": None})

    async def _events(self, first: int, exchange: Exchange) -> None:
        self.asked.append(first)
        await exchange.start(headers=SSE)
        for number, (name, data) in enumerate(EVENTS, 1):
            if number >= first:
                await exchange.send(self._line(name, {"sequence": number, "id": f"evt-{number}", **data}))
            if len(self.asked) == 1 and number == self.stop:
                await self._interrupt(exchange)
                return

    async def _interrupt(self, exchange: Exchange) -> None:
        if self.how == "break":
            exchange.break_off()
        elif self.how == "timeout":
            await exchange.send(self._line("timeout", {"message": "Connection timeout"}))

    def _line(self, name: str, data: dict[str, Any]) -> str:
        return f"event: {name}\ndata: {json.dumps(data)}\n\n"


async def follow(how: str) -> Orchard:
    orchard = Orchard(how)
    async with Server(orchard.handle) as server:
        asked = await ask("dockrion", server.url, "go")
    texts = [e["text"] for e in asked.kinds("text.delta")]
    assert (asked.status, texts, len(orchard.runs)) == (0, ["one ", "two ", "three"], 1)
    assert asked.kinds("notice") == []
    return orchard


async def test_a_broken_connection_is_rejoined_behind_the_last_event() -> None:
    assert (await follow("break")).asked == [1, 3]


async def test_the_connections_time_limit_leads_to_the_same() -> None:
    assert (await follow("timeout")).asked == [1, 3]


async def test_a_stream_that_just_ends_is_no_end_of_the_run() -> None:
    assert (await follow("end")).asked == [1, 3]


async def test_a_lost_receipt_does_not_start_the_run_twice() -> None:
    orchard = Orchard("lost receipt", stop=99)
    async with Server(orchard.handle) as server:
        asked = await ask("dockrion", server.url, "go")
    assert (asked.status, asked.answer, len(orchard.runs)) == (0, "one two three", 1)
    assert asked.kinds("run.started")[0]["run_id"] == orchard.runs[0]
