"""A server that does everything wrong that servers do wrong, in the shape of any protocol.

    fault = FaultServer("agentrail", "drip")
    async with Server(fault.handle) as server: ...      # `fault.fault = "reset"` changes it for the next request

`FAULTS` names them all. Faults below HTTP (TLS, proxies) are in `tls.py` and `proxies.py`.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.loopback.server import Exchange, Request

SSE = "text/event-stream"
SECRET_PLACE = "http://127.0.0.1:9/steal"
PAGE = "<!doctype html><html><head><title>Sign in</title></head><body><p>Welcome to the portal</p></body></html>"
HUGE = 100 * 1024 * 1024
_BLOCK = 256 * 1024


def _sse(data: Any, event: str = "") -> str:
    return (f"event: {event}\n" if event else "") + f"data: {json.dumps(data)}\n\n"


@dataclass(frozen=True)
class Shape:
    """How a protocol begins an answer, says a piece of text, says something nobody knows, and ends well. `grown` is
    a message of so many pieces on a wire that repeats all of it with each."""

    start: Callable[[], str]
    text: Callable[[str], str]
    strange: Callable[[str], str]
    end: Callable[[], str]
    media: str = SSE
    agent: str | None = "m"
    key: str = "key-1"
    lists: dict[str, Any] | None = None  # what other paths answer
    grown: Callable[[int], str] | None = None


def _chunk(text: str | None, finish: str | None = None) -> str:
    delta = {} if text is None else {"content": text}
    return _sse({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def _manager(event: str, data: str = "") -> str:
    return _sse({"event": event, "data": data, "timestamp": 1})


_count = 0


def _envelope(kind: str, **data: Any) -> str:
    global _count
    _count += 1
    key = f"{_count:024x}"
    body = {"id": key, "timestamp": "2026-07-18T20:54:30Z", "requestId": "r", "type": kind, "agentPath": ["main"],
            "depth": 0, "data": data}  # fmt: skip
    return f"id: {key}\n" + _sse(body)


def _grown(pieces: int) -> str:
    """A message of Agentrail's in which each update holds all of the text so far, twice."""
    lines: list[Any] = [{"type": "message.start", "message": _said("")}]
    for count in range(1, pieces + 1):
        so_far = _said("word " * count)
        event = {"type": "text_delta", "contentIndex": 0, "delta": "word ", "partial": so_far}
        lines.append({"type": "message.update", "message": so_far, "event": event})
    lines.append({"type": "message.end", "message": _said("word " * pieces)})
    return "".join(json.dumps(line) + "\n" for line in lines)


def _said(text: str) -> Any:
    return {"role": "assistant", "content": [{"type": "text", "text": text}], "stopReason": "stop"}


SHAPES: dict[str, Shape] = {
    "openai": Shape(
        lambda: _chunk(""),
        _chunk,
        lambda n: _sse({"kind": n}),
        lambda: _chunk(None, "stop") + "data: [DONE]\n\n",
        lists={"models": {"data": [{"id": "m"}]}},
    ),
    "powabase": Shape(
        lambda: _sse({"event": "start", "run_id": "run_1", "session_id": "sess_1"}),
        lambda t: _sse({"event": "content_delta", "type": "content_delta", "delta": t}),
        lambda n: _sse({"event": n}),
        lambda: _sse({"event": "complete", "run_id": "run_1", "session_id": "sess_1", "status": "completed"}),
        agent="5d61e588-5855-4691-9294-fa91a2e384d7",
    ),
    "procurator": Shape(
        lambda: _manager("START"),
        lambda t: _manager("CONTENT_DELTA", t),
        lambda n: _manager(n, "x"),
        lambda: _manager("STOP"),
        lists={"status": [], "runs": {"content": []}},
    ),
    "agentrail": Shape(
        lambda: json.dumps({"type": "message.start"}) + "\n",
        lambda t: json.dumps({"type": "message.update", "delta": t}) + "\n",
        lambda n: json.dumps({"type": n}) + "\n",
        lambda: json.dumps({"type": "message.end"}) + "\n" + json.dumps({"type": "session.end", "messages": []}) + "\n",
        media="application/x-ndjson",
        agent=None,
        grown=_grown,
    ),
    "promptshuttle": Shape(
        lambda: _envelope("requestStarted", model="m"),
        lambda t: _envelope("contentDelta", text=t),
        _envelope,
        lambda: _envelope("requestCompleted") + "data: [DONE]\n\n",
    ),
    "dockrion": Shape(
        lambda: _sse({"agent_name": "orchard"}, "started"),
        lambda t: _sse({"content": t}, "token"),
        lambda n: _sse({"x": 1}, n),
        lambda: _sse({"output": None}, "complete"),
        agent=None,
        lists={
            "info": {"agent": {"name": "orchard", "mode": "handler"}},
            "schema": {"input_schema": {"properties": {"query": {"type": "string"}}}},
            "openapi.json": {"paths": {"/invoke": {}, "/invoke/stream": {}}},
        },
    ),
}


