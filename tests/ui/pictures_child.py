"""A window that is given one picture. Prints what became of it, the longest freeze, and the memory at its highest.

Run as: python -m tests.ui.pictures_child DATA_DIR FILE
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QThreadPool, QTimer
from PySide6.QtWidgets import QApplication

from desktop.core.requests import Connection
from tests.ui.driving import drive, window


class Probe:
    """The longest time in which the window did not answer, in seconds."""

    def __init__(self) -> None:
        self.worst, self._last = 0.0, time.perf_counter()
        self._timer = QTimer(interval=5)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def _tick(self) -> None:
        now = time.perf_counter()
        self.worst, self._last = max(self.worst, now - self._last), now

    def reset(self) -> None:
        self.worst, self._last = 0.0, time.perf_counter()


def main(folder: str, file: str) -> None:
    app = QApplication(sys.argv[:1])

    async def work() -> None:
        async with window(app, Path(folder), Connection("openai", "http://127.0.0.1:9/v1", "m")) as sluice:
            strip, said = sluice.page.box.strip, []
            sluice.page.pictures.words.connect(said.append)
            await asyncio.sleep(0.3)
            probe = Probe()
            probe.reset()
            sluice.page.pictures.attach_files([file])
            await sluice.until(lambda: strip.coming == 0, "an outcome", 60)
            await sluice.until(lambda: QThreadPool.globalInstance().activeThreadCount() == 0, "the thumbnails", 60)
            images = [[i.name, i.media, len(i.data)] for i in strip.images()]
            told = {"images": images, "said": said, "worst": probe.worst, "peak": _peak()}
            print(json.dumps(told), flush=True)

    drive(app, work, 90)


def _peak() -> float:
    """The most memory held, in MB. What getrusage tells would count the process that started this one."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
