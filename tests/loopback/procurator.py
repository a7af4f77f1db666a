"""An Agent Manager of our own: login, streamed and unstreamed runs, approvals in all their shapes, cancel.

What an agent does depends on its id, see `_AGENTS`. The server checks what the real one checks: the bearer token, a
UUID as session, strict base64 in pictures. It keeps runs and approvals, so that a decision really resumes a run.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import json
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.loopback.server import Exchange, Request

STREAM = {"content-type": "text/event-stream"}
TOOL = "run_python"
ARGS = {"code": "print(6*7)"}
LONG_PAUSED = "Waiting for a person to approve run_python."


@dataclass
class Run:
    """A row of the server's table of runs."""

    agent: str
    session: str
    message: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "RUNNING"
    output: str | None = None
    error: str | None = None
    action: dict[str, Any] | None = None
    looks: int = 0  # how often it is still seen at work before its outcome shows

    def row(self) -> dict[str, Any]:
        """As the batch status tells it."""
        self.looks -= 1
        return {
            "id": self.id,
            "agentId": self.agent,
            "sessionId": self.session,
            "status": "RUNNING" if self.looks >= 0 else self.status,
            "input": self.message,
            "output": self.output,
            "errorMessage": self.error,
            "requiredAction": json.dumps(self.action) if self.action else None,
            "inputTokens": 640,
            "outputTokens": 31,
            "totalCostUsd": 0.0011,
        }


@dataclass
class Approval:
    """An approval; `votes` of `wanted` are in."""

    run: Run
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "PENDING"
    wanted: int = 1
    votes: int = 0
    again: bool = False  # the resumed run asks once more

    def dto(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "runId": self.run.id,
            "agentId": self.run.agent,
            "toolName": TOOL,
            "toolArguments": json.dumps(ARGS),
            "status": self.status,
            "requestedBy": "SYSTEM",
            "contextualMessage": "run_python wants a decision",
        }


