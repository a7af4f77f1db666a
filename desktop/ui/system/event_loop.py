"""asyncio on Qt's event loop, as the program and its tests run it."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, TypeVar
from weakref import WeakSet

import qasync
from PySide6.QtWidgets import QApplication

T = TypeVar("T")


class Loop(qasync.QEventLoop):  # type: ignore[misc]
    """qasync's, which a thread may outlive. A call from another thread is a Qt signal there, closed or not, and one
    that is sent while its object goes ends the process: a keyring that answers when the window is gone."""

    def __init__(self, app: QApplication) -> None:
        self._gate = threading.RLock()
        self._shut = False
        super().__init__(app)

    def call_soon_threadsafe(self, callback: Callable[..., Any], *args: Any, context: Any = None) -> None:
        """As in asyncio: raises RuntimeError once the loop is closed."""
        with self._gate:
            if self._shut:
                raise RuntimeError("Event loop is closed")
            super().call_soon_threadsafe(callback, *args, context=context)

    def close(self) -> None:
        """Close it, once no other thread is in the middle of a call."""
        with self._gate:
            self._shut = True
        super().close()


def run(app: QApplication, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Do `work` on the application's loop, and return what it gives.

    A body that is left in the middle is an asynchronous generator that nobody closes. asyncio's own loops close such
    at the next turn; qasync's does not, and Python then throws into them outside of any task, where httpcore fails."""
    loop = Loop(app)
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
