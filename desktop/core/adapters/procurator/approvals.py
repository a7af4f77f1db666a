"""Agent Manager: what a paused run asks a person, in each of the places where the server says it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from desktop.core.adapters.words import first_text
from desktop.core.events import AskOpened, Choice
from desktop.core.language import tr
from desktop.core.wire.jsontext import parse

Route = Literal["resolve", "escalate", "decide", "unknown"]

#: Words for a run that waits for a person.
HELD = ("PAUSED", "AWAITING_HUMAN_REVIEW", "AWAITING_ROUTE_SELECTION")
_DAY = 86400.0  # seconds after which the server lets an approval expire

_IN_ERROR = re.compile(r"Approval ID:\s*([0-9A-Za-z][0-9A-Za-z-]{7,63})")
_QUOTED = re.compile(r"tool\s+['\"‘“]([^'\"’”]+)['\"’”]", re.I)


@dataclass(frozen=True, slots=True)
class Pause:
    """One decision that a run waits for. `id` is the server's id of it, None while only its text is known; `child` is
    the paused member's run where the asking run is a team's; `dead` means that the run failed over it."""

    ask: str
    route: Route
    id: str | None = None
    text: str = ""
    tool: str | None = None
    args: Any = None
    call: str | None = None
    agent: str | None = None
    run_id: str | None = None
    child: str | None = None
    dead: bool = False

    @property
    def lacks_details(self) -> bool:
        """Whether a person could not yet see all of what they decide about."""
        return self.route == "unknown" or (self.dead and self.args is None)

    def event(self) -> AskOpened:
        """The ask as an event."""
        return AskOpened(
            ask=self.ask,
            call=self.call,
            tool=self.tool,
            args=self.args,
            text=self.text,
            choices=(Choice("allow", tr("Allow"), "allow"), Choice("deny", tr("Deny"), "deny")),
            expires=_DAY,
        )

    def decision(self, allow: bool) -> tuple[str, dict[str, str]]:
        """Path and body of the request that decides."""
        name = quote(self.id or "", safe="")
        if self.route == "decide":
            return f"/api/v1/approvals/{name}/decide", {"decision": "approve" if allow else "reject"}
        kind = "escalations" if self.route == "escalate" else "approvals"
        return f"/api/v1/{kind}/{name}/resolve", {"decision": "APPROVED" if allow else "REJECTED"}


def of_action(action: Any, run_id: str | None = None, said: str = "") -> Pause | None:
    """The pause of a RequiredAction, an object or the JSON text of one; None if it is neither. `said` is the server's
    own sentence about it."""
    action = value_of(action)
    if not isinstance(action, dict):
        return None
    kind = str(action.get("type") or "")
    route: Route = "resolve"
    if "ESCALATION" in kind or (not kind and action.get("escalationId")):
        route = "escalate"
    elif "DISPATCH" in kind:
        route = "decide"
    found = first_text(action, ("escalationId",) if route == "escalate" else ("approvalId", "id"))
    if not found:
        return None
    tool = first_text(action, ("tool", "toolName")) or None
    args = value_of(action.get("args", action.get("arguments")))
    text = first_text(action, ("message",)) or said or _words(route, tool, action)
    return Pause(
        ask=found,
        route=route,
        id=found,
        text=_with_context(text, action),
        tool=tool,
        args=_tiers(action) if route == "escalate" else args,
        agent=first_text(action, ("sourceAgentId",)) or None,
        run_id=run_id,
        child=first_text(action, ("pausedChildRunId",)) or None,
    )


def of_error(text: str) -> Pause | None:
    """The approval that an error's text names, or None. The run that said it has failed and cannot go on."""
    found = _IN_ERROR.search(text)
    if found is None:
        return None
    quoted = _QUOTED.search(text)
    tool = quoted.group(1) if quoted else None
    words = tr("{tool} needs a person's approval. Approving lets the next try through.", tool=tool or tr("A tool"))
    return Pause(ask=found.group(1), route="resolve", id=found.group(1), text=words, tool=tool, dead=True)


def of_approval(data: Any) -> Pause | None:
    """The pause of an ApprovalDTO."""
    if not isinstance(data, dict) or not isinstance(data.get("id"), str):
        return None
    tool = first_text(data, ("toolName",)) or None
    text = first_text(data, ("contextualMessage",)) or _words("resolve", tool, data)
    return Pause(
        ask=data["id"],
        route="resolve",
        id=data["id"],
        text=text,
        tool=tool,
        args=value_of(data.get("toolArguments")),
        agent=first_text(data, ("agentId",)) or None,
        run_id=first_text(data, ("runId",)) or None,
    )


def of_review(data: Any) -> Pause | None:
    """The pause of an entry of the human-review list, which is settled by `decide`."""
    if not isinstance(data, dict) or not isinstance(data.get("id"), str):
        return None
    text = first_text(data, ("reason",)) or tr("The run waits for a review.")
    run_id = first_text(data, ("runId",)) or None
    options = data.get("options") or None
    return Pause(ask=data["id"], route="decide", id=data["id"], text=text, args=options, run_id=run_id)


def of_run(data: Any, run_id: str, reader: Any) -> Pause | None:
    """The first entry of a list or page that belongs to the run, read by `of_approval` or `of_review`."""
    for entry in entries(data):
        if isinstance(entry, dict) and entry.get("runId") == run_id:
            found: Pause | None = reader(entry)
            return found
    return None


def entries(data: Any) -> list[Any]:
    """The rows of a page or of a plain list."""
    rows = data.get("content") if isinstance(data, dict) else data
    return rows if isinstance(rows, list) else []


def value_of(data: Any) -> Any:
    """The value of a field that is JSON on some servers and the text of JSON on others."""
    if not isinstance(data, str) or not data.lstrip().startswith(("{", "[")):
        return data
    try:
        return parse(data)
    except ValueError:
        return data


def _words(route: Route, tool: str | None, action: Mapping[str, Any]) -> str:
    source = first_text(action, ("sourceAgentId",)) or tr("The agent")
    if route == "escalate":
        target = first_text(action, ("targetAgentId",)) or tr("another agent")
        return tr("{source} wants to hand over to {target}.", source=source, target=target)
    if route == "decide":
        return tr("{tool} wants to give work to {source}.", tool=tool or tr("The team"), source=source)
    return tr("The agent wants to use {tool}.", tool=tool or tr("a tool"))


def _tiers(action: Mapping[str, Any]) -> dict[str, Any]:
    names = ("sourceAgentId", "targetAgentId", "sourceTier", "targetTier")
    return {name: action[name] for name in names if action.get(name) is not None}


def _with_context(text: str, action: Mapping[str, Any]) -> str:
    more: Iterable[str] = (first_text(action, (name,)) for name in ("reasoningLineage", "dagContext"))
    context = ", ".join(filter(None, more))
    return f"{text} ({context})" if context else text
