"""Conversations that come in: our own JSON, and the exports of ChatGPT and Claude with questions, answers, thoughts,
and tools with what they gave.

The exports of others are specified nowhere; what is not known here is left out, and no more than that."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from desktop.core.events import AnyEvent, RunEnded, TextDelta, ToolEnded, ToolStarted
from desktop.core.exchange.json import FORMAT, Saved, SavedRun, load_ours
from desktop.core.language import tr
from desktop.core.requests import Prompt
from desktop.core.wire.jsontext import clean

Node = dict[str, Any]
_ODD = (KeyError, TypeError, AttributeError, ValueError, IndexError, OverflowError)


class NotOurs(ValueError):
    """The file is no conversation that is known here; the words are for people."""


def load(data: Any) -> tuple[list[Saved], int]:
    """The conversations in the JSON of a file, and how many more could not be understood. Raises NotOurs if there is
    none."""
    found, odd = list[Saved](), 0
    for one in _conversations(clean(data)):
        try:
            found.append(_read(one))
        except _ODD:
            odd += 1
    if odd and not found:
        raise NotOurs(tr("The file looks like an export, but something in it cannot be understood."))
    if not found:
        raise NotOurs(tr("This is no export of Sluice, ChatGPT or Claude that can be read."))
    return found, odd


def _conversations(data: Any) -> Iterator[Node]:
    """Whatever in it looks like a conversation."""
    if isinstance(data, list):
        for one in data:
            if isinstance(one, dict):
                yield from _conversations(one)
    elif isinstance(data, dict):
        known = isinstance(data.get("mapping"), dict) or isinstance(data.get("chat_messages"), list)
        if known or data.get("format") == FORMAT:
            yield data
        elif isinstance(data.get("conversations"), list):
            yield from _conversations(data["conversations"])


def _read(data: Node) -> Saved:
    if data.get("format") == FORMAT:
        return load_ours(data)
    return chatgpt(data) if "mapping" in data else claude(data)


@dataclass
class _Run:
    prompt: Prompt | None
    started: float
    events: list[tuple[float, float | None, AnyEvent]] = field(default_factory=list)


class _Story:
    """Takes what was said in order and makes runs of it: each question begins one."""

    def __init__(self) -> None:
        self._runs: list[_Run] = []
        self._open: list[str] = []  # calls without a result
        self._parts = 0

    def ask(self, text: str, at: float) -> None:
        """The person says something."""
        self._end()
        self._runs.append(_Run(Prompt(text), at))

    def say(self, channel: str, text: str, at: float) -> None:
        """An answer or a thought, as a piece of its own."""
        if text.strip():
            self._parts += 1
            self._add(at, TextDelta(channel=channel, part=str(self._parts), text=text))  # type: ignore[arg-type]

    def call(self, call: str, name: str, args: Any, at: float) -> None:
        """A tool begins."""
        self._open.append(call)
        self._add(at, ToolStarted(call=call, name=name, args=args))

    def give(self, call: str | None, name: str, result: str, at: float, failed: bool = False) -> None:
        """What a tool gave; without a call's name it belongs to the one that waits, or stands for itself."""
        known = call if call in self._open else self._open[0] if call is None and self._open else None
        if known is None:
            self._parts += 1
            known = call or f"call-{self._parts}"
            self.call(known, name, None, at)
        self._open.remove(known)
        error = {"status": "error", "error": result} if failed else {"status": "ok", "result": result or None}
        self._add(at, ToolEnded(call=known, **error))

    def saved(self, title: Any) -> Saved:
        """All of it as a conversation."""
        self._end()
        runs = [SavedRun(run.prompt, run.started, n - 1, run.events) for n, run in enumerate(self._runs)]
        return Saved(str(title or ""), "", runs)

    def _add(self, at: float, event: AnyEvent) -> None:
        if not self._runs:
            self._runs.append(_Run(None, at))
        self._runs[-1].events.append((at, None, event))

    def _end(self) -> None:
        if self._runs:
            run = self._runs[-1]
            at = run.events[-1][0] if run.events else run.started
            for call in self._open:
                self._add(at, ToolEnded(call=call, status="ok"))
            self._add(at, RunEnded(status="completed"))
        self._open.clear()


