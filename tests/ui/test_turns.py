"""Turns said again, edited, forked and queued; drafts. The window over a real loopback server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QPushButton

from desktop.core.conversation import UserTurn
from desktop.core.events import ToolEnded, ToolStarted
from desktop.core.requests import Connection, Image
from tests.loopback.server import Exchange, Request, Server
from tests.services.test_session import SSE, Scripted, chunk
from tests.ui.driving import Driven, drive, window


class Counting(Scripted):
    """Answers with the number of the request; "hold" waits until `go` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()

    async def __call__(self, request: Request, exchange: Exchange) -> None:
        word = request.json["messages"][-1]["content"].split()[-1]
        if word in ("refused", "cut"):
            await super().__call__(request, exchange)
            return
        self.requests.append(request)
        await exchange.start(200, SSE)
        await exchange.send(chunk(f"Answer number {len(self.requests)}."))
        if word == "hold":
            await self.go.wait()
        await exchange.send(chunk(finish="stop") + "data: [DONE]\n\n")

    def told(self, number: int) -> list[str]:
        """The texts of one request's messages."""
        return [m["content"] for m in self.requests[number].json["messages"]]


@asynccontextmanager
async def counting(qapp: QApplication, folder: Path) -> AsyncIterator[tuple[Driven, Counting]]:
    server = Counting()
    async with Server(server) as loopback:
        async with window(qapp, folder, Connection("openai", f"{loopback.url}/v1", "m")) as sluice:
            yield sluice, server
            server.go.set()


async def say(sluice: Driven, text: str) -> None:
    """Say something and wait for its end."""
    runs = len(sluice.page.session.conversation.runs)
    if "\n" in text:  # no key types that
        sluice.page.put_draft(text, ())
        text = ""
    sluice.say(text)
    await over(sluice, runs + 1)


async def over(sluice: Driven, runs: int) -> None:
    held = sluice.page.session.conversation
    await sluice.until(lambda: len(held.runs) == runs and not sluice.page._outbox.busy, f"the end of run {runs}")
    await asyncio.sleep(0)
    sluice.page._bridge.flush()


def question(sluice: Driven, text: str) -> UserTurn:
    items = sluice.page.session.conversation.items.values()
    return next(i for i in items if isinstance(i, UserTurn) and i.text == text)


def composer(sluice: Driven) -> QPlainTextEdit:
    return sluice.find("composer", QPlainTextEdit)


def test_a_message_sent_again_makes_a_version_and_keeps_the_old_one(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, server):
            await say(sluice, "one")
            await say(sluice, "two")
            QTest.keyClicks(composer(sluice), "half a thought")
            sluice.page.turns.act("resend", question(sluice, "two").id)
            await over(sluice, 3)
            assert server.told(2) == ["one", "Answer number 1.", "two"], "the version that is left out is not told"
            assert "Answer number 3." in sluice.text()
            assert "Answer number 2." not in sluice.text()
            assert composer(sluice).toPlainText() == "half a thought"
            assert sluice.shows("version_bar")
            sluice.page.step_version(-1)
            assert "Answer number 2." in sluice.text()
            assert "Answer number 3." not in sluice.text()
            await say(sluice, " three")
            assert server.told(3)[:4] == ["one", "Answer number 1.", "two", "Answer number 2."]

    drive(qapp, work)


def test_the_version_that_was_shown_is_shown_after_a_restart(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, _):
            await say(sluice, "one")
            sluice.page.resend_last()
            await over(sluice, 2)
            sluice.page.step_version(-1)
        async with window(qapp, tmp_path) as sluice:
            assert "Answer number 1." in sluice.text()
            assert "Answer number 2." not in sluice.text()
            sluice.page.step_version(1)
            assert "Answer number 2." in sluice.text()

    drive(qapp, work)


def test_an_earlier_message_is_edited_and_what_was_typed_comes_back(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, server):
            await say(sluice, "one")
            await say(sluice, "two")
            QTest.keyClicks(composer(sluice), "a draft")
            sluice.page.turns.act("edit", question(sluice, "one").id)
            assert composer(sluice).toPlainText() == "one"
            stored = await sluice.workspace.library._history.draft(sluice.page.tab.key)
            sluice.page.save_draft()
            stored = await sluice.workspace.library._history.draft(sluice.page.tab.key)
            assert stored.text == "a draft\n\none", "both are safe meanwhile"
            QTest.keyClicks(composer(sluice), ", better")
            QTest.keyClick(composer(sluice), Qt.Key.Key_Return)
            await over(sluice, 3)
            assert server.told(2) == ["one, better"]
            assert "two" not in sluice.text()
            assert composer(sluice).toPlainText() == "a draft"

    drive(qapp, work)


def test_editing_can_be_given_up(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, server):
            await say(sluice, "one")
            QTest.keyClicks(composer(sluice), "a draft")
            sluice.page.edit_last()
            bar = sluice.find("turn_bar")
            QTest.mouseClick(bar.findChildren(QPushButton)[0], Qt.MouseButton.LeftButton)
            assert composer(sluice).toPlainText() == "a draft"
            assert not sluice.shows("turn_bar")
            assert len(server.requests) == 1

    drive(qapp, work)


