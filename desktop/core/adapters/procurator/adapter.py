"""Agent Manager ("Procurator"): server-sent events `{event, data, timestamp}`, runs found by session, approvals that
outlive their run.

The stream never tells the session or the run: a UUID of ours is the session, and the newest run of that session is
looked up when there is something to cancel, to decide or to follow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from desktop.core.adapters.base import Adapter
from desktop.core.adapters.procurator.approvals import Pause, entries
from desktop.core.adapters.procurator.follow import DecidingRun, FollowRun
from desktop.core.adapters.procurator.frames import json_of
from desktop.core.adapters.run import Events
from desktop.core.adapters.words import failure_of, first_text, said_by, with_said
from desktop.core.capabilities import PICTURES, Capabilities, Field
from desktop.core.errors import ConnectionFailed, SluiceError
from desktop.core.events import Failure, RunEnded
from desktop.core.language import mark, tr, trn
from desktop.core.requests import (
    AgentInfo,
    Answer,
    Base64Image,
    Connection,
    Found,
    HttpCall,
    Prompt,
    Reply,
    Secrets,
    Steps,
    StoredSession,
    Talk,
    Turn,
)

_OPTIONS = ("model", "temperature", "maxTokens", "systemPrompt")
_KNOWN = (
    (("token", "username"), mark("the answer to a login")),
    (("token", "expiresAt"), mark("a ticket for an event feed")),
    (("content", "pageable"), mark("a list of approvals")),
    (("escalationId", "decision"), mark("the receipt of a decision")),
    (("pendingId", "decision"), mark("the receipt of a decision")),
    (("toolName", "requestedBy"), mark("an approval")),
    (("agentId", "sessionId", "status"), mark("a list of runs")),
    (("agentId", "name"), mark("a list of agents")),
    (("id", "name"), mark("a list of agents")),
    (("runId", "status"), mark("the receipt of a background run")),
)


_NO_LIST = {
    "agents": mark("The server sent no list of agents. The address may not be that of an Agent Manager."),
    "conversations": mark("The server sent no list of conversations. The address may not be that of an Agent Manager."),
    "runs": mark("The server sent no list of runs. The address may not be that of an Agent Manager."),
}


class ChatRun(DecidingRun):
    """One message to an agent."""

    def request(self) -> HttpCall:
        agent = quote(self.adapter.connection.agent or "", safe="")
        unstreamed = bool(self.adapter.connection.option("unstreamed", False))
        call = self.adapter.stream(f"/api/agents/{agent}/runs" + ("" if unstreamed else "/stream"), self._body())
        if not unstreamed:
            return call
        return HttpCall(
            call.method, call.url, {**call.headers, "Accept": "application/json"}, call.json, stream=True, timeout=None
        )

    def script(self) -> Steps[None]:
        if not self.adapter.connection.agent:
            failure = Failure(tr("Choose the agent to talk to: this connection names none."), code="agent")
            yield RunEnded(status="failed", reason="not-sendable", error=failure)
            return
        reply = yield from self.server.signed(self.request)
        if not self.ended and self._framer is not None:
            yield from self._learn()
        if self.decided is not None:
            yield from self.follow()
        yield from self.settle(reply)

    def on_whole(self, data: Any) -> Events:
        if isinstance(data, dict) and {"runId", "content"} <= data.keys() and not isinstance(data["content"], list):
            return self._answered(data)
        known = next((words for keys, words in _KNOWN if _has(data, keys)), None)
        if known is None:
            return super().on_whole(data)
        words = tr("The server sent {what}, not an agent's answer. The address may be wrong.", what=tr(known))
        return [RunEnded(status="failed", reason="no-stream", error=Failure(words, code="no-stream"))]

    def _answered(self, data: dict[str, Any]) -> Events:
        """The answer of a run that was not streamed."""
        self.run_id = first_text(data, ("runId",)) or None
        self.session_id = first_text(data, ("sessionId",)) or self.session_id
        yield from self.began()
        yield from self.response(data)
        yield from self.on_end()

    def _learn(self) -> Steps[None]:
        """What the stream left out: why it said nothing at all, and what exactly is asked."""
        if not (self.stopped_well or self.trouble or self.asking or self._spoke):
            row = yield from self._silent_run()
            if row is not None:
                yield from self.began()
                yield from self.row(row)
        yield from self.details()

    def _silent_run(self) -> Steps[dict[str, Any] | None]:
        """The row of this run, if it has an outcome. The newest run may be that of an earlier message."""
        if self.run_id is None:
            newest = yield from self.newest()
            self.run_id = str(newest["id"]) if newest and newest.get("id") else None
        if self.run_id is None:
            return None
        row, _ = yield from self.look(self.run_id)
        if row is None or row.get("input") not in (None, self.prompt.text):
            self.run_id = None
            return None
        return None if self._goes_on(row) else row

    def _body(self) -> dict[str, Any]:
        option = self.adapter.connection.option
        body: dict[str, Any] = {"message": self.prompt.text, "sessionId": self.session_id}
        body["stream"] = not option("unstreamed", False)
        if self.prompt.images:
            body["media"] = [{"type": i.media, "data": Base64Image(i)} for i in self.prompt.images]
        if option("generateFollowups", False):
            body["generateFollowups"] = True
        if options := {name: option(name) for name in _OPTIONS if option(name) is not None}:
            body["options"] = options
        return body


class ProcuratorAdapter(Adapter):
    """One Agent Manager server, one agent."""

    id = "procurator"
    name = "Agent Manager (Procurator)"
    can = Capabilities(
        needs=("base_url", "login", "key", "agent"),
        auth="login",
        list_agents=True,
        history="server",
        session_from="us",
        list_sessions=True,
        load_session=True,
        images_in="base64-json",
        media=PICTURES,
        max_bytes=10 * 1024 * 1024,
        reasoning="text",
        asks=("approve",),
        ask_reply="new-run",
        cancel="both",
        stops_server=True,
        rejoin="run-id",
        usage=True,
        cost=True,
        delegation=True,
        default_url="http://localhost:8080",
        fields=(
            Field("user", "User name", help="To log in; leave it empty if a token is given."),
            Field("password", "Password", "secret"),
            Field("model", "Model", help="Another model than the agent's own."),
            Field("temperature", "Temperature", "number"),
            Field("maxTokens", "Longest answer (tokens)", "number"),
            Field("systemPrompt", "System prompt"),
            Field("generateFollowups", "Suggest follow-up questions", "bool", False),
            Field(
                "unstreamed",
                "Use non-streaming runs when approvals are expected",
                "bool",
                False,
                help="The answer comes in one piece, and a run that needs an approval waits for it.",
            ),
        ),
    )

    def __init__(self, connection: Connection, secrets: Secrets | None = None) -> None:
        super().__init__(connection, secrets)
        self.pauses: dict[str, Pause] = {}  # ask id -> what the server waits for
        self._token = self.secrets.key

    # ---- runs

    def run(self, prompt: Prompt, talk: Talk) -> ChatRun:
        self.check_images(prompt)
        return ChatRun(self, prompt, talk)

    def look_up(self, run_id: str | None, talk: Talk) -> FollowRun:
        return FollowRun(self, talk, run_id)

    def answering(self, answer: Answer, talk: Talk) -> FollowRun:
        """The run that answers an ask of any earlier run on this connection."""
        return FollowRun(self, talk).deciding(self.pauses.get(answer.ask), answer)

    def unknown_pause(self, said: str, run_id: str | None) -> Pause:
        """A pause of which only a sentence is known."""
        name = f"pause-{len(self.pauses) + 1}"
        return Pause(ask=name, route="unknown", text=said or tr("The run waits for a person."), run_id=run_id)

    # ---- logging in

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    def signed(self, make: Callable[[], HttpCall]) -> Steps[Reply]:
        """A request with a login before it where there is no token yet, and again, once, where it has run out."""
        if not self._token and self._can_log_in and (trouble := (yield from self._log_in())):
            return Reply(0, failure=trouble)
        reply = yield make()
        if reply is not None and reply.status == 401 and self._can_log_in:
            if trouble := (yield from self._log_in()):
                return Reply(0, failure=trouble)
            reply = yield make()
        return reply or Reply(0)

    @property
    def _can_log_in(self) -> bool:
        return bool(self.connection.option("user") and self.secrets.extra.get("password"))

    def _log_in(self) -> Steps[Failure | None]:
        self._token = None
        name, password = self.connection.option("user"), self.secrets.extra["password"]
        reply = yield self.call("POST", "/api/auth/login", {"username": name, "password": password}, sends=False)
        reply = reply or Reply(0)
        token = first_text(json_of(reply), ("token", "accessToken"))
        if token:
            self._token = token
            return None
        if reply.status == 401:
            words = tr("The server does not accept this user name and password.")
            return Failure(with_said(words, said_by(reply)), code="key", http=401)
        if reply.status < 400 and reply.failure is None:
            words = tr("The login gave no token. The address may not be that of an Agent Manager.")
            return Failure(words, code="no-login")
        return failure_of(reply)

    def failure_of(self, reply: Reply) -> Failure:
        if reply.failure is None and reply.status == 401:
            words = tr("The server wants a login. Check the user name and password of this connection, or its token.")
            return Failure(words, code="key", http=401)
        return failure_of(reply)

    # ---- lists

    def probe(self) -> Steps[Found]:
        found = yield from self.agents()
        words = trn("The server answers and lists {n} agent.", "The server answers and lists {n} agents.", len(found))
        named = self.connection.agent
        if named and named not in {agent.id for agent in found}:
            words = f"{words} {tr('{agent} is not among them.', agent=named)}"
        return Found(words)

    def agents(self) -> Steps[tuple[AgentInfo, ...]]:
        rows = yield from self._rows("/api/agents?includeInactive=false", "agents")
        return tuple(agent for row in rows if (agent := _agent(row)) is not None)

    def sessions(self) -> Steps[tuple[StoredSession, ...]]:
        only = f"&agentId={quote(self.connection.agent, safe='')}" if self.connection.agent else ""
        rows = yield from self._rows(f"/api/sessions?size=100&sort=updatedAt,desc{only}", "conversations")
        found = [s for row in rows if (s := _session(row)) is not None]
        return tuple(sorted(found, key=lambda session: session.updated or "", reverse=True))

    def load_session(self, session_id: str) -> Steps[tuple[Turn, ...]]:
        rows = yield from self._rows(f"/api/sessions/{quote(session_id, safe='')}/runs", "runs")
        turns: list[Turn] = []
        for row in sorted((r for r in rows if isinstance(r, dict)), key=lambda row: str(row.get("createdAt") or "")):
            said, answer = first_text(row, ("input",)), first_text(row, ("output",))
            if said and answer and row.get("status") == "COMPLETED":
                turns += [Turn("user", said), Turn("assistant", answer)]
        return tuple(turns)

    def _rows(self, path: str, what: str) -> Steps[list[Any]]:
        reply = yield from self.signed(lambda: self.call("GET", path))
        if reply.failure is not None or reply.status >= 400:
            failure = self.failure_of(reply)
            raise (SluiceError if reply.status else ConnectionFailed)(failure.text)
        data = json_of(reply)
        if not isinstance(data, list) and not (isinstance(data, dict) and isinstance(data.get("content"), list)):
            raise SluiceError(tr(_NO_LIST[what]))
        return entries(data)


def _agent(row: Any) -> AgentInfo | None:
    """An entry of the list of agents, in today's keys or the documented ones."""
    found = first_text(row, ("agentId", "id"))
    if not found:
        return None
    team = row.get("isTeam", row.get("is_team"))
    about = first_text(row, ("description",))
    about = tr("Team. {about}", about=about).strip() if team else about
    return AgentInfo(found, first_text(row, ("name",)) or found, about)


def _session(row: Any) -> StoredSession | None:
    found = first_text(row, ("id", "sessionId"))
    if not found:
        return None
    updated = first_text(row, ("updatedAt", "createdAt")) or None
    return StoredSession(found, first_text(row, ("title",)) or tr("Conversation"), updated)


def _has(data: Any, keys: tuple[str, ...]) -> bool:
    """Whether an object, or the first row of a list or page, has all these keys."""
    rows = entries(data)[:1]
    return any(isinstance(part, dict) and all(key in part for key in keys) for part in (data, *rows))
