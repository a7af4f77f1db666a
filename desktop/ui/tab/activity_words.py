"""What the activity list says of an item: its line, its state, and the whole of it below."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from desktop.core import describe
from desktop.core.asks.visible import marked
from desktop.core.conversation import AgentItem, Item, StepItem, ToolItem
from desktop.core.grouping import Streak
from desktop.core.language import tr, trn

_MOST_TEXT = 400_000  # characters of a detail; more is said
_MOST_STEPS = 2_000
_TOOL_MARKS = {"ok": "ok", "error": "error", "denied": "error", "running": "run"}
_MARKS = {"done": "ok", "failed": "error", "waiting": "wait"}


@dataclass(frozen=True, slots=True)
class Words:
    """One row: the line, the state with how long it took, and the name of an icon."""

    line: str
    state: str
    icon: str


def tool_words(item: ToolItem, agent: AgentItem | None, now: float) -> Words:
    """A call, and the agent that it brought."""
    if agent is not None:
        seconds = describe.shared_seconds(item, agent, now)
    else:
        seconds = describe.tool_seconds(item, now if item.state == "running" else None)
    args = describe.arguments_line(item.args, item.args_text)
    if agent is None:
        line = f"{describe.tool_name(item)}  {args}".rstrip()
    else:
        line = _agent_line(agent.name, (agent.task if agent.call == item.call else None) or args)
    line = marked(line)
    if agent is not None and describe.teller(item, agent) is agent:
        return Words(line, _timed(describe.agent_state(agent), seconds), _MARKS.get(agent.state, "run"))
    icon = "wait" if item.state == "running" and item.ask else _TOOL_MARKS.get(item.state, "stop")
    return Words(line, _timed(describe.tool_state(item), seconds), icon)


def agent_words(item: AgentItem, now: float) -> Words:
    """An agent that no call brought."""
    seconds = describe.agent_seconds(item, now if describe.is_at_work(item) else None)
    state = _timed(describe.agent_state(item), seconds)
    return Words(marked(_agent_line(item.name, item.task)), state, _MARKS.get(item.state, "run"))


def step_words(item: StepItem) -> Words:
    """One step."""
    return Words(item.label or item.step, describe.step_state(item), _MARKS.get(item.state, "run"))


def streak_words(streak: Streak) -> Words:
    """Finished steps that share a row."""
    seconds = streak.seconds if streak.seconds >= 0.05 else None
    return Words(
        describe.steps_words(streak),
        _timed(describe.step_state(streak.lead), seconds),
        "ok",
    )


def _agent_line(name: str, task: str | None) -> str:
    return f"{name}: {task}" if task else name


def _timed(state: str, seconds: float | None) -> str:
    return state if seconds is None else f"{state}  {describe.seconds_words(seconds)}"


def detail_text(item: Item, agent: AgentItem | None = None, streak: Streak | None = None) -> str:
    """The whole of a row as plain text: task, arguments, result, error; of steps one line each."""
    if streak is not None:
        return "\n".join(describe.step_line(step) for step in streak.steps[:_MOST_STEPS])
    sections: list[tuple[str, Any]] = []
    if isinstance(item, ToolItem):
        mine = agent if agent is not None and agent.call == item.call else None
        sections = [
            (tr("Task"), mine and mine.task),
            (tr("Arguments"), item.args if item.args is not None else item.args_text),
            (tr("Output"), "".join(item.output) or item.preview),
            (tr("Result"), mine.result if mine is not None and mine.result != item.result else None),
            (tr("Result"), item.result),
            *((tr("Result"), part.text) for part in item.parts if part.text),
            (tr("Error"), item.error or (mine and mine.error)),
        ]
    elif isinstance(item, StepItem):
        sections = [(tr("Detail"), item.detail)]
    elif isinstance(item, AgentItem):
        sections = [(tr("Task"), item.task), (tr("Result"), item.result), (tr("Error"), item.error)]
    text = "\n\n".join(f"{name}\n{_pretty(value)}" for name, value in sections if value not in (None, "", [], {}))
    if len(text) > _MOST_TEXT:
        more = trn(
            "… {n} more character is not shown here.",
            "… {n} more characters are not shown here.",
            len(text) - _MOST_TEXT,
        )
        text = f"{text[:_MOST_TEXT]}\n{more}"
    return marked(text)


def _pretty(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2, default=str)
