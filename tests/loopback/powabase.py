"""A project service as Powabase's speaks: two workers that each know only their own runs, approvals that hold the
stream open, sessions, teams, a workflow. What it does is chosen by the first word of the message.

hello, think, tool, fail, break (the connection), redact, images, remember WORD, recall; ask (one approval), asks (two
calls, one after the other), tired (an approval that nobody answers in time)."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from tests.loopback.server import Exchange, Request

AGENT = "5d61e588-5855-4691-9294-fa91a2e384d7"
TEAM = "0f3c6b2a-6df5-4d0c-9d0e-0a3b8f6c1e77"
WORKFLOW = "b2af0a23-1b3f-4578-93f2-58b225ae7319"
QUERY = {"query": "SELECT city FROM weather"}
Whole = tuple[int, Any]
LONG = "sunny " * 60  # longer than a preview


@dataclass
class Run:
    """One run. `worker` is the process that knows it; the approval in it waits for `decision`."""

    id: str
    session: str
    message: Any
    worker: int = 0
    waiting: bool = False
    decision: asyncio.Future[dict[str, Any]] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    status: str = "running"
    content: str = ""
    gone: asyncio.Event = field(default_factory=asyncio.Event)


class Powabase:
    """Give `handle` to a `Server`. `misses` is how many connections reach the wrong worker before one is right."""

    def __init__(self, key: str = "key-1", anon: str | None = None, misses: int = 0, may_list: bool = True) -> None:
        self.key, self.anon, self.misses, self.may_list = key, anon or key, misses, may_list
        self.runs: dict[str, Run] = {}
        self.decisions: list[dict[str, Any]] = []  # those that a worker took
        self.asking = asyncio.Event()  # an approval waits
        self.expire = asyncio.Event()  # the approval of a "tired" run has waited too long
        self._wrong: set[int] = set()  # connections to the other worker

    async def handle(self, request: Request, exchange: Exchange) -> None:
        """Answer one request."""
        whole = self._refused(request) or await self._answer(request, exchange)
        if whole is not None:
            await exchange.reply(*whole)

    async def _answer(self, request: Request, exchange: Exchange) -> Whole | None:
        """The status and body of a whole answer; None if it was streamed."""
        match (request.method, *request.path.removeprefix("/api/").split("/")):
            case ("GET", "agents" | "orchestrations" | "workflows" as kind):
                return self._list(kind)
            case ("POST", "agents", "runs", run, "approve"):
                return self._approve(run, request)
            case ("GET", "agents", "runs", run):
                return self._run_state(run)
            case ("GET", "orchestrations", "runs", run):
                return 200, self._team_state(run)
            case ("GET", "agents", agent, "sessions"):
                return self._sessions() if agent == AGENT else (404, {"error": "Agent not found"})
            case ("GET", "sessions", session, "messages"):
                return 200, {"session_id": session, "messages": self._messages(session)}
            case ("POST", "agents", agent, "run", "stream"):
                return self._refusal(agent, request.json) or await self._agent(request.json, exchange)
            case ("POST", "orchestrations", _, "run", "stream"):
                return await self._team(exchange)
            case ("POST", "workflows", _, "execute", "stream"):
                return await self._workflow(request.json, exchange)
        return 404, "<!doctype html><title>404</title><p>Nothing here.</p>"

    def _refused(self, request: Request) -> Whole | None:
        if request.headers.get("apikey") != self.anon:
            return 401, {"message": "No API key found in request"}
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return 401, {"error": "Invalid token: Not enough segments"}
        return None

    # ---- lists

    def _list(self, kind: str) -> Whole:
        if not self.may_list:
            return 403, {"error": "This endpoint requires the project's service role key"}
        rows = {
            "agents": [{"id": AGENT, "name": "researcher", "model": "m-1"}, {"id": "a-2", "name": "plain"}],
            "orchestrations": [{"id": TEAM, "name": "the team", "description": "two writers"}],
            "workflows": [{"id": WORKFLOW, "name": "the flow"}],
        }[kind]
        return 200, {kind: rows, "total": len(rows), "limit": 100, "offset": 0}

    def _sessions(self) -> Whole:
        newest = list(dict.fromkeys(run.session for run in reversed(self.runs.values())))
        rows = [{"session_id": s, "first_message": self._first(s), "last_activity_at": "2026-11-21"} for s in newest]
        return 200, {"sessions": rows, "total": len(rows)}

    def _first(self, session: str) -> str:
        message = next(run.message for run in self.runs.values() if run.session == session)
        return (message if isinstance(message, str) else json.dumps(message))[:100]

    def _messages(self, session: str) -> list[dict[str, Any]]:
        done = [run for run in self.runs.values() if run.session == session and run.status == "completed"]
        return [
            {"role": role, "content": said, "run_id": run.id}
            for run in done
            for role, said in (("user", run.message), ("assistant", run.content))
        ]

    # ---- approvals

    def _approve(self, name: str, request: Request) -> Whole:
        if not isinstance(request.json, dict) or not isinstance(request.json.get("approved"), bool):
            return 400, {"error": "'approved' must be a boolean"}
        if self.misses > 0 and request.connection not in self._wrong:
            self.misses -= 1
            self._wrong.add(request.connection)
        run = self.runs.get(name)
        if run is None or run.status != "running" or request.connection in self._wrong:
            return 404, {"error": "Run not found or not waiting for approval"}
        self.decisions.append(request.json)
        if not run.decision.done():
            run.decision.set_result(request.json)
        return 200, {"status": "resumed"}

    async def _ask(self, run: Run, call: str, events: _Events, patient: bool = True) -> str:
        """One approved or refused call. Returns its result."""
        await events.send("tool_call", step=1, tool_name="database_query", arguments=QUERY, call_id=call)
        run.decision = asyncio.get_running_loop().create_future()
        await events.send("approval_requested", tool_name="database_query", tool_input=QUERY, message="Run this query?")
        await events.comment()
        self.asking.set()
        decision = await self._decision(run, events, patient)
        self.asking.clear()
        blocked = decision is None or not decision["approved"]
        why = "Approval timed out" if decision is None else f"Denied by user: {(decision or {}).get('reason', '')}"
        status = "timed_out" if decision is None else "succeeded"
        outcome = {"status": status, "modified": False, "blocked": blocked, "message": why if blocked else None}
        await events.send("hook_result", hook_event="PreToolUse", **outcome)
        result = f"Error: Blocked by hook — {why}" if blocked else LONG
        await events.send("tool_result", step=1, tool_name="database_query", call_id=call, result_preview=result[:200])
        return result

    async def _decision(self, run: Run, events: _Events, patient: bool) -> dict[str, Any] | None:
        ways = [asyncio.ensure_future(way) for way in (events.gone(), self.expire.wait())]
        try:
            await asyncio.wait([run.decision, ways[0], *([] if patient else ways[1:])], return_when="FIRST_COMPLETED")
        finally:
            for way in ways:
                way.cancel()
        if events.left:
            run.status = "failed"
            run.gone.set()
            raise ConnectionResetError("Client disconnected")
        return run.decision.result() if run.decision.done() else None

    # ---- runs of agents

    def _refusal(self, agent: str, body: Any) -> Whole | None:
        if agent != AGENT:
            return 404, {"error": "Agent not found"}
        if not body.get("message"):
            return 400, {"error": "message is required"}
        if body.get("session_id", "sess_1") not in {"sess_1", *(r.session for r in self.runs.values())}:
            return 404, {"error": "Session not found"}
        return None

    async def _agent(self, body: Any, exchange: Exchange) -> None:
        session = body.get("session_id") or f"sess_{len(self.runs) + 1}"
        run = Run(f"run_{len(self.runs) + 1:012x}", session, body["message"])
        self.runs[run.id] = run
        events = _Events(exchange)
        await events.begin(run.id, session)
        text = body["message"] if isinstance(body["message"], str) else body["message"][0].get("text", "images")
        word, _, rest = text.partition(" ")
        done = {"status": "completed", "content": await self._say(word, rest, run, events)}
        if word == "fail":
            done |= {"status": "failed", "error": "scripted failure"}
        if exchange.state == "broken":
            run.status, run.content = "completed", "Half of it, and the rest."
            return
        run.status, run.content = done["status"], done["content"]
        calls = [{"step": 1, "tool_name": "database_query", "arguments": QUERY, "result": r} for r in events.results]
        usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
        await events.send("complete", run_id=run.id, session_id=session, tool_calls=calls, usage=usage, **done)

    async def _say(self, word: str, rest: str, run: Run, events: _Events) -> str:
        match word:
            case "think":
                await events.pieces("reasoning_delta", "First this, then that.", step=1, source="thinking")
                return await events.answer("I thought.")
            case "ask" | "asks" | "tired":
                for number in range(2 if word == "asks" else 1):
                    events.results.append(await self._ask(run, f"call_{number}", events, word != "tired"))
                return await events.answer("It is sunny.")
            case "break":
                await events.pieces("content_delta", "Half of it")
                events.exchange.break_off()
                return ""
            case "fail":
                await events.pieces("content_delta", "Partial")
                await events.send("error", error="scripted failure", run_id=run.id)
                return "Partial"
            case "redact":
                return await events.answer("The password is hunter2.", "The password is [withheld].")
            case "images":
                return await events.answer(_hashes(run.message))
            case "recall":
                said = [r.message for r in self.runs.values() if r.session == run.session and r is not run]
                return await events.answer(f"You said: {said[-1] if said else 'nothing'}")
        return await events.answer(f"Hello, {word} {rest}".strip())

    def _run_state(self, name: str) -> Whole:
        if (run := self.runs.get(name)) is None:
            return 404, {"error": "Run not found"}
        row = {"id": "row", "run_id": run.id, "session_id": "internal", "status": run.status, "content": run.content}
        return 200, {**row, "events": None, "tool_calls": [], "usage": None, "error": None}

    # ---- teams and workflows

    async def _team(self, exchange: Exchange) -> None:
        events = _Events(exchange)
        await events.begin("orch_run_1", "orch_sess_1")
        await events.send("orchestration_started", strategy="parallel", name="team", agent_count=2, seq=1)
        for seq in (1, 1):
            await events.send("step_started", step=1, seq=seq)
        mixed = ["on", "tw", "e ", "o ", "red", "blue"]
        for text in mixed:
            await events.send("content_delta", delta=text)
        for _ in range(2):
            await events.send("step_completed", step=1, seq=2, finish_reason="stop", has_tool_calls=[])
        await events.send("step_started", step=1, seq=2)
        await events.send("content_delta", delta="Both together.")
        await events.send("orchestration_completed", status="completed", steps=3, seq=4)
        content = "".join(mixed) + "Both together."
        await events.send("chunk", content=content)
        await events.send("complete", run_id="orch_run_1", content=content, status="completed", error=None)
        await events.gone()  # the stream stays open after its last frame

    def _team_state(self, run: str) -> dict[str, Any]:
        children = [("c1", "one red"), ("c2", "two blue")]
        rows = [{"run_id": i, "status": "completed", "content": text, "tool_calls": []} for i, text in children]
        return {"run_id": run, "status": "completed", "content": "mixed", "child_runs": rows}

    async def _workflow(self, body: Any, exchange: Exchange) -> None:
        events = _Events(exchange, "type")
        await events.open()
        for block, kind in (("b1", "starter"), ("b2", "agent")):
            await events.send("block_start", block_id=block, block_type=kind)
            if kind == "agent":
                for text in ("You gave ", json.dumps(body["variables"])):
                    await events.send("block_chunk", block_id=block, block_type=kind, chunk=text)
            await events.send("block_complete", block_id=block, block_type=kind, data={"output": "x"}, duration_ms=0.5)
        await events.send("done", execution_id="e-1")


class _Events:
    """The stream of one run, framed as the service does."""

    def __init__(self, exchange: Exchange, key: str = "event") -> None:
        self.exchange, self._key = exchange, key
        self.results: list[str] = []
        self.left = False

    async def open(self) -> None:
        await self.exchange.start(200, {"content-type": "text/event-stream; charset=utf-8"})

    async def begin(self, run: str, session: str) -> None:
        await self.open()
        await self.send("start", run_id=run, session_id=session, context_handler_id=None, reasoning_requested=False)

    async def send(self, name: str, /, **data: Any) -> None:
        await self.exchange.send(f"data: {json.dumps({self._key: name, **data})}\n\n")

    async def comment(self) -> None:
        await self.exchange.send(": keepalive\n\n")

    async def pieces(self, name: str, text: str, /, **data: Any) -> None:
        for at in range(0, len(text), 9):
            await self.send(name, delta=text[at : at + 9], **data)

    async def answer(self, text: str, vetted: str | None = None) -> str:
        """The text in pieces, then whole, as a rule of the server left it. Returns the latter."""
        await self.pieces("content_delta", text)
        await self.send("chunk", content=vetted or text)
        return vetted or text

    async def gone(self) -> None:
        await self.exchange.gone.wait()
        self.left = True


def _hashes(message: Any) -> str:
    """What arrived of the pictures: media type, size and hash of each."""
    urls = [part["image_url"]["url"] for part in message if part["type"] == "image_url"]
    found = [(url.partition(";")[0][5:], base64.b64decode(url.partition(",")[2], validate=True)) for url in urls]
    return "; ".join(f"{media} {len(data)} {hashlib.sha256(data).hexdigest()[:16]}" for media, data in found)
