"""How long the window did not answer, and how much memory the process took, while something went on."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from PySide6.QtCore import Qt, QTimer

TICK_MS = 4
_ROOT = Path(__file__).parents[2]


class Probe:
    """A timer of the window's own loop. `worst` is the longest time between two of its ticks, `peak` the most
    resident memory that was seen, `start` what there was at first; both in megabytes."""

    def __init__(self) -> None:
        self.gaps: list[float] = []
        self.start = self.peak = resident()
        self._last = time.monotonic()
        self._timer = QTimer(interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._watch_memory, daemon=True)

    def _tick(self) -> None:
        now = time.monotonic()
        self.gaps.append(now - self._last)
        self._last = now

    def _watch_memory(self) -> None:
        while not self._over.wait(0.02):
            self.peak = max(self.peak, resident())

    @property
    def worst(self) -> float:
        """Milliseconds."""
        return 1000 * max(self.gaps, default=0.0)

    @property
    def grown(self) -> float:
        """Megabytes more than at the start."""
        return self.peak - self.start

    def begin(self) -> None:
        self._last = time.monotonic()
        self._timer.start()
        self._watch.start()

    def end(self) -> None:
        self._tick()
        self._timer.stop()
        self._over.set()
        self._watch.join()

    def __str__(self) -> str:
        late = sum(gap > 0.1 for gap in self.gaps)
        return f"worst {self.worst:.0f} ms, {late} over 100 ms, peak {self.peak:.0f} MB (+{self.grown:.0f})"


def resident() -> float:
    """Megabytes of this process, 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
    except (OSError, ValueError):
        return 0.0


def handles() -> int:
    """Open files and sockets of this process, 0 where the system does not tell."""
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return 0


@asynccontextmanager
async def elsewhere(protocol: str, fault: str, amount: int) -> AsyncIterator[str]:
    """The fault server as a process of its own, so that its work is not the window's. Gives its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.hardening.probe", protocol, fault, str(amount),
        stdout=subprocess.PIPE, stdin=subprocess.PIPE, cwd=_ROOT,
    )  # fmt: skip
    assert process.stdout is not None and process.stdin is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.stdin.close()
        await process.wait()


async def _serve(protocol: str, fault: str, amount: int) -> None:
    from tests.loopback.faults import FaultServer
    from tests.loopback.server import Server

    async with Server(FaultServer(protocol, fault, amount or None).handle) as server:
        print(server.url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], sys.argv[2], int(sys.argv[3])))
