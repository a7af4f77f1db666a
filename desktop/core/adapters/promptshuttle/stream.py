"""What PromptShuttle streams: events in envelopes, plain OpenAI chunks, or both in one body.

No event is known to carry pieces of the answer, so it is looked for wherever it may be, and a closing text replaces
what was streamed. An answer that is found nowhere is never shown as a success without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from desktop.core.adapters.base import Adapter
from desktop.core.adapters.promptshuttle import data as look
from desktop.core.adapters.promptshuttle.tools import Tools
from desktop.core.adapters.run import Events, Run
from desktop.core.adapters.words import first_text, message_in
from desktop.core.events import (
    AgentChanged,
    AgentState,
    AnyEvent,
    Beat,
    Channel,
    Failure,
    Notice,
    Path,
    Raw,
    RunEnded,
    RunStarted,
    RunStatus,
    Step,
    StepState,
    TextDelta,
    TextSet,
)
from desktop.core.language import mark, tr
from desktop.core.requests import Prompt, Talk
from desktop.core.wire.frames import Frame
from desktop.core.wire.jsontext import parse

_REMEMBERED = 10_000  # event ids kept for finding repeats
_MIXED = mark(
    "Several agents of one name work at once and the server does not say which; their text is shown together."
)
_NOWHERE = mark(
    "The server finished without sending an answer. Streaming can be switched off in the connection; the service's "
    "log may hold the text."
)


class PromptShuttleStream(Run):
    """The reading half of a run: frames to events."""

    def __init__(self, adapter: Adapter, prompt: Prompt, talk: Talk) -> None:
        super().__init__(adapter, prompt, talk)
        self._seen: dict[str, None] = {}
        self._begun = False
        self._model: str | None = None
        self._parts: dict[Path, int] = {}
        self._calls: dict[Path, int] = {}  # model calls so far
        self._open_calls: dict[Path, Step] = {}
        self._running: dict[Path, int] = {}
        self._told_mixed = False
        self._tools = Tools()
        self._finish: str = ""
        self._error: Failure | None = None

    # ---- frames

    def on_open(self) -> Events:
        """The root request's id is in the head; it is kept with the turn for support and logs."""
        if self.status < 400:
            self.run_id = self.headers.get("x-request-id")
        return []

    def on_frame(self, frame: Frame) -> Events:
        if frame.data.strip() == "[DONE]":
            return self._done()
        data = parse(frame.data)
        kind = data.get("type")
        if isinstance(data.get("choices"), list):
            chunk = list(self._chunk(data))
            return [*self._begin(data, data), *chunk]
        if not isinstance(kind, str):
            return self._nameless(data)
        if self._is_repeat(data.get("id")):
            return []
        inner = data.get("data")
        path, about = _path(data), inner if isinstance(inner, dict) else {}
        read = _READERS.get(kind)
        events = list(read(self, path, about) if read else self._unknown(kind, path, data))
        seen = [] if kind == "agentStarted" else self._see(path)
        return [*self._begin(data, about), *seen, *events]

    def on_whole(self, data: Any) -> Events:
        """The unstreamed answer, in the spelling of either documentation."""
        if not isinstance(data, dict):
            return [self._no_stream()]
        if data.get("error"):
            failure = look.failure_in(data, tr("The service answered with an error"))
            return [RunEnded(status="failed", reason="error", error=failure)]
        text = look.answer_in(data)
        if not text and not isinstance(data.get("choices"), list):
            return [self._no_stream()]
        choice = next((c for c in data.get("choices") or () if isinstance(c, dict)), {})
        self._finish = first_text(choice, ("finish_reason", "finishReason"))
        thought = first_text(choice.get("message"), ("reasoning_content", "reasoning"))
        events = [*self._begin(data, data), *self._usage((), data)]
        if thought:
            events.append(TextSet(channel="reasoning", text=thought))
        return [*events, *self._closing_text((), text), *self._completed(bool(text))]

    def on_end(self) -> Events:
        """The body ended without its mark."""
        if self._error is not None:
            return [RunEnded(status="failed", reason="error", error=self._error)]
        return [RunEnded(status="cut", reason="no-end")]

    def _done(self) -> Events:
        """`[DONE]` without a closing event: a plain OpenAI stream, or one whose closing event was filtered out."""
        if self._error is not None:
            return [RunEnded(status="failed", reason="error", error=self._error)]
        return self._completed(bool(self.text_of()), look.FINISHES.get(self._finish, "completed"))

    def _completed(self, answered: bool, status: RunStatus | None = None) -> Events:
        if status is None:
            found = look.FINISHES.get(self._finish, "completed")
            status = found if found in ("limit", "refused") else "completed"
        if not answered and status == "completed":
            where = tr("It stands there under the id {id}.", id=self.run_id) if self.run_id else ""
            yield Notice(level="warning", text=f"{tr(_NOWHERE)} {where}".strip(), code="no-answer")
        yield RunEnded(status=status, reason=self._finish or None)

    def _begin(self, data: dict[str, Any], about: dict[str, Any]) -> list[AnyEvent]:
        """`run.started`, once, by whatever frame comes first."""
        if self._begun:
            return []
        self._begun = True
        self.run_id = self.run_id or first_text(data, ("requestId",)) or None
        return [RunStarted(run_id=self.run_id, model=first_text(about, ("model",)) or None)]

    def _is_repeat(self, key: Any) -> bool:
        if not isinstance(key, str):
            return False
        if key in self._seen:
            return True
        self._seen[key] = None
        if len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return False

    def _nameless(self, data: dict[str, Any]) -> Events:
        if data.get("error"):
            failure = look.failure_in(data, tr("The request failed"))
            return [RunEnded(status="failed", reason="error", error=failure)]
        return [Raw(name="message", data=data)]

    # ---- text

    def _part(self, path: Path) -> str:
        return str(self._parts.get(path, 0))

    def _new_part(self, path: Path) -> None:
        """What comes now is another model call's text, if the one before said anything."""
        if self.part_text(self._part(path), path):
            self._parts[path] = self._parts.get(path, 0) + 1

    def _closing_text(self, path: Path, text: str) -> list[AnyEvent]:
        """A closing text: nothing if it was streamed already; else it replaces the last call's text, or all of them
        where it begins with what the first one said."""
        number = self._parts.get(path, 0)
        parts = [self.part_text(str(i), path) for i in range(number + 1)]
        said = list(filter(None, parts))
        if not text or (said and (said[-1] == text or "".join("".join(said).split()) == "".join(text.split()))):
            return []
        if len(said) > 1 and text.startswith(said[0]):
            return self.whole_text(text, path)
        return [TextSet(path=path, part=str(number), text=text)]

    def _chunk(self, data: dict[str, Any]) -> Events:
        """An OpenAI chunk: always the root's."""
        events: list[AnyEvent] = []
        for choice in data["choices"]:
            self._finish = first_text(choice, ("finish_reason", "finishReason")) or self._finish
            delta = choice.get("delta") or choice.get("message") or {}
            thought = first_text(delta, ("reasoning_content", "reasoning"))
            place = choice.get("index") or 0
            part = f"{self._part(())}.{place}" if place else self._part(())
            events += self._pieces(part, (("reasoning", thought), ("answer", look.text_of(delta.get("content")))))
            events += self._tools.pieces(delta.get("tool_calls") or ())
            if refusal := first_text(delta, ("refusal",)):
                self._finish = "content_filter"
                events += self._pieces(part, (("answer", refusal),))
        return [*events, *self._usage((), {"usage": data.get("usage")})]

    def _pieces(self, part: str, texts: Iterable[tuple[Channel, str]]) -> list[AnyEvent]:
        if any(text for _, text in texts):
            self._error = None  # the service got over it
        return [TextDelta(channel=channel, part=part, text=text) for channel, text in texts if text]

    # ---- events

    def _started(self, path: Path, data: dict[str, Any]) -> Events:
        return []

    def _beat(self, path: Path, data: dict[str, Any]) -> Events:
        return [Beat()]

    def _usage(self, path: Path, data: dict[str, Any]) -> Events:
        usage = look.usage_in(data)
        return [usage] if usage else []

    def _see(self, path: Path) -> list[AnyEvent]:
        """An agent whose start was filtered out is known by what it does."""
        if not path or path in self._running:
            return []
        self._running[path] = 1
        return [*self._see(path[:-1]), self._agent(path, {}, "running")]

    def _agent(self, path: Path, data: dict[str, Any], state: AgentState, **more: Any) -> AgentChanged:
        name = first_text(data, ("agentRole", "name")) or path[-1]
        return AgentChanged(path=path, name=name, parent=path[-2] if path[1:] else None, state=state, **more)

    def _agent_started(self, path: Path, data: dict[str, Any]) -> Events:
        if not path:
            return
        yield from self._see(path[:-1])
        self._running[path] = self._running.get(path, 0) + 1
        self._new_part(path)
        if self._running[path] > 1 and not self._told_mixed:
            self._told_mixed = True
            yield Notice(path=path, text=tr(_MIXED), code="mixed")
        call = self._tools.shows(path)
        if call is not None:
            yield call
        task = first_text(data, ("task", "input", "prompt")) or None
        yield self._agent(path, data, "running", task=task, call=call.call if call else None)

    def _agent_completed(self, path: Path, data: dict[str, Any]) -> Events:
        text = look.answer_in(data)
        yield from self._closing_text(path, text)
        if path:
            left = self._running[path] = max(self._running.get(path, 1) - 1, 0)
            yield self._agent(path, data, "running" if left else "done", result=text or None)

    def _agent_failed(self, path: Path, data: dict[str, Any]) -> Events:
        said = look.failure_in(data, tr("The agent failed")).text
        if not path:  # the request may still go on; its own failure is another event
            yield Notice(level="warning", text=said, code="agent")
            return
        self._running[path] = max(self._running.get(path, 1) - 1, 0)
        yield self._agent(path, data, "failed", error=message_in(data.get("error")) or message_in(data) or said)

    def _call_started(self, path: Path, data: dict[str, Any]) -> Events:
        self._error = None
        self._new_part(path)
        if path in self._open_calls:  # another try: the one before never came to its end
            yield _in_state(self._open_calls[path], "failed", None)
        number = self._calls[path] = self._calls.get(path, 0) + 1
        step = self._open_calls[path] = Step(
            path=path,
            step="/".join((*path, f"call {number}")),
            label=first_text(data, ("model",)) or tr("Model call {number}", number=number),
            type="model-call",
            n=number,
        )
        yield step

    def _call_completed(self, path: Path, data: dict[str, Any]) -> Events:
        self._error = None
        if path not in self._open_calls:
            yield from self._call_started(path, data)
        yield _in_state(self._open_calls.pop(path), "done", data)
        if not path and (usage := look.usage_in(data, "call")):
            yield usage
        yield from self._closing_text(path, look.answer_in(data))

    def _tool_started(self, path: Path, data: dict[str, Any]) -> Events:
        self._error = None
        self._new_part(path)
        return self._tools.started(path, data)

    def _tool_completed(self, path: Path, data: dict[str, Any]) -> Events:
        return self._tools.ended(path, data, failed=False)

    def _tool_failed(self, path: Path, data: dict[str, Any]) -> Events:
        return self._tools.ended(path, data, failed=True)

    def _trouble(self, path: Path, data: dict[str, Any]) -> Events:
        """`error` is not the end; it is the reason of one if the stream ends on it."""
        failure = look.failure_in(data, tr("The service reports an error"))
        recoverable = data.get("recoverable")
        if not path and recoverable is not True:
            self._error = failure
        if recoverable is False and not path:
            return []
        said = message_in(data.get("error")) or message_in(data) or failure.text
        return [Notice(path=path, level="warning" if recoverable else "error", text=said, code=failure.code)]

    def _request_completed(self, path: Path, data: dict[str, Any]) -> Events:
        self._finish = first_text(data, ("finishReason", "finish_reason")) or self._finish
        events = [*self._usage((), data), *self._closing_text((), look.answer_in(data))]
        answered = any(isinstance(e, TextSet) and e.text for e in events) or bool(self.text_of())
        return [*events, *self._completed(answered)]

    def _request_failed(self, path: Path, data: dict[str, Any]) -> Events:
        failure = look.failure_in(data, tr("The request failed"))
        return [*self._usage((), data), RunEnded(status="failed", reason="error", error=failure)]

    def _unknown(self, kind: str, path: Path, data: dict[str, Any]) -> Events:
        """An event that may carry a piece of text by its name or its field; else it is kept as it is."""
        inner, low = data.get("data"), kind.lower()
        by_name = any(word in low for word in ("delta", "chunk", "token"))
        keys = ("delta", "text", "content") if by_name else ("delta",)
        if text := first_text(inner, keys):
            self._error = None
            channel: Channel = "reasoning" if "reason" in low or "think" in low else "answer"
            return [TextDelta(path=path, channel=channel, part=self._part(path), text=text)]
        if "approval" in low:
            said = message_in(inner) or tr("This service's approvals cannot be answered from here.")
            return [
                Notice(path=path, text=tr("The server reports “{kind}”: {said}", kind=kind, said=said), code="approval")
            ]
        return [Raw(name=kind, data=inner if inner is not None else data, path=path)]


