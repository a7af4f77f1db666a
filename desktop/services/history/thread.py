"""The history's thread and its queue. Whoever puts something in never waits; whoever asks, waits on the event loop."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from desktop.core.errors import StoreTrouble
from desktop.core.language import mark, tr
from desktop.services.system.daemon import deliver

if TYPE_CHECKING:  # imported by the thread: they take pydantic and SQLite along
    from desktop.services.history.store import Store
    from desktop.services.history.writer import Writer

FLUSH = 0.2  # seconds from the first thing in the queue to its writing
RETRY = 2.0  # seconds between attempts to write when the last one failed
_STOPPED = mark("The history stopped because of a fault in Sluice. What is said now is not saved.")

Op = Callable[["Store"], None]
T = TypeVar("T")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Question:
    """Something that the thread is asked, and who waits for the answer."""

    ask: Callable[[Writer], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]

    def answer(self, writer: Writer) -> None:
        try:
            deliver(self.loop, self.future, self.ask(writer))
        except Exception as error:
            deliver(self.loop, self.future, error=error)

    def refuse(self) -> None:
        deliver(self.loop, self.future, error=StoreTrouble(tr(_STOPPED)))


class HistoryThread:
    """Started by the first thing to do. `trouble` is called on the event loop that was running then."""

    def __init__(self, path: Path, trouble: Callable[[str], None]) -> None:
        self._path = path
        self._trouble = trouble
        self._untold: list[str] = []
        self._ready = threading.Condition()  # guards everything below
        self._ops: dict[object, Op] = {}
        self._since: float | None = None  # when the oldest of `_ops` came
        self._retry: float | None = None  # when to try again; None while writing works
        self._urgent = False
        self._questions: list[_Question] = []
        self._closing = False
        self._ended: asyncio.Future[None] | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def put(self, name: object, op: Op) -> None:
        """Queue an operation. One of the same name that waits is replaced where it stands."""
        with self._ready:
            if self._closing:
                return
            self._ops[name] = op
            if self._since is None:
                self._since = time.monotonic()
                self._wake()

    def join(self, name: object, take: Callable[[Any], None], last: bool = False) -> bool:
        """Let the operation of that name that waits take something more into it; it goes to the queue's end if `last`.
        Returns False if none waits."""
        with self._ready:
            waiting = self._ops.get(name)
            if waiting is None:
                return False
            take(waiting)
            if last:
                self._ops[name] = self._ops.pop(name)
            return True

    async def ask(self, question: Callable[[Writer], T], urgent: bool = False) -> T:
        """What the thread answers, once everything queued before is written. `urgent` tries to write again at once if
        the last attempt failed. Raises StoreTrouble."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        with self._ready:
            if self._closing:
                raise StoreTrouble(tr("The history is closed."))
            self._questions.append(_Question(question, loop, future))
            self._urgent |= urgent
            self._wake()
        return await future

    async def close(self, seconds: float) -> bool:
        """Write what is queued and end. Returns False if that took longer than `seconds`."""
        thread = self._thread
        if thread is None or self._closing:
            return True
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self._ready:
            self._closing, self._ended = True, ended
            self._wake()
        try:
            await asyncio.wait_for(ended, seconds)
        except TimeoutError:
            return False
        thread.join(0.5)  # it has nothing left to do
        return True

    # ---- inside, on the caller's thread

    def _wake(self) -> None:
        with suppress(RuntimeError):  # no loop runs: what is to be told waits for one
            self._loop = self._loop or asyncio.get_running_loop()
            untold, self._untold = self._untold, []
            for words in untold:
                self._loop.call_soon(self._trouble, words)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="history", daemon=True)
            self._thread.start()
        self._ready.notify()

    # ---- inside, on the thread

    def _work(self) -> None:
        try:
            from desktop.services.history.writer import Writer

            writer = Writer(self._path, self._tell)
            while self._turn(writer):
                pass
            writer.close()
        except Exception:
            _log.exception("the history stopped")
            self._tell(tr(_STOPPED))
        finally:
            self._leave()

    def _turn(self, writer: Writer) -> bool:
        """Wait, write, answer. Returns False after the last turn."""
        with self._ready:
            while (left := self._left()) is None or left > 0:
                self._ready.wait(left)
            last = self._closing
            retry = self._retry is not None and (self._urgent or last or time.monotonic() >= self._retry)
            ops = self._drain() if retry or self._retry is None else []
            questions, self._questions, self._urgent = self._questions, [], False
        try:
            if ops or retry:
                self._retry = None if writer.write(ops) else time.monotonic() + RETRY
        except Exception:
            for question in questions:  # nobody may wait for a thread that is about to end
                question.refuse()
            raise
        for question in questions:
            question.answer(writer)
        return not last

    def _left(self) -> float | None:
        """Seconds until there is something to do; None until somebody calls."""
        if self._questions or self._closing:
            return 0.0
        if self._retry is not None:
            return max(0.0, self._retry - time.monotonic())
        return None if self._since is None else max(0.0, self._since + FLUSH - time.monotonic())

    def _drain(self) -> list[Op]:
        ops, self._ops, self._since = list(self._ops.values()), {}, None
        return ops

    def _tell(self, words: str) -> None:
        with self._ready:
            if self._loop is None:
                self._untold.append(words)
                return
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(self._trouble, words)

    def _leave(self) -> None:
        with self._ready:
            self._closing = True
            questions, self._questions, ended = self._questions, [], self._ended
        for question in questions:
            question.refuse()
        if ended is not None:
            deliver(ended.get_loop(), ended)
