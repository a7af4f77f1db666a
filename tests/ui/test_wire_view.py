"""The wire beside a conversation, in the real window: rows, search, selection both ways, copying, saving; replays."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QTableView,
    QToolButton,
)

from desktop.core.conversation import AnswerItem, ToolItem
from desktop.core.recordings.recording import SUFFIX, Recording, read
from desktop.core.requests import Answer, Connection
from desktop.services.recording.player import MAX_SPEED
from desktop.services.recording.replays import replay_tab
from desktop.services.tasks import spawn
from desktop.ui.wire.view import WireView
from tests.loopback.powabase import AGENT, Powabase
from tests.loopback.server import Server
from tests.services.recorded import RECORDINGS, Parrot
from tests.ui.driving import Driven, drive, window

KEY = "hidden-key-1"


def words(view: WireView, column: int) -> list[str]:
    model = view.findChild(QTableView).model()
    return [model.index(row, column).data() for row in range(model.rowCount())]


async def opened(driven: Driven) -> WireView:
    toggle = driven.find("wire_toggle", QToolButton)
    QTest.mouseClick(toggle, Qt.MouseButton.LeftButton)
    view = driven.find("wire_view", WireView)
    await driven.until(lambda: view.findChild(QTableView).model().rowCount() > 0, "rows")
    return view


def test_the_wire_stands_beside_the_conversation(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        parrot = Parrot("powabase", "stream_tool")
        async with Server(parrot.handle) as server:
            place = Connection("powabase", server.url, AGENT)
            async with window(qapp, tmp_path / "d", place, KEY) as driven:
                assert not driven.shows("wire_view")
                driven.say("hello")
                await driven.until(lambda: not driven.page.session.running and "Oslo" in driven.text())
                view = await opened(driven)
                view._model.take_all()
                joined = view.rows.wire(next(view.rows.streams()))
                assert joined == parrot.sent, "the bytes are the server's"
                names = words(view, 3)
                assert names[:4] == ["message", names[1], "status 200", "start"]
                assert names[1].startswith("POST http")
                assert "tool_call" in names and "→" in words(view, 2) and "←" in words(view, 2)
                became = words(view, 5)[names.index("tool_call")]
                assert became.startswith("tool.started") and "database_query" in became
                await select_both_ways(driven, view)
                await search_and_copy(driven, view)

    drive(qapp, work)


async def select_both_ways(driven: Driven, view: WireView) -> None:
    items = driven.page.session.conversation.items.values()
    tool = next(i for i in items if isinstance(i, ToolItem))
    driven.page._item_activated(tool.id)
    assert [view.rows.name(row) for row in view.selected_rows()] == ["tool_call", "tool_result"]
    answer = next(i for i in items if isinstance(i, AnswerItem))
    driven.page._item_activated(answer.id)
    assert len(view.selected_rows()) >= 2
    heard: list[str] = []
    view.item_activated.connect(heard.append)
    table = view.findChild(QTableView)
    table.setFocus()
    table.selectRow(words(view, 3).index("tool_result"))
    assert heard == [tool.id]
    detail = view.findChild(QPlainTextEdit).toPlainText()
    assert '"call_id": ' in detail and "Became:\ntool.ended" in detail


async def search_and_copy(driven: Driven, view: WireView) -> None:
    line, kind = view.findChild(QLineEdit), view.findChild(QComboBox)
    QTest.keyClicks(line, "DATABASE_query")
    await driven.until(lambda: words(view, 3)[:2] == ["tool_call", "tool_result"], "the search")
    line.clear()
    kind.setCurrentIndex(1)
    await driven.until(lambda: words(view, 2) == ["", "→", "←"], "the requests")
    view.findChild(QTableView).selectRow(1)
    next(b for b in view.findChildren(QToolButton) if b.text() == "Copy as curl").click()
    command = QGuiApplication.clipboard().text()
    assert command.startswith("curl --no-buffer --request POST http")
    assert KEY not in command and "[removed]" in command
    shown = [*(view.rows.text(row) for row in range(len(view.rows))), view.findChild(QPlainTextEdit).toPlainText()]
    assert KEY not in "".join(shown)


async def approved(qapp: QApplication, folder: Path) -> Recording:
    """A run with an approval, recorded in the window and saved from its panel."""
    service = Powabase(key=KEY)
    async with Server(service.handle) as server, window(
        qapp, folder, Connection("powabase", server.url, AGENT), KEY
    ) as driven:
        driven.say("ask")
        await driven.until(lambda: bool(driven.page.pending_asks()), "an ask")
        spawn(driven.page.session.answer(Answer(driven.page.pending_asks()[0].ask, True)), "answer")
        await driven.until(lambda: not driven.page.session.running and "sunny" in driven.text())
        view = await opened(driven)
        said: list[str] = []
        view.said.connect(said.append)
        file = folder / f"saved{SUFFIX}"
        view.save(file)
        await driven.until(lambda: bool(said), "the save")
        assert said[0].startswith("Saved: saved")
        assert KEY not in file.read_text()
        return read(file.read_text("utf-8"))


def test_a_replay_is_marked_waits_for_the_decision_and_sends_nothing(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        recording = await approved(qapp, tmp_path / "one")
        async with window(qapp, tmp_path / "two") as driven:
            page = driven.window.add_tab(replay_tab(recording, "a run"))
            driven.find("replay_bar")
            assert not driven.shows("composer") and not driven.shows("send_button")
            player = page.tab.player
            assert player is not None
            driven.find("replay_speed", QComboBox).setCurrentIndex(5)
            QTest.mouseClick(driven.find("replay_play"), Qt.MouseButton.LeftButton)
            await driven.until(lambda: driven.shows("approval_dialog"), "the dialog")
            await driven.until(lambda: driven.shows("replay_decide"), "the bar's words")
            assert "sunny" not in driven.text()
            player.as_recorded()
            await driven.until(lambda: player.over and "sunny" in driven.text(), "the end")
            view = await opened(driven)
            view._model.take_all()
            assert "decision" in words(view, 3)
            player.seek(0.0)
            await driven.until(lambda: "sunny" not in driven.text(), "the beginning")
            player.play(MAX_SPEED)
            await driven.until(lambda: player.waiting is not None)
            player.as_recorded()
            await driven.until(lambda: player.over and "sunny" in driven.text(), "the end again")
            assert len([r for r in words(view, 3) if r == "message"]) <= 1
        async with window(qapp, tmp_path / "two") as driven:
            assert "sunny" not in driven.text(), "a replay is not kept"

    drive(qapp, work)


def test_a_million_frames_stay_smooth(qapp: QApplication) -> None:
    """Portions: no tick of the panel holds the window up for long, however much there is."""
    import time

    from desktop.core.adapters import adapter_class
    from desktop.core.requests import HttpCall, Prompt, Talk
    from desktop.services.network import DIRECT
    from desktop.services.recording.recorder import Recorder
    from desktop.ui.theme import LIGHT

    recorder = Recorder(memory=1 << 30)
    run = adapter_class("openai")(Connection("openai", "http://h")).run(Prompt("x"), Talk("u"))
    recorder.begin(run, Prompt("x"), False, DIRECT, 0.0)
    number = recorder.request(HttpCall("POST", "http://h", stream=True), 0.0)
    recorder.head(number, 200, {"content-type": "text/event-stream"}, run, 0.0)
    frame = b'data: {"choices": [{"index": 0, "delta": {"content": "word"}}]}\n\n'
    for at in range(1000):
        recorder.chunk(number, frame * 1000, float(at))
    view = WireView(recorder, LIGHT)
    view.resize(700, 500)
    view.show()
    slowest = 0.0
    begin = time.monotonic()
    while view._model.rowCount() < 1_000_000:
        tick = time.thread_time()
        view._model.tick()
        qapp.processEvents()
        slowest = max(slowest, time.thread_time() - tick)
        assert time.monotonic() - begin < 120
    assert slowest < 0.1
    tick = time.thread_time()
    view.findChild(QTableView).scrollToBottom()
    view.grab()
    assert time.thread_time() - tick < 0.2
    view.close()
    recorder.close()


@pytest.mark.parametrize("dark", [False, True])
def test_colours_can_change(qapp: QApplication, dark: bool) -> None:
    from desktop.services.recording.recorder import Recorder
    from desktop.ui.theme import DARK, LIGHT

    view = WireView(Recorder(), LIGHT)
    view.set_theme(DARK if dark else LIGHT)
    view.grab()


@pytest.mark.qt_log_ignore("This plugin does not support")  # what a menu asks of a real screen
def test_the_tour_is_offered_and_plays(qapp: QApplication, tmp_path: Path) -> None:
    from desktop.ui.tab.empty_state import EmptyState

    async def work() -> None:
        async with window(qapp, tmp_path) as driven:
            empty = driven.page.findChild(EmptyState)
            empty.show_welcome(None)
            next(b for b in empty.findChildren(QPushButton) if b.text() == "See what agents do").click()
            menu = driven.find("tour_menu", QMenu)
            assert len(menu.actions()) == 6
            menu.actions()[2].trigger()
            menu.close()
            await driven.until(lambda: driven.page.tab.player is not None, "the replay's tab")
            player = driven.page.tab.player
            assert player is not None and player.playing
            player.play(MAX_SPEED)
            await driven.until(lambda: player.over and "ten months" in driven.text(), "the end")

    drive(qapp, work)


def test_a_file_that_is_no_recording_is_said(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with window(qapp, tmp_path / "d") as driven:
            file = tmp_path / "x.sluice-recording"
            file.write_text("hello")
            said: list[str] = []
            driven.workspace.say = said.append
            driven.window.replaying.open(file)
            await driven.until(lambda: bool(said), "words")
            assert "no recording" in said[0]
            driven.window.replaying.open(RECORDINGS / "openai" / "litellm_hello.http")
            await driven.until(lambda: driven.page.tab.player is not None and "scripted agent" in driven.text())

    drive(qapp, work)
