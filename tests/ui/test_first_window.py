"""The first window: it never waits for ever to be seen, and what is asked of it before it is filled is done."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

START = """
import os, signal, sys
from pathlib import Path
from PySide6.QtCore import QTimer
from desktop import app
from desktop.ui.main_window import MainWindow
from desktop.ui.system.asked import Asked
{before}
first = app._first_window
def shown(*given):
    window = first(*given)
    print("painted" if window.painted_at else "unseen", flush=True)
    {then}
    return window
app._first_window = shown
sys.exit(app.main(Path(sys.argv[1]), Asked(), {self_test}))
"""


def start(folder: Path, before: str = "", then: str = "", self_test: bool = False) -> subprocess.CompletedProcess[str]:
    """The real start in a process of its own, with something done to the window before, or right after its paint."""
    code = START.format(before=before, then=then, self_test=self_test)
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        capture_output=True, text=True, env=environment, check=False, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize(
    "then", ["window.close()", "QTimer.singleShot(0, window.close)", "os.kill(os.getpid(), signal.SIGTERM)"]
)
def test_closing_the_window_before_it_is_filled_ends_the_program_in_order(tmp_path: Path, then: str) -> None:
    done = start(tmp_path, then=then)
    assert done.stdout.split() == ["painted"]
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_a_window_that_nobody_can_see_is_filled_all_the_same(tmp_path: Path) -> None:
    hide = "app._UNSEEN_MS = 50\nMainWindow.show = lambda self: None"
    done = start(tmp_path, before=hide, self_test=True)
    assert done.stdout.split()[0] == "unseen"
    assert "window: Qt" in done.stdout
    assert done.returncode == 0, done.stderr
