"""A conversation as JSON that comes back in, event by event, and the exports of other programs as conversations.

Ours: {"format": "sluice-conversation", "version": 1, "title", "agent", "runs": [{"after", "started", "prompt",
"images", "events": [[at, until, event]]}]}. Times are seconds since 1970; events have the names and fields of
`sluice ask --json`; bytes are base64. Nothing of a connection but its name is in it.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from desktop.core.conversation import ROOT
from desktop.core.eventjson import from_json, to_json
from desktop.core.events import AnyEvent, Raw, RunEnded, TextDelta
from desktop.core.export_sections import Parts
from desktop.core.language import tr
from desktop.core.requests import Image, Prompt
from desktop.core.wire.jsontext import clean

FORMAT = "sluice-conversation"
_TOOLS = ("tool.started", "tool.args", "tool.output", "tool.ended", "step", "agent")


@dataclass(frozen=True, slots=True)
class SavedRun:
    """One run: what was said, and what came of it as (at, until, event); `until` is the last moment of folded text.
    `after` is the number of the run that it goes on from."""

    prompt: Prompt | None
    started: float
    after: int
    events: Sequence[tuple[float, float | None, AnyEvent]]


@dataclass(frozen=True, slots=True)
class Saved:
    """One conversation outside of the store."""

    title: str
    agent: str = ""
    runs: Sequence[SavedRun] = field(default_factory=tuple)


class NotOurs(ValueError):
    """The file is no conversation that is known here; the words are for people."""


def dump(saved: Saved, parts: Parts) -> dict[str, Any]:
    """The conversation as JSON values."""
    runs = [_run(run, parts) for run in saved.runs]
    return {"format": FORMAT, "version": 1, "title": saved.title, "agent": saved.agent, "runs": runs}


def load(data: Any) -> list[Saved]:
    """The conversations in the JSON of a file: ours, or another program's export. Raises NotOurs."""
    try:
        found = list(_load(clean(data)))
    except (KeyError, TypeError, AttributeError, ValueError, IndexError, OverflowError) as error:
        raise NotOurs(tr("The file looks like an export, but something in it cannot be understood.")) from error
    if not found:
        raise NotOurs(tr("This is no export of Sluice, ChatGPT or Claude that can be read."))
    return found


def _load(data: Any) -> Iterator[Saved]:
    if isinstance(data, dict) and data.get("format") == FORMAT:
        yield _ours(data)
    elif isinstance(data, dict):
        yield from _load(data.get("conversations") or ([data] if "mapping" in data or "chat_messages" in data else []))
    elif isinstance(data, list):
        for one in data:
            if isinstance(one, dict) and one.get("format") == FORMAT:
                yield _ours(one)
            elif isinstance(one, dict) and isinstance(one.get("mapping"), dict):
                yield _chatgpt(one)
            elif isinstance(one, dict) and isinstance(one.get("chat_messages"), list):
                yield _claude(one)


# ---- ours


def _run(run: SavedRun, parts: Parts) -> dict[str, Any]:
    out: dict[str, Any] = {"after": run.after, "started": run.started}
    if run.prompt is not None:
        out["prompt"] = run.prompt.text
        out["images"] = [_image(image) for image in run.prompt.images]
    out["events"] = [[at, until, to_json(e, exact=True)] for at, until, e in run.events if _wanted(e, parts)]
    return out


def _image(image: Image) -> dict[str, str]:
    return {"name": image.name, "media": image.media, "data": b64encode(image.data).decode()}


def _wanted(event: AnyEvent, parts: Parts) -> bool:
    if getattr(event, "channel", "") == "reasoning":
        return parts.thinking
    if event.kind in _TOOLS:
        return parts.tools
    return parts.approvals or not event.kind.startswith("ask.")


def _ours(data: dict[str, Any]) -> Saved:
    if data.get("version") != 1:
        raise ValueError("a newer version")
    runs = [_our_run(number, run) for number, run in enumerate(data["runs"])]
    return Saved(str(data.get("title") or ""), str(data.get("agent") or ""), runs)


def _our_run(number: int, data: dict[str, Any]) -> SavedRun:
    prompt = None
    if isinstance(data.get("prompt"), str):
        prompt = Prompt(data["prompt"], tuple(_our_image(image) for image in data.get("images") or ()))
    events = [(float(at), None if until is None else float(until), _event(e)) for at, until, e in data["events"]]
    after = int(data.get("after", number - 1))
    return SavedRun(prompt, float(data["started"]), after if ROOT <= after < number else number - 1, events)