class Procurator:
    """The server. Give `handle` to `Server`. `decisions` keeps what was decided, `pictures` the hashes of what came."""

    def __init__(self, admin: bool = True, older: bool = False) -> None:
        self.admin = admin
        self.older = older  # no approvals, but /continue
        self.busy = False  # runs are refused with 429
        self.tokens = ["token-1"]
        self.logins = 0
        self.runs: list[Run] = []
        self.approvals: dict[str, Approval] = {}
        self.escalations: dict[str, Run] = {}
        self.decisions: list[tuple[str, Any]] = []
        self.deleted: list[str] = []
        self.cancelled = asyncio.Event()
        self.pictures: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.lose: list[str] = []  # paths' ends whose next answer is lost after the work was done
        self.approved: set[str] = set()  # sessions whose next try the tool is let through

    def expire_tokens(self) -> None:
        """All tokens run out."""
        self.tokens = []

    async def handle(self, request: Request, exchange: Exchange) -> None:
        if request.path == "/api/auth/login":
            await self._login(request, exchange)
        elif request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            await exchange.reply(401)
        else:
            await self._route(request, exchange)

    async def _login(self, request: Request, exchange: Exchange) -> None:
        if request.json != {"username": "ada", "password": "secret"}:
            await self._problem(exchange, 401, "wrong name or password")
            return
        self.logins += 1
        token = f"login-{self.logins}"
        self.tokens.append(token)
        await exchange.reply(200, {"token": token, "type": "Bearer", "username": "ada", "roles": ["ROLE_USER"]})

    async def _route(self, request: Request, exchange: Exchange) -> None:
        match (request.method, *request.path.strip("/").split("/")):
            case ("GET", "api", "agents"):
                await exchange.reply(200, _LIST)
            case ("POST", "api", "agents", agent, "runs", "stream"):
                await self._start(agent, request, exchange, streamed=True)
            case ("POST", "api", "agents", agent, "runs"):
                await self._start(agent, request, exchange, streamed=False)
            case ("GET", "api", "agents", _, "runs", "status"):
                await self._status(request, exchange)
            case ("GET", "api", "agents", _, "runs", run, "status") if self.older:
                await exchange.reply(200, self._run(run).row())
            case ("POST", "api", "agents", _, "runs", run, "continue") if self.older:
                await self._continue(run, request, exchange)
            case ("DELETE", "api", "agents", _, "runs", run):
                self.deleted.append(run)
                self.cancelled.set()
                await exchange.reply(204)
            case ("GET", "api", "v1", "runs"):
                found = [r for r in reversed(self.runs) if r.session == request.query.get("sessionId")]
                rows = [{"id": r.id, "agentId": r.agent, "status": r.status} for r in found[:1]]
                await exchange.reply(200, {"content": rows, "totalElements": len(found)})
            case ("GET", "api", "v1", "approvals", "pending"):
                rows = [a.dto() for a in self.approvals.values() if a.status == "PENDING"]
                await exchange.reply(200, {"content": rows, "pageable": {}})
            case ("GET", "api", "v1", "approvals", "human-review"):
                await exchange.reply(200, [])
            case ("GET", "api", "v1", "approvals", name):
                await self._approval(name, exchange)
            case ("POST", "api", "v1", "approvals", name, "resolve" | "decide" as how) if not self.older:
                await self._resolve(name, how, request, exchange)
            case ("POST", "api", "v1", "escalations", name, "resolve"):
                await self._escalation(name, request, exchange)
            case ("GET", "api", "sessions"):
                await exchange.reply(200, {"content": _sessions(self.runs)})
            case ("GET", "api", "sessions", name, "runs"):
                await exchange.reply(200, [r.row() for r in self.runs if r.session == name])
            case _:
                await self._problem(exchange, 404, f"no route {request.path}")

    async def _problem(self, exchange: Exchange, status: int, detail: str) -> None:
        body = json.dumps({"type": "about:blank", "title": "Problem", "status": status, "detail": detail})
        await exchange.reply(status, body, {"content-type": "application/problem+json"})

    def _run(self, name: str) -> Run:
        return next(run for run in self.runs if run.id == name)

    # ---- runs

    async def _start(self, agent: str, request: Request, exchange: Exchange, streamed: bool) -> None:
        body = request.json
        self.bodies.append(body)
        if self.busy:
            await self._problem(exchange, 429, "slow down")
            return
        try:
            uuid.UUID(body["sessionId"])
            self.pictures += [_hash(media) for media in body.get("media", ())]
        except (ValueError, KeyError, binascii.Error) as error:
            await self._problem(exchange, 400, str(error))
            return
        if agent not in _AGENTS:
            await exchange.start(200, STREAM)
            await exchange.send(frame("ERROR", f"unknown agent: {agent}"))
            return
        run = Run(agent, body["sessionId"], body["message"])
        self.runs.append(run)
        if not streamed:
            await self._unstreamed(run, exchange)
            return
        await exchange.start(200, STREAM)
        await exchange.send(frame("START"))
        await _AGENTS[agent](self, run, exchange)

    async def _unstreamed(self, run: Run, exchange: Exchange) -> None:
        if run.agent in ("code", "quorum", "twice"):
            self._pause(run)
        else:
            run.status, run.output = "COMPLETED", f"You said: {run.message}"
        metadata = {"requiredAction": run.action} if run.action else {}
        content = LONG_PAUSED if run.action else run.output
        answer = {"runId": run.id, "sessionId": run.session, "content": content, "metadata": metadata}
        await exchange.reply(200, {**answer, "tools": [], "reasoningSteps": [], "status": run.status, "metrics": None})

    async def _status(self, request: Request, exchange: Exchange) -> None:
        if self.older:
            await self._problem(exchange, 404, "no such route")
            return
        await exchange.reply(200, [r.row() for r in self.runs if r.id == request.query.get("runIds")])

    def _pause(self, run: Run) -> Approval:
        approval = Approval(run, wanted=2 if run.agent == "quorum" else 1, again=run.agent == "twice")
        self.approvals[approval.id] = approval
        run.status, run.output = "PAUSED", LONG_PAUSED
        run.action = {"type": "TOOL_APPROVAL", "tool": TOOL, "args": json.dumps(ARGS), "approvalId": approval.id}
        return approval

    def _resume(self, run: Run, allow: bool, again: bool = False) -> None:
        """What the server does in the background after a decision: it is seen at work for a while first."""
        run.looks = 1
        if again:
            self._pause(run).again = False
            return
        run.action = None
        run.status, run.output = ("COMPLETED", "6 × 7 = 42") if allow else ("CANCELLED", None)

    # ---- agents, by what they do

    async def _echo(self, run: Run, exchange: Exchange) -> None:
        for word in ("You said: ", run.message):
            await exchange.send(frame("CONTENT_DELTA", word))
        run.status, run.output = "COMPLETED", f"You said: {run.message}"
        await exchange.send(frame("CONTENT_DONE") + frame("METRICS", json.dumps(_METRICS)) + frame("STOP"))

    async def _code(self, run: Run, exchange: Exchange) -> None:
        """PAUSED with everything in it, for any of the agents that ask."""
        self._pause(run)
        await exchange.send(frame("TOOL_START", f"Executing Tool: {TOOL}"))
        await exchange.send(frame("PAUSED", json.dumps(run.action)) + frame("STOP"))

    async def _plain(self, run: Run, exchange: Exchange) -> None:
        """PAUSED as a sentence, with the connection left open after STOP."""
        self._pause(run)
        await exchange.send(frame("PAUSED", LONG_PAUSED) + frame("STOP"))
        await exchange.gone.wait()

    async def _error(self, run: Run, exchange: Exchange) -> None:
        """Today's path: an error that names the approval; the run has failed. After an approval it goes through."""
        if run.session in self.approved:
            await self._echo(run, exchange)
            return
        approval = self._pause(run)
        run.status = "FAILED"
        words = f"Stream Error: a.b.ApprovalRequiredException: Execution paused: Approval required for tool '{TOOL}'."
        await exchange.send(frame("TOOL_START", f"Executing Tool: {TOOL}"))
        await exchange.send(frame("ERROR", f"{words} Approval ID: {approval.id}") + frame("CONTENT_DONE"))
        await exchange.send(frame("STOP"))

    async def _silent(self, run: Run, exchange: Exchange) -> None:
        """A pause of which the stream says nothing at all."""
        self._pause(run)

    async def _swarm(self, run: Run, exchange: Exchange) -> None:
        name = str(uuid.uuid4())
        self.escalations[name] = run
        run.status = "PAUSED"
        run.action = {"type": "SWARM_ESCALATION_APPROVAL", "sourceAgentId": "helper", "targetAgentId": "db_admin"}
        run.action |= {"sourceTier": 1, "targetTier": 3, "escalationId": name}
        await exchange.send(frame("PAUSED", json.dumps(run.action)))

    async def _team(self, run: Run, exchange: Exchange) -> None:
        """A member's run holds the approval; the team's own run cannot be resumed."""
        child = Run("researcher", run.session, run.message, looks=-1)
        self.runs.insert(0, child)
        approval = self._pause(child)
        run.status = "PAUSED"
        run.action = {"type": "TEAM_MEMBER_DISPATCH_APPROVAL", "tool": "newsroom", "sourceAgentId": "researcher"}
        run.action |= {"approvalId": approval.id, "pausedChildRunId": child.id}
        answer = {"runId": run.id, "sessionId": run.session, "content": "", "status": "PAUSED", "tools": []}
        answer["metadata"] = {"required_action": run.action}
        await exchange.send(frame("STOP", json.dumps(answer)))

    async def _slow(self, run: Run, exchange: Exchange) -> None:
        """Says one word, then works until the client leaves."""
        await exchange.send(frame("CONTENT_DELTA", "Working"))
        await exchange.gone.wait()

    async def _broken(self, run: Run, exchange: Exchange) -> None:
        await exchange.send(frame("CONTENT_DELTA", "The first half"))
        run.status, run.output = "COMPLETED", "The first half and the second"
        exchange.break_off()

    async def _named(self, run: Run, exchange: Exchange) -> None:
        """An older server, which names the run in START."""
        self._pause(run)
        await exchange.send(frame("START", run.id) + frame("PAUSED", json.dumps(run.action)))

    # ---- decisions

    async def _approval(self, name: str, exchange: Exchange) -> None:
        if name in self.approvals:
            await exchange.reply(200, self.approvals[name].dto())
        else:
            await exchange.reply(404)

    async def _resolve(self, name: str, how: str, request: Request, exchange: Exchange) -> None:
        approval = self.approvals.get(name)
        decision = str(request.json["decision"]).upper()
        self.decisions.append((how, request.json))
        if not self.admin:
            await self._problem(exchange, 403, "admins only")
        elif approval is None:
            await self._problem(exchange, 404, f"no such approval: {name}")
        elif approval.status != "PENDING":
            await self._problem(exchange, 400, f"already {approval.status}")
        else:
            self._vote(approval, decision.startswith("APPROVE"))
            if "resolve" in self.lose:
                self.lose.remove("resolve")
                exchange.break_off()
            elif how == "resolve":
                await exchange.reply(200, approval.dto())
            else:
                await exchange.reply(200, {"pendingId": name, "runId": approval.run.id, "decision": decision})

    def _vote(self, approval: Approval, allow: bool) -> None:
        approval.votes += 1
        if allow and approval.votes < approval.wanted:
            return
        approval.status = "APPROVED" if allow else "REJECTED"
        if approval.run.status == "FAILED":
            self.approved.add(approval.run.session)
        else:
            self._resume(approval.run, allow, approval.again and allow)

    async def _escalation(self, name: str, request: Request, exchange: Exchange) -> None:
        self.decisions.append(("escalate", request.json))
        run = self.escalations.pop(name, None)
        if run is None:
            await exchange.reply(404)
            return
        self._resume(run, request.json["decision"] == "APPROVED")
        await exchange.reply(202, {"escalationId": name, "runId": run.id, "decision": request.json["decision"]})

    async def _continue(self, name: str, request: Request, exchange: Exchange) -> None:
        self.decisions.append(("continue", request.json))
        run = self._run(name)
        self._resume(run, request.json["action"] == "APPROVE")
        run.looks = -1
        await exchange.reply(200, {"runId": name, "content": run.output, "status": run.status, "tools": []})


