"""Replay the recordings and hold them against expectations written by hand.

`tests/recordings/PROTOCOL.toml` has one table per recording. Keys (those left out of the first group must be empty):
  answer, reasoning   text of the root agent, all parts of the run joined by a blank line
  tools               [{name, args?, status, result?, error?, ms?, path?, title?}] in order
  asks                [{type, state, tool?, args?, text?, answer?, choices?}]
  agents              [{path = [..], state, answer?, task?, result?, error?}]
  steps               [{label, state, type?}]
  notices             [part of the text, ...]; files [{media, name?}]; sources [{title?, url?}]; suggestions [..]
  unknown             how many frames stayed raw (0)
these are compared if given:
  status (always), reason, error (part of the text), http, session_id, run_id, model, title, usage = {..}, budget = {..}
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from desktop.core import conversation as c
from desktop.core.adapters import adapter_class
from desktop.core.events import AnyEvent
from desktop.core.recordings.replay import parse_http, play
from desktop.core.reducer import Reducer
from desktop.core.requests import Connection, Prompt, Secrets, Talk

FOLDER = Path(__file__).parent.parent / "recordings"


def expectations(protocol: str) -> dict[str, dict[str, Any]]:
    file = FOLDER / f"{protocol}.toml"
    return tomllib.loads(file.read_text("utf-8")) if file.exists() else {}


def events_of(protocol: str, name: str, cuts: Iterable[int] | None = None, size: int | None = None) -> list[AnyEvent]:
    """The events of a recording, its body given whole, in pieces of `size` bytes, or cut at `cuts`."""
    status, headers, body = parse_http((FOLDER / protocol / f"{name}.http").read_bytes())
    adapter = adapter_class(protocol)(Connection(protocol, "http://127.0.0.1:9"), Secrets(key="k"))
    run = adapter.run(Prompt("hello"), Talk(uuid="00000000-0000-4000-8000-000000000000"))
    return list(play(run, status, headers, pieces(body, cuts, size)))


def pieces(body: bytes, cuts: Iterable[int] | None = None, size: int | None = None) -> list[bytes]:
    if size:
        cuts = range(size, len(body), size)
    edges = [0, *(cuts or ()), len(body)]
    return [body[a:b] for a, b in itertools.pairwise(edges)]


def conversation_of(events: Iterable[AnyEvent]) -> c.Conversation:
    reducer = Reducer()
    reducer.begin(Prompt("hello"), 0.0)
    for event in events:
        reducer.apply(event, 1.0)
    return reducer.conversation


def seen(conversation: c.Conversation, wanted: dict[str, Any]) -> dict[str, Any]:
    """The conversation in the shape of the expectation `wanted`."""
    run = conversation.runs[-1]
    items = list(conversation.of_run(run.number))

    def rows(cls: type, key: str, **special: Any) -> list[dict[str, Any]]:
        found = [i for i in items if isinstance(i, cls)]
        wants = wanted.get(key, [])
        keys = [w.keys() if isinstance(w, dict) else () for w in wants] + [None] * len(found)
        return [_row(i, k, special) for i, k in zip(found, keys, strict=False)]

    def text(cls: type, path: tuple[str, ...] = ()) -> str:
        return "\n\n".join(i.text for i in items if isinstance(i, cls) and i.path == path and i.text)

    out: dict[str, Any] = {
        "status": run.status,
        "answer": text(c.AnswerItem),
        "reasoning": text(c.ThoughtItem),
        "tools": rows(c.ToolItem, "tools", status=lambda i: i.state, path=lambda i: list(i.path)),
        "asks": rows(c.AskItem, "asks", choices=lambda i: [x.id for x in i.choices]),
        "agents": rows(c.AgentItem, "agents", path=lambda i: list(i.path), answer=lambda i: text(c.AnswerItem, i.path)),
        "steps": rows(c.StepItem, "steps"),
        "files": rows(c.FileItem, "files"),
        "sources": rows(c.SourceItem, "sources"),
        "suggestions": list(conversation.suggestions),
        "unknown": run.unknown,
        "notices": [i.text for i in items if isinstance(i, c.NoticeItem) and i.code != "unknown"],
    }
    for name in ("reason", "run_id", "model"):
        out[name] = getattr(run, name)
    for name in ("session_id", "title"):
        out[name] = getattr(conversation, name)
    out["error"] = run.error.text if run.error else ""
    out["http"] = run.error.http if run.error else None
    for name, usage in (("usage", run.usage), ("budget", conversation.usage)):
        out[name] = {k: getattr(usage, k) for k in wanted.get(name, {})} if usage else {}
    return out


EMPTY: dict[str, Any] = {
    "answer": "", "reasoning": "", "tools": [], "asks": [], "agents": [], "steps": [], "files": [], "sources": [],
    "suggestions": [], "unknown": 0, "notices": [],
}  # fmt: skip


def differences(conversation: c.Conversation, wanted: dict[str, Any]) -> list[str]:
    """One line for each thing that is not as expected."""
    got = seen(conversation, wanted)
    out = []
    for key, want in {**EMPTY, **wanted}.items():
        have = got[key]
        if key == "error":
            same = want in have
        elif key == "notices":
            same = len(want) == len(have) and all(w in h for w, h in zip(want, have, strict=True))
        else:
            same = want == have
        if not same:
            out.append(f"{key}: wanted {want!r}, got {have!r}")
    return out


def _row(item: c.Item, keys: Any, special: dict[str, Any]) -> dict[str, Any]:
    if keys is None:
        return {"unexpected": repr(item)}
    return {k: special[k](item) if k in special else getattr(item, k) for k in keys}
