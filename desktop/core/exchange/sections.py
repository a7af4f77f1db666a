"""What an export of a conversation holds, piece by piece. What to leave out is `Parts`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from desktop.core import conversation as c
from desktop.core.asks.words import STATES, answer_words
from desktop.core.branches import shown
from desktop.core.describe import (
    agent_line,
    ending_line,
    seconds_words,
    step_line,
    thought_line,
    tool_name,
    tool_seconds,
    tool_state,
)
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
    """One piece of an export. `level` 1 is a turn's heading; `kind` is heading, markdown, literal, details or note."""

    kind: str
    text: str
    title: str = ""
    images: tuple[Image, ...] = ()


def sections(conversation: c.Conversation, parts: Parts, agent: str, when: When) -> Iterator[Section]:
    """The branch that is shown, piece by piece."""
    held = shown(conversation)
    answering = -1
    for item in held.items.values():
        if isinstance(item, c.UserTurn):
            yield Section("heading", _timed(tr("You"), item.at, parts, when))
            yield Section("literal", item.text, images=item.images)
            continue
        if item.run != answering:
            answering = item.run
            yield Section("heading", _timed(agent, item.at, parts, when))
        yield from _section(item, parts)


def _timed(name: str, at: float, parts: Parts, when: When) -> str:
    return f"{name}, {when(at)}" if parts.timings else name


def _section(item: c.Item, parts: Parts) -> Iterator[Section]:
    match item:
        case c.AnswerItem() if item.text.strip():
            yield Section("markdown", item.text.strip("\n"))
        case c.ThoughtItem() if parts.thinking and item.text.strip():
            line = thought_line(item, live=False) if parts.timings else tr("Thought")
            yield Section("details", item.text.strip("\n"), line)
        case c.ToolItem() if parts.tools:
            yield Section("details", _tool_words(item), _tool_line(item, parts))
        case c.StepItem() if parts.tools:
            yield Section("note", step_line(item))
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


def _tool_line(item: c.ToolItem, parts: Parts) -> str:
    took = tool_seconds(item) if parts.timings else None
    return ", ".join(filter(None, (tool_name(item), tool_state(item), seconds_words(took) if took else "")))


def _tool_words(item: c.ToolItem) -> str:
    """Arguments, output and result, each under a word."""
    args = item.args_text if item.args is None else compact(item.args)
    result = "" if item.result is None else item.result if isinstance(item.result, str) else compact(item.result)
    pieces = ((part.name or part.type, part.text or part.new or "") for part in item.parts)
    named = [(tr("arguments"), args), (tr("output"), "".join(item.output)), *pieces, (tr("result"), result)]
    named.append((tr("error"), item.error or ""))
    return "\n\n".join(f"{name}:\n{text}" for name, text in named if text)


def _ask_line(item: c.AskItem) -> str:
    how = answer_words(item) or tr(STATES[item.state])
    return tr("Approval of {what}: {how}", what=item.tool or item.text or tr("a request"), how=how)
