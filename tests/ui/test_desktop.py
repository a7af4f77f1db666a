"""A program of its desktop: notifications, dark and light, the tray, over a real session bus."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.core.requests import Connection
from desktop.services.system.session_bus import SessionBus
from desktop.ui.system.file_opening import FileOpening
from desktop.ui.system.motion import Motion
from desktop.ui.system.notifier import Notifier
from desktop.ui.system.portal import Portal
from desktop.ui.system.tray import Tray, make_tray
from tests.loopback.server import Exchange, Request, Server
from tests.ui.desktop_bus import NOTIFICATIONS, DesktopBus, Service
from tests.ui.driving import drive, window

PORTAL = ("org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop", "org.freedesktop.portal.Settings")


def test_an_action_of_a_notification_comes_back_with_its_key(qtbot: QtBot, bus: SessionBus, desk: Service) -> None:
    notifier = Notifier(bus)
    notifier.notify("ask-1", "Weather agent", "wants to delete <a> & b", [("allow", "Look at it")], urgent=True)
    qtbot.waitUntil(lambda: notifier._ids == {"ask-1": 7})
    app, replaced, icon, title, body, actions, hints, _ = desk.called("Notify")[0]
    assert (app, replaced, icon, title) == ("Sluice", 0, "sluice", "Weather agent")
    assert body == "wants to delete &lt;a&gt; &amp; b"
    assert actions == ["default", "Open", "allow", "Look at it"]
    assert hints["urgency"] == ("y", 2)
    assert hints["desktop-entry"] == ("s", "sluice")
    with qtbot.waitSignal(notifier.activated) as pressed:
        desk.say("ActionInvoked", "us", (7, "allow"))
    assert pressed.args == ["ask-1", "allow"]


def test_a_second_one_with_the_same_key_takes_the_place_of_the_first(
    qtbot: QtBot, bus: SessionBus, desk: Service
) -> None:
    notifier = Notifier(bus)
    notifier.notify("run", "a", "b")
    qtbot.waitUntil(lambda: notifier._ids == {"run": 7})
    notifier.notify("run", "c", "d")
    assert [body[1] for body in desk.called("Notify", 2)] == [0, 7]


def test_one_that_was_answered_elsewhere_is_taken_away(qtbot: QtBot, bus: SessionBus, desk: Service) -> None:
    notifier = Notifier(bus)
    notifier.notify("ask", "a", "b")
    qtbot.waitUntil(lambda: "ask" in notifier._ids)
    notifier.withdraw("ask")
    assert desk.called("CloseNotification") == [(7,)]
    with qtbot.assertNotEmitted(notifier.activated, wait=50):
        desk.say("ActionInvoked", "us", (7, "default"))


def test_without_a_desktop_a_notification_is_handed_to_whoever_can_show_it(qtbot: QtBot) -> None:
    bus = SessionBus({})
    notifier = Notifier(bus)
    for _ in range(2):  # and the second is asked for anew: a desktop may start later
        with qtbot.waitSignal(notifier.unshown) as shown:
            notifier.notify("run", "Title", "Words")
        assert shown.args == ["run", "Title", "Words"]
    bus.close()


def test_dark_and_light_follow_the_portal_live(qtbot: QtBot, address: str, bus: SessionBus) -> None:
    settings = {("org.freedesktop.appearance", "color-scheme"): ("u", 1)}

    def read(space: str, key: str) -> object:
        found = settings.get((space, key))
        return ("v", (("v", found),)) if found else None

    desk = Service(address, *PORTAL, {"Read": read})  # type: ignore[dict-item]
    portal = Portal(bus)
    qtbot.waitUntil(lambda: portal.dark is True)
    for value, meant in ((2, False), (0, None), (1, True)):
        with qtbot.waitSignal(portal.dark_changed) as changed:
            desk.say("SettingChanged", "ssv", ("org.freedesktop.appearance", "color-scheme", ("u", value)))
        assert changed.args == [meant]
    with qtbot.waitSignal(portal.still_changed) as changed:
        desk.say("SettingChanged", "ssv", ("org.gnome.desktop.interface", "enable-animations", ("b", False)))
    assert changed.args == [True]
    desk.close()


def test_without_a_portal_nothing_is_preferred(qtbot: QtBot, bus: SessionBus) -> None:
    portal = Portal(bus)
    with qtbot.assertNotEmitted(portal.dark_changed, wait=100):
        pass
    assert portal.dark is None
    assert portal.still is False


def test_the_bus_going_away_answers_whoever_waits(qtbot: QtBot, tmp_path: Path) -> None:
    if shutil.which("dbus-daemon") is None:
        pytest.skip("dbus-daemon is not installed")
    other = DesktopBus(tmp_path)
    bus = SessionBus({"DBUS_SESSION_BUS_ADDRESS": other.address})
    deaf = Service(other.address, *NOTIFICATIONS, {"GetCapabilities": ("as", (["body"],)), "Notify": ("u", (1,))})
    notifier = Notifier(bus)
    notifier.notify("a", "b", "c")
    qtbot.waitUntil(lambda: "a" in notifier._ids)
    deaf.close()
    other.close()
    with qtbot.waitSignal(notifier.unshown):
        notifier.notify("d", "e", "f")
    bus.close()


def test_there_is_no_tray_where_the_desktop_has_none(qtbot: QtBot, theme: object) -> None:
    assert make_tray(theme.warning) is None  # type: ignore[attr-defined]


@pytest.mark.qt_log_ignore("systemTrayWindowChanged")  # of the offscreen platform
def test_the_tray_tells_the_numbers_in_words(qtbot: QtBot, theme: object) -> None:
    tray = Tray(theme.warning)  # type: ignore[attr-defined]
    assert tray.icon.toolTip() == "Sluice"
    tray.count(2, 1)
    assert tray.icon.toolTip() == "Sluice — 2 running, 1 waiting for you"
    with qtbot.waitSignal(tray.next_wanted):
        next(a for a in tray.icon.contextMenu().actions() if "waits" in a.text()).trigger()
    tray.count(0, 0)
    assert not next(a for a in tray.icon.contextMenu().actions() if "waits" in a.text()).isEnabled()


def test_reduced_motion_stops_the_blinking_and_gives_it_back(qapp: QApplication) -> None:
    usual = qapp.cursorFlashTime()
    motion = Motion(qapp)
    motion.set_still(True)
    assert qapp.cursorFlashTime() == 0
    motion.set_still(False)
    assert qapp.cursorFlashTime() == usual > 0


def test_a_file_that_comes_as_an_event_waits_for_the_window(qtbot: QtBot, tmp_path: Path) -> None:
    files = FileOpening()
    opened: list[Path] = []
    files.opened.connect(opened.append)
    assert files.take(QFileOpenEvent(str(tmp_path / "early.sluice-recording")))
    assert opened == []
    files.begin()
    assert files.take(QFileOpenEvent(str(tmp_path / "late.sluice-recording")))
    assert [path.stem for path in opened] == ["early", "late"]
    assert files.take(QFileOpenEvent(QUrl("sluice://nothing"))), "what is no file opens nothing"
    assert len(opened) == 2


def test_the_window_counts_what_runs_for_the_tray(qapp: QApplication, tmp_path: Path) -> None:
    async def hold(request: Request, exchange: Exchange) -> None:
        await exchange.start(200, {"content-type": "text/event-stream"})
        await exchange.gone.wait()

    async def work() -> None:
        async with Server(hold) as server, window(qapp, tmp_path, Connection("openai", server.url, "m")) as sluice:
            told: list[tuple[int, int]] = []
            sluice.window.states.counted.connect(lambda *numbers: told.append(numbers))
            sluice.say("Hello")
            await sluice.until(lambda: (1, 0) in told, "the count of one")
            sluice.page.stop()
            await sluice.until(lambda: told[-1] == (0, 0), "the count of none")

    drive(qapp, work)
