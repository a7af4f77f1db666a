"""Teams in the pane: one row for a call and its agent, one line for finished steps, a name over a text."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from desktop.core import events as e
from desktop.core.reducer import Reducer
from desktop.core.requests import Prompt
from desktop.ui.theme import Theme
from desktop.ui.transcript import TranscriptView
from tests.core.recordings import events_of
from tests.ui.transcript.talk import Talk


def step(name: str, state: str = "done", **more: object) -> e.Step:
    return e.Step(step=name, label=name, state=state, **more)  # type: ignore[arg-type]


@pytest.fixture
def talk(qtbot: QtBot, theme: Theme) -> Talk:
    return Talk(qtbot, theme, "A question?")


def feed(talk: Talk, events: Iterable[e.AnyEvent]) -> None:
    for event in events:
        talk.event(event)


def team(talk: Talk) -> None:
    feed(talk, events_of("promptshuttle", "multi_agent"))
    talk.paint()


def seen(view: TranscriptView) -> list[str]:
    """The blocks that can be seen, in words."""
    return [one.block.plain() for one in view.stack.placed]


def index(talk: Talk, name: str) -> int:
    return talk.view.stack.index[name]


def click(qtbot: QtBot, talk: Talk, entry: int, x: int) -> None:
    """Press on an entry's row, so many pixels from its left or, if negative, from its right."""
    view = talk.view
    (one,) = [one for one in view.stack.placed if (one.entry, one.block) == (entry, view.stack.entry(entry).row)]
    left, width = view.stack.left_of(view.stack.entry(entry)), view.stack.entry(entry).width
    point = QPoint(left + (x if x >= 0 else int(width) + x), one.y + one.block.height // 2)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=point)


# ---- a call and its agent


def test_a_call_and_its_agent_are_one_row_that_folds_what_the_agent_did(qtbot: QtBot, talk: Talk) -> None:
    team(talk)
    assert sum("research_agent, done" in words for words in seen(talk.view)) == 1
    click(qtbot, talk, index(talk, "r0/tool/c1"), 10)
    assert not any("looking deeper" in words or "web says yes" in words for words in seen(talk.view))
    assert "draft" in seen(talk.view), "another agent's work stays"
    click(qtbot, talk, index(talk, "r0/tool/c1"), 10)
    assert {"looking deeper", "web says yes", "draft"} <= set(seen(talk.view))


def test_the_details_of_that_row_open_by_mouse_beside_what_it_folds(qtbot: QtBot, talk: Talk) -> None:
    team(talk)
    before = seen(talk.view)
    assert not any("facts: a, b" in words for words in before[: before.index("looking deeper")])
    click(qtbot, talk, index(talk, "r0/tool/c1"), -8)
    after = seen(talk.view)
    assert any("facts: a, b" in words for words in after[: after.index("looking deeper")])
    assert talk.view.stack.entry(index(talk, "r0/tool/c1")).row.row.pressed_words == "Hide details"
    click(qtbot, talk, index(talk, "r0/tool/c1"), -8)
    assert seen(talk.view) == before


def test_the_keyboard_comes_to_the_fold_and_then_to_the_details(qtbot: QtBot, talk: Talk) -> None:
    talk.event(e.ToolStarted(call="1", name="ask_helper", args={"task": "look"}))
    talk.event(e.AgentChanged(path=("helper",), name="helper", call="1", task="look well", state="done", result="it"))
    talk.say("Under it.", path=("helper",))
    talk.paint()
    view = talk.view
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_Tab)
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert "Under it." not in seen(view)
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert "Under it." in seen(view)
    qtbot.keyClick(view, Qt.Key.Key_Tab)
    ring = view.hands.focus_rect()
    assert ring is not None and ring.left() > view.viewport().width() / 2
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert any("look well" in words for words in seen(view)) and any("ask_helper" in words for words in seen(view))


def test_the_agents_state_and_trouble_are_in_the_row_of_its_call(talk: Talk) -> None:
    talk.event(e.ToolStarted(call="1", name="ask_helper"))
    talk.event(e.AgentChanged(path=("helper",), name="helper", call="1", task="look"))
    row = talk.view.stack.entry(1)
    assert row.row is not None and "helper, look, working" in row.row.row.words and row.ticks
    talk.event(e.AgentChanged(path=("helper",), name="helper", state="failed", error="It fell asleep."))
    talk.event(e.ToolEnded(call="1", status="ok", ms=3000))
    assert row.row.row.words == "helper, It fell asleep., failed, 3 s" and not row.ticks


