"""Items in words: one line for a tool call, a duration, an ending. Shared by rows, exports and the headless twin."""

from __future__ import annotations

from typing import Any

from desktop.core.conversation import AgentItem, EndItem, StepItem, ThoughtItem, ToolItem
from desktop.core.endings import NEVER_SENT, Kind, kind_of
from desktop.core.grouping import Streak
from desktop.core.language import mark, number, tr, trn
from desktop.core.wire.jsontext import compact

_TOOL_STATES = {
    "running": mark("running"), "ok": mark("done"), "error": mark("failed"), "denied": mark("denied"),
    "cancelled": mark("cancelled"), "unknown": mark("interrupted"),
}  # fmt: skip
_STEP_STATES = {
    "pending": mark("to do"), "running": mark("running"), "done": mark("done"), "failed": mark("failed"),
    "skipped": mark("skipped"), "waiting": mark("waits for you"),
}  # fmt: skip
_AGENT_STATES = {
    "started": mark("working"), "running": mark("working"), "waiting": mark("waits"), "done": mark("done"),
    "failed": mark("failed"), "closed": mark("ended"),
}  # fmt: skip
_LINE = 120


def seconds_words(seconds: float) -> str:
    """A duration as people say it: under 0.1 s, 0.2 s, 8 s, 2 min 5 s, 1 h 3 min."""
    if seconds < 0.95:
        return tr("{n} s", n=number(seconds, 1)) if seconds >= 0.05 else tr("under {n} s", n=number(0.1, 1))
    whole = round(seconds)
    if whole < 60:
        return tr("{n} s", n=whole)
    minutes, rest = divmod(whole, 60)
    if whole >= 3600:
        return tr("{hours} h {minutes} min", hours=minutes // 60, minutes=minutes % 60)
    return tr("{minutes} min {seconds} s", minutes=minutes, seconds=rest) if rest else tr("{n} min", n=minutes)


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
    name = item.title or item.name or tr("tool")
    return f"{item.verb} {name}" if item.verb and item.verb.lower() not in name.lower() else name


def tool_seconds(item: ToolItem, now: float | None = None) -> float | None:
    """How long the call took, as the server told or as seen here; with `now`, how long it has been running."""
    if item.ms is not None:
        return item.ms / 1000
    end = item.ended if item.ended is not None else now
    return None if end is None else max(0.0, end - item.at)


def agent_seconds(item: AgentItem, now: float | None = None) -> float | None:
    """How long an agent worked; with `now`, how long it has been working. None for one that came and went at once."""
    end = item.ended if item.ended is not None else now
    return None if end is None or end - item.at < 0.05 else end - item.at


def tool_state(item: ToolItem) -> str:
    """The state in words; a call that a person must allow waits."""
    if item.state == "running" and item.ask is not None:
        return tr("waits for you")
    return tr(_TOOL_STATES[item.state])


def step_state(item: StepItem) -> str:
    """The state of a step in words."""
    return tr(_STEP_STATES[item.state])


def agent_state(item: AgentItem) -> str:
    """The state of an agent in words."""
    return tr(_AGENT_STATES[item.state])


def step_line(item: StepItem) -> str:
    """`Label (2 of 5), 40 %, done`."""
    of = f" ({tr('{n} of {of}', n=item.n, of=item.of)})" if item.n is not None and item.of else ""
    goes_on = item.state == "running" and item.progress is not None
    share = f", {tr('{n} %', n=round(100 * (item.progress or 0)))}" if goes_on else ""
    return f"{item.label}{of}{share}, {step_state(item)}"


def agent_line(item: AgentItem) -> str:
    """`researcher, working: find the sources`."""
    task = f": {item.task}" if item.task else ""
    return f"{item.name}, {agent_state(item)}{task}"


def is_at_work(item: AgentItem) -> bool:
    """Whether an agent is not done."""
    return item.state in ("started", "running", "waiting")


def teller(tool: ToolItem, agent: AgentItem) -> ToolItem | AgentItem:
    """Whose state the row that a call shares with its agent tells: the agent's while all goes well and it is this call
    that it works on."""
    smooth = tool.state in ("running", "ok") and tool.ask is None and agent.call == tool.call
    return agent if smooth and agent.state != "closed" else tool


def shared_seconds(tool: ToolItem, agent: AgentItem, now: float | None = None) -> float | None:
    """How long a call and its agent took; with `now`, how long they have been at it."""
    if now is not None and agent.call == tool.call and is_at_work(agent):
        return max(0.0, now - tool.at)
    return tool_seconds(tool, now if tool.state == "running" else None)


def steps_title(streak: Streak) -> str:
    """`7 steps`."""
    return trn("{n} step", "{n} steps", len(streak))


def steps_labels(streak: Streak) -> str:
    """`plan, search, write`; of very many, those of the first."""
    return ", ".join(streak.labels) + (" …" if streak.is_sampled else "")


def steps_time(streak: Streak) -> str:
    """How long the steps took together; empty where that is next to nothing."""
    return seconds_words(streak.seconds) if streak.seconds >= 0.05 else ""


def steps_words(streak: Streak) -> str:
    """`7 steps: plan, search, write`."""
    return f"{steps_title(streak)}: {steps_labels(streak)}"


def steps_line(streak: Streak, timed: bool = True) -> str:
    """`7 steps: plan, search, write, done, 12 s`."""
    return ", ".join(filter(None, (steps_words(streak), tr(_STEP_STATES["done"]), steps_time(streak) if timed else "")))


def thought_line(item: ThoughtItem, live: bool, now: float | None = None) -> str:
    """`Thinking for 3 s` while it goes on, `Thought for 8 s` after."""
    end = now if live and now is not None else item.ended
    seconds = max(0.0, (end or item.at) - item.at)
    if seconds < 0.05:
        return tr("Thinking") if live else tr("Thought")
    took = seconds_words(seconds)
    return tr("Thinking for {time}", time=took) if live else tr("Thought for {time}", time=took)


def ending_line(item: EndItem) -> str:
    """An ending that is not a plain success, in words; the detail is the server's own."""
    kind, said = kind_of(item), item.error.text if item.error else ""
    if item.status == "limit" and item.reason == "too-long" and said:
        return tr("Unfinished: {words}", words=said)
    words = tr(_ending_words(item, kind, bool(said)))
    if kind not in ("failed", "unknown", "timed out", "refused", "cut") or not said:
        return words
    wait = item.error.retry_after if item.error else None
    asks = tr("It asks to wait {time}.", time=seconds_words(wait)) if wait else ""
    return " ".join(filter(None, (words, said, asks)))


_ENDINGS = {
    "interrupted": mark("Interrupted: Sluice ended before this answer did. What had arrived is kept."),
    "waiting": mark("Waiting for a person to decide."),
    "stopped": mark("Stopped by the server."),
    "unknown": mark("Not known how it ended; the answer is unfinished."),
    "timed out": mark("Timed out; the answer is unfinished."),
    "refused": mark("The agent refused to answer; the answer is unfinished."),
    "limit": mark("Unfinished: the answer reached a limit of the server; it is too long or took too many steps."),
    "calls": mark("Unfinished: the model wants its caller to run tools, which Sluice does not do."),
    "cut": mark("Cut off: the stream stopped with no sign of an end. The server may still be working."),
    "whole": mark("Completed."),
}


def _ending_words(item: EndItem, kind: Kind, has_detail: bool) -> str:
    match kind:
        case "failed":
            return _failed_words(item)
        case "stopped" if item.reason == "stopped":
            return mark("Stopped by you.")
        case "refused" if has_detail:
            return mark("Refused; the answer is unfinished.") if item.status == "refused" else mark("Refused.")
        case "cut" if has_detail:
            return mark("Cut off.")
    return _ENDINGS[kind]


def _failed_words(item: EndItem) -> str:
    """Nothing was sent; nothing came; or the answer stopped."""
    if item.error is None:
        return mark("The run failed; the answer is unfinished.")
    if item.error.code in NEVER_SENT:
        return mark("Not sent.")
    if item.error.http or item.error.code == "no-stream":
        return mark("Failed.")
    return mark("Failed; the answer is unfinished.")
