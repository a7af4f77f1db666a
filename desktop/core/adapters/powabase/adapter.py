"""Powabase: agents, teams and workflows of a project, over its project service.

Every request carries the key twice: the gateway reads `apikey`, the service behind it `Authorization`. A signed-in
user's connection has the anon key in the former and the user's token in the latter. The wire is described in
powabase_stream.py; there is no cancel, so a run that is stopped here may go on there.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from desktop.core.adapters.base import Adapter
from desktop.core.adapters.chat import content
from desktop.core.adapters.powabase.content import (
    Obj,
    expiry_warning,
    expiry_words,
    obj,
    role_warning,
    rows,
    spoken,
    title_of,
    whole,
)
from desktop.core.adapters.powabase.run import LookUp, PowabaseRun, run_path
from desktop.core.adapters.powabase.stream import run_failure
from desktop.core.adapters.run import Run
from desktop.core.adapters.words import first_text, said_by
from desktop.core.capabilities import PICTURES, Capabilities, Field
from desktop.core.errors import NotSendable, SluiceError
from desktop.core.events import Failure
from desktop.core.language import mark, tr, trn
from desktop.core.requests import (
    AgentInfo,
    Found,
    Prompt,
    Reply,
    Steps,
    StoredSession,
    Talk,
    Turn,
)
from desktop.core.wire.jsontext import clean, parse

_LISTS = {"agent": "agents", "team": "orchestrations", "workflow": "workflows"}
_NO_PICTURES = {
    "team": mark("A team takes no pictures. Remove them to send the text."),
    "workflow": mark("A workflow takes no pictures. Remove them to send the text."),
}
_THERE = {"agent": mark("The agent is there."), "team": mark("The team is there.")}
_MAY_NOT = {
    "agent": mark("It may not list the project's agents, so type the agent's id."),
    "team": mark("It may not list the project's teams, so type the team's id."),
    "workflow": mark("It may not list the project's workflows, so type the workflow's id."),
}
_PAGE = 100
_PAGES = 20
_CONTEXTS = ("knowledge_bases", "context_handler_id", "context_override", "context_items")
_OVERRIDES = (
    "temperature", "timeout_seconds", "max_context_tokens", "response_format", "citations_enabled",
    "runtime_knowledge_bases", *_CONTEXTS,
)  # fmt: skip
_ONE = mark("Only one of the four ways to give context can be used in a run.")

_FIELDS = (
    Field("kind", "Talk to", "choice", "agent", ("agent", "team", "workflow"), help="A team is an orchestration."),
    Field("anon_key", "Anon key", "secret", help="For the apikey header, when the key is a signed-in user's token."),
    Field("images", "Send pictures", "bool", True, help="Works with the service, but is not documented."),
    Field("temperature", "Temperature", "number"),
    Field("timeout_seconds", "Time limit of a run in seconds", "number"),
    Field("max_context_tokens", "Limit of the context in tokens", "number"),
    Field("citations_enabled", "Cite sources", "bool"),
    Field("response_format", "Response format", "json", help="A JSON schema as the model's maker defines it."),
    Field("knowledge_bases", "Knowledge bases", "json", help=_ONE),
    Field("context_handler_id", "Context handler", help=_ONE),
    Field("context_override", "Context in place of a search", help=_ONE),
    Field("context_items", "Context items", "json", help=_ONE),
    Field("runtime_knowledge_bases", "Knowledge bases of this run", "json", help="At most 10; server key only."),
    Field("variables", "Variables of the workflow", "json", help='{"name": "value"}'),
    Field("input_variable", "Variable that takes the message", default="input", help="For workflows."),
)


class PowabaseAdapter(Adapter):
    """One agent, team or workflow of a project."""

    id = "powabase"
    name = "Powabase"
    can = Capabilities(
        transport="http-sse",
        needs=("base_url", "key", "agent"),
        auth="bearer",
        list_agents=True,
        history="server",
        session_from="frame",
        list_sessions=True,
        load_session=True,
        images_in="data-url",
        media=PICTURES,
        reasoning="text",
        asks=("approve",),
        ask_reply="side-call",
        deny_note=True,
        cancel="close",
        stops_server=False,
        rejoin="run-id",
        usage=True,
        context=False,
        delegation=True,
        workflow=True,
        sources=True,
        ends_with="frame",
        fields=_FIELDS,
    )

    @property
    def kind(self) -> str:
        """ "agent", "team" or "workflow"."""
        kind = str(self.connection.option("kind", "agent"))
        return kind if kind in _LISTS else "agent"

    def headers(self) -> dict[str, str]:
        """The key for the service and, as `apikey`, for its gateway."""
        key, anon = self.secrets.key, self.secrets.extra.get("anon_key")
        out = {"apikey": anon or key or ""} if anon or key else {}
        return {**out, **super().headers()}

    # ---- runs

    def run(self, prompt: Prompt, talk: Talk) -> Run:
        self._check(prompt)
        call = self.stream(self._path("execute/stream" if self.kind == "workflow" else "run/stream"),
                           self._body(prompt, talk)) if self.connection.agent else None  # fmt: skip
        return PowabaseRun(self, prompt, talk, call)

    def look_up(self, run_id: str | None, talk: Talk) -> Run | None:
        """A workflow's execution can only be listed, so only runs of agents and teams can be asked for."""
        if not run_id or self.kind == "workflow":
            return None
        return LookUp(self, talk, run_id, run_path(run_id, team=self.kind == "team"))

    def _check(self, prompt: Prompt) -> None:
        self.check_images(prompt)
        if prompt.images and not self.connection.option("images", True):
            raise NotSendable(tr("Sending pictures is switched off for this connection. Remove them, or switch it on."))
        if prompt.images and self.kind != "agent":
            raise NotSendable(tr(_NO_PICTURES[self.kind]))
        if not prompt.text and not prompt.images and self.kind != "workflow":
            raise NotSendable(tr("This agent takes no empty message."))
        if sum(self.connection.option(name) is not None for name in _CONTEXTS) > 1:
            raise NotSendable(f"{tr(_ONE)} {tr('Empty the others in the settings of the connection.')}")

    def _body(self, prompt: Prompt, talk: Talk) -> Obj:
        if self.kind == "workflow":
            variables = dict(obj(self.connection.option("variables", {})))
            if prompt.text:
                variables[str(self.connection.option("input_variable", "input"))] = prompt.text
            return {"variables": variables}
        body: Obj = {"message": content(prompt.text, prompt.images)}
        if talk.session_id:
            body["session_id"] = talk.session_id
        names = _OVERRIDES if self.kind == "agent" else ("runtime_knowledge_bases",)
        chosen = {name: self.connection.option(name) for name in names}
        return {**body, **{name: value for name, value in chosen.items() if value is not None}}

    def _path(self, rest: str) -> str:
        return f"/api/{_LISTS[self.kind]}/{quote(self.connection.agent or '', safe='')}/{rest}"

    # ---- what the server has

    def probe(self) -> Steps[Found]:
        """Ask for the list, which a user's token may not have, and then for the agent itself."""
        reply = yield self.call("GET", f"/api/{_LISTS[self.kind]}?limit=1")
        assert reply is not None
        if reply.status == 403:
            words = f"{tr('The server took the key.')} {tr(_MAY_NOT[self.kind])}"
        else:
            page = self._object(reply)
            total = whole(page, "total") or len(rows(page.get(_LISTS[self.kind])))
            words = f"{tr('The server took the key.')} {_has(self.kind, total)}"
        if self.connection.agent and self.kind != "workflow":
            self._object((yield self.call("GET", self._path("sessions?limit=1"))))
            words = f"{words} {tr(_THERE[self.kind])}"
        key = self.secrets.key
        more = (expiry_warning(key, reply.headers) or expiry_words(key), role_warning(key))
        return Found(" ".join(filter(None, (words, *more))))

    def agents(self) -> Steps[tuple[AgentInfo, ...]]:
        """Empty where the key may not list them."""
        name = _LISTS[self.kind]
        try:
            found = yield from self._pages(f"/api/{name}", name)
        except _MayNot:
            return ()
        return tuple(
            AgentInfo(str(row["id"]), first_text(row, ("name",)) or str(row["id"]),
                      first_text(row, ("description", "model", "strategy")))
            for row in found if row.get("id")
        )  # fmt: skip

    def sessions(self) -> Steps[tuple[StoredSession, ...]]:
        if not self.connection.agent or self.kind == "workflow":
            return ()
        found = yield from self._pages(self._path("sessions"), "sessions")
        return tuple(
            StoredSession(row["session_id"], title_of(row.get("first_message")),
                          first_text(row, ("last_activity_at", "created_at")) or None)
            for row in found if first_text(row, ("session_id",))
        )  # fmt: skip

    def load_session(self, session_id: str) -> Steps[tuple[Turn, ...]]:
        if self.kind == "workflow":
            return ()
        place = f"/api/sessions/{quote(session_id, safe='')}/messages"
        if self.kind == "team":
            place = self._path(f"sessions/{quote(session_id, safe='')}/messages")
        page = self._object((yield self.call("GET", place)))
        return tuple(turn for row in rows(page.get("messages")) if (turn := _turn(row)))

    def failure_of(self, reply: Reply) -> Failure:
        """An unknown session, and an agent's id that is none, are said in words of their own."""
        failure = super().failure_of(reply)
        if reply.status == 404 and said_by(reply) == "Session not found":
            return Failure(run_failure("Session not found").text, code="session", http=404)
        if reply.status == 500 and self.connection.agent and not _is_uuid(self.connection.agent):
            words = tr("The id of the agent or team may be the cause: this server's ids are UUIDs.")
            return Failure(f"{failure.text} {words}", failure.code, failure.http)
        return failure

    # ---- inside

    def _pages(self, path: str, name: str) -> Steps[list[Obj]]:
        """All entries of a list that comes in pages."""
        found: list[Obj] = []
        for _ in range(_PAGES):
            page = self._object((yield self.call("GET", f"{path}?{urlencode({'limit': _PAGE, 'offset': len(found)})}")))
            fresh = rows(page.get(name))
            found += fresh
            if not fresh or len(found) >= (whole(page, "total") or 0):
                break
        return found

    def _object(self, reply: Reply | None) -> Obj:
        """The object that the server sent. Raises SluiceError with words for anything else."""
        assert reply is not None
        if reply.status == 403:
            raise _MayNot(self.failure_of(reply).text)
        if not 200 <= reply.status < 300:
            raise SluiceError(self.failure_of(reply).text, reply.body[:300].decode("utf-8", "replace"))
        try:
            data: Any = clean(parse(reply.body.decode("utf-8", "replace")))
        except ValueError:
            data = None
        if not isinstance(data, dict):
            raise SluiceError(tr("Something answers at this address, but it is not Powabase's project service."))
        return data


class _MayNot(SluiceError):
    """The key is valid, and this is not for it."""

    code = "forbidden"


def _turn(row: Obj) -> Turn | None:
    text, images = spoken(row.get("content"))
    role = row.get("role")
    if role == "user":
        return Turn("user", text, images)
    return Turn("assistant", text, images) if role == "assistant" else None


def _is_uuid(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False


def _has(kind: str, total: int) -> str:
    match kind:
        case "team":
            return trn("The project has {n} team.", "The project has {n} teams.", total)
        case "workflow":
            return trn("The project has {n} workflow.", "The project has {n} workflows.", total)
    return trn("The project has {n} agent.", "The project has {n} agents.", total)
