"""A window that is given one picture, and sends it as it is where there is a server. Prints what became of it, the
longest freeze of each part, and the memory at its highest; before that, what the status line tells first of sending.

Run as: python -m tests.ui.pictures_child DATA_DIR FILE [SERVER]
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QThreadPool, QTimer
from PySide6.QtWidgets import QApplication, QCheckBox

from desktop.core.requests import Connection
from tests.ui.driving import Driven, drive, window


class Probe:
    """The longest time in which the window did not answer, in seconds, less what other programs took of it."""

    def __init__(self) -> None:
        self._timer = QTimer(interval=5)
        self._timer.timeout.connect(self._tick)
        self._timer.start()
        self.reset()

    def _tick(self) -> None:
        now, waited = time.perf_counter(), _waited()
        self.worst = max(self.worst, now - self._last - max(0.0, waited - self._waited))
        self._last, self._waited = now, waited

    def reset(self) -> None:
        self.worst, self._last, self._waited = 0.0, time.perf_counter(), _waited()


def _waited() -> float:
    """Seconds in which threads of this process could have run, but the processors were busy with others."""
    total = 0
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError, IndexError):  # the thread has ended, or this system does not tell
            total += int((task / "schedstat").read_text("ascii").split()[1])
    return total / 1e9


def main(folder: str, file: str, server: str = "") -> None:
    app = QApplication(sys.argv[:1])

    async def work() -> None:
        place = Connection("openai", f"{server or 'http://127.0.0.1:9'}/v1", "m")
        async with window(app, Path(folder), place) as sluice:
            told = await _attach(sluice, file)
            if server:
                told |= await _send(sluice)
            print(json.dumps({**told, "peak": _peak()}), flush=True)

    drive(app, work, 90)


async def _attach(sluice: Driven, file: str) -> dict[str, Any]:
    strip, said = sluice.page.box.strip, []
    sluice.page.pictures.words.connect(said.append)
    await asyncio.sleep(0.3)
    probe = Probe()
    sluice.page.pictures.attach_files([file])
    await sluice.until(lambda: strip.coming == 0, "an outcome", 60)
    await sluice.until(lambda: QThreadPool.globalInstance().activeThreadCount() == 0, "the thumbnails", 60)
    return {"images": [[i.name, i.media, len(i.data)] for i in strip.images()], "said": said, "worst": probe.worst}


async def _send(sluice: Driven) -> dict[str, Any]:
    """Send the original, and stay until the answer is there and what was said is stored."""
    if sluice.shows("attachment_original"):
        sluice.find("attachment_original", QCheckBox).click()
    probe = Probe()
    sluice.say("look")
    await sluice.until(lambda: "sending" in sluice.page._status.text(), "how much has gone", 60)
    print(json.dumps(sluice.page._status.text()), flush=True)
    await sluice.until(lambda: not sluice.page.session.running and "seen" in sluice.text(), "the answer", 60)
    await sluice.workspace._history.flush()
    return {"worst_sending": probe.worst}


def _peak() -> float:
    """The most memory held, in MB. What getrusage tells would count the process that started this one."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
