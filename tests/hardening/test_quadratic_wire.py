"""A wire that repeats the whole message with every delta: 20,000 characters are about 100 MB of it."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from PySide6.QtWidgets import QApplication

from desktop.core.requests import Connection
from tests.hardening.probe import Probe
from tests.ui.driving import drive, window

CHARACTERS = 20_000
_ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def host() -> AsyncIterator[str]:
    """Agentrail's host as a process. Gives its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.loopback.long_agentrail", stdout=subprocess.PIPE, stdin=subprocess.PIPE, cwd=_ROOT
    )
    assert process.stdout is not None and process.stdin is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.stdin.close()
        await process.wait()


def test_the_window_answers_memory_stays_small_and_the_store_holds_the_text_once(
    qapp: QApplication, tmp_path: Path
) -> None:
    probe = Probe()
    said: list[str] = []

    async def work() -> None:
        async with host() as url, window(qapp, tmp_path, Connection("agentrail", url)) as sluice:
            await stored(sluice, "hi")
            before = stored_bytes(tmp_path)
            probe.start = probe.peak
            sluice.say(f"long {CHARACTERS}")
            probe.begin()
            held = sluice.page.session.conversation
            await sluice.until(lambda: len(held.runs) == 2 and held.runs[-1].status is not None, "the end", 60.0)
            probe.end()
            said.append(held.text_of(1))
            await sluice.workspace._history.flush()
            assert stored_bytes(tmp_path) - before < 2 * CHARACTERS, "the store grows with the text, not with the wire"

    drive(qapp, work, seconds=120.0)
    print(probe)
    assert said[0] == ("0123456789 " * (CHARACTERS // 11 + 1))[:CHARACTERS]
    assert probe.late(100.0) <= 2, str(probe)
    assert probe.grown < 100, str(probe)


async def stored(sluice, word: str) -> None:  # type: ignore[no-untyped-def]
    """One small turn, on disk."""
    sluice.say(word)
    held = sluice.page.session.conversation
    await sluice.until(lambda: bool(held.runs) and held.runs[-1].status is not None, "the first turn")
    await sluice.workspace._history.flush()


def stored_bytes(folder: Path) -> int:
    """Bytes of all that is kept of what was said: events, the texts for the search, and its index."""
    tables = {"events": "json", "docs": "text", "docs_fts_data": "block"}
    with closing(sqlite3.connect(folder / "history.db")) as db:
        sums = (db.execute(f"SELECT sum(length({column})) FROM {table}") for table, column in tables.items())
        return sum(found.fetchone()[0] or 0 for found in sums)
