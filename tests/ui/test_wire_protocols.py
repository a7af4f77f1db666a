"""A run of each protocol in the real window: the wire view's bytes are the server's; recorded, closed, opened and
played again it is the same conversation, item by item; a click on an item leads to its frames and back."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTableView, QToolButton

from desktop.core.conversation import AnswerItem, Conversation, TextItem, ToolItem
from desktop.core.requests import Connection
from desktop.services.recording.player import MAX_SPEED
from desktop.ui.wire.view import WireView
from tests.loopback.server import Server
from tests.services.recorded import Parrot, differences
from tests.ui.driving import Driven, drive, window

KEY = "hidden-key-1"
RUNS = [
    ("powabase", "orchestration_supervisor"),
    ("procurator", "happy_current_code"),
    ("agentrail", "multi_agent"),
    ("promptshuttle", "multi_agent"),
    ("dockrion", "stream_tool_all_events"),
    ("openai", "litellm_think"),
]


@pytest.mark.parametrize(("protocol", "name"), RUNS)
def test_seen_recorded_closed_opened_and_played(
    protocol: str, name: str, qapp: QApplication, tmp_path: Path
) -> None:
    file = tmp_path / "run.sluice-recording"

    async def work() -> None:
        parrot = Parrot(protocol, name)
        async with Server(parrot.handle) as server:
            place = Connection(protocol, server.url, "m")
            async with window(qapp, tmp_path / "one", place, KEY) as driven:
                talk = await said(driven)
                view = await wire(driven)
                assert view.rows.wire(next(view.rows.streams())) == parrot.sent
                both_ways(driven, view, talk)
                told: list[str] = []
                view.said.connect(told.append)
                view.save(file)
                await driven.until(lambda: bool(told), "the save")
        assert KEY not in file.read_text("utf-8")
        async with window(qapp, tmp_path / "two") as driven:
            driven.window.replaying.open(file)
            await driven.until(lambda: driven.page.tab.player is not None, "the replay")
            player = driven.page.tab.player
            assert player is not None
            player.play(MAX_SPEED)
            await driven.until(lambda: player.over, "the end")
            assert differences(talk, driven.page.session.conversation) == []
            again = await wire(driven)
            assert again.rows.wire(next(again.rows.streams())) == parrot.sent

    drive(qapp, work)


async def said(driven: Driven) -> Conversation:
    driven.say("hello")
    session = driven.page.session
    await driven.until(lambda: bool(session.conversation.runs) and not session.running, "the end of the run")
    return session.conversation  # type: ignore[no-any-return]


async def wire(driven: Driven) -> WireView:
    driven.find("wire_toggle", QToolButton).click()
    view = driven.find("wire_view", WireView)
    view._model.take_all()
    await driven.until(lambda: view.findChild(QTableView).model().rowCount() > 3, "rows")
    return view


def both_ways(driven: Driven, view: WireView, talk: Conversation) -> None:
    """From each answer, thought and tool to its frames, and from a frame to its item."""
    heard: list[str] = []
    view.item_activated.connect(heard.append)
    table = view.findChild(QTableView)
    wanted = [item for item in talk.items.values() if isinstance(item, TextItem | ToolItem)]
    assert any(isinstance(item, AnswerItem) for item in wanted)
    for item in wanted:
        driven.page._item_activated(item.id)
        rows = view.selected_rows()
        assert rows and all(item.id in view.rows.items(row) for row in rows), item.id
    heard.clear()
    where = table.visualRect(view._model.index(view._model.place(view.rows.rows_of(wanted[-1].id)[0]), 3))
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=where.center())
    assert heard and heard[0] in talk.items
