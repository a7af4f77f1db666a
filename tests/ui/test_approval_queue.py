"""The inbox: fifty asks are one list, and nothing is decided unseen."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QListWidget, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from desktop.core.asks.arguments import ask_digest
from desktop.core.conversation import AskItem
from desktop.core.events import Choice
from desktop.ui.approvals.queue import ApprovalQueue
from desktop.ui.theme import Theme

Left = Qt.MouseButton.LeftButton


def ask(n: int, **more: Any) -> AskItem:
    return AskItem(f"i{n}", 0, 0.0, **({"ask": f"a{n}", "tool": "delete_file", "args": {"path": f"/file{n}"}} | more))


class Inbox:
    """The queue on screen and what it asked for."""

    def __init__(self, qtbot: QtBot) -> None:
        self.qtbot = qtbot
        self.queue = ApprovalQueue()
        qtbot.addWidget(self.queue)
        self.queue.resize(460, 700)
        self.queue.show()
        qtbot.waitExposed(self.queue)
        self.decided: list[Any] = []
        self.opened: list[tuple[str, str]] = []
        self.queue.decide_many.connect(self.decided.append)
        self.queue.open_requested.connect(lambda key, ask: self.opened.append((key, ask)))
        self.list = self.queue.findChild(QListWidget)

    def fill(self, *items: AskItem) -> None:
        self.queue.set_entries([(f"s{n % 2}", f"Session {n % 2}", item) for n, item in enumerate(items)])

    def read(self, row: int) -> None:
        """Choose a row and see its arguments to the end."""
        QTest.mouseClick(self.list.viewport(), Left, pos=self.list.visualItemRect(self.list.item(row)).center())
        self.qtbot.waitUntil(lambda: "not read" not in self.list.item(row).text(), timeout=3_000)

    def tick(self, row: int) -> None:
        rect = self.list.visualItemRect(self.list.item(row))
        QTest.mouseClick(self.list.viewport(), Left, pos=QPoint(rect.left() + 12, rect.center().y()))

    def button(self, name: str) -> QPushButton:
        found = self.queue.findChild(QPushButton, name)
        assert isinstance(found, QPushButton)
        return found

    def alive(self) -> None:
        self.qtbot.waitUntil(lambda: self.button("queue_allow").property("dead") is False, timeout=2_000)

    def is_read(self, row: int) -> bool:
        return "not read yet" not in self.list.item(row).text()


@pytest.fixture
def inbox(qtbot: QtBot, theme: Theme) -> Inbox:
    return Inbox(qtbot)


def test_fifty_are_one_list(inbox: Inbox) -> None:
    inbox.fill(*map(ask, range(50)))
    assert inbox.list.count() == 50
    assert "delete_file" in inbox.list.item(49).text() and "/file49" in inbox.list.item(49).text()


def test_only_what_was_read_can_be_ticked_and_decided(inbox: Inbox) -> None:
    items = [ask(n) for n in range(4)]
    inbox.fill(*items)
    for row in (1, 2):
        inbox.read(row)
    boxes = [bool(inbox.list.item(row).flags() & Qt.ItemFlag.ItemIsUserCheckable) for row in range(4)]
    assert boxes == [row in (1, 2) or inbox.is_read(row) for row in range(4)] and not boxes[3]
    for row in (1, 2, 3):
        inbox.tick(row)
    inbox.alive()
    QTest.mouseClick(inbox.button("queue_allow"), Left)
    [answers] = inbox.decided
    assert [(key, a.ask, a.allow, a.shown) for key, a in answers] == [
        ("s1", "a1", True, ask_digest(items[1])), ("s0", "a2", True, ask_digest(items[2])),
    ]  # fmt: skip


def test_long_arguments_are_read_when_their_end_was_on_screen(inbox: Inbox, qtbot: QtBot) -> None:
    inbox.fill(ask(0, args={"text": "\n".join(map(str, range(400)))}))
    view = inbox.queue.findChildren(QPlainTextEdit)[-1]
    qtbot.waitUntil(lambda: "399" in view.toPlainText())
    inbox.alive()
    inbox.tick(0)
    assert "not read yet" in inbox.list.item(0).text() and not inbox.button("queue_allow").isEnabled()
    QTest.keyClick(view, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: "not read" not in inbox.list.item(0).text())


def test_a_changed_ask_loses_its_tick(inbox: Inbox) -> None:
    items = [ask(0), ask(1)]
    inbox.fill(*items)
    inbox.read(0)
    inbox.tick(0)
    assert inbox.button("queue_deny").isEnabled()
    items[0].args, items[0].version = {"path": "/"}, 1
    inbox.alive()
    QTest.mouseClick(inbox.button("queue_allow"), Left)
    assert inbox.decided == []
    inbox.fill(*items)
    assert not inbox.button("queue_deny").isEnabled()


def test_a_press_right_after_a_tick_is_ignored(inbox: Inbox) -> None:
    inbox.fill(ask(0), ask(1))
    inbox.read(0)
    inbox.tick(0)
    QTest.mouseClick(inbox.button("queue_allow"), Left)
    QTest.keyClick(inbox.button("queue_allow"), Qt.Key.Key_Space)
    assert inbox.decided == []


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Space, Qt.Key.Key_Enter])
def test_keys_never_allow(inbox: Inbox, key: Qt.Key) -> None:
    inbox.fill(ask(0))
    inbox.read(0)
    inbox.tick(0)
    inbox.alive()
    inbox.button("queue_allow").setFocus()
    QTest.keyClick(inbox.button("queue_allow"), key)
    assert inbox.decided == []


def test_questions_can_only_be_opened(inbox: Inbox) -> None:
    inbox.fill(ask(0, type="question", tool=None, args=None, text="Which <b>one</b>?"))
    inbox.tick(0)
    assert not inbox.button("queue_allow").isEnabled()
    inbox.list.setFocus()
    QTest.keyClick(inbox.list, Qt.Key.Key_Return)
    assert inbox.opened == [("s0", "a0")] and inbox.decided == []


def test_the_choice_of_the_protocol_is_sent(inbox: Inbox) -> None:
    choices = (Choice("yes", "Yes", "allow"), Choice("no", "No", "deny"))
    inbox.fill(ask(0, choices=choices))
    inbox.read(0)
    inbox.tick(0)
    inbox.alive()
    QTest.mouseClick(inbox.button("queue_deny"), Left)
    assert [(a.allow, a.choices) for _, a in inbox.decided[0]] == [(False, ("no",))]


def test_an_empty_inbox_says_so(inbox: Inbox) -> None:
    inbox.fill(ask(0))
    inbox.fill()
    assert inbox.list.count() == 0 and not inbox.button("queue_allow").isEnabled()


def test_the_place_in_the_list_is_kept(inbox: Inbox) -> None:
    items = [ask(n) for n in range(20)]
    inbox.fill(*items)
    inbox.list.setCurrentRow(7)
    inbox.fill(*items[2:])
    assert "/file7" in inbox.list.currentItem().text()