def _our_image(data: dict[str, Any]) -> Image:
    try:
        return Image(str(data["name"]), str(data["media"]), b64decode(data["data"], validate=True))
    except NoBase64 as error:
        raise ValueError("a picture is damaged") from error


def _event(data: Any) -> AnyEvent:
    """The event; one that a newer Sluice wrote stays as it is, unshown."""
    try:
        return from_json(data)
    except ValueError:
        return Raw(name="imported", data=data)


# ---- other programs'


def _said(title: Any, turns: Iterator[tuple[str, str, str, float]]) -> Saved:
    """(role, thought, text, at) in order as runs: each question begins one, what follows belongs to it."""
    runs: list[tuple[Prompt | None, float, list[tuple[float, float | None, AnyEvent]]]] = []
    for number, (role, thought, text, at) in enumerate(turns):
        if role == "user":
            runs.append((Prompt(text), at, []))
            continue
        if not runs:
            runs.append((None, at, []))
        for channel, said in (("reasoning", thought), ("answer", text)):
            if said:
                runs[-1][2].append((at, None, TextDelta(channel=channel, part=str(number), text=said)))  # type: ignore[arg-type]
    ended = [
        SavedRun(prompt, at, n - 1, [*events, (events[-1][0] if events else at, None, RunEnded(status="completed"))])
        for n, (prompt, at, events) in enumerate(runs)
    ]
    return Saved(str(title or ""), "", ended)


def _chatgpt(data: dict[str, Any]) -> Saved:
    """`mapping` is a tree of messages; the branch that ends at `current_node` is the one that was shown."""
    mapping, chain = data["mapping"], list[dict[str, Any]]()
    node = data.get("current_node") or next((k for k in reversed(mapping) if not mapping[k].get("children")), None)
    while node and node in mapping and len(chain) < len(mapping):
        chain.append(mapping[node])
        node = mapping[node].get("parent")
    return _said(data.get("title"), _chatgpt_turns(reversed(chain), float(data.get("create_time") or 0.0)))


def _chatgpt_turns(chain: Iterator[dict[str, Any]], began: float) -> Iterator[tuple[str, str, str, float]]:
    for node in chain:
        message = node.get("message") or {}
        role = (message.get("author") or {}).get("role")
        content = message.get("content") or {}
        text = _chatgpt_text(content)
        thought = "\n\n".join(t.get("content") or "" for t in content.get("thoughts") or () if isinstance(t, dict))
        to_tool = message.get("recipient") not in (None, "all")
        if role in ("user", "assistant") and (text or thought) and not to_tool and not _is_hidden(message):
            yield role, thought, text, float(message.get("create_time") or began)


def _chatgpt_text(content: dict[str, Any]) -> str:
    if content.get("content_type") not in ("text", "multimodal_text"):
        return ""
    missing = f"*({tr('a file that the export does not hold')})*"
    said = (part if isinstance(part, str) else missing for part in content["parts"])
    return "\n\n".join(filter(None, said))


def _is_hidden(message: dict[str, Any]) -> bool:
    return bool((message.get("metadata") or {}).get("is_visually_hidden_from_conversation"))


def _claude(data: dict[str, Any]) -> Saved:
    return _said(data.get("name"), _claude_turns(data["chat_messages"]))


def _claude_turns(messages: Sequence[dict[str, Any]]) -> Iterator[tuple[str, str, str, float]]:
    for message in messages:
        blocks = [block for block in message.get("content") or () if isinstance(block, dict)]
        text = "\n\n".join(b.get("text") or "" for b in blocks if b.get("type") == "text") or message.get("text") or ""
        thought = "\n\n".join(b.get("thinking") or "" for b in blocks if b.get("type") == "thinking")
        for file in message.get("attachments") or ():
            text += f"\n\n{file.get('file_name') or 'A file'}:\n{file.get('extracted_content') or ''}"
        if text or thought:
            role = "user" if message.get("sender") == "human" else "assistant"
            yield role, thought, text.strip(), _seconds(message.get("created_at"))


def _seconds(text: Any) -> float:
    """An ISO date as seconds since 1970; 0 where it is none."""
    from datetime import UTC, datetime

    try:
        when = datetime.fromisoformat(str(text))
    except ValueError:
        return 0.0
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
