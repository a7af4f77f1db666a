"""Asks that come while the person is elsewhere: told over a real session bus, led to, and taken back."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from desktop.services.system.session_bus import SessionBus
from desktop.ui.system.notifier import Notifier
from tests.loopback import agentrail
from tests.ui.desktop_bus import NOTIFICATIONS, Service
from tests.ui.driving import Driven
from tests.ui.test_window_asks import RAIL, Case, Taking, many, press, tell
from tests.ui.test_window_protocols import dialog_is_ready, over, run_has_ended

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support raise", extend=True)


@pytest.fixture
def desk(address: str) -> Iterator[Service]:
    """The desktop's notifications, numbered from 1."""
    numbers = count(1)
    answers = {
        "GetCapabilities": ("as", (["actions", "body", "body-markup"],)),
        "Notify": lambda *_: ("u", (next(numbers),)),
        "CloseNotification": ("", ()),
    }
    made = Service(address, *NOTIFICATIONS, answers)
    yield made
    made.close()


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The person works in another program."""
    monkeypatch.setattr(QApplication, "activeWindow", lambda: None)
    return monkeypatch


def listen(sluice: Driven, bus: SessionBus) -> None:
    sluice.window.tell_by(Notifier(bus, sluice.window))


async def told(sluice: Driven, desk: Service, method: str = "Notify", times: int = 1) -> list[Any]:
    await sluice.until(lambda: sum(name == method for name, _ in list(desk.calls)) >= times, f"{times} × {method}")
    return desk.called(method, times)


async def ask_in_a_hidden_tab(sluice: Driven, words: str) -> Any:
    page = sluice.page
    tell(sluice, words)
    sluice.window.new_tab()
    await sluice.until(lambda: bool(page.pending_asks()), "the request")
    return page


def test_who_is_elsewhere_is_told_once_and_led_to_the_request(
    qapp: QApplication, tmp_path: Path, bus: SessionBus, desk: Service, away: Any
) -> None:
    async def work(sluice: Driven, host: Any) -> None:
        listen(sluice, bus)
        asking = await ask_in_a_hidden_tab(sluice, "write <b>a</b> & note")
        [(_, _, _, title, body, actions, _, _)] = await told(sluice, desk)
        assert title == "Waiting for you" and actions == ["default", "Open"]
        assert "Write" in body and "&lt;b&gt;a&lt;/b&gt; &amp; note" in body
        assert sluice.window.windowTitle().startswith("(1) ")
        assert not sluice.shows("approval_dialog")  # it belongs to another tab than the one in front
        sluice.window.showMinimized()
        desk.say("ActionInvoked", "us", (1, "default"))
        await dialog_is_ready(sluice)
        assert sluice.page is asking and not sluice.window.isMinimized()
        assert host.decisions == []
        press(sluice, "approval_deny")
        await run_has_ended(sluice)
        await sluice.until(lambda: not sluice.window.windowTitle().startswith("("), "no badge any more")
        assert await told(sluice, desk, "CloseNotification") == [(1,)]
        assert [body[3] for body in desk.called("Notify")].count("Waiting for you") == 1

    over(RAIL, qapp, tmp_path, work)


def test_one_that_was_answered_elsewhere_is_taken_back(
    qapp: QApplication, tmp_path: Path, bus: SessionBus, desk: Service, away: Any
) -> None:
    async def work(sluice: Driven, host: Any) -> None:
        listen(sluice, bus)
        asking = await ask_in_a_hidden_tab(sluice, "write a note")
        await told(sluice, desk)
        asking.session.stop()  # the request went with its run
        assert await told(sluice, desk, "CloseNotification") == [(1,)]
        desk.say("ActionInvoked", "us", (1, "default"))  # pressed too late
        await told(sluice, desk, "CloseNotification")
        assert sluice.page is not asking and not sluice.shows("approval_dialog")

    over(RAIL, qapp, tmp_path, work)


def test_the_programs_end_takes_them_back(
    qapp: QApplication, tmp_path: Path, bus: SessionBus, desk: Service, away: Any
) -> None:
    async def work(sluice: Driven, host: Any) -> None:
        listen(sluice, bus)
        await ask_in_a_hidden_tab(sluice, "write a note")
        await told(sluice, desk)

    over(RAIL, qapp, tmp_path, work)
    assert desk.called("CloseNotification") == [(1,)]


def test_a_flood_is_told_a_few_times_and_leads_to_the_inbox(
    qapp: QApplication, tmp_path: Path, bus: SessionBus, desk: Service, away: pytest.MonkeyPatch
) -> None:
    away.setattr(agentrail.Turn, "_many", many, raising=False)

    async def work(sluice: Driven, host: Any) -> None:
        listen(sluice, bus)
        asking = await ask_in_a_hidden_tab(sluice, "many")
        await sluice.until(lambda: len(asking.pending_asks()) == 50, "all requests")
        await sluice.until(lambda: sluice.window.windowTitle().startswith("(50) "), "the badge")
        bodies = [body for _, _, _, _, body, *_ in await told(sluice, desk, times=4)]
        assert bodies[-1] == "More requests wait for you."
        desk.say("ActionInvoked", "us", (4, "default"))
        await sluice.until(lambda: sluice.shows("approval_queue"), "the inbox")
        assert host.decisions == [] and len(desk.called("Notify")) == 4

    over(Case("agentrail", Taking, "", ""), qapp, tmp_path, work)


def test_one_that_was_waved_away_makes_room_for_the_next(
    qapp: QApplication, tmp_path: Path, bus: SessionBus, desk: Service, away: Any
) -> None:
    async def work(sluice: Driven, host: Any) -> None:
        listen(sluice, bus)
        await ask_in_a_hidden_tab(sluice, "write a note")
        await told(sluice, desk)
        notices = sluice.window.asks.notices
        desk.say("NotificationClosed", "uu", (1, 2))
        await sluice.until(lambda: not notices._told, "it is gone")
        assert "CloseNotification" not in [name for name, _ in desk.calls]

    over(RAIL, qapp, tmp_path, work)
