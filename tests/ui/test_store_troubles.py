"""What is wrong with the program's own files is read by the person, not only written to a log."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton

from desktop.services.history.schema import VERSION
from desktop.services.paths import Paths
from tests.services.test_history_faults import Said, filled, garbage, needs_limits, no_room, noise, works
from tests.ui.driving import Driven, drive, window
from tests.ui.test_session_tabs import listed
from tests.ui.test_turns import counting, say

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


def told(sluice: Driven) -> str:
    """What the bar over the window says; "" while there is none."""
    return sluice.window._frame.trouble.words()


def close_bar(sluice: Driven) -> None:
    (button,) = [b for b in sluice.window._frame.trouble.findChildren(QPushButton) if b.isVisible()]
    button.click()


def put_aside(file: Path) -> Path:
    """Where a damaged file was kept."""
    (kept,) = [f for f in file.parent.glob(f"{file.name}.damaged-*") if not f.name.endswith(("-wal", "-shm"))]
    return kept


def remove(folder: Path) -> None:
    for file in folder.glob("history.db*"):
        file.unlink()


def newer(file: Path) -> None:
    with closing(sqlite3.connect(file)) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")


def folder_instead(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize(
    ("harm", "words", "kept"),
    [
        (garbage, "was damaged", True),
        (lambda file: file.write_bytes(b""), "was damaged", True),
        (newer, "newer Sluice", False),
        (folder_instead, "cannot be written", False),
    ],
    ids=["damaged", "empty", "newer", "folder"],
)
def test_a_store_that_cannot_be_used_is_told_and_the_window_works(
    qapp: QApplication, tmp_path: Path, harm: Callable[[Path], None], words: str, kept: bool
) -> None:
    async def work() -> None:
        paths = Paths(tmp_path)
        await filled(paths)
        harm(paths.history_file)
        async with counting(qapp, tmp_path) as (sluice, _):
            await sluice.until(lambda: words in told(sluice), "the words")
            if kept:
                assert put_aside(paths.history_file).name in told(sluice)
            else:
                assert "not be saved" in told(sluice)
            await say(sluice, "one")
            assert "Answer number 1." in sluice.text()
            await sluice.until(lambda: "one" in listed(sluice), "the list")
            assert words in told(sluice), "it stays until somebody has read it"
            close_bar(sluice)
            assert told(sluice) == ""

    drive(qapp, work)


def test_a_store_that_another_program_holds(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        paths = Paths(tmp_path)
        await filled(paths)
        with closing(sqlite3.connect(paths.history_file, isolation_level=None)) as other:
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN EXCLUSIVE")
            async with counting(qapp, tmp_path) as (sluice, _):
                await sluice.until(lambda: "Another program holds" in told(sluice), "the words")
                await say(sluice, "one")
        said = Said()
        history = await works(paths, said)
        assert (await history.load("old")).text_of(0) == "kept"
        assert await history.search("one") == []
        await history.close()
        assert said == []

    drive(qapp, work)


def test_damaged_settings_and_connections_are_told_with_where_they_are_kept(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        for name in ("settings.json", "profiles.json"):
            (tmp_path / name).write_text("{ half")
        async with window(qapp, tmp_path) as sluice:
            lines = told(sluice).split("\n")
            assert len(lines) == 2
            for name in ("settings.json", "profiles.json"):
                assert any(put_aside(tmp_path / name).name in line for line in lines)
        async with window(qapp, tmp_path) as sluice:
            assert told(sluice) == ""

    drive(qapp, work)


@needs_limits
def test_a_full_disk_in_the_middle_of_an_answer(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, server):
            await say(sluice, "one")
            wal = Paths(tmp_path).history_file.with_name("history.db-wal")
            with no_room(wal, 8_000):
                await say(sluice, "\n".join(map(noise, range(60))))
                assert "Answer number 2." in sluice.text(), "the stream goes on on screen"
                await sluice.until(lambda: "disk is full" in told(sluice), "the words")
                QTest.keyClicks(sluice.find("composer"), "typed with a full disk")
                server.requests.clear()
            await sluice.until(lambda: "saved again" in told(sluice), "that saving goes on")
        async with window(qapp, tmp_path) as sluice:
            assert "Answer number 2." in sluice.text()
            assert sluice.page.box.composer.toPlainText() == "typed with a full disk"
            assert told(sluice) == ""

    drive(qapp, work, 60)


@pytest.mark.skipif(os.name != "posix", reason="an open file cannot be removed elsewhere")
def test_a_store_that_was_removed_meanwhile(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, _):
            await say(sluice, "one")
            await sluice.until(lambda: listed(sluice) == ["one"], "the list")
            remove(tmp_path)
            await say(sluice, "two")
            await sluice.until(lambda: "was removed" in told(sluice), "the words")
        async with window(qapp, tmp_path) as sluice:
            assert "Answer number 1." in sluice.text()
            assert "Answer number 2." in sluice.text()

    drive(qapp, work)
