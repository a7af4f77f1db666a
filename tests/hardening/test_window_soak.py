"""Ten tabs of the real window that cycle through faults: memory, tasks, open files and widgets do not grow beyond a
stated bound. What is stored of the conversations grows, on disk.

Fifteen seconds in every run; `SLUICE_SOAK=3600` (seconds) by hand, with pauses as between a person's messages.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

SECONDS = float(os.environ.get("SLUICE_SOAK", "15"))
TABS = 10
GROWTH_MB = 50.0  # after the first half, which loads and caches what there is
GROWTH_MB_AN_HOUR = 60.0


def test_nothing_grows_in_the_window(tmp_path: Path) -> None:
    call = [sys.executable, "-m", "tests.hardening.soak_child", str(tmp_path), str(SECONDS)]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    child = subprocess.run(
        call, stdout=subprocess.PIPE, text=True, env=environment, cwd=Path(__file__).parents[2], timeout=SECONDS + 180,
        check=True,
    )  # fmt: skip
    told = json.loads(child.stdout.splitlines()[-1])
    done, samples = told["done"], told["samples"]
    half = len(samples) // 2
    early, late = samples[:half], samples[half:]
    print(f"{sum(done.values())} runs in {SECONDS:g} s: {done}; {early[-1]} -> {late[-1]}")
    assert sum(done.values()) > 30
    assert len(done) >= 3, "several endings came up"
    growth = min(s["memory"] for s in late[-5:]) - min(s["memory"] for s in early[-5:])
    assert growth < GROWTH_MB + GROWTH_MB_AN_HOUR * SECONDS / 3600
    assert max(s["tasks"] for s in samples) <= 5 * TABS
    assert max(s["files"] for s in late) <= max(s["files"] for s in early) + 40
    assert max(s["widgets"] for s in late) <= 1.5 * max(s["widgets"] for s in early)
