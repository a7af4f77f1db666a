"""The thinking drawer and the tool activity follow a run."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPlainTextEdit, QTreeWidget
from pytestqt.qtbot import QtBot

from desktop.core.events import (
    AgentChanged,
    AnyEvent,
    RunEnded,
    Step,
    TextDelta,
    TextSet,
    ToolArgs,
    ToolEnded,
    ToolStarted,
)
from desktop.core.reducer import Reducer
from desktop.core.requests import Prompt
from desktop.services.clock import now
from desktop.ui.tab.thinking_drawer import ThinkingDrawer
from desktop.ui.tab.tool_activity import ToolActivity
from desktop.ui.theme import Theme


class Feed:
    """A reducer whose changes go to a panel."""

    def __init__(self, panel: ThinkingDrawer | ToolActivity) -> None:
        self.reducer = Reducer()
        self.panel = panel
        panel.show_conversation(self.reducer.conversation)
        panel.apply(self.reducer.begin(Prompt("hi"), now()))

    def __call__(self, *events: AnyEvent) -> None:
        for event in events:
            self.panel.apply(self.reducer.apply(event, now()))


@pytest.fixture
def drawer(qtbot: QtBot) -> ThinkingDrawer:
    made = ThinkingDrawer()
    qtbot.addWidget(made)
    return made


@pytest.fixture
def activity(qtbot: QtBot, theme: Theme) -> ToolActivity:
    made = ToolActivity(theme)
    qtbot.addWidget(made)
    return made


def rows(activity: ToolActivity) -> list[tuple[str, str]]:
    tree = activity.findChild(QTreeWidget)
    found = []

    def walk(items: Iterable[object], depth: int) -> None:
        for item in items:
            found.append(("  " * depth + item.text(0), item.text(1).split("  ")[0]))  # type: ignore[attr-defined]
            walk((item.child(i) for i in range(item.childCount())), depth + 1)  # type: ignore[attr-defined]

    walk((tree.topLevelItem(i) for i in range(tree.topLevelItemCount())), 0)
    return found


def test_thoughts_grow_in_the_drawer_and_say_how_long(drawer: ThinkingDrawer) -> None:
    feed = Feed(drawer)
    feed(TextDelta(channel="reasoning", text="First <b>a</b>"), TextDelta(channel="reasoning", text=", then b."))
    assert drawer.plain_text() == "First <b>a</b>, then b."
    assert drawer._title.text().startswith("Thinking")
    feed(TextDelta(text="Answer"), TextDelta(channel="reasoning", text="More."))
    assert drawer.plain_text() == "First <b>a</b>, then b.\n\nMore."
    feed(RunEnded(status="completed"))
    assert drawer._title.text().startswith("Thought")


def test_a_replaced_thought_is_shown_replaced(drawer: ThinkingDrawer) -> None:
    feed = Feed(drawer)
    feed(TextDelta(channel="reasoning", text="wrong"), TextSet(channel="reasoning", text="right"))
    assert drawer.plain_text() == "right"


def test_a_new_run_starts_an_empty_drawer_at_its_first_thought(drawer: ThinkingDrawer) -> None:
    feed = Feed(drawer)
    feed(TextDelta(channel="reasoning", text="old"), RunEnded(status="completed"))
    drawer.apply(feed.reducer.begin(Prompt("again"), now()))
    assert drawer.plain_text() == "old"
    feed(TextDelta(channel="reasoning", text="new"))
    assert drawer.plain_text() == "new"


def test_tools_have_rows_with_state_and_arguments(activity: ToolActivity) -> None:
    feed = Feed(activity)
    feed(ToolStarted(call="1", name="get_weather"), ToolArgs(call="1", delta='{"city": "Oslo"}'))
    assert rows(activity) == [('get_weather  {"city": "Oslo"}', "running")]
    feed(ToolEnded(call="1", status="ok", result={"degrees": 7}, ms=200))
    assert rows(activity) == [("get_weather  city: Oslo", "done")]
    tree = activity.findChild(QTreeWidget)
    assert tree.topLevelItem(0).text(1) == "done  0.2 s"
    tree.setCurrentItem(tree.topLevelItem(0))
    detail = activity.findChild(QPlainTextEdit)
    assert detail.toPlainText() == 'Arguments\n{\n  "city": "Oslo"\n}\n\nResult\n{\n  "degrees": 7\n}'


def test_an_agents_tools_lie_under_it(activity: ToolActivity) -> None:
    feed = Feed(activity)
    feed(
        AgentChanged(path=("researcher",), name="researcher", task="find it", state="started"),
        ToolStarted(path=("researcher",), call="1", name="search"),
        ToolStarted(call="2", name="save"),
    )
    assert rows(activity) == [("researcher: find it", "working"), ("  search", "running"), ("save", "running")]


def test_a_call_and_its_agent_are_one_row_with_all_of_both(activity: ToolActivity) -> None:
    feed = Feed(activity)
    feed(
        ToolStarted(call="1", name="ask_helper", args={"about": "birds"}),
        AgentChanged(path=("helper",), name="helper", call="1", task="find birds"),
        ToolStarted(call="2", name="search", path=("helper",)),
    )
    assert rows(activity) == [("helper: find birds", "working"), ("  search", "running")]
    feed(AgentChanged(path=("helper",), name="helper", state="done", result="Two."), ToolEnded(call="1", status="ok"))
    assert rows(activity)[0] == ("helper: find birds", "done")
    activity.select("r0/agent/helper")
    detail = activity.findChild(QPlainTextEdit).toPlainText()
    assert all(words in detail for words in ("find birds", "birds", "Two."))


def test_an_agents_row_gives_way_to_its_calls_with_what_is_under_it(activity: ToolActivity) -> None:
    feed = Feed(activity)
    feed(
        AgentChanged(path=("helper",), name="helper", call="1"), ToolStarted(call="2", name="search", path=("helper",))
    )
    feed(ToolStarted(call="1", name="ask_helper"))
    assert rows(activity) == [("helper", "working"), ("  search", "running")]


def test_finished_steps_are_one_row_that_opens_by_key(qtbot: QtBot, activity: ToolActivity) -> None:
    feed = Feed(activity)
    for name in ("plan", "search", "write"):
        feed(Step(step=name, label=name, state="running"))
        assert (name, "running") in rows(activity)
        feed(Step(step=name, label=name, state="done"))
    assert rows(activity) == [("3 steps: plan, search, write", "done")]
    tree = activity.findChild(QTreeWidget)
    activity.select("r0/step/search")
    qtbot.keyClick(tree, Qt.Key.Key_Right)
    one_each = [("  plan", "done"), ("  search", "done"), ("  write", "done")]
    assert rows(activity)[1:] == one_each
    feed(Step(step="check", label="check", state="failed"), Step(step="end", label="end", state="done"))
    assert rows(activity)[1:] == [*one_each, ("check", "failed"), ("end", "done")]
    feed(Step(step="check", label="check", state="done"))
    assert rows(activity)[0] == ("5 steps: plan, search, write, check, end", "done") and len(rows(activity)) == 6
    with qtbot.waitSignal(activity.item_activated) as signal:
        tree.itemActivated.emit(tree.topLevelItem(0).child(1), 0)
    assert signal.args == ["r0/step/search"]
    qtbot.keyClick(tree, Qt.Key.Key_Left)
    activity.show_conversation(feed.reducer.conversation)
    assert len(rows(activity)) == 1


def test_a_click_on_a_row_jumps(qtbot: QtBot, activity: ToolActivity) -> None:
    feed = Feed(activity)
    feed(ToolStarted(call="1", name="search"))
    tree = activity.findChild(QTreeWidget)
    with qtbot.waitSignal(activity.item_activated) as signal:
        tree.itemActivated.emit(tree.topLevelItem(0), 0)
    assert signal.args == ["r0/tool/1"]
