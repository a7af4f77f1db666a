"""Agent Manager: its trace feed, the one place that shows tools and team members while they work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from desktop.core.adapters.procurator.approvals import value_of
from desktop.core.adapters.words import first_text
from desktop.core.events import (
    AgentChanged,
    AgentState,
    AnyEvent,
    Failure,
    Notice,
    Path,
    Raw,
    RunEnded,
    Step,
    StepState,
    ToolEnded,
    ToolStarted,
)
from desktop.core.language import tr

_TARGET = ("targetAgentId", "agentId", "memberId")
_ENDS: dict[str, AgentState] = {"RUN_COMPLETE": "done", "RUN_FAILED": "failed", "RUN_CANCELLED": "closed"}
_TASK_STATES: dict[str, StepState] = {
    "PENDING": "pending",
    "COMPLETED": "done",
    "DONE": "done",
    "FAILED": "failed",
    "CANCELLED": "skipped",
    "SKIPPED": "skipped",
}


class Trace:
    """Reads the feed of one run. It tells sizes, not contents: there is no text in it."""

    def __init__(self) -> None:
        self.seen = False
        self._members: dict[str, Path] = {}  # the name in lower case -> where that agent works
        self._open: list[tuple[str, str, Path]] = []  # (call, tool, path), oldest first
        self._models: list[str] = []
        self._count = 0

    def events(self, data: dict[str, Any]) -> Iterator[AnyEvent]:
        """The events of one entry of the feed."""
        self.seen = True
        kind = str(data["eventType"])
        said = value_of(data.get("payload"))
        payload = said if isinstance(said, dict) else {}
        child = bool(data.get("parentRunId"))
        match kind:
            case "RUN_START":
                if child:
                    yield self._member(_named(data, payload), "running")
            case "RUN_COMPLETE" | "RUN_FAILED" | "RUN_CANCELLED":
                yield self._member(_named(data, payload), _ENDS[kind]) if child else _ended(kind, payload)
            case "RUN_PAUSED":
                yield Notice(text=tr("The run waits for a person's decision."), code="paused")
            case "BUDGET_EXCEEDED":
                yield Notice(level="warning", text=tr("The budget of this agent is used up."), code="budget")
            case "ORCHESTRATOR_DECISION":
                yield Notice(text=_team(payload), code="team")
            case "DELEGATION_START" | "DELEGATION_COMPLETE":
                state: AgentState = "running" if kind == "DELEGATION_START" else "done"
                yield self._member(first_text(payload, _TARGET) or "agent", state)
            case "HANDOFF":
                yield self._member(first_text(payload, ("sourceAgentId", "sourceAgentName")) or "agent", "done")
                yield self._member(first_text(payload, ("targetAgentId", "targetAgentName")) or "agent", "running")
            case "TOOL_INVOKED":
                yield self._tool(payload)
            case "TOOL_COMPLETED":
                yield from self._tool_ended(payload)
            case "LLM_REQUEST" | "LLM_RESPONSE":
                yield self._model(kind == "LLM_REQUEST")
            case "TASK_CREATED" | "TASK_UPDATED":
                yield _task(payload)
            case _:
                yield Raw(name=kind, data=payload)

    def _member(self, name: str, state: AgentState) -> AgentChanged:
        path = self._members.setdefault(name.lower(), (name,))
        return AgentChanged(path=path, name=path[-1], state=state)

    def _path(self, payload: dict[str, Any]) -> Path:
        return self._members.get(first_text(payload, ("agentId", "agentName")).lower(), ())

    def _tool(self, payload: dict[str, Any]) -> ToolStarted:
        self._count += 1
        started = ToolStarted(
            call=f"trace-{self._count}",
            name=first_text(payload, ("toolName", "tool")) or "tool",
            path=self._path(payload),
        )
        self._open.append((started.call, started.name, started.path))
        return started

    def _tool_ended(self, payload: dict[str, Any]) -> Iterator[AnyEvent]:
        name = first_text(payload, ("toolName", "tool"))
        found = next((entry for entry in self._open if entry[1] == name), None)
        if found is None:
            started = self._tool(payload)
            yield started
            found = (started.call, started.name, started.path)
        self._open.remove(found)
        ms = payload.get("durationMs")
        bad = payload.get("status") == "error"
        yield ToolEnded(
            call=found[0],
            path=found[2],
            status="error" if bad else "ok",
            error=tr("The tool failed; the feed does not say how.") if bad else None,
            ms=float(ms) if isinstance(ms, (int, float)) else None,
        )

    def _model(self, asked: bool) -> Step:
        if asked or not self._models:
            self._count += 1
            self._models.append(f"model-{self._count}")
        step = self._models[-1] if asked else self._models.pop(0)
        return Step(step=step, label=tr("Model call"), type="model-call", state="running" if asked else "done")


def _named(data: dict[str, Any], payload: dict[str, Any]) -> str:
    return first_text(data, ("agentId",)) or first_text(payload, ("agentName",)) or "agent"


def _ended(kind: str, payload: dict[str, Any]) -> RunEnded:
    if kind == "RUN_COMPLETE":
        return RunEnded(status="completed")
    if kind == "RUN_CANCELLED":
        return RunEnded(status="cancelled", reason="server")
    words = first_text(payload, ("errorMessage", "error", "message"))
    words = words or tr("The run failed; the feed does not say how.")
    return RunEnded(status="failed", reason="server", error=Failure(words))


def _team(payload: dict[str, Any]) -> str:
    members = ", ".join(str(m) for m in payload.get("memberIds") or ())
    mode = first_text(payload, ("mode",))
    team = tr("{mode} team", mode=mode) if mode else tr("a team")
    return tr("{team} with {members}", team=team, members=members) if members else team


def _task(payload: dict[str, Any]) -> Step:
    name = first_text(payload, ("taskId", "id", "title", "name")) or "task"
    label = first_text(payload, ("title", "name", "description")) or name
    state = _TASK_STATES.get(str(payload.get("status")).upper(), "running")
    return Step(step=name, label=label, type="plan-item", state=state)
