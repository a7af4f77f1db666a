"""A person types, an agent answers: the window over real loopback servers."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPlainTextEdit

from desktop.core.requests import Connection
from desktop.ui.session_page import SessionPage
from tests.loopback.server import Server
from tests.services.test_session import Scripted
from tests.ui.driving import drive, window


def ended(page: SessionPage) -> bool:
    run = page.session.conversation.run
    return run is not None and run.status is not None


def test_a_question_is_answered(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with Server(Scripted()) as server:
            place = Connection("openai", f"{server.url}/v1", "m")
            async with window(qapp, tmp_path, place) as sluice:
                assert QApplication.focusWidget() is None or sluice.find("composer").hasFocus()
                assert not sluice.shows("stop_button")
                sluice.say("whole")
                await sluice.until(lambda: "Hello there." in sluice.text(), "the answer")
                await sluice.until(lambda: not sluice.page.session.running, "the end")
                assert sluice.find("composer", QPlainTextEdit).toPlainText() == ""
                assert "whole" in sluice.text()
                assert "done" in sluice.page._status.text()

    drive(qapp, work)


def test_stop_shows_only_while_a_run_is_live_and_says_so(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        scripted = Scripted()
        async with Server(scripted) as server:
            async with window(qapp, tmp_path, Connection("openai", f"{server.url}/v1", "m")) as sluice:
                sluice.say("hold")
                await sluice.until(lambda: "Hello there." in sluice.text(), "the text")
                QTest.keyClicks(sluice.find("composer"), "typed meanwhile")
                QTest.mouseClick(sluice.find("stop_button"), Qt.MouseButton.LeftButton)
                assert not sluice.shows("stop_button")
                assert "Stopped by you" in sluice.text()
                assert sluice.find("composer", QPlainTextEdit).toPlainText() == "typed meanwhile"
                await scripted.left.wait()

    drive(qapp, work)


def test_a_refused_message_stays_in_the_composer(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with Server(Scripted()) as server:
            async with window(qapp, tmp_path, Connection("openai", f"{server.url}/v1", "m")) as sluice:
                sluice.say("refused")
                await sluice.until(lambda: "valid key" in sluice.text(), "the reason")
                assert sluice.find("composer", QPlainTextEdit).toPlainText() == "refused"

    drive(qapp, work)


def test_what_had_arrived_is_there_after_a_restart(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with Server(Scripted()) as server:
            place = Connection("openai", f"{server.url}/v1", "m")
            async with window(qapp, tmp_path, place) as sluice:
                sluice.say("hold")
                await sluice.until(lambda: "Hello there." in sluice.text(), "the text")
                QTest.keyClicks(sluice.find("composer"), "a draft")
            async with window(qapp, tmp_path, place) as sluice:
                assert "Hello there." in sluice.text()
                assert "Interrupted" in sluice.text()
                assert sluice.find("composer", QPlainTextEdit).toPlainText() == "a draft"
                assert len(sluice.window.pages()) == 1

    drive(qapp, work)


def test_two_tabs_do_not_mix(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with Server(Scripted()) as server:
            async with window(qapp, tmp_path, Connection("openai", f"{server.url}/v1", "m")) as sluice:
                first = sluice.page
                sluice.say("first whole")
                sluice.window.new_tab()
                sluice.say("second limit")
                second = sluice.page
                for page in (first, second):
                    await sluice.until(lambda p=page: ended(p), "an end")
                assert "second" not in first._transcript.plain_text()
                assert "first" not in second._transcript.plain_text()
                assert "limit" in second._transcript.plain_text()

    drive(qapp, work)
