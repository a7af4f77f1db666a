"""Start background work that is never lost: named, referenced, its failure logged."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

_log = logging.getLogger(__name__)
_running: set[asyncio.Task[Any]] = set()
_goodbyes: set[asyncio.Task[Any]] = set()
_PATIENCE = 2.0  # seconds that the program's end waits for goodbyes


def spawn(work: Coroutine[Any, Any, Any], name: str, goodbye: bool = False) -> asyncio.Task[Any]:
    """Run `work` as a task that is kept until it ends; an exception in it is logged with its name. A `goodbye` (a
    server is told to stop) is given a moment even when the program ends."""
    task = asyncio.get_running_loop().create_task(work, name=name)
    _running.add(task)
    if goodbye:
        _goodbyes.add(task)
        task.add_done_callback(_goodbyes.discard)
    task.add_done_callback(_done)
    return task


def running() -> tuple[str, ...]:
    """The names of the tasks that have not ended."""
    return tuple(task.get_name() for task in _running)


async def finish(seconds: float) -> None:
    """Wait a moment for goodbyes, then cancel everything that still runs and wait for it, `seconds` at most."""
    if _goodbyes:
        await asyncio.wait(tuple(_goodbyes), timeout=min(_PATIENCE, seconds))
    tasks = [task for task in _running if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=seconds)


def _done(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        failed(task.get_name(), error)


def log_failure(name: str, error: BaseException) -> None:
    """What happens to a task's error where nobody else wants to hear of it."""
    _log.error("%s failed", name, exc_info=error)


failed: Callable[[str, BaseException], None] = log_failure
