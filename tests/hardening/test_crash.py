"""An error of ours in one handler: the window lives, its tab is marked, it is logged once, the report has no secret."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QPushButton

from desktop.core.requests import Connection
from desktop.program import Program
from desktop.services import logs, tasks
from desktop.services.habits.settings import SettingsFile
from desktop.services.paths import Paths
from desktop.ui import theme as themes
from desktop.ui.main_window import MainWindow
from desktop.ui.session_page import SessionPage
from desktop.ui.system.asked import Asked
from desktop.ui.system.crash import CrashBar, Crashes, LastWords, report_of
from desktop.ui.system.first_start import FirstStart
from tests.loopback.faults import FaultServer
from tests.loopback.server import Server
from tests.ui.driving import Driven, drive, until, window


@contextmanager
def watched(sluice: Driven) -> Iterator[Crashes]:
    crashes = Crashes(sluice.window.page, lambda thing: isinstance(thing, SessionPage))
    crashes.install(asyncio.get_running_loop())
    try:
        yield crashes
    finally:
        crashes.remove()
        asyncio.get_running_loop().set_exception_handler(None)


class Broken(Exception):
    """An error of a test's own."""


def test_one_handler_fails_and_the_window_lives(
    qapp: QApplication, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def work() -> None:
        async with Server(FaultServer("openai").handle) as server:
            async with window(qapp, tmp_path, Connection("openai", server.url, "m")) as sluice:
                first = sluice.page
                second = sluice.window.new_tab()

                def bad(self: SessionPage = first) -> None:
                    raise Broken("with planted-secret-9 in it")

                logs.redact("planted-secret-9")
                with watched(sluice):
                    for _ in range(3):
                        QTimer.singleShot(0, bad)
                    await sluice.until(lambda: first.findChild(CrashBar) is not None, "the mark")
                    bar = first.findChild(CrashBar)
                    assert bar is not None
                    await sluice.until(lambda: bar._count == 3, "all three")
                    assert second.findChild(CrashBar) is None, "the other tab has nothing to do with it"
                    assert len(first.findChildren(CrashBar)) == 1
                    assert first.badge() == "failed"
                    bar.findChild(QPushButton, "crash_copy").click()
                    copied = QGuiApplication.clipboard().text()
                    assert "Broken" in copied
                    assert "planted-secret-9" not in copied
                sluice.say("hello")
                await sluice.until(lambda: "Hello there." in sluice.text(), "an answer in the other tab")

    with caplog.at_level(logging.ERROR):
        drive(qapp, work)
    assert caplog.text.count("Broken in") == 1, "it is logged once"
    assert "planted-secret-9" not in caplog.text.split("Traceback")[0]


def test_a_task_and_a_callback_that_fail(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with window(qapp, tmp_path) as sluice:
            with watched(sluice):

                async def bad() -> None:
                    raise Broken("a task")

                def worse() -> None:
                    raise Broken("a callback")

                tasks.spawn(bad(), "bad")
                await sluice.until(lambda: len(sluice.page.findChildren(CrashBar)) == 1, "the task's mark")
                asyncio.get_running_loop().call_soon(worse)
                await sluice.until(lambda: len(sluice.page.findChildren(CrashBar)) == 2, "the callback's mark")

    drive(qapp, work)


def test_an_error_after_the_window_is_gone_is_still_reported(
    qapp: QApplication, caplog: pytest.LogCaptureFixture
) -> None:
    gone = MainWindow(themes.LIGHT)
    crashes = Crashes(gone.page, lambda thing: isinstance(thing, SessionPage))
    shiboken6.delete(gone)
    crashes.take(Broken("late"), "a handler")
    assert "Broken in a handler: late" in caplog.text
    assert "the report of an error failed" not in caplog.text


@pytest.mark.parametrize("stage", ["populate", "put_away"])
def test_what_ends_the_program_is_said_before_it_ends(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], stage: str
) -> None:
    def bad(*_: object) -> None:
        raise Broken("with planted-secret-9 in it")

    monkeypatch.setattr(MainWindow, stage, bad)
    logs.redact("planted-secret-9")
    hook, status = sys.excepthook, []

    async def work() -> None:
        paths = Paths(tmp_path)
        program = Program(qapp, MainWindow(themes.LIGHT), paths, SettingsFile(paths), FirstStart(tmp_path))
        program._window.show()
        run = asyncio.create_task(program.run(Asked()))
        if stage == "populate":
            await until(lambda: any(isinstance(w, LastWords) for w in qapp.topLevelWidgets()), "the last words")
            (said,) = [w for w in qapp.topLevelWidgets() if isinstance(w, LastWords)]
            said.findChild(QPushButton, "crash_copy").click()
            assert "Broken in the program itself" in QGuiApplication.clipboard().text()
            assert "planted-secret-9" not in QGuiApplication.clipboard().text()
            said.accept()
        else:
            await until(lambda: program._workspace is not None and bool(program._window.pages()), "the window")
            program._ended.set()
        status.append(await run)

    drive(qapp, work)
    assert status == [1]
    assert "Broken in the program itself" in capsys.readouterr().err
    assert sys.excepthook is hook
    assert tasks.failed is tasks.log_failure


def test_the_report_holds_no_more_than_it_needs() -> None:
    try:
        raise Broken("x" * 100_000)
    except Broken as error:
        assert len(report_of(error, "a test")) < 5_000