def frame(event: str, data: str = "") -> str:
    """One event as the server writes it."""
    return "data:" + json.dumps({"event": event, "data": data, "timestamp": 1}) + "\n\n"


def _hash(media: dict[str, str]) -> str:
    """SHA-256 of a picture, read by a decoder that refuses data URLs and line breaks."""
    return hashlib.sha256(base64.b64decode(media["data"], validate=True)).hexdigest()


def _sessions(runs: list[Run]) -> list[dict[str, Any]]:
    names = dict.fromkeys(run.session for run in runs)
    return [{"id": name, "title": "A talk", "updatedAt": "2026-07-18T15:00:00"} for name in names]


_METRICS = {"inputTokens": 5, "outputTokens": 4, "totalTokens": 9, "llmCalls": 1, "costUsd": 0.002}
_LIST = [
    {"agentId": "echo", "name": "Echo", "description": "Says it again", "isTeam": False},
    {"id": "newsroom", "name": "Newsroom", "is_team": True},
]
_AGENTS: dict[str, Callable[[Procurator, Run, Exchange], Awaitable[None]]] = {
    "echo": Procurator._echo,
    "code": Procurator._code,
    "quorum": Procurator._code,
    "twice": Procurator._code,
    "plain": Procurator._plain,
    "error": Procurator._error,
    "silent": Procurator._silent,
    "swarm": Procurator._swarm,
    "newsroom": Procurator._team,
    "slow": Procurator._slow,
    "broken": Procurator._broken,
    "named": Procurator._named,
}
