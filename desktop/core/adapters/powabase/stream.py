"""Powabase's events, read one by one: those of the service, of the documentation and of the vendor's newer page.

Two rules shape this file. The answer comes twice, and the second time has the last word: once pieces were streamed, a
`chunk` replaces. And `error` is not the end: `complete` is, whose `status` alone says how the run went.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from desktop.core.adapters.powabase.content import Obj, obj, piece, rows, spoken, whole
from desktop.core.adapters.powabase.team import Child, Team, usage_of
from desktop.core.adapters.powabase.tools import Tools
from desktop.core.adapters.powabase.workflow import Workflow
from desktop.core.adapters.words import first_text, message_in, with_said
from desktop.core.events import (
    AnyEvent,
    Beat,
    ContextChanged,
    Failure,
    Notice,
    Path,
    Raw,
    RunEnded,
    RunStarted,
    RunStatus,
    SessionInfo,
    Source,
    Step,
    TextDelta,
    TextSet,
)
from desktop.core.language import tr

if TYPE_CHECKING:
    from desktop.core.adapters.run import Run

_LONGEST = 500
_PROSE = ".said"  # of the part of a thought that is no model's own thinking
_ENDINGS: dict[str, RunStatus] = {
    "completed": "completed", "success": "completed", "succeeded": "completed", "failed": "failed", "error": "failed",
    "timeout": "failed", "cancelled": "cancelled", "canceled": "cancelled", "aborted": "cancelled",
}  # fmt: skip


class Reader:
    """Turns the objects of one run's stream into events. `last` is the ending once it was read; a team's is held
    back by the run until the children's clean texts are there."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.tools = Tools()
        self.team = Team(self.tools)
        self.workflow = Workflow(run)
        self.last: RunEnded | None = None
        self.failure: Failure | None = None  # of an `error` event
        self._begun = False
        self._streamed = False
        self._edited = False  # a rule of the server changed or withheld the answer
        self.said: list[str] = []  # every piece of text, whoever wrote it
        self._chunk = ""
        self._steps: list[_Step] = []
        self._thoughts = 0
        self._finish = ""

    def read(self, data: Obj) -> list[AnyEvent]:
        """The events of one object. Its name is its `event`, or its `type` where there is none."""
        name = first_text(data, ("event", "type"))
        handler = _HANDLERS.get(name)
        if handler is None:
            return [Raw(name=name or "message", data=data)]
        events = list(handler(self, data))
        if not self._begun and name.startswith(("block_", "workflow_")):
            events = [*self.begin(data), *events]
        time = first_text(data, ("ts",))
        return [replace(event, source_time=time) for event in events] if time else events

    def start(self, data: Obj) -> Iterable[AnyEvent]:
        """`start`."""
        yield from self.begin(data)
        if self.run.session_id:
            yield SessionInfo(session_id=self.run.session_id)

    def begin(self, data: Obj) -> Iterable[AnyEvent]:
        """The first words of a run."""
        self._begun, run = True, self.run
        run.run_id = first_text(data, ("run_id", "execution_id")) or run.run_id
        # The row of a stored run has the session's internal id there, which no request takes.
        session = "" if "id" in data else piece(data, "session_id")
        run.session_id = session or run.session_id
        model = piece(data, "model") or None
        yield RunStarted(run_id=run.run_id, session_id=session or None, model=model)

    # ---- text

    def delta(self, data: Obj) -> Iterable[AnyEvent]:
        """`content_delta`."""
        self._streamed = True
        return self._say(piece(data, "delta", "content"), self.team.where())

    def named_delta(self, data: Obj) -> Iterable[AnyEvent]:
        """`entity_chunk`: the documentation's piece of text that names its writer."""
        self._streamed = True
        return self._say(piece(data, "content", "delta"), self.team.where(data))

    def chunk(self, data: Obj) -> Iterable[AnyEvent]:
        """`chunk`: a piece of the answer where no deltas are sent, else the whole of it."""
        text = spoken(data.get("content"))[0] or piece(data, "delta")
        if not self._streamed:
            return self._say(text, self.team.where())
        self._chunk = text
        return () if self.team.active else self._replace(text)

    def _say(self, text: str, path: Path) -> Iterable[AnyEvent]:
        if text:
            self.said.append(text)
            yield TextDelta(path=path, part=self.team.voice(path).part(), text=text)

    def _replace(self, text: str) -> Iterable[AnyEvent]:
        """The root's whole text. An empty one wipes nothing, unless a rule of the server withheld the answer."""
        if text:
            yield from self.run.whole_text(text, part="0")
        elif self._edited:
            yield from self._wipe(())

    def _wipe(self, path: Path) -> Iterable[AnyEvent]:
        return (TextSet(path=path, part=part, text="") for part in self.team.voice(path).parts)

    def _final(self, text: str) -> Iterable[AnyEvent]:
        """The closing frame's text. A team's holds everybody's words, so it only counts where it differs from all
        that was said; then nothing that was said before may stay."""
        if not self.team.active:
            yield from self._replace(text)
        elif text.strip() != "".join(self.said).strip() and (text or self._edited):
            if not self._edited:
                for path in [path for path in self.team.voices if path]:
                    yield from self._wipe(path)
            self.team.mixture = 0
            yield from self._replace(text)
        elif (turn := self.team.sequence) and not self.run.text_of(()):
            yield TextSet(text=self._turn_text(turn))

    def _turn_text(self, child: Child) -> str:
        parts = self.team.voice(child.path).parts[child.first :]
        return "\n\n".join(self.run.part_text(part, child.path) for part in parts)

    # ---- thoughts

    def thought(self, data: Obj) -> Iterable[AnyEvent]:
        """`reasoning_delta`, or `reasoning` with a piece."""
        part = "mixed" if self.team.mixed else self._thought(data)
        yield TextDelta(path=self.team.where(), channel="reasoning", part=part, text=piece(data, "delta"))

    def whole_thought(self, data: Obj) -> Iterable[AnyEvent]:
        """`reasoning`: the same text whole. Where several think at once it also takes their pieces apart."""
        if not (text := first_text(data, ("content", "text", "summary"))):
            yield from self.thought(data)
            return
        path, part = self.team.where(), self._thought(data)
        if text == self.run.part_text(part.removesuffix(_PROSE), path, "reasoning"):
            return
        if self.team.mixed:
            self._thoughts += 1
            part = f"whole {self._thoughts}"
            yield TextSet(path=path, channel="reasoning", part="mixed", text="")
        yield TextSet(path=path, channel="reasoning", part=part, text=text)

    def _thought(self, data: Obj) -> str:
        """The part of a step's thoughts. Prose that comes as reasoning has no `source` and a part of its own."""
        kind = "" if "source" in data or "delta" in data else _PROSE
        return f"{whole(data, 'step', 'step_number') or 0}{kind}"

    # ---- steps

    def step_started(self, data: Obj) -> Iterable[AnyEvent]:
        """`step_started`."""
        yield from self.team.stepping(data)
        path = self.team.where()
        voice = self.team.voice(path)
        length = len(self.run.part_text(voice.parts[-1], path)) if voice.parts else 0
        voice.mark = (len(voice.parts), length)
        step = _Step(str(len(self._steps) + 1), whole(data, "step", "step_number") or 0, path)
        self._steps.append(step)
        yield step.event("running")

    def step_completed(self, data: Obj) -> Iterable[AnyEvent]:
        """`step_completed`; `finish_reason` "length" at the end is an answer that was cut at a limit."""
        path, n = self.team.where(), whole(data, "step", "step_number") or 0
        if not path:
            self._finish = piece(data, "finish_reason")
        step = next((s for s in self._steps if s.open and (s.n, s.path) == (n, path)), None)
        if step is not None:
            step.open = False
            yield step.event("done")

    def step_reset(self, data: Obj) -> Iterable[AnyEvent]:
        """`step_reset`: the model is asked again, and what it had begun in this step is void."""
        path = self.team.where()
        voice = self.team.voice(path)
        count, length = voice.mark
        for part in voice.parts[count:]:
            yield TextSet(path=path, part=part, text="")
            voice.fresh = True
        if count:
            kept = self.run.part_text(voice.parts[count - 1], path)[:length]
            yield TextSet(path=path, part=voice.parts[count - 1], text=kept)
        yield TextSet(path=path, channel="reasoning", part=self._thought({**data, "source": ""}), text="")
        for step in [s for s in self._steps if s.open and s.path == path][-1:]:
            step.open = False
            yield step.event("skipped")
        why = piece(data, "reason").replace("_", " ")
        words = tr("The model is asked again ({why}).", why=why) if why else tr("The model is asked again.")
        yield Notice(text=words, code="step_reset")

    # ---- the end

    def error(self, data: Obj) -> Iterable[AnyEvent]:
        """`error`: remembered, for the end is still to come. A workflow's, named by `type` alone, is the end."""
        self.failure = run_failure(message_in(data.get("error")) or message_in(data), _code(data))
        if "event" not in data:
            self.last = RunEnded(status="failed", reason="error", error=self.failure)
            yield self.last

    def complete(self, data: Obj) -> Iterable[AnyEvent]:
        """`complete`, and the row of a stored run, which has the same members."""
        yield from self.tools.recorded(data.get("tool_calls"))
        yield from self._final(spoken(data.get("content"))[0] or self._chunk)
        yield from self.team.finished(data)
        yield from _sources(data.get("citations"))
        if usage := obj(data.get("usage")):
            yield usage_of(usage)
        end = self._ending(data)
        if end.status == "failed":
            yield from (step.event("failed") for step in self._steps if step.open)
        elif self.failure is not None:
            yield Notice(level="warning", text=self.failure.text, code=self.failure.code)
        if end.status == "completed" and not self.said and not self.run.text_of(()):
            yield Notice(text=tr("The agent finished without an answer."), code="empty")
        self.last = end
        if not self.team.active:
            yield end

    def _ending(self, data: Obj) -> RunEnded:
        said = message_in(data.get("error"))
        status = _ENDINGS.get(piece(data, "status").lower())
        if status is None:
            status = "failed" if said or self.failure else "completed"
        if status == "failed":
            code = self.failure.code if self.failure else _code(data)
            failure = run_failure(said, code) if said or self.failure is None else self.failure
            return RunEnded(status="failed", reason="error", error=failure)
        if status == "completed" and self._finish in ("length", "max_tokens"):
            return RunEnded(status="limit", reason="length")
        return RunEnded(status=status)

    # ---- tools and the rest

    def tool_call(self, data: Obj) -> Iterable[AnyEvent]:
        """`tool_call`: the text after it is a part of its own."""
        path = self.team.where()
        self.team.voice(path).fresh = True
        return self.tools.called(data, path)

    def tool_result(self, data: Obj) -> Iterable[AnyEvent]:
        """`tool_result`."""
        return self.tools.returned(data, self.team.where())

    def approval(self, data: Obj) -> Iterable[AnyEvent]:
        """`approval_requested`."""
        return self.tools.asked(data, self.team.where(), first_text(data, ("run_id",)) or self.run.run_id)

    def hook(self, data: Obj) -> Iterable[AnyEvent]:
        """`hook_result`. Only a rule before the answer can withhold it: then an empty answer is meant so."""
        if piece(data, "hook_event") == "PreResponse" and True in (data.get("modified"), data.get("blocked")):
            self._edited = True
        return self.tools.hook(data)

    def compacted(self, data: Obj) -> Iterable[AnyEvent]:
        """The three compactions and `reactive_truncate`."""
        truncated = first_text(data, ("event", "type")) == "reactive_truncate"
        before, after = whole(data, "tokens_before", "before_tokens"), whole(data, "tokens_after", "after_tokens")
        yield ContextChanged(state="truncated" if truncated else "compacted", before=before, after=after)

    def fallback(self, data: Obj) -> Iterable[AnyEvent]:
        """`model_fallback`."""
        models = {"old": piece(data, "from"), "new": piece(data, "to")}
        words = tr("The server goes on with another model: {old} → {new}", **models)
        yield Notice(text=words, code="model_fallback")

    def searched(self, data: Obj) -> Iterable[AnyEvent]:
        """`context_handler_created`."""
        query = piece(data, "query")
        words = tr("Knowledge was searched: {query}", query=query) if query else tr("Knowledge was searched.")
        yield Notice(text=words, code="knowledge")

    def recovery(self, data: Obj) -> Iterable[AnyEvent]:
        """`output_recovery`."""
        yield Notice(text=tr("The answer reached a limit; the agent is asked to go on."), code="output_recovery")

    def dropped(self, data: Obj) -> Iterable[AnyEvent]:
        """`reasoning_dropped_at_provider_switch`."""
        yield Notice(text=tr("The model's maker changed, so earlier thoughts were not passed on."), code="reasoning")

    def beat(self, data: Obj) -> Iterable[AnyEvent]:
        """What is known and says nothing new."""
        yield Beat()


