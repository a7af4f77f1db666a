"""asyncio on Qt's event loop, as the program and its tests run it."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, TypeVar
from weakref import WeakSet

import qasync
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QObject
from PySide6.QtWidgets import QApplication

T = TypeVar("T")


class _Waker(QObject):
    """Calls `wake` in the loop's thread, once for each event that is posted to it from any thread."""

    def __init__(self, wake: Callable[[], None]) -> None:
        super().__init__()
        self._wake = wake

    def event(self, event: QEvent) -> bool:
        if event.type() != QEvent.Type.User:
            return super().event(event)
        self._wake()
        return True


class Loop(qasync.QEventLoop):  # type: ignore[misc]
    """qasync's, which a thread may outlive: a keyring that answers when the window is gone. There a call from another
    thread is a signal with Python's objects in it, closed or not, and one that is on its way while the loop goes ends
    the process."""

    def __init__(self, app: QApplication) -> None:
        self._gate = threading.Lock()
        self._calls: deque[tuple[Callable[..., Any], tuple[Any, ...], Any]] = deque()
        self._waker: _Waker | None = _Waker(self._take)
        super().__init__(app)

    def call_soon_threadsafe(self, callback: Callable[..., Any], *args: Any, context: Any = None) -> None:
        """As in asyncio: raises RuntimeError once the loop is closed."""
        with self._gate:
            if self._waker is None:
                raise RuntimeError("Event loop is closed")
            self._calls.append((callback, args, context))
            QCoreApplication.postEvent(self._waker, QEvent(QEvent.Type.User))

    def close(self) -> None:
        """Close it. What other threads have called for and was not begun is dropped, as in asyncio."""
        with self._gate:
            waker, self._waker = self._waker, None
        super().close()
        if waker is not None:
            shiboken6.delete(waker)

    def _take(self) -> None:
        callback, args, context = self._calls.popleft()
        self.call_soon(callback, *args, context=context)


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