def test_an_agent_announced_before_its_call_still_has_one_row(talk: Talk) -> None:
    talk.event(e.AgentChanged(path=("helper",), name="helper", call="1"))
    talk.say("Early.", path=("helper",))
    talk.event(e.ToolStarted(call="1", name="ask_helper"))
    talk.paint()
    assert sum(words.startswith("helper, ") for words in seen(talk.view)) == 1


# ---- finished steps


def test_finished_steps_become_one_line_while_the_run_goes_on(talk: Talk) -> None:
    feed(talk, [step("plan"), step("search", "running")])
    assert seen(talk.view)[1:] == ["plan, done", "search, running"]
    feed(talk, [step("search"), step("write", "running"), step("check", "failed")])
    talk.paint()
    line, *rest = seen(talk.view)[1:]
    assert line.startswith("2 steps, plan, search, done") and rest == ["write, running", "check, failed"]
    assert talk.view.plain_text().count("plan") == 1


def test_the_line_unfolds_by_mouse_and_takes_more_steps_while_it_is_open(qtbot: QtBot, talk: Talk) -> None:
    feed(talk, [step("plan"), step("search", ms=400)])
    talk.paint()
    click(qtbot, talk, 1, 10)
    assert seen(talk.view)[2:] == ["plan, done", "search, done, 0.4 s"]
    feed(talk, [step("write", "running"), step("write")])
    talk.event(step("plan", detail="changed", ms=900))
    assert seen(talk.view)[2:] == ["plan, done, 0.9 s", "search, done, 0.4 s", "write, done"]
    click(qtbot, talk, 1, 10)
    assert len(seen(talk.view)) == 2


def test_the_line_unfolds_by_keyboard(qtbot: QtBot, talk: Talk) -> None:
    feed(talk, [step("plan"), step("search")])
    talk.paint()
    talk.view.setFocus()
    qtbot.keyClick(talk.view, Qt.Key.Key_Tab)
    qtbot.keyClick(talk.view, Qt.Key.Key_Return)
    assert seen(talk.view)[2:] == ["plan, done", "search, done"]
    qtbot.keyClick(talk.view, Qt.Key.Key_Space)
    assert len(seen(talk.view)) == 2


def test_what_the_person_opened_stays_open_when_an_earlier_step_ends(qtbot: QtBot, talk: Talk) -> None:
    feed(talk, [step("a", "running"), step("b"), step("c")])
    talk.paint()
    click(qtbot, talk, 2, 10)
    assert seen(talk.view)[1:] == ["a, running", "2 steps, b, c, done, 0.1 s", "b, done", "c, done"]
    talk.event(step("a"))
    assert [words.split(",")[0] for words in seen(talk.view)[1:]] == ["3 steps", "a", "b", "c"]


def test_a_jump_to_a_step_opens_its_line_and_one_to_an_agent_goes_to_its_call(talk: Talk) -> None:
    feed(talk, [step(str(number)) for number in range(60)])
    talk.view.scroll_to_item("r0/step/50")
    talk.paint()
    assert "50, done" in seen(talk.view)
    talk.event(e.ToolStarted(call="1", name="ask"))
    talk.event(e.AgentChanged(path=("helper",), name="helper", call="1"))
    talk.view.scroll_to_item("r0/agent/helper")
    assert any(words.startswith("helper") for words in seen(talk.view))


def test_a_jump_into_a_folded_agent_opens_it(qtbot: QtBot, talk: Talk) -> None:
    team(talk)
    click(qtbot, talk, index(talk, "r0/tool/c1"), 10)
    assert "web says yes" not in seen(talk.view)
    talk.view.scroll_to_item("r0/answer/research_agent/web_agent/0")
    assert "web says yes" in seen(talk.view)


def test_a_run_of_very_many_steps_is_opened_without_looking_at_each(qtbot: QtBot, theme: Theme) -> None:
    reducer = Reducer()
    reducer.begin(Prompt("go"), 0.0)
    for number in range(20_000):
        reducer.apply(step(str(number)), float(number))
    reducer.apply(e.TextDelta(text="Done."), 20_000.0)
    view = TranscriptView(theme)
    qtbot.addWidget(view)
    view.show_conversation(reducer.conversation)
    view.show()
    assert [words[:12] for words in seen(view)] == ["go", "20,000 steps", "Done."]
    view.scroll_to_item("r0/user")
    view.scroll_by(100)
    assert sum(entry is not None for entry in view.stack.entries) < 10
    view.scroll_to_item("r0/step/15000")
    assert "15000, done" in seen(view)[:2] and len(view.stack.placed) < 100


