"""asyncio on Qt's loop: what is left in the middle is closed there, not somewhere else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from PySide6.QtWidgets import QApplication

from desktop.ui.system import event_loop


def test_a_body_that_is_left_is_closed_in_a_task(qapp: QApplication) -> None:
    closed: list[bool] = []
    first = asyncio.Event()

    async def body() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            closed.append(asyncio.current_task() is not None)
            first.set()

    async def leave() -> None:
        async for _ in body():
            break

    async def work() -> str:
        await leave()
        kept = body()
        await anext(kept)  # this one is still held when the work is done
        await first.wait()
        held.append(kept)
        return "done"

    held: list[AsyncIterator[int]] = []
    assert event_loop.run(qapp, work) == "done"
    assert closed == [True, True]
