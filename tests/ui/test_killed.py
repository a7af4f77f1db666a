"""kill -9 and SIGTERM of the real program while it streams and somebody types.

SLUICE_KILLS sets how often it is killed, 3 times by default.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QPlainTextEdit

from desktop.services.history import History
from desktop.services.paths import Paths
from tests.loopback.server import Exchange, Request, Server
from tests.services.test_session import SSE, chunk
from tests.ui.driving import drive, until, window
from tests.ui.typing_child import LETTERS

ROOT = Path(__file__).parent.parent.parent
KILLS = int(os.environ.get("SLUICE_KILLS", "3"))


@dataclass
class Stream:
    """Sends numbered pieces without end."""

    sent: list[float] = field(default_factory=list)  # when each went out

    async def __call__(self, request: Request, exchange: Exchange) -> None:
        await exchange.start(200, SSE)
        while not exchange.gone.is_set():
            await exchange.send(chunk(f"{len(self.sent)} "))
            self.sent.append(time.monotonic())
            await asyncio.sleep(0.005)


def pieces(count: int) -> str:
    """So many pieces of the answer."""
    return "".join(f"{n} " for n in range(count))


class Child:
    """The program in a process of its own, with the times of its keys and how many pieces it had at each."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.keys: list[float] = []
        self.had: list[int] = []
        self._reading = asyncio.create_task(self._read())

    @classmethod
    @asynccontextmanager
    async def start(cls, folder: Path, url: str, seed: int) -> AsyncIterator[Child]:
        """A running program, which ends with the test at the latest."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.ui.typing_child", str(folder), url, str(seed),
            cwd=ROOT, stdout=asyncio.subprocess.PIPE, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        )  # fmt: skip
        try:
            yield cls(process)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            if found := re.match(rb"key ([\d.]+) (\d+) (\d+)", line):
                self.keys.append(float(found[1]))
                self.had.append(int(found[3]))

    async def types(self, keys: int) -> None:
        """Wait until so many letters were typed."""
        await until(lambda: len(self.keys) >= keys, f"{keys} letters", 60)

    async def end(self, how: signal.Signals) -> float:
        """Send the signal; the moment of it."""
        at = time.monotonic()
        self.process.send_signal(how)
        await asyncio.wait_for(self.process.wait(), 30)
        await self._reading
        return at

    async def leaves(self) -> float:
        """Send SIGTERM. Returns the seconds until its end, less those for which others had the processors."""
        at, stood = time.monotonic(), self._stood()
        self.process.send_signal(signal.SIGTERM)
        ended = asyncio.create_task(self.process.wait())
        waited = 0.0
        while not ended.done():
            waited = max(waited, self._stood() - stood)
            await asyncio.wait([ended], timeout=0.01)
        took = time.monotonic() - at
        await self._reading
        print(f"left after {took:.2f} s, of which it stood in line for {waited:.2f} s")
        return took - waited

    def _stood(self) -> float:
        """Seconds for which the program could have run and was not let; 0 where the system does not tell."""
        try:
            return int(Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[1]) / 1e9
        except (OSError, IndexError):
            return 0.0

    def had_at(self, when: float) -> int:
        """How many pieces it surely had then."""
        return max((had for at, had in zip(self.keys, self.had, strict=True) if at <= when), default=0)


def typed(count: int) -> str:
    return "".join(LETTERS[n % 10] for n in range(count))


def sound(paths: Paths) -> bool:
    with closing(sqlite3.connect(paths.history_file)) as db:
        return db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def _one_life(folder: Path, seed: int) -> tuple[float, float]:
    """One start and one kill. Returns the seconds of text and of typing that were lost."""
    chance = random.Random(seed)
    stream = Stream()
    async with Server(stream) as server, Child.start(folder, f"{server.url}/v1", seed) as child:
        await child.types(1 + chance.randrange(100))
        await asyncio.sleep(chance.random() * 1.5)  # the moment is to be any moment
        killed = await child.end(signal.SIGKILL)
    paths = Paths(folder)
    assert sound(paths)
    history = History(paths)
    (key,) = await history.open_keys()
    held, draft = await history.load(key), await history.draft(key)
    await history.close()
    last = held.runs[-1]
    assert (last.status, last.reason) == ("cut", "interrupted")
    text = held.text_of(last.number)
    kept = len(text.split())
    assert text == pieces(kept), "the answer is what was sent, from its beginning"
    assert kept >= child.had_at(killed - 1.0), "at most a second of text is lost"
    lost_text = killed - stream.sent[min(kept, len(stream.sent) - 1)]
    count = len(draft.text)
    assert draft.text == typed(count), "the draft is what was typed, from its beginning"
    settled = [n + 1 for n, at in enumerate(child.keys) if at <= killed - 5.5]
    assert count >= (settled[-1] if settled else 0), "typing on: five seconds at most"
    nexts = [*child.keys[1:], killed]
    pauses = [n + 1 for n, at in enumerate(child.keys) if nexts[n] - at > 1.5]
    assert count >= (pauses[-1] if pauses else 0), "a pause of a second stores it"
    lost_keys = killed - child.keys[count] if count < len(child.keys) else 0.0
    return max(0.0, lost_text), lost_keys


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
async def test_a_killed_program_loses_no_more_than_was_promised(tmp_path: Path) -> None:
    lost = [await _one_life(tmp_path / str(seed), seed) for seed in range(KILLS)]
    print("lost at most:", f"{max(t for t, _ in lost):.3f} s of text, {max(k for _, k in lost):.3f} s of typing")


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
async def test_sigterm_saves_everything_and_leaves_in_time(tmp_path: Path) -> None:
    stream = Stream()
    async with Server(stream) as server, Child.start(tmp_path, f"{server.url}/v1", 1) as child:
        await child.types(20)
        assert await child.leaves() < 3.0
        assert child.process.returncode in (0, 143, -signal.SIGTERM)
    history = History(Paths(tmp_path))
    (key,) = await history.open_keys()
    assert (await history.draft(key)).text == typed(len(child.keys)), "the last letter too"
    held = await history.load(key)
    kept = len(held.text_of(0).split())
    assert held.text_of(0) == pieces(kept)
    assert kept >= child.had[-1], "all that it had when the last letter was typed"
    assert (held.runs[0].status, held.runs[0].reason) == ("cut", "interrupted")
    await history.close()
    assert sound(Paths(tmp_path))


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_after_a_kill_the_window_shows_what_was_there(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        stream = Stream()
        async with Server(stream) as server, Child.start(tmp_path, f"{server.url}/v1", 2) as child:
            await child.types(160)
            killed = await child.end(signal.SIGKILL)
        async with window(qapp, tmp_path) as sluice:
            assert "Interrupted" in sluice.text()
            read = sluice.text().split()[1:]  # the question comes first
            promised = pieces(child.had_at(killed - 1.0)).split()
            assert promised
            assert read[: len(promised)] == promised
            assert sluice.find("composer", QPlainTextEdit).toPlainText().startswith("abc")

    drive(qapp, work, 90)