class FaultServer:
    """Give `handle` to a `Server`. `runs` counts the requests that would have started a run; `go` lets a fault go on
    that waits for it; `amount` is how much of the large ones."""

    def __init__(self, protocol: str, fault: str = "whole", amount: int | None = None) -> None:
        self.shape = SHAPES[protocol]
        self.fault, self.amount = fault, amount
        self.runs = 0
        self.go = asyncio.Event()
        self.waiting = asyncio.Event()
        self.left = asyncio.Event()
        self.keys: set[str] = set()

    async def handle(self, request: Request, exchange: Exchange) -> None:
        if request.method != "POST" or request.path.endswith(("/cancel", "/login")):
            lists = self.shape.lists or {}
            known = lists.get(request.path.strip("/").rsplit("/", 1)[-1])
            await exchange.reply(200 if known is not None else 404, known if known is not None else {"error": "none"})
            return
        self.runs += 1
        self.keys.add(request.headers.get("authorization", ""))
        try:
            await getattr(self, f"_{self.fault.replace(' ', '_')}")(exchange)
        except (ConnectionError, asyncio.CancelledError):
            self.left.set()
            raise

    # ---- parts

    async def _open(self, exchange: Exchange, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        await exchange.start(200, {"content-type": self.shape.media, **named})

    async def _say(self, exchange: Exchange, *texts: str) -> None:
        await exchange.send(self.shape.start() + "".join(self.shape.text(text) for text in texts))

    async def _wait(self, exchange: Exchange) -> None:
        """Until the test lets it go on, or the client leaves."""
        self.waiting.set()
        waits = [asyncio.create_task(event.wait()) for event in (self.go, exchange.gone)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
        if exchange.gone.is_set():
            self.left.set()
            raise ConnectionResetError("the client is gone")

    # ---- good

    async def _whole(self, exchange: Exchange) -> None:
        await self._open(exchange)
        await self._say(exchange, "Hello ", "there.")
        await exchange.send(self.shape.end())

    async def _whole_and_open(self, exchange: Exchange) -> None:
        await self._whole(exchange)
        await self._wait(exchange)

    async def _after_the_end(self, exchange: Exchange) -> None:
        await self._whole(exchange)
        await exchange.send(self.shape.text("never seen"))

    async def _drip(self, exchange: Exchange) -> None:
        await self._open(exchange)
        for byte in (
            self.shape.start() + self.shape.text("Hello ") + self.shape.text("there.") + self.shape.end()
        ).encode():
            await exchange.send(bytes((byte,)))

    async def _gzip(self, exchange: Exchange) -> None:
        await self._open(exchange, content_encoding="gzip")
        body = self.shape.start() + self.shape.text("Hello ") + self.shape.text("there.") + self.shape.end()
        await exchange.send(gzip.compress(body.encode()))

    async def _right_body_wrong_type(self, exchange: Exchange) -> None:
        await exchange.start(200, {"content-type": "text/html"})
        await self._say(exchange, "Hello ", "there.")
        await exchange.send(self.shape.end())

    # ---- breaks

    async def _hang_before_head(self, exchange: Exchange) -> None:
        await self._wait(exchange)

    async def _hang_before_text(self, exchange: Exchange) -> None:
        await self._open(exchange)
        await self._wait(exchange)

    async def _hang_mid_stream(self, exchange: Exchange) -> None:
        await self._open(exchange)
        await self._say(exchange, "Hello ")
        await self._wait(exchange)
        await exchange.send(self.shape.text("there.") + self.shape.end())

    async def _close_before_head(self, exchange: Exchange) -> None:
        exchange.break_off()

    async def _reset_before_head(self, exchange: Exchange) -> None:
        _reset(exchange)

    async def _reset_mid_stream(self, exchange: Exchange) -> None:
        await self._open(exchange)
        await self._say(exchange, "Hello ")
        await self._wait(exchange)
        _reset(exchange)

    async def _end_mid_stream(self, exchange: Exchange) -> None:
        await self._open(exchange)
        await self._say(exchange, "Hello ")

    async def _truncated_gzip(self, exchange: Exchange) -> None:
        await self._open(exchange, content_encoding="gzip")
        await exchange.send(gzip.compress((self.shape.start() + self.shape.text("Hello ")).encode())[:-9])

    async def _no_gzip(self, exchange: Exchange) -> None:
        await self._open(exchange, content_encoding="gzip")
        await self._say(exchange, "Hello ")

    # ---- not a stream

    async def _page(self, exchange: Exchange) -> None:
        await exchange.reply(200, PAGE, {"content-type": "text/html"})

    async def _page_as_stream(self, exchange: Exchange) -> None:
        await exchange.reply(200, PAGE, {"content-type": self.shape.media})

    async def _empty(self, exchange: Exchange) -> None:
        await exchange.reply(200, b"", {"content-type": "application/json"})

    async def _empty_stream(self, exchange: Exchange) -> None:
        await self._open(exchange)

    async def _wrong_type(self, exchange: Exchange) -> None:
        await exchange.reply(200, b"\x89PNG\r\n\x1a\n" + bytes(200), {"content-type": "image/png"})

    async def _whole_json(self, exchange: Exchange) -> None:
        await exchange.reply(200, {"unexpected": ["json"]})

    async def _garbage(self, exchange: Exchange) -> None:
        await self._open(exchange)
        await self._say(exchange, "Hello ")
        await exchange.send(b'data: {"half": \xff\xfe\n\n{nonsense\n\n' + b"\x00" * 100 + b"\n\n")
        await exchange.send(b"data: " + b"[" * 100_000 + b"\n\n" + b"[" * 100_000 + b"\n")
        await exchange.send(self.shape.text("there.") + self.shape.end())

    async def _redirect(self, exchange: Exchange) -> None:
        await exchange.reply(307, b"", {"location": SECRET_PLACE})

    # ---- refusals

    async def _401(self, exchange: Exchange) -> None:
        await exchange.reply(401, {"error": {"message": "no such key"}})

    async def _402(self, exchange: Exchange) -> None:
        await exchange.reply(402, {"error": {"message": "out of credit"}})

    async def _403(self, exchange: Exchange) -> None:
        await exchange.reply(403, {"error": "not yours"})

    async def _429(self, exchange: Exchange) -> None:
        await exchange.reply(429, {"error": "slow down"}, {"retry-after": "0"})

    async def _429_for_an_hour(self, exchange: Exchange) -> None:
        await exchange.reply(429, {"error": "slow down"}, {"retry-after": "3600"})

    async def _429_once(self, exchange: Exchange) -> None:
        await (self._429 if self.runs % 2 else self._whole)(exchange)

    async def _503_once(self, exchange: Exchange) -> None:
        if self.runs % 2:
            await exchange.reply(503, "warming up", {"retry-after": "0"})
        else:
            await self._whole(exchange)

    async def _503(self, exchange: Exchange) -> None:
        await exchange.reply(503, "warming up", {"retry-after": "20"})

    async def _500(self, exchange: Exchange) -> None:
        await exchange.reply(500, PAGE, {"content-type": "text/html"})

    async def _504(self, exchange: Exchange) -> None:
        await exchange.reply(504, PAGE, {"content-type": "text/html"})

    async def _teapot(self, exchange: Exchange) -> None:
        await exchange.reply(999, "who knows")

    # ---- too much

    async def _endless_line(self, exchange: Exchange) -> None:
        """Until the client leaves, or `amount` bytes."""
        await self._open(exchange)
        await self._say(exchange, "Hello ")
        await self._pour(exchange, self.amount)

    async def _huge_line(self, exchange: Exchange) -> None:
        await self._open(exchange)
        await self._say(exchange, "Hello ")
        await exchange.send("data: " if self.shape.media == SSE else "")
        await self._pour(exchange, self.amount or HUGE)
        await exchange.send("\n\n" + self.shape.text("there.") + self.shape.end())

    async def _huge_error_page(self, exchange: Exchange) -> None:
        await exchange.start(500, {"content-type": "text/html"})
        await exchange.send(PAGE)
        await self._pour(exchange, self.amount or HUGE // 2)

    async def _gzip_bomb(self, exchange: Exchange) -> None:
        """A hundred kilobytes that become `amount`: one line without end."""
        await self._open(exchange, content_encoding="gzip")
        await exchange.send(
            gzip.compress((self.shape.start() + self.shape.text("Hello ")).encode() + b"x" * (self.amount or HUGE))
        )

    async def _many_events(self, exchange: Exchange) -> None:
        await self._flood(exchange, lambda: self.shape.text("word "))

    async def _many_grown(self, exchange: Exchange) -> None:
        """`amount` events, each of which repeats its message up to there, where the wire does that."""
        if self.shape.grown is None:
            await self._many_events(exchange)
            return
        await self._open(exchange)
        pieces, message = 200, self.shape.grown(200)
        for _ in range((self.amount or 1_000_000) // pieces):
            await exchange.send(message)
        await exchange.send(self.shape.start() + self.shape.text("there.") + self.shape.end())

    async def _many_unknown(self, exchange: Exchange) -> None:
        await self._flood(exchange, lambda: self.shape.strange("mystery"))

    async def _flood(self, exchange: Exchange, event: Callable[[], str]) -> None:
        await self._open(exchange)
        await exchange.send(self.shape.start())
        count, block = self.amount or 1_000_000, 1000
        same = event() == event()  # else its ids are new each time, and a repeated one would be dropped
        many = event() * block
        for _ in range(count // block):
            await exchange.send(many if same else "".join(event() for _ in range(block)))
        await exchange.send(self.shape.text("there.") + self.shape.end())

    async def _pour(self, exchange: Exchange, amount: int | None) -> None:
        poured = 0
        while amount is None or poured < amount:
            await exchange.send(b"x" * _BLOCK)
            poured += _BLOCK


FAULTS = tuple(
    name[1:].replace("_", " ")
    for name in vars(FaultServer)
    if name.startswith("_") and not name.startswith("__") and name not in ("_open", "_say", "_wait", "_flood", "_pour")
)


def _reset(exchange: Exchange) -> None:
    """Close with a reset rather than in order."""
    plug = exchange._writer.get_extra_info("socket")
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    exchange.break_off()
