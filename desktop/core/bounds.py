"""How much of one answer is taken. Generous, said when reached, and settable for each connection."""

from __future__ import annotations

from dataclasses import dataclass

MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of one run. `line`, `event` and `unknown_size` are bytes, `answer` is characters of all its texts and
    tool output together, `items` counts what gets a row of its own, `unknown` the unknown events kept whole."""

    line: int = 32 * MEGABYTE
    event: int = 64 * MEGABYTE
    answer: int = 64 * MEGABYTE
    items: int = 20_000
    unknown: int = 2_000
    unknown_size: int = 16 * MEGABYTE


USUAL = Bounds()
