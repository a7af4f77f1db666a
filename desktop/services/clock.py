"""One clock for everything that is stored: seconds since 1970 that never jump while the program runs."""

from __future__ import annotations

import time

_START = time.time() - time.monotonic()


def now() -> float:
    """The wall time of the program's start plus monotonic time since: differences are true durations."""
    return _START + time.monotonic()
