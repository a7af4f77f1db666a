"""Making, counting and revoking rules by hand, and reading the list of decisions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QLabel, QWidget

from desktop.core.asks.arguments import ask_digest
from desktop.core.conversation import AskItem
from desktop.core.requests import Answer, HttpCall
from desktop.services.approvals.audit import AuditLog, Place
from desktop.services.approvals.rules import Rules
from desktop.ui.approvals.audit_dialog import AuditDialog
from desktop.ui.approvals.rules_dialog import Offer, RulesDialog
from tests.ui.driving import drive, until

HOME = "http://127.0.0.1:9"
HERE = Place("s1", "Plan <b>bold</b>", HOME)
LEFT = Qt.MouseButton.LeftButton


def asked(n: int, command: str, **more: Any) -> AskItem:
    return AskItem("i", 0, 0.0, **{"ask": f"a{n}", "tool": "run", "args": {"command": command}, **more})


def log_of(folder: Path) -> AuditLog:
    """Three requests: allowed, denied by a rule, and never decided."""
    log = AuditLog(folder / "decisions.jsonl")
    items = [asked(0, "git log"), asked(1, "git log; rm -rf ~"), asked(2, "git status", text="\u202etidy")]
    for item in items:
        log.shown(HERE, item)
    log.decided(HERE, Answer("a0", allow=True, shown=ask_digest(items[0])), "person")
    log.sent(HERE, "a0", HttpCall("POST", f"{HOME}/respond", json={"decision": "approved"}))
    log.came_back(HERE, "a0", 200)
    log.closed(HERE, "a0", "answered", "approved")
    log.decided(HERE, Answer("a1", allow=False, shown=ask_digest(items[1])), "rule: deny run with exactly this")
    return log


def shown(dialog: QDialog, name: str) -> Any:
    return next(w for w in dialog.findChildren(QWidget) if w.objectName() == name)


def tick(button: QAbstractButton) -> None:
    QTest.mouseClick(button, LEFT, pos=QPoint(10, button.height() // 2))


def words(dialog: QDialog) -> str:
    return " ".join(label.text() for label in dialog.findChildren(QLabel) if label.isVisible())


def with_rules(
    app: QApplication, folder: Path, offer: Offer | None, work: Callable[[RulesDialog, Rules], Awaitable[None]]
) -> None:
    async def whole() -> None:
        rules = Rules(folder / "rules.json")
        dialog = RulesDialog(rules, log_of(folder), offer)
        dialog.open()
        try:
            await work(dialog, rules)
        finally:
            dialog.close()

    drive(app, whole)


def radio(dialog: QDialog, text: str) -> QAbstractButton:
    return next(b for b in dialog.findChildren(QAbstractButton) if text in b.text())


def test_a_pattern_must_be_tried_on_earlier_requests_before_it_is_a_rule(qapp: QApplication, tmp_path: Path) -> None:
    offer = Offer(True, HOME, "s1", "Plan", "run", {"command": "git log"})

    async def work(dialog: RulesDialog, rules: Rules) -> None:
        add, pattern = shown(dialog, "rule_add"), shown(dialog, "rule_pattern")
        await until(lambda: bool(dialog._form._past), "the earlier requests")
        tick(radio(dialog, "pattern of mine"))
        tick(radio(dialog, "Always"))
        assert not add.isEnabled()
        pattern.setPlainText('{"command": "rm *"}')
        QTest.mouseClick(shown(dialog, "rule_try"), LEFT)
        assert "does not cover" in words(dialog) and not add.isEnabled()
        pattern.setPlainText('{"command": ')
        QTest.mouseClick(shown(dialog, "rule_try"), LEFT)
        assert "not valid JSON" in words(dialog) and not add.isEnabled()
        pattern.setPlainText('{"command": "git *"}')
        QTest.mouseClick(shown(dialog, "rule_try"), LEFT)
        assert "Of 3 earlier requests" in words(dialog)
        assert "would have answered 2." in words(dialog)  # never the one with rm in it
        pattern.setPlainText('{"command": "git  *"}')
        assert not add.isEnabled()  # another pattern, not tried
        pattern.setPlainText('{"command": "git *"}')
        QTest.mouseClick(shown(dialog, "rule_try"), LEFT)
        QTest.mouseClick(add, LEFT)
        [rule] = rules.all()
        assert (rule.pattern, rule.session, rule.allow, rule.tool) == (True, None, True, "run")
        assert not rules.on and "Rules are off" in words(dialog)

    with_rules(qapp, tmp_path, offer, work)


def test_return_and_space_make_no_rule(qapp: QApplication, tmp_path: Path) -> None:
    async def work(dialog: RulesDialog, rules: Rules) -> None:
        tick(radio(dialog, "exactly"))
        tick(radio(dialog, "In this conversation"))
        for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            QTest.keyClick(dialog, key)
        assert rules.all() == () and dialog.isVisible()

    with_rules(qapp, tmp_path, Offer(True, HOME, "s1", "Plan", "run", {"command": "ls"}), work)


def test_rules_are_listed_with_their_use_and_revoked(qapp: QApplication, tmp_path: Path) -> None:
    before = Rules(tmp_path / "rules.json")
    for command in ("ls", "<b>rm</b>"):
        rule = before.add(allow=True, server=HOME, tool="run", args={"command": command}, pattern=False, session=None)
    before.count(rule)
    before.close()

    async def work(dialog: RulesDialog, rules: Rules) -> None:
        rows, revoke = shown(dialog, "rules_list"), shown(dialog, "rule_revoke")
        assert rows.count() == 2 and not revoke.isEnabled()
        assert "not used yet" in rows.item(0).text()
        assert "used 1 time" in rows.item(1).text() and "<b>rm</b>" in rows.item(1).text()
        rows.setCurrentRow(0)
        QTest.mouseClick(revoke, LEFT)
        assert [rule.args for rule in rules.all()] == [{"command": "<b>rm</b>"}]
        assert [rule.args for rule in Rules(tmp_path / "rules.json").all()] == [{"command": "<b>rm</b>"}]

    with_rules(qapp, tmp_path, None, work)


def test_the_list_of_decisions_tells_filters_and_copies(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        dialog = AuditDialog(log_of(tmp_path))
        dialog.open()
        rows, details = shown(dialog, "audit_list"), shown(dialog, "audit_details")
        await until(lambda: rows.count() == 3, "the list")
        assert "not decided" in rows.item(0).text() and "denied by a rule" in rows.item(1).text()
        assert "⟦" in details.toPlainText() and "\u202e" not in details.toPlainText()
        QTest.keyClicks(shown(dialog, "audit_filter"), "allowed git")
        await until(lambda: rows.count() == 1, "the one that was allowed")
        told = details.toPlainText()
        for part in ("Plan <b>bold</b>", "git log", "Allowed by a person", "POST", '"approved"', "answered 200"):
            assert part in told
        QTest.mouseClick(radio(dialog, "Copy"), LEFT)
        assert "Digest of what was shown" in QGuiApplication.clipboard().text()
        dialog.close()

    drive(qapp, work)


def test_an_empty_list_says_so(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        dialog = AuditDialog(AuditLog(tmp_path / "none.jsonl"))
        dialog.open()
        await until(lambda: "Nothing has been asked yet" in words(dialog), "the words")
        dialog.close()

    drive(qapp, work)