# ---- ChatGPT


def chatgpt(data: Node) -> Saved:
    """`mapping` is a tree of messages; the branch that ends at `current_node` is the one that was shown."""
    story, began = _Story(), float(data.get("create_time") or 0.0)
    for node in _branch(data):
        message = node.get("message") or {}
        if not (message.get("metadata") or {}).get("is_visually_hidden_from_conversation"):
            _chatgpt_message(story, message, float(message.get("create_time") or began))
    return story.saved(data.get("title"))


def _branch(data: Node) -> Iterator[Node]:
    mapping, chain = data["mapping"], list[Node]()
    node = data.get("current_node") or next((k for k in reversed(mapping) if not mapping[k].get("children")), None)
    while node and node in mapping and len(chain) < len(mapping):
        chain.append(mapping[node])
        node = mapping[node].get("parent")
    return reversed(chain)


def _chatgpt_message(story: _Story, message: Node, at: float) -> None:
    content, author = message.get("content") or {}, message.get("author") or {}
    text = _chatgpt_text(content)
    match author.get("role"):
        case "user" if text:
            story.ask(text, at)
        case "assistant" if message.get("recipient") not in (None, "all"):
            story.call(str(message.get("id") or at), str(message["recipient"]), _arguments(text), at)
        case "assistant":
            thoughts = [t for t in content.get("thoughts") or () if isinstance(t, dict)]
            story.say("reasoning", "\n\n".join(t.get("content") or "" for t in thoughts), at)
            story.say("answer", text, at)
        case "tool" if text:
            story.give(None, str(author.get("name") or ""), text, at)


def _chatgpt_text(content: Node) -> str:
    match content.get("content_type"):
        case "text" | "multimodal_text":
            missing = f"*({tr('a file that the export does not hold')})*"
            said = (part if isinstance(part, str) else missing for part in content["parts"])
            return "\n\n".join(filter(None, said))
        case "code" | "execution_output" | "tether_quote":
            return str(content.get("text") or "")
        case "tether_browsing_display":
            return str(content.get("result") or "")
    return ""


def _arguments(text: str) -> Any:
    """A call's arguments, where they are JSON; else its code."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return found if isinstance(found, dict) else text


# ---- Claude


def claude(data: Node) -> Saved:
    """`chat_messages` are in order; the blocks of each are text, thinking, tool_use and tool_result."""
    story = _Story()
    for message in data["chat_messages"]:
        at = _seconds(message.get("created_at"))
        blocks = [block for block in message.get("content") or () if isinstance(block, dict)]
        blocks = blocks or [{"type": "text", "text": message.get("text") or ""}]
        if message.get("sender") == "human":
            if said := _said(message, blocks):
                story.ask(said, at)
            continue
        for block in blocks:
            _claude_block(story, block, at)
    return story.saved(data.get("name"))


def _said(message: Node, blocks: Sequence[Node]) -> str:
    """A person's words with the texts of their attachments."""
    text = "\n\n".join(b.get("text") or "" for b in blocks if b.get("type") == "text") or message.get("text") or ""
    for file in message.get("attachments") or ():
        text += f"\n\n{file.get('file_name') or 'A file'}:\n{file.get('extracted_content') or ''}"
    return str(text).strip()


def _claude_block(story: _Story, block: Node, at: float) -> None:
    match block.get("type"):
        case "text":
            story.say("answer", block.get("text") or "", at)
        case "thinking":
            story.say("reasoning", block.get("thinking") or "", at)
        case "tool_use":
            story.call(str(block.get("id") or at), str(block.get("name") or ""), block.get("input"), at)
        case "tool_result":
            given = block.get("content") or ""
            pieces = [given] if isinstance(given, str) else [p.get("text") or "" for p in given if isinstance(p, dict)]
            call, failed = block.get("tool_use_id"), block.get("is_error") is True
            name = str(block.get("name") or "")
            story.give(str(call) if call else None, name, "\n".join(filter(None, pieces)), at, failed)


def _seconds(text: Any) -> float:
    """An ISO date as seconds since 1970; 0 where it is none."""
    try:
        when = datetime.fromisoformat(str(text))
    except ValueError:
        return 0.0
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
