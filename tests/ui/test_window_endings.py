"""After a run that did not end well: what is offered, and that nothing happens by itself."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.core.requests import Connection
from tests.loopback import powabase
from tests.loopback.powabase import Powabase
from tests.loopback.server import Server
from tests.services.test_session import Scripted
from tests.ui.driving import Driven, drive, window


async def ended(sluice: Driven, runs: int = 1) -> None:
    held = sluice.page.session.conversation
    await sluice.until(lambda: len(held.runs) == runs and held.runs[-1].status is not None, "the run's end")
    sluice.page._bridge.flush()
    assert not sluice.shows("stop_button")


def test_a_plain_success_offers_nothing(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with Server(Scripted()) as server:
            async with window(qapp, tmp_path, Connection("openai", f"{server.url}/v1", "m")) as sluice:
                sluice.say("whole")
                await ended(sluice)
                assert not sluice.shows("ending_bar")

    drive(qapp, work)


def test_a_cut_answer_is_sent_again_only_by_a_click(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        scripted = Scripted()
        async with Server(scripted) as server:
            async with window(qapp, tmp_path, Connection("openai", f"{server.url}/v1", "m")) as sluice:
                sluice.say("cut")
                await ended(sluice)
                assert len(scripted.requests) == 1
                assert not sluice.shows("remedy_look_up"), "this protocol cannot be asked"
                QTest.mouseClick(sluice.find("remedy_send_again"), Qt.MouseButton.LeftButton)
                await ended(sluice, runs=2)
                assert len(scripted.requests) == 2

    drive(qapp, work)


def test_a_broken_run_is_looked_up_and_not_sent_again(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        house = Powabase()
        async with Server(house.handle) as server:
            place = Connection("powabase", server.url, powabase.AGENT)
            async with window(qapp, tmp_path, place, "key-1") as sluice:
                sluice.say("break")
                await ended(sluice)
                sent = [r for r in server.requests if r.path.endswith("/run/stream")]
                QTest.mouseClick(sluice.find("remedy_look_up"), Qt.MouseButton.LeftButton)
                await ended(sluice, runs=2)
                assert [r for r in server.requests if r.path.endswith("/run/stream")] == sent
                assert sluice.page.session.conversation.runs[-1].status in ("completed", "failed")

    drive(qapp, work)
