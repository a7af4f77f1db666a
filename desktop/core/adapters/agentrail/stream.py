"""What Agentrail streams: one JSON object a line, bare or dressed as server-sent events, under `text/plain`.

The wire repeats the whole message twice with each piece of text, so a stream grows with the square of the answer.
Only the piece is used; the message is looked at once, when it ends. The body stays open and silent while a person
decides; the answer goes over a second request. Only the end of the body is the end of the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from desktop.core.adapters.agentrail.agents import Agents
from desktop.core.adapters.agentrail.asks import Asks
from desktop.core.adapters.agentrail.shapes import blocks, count, picture, result_of, result_text, usage_of
from desktop.core.adapters.base import Adapter
from desktop.core.adapters.run import Events, Run
from desktop.core.adapters.words import first_text, message_in
from desktop.core.events import (
    AnyEvent,
    Channel,
    ContextChanged,
    Failure,
    FileShown,
    Notice,
    Path,
    Raw,
    RunEnded,
    RunStarted,
    RunStatus,
    SessionInfo,
    Step,
    TextDelta,
    TextSet,
    ToolArgs,
    ToolEnded,
    ToolOutput,
    ToolStarted,
    Usage,
)
from desktop.core.language import mark, tr
from desktop.core.requests import Prompt, Talk
from desktop.core.wire.frames import Frame
from desktop.core.wire.jsontext import parse
from desktop.core.wire.ndjson import NdjsonFramer

_OLD_NAMES = {
    "agent_start": "session.start", "agent_end": "session.end", "turn_start": "turn.start",
    "turn_end": "turn.complete", "message_start": "message.start", "message_update": "message.update",
    "message_end": "message.end", "tool_execution_start": "tool.before", "tool_execution_update": "tool.update",
    "tool_execution_end": "tool.after",
}  # fmt: skip
_CHANNELS: dict[str, Channel] = {"text_delta": "answer", "thinking_delta": "reasoning"}
_SILENT = ("text_start", "text_end", "thinking_start", "thinking_end")
_BLOCK_TEXTS: tuple[tuple[str, Channel], ...] = (("text", "answer"), ("thinking", "reasoning"))
_STOPS: dict[str, RunStatus] = {"error": "failed", "aborted": "cancelled", "length": "limit"}


@dataclass(slots=True)
class _Lane:
    """What is going on in one agent's lane. `message` counts its assistant messages; `parts` are the text parts of
    the present one, `calls` its tool calls by content index."""

    path: Path
    message: int = 0
    turn: int = 0
    assistant: bool = True
    ended: bool = False
    parts: dict[Channel, dict[str, None]] = field(default_factory=lambda: {"answer": {}, "reasoning": {}})
    calls: dict[int, str] = field(default_factory=dict)

    def begin(self, assistant: bool) -> None:
        """A message starts; those of the user and of tools draw nothing."""
        self.assistant, self.ended = assistant, False
        if assistant:
            self.message += 1
            self.parts = {"answer": {}, "reasoning": {}}
            self.calls = {}

    def end(self) -> None:
        """The message is over: what comes without a start is the assistant's."""
        self.assistant = self.ended = True

    def wake(self) -> None:
        """A piece came; it opens a message if none is open."""
        if self.ended:
            self.begin(True)


