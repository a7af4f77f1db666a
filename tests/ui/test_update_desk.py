"""New versions are looked for only by a person who agreed, and are only told."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QCheckBox

from desktop.services import workspace
from desktop.services.system.built import Built
from desktop.ui.tab.notice_bar import NoticeBar
from tests.loopback.server import Server
from tests.services.test_updates import OURS, SCRIPT, Place
from tests.ui.driving import Driven, drive, window

LOOK = "Look for a new version at each start"


def told(sluice: Driven) -> str:
    return sluice.window.findChild(NoticeBar, "window_notice").words()


def ticks(sluice: Driven) -> list[QCheckBox]:
    sluice.window.dialogs.settings()
    return [box for box in sluice.window.findChildren(QCheckBox) if box.text() == LOOK]


def test_nothing_is_asked_before_the_tick_and_what_is_new_is_told(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        async with Server(Place()) as server:
            place = Built((), f"{server.url}/release.json", SCRIPT["public"](OURS))
            monkeypatch.setattr(workspace, "built", lambda: place)
            async with window(qapp, tmp_path) as sluice:
                sluice.window.updates.started()
                (tick,) = ticks(sluice)
                assert not tick.isChecked()
                assert server.requests == []
                tick.click()
                await sluice.until(lambda: "99.0.0" in told(sluice), "the news")
                assert told(sluice) == "Sluice 99.0.0 is out. New."
            asked = len(server.requests)
            async with window(qapp, tmp_path) as sluice:  # the next start looks by itself
                sluice.window.updates.started()
                await sluice.until(lambda: "99.0.0" in told(sluice), "the news")
                assert len(server.requests) == asked + 2

    drive(qapp, work)


def test_a_start_that_finds_nobody_says_nothing(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def work() -> None:
        place = Built((), "http://127.0.0.1:9/release.json", SCRIPT["public"](OURS))
        monkeypatch.setattr(workspace, "built", lambda: place)
        async with window(qapp, tmp_path) as sluice:
            sluice.workspace.change_settings(check_for_updates=True)
            with caplog.at_level("INFO", "desktop.ui.system.update_desk"):
                sluice.window.updates.started()
                await sluice.until(lambda: "new versions" in caplog.text, "the try")
            assert told(sluice) == ""
            sluice.window.updates.look()  # but whoever asks is answered
            await sluice.until(lambda: told(sluice) != "", "the words")

    drive(qapp, work)


def test_a_copy_that_knows_no_place_has_no_such_setting(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with window(qapp, tmp_path) as sluice:
            sluice.workspace.change_settings(check_for_updates=True)
            sluice.window.updates.started()
            assert ticks(sluice) == []
            assert told(sluice) == ""

    drive(qapp, work)
