"""The five agent servers through the window: text, approvals with the mouse and the chord, questions, teams."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QPlainTextEdit

from desktop.core.conversation import AskItem, ToolItem
from desktop.core.requests import Connection
from tests.loopback import powabase
from tests.loopback.agentrail import Agentrail
from tests.loopback.powabase import Powabase
from tests.loopback.procurator import Procurator
from tests.loopback.promptshuttle import KEY, PromptShuttle
from tests.loopback.server import Server
from tests.ui.driving import Driven, drive, window


@dataclass
class Case:
    """A server of our own, how to reach it, what to say, and what its answer holds."""

    protocol: str
    make: Callable[[], Any]
    say: str
    answer: str
    refused: str = ""
    agent: str | None = None
    key: str | None = None


ASKING = [
    Case("agentrail", Agentrail, "write a note", "Saved.", "I left it alone."),
    Case("powabase", Powabase, "ask", "It is sunny.", "It is sunny.", powabase.AGENT, "key-1"),
]


def over(case: Case, app: QApplication, folder: Path, work: Callable[[Driven, Any], Awaitable[None]]) -> None:
    """Run `work` in a window that talks to the case's server."""

    async def whole() -> None:
        host = case.make()
        async with Server(host.handle) as server:
            place = Connection(case.protocol, server.url, case.agent)
            async with window(app, folder, place, case.key) as sluice:
                await work(sluice, host)

    drive(app, whole)


def asks(sluice: Driven) -> list[AskItem]:
    return [i for i in sluice.page.session.conversation.items.values() if isinstance(i, AskItem)]


async def dialog_is_ready(sluice: Driven) -> None:
    await sluice.until(lambda: sluice.shows("approval_dialog"), "the dialog")
    allow = sluice.find("approval_allow")
    await sluice.until(lambda: allow.property("dead") is False and allow.isEnabled(), "the end of the dead time")


async def run_has_ended(sluice: Driven) -> None:
    session = sluice.page.session
    await sluice.until(lambda: bool(session.conversation.runs) and not session.running, "the run's end")
    await sluice.until(lambda: not sluice.shows("stop_button"), "the quiet window")


@pytest.mark.parametrize("case", ASKING, ids=lambda c: c.protocol)
def test_allow_with_the_mouse(case: Case, qapp: QApplication, tmp_path: Path) -> None:
    async def work(sluice: Driven, host: Any) -> None:
        sluice.say(case.say)
        await dialog_is_ready(sluice)
        QTest.mouseClick(sluice.find("approval_allow", QAbstractButton), Qt.MouseButton.LeftButton)
        await run_has_ended(sluice)
        assert case.answer in sluice.text()
        assert len(host.decisions) == 1
        assert [a.state for a in asks(sluice)] == ["answered"]

    over(case, qapp, tmp_path, work)


@pytest.mark.parametrize("case", ASKING, ids=lambda c: c.protocol)
def test_deny_with_the_mouse(case: Case, qapp: QApplication, tmp_path: Path) -> None:
    async def work(sluice: Driven, host: Any) -> None:
        sluice.say(case.say)
        await dialog_is_ready(sluice)
        QTest.mouseClick(sluice.find("approval_deny", QAbstractButton), Qt.MouseButton.LeftButton)
        await run_has_ended(sluice)
        assert case.refused in sluice.text()
        items = sluice.page.session.conversation.items.values()
        assert "denied" in [i.state for i in items if isinstance(i, ToolItem)]

    over(case, qapp, tmp_path, work)