class AgentrailStream(Run):
    """The reading half of a run: frames to events."""

    framer = NdjsonFramer
    stream_types = (
        "text/plain", "application/x-ndjson", "application/ndjson", "application/jsonl", "application/json",
        "text/event-stream",
    )  # fmt: skip

    def __init__(self, adapter: Adapter, prompt: Prompt, talk: Talk) -> None:
        super().__init__(adapter, prompt, talk)
        self._agents = Agents()
        self._asks = Asks()
        self._lanes: dict[Path, _Lane] = {}
        self._homes: dict[str, Path] = {}  # tool call -> the lane that announced it
        self._untyped: Any = None  # an object that is no event: perhaps the whole answer
        self._begun = self._model_told = self._session_over = False
        self._outcome: RunEnded | None = None  # what the last message or a limit says of the ending
        self._failure: Failure | None = None

    # ---- the stream

    @property
    def over(self) -> bool:
        """The session's end is the run's; figures and words of other agents may follow it."""
        return self._session_over

    def on_open(self) -> Events:
        """The session's id is in the head, so that even a cancelled first turn has one."""
        session = self.headers.get("x-session-id")
        if self.status >= 400 or not session:
            return []
        self.session_id = session
        return [SessionInfo(session_id=session)]

    def on_frame(self, frame: Frame) -> Events:
        if not frame.data or frame.data == "[DONE]":
            return []
        data = parse(frame.data)
        if isinstance(data, dict) and "type" not in data and not self._begun and self._untyped is None:
            self._untyped = data
            return []
        kind = _OLD_NAMES.get(data["type"], data["type"])
        if not isinstance(kind, str):
            raise TypeError("the type is no text")
        if self._session_over and kind != "context_usage" and not count(data.get("depth")):
            return []  # the run has ended; nothing later changes it
        read = _READERS.get(kind)
        if read is None and kind not in Agents.READS:
            return [*self._begin(data), Raw(name=kind, data=data)]
        events = list(self._agents.read(kind, data) if read is None else read(self, data))
        return [*self._begin(data), *events]

    def on_end(self) -> Events:
        """The end of the body. Without `session.end` it was cut, unless the model's own failure was told."""
        if self._untyped is not None and not self._begun:
            return self.on_whole(self._untyped)
        if self._outcome is not None and (self._session_over or self._outcome.status == "failed"):
            return [self._outcome]
        if self._session_over:
            return [RunEnded(status="completed")]
        if self._failure is not None:
            return [RunEnded(status="failed", reason="error", error=self._failure)]
        return [RunEnded(status="cut", reason="no-end")]

    def _begin(self, data: dict[str, Any]) -> list[AnyEvent]:
        if self._begun:
            return []
        self._begun = True
        self.run_id = first_text(data, ("chainId",)) or None
        return [RunStarted(run_id=self.run_id, session_id=self.session_id, agent=self.adapter.connection.agent)]

    def _lane(self, data: dict[str, Any], events: list[AnyEvent]) -> _Lane:
        path = self._agents.lane(count(data.get("depth")), events)
        lane = self._lanes.get(path)
        if lane is None:
            lane = self._lanes[path] = _Lane(path)
        return lane

    # ---- sessions and turns

    def _session_start(self, data: dict[str, Any]) -> Events:
        events: list[AnyEvent] = []
        self._lane(data, events)
        return events

    def _session_end(self, data: dict[str, Any]) -> Events:
        events: list[AnyEvent] = []
        path = self._lane(data, events).path
        if path:
            return [*events, *self._agents.lane_ended(path, "done")]
        self._session_over = True
        usage = usage_of(data.get("usage"), "run")
        return [usage] if usage else []

    def _turn_start(self, data: dict[str, Any]) -> Events:
        events: list[AnyEvent] = []
        lane = self._lane(data, events)
        lane.turn += 1
        return [*events, self._turn(lane, "running")]

    def _turn_complete(self, data: dict[str, Any]) -> Events:
        events: list[AnyEvent] = []
        lane = self._lane(data, events)
        events += self._asks.over(lane.path, self.open_asks)
        return [*events, self._turn(lane, "done")] if lane.turn else events

    def _turn(self, lane: _Lane, state: Any) -> Step:
        name = "/".join((*lane.path, f"turn {lane.turn}"))
        return Step(path=lane.path, step=name, label=tr("Turn {turn}", turn=lane.turn), state=state, n=lane.turn)

    def _max_turns(self, data: dict[str, Any]) -> Events:
        events: list[AnyEvent] = []
        path = self._lane(data, events).path
        turns = count(data.get("turnCount"))
        told = mark("The agent reached its limit of {turns} turns.") if turns else mark("The agent reached its limit.")
        if not path:
            self._outcome = RunEnded(status="limit", reason="turns")
        return [*events, Notice(path=path, level="warning", text=tr(told, turns=turns), code="limit")]

    def _error(self, data: dict[str, Any]) -> Events:
        """The root's error is the end. While a skill is open an error without a depth may be the skill's own."""
        events: list[AnyEvent] = []
        path = self._lane(data, events).path
        said = message_in(data.get("error")) or message_in(data)
        failure = Failure(tr("The agent failed: {said}", said=said) if said else tr("The agent failed."), code="error")
        if path:
            self._failure = failure
            return [*events, *self._agents.lane_ended(path, "failed", said or None)]
        return [RunEnded(status="failed", reason="error", error=failure)]

    # ---- messages

    def _message_start(self, data: dict[str, Any]) -> Events:
        events: list[AnyEvent] = []
        lane = self._lane(data, events)
        message = data.get("message") or {}
        lane.begin(message.get("role", "assistant") == "assistant")
        if not lane.path and not self._model_told and (model := first_text(message, ("modelId",))):
            self._model_told = True
            self.run_id = self.run_id or first_text(data, ("chainId",)) or None
            events += [*self._begin(data), RunStarted(run_id=self.run_id, session_id=self.session_id, model=model)]
        return events

    def _message_update(self, data: dict[str, Any]) -> Events:
        events: list[AnyEvent] = []
        lane = self._lane(data, events)
        event = data["event"] if isinstance(data.get("event"), dict) else {}
        kind, place, delta = first_text(event, ("type",)), count(event.get("contentIndex")) or 0, event.get("delta")
        if not lane.assistant:
            return events
        if kind in _CHANNELS and isinstance(delta, str):
            events.append(self._piece(lane, _CHANNELS[kind], place, delta))
        elif isinstance(data.get("delta"), str):  # the flat form of the guide
            events.append(self._piece(lane, "answer", 0, data["delta"]))
        elif kind.startswith("toolcall_"):
            events += self._call_piece(lane, kind, place, event)
        elif kind not in _SILENT:  # kept without the two copies of the message
            rest = {name: value for name, value in event.items() if name != "partial"}
            events.append(Raw(name=f"message.update {kind}".rstrip(), data=rest))
        return events

    def _piece(self, lane: _Lane, channel: Channel, place: int, text: str) -> TextDelta:
        lane.wake()
        part = f"{lane.message}.{place}"
        lane.parts[channel][part] = None
        return TextDelta(path=lane.path, channel=channel, part=part, text=text)

    def _call_piece(self, lane: _Lane, kind: str, place: int, event: dict[str, Any]) -> Events:
        lane.wake()
        block = event.get("toolCall") or _block_at(event.get("partial"), place)
        call = lane.calls.get(place) or first_text(block, ("id",))
        if not call:
            return
        if place not in lane.calls:
            lane.calls[place] = call
            self._homes[call] = lane.path
            yield ToolStarted(path=lane.path, call=call, name=first_text(block, ("name",)) or "tool")
        if kind == "toolcall_delta" and (delta := first_text(event, ("delta",))):
            yield ToolArgs(path=lane.path, call=call, delta=delta)
        elif kind == "toolcall_end":
            self._asks.args[call] = block.get("arguments")

    def _message_end(self, data: dict[str, Any]) -> Events:
        events: list[AnyEvent] = []
        lane = self._lane(data, events)
        lane.end()
        message = data.get("message")
        if not isinstance(message, dict) or message.get("role", "assistant") != "assistant":
            return events
        events += self._whole_message(lane, blocks(message.get("content")))
        usage = usage_of(message.get("usage"), "call")
        if usage is not None and not lane.path:
            events.append(usage)
        return [*events, *self._stopped_by(lane, message)]

    def _whole_message(self, lane: _Lane, content: list[dict[str, Any]]) -> Events:
        """The text of a finished message replaces what was streamed of it, if it differs."""
        for key, channel in _BLOCK_TEXTS:
            whole = {f"{lane.message}.{i}": text for i, b in enumerate(content) if (text := first_text(b, (key,)))}
            streamed = "".join(self.part_text(part, lane.path, channel) for part in lane.parts[channel])
            if not whole or "".join(whole.values()) == streamed:
                continue
            for part in lane.parts[channel].keys() - whole.keys():
                yield TextSet(path=lane.path, channel=channel, part=part, text="")
            for part, text in whole.items():
                yield TextSet(path=lane.path, channel=channel, part=part, text=text)
        for place, block in enumerate(content):
            if block.get("type") == "toolCall" and isinstance(block.get("id"), str):
                self._asks.args[block["id"]] = block.get("arguments")
            elif (shown := picture(block)) is not None:
                media, octets, url = shown
                yield FileShown(path=lane.path, part=f"{lane.message}.{place}", media=media, data=octets, url=url)

    def _stopped_by(self, lane: _Lane, message: dict[str, Any]) -> Events:
        """What the message's stop reason says of the ending. A model's failure is told here and nowhere else."""
        reason = message.get("stopReason")
        said = first_text(message, ("errorMessage",))
        status = _STOPS.get(reason) if isinstance(reason, str) else None
        if lane.path:
            return self._agents.lane_ended(lane.path, "failed", said or reason) if status == "failed" else []
        if status is not None:
            words = tr("The model failed: {said}", said=said) if said else tr("The model failed.")
            failure = Failure(words, code="model") if status == "failed" else None
            self._outcome = RunEnded(status=status, reason=reason, error=failure)
        elif self._outcome is not None and self._outcome.reason != "turns":
            self._outcome = None  # a later message went well
        return []

    # ---- tools and asks

    def _home(self, data: dict[str, Any], events: list[AnyEvent]) -> tuple[str, Path]:
        """The call's id and the lane that announced it; a skill may be open around a call of the root."""
        call = first_text(data, ("toolCallId",))
        if not call:
            raise KeyError("toolCallId")
        if call not in self._homes:
            self._homes[call] = self._lane(data, events).path
        return call, self._homes[call]

    def _tool_before(self, data: dict[str, Any]) -> Events:
        events: list[AnyEvent] = []
        call, path = self._home(data, events)
        args, name = data.get("args"), first_text(data, ("toolName",)) or "tool"
        events += self._asks.begun(call, self.open_asks)
        return [*events, ToolStarted(path=path, call=call, name=name, args=args)]

    def _tool_update(self, data: dict[str, Any]) -> Events:
        events: list[AnyEvent] = []
        call, path = self._home(data, events)
        partial = data.get("partialResult")
        return [*events, ToolOutput(path=path, call=call, preview=result_text(partial) or partial)]

    def _tool_after(self, data: dict[str, Any]) -> Events:
        events: list[AnyEvent] = []
        call, path = self._home(data, events)
        flag = data.get("isError")
        status, result, parts, error = result_of(data.get("result"), flag if isinstance(flag, bool) else None)
        if call in self._asks.denied:
            status = "denied"
        events += self._asks.finished(call, result_text(data.get("result")), self.open_asks)
        return [*events, ToolEnded(path=path, call=call, status=status, result=result, parts=parts, error=error)]

    def _ask(self, data: dict[str, Any]) -> Events:
        events: list[AnyEvent] = []
        path = self._home(data, events)[1] if first_text(data, ("toolCallId",)) else self._lane(data, events).path
        return [*events, self._asks.opened(data, path)]

    def _permission_resolved(self, data: dict[str, Any]) -> Events:
        return self._asks.resolved(data, self.open_asks)

    # ---- context

    def _compaction(self, data: dict[str, Any]) -> Events:
        events: list[AnyEvent] = []
        path = self._lane(data, events).path
        before, after = count(data.get("messagesBefore")), count(data.get("messagesAfter"))
        return [*events, ContextChanged(path=path, state="compacted", before=before, after=after)]

    def _context_usage(self, data: dict[str, Any]) -> Events:
        used, given, percent = (count(data.get(n)) for n in ("inputTokens", "outputTokens", "budgetUsedPct"))
        return [Usage(scope="session", input=used, output=given, context_pct=percent)]


