"""What the recorder costs while an answer streams: python -m tests.bench.recording [pairs]

Pairs in one process, in turns: the same bytes over a loopback socket, once with the recorder and once without, in CPU
time of the whole process (the store's thread counts too). What is told is the ratio of the totals, and the median of
the pairs' own ratios with the range of the middle half of them. Runs are short, so that the machine's slow moments meet
both of a pair, and Python's collector of cycles works only between them. In the window forty pairs make a verdict.

Two measures: the window, as a person has it (transport, session, history, transcript; drawn off the screen), and the
session alone, where the recorder stands beside nothing but decoding. The goal for each is at most 1.05. The
server runs in a process of its own, so that its work is not counted.
"""

from __future__ import annotations

import asyncio
import gc
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING

from desktop.core.requests import Connection, Prompt, Secrets
from desktop.services.recording.recorder import Recorder
from desktop.services.session import Session
from desktop.services.transport import Transport

if TYPE_CHECKING:
    from tests.ui.driving import Driven

EVENTS = 8_000
GOAL = 1.05

Pair = tuple[float, float]  # CPU seconds without and with the recorder


def frame(number: int) -> bytes:
    choice = {"index": 0, "delta": {"content": f"word {number % 100} "}}
    return b"data: " + json.dumps({"id": "c", "model": "m", "choices": [choice]}).encode() + b"\n\n"


def serve(ports: multiprocessing.Queue[int], per_chunk: int) -> None:
    """A server that sends the answer in chunks of so many events."""
    frames = [frame(n) for n in range(EVENTS)]
    last = b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
    chunks = [b"".join(frames[at : at + per_chunk]) for at in range(0, EVENTS, per_chunk)] + [last]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(head.partition(b"content-length: ")[2].split(b"\r")[0]))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        for chunk in chunks:
            writer.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        ports.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


async def once(transport: Transport, url: str, recording: bool) -> float:
    """CPU seconds of one streamed answer."""

    async def resolve(place: Connection) -> tuple[Connection, Secrets]:
        return place, Secrets("sk-0123456789abcdef")  # so that there is something to look for in what comes

    session = Session(Connection("openai", url, "m"), transport, resolve)
    recorder = Recorder()
    session.listeners.wire = recorder if recording else None
    gc.collect()
    begin = time.process_time()
    await session.send(Prompt("go"))
    used = time.process_time() - begin
    assert session.conversation.runs[0].status == "completed", session.conversation.runs[0]
    recorder.close()
    await session.close()
    return used


async def alone(url: str, count: int) -> list[Pair]:
    """Pairs of the session alone."""
    transport = Transport()
    gc.disable()
    try:
        await once(transport, url, True)  # loads what is needed later
        return [await pair(number, lambda recording: once(transport, url, recording)) for number in range(count)]
    finally:
        gc.enable()
        await transport.aclose()


async def pair(number: int, measure: Callable[[bool], Awaitable[float]]) -> Pair:
    """One pair; now the one is first, now the other."""
    first = number % 2 == 0
    used = {recording: await measure(recording) for recording in (first, not first)}
    return used[False], used[True]


def in_window(url: str, count: int) -> list[Pair]:
    """Pairs in the real window."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from tests.ui.driving import drive, window

    app = QApplication.instance() or QApplication([])
    pairs: list[Pair] = []

    async def work() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with window(app, Path(folder), Connection("openai", url, "m")) as driven:  # type: ignore[arg-type]
                await in_tab(driven, True)
                for number in range(count):
                    pairs.append(await pair(number, lambda recording: in_tab(driven, recording)))

    drive(app, work, 600.0)  # type: ignore[arg-type]
    return pairs


async def in_tab(driven: Driven, recording: bool) -> float:
    """CPU seconds of one answer in a new tab."""
    page = driven.window.new_tab()
    if not recording:
        page.session.listeners.wire = None
    await asyncio.sleep(0.3)  # what belongs to the tab before is written
    gc.collect()
    begin = time.process_time()
    driven.say("go")
    await driven.until(lambda: bool(page.session.conversation.runs) and not page.session.running)
    page._bridge.flush()
    used = time.process_time() - begin
    driven.window.close_tab(page)
    return used


def main(count: int) -> None:
    for per_chunk in (1, 20, 400):
        ports: multiprocessing.Queue[int] = multiprocessing.Queue()
        server = multiprocessing.Process(target=serve, args=(ports, per_chunk), daemon=True)
        server.start()
        url = f"http://127.0.0.1:{ports.get()}/v1"
        tell(f"session alone, {per_chunk:3} events a chunk", asyncio.run(alone(url, count)))
        tell(f"window,        {per_chunk:3} events a chunk", in_window(url, count))
        server.terminate()


def tell(name: str, pairs: list[Pair]) -> None:
    """The goal is held against the totals: single pairs differ by more than what is measured, most of all in the
    window."""
    off, on = (sum(used) for used in zip(*pairs, strict=True))
    low, middle, high = quantiles((with_it / without for without, with_it in pairs), n=4)
    words = "" if on <= off * GOAL else "  over the goal"
    each = 1e6 / EVENTS / len(pairs)
    print(
        f"{name}: off {off * each:5.1f} µs an event, on {on * each:5.1f}; ratio {on / off:.3f}, "
        f"of pairs {middle:.3f} ({low:.3f} to {high:.3f}){words}",
        flush=True,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
