"""A recording in the window: its controls, by mouse and by keys, and that nothing is sent from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import QDropEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QPushButton, QSlider

from desktop.core.recordings.recording import Recording, RunBegun
from desktop.services.recording.files import load
from desktop.services.recording.player import MAX_SPEED, Player
from desktop.services.recording.replays import replay_tab
from desktop.services.recording.tour import scenes
from desktop.ui.session_page import SessionPage
from tests.loopback.server import Exchange, Request, Server
from tests.ui.driving import Driven, drive, window

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
APPROVAL, TEAM = 0, 2  # scenes of the tour


def opened(driven: Driven, scene: int) -> tuple[SessionPage, Player]:
    page = driven.window.add_tab(replay_tab(load(scenes()[scene].path), "scene"))
    assert page.tab.player is not None
    return page, page.tab.player


def press(driven: Driven, name: str) -> None:
    QTest.mouseClick(driven.find(name), Qt.MouseButton.LeftButton)


def test_play_pause_step_speed_and_place(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with window(qapp, tmp_path) as driven:
            _, player = opened(driven, TEAM)
            play = driven.find("replay_play", QPushButton)
            press(driven, "replay_play")
            await driven.until(lambda: play.text() == "Pause" and player.at > 0.3, "playing")
            press(driven, "replay_play")
            await driven.until(lambda: play.text() == "Play" and player.resting(), "a rest")
            await steps(driven, player)
            speed = driven.find("replay_speed", QComboBox)
            QTest.keyClick(speed, Qt.Key.Key_End)
            await driven.until(lambda: player.speed == MAX_SPEED, "the speed")
            press(driven, "replay_play")
            await driven.until(lambda: player.over and "ten months" in driven.text(), "the end")
            await driven.until(lambda: play.text() == "Play again", "the button")
            await places(driven, player)

    drive(qapp, work)


async def steps(driven: Driven, player: Player) -> None:
    """One frame of the wire each time, and never more by itself."""
    rows = len(list(player.session.conversation.items))
    seen = player.session.conversation.runs[0].last_event
    for _ in range(12):
        press(driven, "replay_step")
        await driven.until(player.resting, "a rest")
    assert player.session.conversation.runs[0].last_event != seen
    assert rows <= len(list(player.session.conversation.items)) <= rows + 12
    assert not player.playing


async def places(driven: Driven, player: Player) -> None:
    slider = next(s for s in driven.page.findChildren(QSlider) if s.accessibleName() == "Place in the recording")
    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_Home)
    await driven.until(lambda: player.at < 0.5 and player.resting(), "the beginning")
    await driven.until(lambda: "ten months" not in driven.text(), "an empty transcript")
    for _ in range(5):
        QTest.keyClick(slider, Qt.Key.Key_PageUp)
    await driven.until(lambda: player.resting() and 4 < player.at < 7, "the middle")
    await driven.until(lambda: "naturalist" in driven.text(), "the next frame")
    assert "ten months" not in driven.text()


def test_an_approval_stops_it_at_any_speed(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with window(qapp, tmp_path) as driven:
            _, player = opened(driven, APPROVAL)
            player.play(MAX_SPEED)
            await driven.until(lambda: driven.shows("approval_dialog") and player.waiting is not None, "the dialog")
            at = player.at
            player.play(MAX_SPEED)
            player.step()
            await driven.until(lambda: driven.shows("replay_decide"), "the bar")
            assert player.at == at and "lettuce" not in driven.text(), "it waits whatever is pressed"
            QTest.keyClick(driven.find("approval_dialog"), Qt.Key.Key_Escape)
            await driven.until(lambda: not driven.shows("approval_dialog"), "the dialog is put aside")
            assert player.waiting is not None, "which decides nothing"
            press(driven, "replay_decide")
            await driven.until(lambda: player.waiting is None, "the decision")
            player.play(MAX_SPEED)
            await driven.until(lambda: player.over and "lettuce" in driven.text(), "the end")

    drive(qapp, work)


def to(url: str, recording: Recording) -> Recording:
    """The same recording, of a server that is there."""

    def moved(entry: RunBegun) -> RunBegun:
        return replace(entry, connection=replace(entry.connection, base_url=url))

    return replace(recording, entries=tuple(moved(e) if isinstance(e, RunBegun) else e for e in recording.entries))


def test_nothing_is_sent_from_a_replay_whatever_is_pressed(qapp: QApplication, tmp_path: Path) -> None:
    asked: list[Request] = []

    async def listen(request: Request, exchange: Exchange) -> None:
        asked.append(request)
        await exchange.reply(200, {})

    async def work() -> None:
        async with Server(listen) as server, window(qapp, tmp_path / "d") as driven:
            page = driven.window.add_tab(replay_tab(to(server.url, load(scenes()[APPROVAL].path)), "scene"))
            player = page.tab.player
            assert player is not None
            player.play(MAX_SPEED)
            await driven.until(lambda: player.waiting is not None, "the ask")
            player.as_recorded()
            await driven.until(lambda: player.over, "the end")
            for command in ("resend", "edit_last", "connections", "duplicate_tab", "stop", "write", "older_version"):
                driven.window.commands.run(command)
            shows_nothing_to_send(driven, page)
            assert len(page.session.conversation.runs) == 1 and not page.session.running
            assert asked == []
            assert driven.window.tabs.count() == 2, "and no tab was made of it"
            assert not driven.shows("connection_editor")

    drive(qapp, work)


def shows_nothing_to_send(driven: Driven, page: SessionPage) -> None:
    page.session.conversation.suggestions = ("What now?",)
    page._after_changes()
    assert not [b for b in page.findChildren(QPushButton) if "What now" in b.text()]
    for name in ("composer", "send_button", "connection_picker", "attach_button"):
        assert not driven.shows(name)
    dropped = QMimeData()
    dropped.setImageData(QImage(4, 4, QImage.Format.Format_RGB32))
    drop = QDropEvent(QPoint(50, 50), Qt.DropAction.CopyAction, dropped, Qt.MouseButton.LeftButton,
                      Qt.KeyboardModifier.NoModifier)  # fmt: skip
    assert not page.acceptDrops()
    QApplication.sendEvent(page, drop)
    assert not driven.shows("attachment_strip")