@dataclass(slots=True)
class _Step:
    id: str
    n: int
    path: Path
    open: bool = True

    def event(self, state: str) -> Step:
        label = tr("Step {n}", n=self.n)
        return Step(step=self.id, label=label, state=state, n=self.n or None, path=self.path)  # type: ignore[arg-type]


def run_failure(said: str, code: str | None = None) -> Failure:
    """Words for a run that the server gave up."""
    if said == "Session not found":
        words = tr("The server does not know this conversation, or it is another user's. Start a new one to go on.")
        return Failure(words, code="session")
    said = " ".join(said.split())
    said = said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "…"
    if not said:
        return Failure(tr("The run failed at the server, which does not say why."), code=code)
    return Failure(with_said(tr("The run failed at the server."), said), code=code)


def _code(data: Obj) -> str | None:
    return first_text(data, ("code", "error_code")) or None


def _sources(citations: object) -> Iterable[AnyEvent]:
    """`citations`: {key, item_id, source_id, source_name, text_excerpt, meta} [service: services/citations.py]."""
    for number, found in enumerate(rows(citations), 1):
        yield Source(
            id=str(found.get("key") or number),
            url=first_text(found, ("url",)) or first_text(found.get("meta"), ("url", "source_url")) or None,
            title=first_text(found, ("source_name", "title", "name")) or None,
            quote=first_text(found, ("text_excerpt", "text", "quote")) or None,
            doc=first_text(found, ("source_id", "item_id")) or None,
        )


