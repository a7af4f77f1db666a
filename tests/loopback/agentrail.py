"""An Agentrail host of our own: stream route, sessions and the respond route, with whole-message updates.

What it does depends on the first word of the message: `write` asks for permission, `choose` asks a question,
`late` asks for permission that nobody waits for any more, `delegate` runs a skill and an agent, `long N` answers with
N characters, `cut` breaks off, `hold` waits until the client leaves, `fail` has the model fail. Else it says hello and
counts the turns of the session.
"""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import uuid4

from tests.loopback.server import Exchange, Request

_FIGURES = {"inputTokens": 100, "outputTokens": 10, "cost": {"total": 0.001}}


@dataclass
class Session:
    """What the host keeps: messages, files by name (as SHA-256), and the one thing that is pending."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    kind: str = ""
    pending: asyncio.Future[str] | None = None
    refused: asyncio.Event = field(default_factory=asyncio.Event)  # an answer came to nothing pending


class Agentrail:
    """Give `handle` to a `Server`. With `stream_path` "/stream" it is an app mounted at the root, which has no
    session routes. `left` is set when a client went away from a stream."""

    def __init__(self, stream_path: str = "/api/stream", sse: bool = True) -> None:
        self.stream_path = stream_path
        self.sse = sse
        self.sessions: dict[str, Session] = {}
        self.decisions: list[dict[str, Any]] = []
        self.left = asyncio.Event()

    async def handle(self, request: Request, exchange: Exchange) -> None:
        parts = request.path.strip("/").split("/")
        if (request.method, request.path) == ("POST", self.stream_path):
            await self._stream(request, exchange)
        elif request.path == "/health":
            await exchange.reply(200, {"status": "ok"})
        elif self.stream_path == "/stream" or parts[:2] != ["api", "sessions"] or len(parts) != 4:
            await exchange.reply(404, "404 Not Found", {"content-type": "text/plain; charset=UTF-8"})
        elif parts[3] == "respond":
            await self._respond(parts[2], request, exchange)
        else:
            session = self.sessions.get(parts[2], Session())
            await exchange.reply(200, {"messages": session.messages, "contextUsage": None})

    async def _stream(self, request: Request, exchange: Exchange) -> None:
        asked = request.json
        lacks = [name for name in ("tenantId", "userId") if not (asked or {}).get(name)]
        if asked is None or lacks or not (asked.get("message") or asked.get("attachments")):
            await exchange.reply(400, {"error": f"{(lacks or ['message'])[0]} missing"})
            return
        name = asked.get("sessionId") or str(uuid4())
        session = self.sessions.setdefault(name, Session())
        for file in asked.get("attachments", ()):
            session.files[file["name"]] = sha256(base64.b64decode(file["base64"], validate=True)).hexdigest()
        session.messages.append({"role": "user", "content": asked["message"], "timestamp": 1})
        await exchange.start(200, {"content-type": "text/plain; charset=UTF-8", "x-session-id": name})
        turn = Turn(exchange, session, self.sse)
        try:
            await turn.play(asked["message"])
        except ConnectionError:
            self.left.set()

    async def _respond(self, name: str, request: Request, exchange: Exchange) -> None:
        self.decisions.append(request.json)
        session = self.sessions.get(name, Session())
        said = request.json.get("decision" if session.kind == "permission" else "answer")
        if session.pending is None:
            await exchange.reply(404, {"error": f"nothing is waiting in session {name}"})
            session.refused.set()
        elif not said or (session.kind == "permission" and said not in ("approved", "rejected")):
            await exchange.reply(400, {"error": "decision must be approved or rejected"})
        else:
            pending, session.pending = session.pending, None
            await exchange.reply(200, {"ok": True})
            pending.set_result(said)


class Turn:
    """One run of the loop. Every update carries the whole message twice, as the real one does."""

    def __init__(self, exchange: Exchange, session: Session, sse: bool) -> None:
        self.exchange, self.session, self.sse = exchange, session, sse
        self.depth = self.index = 0

    async def emit(self, kind: str, **fields: Any) -> None:
        traced = {"type": kind, **fields, "chainId": "chain-1", "depth": self.depth, "turnIndex": self.index}
        await self.host(traced)

    async def host(self, data: dict[str, Any]) -> None:
        line = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        await self.exchange.send(f"data: {line}\n\n" if self.sse else f"{line}\n")

    async def play(self, message: str) -> None:
        word, _, rest = message.partition(" ")
        await self.emit("session.start")
        await self.emit("turn.start")
        user = {"role": "user", "content": message, "timestamp": 1}
        await self.emit("message.start", message=user)
        await self.emit("message.end", message=user)
        act = getattr(self, f"_{word}", None)
        if act is None:
            turns = sum(m["role"] == "user" for m in self.session.messages)
            await self.say(f"Hello, turn {turns}. Files: {len(self.session.files)}.")
        else:
            await act(rest)
        await self.emit("session.end", messages=self.session.messages, usage=_FIGURES)
        await self.host({"type": "context_usage", "inputTokens": 100, "outputTokens": 10, "budgetUsedPct": 7})

    async def say(self, text: str, stop: str = "stop", call: dict[str, Any] | None = None, **more: Any) -> None:
        """One assistant message, in pieces of four characters."""
        await self.emit("message.start", message=_message("", "stop"))
        for at in range(0, len(text), 4):
            snapshot = _message(text[: at + 4], "stop")
            event = {"type": "text_delta", "contentIndex": 0, "delta": text[at : at + 4], "partial": snapshot}
            await self.emit("message.update", message=snapshot, event=event)
        whole = _message(text, stop, call, **more)
        await self.emit("message.end", message=whole)
        self.session.messages.append(whole)
        await self.emit("turn.complete", message=whole, toolResults=[])

    async def wait(self, kind: str) -> str:
        """Until somebody answers; the stream stays open and silent."""
        self.session.kind = kind
        pending = self.session.pending = asyncio.get_running_loop().create_future()
        gone = asyncio.create_task(self.exchange.gone.wait())
        await asyncio.wait([pending, gone], return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        if not pending.done():
            self.session.pending = None
            raise ConnectionResetError("the client is gone")
        return pending.result()

    async def tool(self, call: str, name: str, args: Any, result: str, is_error: bool = False) -> None:
        await self.emit("tool.before", toolCallId=call, toolName=name, args=args, rawArgs=args)
        content = [{"type": "text", "text": result}]
        shown = {"content": content, "details": {}}
        await self.emit("tool.after", toolCallId=call, toolName=name, result=shown, isError=is_error)

    async def _write(self, rest: str) -> None:
        args = {"path": "/notes.txt", "content": rest}
        await self.emit("message.start", message=_message("", "stop"))
        call = {"type": "toolCall", "id": "call-w", "name": "Write", "arguments": args}
        await self.emit("message.end", message=_message("", "toolUse", call))
        await self.emit("permission_request", toolCallId="call-w", toolName="Write", reason="Writing wants a yes")
        decision = await self.wait("permission")
        await self.emit("permission_resolved", toolCallId="call-w", toolName="Write", decision=decision)
        done = decision == "approved"
        await self.tool("call-w", "Write", args, "written" if done else "Permission rejected by user", not done)
        await self.say("Saved." if done else "I left it alone.")

    async def _choose(self, rest: str) -> None:
        args = {"question": "Which colour?"}
        await self.emit("tool.before", toolCallId="call-q", toolName="AskUserQuestion", args=args, rawArgs=args)
        options = {"options": ["red", "blue"], "multiple": True, "custom": True}
        await self.emit("waiting_for_user_input", toolCallId="call-q", question="Which colour?", **options)
        said = await self.wait("question")
        shown = {"content": [{"type": "text", "text": said}], "details": {}}
        await self.emit("tool.after", toolCallId="call-q", toolName="AskUserQuestion", result=shown, isError=False)
        await self.say(f"You chose {said}.")

    async def _late(self, rest: str) -> None:
        """Asks, but has given up waiting by the time the answer comes; goes on once it was told off."""
        await self.emit("permission_request", toolCallId="call-l", toolName="Write", reason="too late")
        await self.session.refused.wait()
        await self.emit("permission_resolved", toolCallId="call-l", decision="rejected")
        await self.say("Nobody said yes.")

    async def _delegate(self, rest: str) -> None:
        await self.host({"type": "subagent_spawned", "agent": {"id": "a1", "runId": "r", "role": "researcher"}})
        await self.host({"type": "subagent_status", "agentId": "a1", "status": "running"})
        await self.host({"type": "skill_start", "skillName": "summarise", "task": "Make it short"})
        self.depth = 1
        await self.emit("session.start")
        await self.say("INNER words")
        await self.emit("session.end", messages=[], usage=_FIGURES)
        self.depth = 0
        await self.host({"type": "skill_end", "skillName": "summarise"})
        job = {"jobId": "j", "inputIds": [], "outcome": "completed", "outputText": "Facts."}
        await self.host({"type": "subagent_job_completed", "agentId": "a1", "job": job})
        await self.say("Outer words.")

    async def _long(self, rest: str) -> None:
        await self.say(("0123456789 " * (int(rest) // 11 + 1))[: int(rest)])

    async def _cut(self, rest: str) -> None:
        snapshot = _message("Half an ans", "stop")
        event = {"type": "text_delta", "contentIndex": 0, "delta": "Half an ans", "partial": snapshot}
        await self.emit("message.update", message=snapshot, event=event)
        self.exchange.break_off()
        raise ConnectionResetError("broken off")

    async def _hold(self, rest: str) -> None:
        await self.emit("message.update", delta="Thinking it over")
        await self.exchange.gone.wait()
        raise ConnectionResetError("the client is gone")

    async def _fail(self, rest: str) -> None:
        await self.say("Partial", "error", errorMessage="529 overloaded")


def _message(text: str, stop: str, call: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    content = [{"type": "text", "text": text}] if text else []
    return {
        "role": "assistant", "content": [*content, *([call] if call else [])], "provider": "ours", "modelId": "small-1",
        "usage": _FIGURES if stop != "stop" or text else {}, "stopReason": stop, "timestamp": 1, **more,
    }  # fmt: skip
