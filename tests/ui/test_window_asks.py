"""Approvals through the window, over the loopback servers: what must hold under races, floods, closing and a kill."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QListWidget, QPlainTextEdit, QPushButton, QWidget

from desktop.core.asks.arguments import ask_digest
from desktop.core.asks.words import LOST
from desktop.core.requests import Answer, Connection
from desktop.services.approvals.audit import AuditEntry, AuditLog
from desktop.ui.composing.composer import Composer
from tests.loopback import agentrail, powabase
from tests.loopback.agentrail import Agentrail
from tests.loopback.powabase import Powabase
from tests.loopback.procurator import Procurator
from tests.loopback.server import Exchange, Request, Server
from tests.ui.driving import Driven, drive, window
from tests.ui.test_window_protocols import ASKING, Case, asks, dialog_is_ready, over, run_has_ended

LEFT = Qt.MouseButton.LeftButton
RAIL = Case("agentrail", Agentrail, "write a note", "Saved.", "I left it alone.")
POWA = Case("powabase", Powabase, "ask", "It is sunny.", "It is sunny.", powabase.AGENT, "key-1")
PROC = Case("procurator", Procurator, "please", "42", agent="code", key="token-1")


def press(sluice: Driven, name: str) -> None:
    QTest.mouseClick(sluice.find(name, QAbstractButton), LEFT)


def tick(button: QAbstractButton) -> None:
    """Press the box itself: a box as wide as its dialog takes no press beside its words."""
    QTest.mouseClick(button, LEFT, pos=QPoint(10, button.height() // 2))


def dialog_words(sluice: Driven) -> str:
    """All that the dialog's labels say."""
    labels = sluice.find("approval_dialog").findChildren(QLabel)
    return " ".join(label.text() for label in labels if label.isVisible())


def audited(folder: Path) -> list[AuditEntry]:
    return AuditLog(folder / "decisions.jsonl").entries()


def tell(sluice: Driven, text: str) -> None:
    """A long message, not typed letter by letter."""
    sluice.find("composer", Composer).put(text)
    QTest.keyClick(sluice.find("composer"), Qt.Key.Key_Return)


# ---- the whole of the arguments


