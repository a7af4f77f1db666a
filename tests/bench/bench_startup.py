"""How long until the first painted window, against a bare PySide6 window, in one run: goal 9, at most 1.6 times.

    python tests/bench/bench_startup.py [runs]

Both are fresh processes, interleaved; the time runs from before the process is started to the end of the window's
first paint. Uses the platform of QT_QPA_PLATFORM, else offscreen. Both start as they do for a person, from the second
start on: with Python's compiled files, whatever PYTHONDONTWRITEBYTECODE says here.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

BARE = """
import sys, time
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication, QMainWindow
class Window(QMainWindow):
    def event(self, event):
        done = super().event(event)
        if event.type() == QEvent.Type.Paint:
            print(time.time(), flush=True)
            QApplication.quit()
        return done
app = QApplication([])
window = Window()
window.resize(1180, 800)
window.show()
app.exec()
"""

OURS = """
import sys, time, os
from desktop import cli
from desktop.ui.main_window import MainWindow
seen = MainWindow.event
def event(self, event):
    done = seen(self, event)
    if event.type() == event.Type.Paint:
        print(time.time(), flush=True)
        os._exit(0)
    return done
MainWindow.event = event
cli.run(["--data-dir", sys.argv[1]])
"""


def first_paint(code: str, *arguments: str) -> float:
    """Seconds from before the start of a process to its first painted window."""
    environment = {"QT_QPA_PLATFORM": "offscreen", **os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    start = time.time()
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=environment, check=True
    )
    return float(done.stdout.split()[0]) - start


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    times: dict[str, list[float]] = {"bare": [], "ours": []}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(runs + 1):
            times["bare"].append(first_paint(BARE))
            times["ours"].append(first_paint(OURS, folder))
    bare, ours = (values[1:] for values in times.values())  # the first of each warms the disk
    low, ratio, high = statistics.quantiles([one / other for one, other in zip(ours, bare, strict=True)])
    print(
        f"bare window {statistics.median(bare) * 1000:.0f} ms, Sluice {statistics.median(ours) * 1000:.0f} ms, "
        f"ratio of the pairs {ratio:.2f} ({low:.2f} to {high:.2f}; goal: 1.6)"
    )


if __name__ == "__main__":
    main()
