"""Who speaks in an Agentrail stream: the skill brackets, spawned children and orchestrated agents beside the root.

All of them write into one body. What is known of a speaker is a bracket that is open, a depth, or the orchestration
events that name an agent; `lane` makes a path of that, and says so where the wire does not tell speakers apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from desktop.core.adapters.words import first_text, message_in
from desktop.core.events import AgentChanged, AgentState, AnyEvent, Notice, Path, Step
from desktop.core.language import mark, tr
from desktop.core.wire.jsontext import compact

_MIXED = mark("Several sub-agents write at once and the server does not say which; their text is shown together.")
_OUTCOMES = {"timed_out": mark("It timed out"), "cancelled": mark("It was cancelled"), "failed": mark("It failed")}
_STATUS: dict[str, AgentState] = {"running": "running", "waiting": "waiting"}
_DEEPEST = 16  # levels of sub-agents that are told apart


@dataclass(slots=True)
class _Agent:
    path: Path
    state: AgentState = "started"
    task: str | None = None

    @property
    def over(self) -> bool:
        """Whether its outcome is known: a later "idle" or "closed" does not hide it."""
        return self.state in ("done", "failed", "closed")

    def now(self, state: AgentState, result: str | None = None, error: str | None = None) -> AgentChanged:
        self.state = state
        name = self.path[-1]
        parent = self.path[-2] if len(self.path) > 1 else None
        return AgentChanged(
            path=self.path, name=name, parent=parent, task=self.task, state=state, result=result, error=error
        )


@dataclass(slots=True)
class _Bracket:
    """A skill or a child that is under way."""

    key: str
    agent: _Agent
    step: Step | None = None


class Agents:
    """The delegation tree of one run. Fed with the frames of `READS`, gives their events."""

    READS = (
        "skill_start", "skill_end", "subagent.spawn", "subagent.complete", "subagent_spawned", "subagent_status",
        "subagent_message", "subagent_job_started", "subagent_job_completed", "subagent_job_failed",
        "subagent_closed", "wait_registered", "wait_resolved", "orchestration_run_start",
        "orchestration_run_complete",
    )  # fmt: skip

    def __init__(self) -> None:
        self._open: list[_Bracket] = []  # oldest first
        self._named: dict[str, _Agent] = {}  # orchestrated agents by their id
        self._lanes: dict[Path, _Agent] = {}
        self._waits: dict[str, _Agent] = {}
        self._skills = 0
        self._children = 0
        self._told = False

    def read(self, kind: str, data: dict[str, Any]) -> Iterable[AnyEvent]:
        """The events of one frame whose type is in `READS`."""
        events: Iterable[AnyEvent] = getattr(self, "_" + kind.replace(".", "_"))(data)
        return events

    # ---- lanes

    def lane(self, depth: int | None, events: list[AnyEvent]) -> Path:
        """The path that a runtime event of this depth belongs to; what is to be told about it goes to `events`."""
        if not depth and not self._open:
            return ()
        level = len(self._open) if depth is None else min(max(depth, 1), _DEEPEST)
        names = [bracket.agent.path[-1] for bracket in self._open]
        if not names:
            names = [agent.path[-1] for agent in self._named.values() if agent.state == "running"]
            level = max(level, 1)
            if len(names) == 1:
                names += ["sub-agent"] * (level - 1)
        if len(names) > level:
            names = [" + ".join(names)]
            events += self._mixed()
        path = tuple(names + ["sub-agent"] * (level - len(names)))
        if path not in self._lanes:
            self._lanes[path] = _Agent(path)
            events.append(self._lanes[path].now("running"))
        return path

    def lane_ended(self, path: Path, state: AgentState, error: str | None = None) -> list[AnyEvent]:
        """The agent of a lane said its last word."""
        agent = self._lanes.get(path)
        return [] if agent is None or agent.over else [agent.now(state, error=error)]

    def _mixed(self) -> list[AnyEvent]:
        told, self._told = self._told, True
        return [] if told else [Notice(text=tr(_MIXED), code="mixed")]

    def _begin(self, key: str, name: str, task: str | None = None) -> _Bracket:
        path = (*(self._open[-1].agent.path if self._open else ()), name)
        agent = self._lanes[path] = _Agent(path, task=task)
        self._open.append(_Bracket(key, agent))
        return self._open[-1]

    def _finish(self, key: str) -> _Bracket | None:
        """Take out the newest bracket of this key; the others stay open."""
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place].key == key:
                return self._open.pop(place)
        return None

    # ---- skills and children

    def _skill_start(self, data: dict[str, Any]) -> Iterable[AnyEvent]:
        name = first_text(data, ("skillName", "name")) or "skill"
        task = first_text(data, ("task",)) or None
        self._skills += 1
        bracket = self._begin(f"skill {name}", name, task)
        path = bracket.agent.path[:-1]
        bracket.step = Step(path=path, step=f"skill {self._skills}", label=name, type="skill", detail=task)
        yield bracket.step
        yield bracket.agent.now("running")

    def _skill_end(self, data: dict[str, Any]) -> Iterable[AnyEvent]:
        bracket = self._finish(f"skill {first_text(data, ('skillName', 'name')) or 'skill'}")
        if bracket is None or bracket.step is None:
            return
        yield replace(bracket.step, state="failed" if bracket.agent.state == "failed" else "done")
        if not bracket.agent.over:
            yield bracket.agent.now("done")

    def _subagent_spawn(self, data: dict[str, Any]) -> Iterable[AnyEvent]:
        self._children += 1
        name = tr("sub-agent {number}", number=self._children)
        yield self._begin(f"child {_id(data, 'childSessionId')}", name).agent.now("running")

    def _subagent_complete(self, data: dict[str, Any]) -> Iterable[AnyEvent]:
        bracket = self._finish(f"child {_id(data, 'childSessionId')}")
        if bracket is not None and not bracket.agent.over:
            yield bracket.agent.now("done")

    # ---- orchestration

    def _subagent_spawned(self, data: dict[str, Any]) -> Iterable[AnyEvent]:
        about = data["agent"]
        yield self._agent(_id(about, "id"), first_text(about, ("displayName", "role"))).now("started")

    def _subagent_status(self, data: dict[str, Any]) -> Iterable[AnyEvent]:
        agent = self._agent(_id(data, "agentId"))
        state = _STATUS.get(data["status"])
        if state not in (None, agent.state):
            yield agent.now(state)

    def _subagent_message(self, data: dict[str, Any]) -> Iterable[AnyEvent]:
        agent = self._agent(_id(data, "agentId"))
        payload = (data.get("input") or {}).get("payload")
        agent.task = message_in(payload) or (compact(payload) if payload else agent.task)
        yield agent.now(agent.state)

    def _subagent_job_started(self, data: dict[str, Any]) -> Iterable[AnyEvent]:
        agent = self._agent(_id(data, "agentId"))
        if agent.state != "running":
            yield agent.now("running")

    def _subagent_job_completed(self, data: dict[str, Any]) -> Iterable[AnyEvent]:
        job = data["job"]
        if job.get("outcome", "completed") != "completed":
            yield from self._subagent_job_failed(data)
        else:
            yield self._agent(_id(data, "agentId")).now("done", result=first_text(job, ("outputText",)) or None)

    def _subagent_job_failed(self, data: dict[str, Any]) -> Iterable[AnyEvent]:
        job = data["job"]
        words = tr(_OUTCOMES.get(job.get("outcome", "failed"), _OUTCOMES["failed"]))
        said = message_in(job.get("error"))
        result = first_text(job, ("outputText",)) or None
        yield self._agent(_id(data, "agentId")).now("failed", result, f"{words}: {said}" if said else f"{words}.")

    def _subagent_closed(self, data: dict[str, Any]) -> Iterable[AnyEvent]:
        agent = self._agent(_id(data, "agentId"))
        if not agent.over:
            yield agent.now("closed")

    def _wait_registered(self, data: dict[str, Any]) -> Iterable[AnyEvent]:
        wait = data["wait"]
        agent = self._waits[_id(wait, "id")] = self._agent(_id(wait, "agentId"))
        if not agent.over:
            yield agent.now("waiting")

    def _wait_resolved(self, data: dict[str, Any]) -> Iterable[AnyEvent]:
        agent = self._waits.pop(_id(data, "waitId"), None)
        if agent is not None and agent.state == "waiting":
            yield agent.now("running")

    def _orchestration_run_start(self, data: dict[str, Any]) -> Iterable[AnyEvent]:
        yield Step(step=f"orchestration {_id(data, 'runId')}", label=tr("Orchestration"), type="phase")

    def _orchestration_run_complete(self, data: dict[str, Any]) -> Iterable[AnyEvent]:
        failed = data.get("status") == "failed"
        error = message_in(data.get("error"))
        yield Step(
            step=f"orchestration {_id(data, 'runId')}",
            label=tr("Orchestration"),
            type="phase",
            state="failed" if failed else "done",
            detail=error or None,
        )
        if failed:
            why = error or tr("the server gives no reason.")
            yield Notice(level="warning", text=tr("The orchestration failed: {error}", error=why))

    def _agent(self, key: str, name: str = "") -> _Agent:
        """The agent of this id. Two agents of one name are told apart by their ids."""
        if key not in self._named:
            taken = {agent.path for agent in self._named.values()}
            path = (name or key,)
            self._named[key] = _Agent(path if path not in taken else (f"{name or key} ({key})",))
        return self._named[key]


def _id(data: Any, name: str) -> str:
    """An id that the frame must have; without it the frame stays raw."""
    found = first_text(data, (name,))
    if not found:
        raise KeyError(name)
    return found
