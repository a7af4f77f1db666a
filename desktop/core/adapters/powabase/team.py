"""Powabase's teams: who is speaking. The wire's texts carry no names; brackets around them tell whose they are.

A supervisor's delegations are bracketed by `delegation_started` and `_completed`, a sequence by `sequential_step`. The
members of a parallel team write into each other, and only the final merge, which counts on in the team's own `seq`,
is one voice again [engine: orchestration/strategies.py]. A child's clean text is in the stored run, under the child's
`run_id`, which the stream calls `child_execution_id` [service: routes/orchestrations.py].
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from desktop.core.adapters.powabase.content import Obj, piece, rows, whole
from desktop.core.adapters.powabase.tools import Tools
from desktop.core.adapters.words import first_text, message_in
from desktop.core.events import AgentChanged, AgentState, AnyEvent, Notice, Path, Usage
from desktop.core.language import mark, tr
from desktop.core.wire.jsontext import compact

_NAMES = ("agent", "entity", "entity_name", "name")
_MIXED = mark("Several agents are writing at once. The server does not say who writes what, so their texts are mixed.")
_STATES: dict[str, AgentState] = {"failed": "failed", "error": "failed", "cancelled": "closed", "canceled": "closed"}


@dataclass(slots=True)
class Voice:
    """Where one agent's text goes. After a tool call the next text starts a new part."""

    parts: list[str] = field(default_factory=list)
    fresh: bool = True
    mark: tuple[int, int] = (0, 0)  # parts, and characters of the last one, when the step began

    def part(self) -> str:
        """The part that the next text belongs to."""
        if self.fresh:
            self.parts.append(str(len(self.parts)))
            self.fresh = False
        return self.parts[-1]


@dataclass(slots=True)
class Child:
    """One delegation or member: its name, its path, and the id of its own run, where the wire tells it."""

    name: str
    path: Path
    id: str = ""
    first: int = 0  # the first part of its text on its path


