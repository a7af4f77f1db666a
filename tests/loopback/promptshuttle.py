"""A PromptShuttle of our own: event envelopes, OpenAI chunks, or both, behind a bearer key.

What it does depends on the first word of the last user message: `chunks`, `mixed`, `agents`, `fail`, `recover`,
`nowhere`, `repeat`, `cut`, `hold`, `limit`. Else it runs a tool and says how many messages it was given. Payloads are
invented, as the service's own were never seen; only the envelope is the documented one.
"""

from __future__ import annotations

import asyncio
import base64
import json
from hashlib import sha256
from typing import Any

from tests.loopback.server import Exchange, Request

KEY = "ps_test"


class PromptShuttle:
    """Give `handle` to a `Server`. `prefix` is where the service lives; `pictures` holds the SHA-256 of what came
    in; `left` is set when a client went away from a stream."""

    def __init__(self, prefix: str = "", takes_pictures: bool = True) -> None:
        self.prefix = prefix
        self.takes_pictures = takes_pictures
        self.pictures: list[str] = []
        self.left = asyncio.Event()

    async def handle(self, request: Request, exchange: Exchange) -> None:
        if request.path not in (f"{self.prefix}/chat/completions", f"{self.prefix}/llm-logs"):
            await exchange.reply(404)
        elif request.headers.get("authorization") != f"Bearer {KEY}":
            await exchange.reply(401, {"error": {"message": "Invalid API key", "code": "invalid_api_key"}})
        elif request.method == "GET":
            await exchange.reply(200, {"items": []})
        elif not request.json.get("model"):
            errors = {"model": ["The model field is required."]}
            await exchange.reply(400, {"title": "One or more validation errors occurred.", "errors": errors})
        else:
            await self._answer(request.json, exchange)

    async def _answer(self, asked: dict[str, Any], exchange: Exchange) -> None:
        content = asked["messages"][-1]["content"]
        parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
        pictures = [p["image_url"]["url"].partition(";base64,")[2] for p in parts if p["type"] == "image_url"]
        if pictures and not self.takes_pictures:
            await exchange.reply(400, {"error": "content must be a string"})
            return
        self.pictures += [sha256(base64.b64decode(p, validate=True)).hexdigest() for p in pictures]
        words = next((p["text"] for p in parts if p["type"] == "text"), "")
        if not asked.get("stream"):
            message = {"role": "assistant", "content": "All at once."}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            usage = {"prompt_tokens": 3, "completion_tokens": 4}
            await exchange.reply(200, {"object": "chat.completion", "choices": [choice], "usage": usage})
            return
        await exchange.start(200, {"content-type": "text/event-stream", "x-request-id": "req-1"})
        stream = _Stream(exchange, asked)
        try:
            await getattr(stream, f"_{words.partition(' ')[0]}", stream.plain)()
        except ConnectionError:
            self.left.set()


class _Stream:
    def __init__(self, exchange: Exchange, asked: dict[str, Any]) -> None:
        self.exchange, self.asked = exchange, asked
        self.wanted = asked.get("stream_options", {}).get("event_types")
        self.number = 0

    async def event(self, kind: str, path: tuple[str, ...] = (), key: str = "", **data: Any) -> None:
        """One envelope, unless the filter leaves it out."""
        self.number += 1
        if self.wanted and kind not in self.wanted:
            return
        key = key or f"{self.number:024x}"
        frame = {
            "id": key, "timestamp": "2026-07-18T20:54:30.125Z", "requestId": "req-1", "type": kind,
            "agentPath": ["main", *path], "depth": len(path), "data": data,
        }  # fmt: skip
        await self.exchange.send(f"id: {key}\ndata: {json.dumps(frame)}\n\n")

    async def chunk(self, finish: str | None = None, **delta: Any) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        kind, model = "chat.completion.chunk", self.asked["model"]
        frame = {"id": "chatcmpl-1", "object": kind, "model": model, "choices": [choice]}
        await self.exchange.send(f"data: {json.dumps(frame)}\n\n")

    async def done(self) -> None:
        await self.exchange.send("data: [DONE]\n\n")

    async def plain(self) -> None:
        said = f"You sent {len(self.asked['messages'])} messages."
        await self.event("requestStarted", model=self.asked["model"])
        await self.event("agentStarted")
        await self.event("agentInferenceStarted", model=self.asked["model"])
        await self.event("agentInferenceCompleted", finishReason="tool_calls", text="Let me look.")
        await self.event("toolStarted", toolName="search", arguments={"query": "x"})
        await self.event("heartbeat")
        await self.event("toolCompleted", toolName="search", result="found", durationMs=5)
        await self.event("agentInferenceStarted", model=self.asked["model"])
        await self.event("agentInferenceCompleted", text=said)
        await self.event("agentCompleted", text=said)
        await self.event("requestCompleted", text=said, totalTokensIn=9, totalTokensOut=5, totalCostUsd=0.25)
        await self.done()

    async def _chunks(self) -> None:
        await self.chunk(reasoning_content="Hm. ")
        await self.chunk(content="Plain ")
        await self.chunk(content="chunks.")
        await self.chunk("stop")
        await self.done()

    async def _limit(self) -> None:
        await self.chunk("length", content="Too lo")
        await self.done()

    async def _mixed(self) -> None:
        await self.event("requestStarted")
        await self.chunk(content="Draft")
        await self.event("requestCompleted", text="Final.")
        await self.done()

    async def _agents(self) -> None:
        await self.event("requestStarted")
        await self.event("toolStarted", toolName="helper", toolCallId="c1")
        await self.event("agentStarted", ("helper",))
        await self.event("contentDelta", ("helper",), text="inner")
        await self.event("agentCompleted", ("helper",), text="inner")
        await self.event("toolCompleted", toolName="helper", toolCallId="c1", childRequestId="r2")
        await self.event("agentStarted", ("other",))
        await self.event("agentFailed", ("other",), error="no luck")
        await self.event("requestCompleted", text="outer")
        await self.done()

    async def _fail(self) -> None:
        await self.event("requestStarted")
        await self.event("error", message="trying another model", recoverable=True)
        await self.event("requestFailed", error={"message": "All models failed", "code": "all_models_failed"})
        await self.done()

    async def _recover(self) -> None:
        await self.event("error", message="a hiccup")
        await self.event("agentInferenceCompleted", text="Fine after all.")
        await self.done()

    async def _nowhere(self) -> None:
        await self.event("requestStarted")
        await self.event("requestCompleted")
        await self.done()

    async def _repeat(self) -> None:
        await self.event("contentDelta", key="same", text="Once.")
        await self.event("contentDelta", key="same", text="Once.")
        await self.event("requestCompleted")
        await self.done()

    async def _cut(self) -> None:
        await self.event("contentDelta", text="Half an ans")
        self.exchange.break_off()
        raise ConnectionResetError("broken off")

    async def _hold(self) -> None:
        await self.event("contentDelta", text="Thinking it over")
        await self.exchange.gone.wait()
        raise ConnectionResetError("the client is gone")