_READERS: dict[str, Callable[[PromptShuttleStream, Path, dict[str, Any]], Events]] = {
    "requestStarted": PromptShuttleStream._started,
    "agentStarted": PromptShuttleStream._agent_started,
    "agentInferenceStarted": PromptShuttleStream._call_started,
    "agentInferenceCompleted": PromptShuttleStream._call_completed,
    "agentCompleted": PromptShuttleStream._agent_completed,
    "agentFailed": PromptShuttleStream._agent_failed,
    "toolStarted": PromptShuttleStream._tool_started,
    "toolCompleted": PromptShuttleStream._tool_completed,
    "toolFailed": PromptShuttleStream._tool_failed,
    "usageUpdate": PromptShuttleStream._usage,
    "heartbeat": PromptShuttleStream._beat,
    "error": PromptShuttleStream._trouble,
    "requestCompleted": PromptShuttleStream._request_completed,
    "requestFailed": PromptShuttleStream._request_failed,
}


def _path(data: dict[str, Any]) -> Path:
    """The agent's path without the root. Where only a depth is told, the agents between have no names."""
    path = data.get("agentPath")
    if isinstance(path, list) and path:
        return tuple(str(role) for role in path[1:])
    depth = data.get("depth")
    inner = data.get("data")
    if not isinstance(depth, int) or depth < 1:
        return ()
    return (*("agent",) * (depth - 1), first_text(inner, ("agentRole", "name")) or "agent")


def _in_state(step: Step, state: StepState, data: dict[str, Any] | None) -> Step:
    return replace(step, state=state, ms=look.milliseconds(data) if data else None, detail=data or None)