def test_allow_waits_for_the_end_of_long_arguments(qapp: QApplication, tmp_path: Path) -> None:
    async def work(sluice: Driven, host: Any) -> None:
        tell(sluice, "write " + "\n".join(f"line {n}" for n in range(500)) + "\nTHE END")
        await sluice.until(lambda: sluice.shows("approval_dialog"), "the dialog")
        allow = sluice.find("approval_allow")
        await sluice.until(lambda: allow.property("dead") is False, "the end of the dead time")
        assert not allow.isEnabled()
        QTest.mouseClick(allow, LEFT)
        QTest.keyClick(sluice.find("approval_dialog"), Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        assert asks(sluice)[0].state == "pending"
        view = sluice.find("approval_arguments", QPlainTextEdit)
        assert "THE END" in view.toPlainText()
        assert "more line" in sluice.find("approval_unread", QAbstractButton).text()
        view.verticalScrollBar().setValue(view.verticalScrollBar().maximum())
        await dialog_is_ready(sluice)
        press(sluice, "approval_allow")
        await run_has_ended(sluice)
        assert len(host.decisions) == 1

    over(RAIL, qapp, tmp_path, work)


def test_the_unread_rest_can_be_acknowledged(qapp: QApplication, tmp_path: Path) -> None:
    async def work(sluice: Driven, host: Any) -> None:
        tell(sluice, "write " + "\n".join(f"line {n}" for n in range(500)))
        await sluice.until(lambda: sluice.shows("approval_unread"), "the rest's length")
        assert not sluice.find("approval_allow").isEnabled()
        press(sluice, "approval_unread")
        await dialog_is_ready(sluice)
        press(sluice, "approval_deny")
        await run_has_ended(sluice)
        assert [d["decision"] for d in host.decisions] == ["rejected"]

    over(RAIL, qapp, tmp_path, work)


# ---- a press that was not meant


@pytest.mark.parametrize("case", ASKING, ids=lambda c: c.protocol)
def test_a_press_counts_only_after_the_dead_time(case: Case, qapp: QApplication, tmp_path: Path) -> None:
    async def work(sluice: Driven, host: Any) -> None:
        sluice.say(case.say)
        await sluice.until(lambda: sluice.shows("approval_dialog"), "the dialog")
        dialog = sluice.find("approval_dialog")
        assert not any(b.isDefault() or b.autoDefault() for b in dialog.findChildren(QPushButton))
        for name in ("approval_allow", "approval_deny"):
            press(sluice, name)
        assert (asks(sluice)[0].state, host.decisions) == ("pending", [])
        await dialog_is_ready(sluice)
        QApplication.sendEvent(dialog, _activation())  # the window comes to the front again
        press(sluice, "approval_allow")
        assert (asks(sluice)[0].state, host.decisions) == ("pending", [])
        await dialog_is_ready(sluice)
        press(sluice, "approval_allow")
        await run_has_ended(sluice)
        assert len(host.decisions) == 1

    over(case, qapp, tmp_path, work)


def _activation() -> Any:
    from PySide6.QtCore import QEvent

    return QEvent(QEvent.Type.WindowActivate)


@pytest.mark.parametrize("case", ASKING, ids=lambda c: c.protocol)
def test_pressing_twice_and_by_chord_sends_one_decision(case: Case, qapp: QApplication, tmp_path: Path) -> None:
    async def work(sluice: Driven, host: Any) -> None:
        sluice.say(case.say)
        await dialog_is_ready(sluice)
        button = sluice.find("approval_allow", QAbstractButton)
        dialog = sluice.find("approval_dialog")
        for _ in range(3):
            QTest.mouseClick(button, LEFT)
        QTest.keyClick(dialog, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClick(dialog, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
        await run_has_ended(sluice)
        assert len(host.decisions) == 1
        assert case.answer in sluice.text()

    over(case, qapp, tmp_path, work)


# ---- bound to what was shown


async def _change(self: Any, rest: str) -> None:
    """A host that asks about one thing, then about another under the same id."""
    for path in ("/harmless.txt", "/home/ada/.ssh/id_rsa"):
        call = {"type": "toolCall", "id": "call-c", "name": "Read", "arguments": {"path": path}}
        await self.emit("message.end", message=agentrail._message("", "toolUse", call))
        await self.emit("permission_request", toolCallId="call-c", toolName="Read", reason="Reading wants a yes")
        if path == "/harmless.txt":
            await self.session.change.wait()
    decision = await self.wait("permission")
    await self.emit("permission_resolved", toolCallId="call-c", toolName="Read", decision=decision)
    await self.say("Done.")


def test_a_changed_request_kills_the_old_dialog(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agentrail.Turn, "_change", _change, raising=False)

    async def work(sluice: Driven, host: Any) -> None:
        changing = asyncio.Event()
        monkeypatch.setattr(agentrail.Session, "change", changing, raising=False)
        sluice.say("change")
        await dialog_is_ready(sluice)
        old = ask_digest(asks(sluice)[0])
        changing.set()
        arguments = sluice.find("approval_arguments", QPlainTextEdit)
        await sluice.until(lambda: "id_rsa" in arguments.toPlainText(), "the new arguments")
        await sluice.until(lambda: sluice.shows("approval_allow"), "the new buttons")
        press(sluice, "approval_allow")  # meant for what stood there before
        assert (asks(sluice)[0].state, host.decisions) == ("pending", [])
        assert "changed" in dialog_words(sluice)
        words = await sluice.page.session.answer(Answer(asks(sluice)[0].ask, allow=True, shown=old))
        assert words is not None and "changed" in words
        assert host.decisions == []
        await dialog_is_ready(sluice)
        press(sluice, "approval_deny")
        await run_has_ended(sluice)
        assert [d["decision"] for d in host.decisions] == ["rejected"]
        first, second = audited(tmp_path)
        assert (first.args, first.decision) == ({"path": "/harmless.txt"}, None)
        assert (second.args, second.decision) == ({"path": "/home/ada/.ssh/id_rsa"}, "deny")
        assert first.digest == old != second.digest

    over(RAIL, qapp, tmp_path, work)


def test_an_answer_to_nothing_that_was_asked_sends_nothing(qapp: QApplication, tmp_path: Path) -> None:
    async def work(sluice: Driven, host: Any) -> None:
        sluice.say("write a note")
        await dialog_is_ready(sluice)
        words = await sluice.page.session.answer(Answer("never-asked", allow=True, shown="0" * 64))
        assert words is not None and "no longer open" in words
        assert host.decisions == []
        press(sluice, "approval_deny")
        await run_has_ended(sluice)
        again = await sluice.page.session.answer(Answer(asks(sluice)[0].ask, allow=True))
        assert again is not None and "Nothing was sent" in again
        assert len(host.decisions) == 1

    over(RAIL, qapp, tmp_path, work)


# ---- late, expired, repeated, lost


def test_an_answer_that_comes_too_late_is_said_in_the_dialog(qapp: QApplication, tmp_path: Path) -> None:
    async def work(sluice: Driven, host: Any) -> None:
        sluice.say("late")
        await dialog_is_ready(sluice)
        press(sluice, "approval_allow")
        await run_has_ended(sluice)
        assert len(host.decisions) == 1
        assert asks(sluice)[0].state in ("answered", "superseded")
        [entry] = audited(tmp_path)
        assert (entry.decision, entry.by, [status for _, status, _ in entry.came_back]) == ("allow", "person", [404])

    over(RAIL, qapp, tmp_path, work)


def test_an_expired_request_says_so_and_sends_nothing(qapp: QApplication, tmp_path: Path) -> None:
    async def work(sluice: Driven, host: Any) -> None:
        sluice.say("tired")
        await dialog_is_ready(sluice)
        host.expire.set()
        await sluice.until(lambda: asks(sluice)[0].state == "expired", "the expiry")
        await sluice.until(lambda: "ran out" in dialog_words(sluice), "the words")
        assert "Nothing was sent" in dialog_words(sluice)
        assert not sluice.shows("approval_allow")
        QTest.keyClick(sluice.find("approval_dialog"), Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        await run_has_ended(sluice)
        assert host.decisions == []
        assert [(e.decision, e.how) for e in audited(tmp_path)] == [(None, "expired")]

    over(POWA, qapp, tmp_path, work)


class Racing(Powabase):
    """The approval runs out while the decision is on its way: the server takes no notice of it any more."""

    async def handle(self, request: Request, exchange: Exchange) -> None:
        if request.path.endswith("/approve"):
            self.decisions.append(request.json)
            self.expire.set()
            await asyncio.sleep(0.05)
            await exchange.reply(404, {"error": "Run not found or not waiting for approval"})
        else:
            await super().handle(request, exchange)


def test_a_decision_that_races_an_expiry_is_sent_once_and_told_as_it_ended(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def work(sluice: Driven, host: Any) -> None:
        sluice.say("tired")
        await dialog_is_ready(sluice)
        press(sluice, "approval_allow")
        await run_has_ended(sluice)
        assert asks(sluice)[0].state == "expired"
        await sluice.until(lambda: "time ran out" in dialog_words(sluice), "how it ended, in the dialog")
        assert not sluice.shows("approval_allow")
        sent = len(host.decisions)
        await sluice.until(lambda: bool(audited(tmp_path)[0].how), "the end in the list")
        [entry] = audited(tmp_path)
        assert (entry.decision, entry.how) == ("allow", "expired")
        assert len(host.decisions) == sent  # nothing is sent again by itself

    over(Case("powabase", Racing, "", "", agent=powabase.AGENT, key="key-1"), qapp, tmp_path, work)


def test_a_lost_reply_is_looked_up_and_never_sent_again(qapp: QApplication, tmp_path: Path) -> None:
    async def work(sluice: Driven, host: Any) -> None:
        host.lose.append("resolve")
        sluice.say("please")
        await dialog_is_ready(sluice)
        press(sluice, "approval_allow")
        await sluice.until(lambda: len(sluice.page.session.conversation.runs) == 2, "the run that answers")
        await run_has_ended(sluice)
        assert len(host.decisions) == 1
        assert asks(sluice)[0].state == "answered"
        [entry] = audited(tmp_path)
        assert [(status, bool(words)) for _, status, words in entry.came_back] == [(0, True)]

    over(PROC, qapp, tmp_path, work)


def test_no_route_for_decisions_opens_the_request_again_in_the_dialog(qapp: QApplication, tmp_path: Path) -> None:
    class Deaf(Agentrail):
        async def _respond(self, name: str, request: Request, exchange: Exchange) -> None:
            self.decisions.append(request.json)
            await exchange.reply(500, {"error": "out of order"})

    async def work(sluice: Driven, host: Any) -> None:
        sluice.say("write a note")
        await dialog_is_ready(sluice)
        press(sluice, "approval_allow")
        await sluice.until(lambda: "out of order" in dialog_words(sluice), "why it was not sent")
        assert sluice.find("approval_allow").property("dead") is True  # a new showing
        assert (asks(sluice)[0].state, len(host.decisions)) == ("pending", 1)
        await dialog_is_ready(sluice)
        assert len(host.decisions) == 1
        press(sluice, "approval_allow")
        await sluice.until(lambda: len(host.decisions) == 2, "the person's second try")

    over(Case("agentrail", Deaf, "", ""), qapp, tmp_path, work)


def test_two_tabs_on_one_run_decide_once(qapp: QApplication, tmp_path: Path) -> None:
    async def work(sluice: Driven, host: Any) -> None:
        sluice.say("please")
        await dialog_is_ready(sluice)
        first = sluice.page
        QTest.keyClick(sluice.find("approval_dialog"), Qt.Key.Key_Escape)
        await sluice.until(lambda: not sluice.shows("approval_dialog"), "the closed dialog")
        second = sluice.window.new_tab()
        await watch(second.session, host.runs[0].id)
        await dialog_is_ready(sluice)
        press(sluice, "approval_allow")
        await sluice.until(lambda: not second.session.conversation.open_asks(), "the decision in the second tab")
        await sluice.until(lambda: not second.session.running, "its end")
        assert len(host.decisions) == 1
        sluice.window.open_session(first.tab.key)
        sluice.page.ask_wanted.emit(asks(sluice)[0].ask)
        await dialog_is_ready(sluice)
        press(sluice, "approval_deny")  # too late: it is approved
        await sluice.until(lambda: asks(sluice)[0].state == "superseded", "how it ended")
        await sluice.until(lambda: not first.session.running, "the end of the look-up")
        assert host.approvals[next(iter(host.approvals))].status == "APPROVED"
        await sluice.until(lambda: "already approved" in sluice.text(), "the words")

    over(PROC, qapp, tmp_path, work)


async def watch(session: Any, run_id: str) -> None:
    """Look at a run of the server from another conversation."""
    adapter = await session._ready()
    await session._live(adapter.look_up(run_id, session._talk()), None)


# ---- many at once


async def many(self: Any, rest: str) -> None:
    for n in range(50):
        args = {"path": f"/file{n}"}
        call = {"type": "toolCall", "id": f"call-{n}", "name": "Delete", "arguments": args}
        await self.emit("message.end", message=agentrail._message("", "toolUse", call))
        await self.emit("permission_request", toolCallId=f"call-{n}", toolName="Delete", reason=f"number {n}")
    await self.exchange.gone.wait()
    raise ConnectionResetError("the client is gone")


class Taking(Agentrail):
    async def _respond(self, name: str, request: Request, exchange: Exchange) -> None:
        self.decisions.append(request.json)
        await exchange.reply(200, {"ok": True})


def test_fifty_at_once_are_one_window_and_one_list_and_none_is_decided_unseen(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agentrail.Turn, "_many", many, raising=False)

    async def work(sluice: Driven, host: Any) -> None:
        sluice.say("many")
        await sluice.until(lambda: len(asks(sluice)) == 50, "all requests")
        await dialog_is_ready(sluice)
        assert sum(w.objectName() == "approval_dialog" and w.isVisible() for w in QApplication.topLevelWidgets()) == 1
        assert sluice.window.windowTitle().startswith("(50) ")
        QTest.keyClick(sluice.find("approval_dialog"), Qt.Key.Key_Escape)  # who says "later" once is not asked 49 times
        await sluice.until(lambda: sluice.shows("approval_queue"), "the inbox")
        assert not sluice.shows("approval_dialog")
        assert {a.state for a in asks(sluice)} == {"pending"}
        queue = sluice.find("approval_queue")
        rows = queue.findChildren(QListWidget)[0]
        assert rows.count() == 50
        await decide_two(sluice, queue, rows)
        await sluice.until(lambda: len(host.decisions) == 2, "two decisions")
        assert [d["decision"] for d in host.decisions] == ["rejected", "rejected"]
        assert sum(a.state == "pending" for a in asks(sluice)) == 48
        assert not sluice.shows("approval_dialog")
        told = [e for e in audited(tmp_path) if e.decision]
        assert [(e.decision, e.by) for e in told] == [("deny", "person")] * 2
        assert all(e.shown_at is not None and e.shown_at <= (e.decided_at or 0) for e in told)

    over(Case("agentrail", Taking, "", ""), qapp, tmp_path, work)


async def decide_two(sluice: Driven, queue: QWidget, rows: QListWidget) -> None:
    """Read two of them to their end, tick them, and deny both."""
    for row in (30, 31):
        rows.scrollToItem(rows.item(row))
        rows.setCurrentRow(row)
        await sluice.until(lambda row=row: "not read" not in rows.item(row).text(), "the reading")
        rect = rows.visualItemRect(rows.item(row))
        QTest.mouseClick(rows.viewport(), LEFT, pos=QPoint(rect.left() + 12, rect.center().y()))
    deny = sluice.find("queue_deny", QAbstractButton)
    await sluice.until(lambda: deny.property("dead") is False, "the end of the dead time")
    assert "2" in deny.text()
    QTest.mouseClick(deny, LEFT)


# ---- questions


def test_a_question_is_answered_by_ticking_and_the_chord_alone(qapp: QApplication, tmp_path: Path) -> None:
    async def work(sluice: Driven, host: Any) -> None:
        sluice.say("choose")
        await dialog_is_ready_to_answer(sluice)
        dialog = sluice.find("approval_dialog")
        assert not sluice.shows("approval_rule")  # no rule answers questions
        send = sluice.find("approval_allow", QAbstractButton)
        assert not send.isEnabled()
        blue = next(b for b in dialog.findChildren(QAbstractButton) if b.text() == "blue")
        blue.setFocus()
        QTest.keyClick(blue, Qt.Key.Key_Space)
        assert send.isEnabled() and host.decisions == []
        await dialog_is_ready(sluice)
        QTest.keyClick(dialog, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        await run_has_ended(sluice)
        assert host.decisions == [{"answer": "blue"}]
        await sluice.until(lambda: "You chose blue." in sluice.text(), "the answer")
        [entry] = audited(tmp_path)
        assert (entry.type, entry.decision, entry.answer) == ("question", "answer", {"choices": ["blue"]})

    over(Case("agentrail", Agentrail, "", ""), qapp, tmp_path, work)


async def dialog_is_ready_to_answer(sluice: Driven) -> None:
    await sluice.until(lambda: sluice.shows("approval_allow"), "the dialog")
    allow = sluice.find("approval_allow")
    await sluice.until(lambda: allow.property("dead") is False, "the end of the dead time")


# ---- closing decides nothing


def test_who_looks_at_another_request_has_not_put_the_others_off(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agentrail.Turn, "_many", many, raising=False)

    async def work(sluice: Driven, host: Any) -> None:
        sluice.say("many")
        await sluice.until(lambda: len(asks(sluice)) == 50, "all requests")
        await dialog_is_ready(sluice)
        sluice.page.ask_wanted.emit(asks(sluice)[7].ask)
        await sluice.until(lambda: "number 7" in says(sluice), "the other request")
        assert not sluice.shows("approval_queue")
        assert len(sluice.window.asks._put_aside) == 1  # the one that was in front

    over(Case("agentrail", Taking, "", ""), qapp, tmp_path, work)


def says(sluice: Driven) -> str:
    """What the agent says in the dialog, "" without one."""
    views = sluice.find("approval_dialog").findChildren(QPlainTextEdit) if sluice.shows("approval_dialog") else []
    return next((view.toPlainText() for view in views if view.accessibleName() == "What the agent says"), "")


@pytest.mark.parametrize("case", ASKING, ids=lambda c: c.protocol)
def test_closing_the_tab_decides_nothing(case: Case, qapp: QApplication, tmp_path: Path) -> None:
    async def work(sluice: Driven, host: Any) -> None:
        sluice.say(case.say)
        await dialog_is_ready(sluice)
        sluice.window.close_tab(sluice.page)
        await sluice.until(lambda: not sluice.shows("approval_dialog"), "the dialog went with its tab")
        assert host.decisions == []
        assert [e.decision for e in audited(tmp_path)] == [None]

    over(case, qapp, tmp_path, work)


@pytest.mark.parametrize("case", ASKING, ids=lambda c: c.protocol)
def test_closing_the_program_decides_nothing_and_the_request_is_lost(
    case: Case, qapp: QApplication, tmp_path: Path
) -> None:
    async def whole() -> None:
        host = case.make()
        async with Server(host.handle) as server:
            place = Connection(case.protocol, server.url, case.agent)
            async with window(qapp, tmp_path, place, case.key) as sluice:
                sluice.say(case.say)
                await dialog_is_ready(sluice)
            async with window(qapp, tmp_path, place, case.key) as sluice:
                assert [(a.state, a.answer) for a in asks(sluice)] == [("withdrawn", LOST)]
                assert LOST in sluice.text()
                assert not sluice.shows("approval_dialog")
                sluice.page.ask_wanted.emit(asks(sluice)[0].ask)
                await sluice.until(lambda: LOST in dialog_words(sluice), "the words")
                assert not sluice.shows("approval_allow")
            assert host.decisions == []

    drive(qapp, whole)


# ---- kill -9


@asynccontextmanager
async def killed(folder: Path, case: Case, server: Server, *more: str) -> AsyncIterator[None]:
    """A real child process with an ask on screen, killed."""
    given = (str(folder), case.protocol, server.url, case.agent or "", case.key or "", case.say, *more)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.ui.asks_child", *given,
        stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert child.stdout is not None
    try:
        async with asyncio.timeout(40):
            assert (await child.stdout.readline()).strip() == b"ready"
    finally:
        os.kill(child.pid, signal.SIGKILL)
        await child.wait()
    yield


def test_after_a_kill_an_open_request_is_lost_and_not_decided(qapp: QApplication, tmp_path: Path) -> None:
    async def whole() -> None:
        host = Agentrail()
        async with Server(host.handle) as server:
            async with killed(tmp_path, RAIL, server):
                async with window(qapp, tmp_path, Connection("agentrail", server.url)) as sluice:
                    assert [(a.state, a.answer) for a in asks(sluice)] == [("withdrawn", LOST)]
                    assert not sluice.shows("approval_dialog")
                    [entry] = audited(tmp_path)
                    assert (entry.tool, entry.decision, entry.sent) == ("Write", None, [])
                    assert entry.digest
            assert host.decisions == []

    drive(qapp, whole, 60)


def test_a_kill_with_a_decision_on_its_way_leaves_it_undecided_here_and_in_the_list(
    qapp: QApplication, tmp_path: Path
) -> None:
    class Silent(Agentrail):
        async def _respond(self, name: str, request: Request, exchange: Exchange) -> None:
            self.decisions.append(request.json)
            await exchange.gone.wait()
            exchange.break_off()

    async def whole() -> None:
        host = Silent()
        async with Server(host.handle) as server:
            async with killed(tmp_path, RAIL, server, "allow"):
                async with window(qapp, tmp_path, Connection("agentrail", server.url)) as sluice:
                    assert [(a.state, a.answer) for a in asks(sluice)] == [("withdrawn", LOST)]
                    [entry] = audited(tmp_path)
                    assert (entry.decision, len(entry.sent), entry.came_back) == ("allow", 1, [])
                    sluice.window.asks.open_audit()
                    await sluice.until(lambda: sluice.find("audit_list", QListWidget).count() == 1, "the list")
                    details = sluice.find("audit_details", QPlainTextEdit)
                    await sluice.until(lambda: "not known whether it arrived" in details.toPlainText(), "the words")
            assert len(host.decisions) <= 1

    drive(qapp, whole, 60)


def test_after_a_kill_a_request_that_outlives_its_run_is_asked_again_and_decided_once(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def whole() -> None:
        host = Procurator()
        async with Server(host.handle) as server:
            async with killed(tmp_path, PROC, server):
                async with window(qapp, tmp_path, Connection("procurator", server.url, "code"), "token-1") as sluice:
                    assert [a.state for a in asks(sluice)] == ["pending"]
                    assert not sluice.shows("approval_dialog")  # nobody knows yet whether it still waits
                    sluice.page.ask_wanted.emit(asks(sluice)[0].ask)
                    await dialog_is_ready(sluice)
                    assert host.decisions == []
                    press(sluice, "approval_allow")
                    await sluice.until(lambda: asks(sluice)[0].state == "answered", "the decision")
                    await sluice.until(lambda: not sluice.page.session.running, "the end")
                    assert len(host.decisions) == 1
                    await sluice.until(lambda: "42" in sluice.text(), "the answer")

    drive(qapp, whole, 60)


def test_after_a_restart_a_request_that_was_decided_elsewhere_waits_no_more(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def whole() -> None:
        host = Procurator()
        async with Server(host.handle) as server:
            place = Connection("procurator", server.url, "code")
            async with window(qapp, tmp_path, place, "token-1") as sluice:
                sluice.say("please")
                await dialog_is_ready(sluice)
            host._vote(next(iter(host.approvals.values())), True)  # somebody else, while Sluice was away
            async with window(qapp, tmp_path, place, "token-1") as sluice:
                assert [a.state for a in asks(sluice)] == ["pending"]
                sluice.page.ask_wanted.emit(asks(sluice)[0].ask)
                await sluice.until(lambda: asks(sluice)[0].state == "withdrawn", "what became of it")
                await sluice.until(lambda: not sluice.page.session.running, "the end of the look")
                assert not sluice.shows("approval_allow")
            async with window(qapp, tmp_path, place, "token-1") as sluice:
                assert [a.state for a in asks(sluice)] == ["withdrawn"]  # that is kept
            assert host.decisions == []

    drive(qapp, whole)


# ---- rules


def rule_for(sluice: Driven, *, allow: bool = True, **args: Any) -> Any:
    rules = sluice.workspace.rules
    return rules.add(
        allow=allow, server=sluice.page.tab.server, tool="Write", args=args, pattern=False, session=None
    )


def test_a_rule_made_from_a_request_answers_the_next_and_only_the_same(qapp: QApplication, tmp_path: Path) -> None:
    async def work(sluice: Driven, host: Any) -> None:
        sluice.say("write a note")
        await dialog_is_ready(sluice)
        menu = sluice.find("approval_rule", QAbstractButton).menu()  # type: ignore[attr-defined]
        next(a for a in menu.actions() if "allow" in a.text()).trigger()
        await sluice.until(lambda: sluice.shows("rules_dialog"), "the rules")
        dialog = sluice.find("rules_dialog")
        add = sluice.find("rule_add", QAbstractButton)
        assert not add.isEnabled()
        radios = {b.text(): b for b in dialog.findChildren(QAbstractButton) if b.isVisible()}
        assert not any(b.isChecked() for b in radios.values())  # nothing is chosen beforehand, and rules are off
        for words in ("With exactly these arguments", "Always, in every conversation"):
            tick(radios[words])
        assert add.isEnabled()
        QTest.mouseClick(add, LEFT)
        assert sluice.workspace.rules.decide(sluice.page.tab.server, sluice.page.tab.key, asks(sluice)[0]) is None
        tick(sluice.find("rules_on", QAbstractButton))
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        await dialog_is_ready(sluice)
        assert host.decisions == []  # the request on screen still waits for the person
        press(sluice, "approval_allow")
        await run_has_ended(sluice)
        sluice.say("write a note")
        await sluice.until(lambda: len(host.decisions) == 2, "the rule's decision")
        await run_has_ended(sluice)
        assert [d["decision"] for d in host.decisions] == ["approved", "approved"]
        assert sluice.workspace.rules.all()[0].hits == 1
        last = audited(tmp_path)[-1]
        assert (last.decision, last.shown_to[:5], last.digest) == ("allow", "rule:", ask_digest(asks(sluice)[-1]))
        assert last.by == last.shown_to
        assert [status for _, status, _ in last.came_back] == [200]
        sluice.say("write another note")
        await dialog_is_ready(sluice)
        assert len(host.decisions) == 2

    over(RAIL, qapp, tmp_path, work)


def test_a_rule_that_is_off_or_revoked_answers_nothing(qapp: QApplication, tmp_path: Path) -> None:
    async def work(sluice: Driven, host: Any) -> None:
        rule = rule_for(sluice, path="/notes.txt", content="a note")
        sluice.say("write a note")
        await dialog_is_ready(sluice)
        assert host.decisions == []
        press(sluice, "approval_deny")
        await run_has_ended(sluice)
        sluice.workspace.rules.turn(True)
        sluice.workspace.rules.remove(rule)
        sluice.say("write a note")
        await dialog_is_ready(sluice)
        assert len(host.decisions) == 1

    over(RAIL, qapp, tmp_path, work)


def test_a_rule_denies_too(qapp: QApplication, tmp_path: Path) -> None:
    async def work(sluice: Driven, host: Any) -> None:
        sluice.workspace.rules.turn(True)
        rule_for(sluice, allow=False, path="/notes.txt", content="a note")
        sluice.say("write a note")
        await run_has_ended(sluice)
        assert "I left it alone." in sluice.text()
        assert not sluice.shows("approval_dialog")

    over(RAIL, qapp, tmp_path, work)


def test_a_rules_decision_that_fails_is_not_repeated_and_the_person_is_asked(
    qapp: QApplication, tmp_path: Path
) -> None:
    class Deaf(Agentrail):
        async def _respond(self, name: str, request: Request, exchange: Exchange) -> None:
            self.decisions.append(request.json)
            await exchange.reply(500, {"error": "out of order"})

    async def work(sluice: Driven, host: Any) -> None:
        sluice.workspace.rules.turn(True)
        rule_for(sluice, path="/notes.txt", content="a note")
        sluice.say("write a note")
        await dialog_is_ready(sluice)
        assert "out of order" in dialog_words(sluice)
        assert len(host.decisions) == 1

    over(Case("agentrail", Deaf, "", ""), qapp, tmp_path, work)


def test_no_rule_answers_a_question_or_arguments_that_are_not_whole(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def bare(self: Any, rest: str) -> None:
        await self.emit("permission_request", toolCallId="call-b", toolName="Write", reason="no arguments came")
        await self.wait("permission")

    monkeypatch.setattr(agentrail.Turn, "_bare", bare, raising=False)

    async def work(sluice: Driven, host: Any) -> None:
        sluice.workspace.rules.turn(True)
        rule_for(sluice)
        sluice.say("bare")
        await dialog_is_ready(sluice)
        assert host.decisions == []
        assert not sluice.shows("approval_rule")

    over(RAIL, qapp, tmp_path, work)
