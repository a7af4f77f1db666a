"""Help for tests of the history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from desktop.core import conversation as c
from desktop.core.events import AnyEvent
from desktop.core.reducer import Reducer
from desktop.core.requests import Prompt
from desktop.services.history import History

START = 1_700_000_000.0
Timed = tuple[float, AnyEvent]


def timed(events: Iterable[AnyEvent]) -> Iterator[Timed]:
    """The events a tenth of a second apart."""
    return ((START + n / 10, event) for n, event in enumerate(events))


def live(events: Iterable[Timed], prompt: Prompt | None = None) -> c.Conversation:
    """The conversation of one run as a window would have drawn it."""
    reducer = Reducer()
    reducer.begin(prompt, START)
    for at, event in events:
        reducer.apply(event, at)
    return reducer.conversation


def record(
    history: History, key: str, events: Iterable[Timed], prompt: Prompt | None = None, run: int = 0
) -> None:
    """The same run, to the history."""
    history.begin_run(key, run, prompt, START)
    for seq, (at, event) in enumerate(events):
        history.record(key, run, seq, at, event)


def seen(conversation: c.Conversation) -> dict[str, Any]:
    """Everything of a conversation but how its texts were cut into pieces."""
    out = asdict(conversation)
    for item in out["items"].values():
        for name in ("pieces", "args_pieces", "output"):
            if name in item:
                item[name] = "".join(item[name])
    return out
