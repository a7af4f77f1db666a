"""Blocking calls in daemon threads, answered on the event loop.

`asyncio.to_thread` is not used: its threads keep the process from ending for as long as a call hangs.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


async def in_daemon(work: Callable[[], T], name: str) -> T:
    """What `work` returns or raises, run in a daemon thread of its own. Cancelling leaves the thread to itself."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            result = work()
        except Exception as error:
            deliver(loop, future, error=error)
        else:
            deliver(loop, future, result)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await future


def deliver(
    loop: asyncio.AbstractEventLoop,
    future: asyncio.Future[Any],
    result: Any = None,
    error: Exception | None = None,
) -> None:
    """Settle a future of `loop` from any thread. Nothing happens if nobody waits any more."""

    def settle() -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)

    with suppress(RuntimeError):  # the loop was closed meanwhile
        loop.call_soon_threadsafe(settle)