def test_what_was_followed_looks_like_what_is_opened_anew(qtbot: QtBot, theme: Theme) -> None:
    talk = Talk(qtbot, theme, "hello")
    team(talk)
    feed(talk, [step("x"), step("y", "running"), step("z"), step("y")])
    talk.paint()
    fresh = TranscriptView(theme)
    qtbot.addWidget(fresh)
    fresh.resize(talk.view.size())
    fresh.show_conversation(talk.reducer.conversation)
    fresh.show()
    fresh.jump_to_latest()
    assert seen(fresh) == seen(talk.view)
    assert [one.y for one in fresh.stack.placed] == [one.y for one in talk.view.stack.placed]


def test_what_comes_while_nobody_looks_is_there_afterwards(talk: Talk) -> None:
    feed(talk, [step("a"), step("b", "running")])
    talk.view.hide()
    feed(talk, [step("b"), step("c"), e.ToolStarted(call="1", name="ask")])
    talk.event(e.AgentChanged(path=("helper",), name="helper", call="1"))
    talk.say("Words.", path=("helper",))
    talk.view.show()
    talk.paint()
    assert [words.split(",")[0] for words in seen(talk.view)[1:]] == ["3 steps", "helper", "helper", "Words."]


# ---- whose words


def test_a_name_stands_over_a_text_where_the_speaker_changes(talk: Talk) -> None:
    talk.say("Mine.")
    talk.say("One.", path=("a",), part="1")
    talk.say("Two.", path=("a",), part="2")
    talk.say("Other.", path=("b",))
    talk.say("Mine again.", part="9")
    assert seen(talk.view)[1:] == ["Mine.", "a", "One.", "Two.", "b", "Other.", "Main agent", "Mine again."]


def test_an_empty_text_has_no_name_until_it_has_words(talk: Talk) -> None:
    talk.event(e.TextDelta(text="", path=("a",)))
    assert seen(talk.view) == ["A question?"]
    talk.say("Now.", path=("a",))
    assert seen(talk.view)[1:] == ["a", "Now."]


def test_copies_say_who_spoke(talk: Talk) -> None:
    team(talk)
    talk.view.select_all()
    found = talk.view.selected()
    assert "writer_agent\ndraft" in found.plain()
    assert "**writer\\_agent**\n\ndraft" in found.markdown()
    assert "<strong>writer_agent</strong>" in found.html()
    assert found.plain().count("research_agent, done") == 1


def test_a_name_is_found_and_jumped_to(talk: Talk) -> None:
    talk.say("First.")
    talk.say("Nothing of the kind.\n\n" * 40, path=("zoologist",))
    talk.view.jump_to_latest()
    assert talk.view.find("zoologist") == 1
    assert talk.view.find_next() == 1
    assert talk.view.selected().plain() == "zoologist"
    assert "zoologist" in seen(talk.view)
    assert talk.view.find("nothing") == 40
    talk.view.find_next()
    assert talk.view.selected().plain() == "Nothing"


def test_a_screen_reader_hears_one_name_for_each_row(talk: Talk) -> None:
    team(talk)
    feed(talk, [step("x"), step("y")])
    view = talk.view
    said = [view.node(at).text() for at in range(len(view.stack.ids)) if not view.node(at).hidden]
    assert sum("research_agent, done" in words for words in said) == 1
    assert "writer_agent\ndraft" in said
    assert any(words.startswith("2 steps, x, y, done") for words in said)
    hidden = [view.node(at).text() for at in range(len(view.stack.ids)) if view.node(at).hidden]
    assert hidden and not any(hidden)


def test_what_the_agent_brought_back_is_in_the_details_beside_what_the_call_gave(qtbot: QtBot, talk: Talk) -> None:
    talk.event(e.ToolStarted(call="1", name="helper"))
    talk.event(e.AgentChanged(path=("helper",), name="helper", call="1", state="done", result="Two swifts."))
    talk.event(e.ToolEnded(call="1", status="ok", result={"cost": 3}))
    talk.paint()
    click(qtbot, talk, 1, -8)
    shown = " ".join(seen(talk.view))
    assert "Two swifts." in shown and '"cost": 3' in shown and shown.count("helper") == 1
