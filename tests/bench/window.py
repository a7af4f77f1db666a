"""The real window on streams over real sockets: python -m tests.bench.window [seconds] [long]    (goals 3, 4 and 5)

A server in a process of its own writes answers at a fixed rate, an event a chunk. In the window a timer of 4 ms tells
how late it came (that is also the rest of the machine) and how much of the processor the window's thread used since
(that is the window alone: at most one turn of its loop). The start of the streams is part of each measure.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from statistics import quantiles

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication

from desktop.core.requests import Connection, Secrets
from desktop.services import transport
from desktop.ui.session_page import SessionPage
from desktop.ui.system.collecting import collect_all
from desktop.ui.transcript.warm import warm
from tests.bench.texts import text
from tests.ui.driving import Driven, drive, window

_DELTA = 4  # characters
_END = b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'


# ---- the server


def serve(ports: multiprocessing.Queue[int]) -> None:
    """Answers every request with a text; the model's name says which: shape, events a second, characters, seed."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        body = await reader.readexactly(int(head.partition(b"content-length: ")[2].split(b"\r")[0]))
        shape, rate, size, seed = json.loads(body)["model"].split("-")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        source, begin, sent = text(shape, int(size), int(seed)), time.monotonic(), 0
        while sent < len(source) and not writer.is_closing():
            due = int((time.monotonic() - begin) * int(rate)) * _DELTA if int(rate) else len(source)
            while sent < min(due, len(source)):
                _write(writer, _event(source[sent : sent + _DELTA]))
                sent += _DELTA
                if not sent % (500 * _DELTA):
                    await writer.drain()
            await asyncio.sleep(0.002)
        _write(writer, _END)
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):  # the window has seen enough
            await answer(reader, writer)

    async def run() -> None:
        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        ports.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def _event(words: str) -> bytes:
    choice = {"index": 0, "delta": {"content": words}}
    return b"data: " + json.dumps({"id": "c", "model": "m", "choices": [choice]}).encode() + b"\n\n"


def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(b"%x\r\n%b\r\n" % (len(data), data))


# ---- the window


class Probe(QObject):
    """How late each tick of a timer came, and the processor's time between two ticks, in ms."""

    def __init__(self) -> None:
        super().__init__()
        self.late: list[float] = []
        self.used: list[float] = []
        self._timer = QTimer(self, interval=4, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._last = (time.perf_counter(), time.thread_time())
        self._timer.start()

    def _tick(self) -> None:
        now = (time.perf_counter(), time.thread_time())
        self.late.append(max(0.0, (now[0] - self._last[0]) * 1000 - 4))
        self.used.append((now[1] - self._last[1]) * 1000)
        self._last = now

    def stop(self) -> None:
        self._timer.stop()

    def report(self, name: str) -> None:
        late, used = quantiles(self.late, n=100)[98], quantiles(self.used, n=100)[98]
        over = sum(one > 16 for one in self.used)
        print(
            f"{name:34} late p99 {late:5.1f}  worst {max(self.late):5.1f}    used p99 {used:5.1f}"
            f"  worst {max(self.used):5.1f} ms   over 16 ms of processor: {over} of {len(self.used)}",
            flush=True,
        )


async def streams(driven: Driven, url: str, models: list[str], seconds: float) -> Probe:
    """A tab for each model, asked all at once, the first of them in front; measured from before they were asked."""
    pages = [_open(driven, url, model) for model in models]
    driven.window.tabs.setCurrentWidget(pages[0])
    await asyncio.sleep(1.2)  # the window has come to rest
    collect_all()
    probe = Probe()
    for page in pages:
        page.box.composer.put("go")
        page.send()
        await asyncio.sleep(0)  # each a turn of the loop of its own, as a person's keys are
    await _until(lambda: not any(page.session.running for page in pages), seconds)
    probe.stop()
    for page, model in zip(pages, models, strict=True):
        shape, _, size, seed = model.split("-")
        got, sent = page.session.conversation.text_of(0), text(shape, int(size), int(seed))
        assert sent.startswith(got), "something was lost"
        page.stop()
        driven.window.close_tab(page)
    return probe


def _open(driven: Driven, url: str, model: str) -> SessionPage:
    workspace = driven.workspace
    profile = workspace.connections.add_temporary(Connection("openai", url, model), Secrets())
    return driven.window.add_tab(workspace.new_tab(profile), current=True)


async def _until(done: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    await asyncio.sleep(0.05)
    while not done() and time.monotonic() < end:  # noqa: ASYNC110 - a look now and then disturbs least
        await asyncio.sleep(0.05)


def main() -> None:
    seconds = next((float(one) for one in sys.argv[1:] if one[0].isdigit()), 10.0)
    ports: multiprocessing.Queue[int] = multiprocessing.Queue()
    server = multiprocessing.Process(target=serve, args=(ports,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{ports.get()}/v1"
    app = QApplication.instance() or QApplication([])
    transport.warm()
    warm()
    runs = [
        ("one at 500/s", ["mixed-500-4000000-1"], seconds),
        ("8 tabs at 500/s, one visible", [f"mixed-500-4000000-{n}" for n in range(8)], seconds),
        ("8 tabs again", [f"mixed-500-4000000-{n}" for n in range(8, 16)], seconds),
        ("one at 20,000/s", ["mixed-20000-4000000-1"], seconds),
        ("one, 1 MB flat out", ["mixed-0-1000000-1"], 120.0),
    ]
    if "long" in sys.argv:
        runs.append(("1 MB at 500/s", ["mixed-500-1000000-1"], 600.0))

    async def work() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with window(app, Path(folder)) as driven:  # type: ignore[arg-type]
                for name, models, most in runs:
                    (await streams(driven, url, models, most)).report(name)

    drive(app, work, 3600.0)  # type: ignore[arg-type]
    server.terminate()


if __name__ == "__main__":
    main()
