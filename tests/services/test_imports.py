"""Exports of ChatGPT and Claude as they are handed out: with tools, hidden messages, pictures that are not there, and
conversations that make no sense among many that do."""

from __future__ import annotations

import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from desktop.core.conversation import AnswerItem, Conversation, ThoughtItem, ToolItem, UserTurn
from desktop.services.history import History
from desktop.services.history.library import Library, Wanted
from desktop.services.paths import Paths
from tests.services.histories import START


@pytest.fixture
async def library(tmp_path: Path) -> AsyncIterator[Library]:
    history = History(Paths(tmp_path / "data"))
    yield Library(history)
    await history.close()


def told(held: Conversation) -> list[tuple[str, str]]:
    """(kind, text) of everything in order; a tool with its arguments and its result or error."""
    out = []
    for item in held.items.values():
        match item:
            case UserTurn():
                out.append(("asked", item.text))
            case AnswerItem():
                out.append(("answer", item.text))
            case ThoughtItem():
                out.append(("thought", item.text))
            case ToolItem():
                out.append((f"{item.name} {item.state}", f"{item.args} -> {item.result or item.error}"))
    return out


def message(name: str, role: str, content: dict[str, Any], **more: Any) -> dict[str, Any]:
    author = {"role": role, "name": more.pop("tool", None), "metadata": {}}
    return {
        "id": name, "author": author, "create_time": START, "update_time": None, "content": content,
        "status": "finished_successfully", "end_turn": None, "weight": 1.0, "metadata": {}, "recipient": "all",
        "channel": None, **more,
    }  # fmt: skip


def said(*parts: Any) -> dict[str, Any]:
    kind = "text" if all(isinstance(part, str) for part in parts) else "multimodal_text"
    return {"content_type": kind, "parts": list(parts)}


def tree(title: str, *messages: dict[str, Any] | None) -> dict[str, Any]:
    """A conversation whose messages follow one another."""
    mapping: dict[str, Any] = {"root": {"id": "root", "message": None, "parent": None, "children": []}}
    last = "root"
    for one in messages:
        name = one["id"] if one else f"empty{len(mapping)}"
        mapping[last]["children"].append(name)
        mapping[name] = {"id": name, "message": one, "parent": last, "children": []}
        last = name
    return {"title": title, "create_time": START, "update_time": START + 9, "mapping": mapping, "current_node": last,
            "moderation_results": [], "conversation_id": title, "is_archived": False}  # fmt: skip


PICTURE = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://file-x", "width": 10, "height": 10}
CHATGPT = [
    tree(
        "Plot of primes",
        message("m0", "system", said(""), weight=0.0),
        message("m1", "user", {"content_type": "user_editable_context", "user_profile": "I like cats"},
                metadata={"is_visually_hidden_from_conversation": True}),
        message("m2", "user", said(PICTURE, "Plot the primes below 20, please")),
        message("m3", "assistant", {"content_type": "thoughts", "thoughts": [
            {"summary": "Plan", "content": "I need a sieve."}, {"summary": "Do", "content": "Then a plot."}]}),
        message("m4", "assistant", {"content_type": "code", "language": "python", "text": "plot(primes(20))"},
                recipient="python"),
        message("m5", "tool", {"content_type": "execution_output", "text": "8 points"}, tool="python"),
        message("m6", "assistant", {"content_type": "code", "language": "json", "text": '{"query": "primes"}'},
                recipient="web.search"),
        message("m7", "tool", {"content_type": "tether_browsing_display", "result": "Prime numbers", "summary": None},
                tool="web.search"),
        message("m8", "assistant", {"content_type": "reasoning_recap", "content": "Thought for 3 s"}),
        message("m9", "assistant", said("Here are **eight** of them.")),
        message("m10", "user", said("Thanks")),
        message("m11", "assistant", said("")),
    ),
    {"title": "Odd", "mapping": {"a": 3}, "current_node": "a"},
    tree("Nothing in it", None),
    tree("Second", message("s1", "user", said("Hello"), create_time=None), message("s2", "assistant", said("Hi."))),
]  # fmt: skip