_READERS: dict[str, Callable[[AgentrailStream, dict[str, Any]], Iterable[AnyEvent]]] = {
    "session.start": AgentrailStream._session_start,
    "session.end": AgentrailStream._session_end,
    "turn.start": AgentrailStream._turn_start,
    "turn.complete": AgentrailStream._turn_complete,
    "message.start": AgentrailStream._message_start,
    "message.update": AgentrailStream._message_update,
    "message.end": AgentrailStream._message_end,
    "tool.before": AgentrailStream._tool_before,
    "tool.update": AgentrailStream._tool_update,
    "tool.after": AgentrailStream._tool_after,
    "waiting_for_user_input": AgentrailStream._ask,
    "permission_request": AgentrailStream._ask,
    "permission_resolved": AgentrailStream._permission_resolved,
    "max_turns_reached": AgentrailStream._max_turns,
    "compaction": AgentrailStream._compaction,
    "context_compaction_start": lambda run, data: [ContextChanged(state="compacting")],
    "context_compaction_end": lambda run, data: [ContextChanged(state="compacted")],
    "context_usage": AgentrailStream._context_usage,
    "error": AgentrailStream._error,
}


def _block_at(partial: Any, place: int) -> dict[str, Any]:
    content = blocks(partial.get("content")) if isinstance(partial, dict) else []
    return content[place] if 0 <= place < len(content) else {}