_HANDLERS: dict[str, Callable[[Reader, Obj], Iterable[AnyEvent]]] = {
    "start": Reader.start,
    "content_delta": Reader.delta,
    "entity_chunk": Reader.named_delta,
    "chunk": Reader.chunk,
    "reasoning_delta": Reader.thought,
    "reasoning": Reader.whole_thought,
    "reasoning_summary": Reader.whole_thought,
    "step_started": Reader.step_started,
    "step_completed": Reader.step_completed,
    "step_reset": Reader.step_reset,
    "tool_call": Reader.tool_call,
    "tool_result": Reader.tool_result,
    "approval_requested": Reader.approval,
    "hook_result": Reader.hook,
    "on_run_complete": Reader.beat,
    "context_handler_created": Reader.searched,
    "model_fallback": Reader.fallback,
    "proactive_compact": Reader.compacted,
    "reactive_compact": Reader.compacted,
    "reactive_truncate": Reader.compacted,
    "compaction": Reader.compacted,
    "output_recovery": Reader.recovery,
    "reasoning_dropped_at_provider_switch": Reader.dropped,
    "error": Reader.error,
    "complete": Reader.complete,
    "orchestration_started": lambda reader, data: reader.team.started(data),
    "orchestration_completed": lambda reader, data: reader.team.finished(data),
    "delegation_started": lambda reader, data: reader.team.delegated(data),
    "delegation_start": lambda reader, data: reader.team.delegated(data),
    "delegation_completed": lambda reader, data: reader.team.returned(data),
    "delegation_end": lambda reader, data: reader.team.returned(data),
    "sequential_step": lambda reader, data: reader.team.step(data),
    "workflow_start": Reader.beat,
    "block_start": lambda reader, data: reader.workflow.started(data),
    "block_started": lambda reader, data: reader.workflow.started(data),
    "block_chunk": lambda reader, data: reader.workflow.wrote(data),
    "block_output": lambda reader, data: reader.workflow.wrote(data),
    "block_complete": lambda reader, data: reader.workflow.completed(data),
    "block_completed": lambda reader, data: reader.workflow.completed(data),
    "block_error": lambda reader, data: reader.workflow.broke(data),
    "done": lambda reader, data: reader.workflow.done(data),
    "workflow_complete": lambda reader, data: reader.workflow.done(data),
    "workflow_error": Reader.error,
}