@pytest.mark.parametrize("zipped", [False, True])
async def test_what_chatgpt_hands_out_comes_in_with_its_tools(library: Library, tmp_path: Path, zipped: bool) -> None:
    file = tmp_path / "conversations.json"
    file.write_text(json.dumps(CHATGPT))
    if zipped:
        file = tmp_path / "export.zip"
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in ("user.json", "message_feedback.json", "chat.html", "file-x.png"):
                archive.writestr(name, "{}")
            archive.writestr("conversations.json", json.dumps(CHATGPT))
    keys, odd = await library.bring_in(file)
    assert odd == 1
    assert [entry.title for entry in await library.entries(Wanted())] == ["Second", "Plot of primes"]
    held = await library._history.load(keys[0])
    assert told(held) == [
        ("asked", "*(a file that the export does not hold)*\n\nPlot the primes below 20, please"),
        ("thought", "I need a sieve.\n\nThen a plot."),
        ("python ok", "plot(primes(20)) -> 8 points"),
        ("web.search ok", "{'query': 'primes'} -> Prime numbers"),
        ("answer", "Here are **eight** of them."),
        ("asked", "Thanks"),
    ]
    assert [run.status for run in held.runs] == ["completed", "completed"]
    assert "cats" not in str(told(held)), "what was hidden stays hidden"
    assert [hit.kind for hit in await library._history.search("points")] == ["tool"]


CLAUDE = [
    {
        "uuid": "u1", "name": "Notes", "summary": "", "created_at": "2026-01-02T03:04:05.123456Z",
        "updated_at": "2026-01-02T03:05:05.123456Z", "account": {"uuid": "x"},
        "chat_messages": [
            {"uuid": "1", "sender": "human", "text": "Sum it up", "created_at": "2026-01-02T03:04:05Z",
             "content": [{"type": "text", "text": "Sum it up", "citations": []}],
             "attachments": [{"file_name": "notes.txt", "file_size": 9, "extracted_content": "Buy milk."}],
             "files": [{"file_name": "photo.png"}]},
            {"uuid": "2", "sender": "assistant", "text": "", "created_at": "2026-01-02T03:04:09Z", "attachments": [],
             "content": [
                 {"type": "thinking", "thinking": "Short, then.", "summaries": [], "cut_off": False},
                 {"type": "tool_use", "id": "t1", "name": "repl", "input": {"code": "1+1"}},
                 {"type": "tool_result", "tool_use_id": "t1", "name": "repl", "is_error": False,
                  "content": [{"type": "text", "text": "2"}, {"type": "image"}]},
                 {"type": "tool_use", "id": "t2", "name": "fetch", "input": {"url": "https://x.example"}},
                 {"type": "tool_result", "tool_use_id": "t2", "name": "fetch", "is_error": True, "content": "refused"},
                 {"type": "tool_result", "tool_use_id": "lost", "name": "fetch", "content": "late"},
                 {"type": "token_budget"},
                 {"type": "text", "text": "Milk.", "citations": []}]},
        ],
    },
    {"uuid": "u2", "name": "", "chat_messages": []},
    {"uuid": "u3", "name": "Broken", "chat_messages": [3]},
]  # fmt: skip


async def test_what_claude_hands_out_comes_in_with_its_tools(library: Library, tmp_path: Path) -> None:
    file = tmp_path / "export.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("users.json", "projects.json"):
            archive.writestr(name, "[]")
        archive.writestr("conversations.json", json.dumps(CLAUDE))
    (key,), odd = await library.bring_in(file)
    assert odd == 1
    held = await library._history.load(key)
    assert told(held) == [
        ("asked", "Sum it up\n\nnotes.txt:\nBuy milk."),
        ("thought", "Short, then."),
        ("repl ok", "{'code': '1+1'} -> 2"),
        ("fetch error", "{'url': 'https://x.example'} -> refused"),
        ("fetch ok", "None -> late"),
        ("answer", "Milk."),
    ]
    assert held.runs[0].at == 1_767_323_045.0
