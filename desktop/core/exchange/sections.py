"""What an export of a conversation holds, piece by piece. What to leave out is `Parts`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from desktop.core import conversation as c
from desktop.core.asks.words import STATES, answer_words
from desktop.core.branches import shown
from desktop.core.describe import (
    agent_line,
    agent_state,
    ending_line,
    seconds_words,
    shared_seconds,
    step_line,
    steps_line,
    teller,
    thought_line,
    tool_name,
    tool_seconds,
    tool_state,
)
from desktop.core.events import Path
from desktop.core.grouping import Grouping
from desktop.core.language import tr
from desktop.core.requests import Image
from desktop.core.wire.jsontext import compact

When = Callable[[float], str]  # seconds since 1970 to the words of a date


@dataclass(frozen=True, slots=True)
class Parts:
    """What an export holds beside questions and answers."""

    thinking: bool = True
    tools: bool = True
    approvals: bool = True
    timings: bool = True


@dataclass(frozen=True, slots=True)
class Section:
    """One piece of an export. `kind` is heading, speaker, markdown, literal, details or note."""

    kind: str
    text: str
    title: str = ""
    images: tuple[Image, ...] = ()


def sections(conversation: c.Conversation, parts: Parts, agent: str, when: When) -> Iterator[Section]:
    """The branch that is shown, piece by piece."""
    held = shown(conversation)
    grouping = Grouping(held)
    answering = -1
    speaking: Path = ()
    for item in held.items.values():
        if grouping.row_of(item.id) != item.id:
            continue  # another's section says it
        if isinstance(item, c.UserTurn):
            speaking = ()
            yield Section("heading", _timed(tr("You"), item.at, parts, when))
            yield Section("literal", item.text, images=item.images)
            continue
        if item.run != answering:
            answering = item.run
            yield Section("heading", _timed(agent, item.at, parts, when))
        found = list(_section(item, parts, grouping))
        if found and isinstance(item, c.TextItem) and item.path != speaking:
            speaking = item.path
            yield Section("speaker", grouping.name_of(item, agent))
        yield from found


def _timed(name: str, at: float, parts: Parts, when: When) -> str:
    return f"{name}, {when(at)}" if parts.timings else name


def _section(item: c.Item, parts: Parts, grouping: Grouping) -> Iterator[Section]:
    match item:
        case c.AnswerItem() if item.text.strip():
            yield Section("markdown", item.text.strip("\n"))
        case c.ThoughtItem() if parts.thinking and item.text.strip():
            line = thought_line(item, live=False) if parts.timings else tr("Thought")
            yield Section("details", item.text.strip("\n"), line)
        case c.ToolItem() if parts.tools:
            agent = grouping.agent_of(item)
            yield Section("details", _tool_words(item, agent), _tool_line(item, agent, parts))
        case c.StepItem() if parts.tools:
            streak = grouping.streak(item.id)
            yield Section("note", steps_line(streak, parts.timings) if streak is not None else step_line(item))
        case c.AgentItem() if parts.tools:
            yield Section("note", agent_line(item))
        case c.AskItem() if parts.approvals:
            yield Section("note", _ask_line(item))
        case c.NoticeItem():
            yield Section("note", item.text)
        case c.EndItem():
            yield Section("note", ending_line(item))
        case c.SourceItem():
            source = " — ".join(filter(None, (item.title or item.source, item.url)))
            yield Section("note", tr("Source: {source}", source=source))
        case c.FileItem():
            media = item.media or tr("unknown type")
            yield Section("note", tr("File: {name} ({type})", name=item.name or item.part, type=media))


def _tool_line(item: c.ToolItem, agent: c.AgentItem | None, parts: Parts) -> str:
    if agent is None:
        name, state, took = tool_name(item), tool_state(item), tool_seconds(item)
    else:
        told = teller(item, agent)
        name, state = agent.name, agent_state(told) if isinstance(told, c.AgentItem) else tool_state(told)
        took = shared_seconds(item, agent)
    return ", ".join(filter(None, (name, state, seconds_words(took) if took and parts.timings else "")))


def _tool_words(item: c.ToolItem, agent: c.AgentItem | None) -> str:
    """Task, arguments, output and result, each under a word."""
    mine = agent if agent is not None and agent.call == item.call else None
    args = item.args_text if item.args is None else compact(item.args)
    result = "" if item.result is None else item.result if isinstance(item.result, str) else compact(item.result)
    pieces = ((part.name or part.type, part.text or part.new or "") for part in item.parts)
    call = tool_name(item) if agent is not None and tool_name(item) != agent.name else ""
    named = [(tr("call"), call), (tr("task"), mine and mine.task), (tr("arguments"), args)]
    named += [(tr("output"), "".join(item.output)), *pieces]
    if mine is not None and mine.result != item.result:
        named.append((tr("result"), mine.result))
    named += [(tr("result"), result), (tr("error"), item.error or (mine and mine.error))]
    return "\n\n".join(f"{name}:\n{text}" for name, text in named if text)


def _ask_line(item: c.AskItem) -> str:
    how = answer_words(item) or tr(STATES[item.state])
    return tr("Approval of {what}: {how}", what=item.tool or item.text or tr("a request"), how=how)
