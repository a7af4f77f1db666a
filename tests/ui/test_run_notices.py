"""A run that ends while nobody looks is told by the desktop, over a real bus; never one that somebody sees."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from desktop.services.system.session_bus import SessionBus
from desktop.ui.system.notifier import Notifier
from tests.ui.desktop_bus import Service
from tests.ui.driving import Driven, drive
from tests.ui.test_turns import counting, say

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)  # raising a window, on no screen


class Desk:
    """What the desktop was told so far. It numbers its notifications."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def _bodies(self, method: str) -> list[Any]:
        with self.service.came:
            return [body for name, body in self.service.calls if name == method]

    @property
    def shown(self) -> list[tuple[str, str]]:
        """(title, words) of each notification, in order."""
        return [(body[3], body[4]) for body in self._bodies("Notify")]

    @property
    def taken_back(self) -> int:
        return len(self._bodies("CloseNotification"))

    def press(self) -> None:
        self.service.say("ActionInvoked", "us", (7, "default"))


@pytest.fixture
def told(desk: Service) -> Iterator[Desk]:
    yield Desk(desk)


async def hidden_answer(sluice: Driven, go: Any) -> Any:
    """A run that ends in a tab behind another one."""
    sluice.say("hold")
    page = sluice.page
    await sluice.until(lambda: "Answer" in sluice.text(), "the beginning")
    sluice.window.new_tab()
    go.set()
    await sluice.until(lambda: page.unread, "the end, taken note of")
    return page


def test_a_hidden_answer_is_told_and_pressing_it_opens_its_tab(
    qapp: QApplication, tmp_path: Path, bus: SessionBus, told: Desk
) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path / "data") as (sluice, server):
            sluice.window.tell_by(Notifier(bus, sluice.window))
            page = await hidden_answer(sluice, server.go)
            await sluice.until(lambda: told.shown == [("The answer is there", "hold")], "the notification")
            assert sluice.page is not page
            told.press()
            await sluice.until(lambda: sluice.page is page, "its tab")
            await sluice.until(lambda: told.taken_back == 1, "that it is taken back")

    drive(qapp, work)


def test_it_is_taken_back_when_the_tab_is_looked_at_or_closed(
    qapp: QApplication, tmp_path: Path, bus: SessionBus, told: Desk
) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path / "data") as (sluice, server):
            sluice.window.tell_by(Notifier(bus, sluice.window))
            sluice.window.activateWindow()
            await sluice.until(sluice.window.isActiveWindow, "the window in front")
            for times, act in enumerate((sluice.window.tabs.setCurrentWidget, sluice.window.close_tab), 1):
                server.go.clear()
                page = await hidden_answer(sluice, server.go)
                await sluice.until(lambda times=times: len(told.shown) == times, "the notification")
                act(page)
                await sluice.until(lambda times=times: told.taken_back == times, "that it is taken back")

    drive(qapp, work)


def test_what_is_seen_stopped_or_unwanted_is_not_told(
    qapp: QApplication, tmp_path: Path, bus: SessionBus, told: Desk
) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path / "data") as (sluice, server):
            sluice.window.tell_by(Notifier(bus, sluice.window))
            sluice.window.activateWindow()
            await sluice.until(sluice.window.isActiveWindow, "the window in front")
            await say(sluice, "seen")
            sluice.say("hold")
            page = sluice.page
            await sluice.until(lambda: "Answer number 2" in sluice.text(), "the beginning")
            sluice.window.new_tab()
            page.stop()
            await sluice.until(lambda: not page.session.running, "the stop")
            sluice.workspace.change_settings(show_notifications=False)
            await hidden_answer(sluice, server.go)
            sluice.workspace.change_settings(show_notifications=True)
            server.go.clear()
            await hidden_answer(sluice, server.go)
            await sluice.until(lambda: bool(told.shown), "the one that is told")
            assert len(told.shown) == 1

    drive(qapp, work)
