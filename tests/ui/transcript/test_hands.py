"""Reading with hands: select, copy, press, fold, find, scroll."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.core import events as e
from desktop.core.requests import Image
from desktop.ui.theme import DARK, Theme
from desktop.ui.transcript.copying import whole_code
from desktop.ui.transcript.pieces import TextPiece
from desktop.ui.transcript.selection import Spot
from tests.ui.transcript.talk import Talk

ANSWER = """First **bold** paragraph with a [link](https://a.example/page).

```python
def f():
\treturn "two  spaces"
```

| a | b |
|---|---|
| 1 | 2 |
"""


@pytest.fixture
def talk(qtbot: QtBot, theme: Theme) -> Talk:
    made = Talk(qtbot, theme, "A question?")
    made.say(ANSWER)
    made.end()
    return made


def point_of(talk: Talk, entry: int, block: int, piece: int, position: int) -> QPoint:
    """Where a character is, in the viewport."""
    view = talk.view
    for one in view.stack.placed:
        if (one.entry, one.index) == (entry, block):
            rect = one.block.pieces[piece].rect_of(position)
            left = view.stack.left_of(view.stack.entry(entry))
            return QPointF(left + rect.left() + 1, one.y + one.block.tops[piece] + rect.center().y()).toPoint()
    raise AssertionError("not in sight")


def drag(qtbot: QtBot, talk: Talk, begin: QPoint, end: QPoint) -> None:
    viewport = talk.view.viewport()
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=begin)
    left, none, point = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPointF(end)
    move = QMouseEvent(QEvent.Type.MouseMove, point, viewport.mapToGlobal(point), left, left, none)
    QApplication.sendEvent(viewport, move)
    qtbot.mouseRelease(viewport, left, pos=end)


def clipboard(kind: str = "text/plain") -> str:
    return bytes(QGuiApplication.clipboard().mimeData().data(kind).data()).decode()


def test_a_selection_reaches_from_the_question_into_the_answer(qtbot: QtBot, talk: Talk) -> None:
    drag(qtbot, talk, point_of(talk, 0, 0, 0, 2), point_of(talk, 1, 0, 0, 10))
    talk.view.copy()
    assert clipboard() == "question?\nFirst bold"


def test_copy_of_all_gives_text_html_and_markdown(talk: Talk) -> None:
    talk.view.setFocus()
    talk.view.select_all()
    talk.view.copy()
    assert clipboard("text/markdown") == f"A question?\n{ANSWER.rstrip()}"
    plain = clipboard()
    assert "First bold paragraph with a link." in plain and "**" not in plain
    assert 'def f():\n\treturn "two  spaces"' in plain
    assert "a\tb\n1\t2" in plain
    html = clipboard("text/html")
    assert "<strong>bold</strong>" in html and "<table>" in html and '<a href="https://a.example/page">' in html


def test_a_table_alone_is_copied_with_tabs(talk: Talk) -> None:
    talk.view.selection.set(Spot(1, 2, 0, 0), Spot(1, 2, 0, talk.view.stack.build(1, 2).pieces[0].length))
    talk.view.copy()
    assert clipboard() == "a\tb\n1\t2"


def test_the_code_button_copies_every_byte(qtbot: QtBot, theme: Theme) -> None:
    code = "\n".join(f"\tline {n}  " for n in range(130)) + "\n\n# end"
    talk = Talk(qtbot, theme)
    talk.say(f"Before\n\n```text\n{code}\n```\nafter")
    talk.end()
    for block in range(1, len(talk.view.stack.open(0).blocks) - 1):
        assert whole_code(talk.view.stack.entry(0), block, 0) == code


def test_a_link_is_only_told_never_opened(qtbot: QtBot, talk: Talk) -> None:
    with qtbot.waitSignal(talk.view.link_activated) as caught:
        where = len("First bold paragraph with a ") + 2
        qtbot.mouseClick(talk.view.viewport(), Qt.MouseButton.LeftButton, pos=point_of(talk, 1, 0, 0, where))
    assert caught.args == ["https://a.example/page"]


def test_double_click_selects_a_word(qtbot: QtBot, talk: Talk) -> None:
    qtbot.mouseDClick(talk.view.viewport(), Qt.MouseButton.LeftButton, pos=point_of(talk, 1, 0, 0, 8))
    assert talk.view.selected().plain() == "bold"


def test_shift_and_arrows_select(qtbot: QtBot, talk: Talk) -> None:
    talk.view.selection.set(Spot(1, 0, 0, 0), Spot(1, 0, 0, 0))
    for _ in range(5):
        qtbot.keyClick(talk.view, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert talk.view.selected().plain() == "First"
    qtbot.keyClick(talk.view, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert talk.view.selected().plain() == "Firs"


def test_find_counts_and_goes_round(talk: Talk) -> None:
    view = talk.view
    assert view.find("TWO") == 1
    assert view.find("bold paragraph") == 1  # the marks between do not matter
    assert view.find("a") > 3
    first = view.find_next()
    assert first == 1 and view.selected().plain() == "A"
    assert view.find("not there") == 0
    assert view.find_next() == 0


def test_find_steps_through_all_places_and_round_again(talk: Talk) -> None:
    count = talk.view.find("a")
    seen = [talk.view.find_next() for _ in range(count + 1)]
    assert sorted(seen[:-1]) == list(range(1, count + 1))
    assert seen[-1] == seen[0]


def test_a_thought_is_folded_until_it_is_opened_and_stays_open(qtbot: QtBot, theme: Theme) -> None:
    talk = Talk(qtbot, theme)
    talk.event(e.TextDelta(channel="reasoning", text="I *think*."))
    view = talk.view
    assert len(view.stack.open(0).blocks) == 1
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=point_of(talk, 0, 0, 0, 0))
    assert "I think." in view.stack.entry(0).plain()
    talk.event(e.TextDelta(channel="reasoning", text=" More."))
    assert "I think. More." in view.stack.entry(0).plain()
    talk.say("Answer")
    talk.end()
    assert "Thought for" in view.plain_text()
    view.show_conversation(talk.reducer.conversation)
    assert len(view.stack.open(0).blocks) == 2  # opened by the person, it stays open


def test_tab_walks_over_what_can_be_pressed_and_leaves_at_the_end(qtbot: QtBot, talk: Talk) -> None:
    view = talk.view
    view.setFocus()
    assert view.focusNextPrevChild(True)
    with qtbot.waitSignal(view.link_activated):
        qtbot.keyClick(view, Qt.Key.Key_Return)
    assert view.focusNextPrevChild(True)
    qtbot.keyClick(view, Qt.Key.Key_Space)
    assert QGuiApplication.clipboard().text() == 'def f():\n\treturn "two  spaces"'


def test_rows_tell_the_owner(qtbot: QtBot, theme: Theme) -> None:
    talk = Talk(qtbot, theme)
    talk.event(e.AskOpened(ask="x", tool="delete_file", args={"path": "a"}))
    with qtbot.waitSignal(talk.view.item_activated) as caught:
        qtbot.mouseClick(talk.view.viewport(), Qt.MouseButton.LeftButton, pos=point_of(talk, 0, 0, 0, 0))
    assert caught.args == ["r0/ask/x"]


def test_the_view_follows_only_at_the_end(qtbot: QtBot, theme: Theme) -> None:
    talk = Talk(qtbot, theme)
    view = talk.view
    for number in range(60):
        talk.say(f"Paragraph {number}.\n\n")
    assert view.at_end
    with qtbot.waitSignal(view.at_end_changed):
        view.scroll_by(-300)
    seen = [(one.entry, one.index, one.y) for one in view.stack.placed]
    for number in range(20):
        talk.say(f"More {number}.\n\n")
    assert [(one.entry, one.index, one.y) for one in view.stack.placed] == seen  # not a pixel
    view.jump_to_latest()
    assert view.at_end
    talk.say("The last.\n\n")
    assert view.stack.offset == view.stack.total - view.viewport().height()


def test_scrolling_up_is_smooth_over_blocks_nobody_has_measured(qtbot: QtBot, theme: Theme) -> None:
    talk = Talk(qtbot, theme)
    talk.answer("".join(f"## Part {n}\n\n- a\n- b\n\n```\ncode {n}\n```\n\n" for n in range(80)))
    view = talk.view
    while view.stack.offset > 0:
        before = {one.block: one.y for one in view.stack.placed}
        offset = view.stack.offset
        view.scroll_by(-120)
        if view.stack.offset == 0 or offset < 400:
            break
        moved = {one.y - before[one.block] for one in view.stack.placed if one.block in before}
        assert moved == {120}


def test_position_is_kept_for_a_tab(qtbot: QtBot, theme: Theme) -> None:
    talk = Talk(qtbot, theme)
    for number in range(60):
        talk.say(f"Paragraph {number}.\n\n")
    view = talk.view
    assert view.scroll_position() is None
    view.scroll_by(-500)
    position = view.scroll_position()
    seen = [(one.index, one.y) for one in view.stack.placed]
    view.jump_to_latest()
    view.restore_position(position)
    assert [(one.index, one.y) for one in view.stack.placed] == seen


def test_a_press_on_an_agent_folds_what_is_under_it(qtbot: QtBot, theme: Theme) -> None:
    talk = Talk(qtbot, theme)
    talk.event(e.AgentChanged(name="helper", path=("helper",), task="look"))
    talk.say("Under it.", path=("helper",))
    talk.say("Beside it.")
    full = talk.view.stack.total
    talk.view.toggle(0)
    assert talk.view.stack.total < full
    assert {one.entry for one in talk.view.stack.placed} == {0, 2}
    talk.view.toggle(0)
    assert talk.view.stack.total == full


def test_wide_code_scrolls_sideways_in_itself(qtbot: QtBot, theme: Theme) -> None:
    talk = Talk(qtbot, theme)
    talk.say("```\n" + "x" * 500 + "\n```\n")
    talk.end()
    view = talk.view
    point = QPointF(view.stack.column[0] + 40, 60)
    modifiers = Qt.KeyboardModifier.NoModifier
    wheel = QWheelEvent(
        point, view.viewport().mapToGlobal(point), QPoint(), QPoint(-240, 0), Qt.MouseButton.NoButton, modifiers,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    before = view.viewport().grab().toImage()
    QApplication.sendEvent(view.viewport(), wheel)
    assert view.viewport().grab().toImage() != before
    assert view.verticalScrollBar().value() == 0


@pytest.mark.parametrize(
    ("status", "reason", "word"),
    [
        ("cancelled", "stopped", "Stopped"),
        ("cut", "network", "Cut"),
        ("limit", None, "limit"),
        ("failed", None, "unfinished"),
        ("refused", None, "refused"),
        ("cut", "interrupted", "Interrupted"),
    ],
)
def test_endings_in_words(qtbot: QtBot, theme: Theme, status: str, reason: str | None, word: str) -> None:
    talk = Talk(qtbot, theme)
    talk.say("Half an ans")
    talk.end(status, reason=reason)
    assert word in talk.view.plain_text()
    assert "Half an ans" in talk.view.plain_text()


def test_pictures_of_the_person_are_shown_and_nonsense_is_not(qtbot: QtBot, theme: Theme) -> None:
    images = (
        Image("a.png", "image/png", b"not a picture"),
        Image("b.svg", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    )
    talk = Talk(qtbot, theme, "Look", images)
    talk.paint()
    assert "picture a.png" in talk.view.plain_text()


def test_zoom_and_theme_keep_the_place(qtbot: QtBot, talk: Talk) -> None:
    before = talk.view.stack.total
    talk.view.zoom(3)
    assert talk.view.stack.total > before
    talk.view.zoom(0)
    talk.view.set_theme(DARK)
    talk.paint()
    assert talk.view.stack.total == before
    assert talk.view.viewport().grab().toImage().pixelColor(3, 3) == DARK.page


def test_markup_from_a_server_stays_text(qtbot: QtBot, theme: Theme) -> None:
    talk = Talk(qtbot, theme)
    evil = "<img src='file:///dev/zero'> ![x](file:///dev/zero) ![y](http://127.0.0.1:9/z.png)"
    talk.say(evil)
    talk.end()
    talk.paint()
    text = talk.view.plain_text()
    assert "<img src='file:///dev/zero'>" in text and "y (127.0.0.1)" in text
    for one in talk.view.stack.placed:
        for piece in one.block.pieces:
            if isinstance(piece, TextPiece):
                assert "\ufffc" not in piece.doc.toPlainText()  # no object was made of it


def test_scrolling_up_over_opened_rows_is_exact(qtbot: QtBot, theme: Theme) -> None:
    talk = Talk(qtbot, theme)
    for number in range(30):
        talk.event(e.ToolStarted(call=str(number), name="look", args={"n": number, "m": [1, 2, 3]}))
        talk.event(e.ToolEnded(call=str(number), status="ok", result="found"))
        talk.view.toggle(talk.view.stack.index[f"r0/tool/{number}"])
    talk.view.jump_to_latest()
    for _ in range(10):
        before = {one.block: one.y for one in talk.view.stack.placed}
        talk.view.scroll_by(-90)
        assert {one.y - before[one.block] for one in talk.view.stack.placed if one.block in before} == {90}
