"""Reading Dockrion's frames: where a text is in an output, and which events of an agent's own are a tool's."""

from __future__ import annotations

from typing import Any

from desktop.core.adapters.run import Run
from desktop.core.adapters.words import first_text, message_in
from desktop.core.events import AnyEvent, Step, ToolEnded, ToolStarted
from desktop.core.language import mark, tr
from desktop.core.wire.jsontext import parse

#: Events that the server may repeat as a `custom` one right after.
ECHOED = frozenset({"token", "step", "progress", "checkpoint", "heartbeat"})
_TEXTS = ("response", "answer", "output", "text", "content", "message", "result")
_THOUGHTS = frozenset({"reasoning", "thinking", "reasoning_delta"})
_STARTS = frozenset({"tool_call", "tool_start"})
_ENDS = frozenset({"tool_result", "tool_end", "tool_error"})
_COMMON = frozenset({"id", "type", "run_id", "sequence", "timestamp", "request_id"})
_KINDS = (
    ("events_url", mark("This is the server's receipt for a background run, not an answer.")),
    ("input_schema", mark("This is the description of the agent's input and output, not an answer.")),
    ("auth_enabled", mark("This is the server's page about its agent, not an answer.")),
    ("openapi", mark("This is the list of the server's addresses, not an answer.")),
    ("service", mark("This is the server's health report, not an answer.")),
)


def answer_in(output: Any) -> str:
    """The answer in an output: the string itself, that of the first known key, the last message of an agent's list,
    or the only string there is."""
    if isinstance(output, str):
        return output
    if not isinstance(output, dict):
        return ""
    if found := first_text(output, _TEXTS):
        return found
    if found := next((t for key in _TEXTS if isinstance(output.get(key), dict) and (t := answer_in(output[key]))), ""):
        return found
    if found := _last_message(output.get("messages")):
        return found
    strings = [value for value in output.values() if isinstance(value, str) and value]
    return strings[0] if len(strings) == 1 else ""


def thought_in(name: str, data: dict[str, Any]) -> str | None:
    """The piece of reasoning in an agent's own event; None if it is something else."""
    return first_text(data, ("delta", "content", "text")) if name in _THOUGHTS else None


def plain(data: dict[str, Any]) -> dict[str, Any]:
    """An agent's own fields, without those that every event has."""
    return {key: value for key, value in data.items() if key not in _COMMON}


def progress_of(data: dict[str, Any]) -> Step:
    """A progress event: one line that moves."""
    label = str(data.get("step") or "progress")
    amount = data.get("progress")
    done = min(max(float(amount), 0.0), 1.0) if isinstance(amount, int | float) else None
    state = "done" if done == 1.0 else "running"
    return Step(
        step=f"progress-{label}",
        label=label,
        type="phase",
        state=state,  # type: ignore[arg-type]
        progress=done,
        detail=data.get("message"),
    )


def what_it_is(data: dict[str, Any]) -> str | None:
    """Words for an answer that is no run's; None if it is not known."""
    for key, words in _KINDS:
        if key in data:
            return tr(words)
    if data.get("status") == "cancelled" and "run_id" in data:
        return tr("This is the server's word that it marked a run as cancelled, not an answer.")
    if data.get("status") == "ready":
        return tr("This is the server's word that its agent is ready, not an answer.")
    return None


class ToolCalls:
    """Dockrion has no tool events; those that agents send by custom are paired here, by call id or else by name."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._known: set[str] = set()

    def events(self, name: str, data: dict[str, Any]) -> list[AnyEvent] | None:
        """The events of a tool's start or end; None if it is neither."""
        tool = first_text(data, ("tool", "tool_name", "name"))
        if name in _STARTS and tool:
            return [self._started(self._given(data) or self._new(tool), tool, data)]
        if name in _ENDS:
            return self._ended(name, tool, data)
        return None

    def _started(self, call: str, tool: str, data: dict[str, Any]) -> ToolStarted:
        self._known.add(call)
        return ToolStarted(call=call, name=tool, args=_parsed(_first(data, ("arguments", "args", "input"))))

    def _ended(self, name: str, tool: str, data: dict[str, Any]) -> list[AnyEvent] | None:
        given = self._given(data)
        call = given if given in self._known else self._run.oldest_open(tool or None)
        out: list[AnyEvent] = []
        if call is None:
            if not tool:
                return None
            call = given or self._new(tool)
            out.append(self._started(call, tool, data))
        result = _first(data, ("result", "output"))
        failed = _is_failure(name, data, result)
        words = message_in(data.get("error")) or first_text(data, ("message",)) if failed else None
        ms = data.get("duration_ms")
        status = "error" if failed else "ok"
        out.append(ToolEnded(call=call, status=status, result=result, error=words or None, ms=ms))  # type: ignore[arg-type]
        return out

    def _given(self, data: dict[str, Any]) -> str | None:
        """The call's id on the wire. `id` may also be the event's own, which looks like evt-…"""
        found = _first(data, ("call_id", "tool_call_id", "id"))
        return None if found is None or str(found).startswith("evt-") else str(found)

    def _new(self, tool: str) -> str:
        return f"{tool}-{len(self._known) + 1}"


def _is_failure(name: str, data: dict[str, Any], result: Any) -> bool:
    told = name == "tool_error" or data.get("ok") is False or bool(data.get("error"))
    return told or (isinstance(result, dict) and bool(result.get("error")))


def _first(data: dict[str, Any], keys: tuple[str, ...]) -> Any:
    return next((data[key] for key in keys if data.get(key) is not None), None)


def _parsed(args: Any) -> Any:
    """Arguments that came as JSON text, as their value."""
    if not isinstance(args, str):
        return args
    try:
        return parse(args)
    except ValueError:
        return args


def _last_message(messages: Any) -> str:
    """The text of the last message, where the output is a graph's list of them and it is the agent's."""
    last = messages[-1] if isinstance(messages, list) and messages else None
    if not isinstance(last, dict) or last.get("type") in ("human", "tool", "system") or last.get("role") == "user":
        return ""
    content = last.get("content")
    if isinstance(content, list):
        return "".join(first_text(part, ("text",)) for part in content)
    return content if isinstance(content, str) else ""