def test_where_tools_ran_a_person_is_warned_first(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, server):
            await say(sluice, "one")
            reducer = sluice.page.session._reducer
            for event in (ToolStarted(call="1", name="delete_file"), ToolEnded(call="1", status="ok")):
                reducer.apply(event, 0.0)
            sluice.page.resend_last()
            bar = sluice.find("turn_bar")
            assert "delete_file" in sluice.page._outbox.bar.words()
            assert len(server.requests) == 1
            again, cancel = bar.findChildren(QPushButton)
            assert cancel.text() == "Cancel"
            assert not again.hasFocus()
            QTest.mouseClick(cancel, Qt.MouseButton.LeftButton)
            assert len(server.requests) == 1
            sluice.page.resend_last()
            again = sluice.find("turn_bar").findChildren(QPushButton)[-2]
            QTest.mouseClick(again, Qt.MouseButton.LeftButton)
            await over(sluice, 2)
            assert len(server.requests) == 2

    drive(qapp, work)


def test_a_fork_has_what_was_said_up_to_there(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, server):
            await say(sluice, "one")
            await say(sluice, "two")
            sluice.page.turns.act("fork", question(sluice, "one").id)
            await sluice.until(lambda: len(sluice.window.pages()) == 2, "the new tab")
            assert "Answer number 1." in sluice.text()
            assert "two" not in sluice.text()
            await say(sluice, "other")
            assert server.told(2) == ["one", "Answer number 1.", "other"]
            assert "other" not in sluice.window.pages()[0]._transcript.plain_text()

    drive(qapp, work)


def test_a_message_waits_for_the_end_and_can_be_removed(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, server):
            sluice.say("hold")
            await sluice.until(lambda: "Answer number 1." in sluice.text(), "the answer's beginning")
            sluice.say("second")
            sluice.say("third")
            assert composer(sluice).toPlainText() == ""
            queue = sluice.page._outbox.queue
            assert [p.text for p in queue.prompts] == ["second", "third"]
            assert len(server.requests) == 1
            stored = await sluice.workspace.library._history.draft(sluice.page.tab.key)
            assert stored.text == "second\n\nthird\n\n", "what waits survives a crash as a draft"
            queue.remove(queue.prompts[1])
            server.go.set()
            await over(sluice, 2)
            assert server.told(1) == ["hold", "Answer number 1.", "second"]
            assert queue.prompts == ()
            assert len(server.requests) == 2

    drive(qapp, work)


def test_after_a_bad_end_what_waits_is_not_sent(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, server):
            sluice.say("hold")
            await sluice.until(lambda: "Answer number 1." in sluice.text(), "the answer's beginning")
            sluice.say("second")
            QTest.mouseClick(sluice.find("stop_button"), Qt.MouseButton.LeftButton)
            await sluice.until(lambda: sluice.shows("queue_send_button"), "the question")
            assert len(server.requests) == 1
            server.go.set()
            QTest.mouseClick(sluice.find("queue_send_button"), Qt.MouseButton.LeftButton)
            await over(sluice, 2)
            assert not sluice.shows("message_queue")

    drive(qapp, work)


def test_up_and_down_walk_through_what_was_said(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, _):
            await say(sluice, "one")
            await say(sluice, "two")
            field = composer(sluice)
            seen = []
            for key in (Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Down):
                QTest.keyClick(field, key)
                seen.append(field.toPlainText())
            assert seen == ["two", "one", "one", "two", ""]
            QTest.keyClicks(field, "typed")
            QTest.keyClick(field, Qt.Key.Key_Up)
            assert field.toPlainText() == "typed", "what is typed is never replaced"

    drive(qapp, work)


def test_a_draft_with_its_pictures_is_stored_a_second_after_the_last_key(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with window(qapp, tmp_path, Connection("openai", "http://127.0.0.1:9/v1", "m")) as sluice:
            picture = Image("p.png", "image/png", b"not looked at")
            sluice.page.box.strip.add(picture)
            QTest.keyClicks(composer(sluice), "half a thought")
            typed = time.monotonic()
            history = sluice.workspace.library._history
            while (stored := await history.draft(sluice.page.tab.key)).text != "half a thought":
                assert time.monotonic() - typed < 2.0
                await asyncio.sleep(0.01)
            assert stored.images == (picture,)
            assert stored.cursor == len("half a thought")

    drive(qapp, work)


def test_a_draft_is_stored_while_somebody_types_on(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with window(qapp, tmp_path, Connection("openai", "http://127.0.0.1:9/v1", "m")) as sluice:
            began = time.monotonic()
            history = sluice.workspace.library._history
            while not (await history.draft(sluice.page.tab.key)).text:
                assert time.monotonic() - began < 6.0
                QTest.keyClicks(composer(sluice), "x")
                await asyncio.sleep(0.2)
            assert time.monotonic() - began > 1.5, "it was the five seconds, not a pause"

    drive(qapp, work)


def test_an_ending_that_is_a_bare_refusal_gives_the_words_back(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async def handler(request: Request, exchange: Exchange) -> None:
            await exchange.start(200, SSE)
            await exchange.send('data: {"error": {"message": "overloaded"}}\n\n')
            await exchange.end()

        async with Server(handler) as server:
            async with window(qapp, tmp_path, Connection("openai", f"{server.url}/v1", "m")) as sluice:
                sluice.say("a long question")
                await over(sluice, 1)
                await sluice.until(lambda: composer(sluice).toPlainText() == "a long question", "the words")

    drive(qapp, work)
