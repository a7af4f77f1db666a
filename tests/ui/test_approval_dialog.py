"""The approval dialog, driven with real keys and clicks: what decides, and above all what does not."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QAccessible, QAccessibleActionInterface
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QLineEdit, QPlainTextEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.core.asks.arguments import ask_digest
from desktop.core.capabilities import Capabilities
from desktop.core.conversation import AskItem
from desktop.core.events import Choice
from desktop.core.requests import Answer
from desktop.services.clock import now
from desktop.ui import theme as themes
from desktop.ui.approvals.arguments_view import LiteralView
from desktop.ui.approvals.dialog import ApprovalDialog
from desktop.ui.theme import LIGHT, Theme

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform says so of every small window

Left = Qt.MouseButton.LeftButton
CTRL = Qt.KeyboardModifier.ControlModifier


def ask(**given: Any) -> AskItem:
    fields: dict[str, Any] = {"ask": "a1", "tool": "delete_file", "args": {"path": "/tmp/x"}}
    return AskItem("ask/a1", 0, now(), **(fields | given))


class Desk:
    """A dialog on screen, what it decided, and its parts by their object names."""

    def __init__(self, qtbot: QtBot) -> None:
        self.qtbot = qtbot
        self.parent = QWidget()
        qtbot.addWidget(self.parent)
        self.parent.resize(900, 700)
        self.parent.show()
        self.dialog = ApprovalDialog(LIGHT, self.parent)
        self.answers: list[Answer] = []
        self.dialog.decided.connect(self.answers.append)

    def show(self, item: AskItem, can: Capabilities | None = None, count: int = 1) -> AskItem:
        self.dialog.show_ask(item, where="Plan — Dockrion", can=can or Capabilities(), count=count)
        self.qtbot.waitExposed(self.dialog)
        return item

    def part(self, name: str, kind: type = QPushButton) -> Any:
        found = self.dialog.findChild(kind, name)
        assert found is not None, name
        return found

    @property
    def allow(self) -> QPushButton:
        return self.part("approval_allow")

    @property
    def deny(self) -> QPushButton:
        return self.part("approval_deny")

    @property
    def arguments(self) -> QPlainTextEdit:
        return self.part("approval_arguments", QPlainTextEdit)

    def alive(self) -> None:
        """Wait until the buttons take a press."""
        self.qtbot.waitUntil(lambda: self.deny.property("dead") is False, timeout=2_000)

    def ready(self) -> None:
        self.alive()
        self.qtbot.waitUntil(self.allow.isEnabled, timeout=3_000)

    def text(self) -> str:
        """All words on screen."""
        labels = (label.text() for label in self.dialog.findChildren(QLabel) if label.isVisible())
        views = (view.toPlainText() for view in self.dialog.findChildren(QPlainTextEdit) if view.isVisible())
        return "\n".join([*labels, *views])

    def settle(self) -> None:
        QApplication.processEvents()


@pytest.fixture
def desk(qtbot: QtBot, theme: Theme) -> Desk:
    return Desk(qtbot)


def press_by_assistive_technology(button: QPushButton) -> None:
    action = QAccessible.queryAccessibleInterface(button).actionInterface()
    action.doAction(QAccessibleActionInterface.pressAction())


# ---- what decides


def test_a_click_allows_once_the_dead_time_is_over(desk: Desk) -> None:
    item = desk.show(ask())
    desk.ready()
    QTest.mouseClick(desk.allow, Left)
    assert desk.answers == [Answer("a1", allow=True, shown=ask_digest(item))]


def test_a_click_denies_and_carries_the_digest(desk: Desk) -> None:
    item = desk.show(ask())
    desk.alive()
    QTest.mouseClick(desk.deny, Left)
    assert desk.answers == [Answer("a1", allow=False, shown=ask_digest(item))]


def test_assistive_technology_can_press(desk: Desk) -> None:
    desk.show(ask())
    desk.ready()
    press_by_assistive_technology(desk.allow)
    desk.qtbot.waitUntil(lambda: len(desk.answers) == 1)
    assert desk.answers[0].allow is True


def test_the_chord_allows_and_is_shown(desk: Desk) -> None:
    desk.show(ask())
    desk.ready()
    assert "Ctrl+Return" in desk.text()
    QTest.keyClick(desk.arguments, Qt.Key.Key_Return, CTRL)
    assert [answer.allow for answer in desk.answers] == [True]


def test_the_chord_works_from_the_reason_field(desk: Desk) -> None:
    desk.show(ask(), Capabilities(deny_note=True))
    desk.ready()
    reason = desk.part("approval_reason", QLineEdit)
    QTest.keyClicks(reason, "looks fine")
    QTest.keyClick(reason, Qt.Key.Key_Return, CTRL)
    assert [(answer.allow, answer.note) for answer in desk.answers] == [(True, "looks fine")]


# ---- what does not


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space, Qt.Key.Key_Select])
@pytest.mark.parametrize("wait", [False, True], ids=["dead", "alive"])
def test_plain_keys_never_allow(desk: Desk, key: Qt.Key, wait: bool) -> None:
    desk.show(ask())
    if wait:
        desk.ready()
    for widget in (desk.dialog, desk.arguments, desk.allow):
        widget.setFocus()
        QTest.keyClick(widget, key)
    desk.settle()
    assert desk.answers == []
    assert desk.dialog.isVisible()


def test_no_button_is_a_default_or_has_a_mnemonic(desk: Desk) -> None:
    desk.show(ask(choices=(Choice("y", "&Yes & go", "allow"), Choice("n", "&No", "deny"))))
    desk.ready()
    for button in desk.dialog.findChildren(QPushButton):
        assert not button.isDefault() and not button.autoDefault()
        assert button.shortcut().isEmpty()
    QTest.keyClick(desk.dialog, Qt.Key.Key_Y, Qt.KeyboardModifier.AltModifier)
    desk.settle()
    assert desk.answers == []


def test_escape_closes_and_decides_nothing(desk: Desk) -> None:
    item = desk.show(ask())
    desk.ready()
    QTest.keyClick(desk.dialog, Qt.Key.Key_Escape)
    assert desk.answers == [] and not desk.dialog.isVisible()
    assert item.state == "pending"


def test_closing_the_window_decides_nothing(desk: Desk) -> None:
    desk.show(ask())
    desk.ready()
    desk.dialog.close()
    desk.settle()
    assert desk.answers == []


def test_the_keys_of_a_sentence_decide_nothing(desk: Desk) -> None:
    desk.show(ask())
    for _ in range(2):
        target = QApplication.focusWidget() or desk.dialog
        QTest.keyClicks(target, "yes please, do it now  y")
        QTest.keyClick(target, Qt.Key.Key_Return)
        desk.alive()
    assert desk.answers == []


# ---- the dead time


def test_a_press_right_after_showing_is_ignored(desk: Desk) -> None:
    desk.show(ask())
    desk.settle()
    for button in (desk.allow, desk.deny):
        QTest.mouseClick(button, Left)
        press_by_assistive_technology(button)
    QTest.keyClick(desk.dialog, Qt.Key.Key_Return, CTRL)
    desk.alive()
    desk.settle()
    assert desk.answers == []


def test_a_press_that_began_in_the_dead_time_is_ignored(desk: Desk) -> None:
    desk.show(ask())
    QTest.mousePress(desk.deny, Left)
    desk.alive()
    QTest.mouseRelease(desk.deny, Left)
    assert desk.answers == []


def test_getting_the_focus_back_starts_the_dead_time_anew(desk: Desk) -> None:
    desk.show(ask())
    desk.ready()
    QApplication.sendEvent(desk.dialog, QEvent(QEvent.Type.WindowActivate))
    QTest.mouseClick(desk.allow, Left)
    assert desk.answers == []
    desk.ready()
    QTest.mouseClick(desk.allow, Left)
    assert len(desk.answers) == 1


def test_the_dead_time_lasts_half_a_second_and_ends_within_one(desk: Desk) -> None:
    start = now()
    desk.show(ask())
    desk.alive()
    assert 0.45 <= now() - start <= 1.0


def test_dead_buttons_stay_in_the_tab_order(desk: Desk) -> None:
    desk.show(ask())
    assert desk.deny.isEnabled() and desk.deny.property("dead") is True


# ---- bound to what was shown


def test_a_changed_ask_kills_the_old_decision(desk: Desk) -> None:
    item = desk.show(ask())
    desk.ready()
    item.args, item.version = {"path": "/home"}, 1
    desk.dialog.refresh(item)
    QTest.mouseClick(desk.allow, Left)
    assert desk.answers == [] and "changed" in desk.text() and "/home" in desk.text()
    desk.ready()
    QTest.mouseClick(desk.allow, Left)
    assert [answer.shown for answer in desk.answers] == [ask_digest(item)]


def test_a_change_nobody_told_about_is_found_at_the_press(desk: Desk) -> None:
    item = desk.show(ask())
    desk.ready()
    item.args = {"path": "/"}
    QTest.mouseClick(desk.allow, Left)
    assert desk.answers == [] and "changed" in desk.text()


def test_one_decision_for_one_showing(desk: Desk) -> None:
    item = desk.show(ask())
    desk.ready()
    QTest.mouseClick(desk.allow, Left)
    QTest.mouseClick(desk.allow, Left)
    QTest.keyClick(desk.dialog, Qt.Key.Key_D, CTRL)
    desk.dialog.refresh(item)
    QTest.mouseClick(desk.deny, Left)
    assert len(desk.answers) == 1


def test_a_decision_that_could_not_be_sent_opens_the_ask_again(desk: Desk) -> None:
    item = desk.show(ask())
    desk.ready()
    QTest.mouseClick(desk.allow, Left)
    item.state = "sending"
    desk.dialog.refresh(item)
    assert "Sending" in desk.text()
    item.state, item.trouble = "pending", "The server did not answer."
    desk.dialog.refresh(item)
    assert "The server did not answer." in desk.text()
    QTest.mouseClick(desk.allow, Left)  # dead again
    assert len(desk.answers) == 1
    desk.ready()
    QTest.mouseClick(desk.deny, Left)
    assert [answer.allow for answer in desk.answers] == [True, False]


def test_a_failure_that_came_at_once_opens_the_ask_again_too(desk: Desk) -> None:
    item = desk.show(ask())
    desk.ready()
    QTest.mouseClick(desk.allow, Left)
    item.trouble = "Nobody listens there."  # "sending" came and went between two looks
    desk.dialog.refresh(item)
    desk.ready()
    QTest.mouseClick(desk.allow, Left)
    desk.dialog.not_sent("This request is no longer open. Nothing was sent.")
    assert "no longer open" in desk.text() and len(desk.answers) == 2


@pytest.mark.parametrize(
    ("state", "word"),
    [("answered", "elsewhere"), ("expired", "ran out"), ("withdrawn", "withdrawn"), ("superseded", "newer")],
)
def test_a_closed_ask_says_how_it_ended_and_offers_only_close(desk: Desk, state: Any, word: str) -> None:
    item = desk.show(ask())
    desk.ready()
    item.state = state
    desk.dialog.refresh(item)
    desk.settle()
    assert word in desk.text() and "Nothing was sent" in desk.text()
    buttons = [button.text() for button in desk.dialog.findChildren(QPushButton) if button.isVisible()]
    assert buttons == ["Close"]
    QTest.keyClick(desk.dialog, Qt.Key.Key_Return, CTRL)
    assert desk.answers == []


def test_the_dialog_goes_when_its_answer_has_arrived(desk: Desk) -> None:
    item = desk.show(ask())
    desk.ready()
    QTest.mouseClick(desk.allow, Left)
    item.state = "answered"
    desk.dialog.refresh(item)
    assert not desk.dialog.isVisible()


def test_an_expiry_that_races_the_answer_is_told(desk: Desk) -> None:
    item = desk.show(ask(expires=30.0))
    desk.ready()
    QTest.mouseClick(desk.allow, Left)
    item.state = "expired"
    desk.dialog.refresh(item)
    assert "on its way" in desk.text() and len(desk.answers) == 1


def test_an_expiry_after_an_answer_that_was_refused_does_not_say_that_nothing_was_sent(desk: Desk) -> None:
    item = desk.show(ask(expires=30.0))
    desk.ready()
    QTest.mouseClick(desk.allow, Left)
    desk.dialog.not_sent("The server knows no such request.")
    item.state = "expired"
    desk.dialog.refresh(item)
    assert "on its way" in desk.text() and "Nothing was sent" not in desk.text()


def test_an_ask_is_shown_as_tall_as_it_needs_whatever_came_before(desk: Desk, qtbot: QtBot) -> None:
    desk.show(ask(args={"path": "a"}))
    desk.dialog.reject()
    desk.show(ask(args={f"key {n}": n for n in range(14)}, ask="another"))
    bar = desk.dialog.findChild(LiteralView, "approval_arguments").verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() == 0)


def test_another_ask_is_not_this_one(desk: Desk) -> None:
    desk.show(ask())
    desk.ready()
    desk.dialog.refresh(ask(ask="a2", state="expired"))
    assert desk.allow.isEnabled()


# ---- reading first


def test_allow_waits_for_the_end_of_the_arguments(desk: Desk) -> None:
    desk.show(ask(args={"content": "\n".join(f"line {n}" for n in range(500))}))
    desk.alive()
    assert not desk.allow.isEnabled() and desk.deny.isEnabled()
    QTest.mouseClick(desk.allow, Left)
    QTest.keyClick(desk.dialog, Qt.Key.Key_Return, CTRL)
    assert desk.answers == []
    QTest.keyClick(desk.arguments, Qt.Key.Key_End, CTRL)
    desk.ready()
    QTest.mouseClick(desk.allow, Left)
    assert len(desk.answers) == 1


def test_the_rest_can_be_taken_as_read_and_its_length_is_said(desk: Desk) -> None:
    desk.show(ask(args={"content": "\n".join(f"line {n}" for n in range(500))}))
    desk.alive()
    skip = desk.part("approval_unread", QCheckBox)
    desk.qtbot.waitUntil(skip.isVisible)
    assert "more lines below" in skip.text() and "500 lines" in desk.text()
    QTest.mouseClick(skip, Left, pos=QPoint(10, skip.height() // 2))
    assert skip.isChecked() and desk.allow.isEnabled()


def test_a_megabyte_opens_at_once(desk: Desk) -> None:
    text = "\n".join(f"{n}: " + "x" * 60 for n in range(15_000))
    item = ask(args={"content": text})
    start = now()
    desk.dialog.show_ask(item, where="", can=Capabilities(), count=1)
    assert now() - start < 0.3  # 0.1 on an idle machine
    desk.alive()
    assert not desk.allow.isEnabled()
    desk.qtbot.waitUntil(lambda: "14999: xxx" in desk.arguments.toPlainText(), timeout=20_000)
    assert "1,0" in desk.text() and "characters" in desk.text()
    QTest.keyClick(desk.arguments, Qt.Key.Key_End, CTRL)
    desk.qtbot.waitUntil(desk.allow.isEnabled, timeout=5_000)


# ---- literal


def test_markup_is_shown_and_never_rendered(desk: Desk) -> None:
    html = "<h1>ok</h1><img src='file:///etc/passwd'> & [*] %1"
    desk.show(ask(tool=html, text=html, args={"note": html}))
    for label in desk.dialog.findChildren(QLabel):
        assert label.textFormat() == Qt.TextFormat.PlainText
    assert desk.part("approval_tool", QLabel).text() == html
    assert "img src='file:///etc/passwd'> & [*] %1" in desk.arguments.toPlainText()


def test_what_the_agent_says_stands_apart_from_what_is_true(desk: Desk) -> None:
    desk.show(ask(text="I will only read a file.", args={"command": "rm -rf /"}))
    assert "rm -rf /" in desk.arguments.toPlainText()
    assert "only read" not in desk.arguments.toPlainText()
    assert "only read" in desk.text() and "The agent says" in desk.text()


# ---- what depends on the protocol


def test_a_reason_only_where_it_can_be_sent(desk: Desk) -> None:
    desk.show(ask())
    assert not desk.part("approval_reason", QLineEdit).isVisible()
    desk.show(ask(ask="a2"), Capabilities(deny_note=True))
    reason = desk.part("approval_reason", QLineEdit)
    assert reason.isVisible()
    QTest.keyClicks(reason, "not today")
    desk.alive()
    QTest.mouseClick(desk.deny, Left)
    assert [(a.ask, a.allow, a.note) for a in desk.answers] == [("a2", False, "not today")]


def test_the_choices_of_the_protocol_are_the_buttons(desk: Desk) -> None:
    choices = (Choice("once", "Allow once", "allow"), Choice("ever", "Always allow", "allow-always"),
               Choice("no", "Refuse", "deny"), Choice("ask", "Ask my boss", "other"))  # fmt: skip
    desk.show(ask(choices=choices))
    desk.ready()
    texts = [b.text() for b in desk.dialog.findChildren(QPushButton) if b.objectName().startswith("approval_")]
    assert {"Allow once", "Always allow", "Refuse", "Ask my boss"} <= set(texts)
    assert desk.allow.text() == "Allow once" and desk.deny.text() == "Refuse"
    QTest.mouseClick(desk.allow, Left)
    assert [(a.allow, a.choices) for a in desk.answers] == [(True, ("once",))]


def test_time_left_is_shown(desk: Desk) -> None:
    desk.show(ask(expires=90.0))
    assert "Time left: 1 min" in desk.text()


def test_how_many_wait_is_shown(desk: Desk) -> None:
    desk.show(ask(), count=12)
    assert "1 of 12 waiting" in desk.text()


# ---- editing


def button(desk: Desk, text: str) -> QPushButton:
    return next(b for b in desk.dialog.findChildren(QPushButton) if b.text() == text and b.isVisible())


def edit(desk: Desk, text: str) -> None:
    QTest.mouseClick(button(desk, "Edit…"), Left)
    editor = desk.part("approval_editor", QPlainTextEdit)
    editor.selectAll()
    QTest.keyClicks(editor, text)


def test_arguments_can_be_edited_only_where_the_agent_takes_that(desk: Desk) -> None:
    desk.show(ask())
    assert not any(b.text() == "Edit…" and b.isVisible() for b in desk.dialog.findChildren(QPushButton))


def test_an_edit_is_shown_as_a_difference_before_it_can_be_allowed(desk: Desk) -> None:
    desk.show(ask(editable=True))
    desk.ready()
    edit(desk, '{"path": "/tmp/y"}')
    assert not desk.allow.isEnabled()
    QTest.keyClick(desk.part("approval_editor", QPlainTextEdit), Qt.Key.Key_Return, CTRL)
    assert desk.answers == []
    QTest.mouseClick(button(desk, "Review the changes"), Left)
    shown = desk.arguments.toPlainText()
    assert '-   "path": "/tmp/x"' in shown and '+   "path": "/tmp/y"' in shown
    QTest.mouseClick(desk.allow, Left)  # dead again
    assert desk.answers == []
    desk.ready()
    QTest.mouseClick(desk.allow, Left)
    assert [answer.args for answer in desk.answers] == [{"path": "/tmp/y"}]


def test_a_broken_edit_is_told_in_words(desk: Desk) -> None:
    desk.show(ask(editable=True))
    desk.ready()
    edit(desk, '{"path": ')
    QTest.mouseClick(button(desk, "Review the changes"), Left)
    assert "not valid JSON" in desk.text() and not desk.allow.isEnabled()
    QTest.mouseClick(button(desk, "Discard the changes"), Left)
    desk.ready()
    QTest.mouseClick(desk.allow, Left)
    assert [answer.args for answer in desk.answers] == [None]


# ---- questions and forms


def test_a_question_is_answered_in_words(desk: Desk) -> None:
    desk.show(ask(type="question", tool=None, args=None, text="Which city?"))
    desk.qtbot.waitUntil(lambda: desk.allow.property("dead") is False)
    assert not desk.allow.isEnabled() and "Which city?" in desk.text()
    QTest.keyClicks(QApplication.focusWidget(), "Oslo")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    QTest.keyClicks(QApplication.focusWidget(), "or Bergen")
    assert desk.answers == []
    QTest.mouseClick(desk.allow, Left)
    assert [(a.text, a.allow) for a in desk.answers] == [("Oslo\nor Bergen", None)]


def test_a_form_is_declined_without_its_values(desk: Desk) -> None:
    schema = {"properties": {"city": {"type": "string"}}, "required": ["city"]}
    desk.show(ask(type="form", tool=None, args=None, text="Where?", schema=schema))
    desk.alive()
    QTest.mouseClick(desk.deny, Left)
    assert [(a.allow, a.args) for a in desk.answers] == [(False, None)]


# ---- around it


def test_space_denies_when_the_focus_was_moved_there(desk: Desk) -> None:
    desk.show(ask())
    desk.deny.setFocus()
    QTest.keyClick(desk.deny, Qt.Key.Key_Space)
    assert desk.answers == []
    desk.alive()
    QTest.keyClick(desk.deny, Qt.Key.Key_Space)
    assert [answer.allow for answer in desk.answers] == [False]


def test_the_next_ask_starts_dead(desk: Desk) -> None:
    desk.show(ask())
    desk.ready()
    desk.show(ask(ask="a2", args={"path": "/home"}))
    QTest.mouseClick(desk.allow, Left)
    assert desk.answers == []
    desk.ready()
    QTest.mouseClick(desk.allow, Left)
    assert [answer.ask for answer in desk.answers] == ["a2"]


def test_what_was_shown_and_read_is_told(desk: Desk, qtbot: QtBot) -> None:
    shown: list[AskItem] = []
    read: list[AskItem] = []
    desk.dialog.shown.connect(shown.append)
    desk.dialog.read.connect(read.append)
    item = desk.show(ask(args={"content": "\n".join(map(str, range(300)))}))
    desk.alive()
    assert shown == [item] and read == []
    QTest.keyClick(desk.arguments, Qt.Key.Key_End, CTRL)
    qtbot.waitUntil(lambda: read == [item])


def test_other_colours_keep_what_was_read(desk: Desk, qapp: QApplication) -> None:
    desk.show(ask(args={"content": "\n".join(map(str, range(300)))}))
    desk.alive()
    QTest.keyClick(desk.arguments, Qt.Key.Key_End, CTRL)
    desk.ready()
    themes.apply(qapp, themes.DARK)
    desk.dialog.set_theme(themes.DARK)
    desk.settle()
    assert desk.allow.isEnabled() and "299" in desk.arguments.toPlainText()


def test_a_screen_reader_reads_the_whole(desk: Desk) -> None:
    desk.show(ask(text="I tidy up."), count=2)
    face = QAccessible.queryAccessibleInterface(desk.arguments)
    assert face.textInterface().text(0, face.textInterface().characterCount()) == '"path": "/tmp/x"'
    label = QAccessible.queryAccessibleInterface(desk.part("approval_tool", QLabel))
    assert label.text(QAccessible.Text.Name) == "delete_file"
    for button in (desk.allow, desk.deny):
        assert QAccessible.queryAccessibleInterface(button).text(QAccessible.Text.Name) == button.text()


def test_the_dialog_blocks_nothing_but_its_window(desk: Desk) -> None:
    desk.show(ask())
    assert desk.dialog.windowModality() == Qt.WindowModality.WindowModal
