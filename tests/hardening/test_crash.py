"""An error of ours in one handler: the window lives, its tab is marked, it is logged once, the report has no secret."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QPushButton

from desktop.core.requests import Connection
from desktop.services import logs, tasks
from desktop.ui.crash import CrashBar, Crashes, report_of
from desktop.ui.session_page import SessionPage
from tests.loopback.faults import FaultServer
from tests.loopback.server import Server
from tests.ui.driving import Driven, drive, window


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


def test_the_report_holds_no_more_than_it_needs() -> None:
    try:
        raise Broken("x" * 100_000)
    except Broken as error:
        assert len(report_of(error, "a test")) < 5_000
