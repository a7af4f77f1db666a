"""What the recorder costs while an answer streams: python -m tests.bench.recording [rounds]

Pairs in one process, in turns: the same bytes over a loopback socket, once with the recorder and once without. Two
measures: the window, as a person has it (transport, session, history, transcript; drawn off the screen), to which the
goal of at most 1.05 belongs; and the session alone, where the recorder's few tenths of a microsecond stand beside
nothing but decoding. The server runs in a process of its own, so that its work is not counted.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from desktop.core.requests import Connection, Prompt
from desktop.services.recording.recorder import Recorder
from desktop.services.session import Session
from desktop.services.transport import Transport

EVENTS = 20_000


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
    session = Session(Connection("openai", url, "m"), transport)
    recorder = Recorder()
    session.listeners.wire = recorder if recording else None
    begin = time.thread_time()
    await session.send(Prompt("go"))
    used = time.thread_time() - begin
    assert session.conversation.runs[0].status == "completed", session.conversation.runs[0]
    recorder.close()
    await session.close()
    return used


async def pairs(url: str, rounds: int) -> tuple[list[float], list[float]]:
    transport = Transport()
    off: list[float] = []
    on: list[float] = []
    await once(transport, url, True)
    for number in range(rounds):
        for recording in (number % 2 == 0, number % 2 == 1):
            (on if recording else off).append(await once(transport, url, recording))
    await transport.aclose()
    return off, on


def in_window(url: str, rounds: int) -> tuple[list[float], list[float]]:
    """The same in the real window."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from tests.ui.driving import drive, window

    app = QApplication.instance() or QApplication([])
    off: list[float] = []
    on: list[float] = []

    async def work() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with window(app, Path(folder), Connection("openai", url, "m")) as driven:  # type: ignore[arg-type]
                for number in range(2 * rounds + 1):
                    page = driven.window.new_tab()
                    recording = number % 4 in (1, 2)
                    if not recording:
                        page.session.listeners.wire = None
                    begin = time.thread_time()
                    driven.say("go")
                    await driven.until(lambda p=page: bool(p.session.conversation.runs) and not p.session.running)
                    page._bridge.flush()
                    if number:  # the first one loads what is needed later
                        (on if recording else off).append(time.thread_time() - begin)
                    driven.window.close_tab(page)

    drive(app, work, 600.0)  # type: ignore[arg-type]
    return off, on


def main(rounds: int) -> None:
    for per_chunk in (1, 20, 400):
        ports: multiprocessing.Queue[int] = multiprocessing.Queue()
        server = multiprocessing.Process(target=serve, args=(ports, per_chunk), daemon=True)
        server.start()
        url = f"http://127.0.0.1:{ports.get()}/v1"
        tell(f"session alone, {per_chunk:3} events a chunk", *asyncio.run(pairs(url, rounds)))
        if per_chunk < 400:
            tell(f"window,        {per_chunk:3} events a chunk", *in_window(url, max(4, rounds // 3)))
        server.terminate()


def tell(name: str, off: list[float], on: list[float]) -> None:
    per_event = 1e6 / EVENTS
    print(
        f"{name}: off {median(off) * per_event:6.1f} µs an event, on {median(on) * per_event:6.1f},"
        f" ratio {median(on) / median(off):.3f} (of the fastest {min(on) / min(off):.3f})",
        flush=True,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
