"""Items in words: one line for a tool call, a duration, an ending. Shared by rows, exports and the headless twin."""

from __future__ import annotations

from typing import Any

from desktop.core.conversation import AgentItem, EndItem, StepItem, ThoughtItem, ToolItem
from desktop.core.endings import NEVER_SENT, kind_of
from desktop.core.wire.jsontext import compact

TOOL_STATES = {
    "running": "running",
    "ok": "done",
    "error": "failed",
    "denied": "denied",
    "cancelled": "cancelled",
    "unknown": "interrupted",
}
STEP_STATES = {"pending": "to do", "running": "running", "done": "done", "failed": "failed", "skipped": "skipped",
               "waiting": "waits for you"}  # fmt: skip
AGENT_STATES = {"started": "working", "running": "working", "waiting": "waits", "done": "done", "failed": "failed",
                "closed": "ended"}  # fmt: skip
_LINE = 120
_WORKING = "The server may still be working."


def seconds_words(seconds: float) -> str:
    """A duration as people say it: under 0.1 s, 0.2 s, 8 s, 2 min 5 s, 1 h 3 min."""
    if seconds < 0.95:
        return f"{seconds:.1f} s" if seconds >= 0.05 else "under 0.1 s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def arguments_line(value: Any, text: str = "") -> str:
    """Arguments in one line: `city: Oslo, days: 3`; the text as it was streamed where it is no JSON."""
    if isinstance(value, dict):
        line = ", ".join(f"{name}: {v if isinstance(v, str) else compact(v)}" for name, v in value.items())
    elif value is None:
        line = text
    else:
        line = value if isinstance(value, str) else compact(value)
    line = " ".join(line[: 4 * _LINE].split())
    return line if len(line) <= _LINE else line[: _LINE - 1] + "…"


def tool_name(item: ToolItem) -> str:
    """What the call is called, its verb first where there is one."""
    name = item.title or item.name or "tool"
    return f"{item.verb} {name}" if item.verb and item.verb.lower() not in name.lower() else name


def tool_seconds(item: ToolItem, now: float | None = None) -> float | None:
    """How long the call took, as the server told or as seen here; with `now`, how long it has been running."""
    if item.ms is not None:
        return item.ms / 1000
    end = item.ended if item.ended is not None else now
    return None if end is None else max(0.0, end - item.at)


def tool_state(item: ToolItem) -> str:
    """The state in words; a call that a person must allow waits."""
    if item.state == "running" and item.ask is not None:
        return "waits for you"
    return TOOL_STATES[item.state]


def step_line(item: StepItem) -> str:
    """`Label (2 of 5), 40 %, done`."""
    of = f" ({item.n} of {item.of})" if item.n is not None and item.of else ""
    share = f", {item.progress:.0%}" if item.progress is not None and item.state == "running" else ""
    return f"{item.label}{of}{share}, {STEP_STATES[item.state]}"


def agent_line(item: AgentItem) -> str:
    """`researcher, working: find the sources`."""
    task = f": {item.task}" if item.task else ""
    return f"{item.name}, {AGENT_STATES[item.state]}{task}"


def thought_line(item: ThoughtItem, live: bool, now: float | None = None) -> str:
    """`Thinking for 3 s` while it goes on, `Thought for 8 s` after."""
    end = now if live and now is not None else item.ended
    seconds = max(0.0, (end or item.at) - item.at)
    if seconds < 0.05:
        return "Thinking" if live else "Thought"
    return f"Thinking for {seconds_words(seconds)}" if live else f"Thought for {seconds_words(seconds)}"


def ending_line(item: EndItem) -> str:
    """An ending that is not a plain success, in words; the detail is the server's own."""
    kind, said = kind_of(item), item.error.text if item.error else ""
    if item.status == "limit" and item.reason == "too-long" and said:
        return f"Unfinished: {said}"
    words = {
        "interrupted": "Interrupted: Sluice ended before this answer did. What had arrived is kept.",
        "waiting": "Waiting for a person to decide.",
        "stopped": "Stopped by you." if item.reason == "stopped" else "Stopped by the server.",
        "failed": _failed_words(item),
        "unknown": "Not known how it ended; the answer is unfinished.",
        "timed out": "Timed out; the answer is unfinished.",
        "refused": "Refused." if said else "The agent refused to answer.",
        "limit": "Unfinished: the answer reached a limit of the server; it is too long or took too many steps.",
        "calls": "The model wants its caller to run tools, which Sluice does not do.",
        "cut": "Cut off." if said else "Cut off: the stream stopped with no sign of an end. " + _WORKING,
        "whole": "Completed.",
    }[kind]
    if kind not in ("failed", "unknown", "timed out", "refused", "cut") or not said:
        return words
    wait = item.error.retry_after if item.error else None
    return f"{words} {said}" + (f" It asks to wait {seconds_words(wait)}." if wait else "")


def _failed_words(item: EndItem) -> str:
    """Nothing was sent; nothing came; or the answer stopped."""
    if item.error is None:
        return "The run failed; the answer is unfinished."
    if item.error.code in NEVER_SENT:
        return "Not sent."
    return "Failed." if item.error.http or item.error.code == "no-stream" else "Failed; the answer is unfinished."
