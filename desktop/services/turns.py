"""One run at a time does its work, for a moment, so that the window answers however many runs there are."""

from __future__ import annotations

import asyncio

from desktop.services.clock import now

_MOST = 0.008  # seconds of work before others have their turn


class Turns:
    """`async with turns:` around each piece of work. Those who want it take turns, in order; between two of them, and
    after a while of one, the event loop does everything else."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._rested = 0.0  # when the loop was last left to others

    async def __aenter__(self) -> None:
        waited = self._lock.locked()
        await self._lock.acquire()
        if not waited and now() - self._rested <= _MOST:
            return
        try:
            if not waited:
                await asyncio.sleep(0)
        except BaseException:
            self._lock.release()
            raise
        self._rested = now()

    async def __aexit__(self, *_: object) -> None:
        self._lock.release()