@pytest.mark.parametrize("case", ASKING, ids=lambda c: c.protocol)
def test_keys_meant_for_the_composer_decide_nothing_and_the_chord_allows(
    case: Case, qapp: QApplication, tmp_path: Path
) -> None:
    async def work(sluice: Driven, host: Any) -> None:
        sluice.say(case.say)
        await sluice.until(lambda: sluice.shows("approval_dialog"), "the dialog")
        dialog = sluice.find("approval_dialog")
        for key in (Qt.Key.Key_Return, Qt.Key.Key_Space, Qt.Key.Key_Enter, Qt.Key.Key_Y, Qt.Key.Key_A):
            QTest.keyClick(QApplication.focusWidget() or dialog, key)
        await dialog_is_ready(sluice)
        for key in (Qt.Key.Key_Return, Qt.Key.Key_Space, Qt.Key.Key_Enter):
            QTest.keyClick(QApplication.focusWidget() or dialog, key)
        assert host.decisions == []
        QTest.keyClick(dialog, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        await run_has_ended(sluice)
        assert len(host.decisions) == 1
        assert case.answer in sluice.text()

    over(case, qapp, tmp_path, work)


def test_escape_decides_nothing_and_the_card_opens_it_again(qapp: QApplication, tmp_path: Path) -> None:
    case = ASKING[0]

    async def work(sluice: Driven, host: Any) -> None:
        sluice.say(case.say)
        await dialog_is_ready(sluice)
        QTest.keyClick(sluice.find("approval_dialog"), Qt.Key.Key_Escape)
        await sluice.until(lambda: not sluice.shows("approval_dialog"), "the closed dialog")
        assert [a.state for a in asks(sluice)] == ["pending"]
        assert host.decisions == []
        sluice.page.ask_wanted.emit(asks(sluice)[0].ask)
        await dialog_is_ready(sluice)
        QTest.mouseClick(sluice.find("approval_allow"), Qt.MouseButton.LeftButton)
        await run_has_ended(sluice)
        assert len(host.decisions) == 1

    over(case, qapp, tmp_path, work)


def test_stop_withdraws_an_open_ask(qapp: QApplication, tmp_path: Path) -> None:
    case = ASKING[0]

    async def work(sluice: Driven, host: Any) -> None:
        sluice.say(case.say)
        await dialog_is_ready(sluice)
        sluice.page.stop()
        await run_has_ended(sluice)
        assert [a.state for a in asks(sluice)] == ["withdrawn"]
        await sluice.until(lambda: not sluice.shows("approval_allow"), "no way to allow what is over")
        assert host.decisions == []

    over(case, qapp, tmp_path, work)


def test_a_question_is_answered_with_a_choice(qapp: QApplication, tmp_path: Path) -> None:
    case = Case("agentrail", Agentrail, "choose", "")

    async def work(sluice: Driven, host: Any) -> None:
        sluice.say(case.say)
        await sluice.until(lambda: sluice.shows("approval_dialog"), "the dialog")
        assert asks(sluice)[0].type == "question"

    over(case, qapp, tmp_path, work)


def test_an_approval_that_outlives_its_run(qapp: QApplication, tmp_path: Path) -> None:
    case = Case("procurator", Procurator, "please", "42", agent="code", key="token-1")

    async def work(sluice: Driven, host: Any) -> None:
        sluice.say(case.say)
        await dialog_is_ready(sluice)
        assert not sluice.page.session.running
        assert "print(6*7)" in sluice.find("approval_arguments", QPlainTextEdit).toPlainText()
        QTest.mouseClick(sluice.find("approval_allow"), Qt.MouseButton.LeftButton)
        await sluice.until(lambda: len(sluice.page.session.conversation.runs) == 2, "the run that answers")
        await run_has_ended(sluice)
        assert [a.state for a in asks(sluice)] == ["answered"]
        assert sluice.page.session.conversation.runs[-1].status == "completed"

    over(case, qapp, tmp_path, work)


def test_a_team_is_a_tree_and_its_texts_stay_apart(qapp: QApplication, tmp_path: Path) -> None:
    case = Case("promptshuttle", PromptShuttle, "agents", "", agent="m", key=KEY)

    async def work(sluice: Driven, _: Any) -> None:
        sluice.say(case.say)
        await run_has_ended(sluice)
        run = sluice.page.session.conversation.run
        assert run is not None
        assert run.status == "completed"
        paths = {i.path for i in sluice.page.session.conversation.items.values()}
        assert any(path for path in paths)

    over(case, qapp, tmp_path, work)


def test_approvals_have_no_place_where_the_server_has_none() -> None:
    from desktop.core.adapters import adapter_class

    for protocol in ("dockrion", "promptshuttle", "openai"):
        assert adapter_class(protocol).can.asks == ()
