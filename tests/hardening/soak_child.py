"""Ten tabs of the real window that cycle through faults, in a process of its own: what tests before have loaded and let
go would be measured with it.

Run as: python -m tests.hardening.soak_child DIR SECONDS

Prints, as JSON in its last line, how many runs ended in which way and what there was at forty moments.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from PySide6.QtWidgets import QApplication

from desktop.core.requests import Connection, Secrets
from desktop.services import tasks
from desktop.services.clock import now
from desktop.ui.session_page import SessionPage
from tests.hardening.probe import all_protocols, handles, resident
from tests.loopback.faults import FAULTS, SHAPES
from tests.ui.driving import Driven, drive, window

SECONDS = float(sys.argv[2])
PAUSE = 0.0 if SECONDS < 60 else 2.0  # between two messages
TABS = 10
TURNS = 12  # of one conversation, before its tab is closed and another opened
AMOUNTS = {"many events": 2_000, "many grown": 2_000, "many unknown": 2_000}  # of the large ones; bytes for the others


@dataclass(frozen=True)
class Sample:
    """What there is at a moment: megabytes, and numbers of the rest."""

    memory: float
    tasks: int
    files: int
    widgets: int


def sample() -> Sample:
    gc.collect()
    return Sample(round(resident(), 1), len(tasks.running()), handles(), len(QApplication.allWidgets()))


def asked(fault: str) -> str:
    return f"fault: {fault} x{AMOUNTS.get(fault, 2_000_000)}."


async def talk(sluice: Driven, page: SessionPage, dice: random.Random, end: float, done: Counter[str]) -> None:
    """A few turns in one tab, which comes to the front now and then."""
    for _ in range(TURNS):
        if now() < end:
            done[await turn(sluice, page, dice)] += 1
            if dice.random() < 0.2:
                sluice.window.tabs.setCurrentWidget(page)
            await asyncio.sleep(PAUSE)


async def turn(sluice: Driven, page: SessionPage, dice: random.Random) -> str:
    """One message to a server that fails in some way. Returns how the run ended."""
    fault, runs = dice.choice(FAULTS), page.session.conversation.runs
    count = len(runs)
    page.box.composer.put(asked(fault))  # in place of what was refused
    page.send()
    await sluice.until(lambda: len(runs) > count, "the run", 60.0)
    if fault.startswith("hang") or fault == "503" or dice.random() < 0.1:
        page.stop()
    await sluice.until(lambda: not page._outbox.busy, f"the end of {fault}", 60.0)
    return str(runs[-1].status)


async def life(sluice: Driven, protocol: str, url: str, dice: random.Random, end: float, done: Counter[str]) -> None:
    """One tab after the other, until the time is over."""
    workspace = sluice.workspace
    profile = workspace.connections.add_temporary(Connection(protocol, url, SHAPES[protocol].agent), Secrets("key-1"))
    while now() < end:
        page = sluice.window.add_tab(workspace.new_tab(profile), current=False)
        page.session.patient = False  # pauses of seconds are not what is measured
        await talk(sluice, page, dice, end, done)
        sluice.window.close_tab(page)


def main() -> None:
    """The ten lives, and what there is meanwhile."""
    done, samples = Counter[str](), list[Sample]()

    async def work() -> None:
        async with all_protocols() as places, window(app, Path(sys.argv[1])) as sluice:
            end = now() + SECONDS
            protocols = [list(SHAPES)[i % len(SHAPES)] for i in range(TABS)]
            lives = [
                asyncio.create_task(life(sluice, protocol, places[protocol], random.Random(i), end, done))
                for i, protocol in enumerate(protocols)
            ]
            while now() < end:
                await asyncio.sleep(SECONDS / 40)
                samples.append(sample())
                if PAUSE:
                    words = f"{SECONDS - end + now():.0f} s, {sum(done.values())} runs, {samples[-1]}"
                    print(words, file=sys.stderr, flush=True)
            await asyncio.gather(*lives)

    app = QApplication(sys.argv[:1])
    drive(app, work, SECONDS + 120.0)
    print(json.dumps({"done": done, "samples": [asdict(sample) for sample in samples]}))


if __name__ == "__main__":
    main()
