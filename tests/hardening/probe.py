"""How long the window did not answer, and how much memory the process took, while something went on.

Time in which the window's thread could have run, but other programs had the processors, is not its fault and is taken
off, where the system tells of it (Linux): so the same bounds hold on a busy machine. So is time in which it waited for
another thread of ours (for Python's lock) that was kept waiting in this way itself.
"""

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
_LONG = 0.05  # seconds of a gap that is looked at more closely
_ROOT = Path(__file__).parents[2]


class Probe:
    """A timer of the window's own loop. `gaps` are the seconds between its ticks, less what was waited for a
    processor; `peak` the most resident memory that was seen, `start` what there was at first, both in megabytes."""

    def __init__(self) -> None:
        self.gaps: list[float] = []
        self.waited = 0.0  # seconds for a processor, all together
        self.start = self.peak = resident()
        self._last, self._others = Moment(), 0.0
        self._timer = QTimer(interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._watch_memory, daemon=True)

    def _tick(self) -> None:
        before, now = self._last, Moment()
        taken_off = now.starved - before.starved
        gap = now.at - before.at - taken_off
        if gap > _LONG:
            idle = gap - (now.ran - before.ran)
            theirs = min(idle, others_starved(self._watch.native_id) - self._others)
            taken_off += max(0.0, theirs)
            gap -= max(0.0, theirs)
        self.gaps.append(max(0.0, gap))
        self.waited += taken_off
        self._last = now
        if gap > _LONG or len(self.gaps) % 10 == 0:
            self._others = others_starved(self._watch.native_id)

    def _watch_memory(self) -> None:
        while not self._over.wait(0.02):
            self.peak = max(self.peak, resident())

    @property
    def worst(self) -> float:
        """Milliseconds."""
        return 1000 * max(self.gaps, default=0.0)

    def late(self, most: float) -> int:
        """How many gaps were longer than so many milliseconds."""
        return sum(gap * 1000 > most for gap in self.gaps)

    @property
    def grown(self) -> float:
        """Megabytes more than at the start."""
        return self.peak - self.start

    def begin(self) -> None:
        self._watch.start()
        self._last, self._others = Moment(), others_starved(self._watch.native_id)
        self._timer.start()

    def end(self) -> None:
        self._tick()
        self._timer.stop()
        self._over.set()
        self._watch.join()

    def __str__(self) -> str:
        return (
            f"worst {self.worst:.0f} ms, {self.late(100)} over 100 ms, peak {self.peak:.0f} MB (+{self.grown:.0f}), "
            f"{self.waited:.1f} s of waiting for a processor taken off"
        )


class Moment:
    """When it is, and how long this thread ran and how long it had no processor up to now; all in seconds."""

    def __init__(self) -> None:
        self.at = time.monotonic()
        self.ran, self.starved = scheduled("thread-self")


def scheduled(thread: str) -> tuple[float, float]:
    """Seconds that a thread ran, and that it could have run but had no processor; 0 where the system does not tell."""
    try:
        ran, starved = Path(f"/proc/{thread}/schedstat").read_text("ascii").split()[:2]
    except (OSError, ValueError):
        return 0.0, 0.0
    return int(ran) / 1e9, int(starved) / 1e9


def others_starved(but: int | None) -> float:
    """Seconds that the other threads of this process had no processor; without the thread `but`."""
    try:
        threads = os.listdir("/proc/self/task")
    except OSError:
        return 0.0
    mine = {str(threading.get_native_id()), str(but)}
    return sum(scheduled(f"self/task/{thread}")[1] for thread in threads if thread not in mine)


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


@asynccontextmanager
async def all_protocols() -> AsyncIterator[dict[str, str]]:
    """Fault servers that do what a message asks for, in a process of their own. Gives their addresses by protocol."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.loopback.faults_by_hand",
        stdout=subprocess.PIPE, stdin=subprocess.PIPE, cwd=_ROOT,
    )  # fmt: skip
    assert process.stdout is not None and process.stdin is not None
    places = {}
    try:
        while words := (await process.stdout.readline()).decode().split():
            places[words[0]] = words[1]
        yield places
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
