"""Tokens and cost added up from what servers reported."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from desktop.core.conversation import Conversation, UserTurn
from desktop.core.events import Usage
from desktop.core.language import tr

if TYPE_CHECKING:
    from desktop.services.history.library import Library

_DAY = 86_400.0
_TITLE = 60


@dataclass(slots=True)
class Sum:
    """Figures of several runs; None where no run reported one. `cost` is by currency."""

    input: int | None = None
    output: int | None = None
    reasoning: int | None = None
    cached: int | None = None
    cost: dict[str, float] = field(default_factory=dict)


def add_up(figures: Iterable[Usage | None]) -> Sum:
    """The sum of what was reported."""
    total = Sum()
    for usage in figures:
        if usage is None:
            continue
        for name in ("input", "output", "reasoning", "cached"):
            if (value := getattr(usage, name)) is not None:
                setattr(total, name, (getattr(total, name) or 0) + value)
        if usage.cost is not None:
            currency = usage.currency or "USD"
            total.cost[currency] = total.cost.get(currency, 0.0) + usage.cost
    return total


def of_conversation(held: Conversation) -> list[tuple[str, Usage | None]]:
    """(the question's first words, figures) of each run, in order."""
    said = {item.run: " ".join(item.text.split()) for item in held.items.values() if isinstance(item, UserTurn)}
    return [
        (said.get(run.number, f"({tr('goes on')})")[:_TITLE] or f"({tr('pictures')})", run.usage) for run in held.runs
    ]


async def by_day(library: Library, days: int) -> list[tuple[str, Sum]]:
    """(ISO date, sum) of the days on which something was reported, newest first."""
    since = datetime.now().astimezone().timestamp() - days * _DAY
    found: dict[str, list[Usage]] = {}
    for started, usage in await library.usage(since):
        found.setdefault(datetime.fromtimestamp(started).astimezone().date().isoformat(), []).append(usage)
    return [(day, add_up(found[day])) for day in sorted(found, reverse=True)]
