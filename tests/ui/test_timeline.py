"""The timeline beside a conversation, in the real window: bars, figures, the way to the transcript and back, keys, what
assistive technology reads, a live run, a stored one and a replay."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QHelpEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton, QToolTip

from desktop.core import events as e
from desktop.core.conversation import AskItem, ToolItem
from desktop.core.recordings.timeline import timeline, turns
from desktop.core.reducer import Reducer
from desktop.core.requests import Connection, Prompt
from desktop.services.recording.files import load
from desktop.services.recording.player import MAX_SPEED
from desktop.services.recording.replays import replay_tab
from desktop.services.recording.tour import scenes
from desktop.ui.labels import PlainLabel
from desktop.ui.theme import DARK, LIGHT
from desktop.ui.timeline.canvas import TimelineCanvas
from desktop.ui.timeline.layout import Place
from tests.loopback.powabase import AGENT, Powabase
from tests.loopback.server import Server
from tests.ui.driving import Driven, drive, window

KEY = "hidden-key-1"


def lines(canvas: TimelineCanvas) -> list[str]:
    """Every bar in words."""
    return [canvas.line(place) for place in canvas.rows.places]


def bar(canvas: TimelineCanvas, words: str) -> Place:
    return next(place for place in canvas.rows.places if words in canvas.line(place))


async def opened(driven: Driven) -> TimelineCanvas:
    driven.page.box.timeline.click()
    canvas = driven.find("timeline", TimelineCanvas)
    await driven.until(lambda: bool(canvas.rows.places), "bars")
    return canvas


async def asked(driven: Driven) -> None:
    driven.say("ask")
    await driven.until(lambda: bool(driven.page.pending_asks()), "an ask")


def test_a_live_run_grows_and_each_bar_leads_to_its_item_and_back(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with Server(Powabase(key=KEY).handle) as server:
            place = Connection("powabase", server.url, AGENT)
            async with window(qapp, tmp_path / "d", place, KEY) as driven:
                await asked(driven)
                canvas = await opened(driven)
                wait = bar(canvas, ": waits for you")
                assert wait.bar.open and "so far" in canvas.line(wait)
                length = wait.bar.seconds
                await driven.until(lambda: bar(canvas, ": waits for you").bar.seconds > length, "a longer wait")
                await leads_both_ways(driven, canvas)
                live = lines(canvas)
        async with window(qapp, tmp_path / "d") as driven:
            await driven.until(lambda: "ask" in driven.text(), "the stored conversation")
            canvas = await opened(driven)
            stored = [line.split(":")[0] for line in lines(canvas)]
            assert stored == [line.split(":")[0] for line in live], "after a restart the same bars are there"

    drive(qapp, work)


async def leads_both_ways(driven: Driven, canvas: TimelineCanvas) -> None:
    items = driven.page.session.conversation.items.values()
    ask = next(i for i in items if isinstance(i, AskItem))
    tool = next(i for i in items if isinstance(i, ToolItem))
    heard: list[str] = []
    canvas.activated.connect(heard.append)
    where = canvas.rect_of(bar(canvas, ": waits for you")).center()
    QTest.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert heard == [ask.id]
    assert driven.find("timeline_bar", PlainLabel).text().startswith(canvas.line(bar(canvas, ": waits for you"))[:20])
    driven.page._item_activated(tool.id)
    assert canvas.current is not None and canvas.current.bar.item == tool.id


def test_keys_go_from_bar_to_bar_and_a_screen_reader_hears_each(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with window(qapp, tmp_path) as driven:
            canvas = await replayed(driven, 2)
            canvas.setFocus()
            heard: list[str] = []
            canvas.activated.connect(heard.append)
            QTest.keyClick(canvas, Qt.Key.Key_Home)
            assert canvas.words() == lines(canvas)[0]
            seen = set()
            for _ in range(8):
                QTest.keyClick(canvas, Qt.Key.Key_Down)
                assert canvas.current is not None
                seen.add(canvas.current.row.lane.path if canvas.current.row.lane else None)
            assert {("naturalist",), ("fact_checker",)} <= seen, "down goes through the lanes"
            tool = bar(canvas, "library_search")
            canvas.choose(tool)
            QTest.keyClick(canvas, Qt.Key.Key_Return)
            assert heard == [tool.bar.item]
            QTest.keyClick(canvas, Qt.Key.Key_End)
            assert canvas.words() == lines(canvas)[-1]
            reads(canvas)

    drive(qapp, work)


def reads(canvas: TimelineCanvas) -> None:
    seen = QAccessible.queryAccessibleInterface(canvas)
    assert seen.role() == QAccessible.Role.List and seen.text(QAccessible.Text.Name) == "Timeline"
    names = [seen.child(n).text(QAccessible.Text.Name) for n in range(seen.childCount())]
    assert names == lines(canvas)
    assert any("by fact_checker" in name for name in names)
    last = seen.child(seen.childCount() - 1)
    assert last.state().selected and last.role() == QAccessible.Role.ListItem
    assert seen.text(QAccessible.Text.Description) == names[-1]
    assert seen.indexOfChild(last) == seen.childCount() - 1 and last.parent() is seen


async def replayed(driven: Driven, scene: int) -> TimelineCanvas:
    """A scene of the tour, played to its end, with its timeline."""
    page = driven.window.add_tab(replay_tab(load(scenes()[scene].path), "scene"))
    assert page.tab.player is not None
    page.tab.player.play(MAX_SPEED)
    await driven.until(lambda: bool(page.tab.player and page.tab.player.over), "the end")
    return await opened(driven)


def test_a_replay_shows_the_times_of_the_recording(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with window(qapp, tmp_path) as driven:
            canvas = await replayed(driven, 2)
            recording = driven.page.tab.player.recording  # type: ignore[union-attr]
            figures = driven.find("timeline_figures", PlainLabel).text().replace("\u00a0", " ")
            assert canvas.timeline is not None
            assert canvas.timeline.figures.seconds == pytest.approx(recording.seconds, abs=0.2)
            assert "2,310 in, 402 out" in figures and "0.0068 USD" in figures and "longest gap" in figures
            driven.page.tab.player.seek(3.0)  # type: ignore[union-attr]
            await driven.until(lambda: bool(canvas.timeline and canvas.timeline.figures.seconds < 4), "going back")
            assert not any("fact_checker" in line for line in lines(canvas))

    drive(qapp, work)


def wheel(at: QPointF) -> QWheelEvent:
    """One notch away from the person, with Ctrl."""
    keys, phase = Qt.KeyboardModifier.ControlModifier, Qt.ScrollPhase.NoScrollPhase
    return QWheelEvent(at, at, QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton, keys, phase, False)


@pytest.mark.qt_log_ignore("This plugin does not support")  # what a tooltip asks of a real screen
def test_zoom_keeps_what_is_looked_at_and_finds_all_again(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with window(qapp, tmp_path) as driven:
            canvas = await replayed(driven, 2)
            tool = bar(canvas, "library_search")
            before = canvas.rect_of(tool)
            middle = QPointF(before.center())
            for _ in range(4):
                QApplication.sendEvent(canvas.viewport(), wheel(middle))
            after = canvas.rect_of(bar(canvas, "library_search"))
            assert after.width() > 4 * before.width() and after.contains(before.center())
            driven.find("timeline_fit", QToolButton).click()
            assert canvas.rect_of(bar(canvas, "library_search")) == before
            QTest.keyClicks(canvas, "++")
            assert canvas.rect_of(bar(canvas, "library_search")).width() > before.width()
            QTest.keyClicks(canvas, "0")
            QApplication.sendEvent(canvas.viewport(), QHelpEvent(QEvent.Type.ToolTip, before.center(), QPoint(5, 5)))
            assert "library_search: tool" in QToolTip.text()

    drive(qapp, work)


def test_turns_can_be_looked_at_one_by_one(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with window(qapp, tmp_path) as driven:
            held = driven.page.session._reducer
            for n in range(3):
                held.begin(Prompt(f"turn {n}"), 100.0 * n)
                held.apply(e.ToolStarted(call="c", name=f"tool_{n}"), 100.0 * n + 1)
                held.apply(e.ToolEnded(call="c", status="ok"), 100.0 * n + 2)
                held.apply(e.RunEnded(status="completed"), 100.0 * n + 3)
            driven.page._show_items()
            canvas = await opened(driven)
            assert any("tool_2" in line for line in lines(canvas)), "the newest turn"
            QTest.mouseClick(driven.find("timeline_older"), Qt.MouseButton.LeftButton)
            assert any("tool_1" in line for line in lines(canvas))
            driven.page._item_activated("r0/tool/c")
            assert any("tool_0" in line for line in lines(canvas)) and canvas.current is not None
            assert not driven.find("timeline_older").isEnabled()

    drive(qapp, work)


def test_what_a_server_calls_things_stays_literal(qapp: QApplication) -> None:
    name = "<b>&x</b>\u202e\n" + "y" * 5000
    reducer = Reducer()
    reducer.begin(Prompt("go"), 0.0)
    reducer.apply(e.ToolStarted(call="c", name=name, path=(name,)), 1.0)
    reducer.apply(e.RunEnded(status="completed"), 9.0)
    canvas = TimelineCanvas(LIGHT)
    canvas.resize(600, 300)
    canvas.show_timeline(timeline(reducer.conversation, (0,), 9.0))
    (line,) = (line for line in lines(canvas) if "tool" in line)
    assert line.startswith("<b>&x</b>") and "\u202e" not in line and "\n" not in line and len(line) < 600
    canvas.grab()
    canvas.close()


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_fifty_thousand_bars_stay_smooth(qapp: QApplication, theme: object) -> None:
    import time

    reducer = Reducer()
    reducer.begin(Prompt("go"), 0.0)
    for n in range(50_000):
        reducer.apply(e.ToolStarted(call=f"c{n}", name="t", path=(f"agent {n % 40}",)), n / 10)
        reducer.apply(e.ToolEnded(call=f"c{n}", status="ok"), n / 10 + 2)
    made = timeline(reducer.conversation, turns(reducer.conversation)[0], 5100.0)
    canvas = TimelineCanvas(theme)  # type: ignore[arg-type]
    canvas.resize(600, 500)
    canvas.show_timeline(made)
    for steps in (0.0, 3.0, 12.0):
        canvas.zoom(steps)
        canvas.verticalScrollBar().setValue(canvas.verticalScrollBar().maximum() // 2)
        tick = time.thread_time()
        canvas.grab()
        assert time.thread_time() - tick < 0.25
    canvas.close()
