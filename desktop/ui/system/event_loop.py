"""asyncio on Qt's event loop, as the program and its tests run it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, TypeVar
from weakref import WeakSet

import qasync
from PySide6.QtWidgets import QApplication

T = TypeVar("T")


def run(app: QApplication, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Do `work` on the application's loop, and return what it gives.

    A body that is left in the middle is an asynchronous generator that nobody closes. asyncio's own loops close such
    at the next turn; qasync's does not, and Python then throws into them outside of any task, where httpcore fails."""
    loop = qasync.QEventLoop(app)
    left: WeakSet[AsyncGenerator[Any, Any]] = WeakSet()

    def close(generator: AsyncGenerator[Any, Any]) -> None:
        left.discard(generator)
        if not loop.is_closed():
            loop.call_soon_threadsafe(lambda: loop.create_task(generator.aclose()))  # type: ignore[arg-type]

    async def close_all() -> None:
        await asyncio.gather(*(generator.aclose() for generator in tuple(left)), return_exceptions=True)

    hooks = sys.get_asyncgen_hooks()
    asyncio.set_event_loop(loop)
    sys.set_asyncgen_hooks(firstiter=left.add, finalizer=close)
    try:
        with loop:
            try:
                return loop.run_until_complete(work())
            finally:
                loop.run_until_complete(close_all())
    finally:
        sys.set_asyncgen_hooks(*hooks)
        asyncio.set_event_loop(None)