class Team:
    """The members of one run, and whose turn it is."""

    def __init__(self, tools: Tools) -> None:
        self.active = False
        self.strategy = ""
        self.children: list[Child] = []
        self.voices: dict[Path, Voice] = {(): Voice()}
        self.mixed = False  # the texts of now have several writers
        self.mixture = 0  # how many of the root's parts hold mixed text
        self._tools = tools
        self._open: list[Child] = []
        self._turn: Child | None = None
        self._writers = 0
        self._warned = False

    # ---- who speaks

    def where(self, data: Obj | None = None) -> Path:
        """The path of what comes now; an event that names its agent (`entity_chunk`) says so itself."""
        name = first_text(data, _NAMES) if data else ""
        if name:
            return next((c.path for c in reversed(self.children) if c.name == name), (name,))
        if not self._open:
            return self._turn.path if self._turn else ()
        return self._open[0].path[:-1] if self._siblings() else self._open[-1].path

    def voice(self, path: Path) -> Voice:
        """The voice of a path."""
        return self.voices.setdefault(path, Voice())

    @property
    def sequence(self) -> Child | None:
        """The newest agent of a sequence; the last one's text is the answer."""
        return self.children[-1] if self.strategy == "sequential" and self.children else None

    def _siblings(self) -> bool:
        return any(after.path[:-1] != before.path for before, after in pairwise(self._open))

    # ---- what the wire tells

    def started(self, data: Obj) -> Iterable[AnyEvent]:
        """`orchestration_started`."""
        self.active, self.strategy = True, piece(data, "strategy")
        return ()

    def stepping(self, data: Obj) -> Iterable[AnyEvent]:
        """`step_started`, as far as it tells of a parallel team: members begin at seq 1, the merge does not."""
        if self.strategy != "parallel" or whole(data, "step", "step_number") != 1:
            return
        if whole(data, "seq") in (1, None):
            self._writers += 1
            self.mixed = self._writers > 1
            if self.mixed:
                yield from self._warning()
        elif self._writers:
            root = self.voice(())
            self.mixed, self._writers = False, 0
            self.mixture, root.fresh = len(root.parts), True

    def delegated(self, data: Obj) -> Iterable[AnyEvent]:
        """`delegation_started`."""
        self.active = True
        task = first_text(data, ("task", "input"))
        call = self._tools.delegating(task)
        parent = call.path if call else self.where()
        yield from self._begin(self._child(data, parent), task, call.id if call else None)
        if self._siblings():
            self.mixed = True
            yield from self._warning()

    def returned(self, data: Obj) -> Iterable[AnyEvent]:
        """`delegation_completed`."""
        child = self._returning(data)
        if child is None:
            return
        self._open.remove(child)
        self.mixed = self.mixed and bool(self._open)
        yield _ended(child, data)
        if isinstance(usage := data.get("usage"), dict):
            yield usage_of(usage, child.path)

    def step(self, data: Obj) -> Iterable[AnyEvent]:
        """`sequential_step`: the turn goes to this agent."""
        self.active, self.strategy = True, self.strategy or "sequential"
        yield from self.finished({})
        child = self._child(data, ())
        self._turn = child
        yield from self._begin(child, first_text(data, ("task",)), None, nested=False)

    def finished(self, data: Obj) -> Iterable[AnyEvent]:
        """`orchestration_completed`, or the end of a turn in a sequence."""
        self.mixed = False
        if self._turn is not None:
            turn, self._turn = self._turn, None
            yield _ended(turn, data)

    def _child(self, data: Obj, parent: Path) -> Child:
        name = first_text(data, _NAMES) or tr("agent {number}", number=len(self.children) + 1)
        return Child(name, (*parent, name), piece(data, "child_execution_id"))

    def _begin(self, child: Child, task: str, call: str | None, nested: bool = True) -> Iterable[AnyEvent]:
        self.children.append(child)
        if nested:
            self._open.append(child)
        voice = self.voice(child.path)
        voice.fresh, child.first = True, len(voice.parts)
        parent = child.path[-2] if len(child.path) > 1 else None
        yield AgentChanged(
            path=child.path, name=child.name, parent=parent, call=call, task=task or None, state="started"
        )  # fmt: skip

    def _returning(self, data: Obj) -> Child | None:
        run_id, name = piece(data, "child_execution_id"), first_text(data, _NAMES)
        same = [c for c in self._open if run_id and c.id == run_id]
        found = same or [c for c in self._open if c.name == name] or self._open[-1:]
        return found[0] if found else None

    def _warning(self) -> Iterable[AnyEvent]:
        if not self._warned:
            self._warned = True
            yield Notice(text=tr(_MIXED), code="mixed")

    # ---- the clean texts of the stored run

    def stored(self, runs: object) -> list[tuple[Child, Obj]]:
        """The stored runs of the children, each with its agent: by id, or in the order of a sequence. The members of
        a parallel team have no names anywhere, so they are numbered."""
        found: list[tuple[Child, Obj]] = []
        free = list(self.children)
        for number, run in enumerate(rows(runs), 1):
            child = next((c for c in free if c.id and c.id == run.get("run_id")), None)
            if child is None and self.strategy == "sequential":
                child = next((c for c in free if not c.id), None)
            if child is None:
                name = tr("agent {number}", number=number)
                child = Child(name, (name,))
            elif child in free:
                free.remove(child)
            found.append((child, run))
        return found


def usage_of(data: Obj, path: Path = ()) -> Usage:
    """Token counts; those of a child are for its call, the run's own for the run."""
    return Usage(
        path=path,
        scope="call" if path else "run",
        input=whole(data, "prompt_tokens", "input_tokens"),
        output=whole(data, "completion_tokens", "output_tokens"),
        reasoning=whole(data, "reasoning_tokens"),
        cached=whole(data, "cached_tokens"),
        cache_write=whole(data, "cache_creation_tokens"),
    )


def _ended(child: Child, data: Obj) -> AgentChanged:
    state = _STATES.get(piece(data, "status"), "done")
    result = data.get("result", data.get("output"))
    return AgentChanged(
        path=child.path,
        name=child.name,
        state=state,
        result=None if result is None else result if isinstance(result, str) else compact(result),
        error=message_in(data.get("error")) or None,
    )


def child_state(child: Child, run: Obj) -> AgentChanged:
    """The agent of a stored run, as it ended."""
    return _ended(child, {"status": run.get("status"), "error": run.get("error")})
