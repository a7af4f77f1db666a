"""asyncio on Qt's loop: what is left in the middle is closed there, not somewhere else."""

from __future__ import annotations

import asyncio
import threading
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


def test_a_thread_that_answers_when_the_loop_is_closed_is_told_so(qapp: QApplication) -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    async def work() -> None:
        loops.append(asyncio.get_running_loop())

    event_loop.run(qapp, work)
    told: list[BaseException] = []

    def answer() -> None:
        try:
            loops[0].call_soon_threadsafe(print)
        except RuntimeError as error:
            told.append(error)

    late = threading.Thread(target=answer)
    late.start()
    late.join()
    assert [str(error) for error in told] == ["Event loop is closed"]


def test_threads_may_answer_while_the_loop_closes(qapp: QApplication) -> None:
    stop = threading.Event()

    async def work() -> list[threading.Thread]:
        loop = asyncio.get_running_loop()

        def answer() -> None:
            heard = threading.Event()
            while not stop.is_set():
                heard.clear()
                try:
                    loop.call_soon_threadsafe(heard.set)
                except RuntimeError:
                    return
                heard.wait(0.01)

        threads = [threading.Thread(target=answer) for _ in range(4)]
        for thread in threads:
            thread.start()
        return threads

    for _ in range(20):
        threads = event_loop.run(qapp, work)
        for thread in threads:
            thread.join(10)
            assert not thread.is_alive()
    stop.set()
