"""Stored runs back to a conversation, through the same reducer that drew them live."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from desktop.core.adapters.ledger import Ledger
from desktop.core.asks.words import LOST
from desktop.core.conversation import Conversation
from desktop.core.events import AnyEvent, AskClosed, Raw, RunEnded, TextDelta, ToolArgs, ToolOutput
from desktop.core.recordings.eventjson import from_json, to_json
from desktop.core.reducer import Reducer
from desktop.core.requests import Prompt
from desktop.core.wire.jsontext import clean, may_hold_halves, parse
from desktop.services.history.fold import Row

INTERRUPTED = RunEnded(status="cut", reason="interrupted")
_ANYTHING = (
    "args",
    "result",
    "state",
    "detail",
    "preview",
    "schema",
    "data",
    "by_model",
)  # fields of any JSON


@dataclass(frozen=True, slots=True)
class StoredRun:
    """One run as it was stored. `prompt` is None for a run that answered an ask; `live` means that it goes on in this
    very process; `rows` are (at, until, JSON); `after` is the run it goes on from, None for the one before."""

    number: int
    prompt: Prompt | None
    started: float
    live: bool
    rows: Sequence[tuple[float, float | None, str]]
    after: int | None = None


def encode(event: AnyEvent) -> str:
    """An event as JSON text that SQLite takes. Whatever cannot be written costs one field, not the event."""
    try:
        return _text(to_json(event, exact=True))
    except (RecursionError, TypeError, ValueError):
        bad = [f.name for f in fields(event) if f.name in _ANYTHING and not _writable(getattr(event, f.name))]
        lesser: Any = replace(event, **dict.fromkeys(bad))  # type: ignore[arg-type]
        return _text(to_json(lesser, exact=True))


def decode(text: str) -> AnyEvent:
    """The event of such a text. What is not understood, from a newer Sluice or damaged, becomes `raw`."""
    try:
        data = parse(text)
        if may_hold_halves(text):
            data = clean(data)
        return from_json(data)
    except (ValueError, TypeError, AttributeError):
        return Raw(name="stored", data=text)


def closing(events: Iterable[AnyEvent]) -> list[AnyEvent]:
    """What ends a run that was left in the middle: its asks are withdrawn, its calls have no known end."""
    ledger = Ledger(asks_outlive=False)
    ledger.enter(events)
    closed = ledger.enter([INTERRUPTED])
    return [replace(event, answer=LOST) if isinstance(event, AskClosed) else event for event in closed]


def replay(runs: Iterable[StoredRun]) -> Conversation:
    """The conversation that the runs, oldest first, make."""
    reducer = Reducer()
    for run in runs:
        before = len(reducer.conversation.runs) - 1
        while before < run.number - 1:  # a run that was lost keeps its number
            before += 1
            reducer.begin(None, run.started)
            reducer.apply(INTERRUPTED, run.started)
        reducer.begin(run.prompt, run.started, before if run.after is None else min(run.after, before))
        rows = [(at, until, decode(text)) for at, until, text in run.rows]
        feed(reducer, rows)
        if not run.live and reducer.conversation.runs[-1].status is None:
            last = rows[-1][1] or rows[-1][0] if rows else run.started
            for event in closing(event for _, _, event in rows):
                reducer.apply(event, last)
    return reducer.conversation


def feed(reducer: Reducer, rows: Iterable[tuple[float, float | None, AnyEvent]]) -> None:
    """Apply rows of (at, until, event). An empty piece at the end gives what was folded its last
    moment."""
    for at, until, event in rows:
        reducer.apply(event, at)
        if until is not None and isinstance(event, TextDelta):
            reducer.apply(replace(event, text=""), until)
        elif until is not None and isinstance(event, ToolArgs | ToolOutput):
            reducer.apply(replace(event, delta=""), until)


def rows_of(stored: Iterable[tuple[int, float, float | None, str]]) -> list[Row]:
    """Stored (seq, at, until, JSON) as rows that can be folded."""
    return [Row(seq, at, at if until is None else until, decode(text)) for seq, at, until, text in stored]


def _text(data: Any) -> str:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character: written as an escape it survives
        return json.dumps(data, separators=(",", ":"))
    return text


def _writable(value: Any) -> bool:
    try:
        json.dumps(value)
    except (RecursionError, TypeError, ValueError):
        return False
    return _depth_is_fine(value)


def _depth_is_fine(value: Any, left: int = 100) -> bool:
    if left == 0:
        return False
    if isinstance(value, dict):
        return all(_depth_is_fine(v, left - 1) for v in value.values())
    if isinstance(value, (list, tuple)):
        return all(_depth_is_fine(v, left - 1) for v in value)
    return True
