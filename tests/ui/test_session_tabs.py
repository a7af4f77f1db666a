"""Tabs and the list of conversations, as a person uses them."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QListWidget, QPlainTextEdit, QPushButton

from desktop.core.requests import Connection, Secrets
from desktop.ui.history.entry_list import ENTRY
from tests.loopback.server import Server
from tests.services.test_history_scale import fill
from tests.ui.driving import Driven, drive, window
from tests.ui.test_turns import Counting, counting, say

NOWHERE = Connection("openai", "http://127.0.0.1:9/v1", "m")


def tab_names(sluice: Driven) -> list[str]:
    return [page.tab.title for page in sluice.window.tabs.pages()]


def listed(sluice: Driven) -> list[str]:
    rows = sluice.find("history_sidebar", QListWidget)
    return [rows.item(i).text() for i in range(rows.count()) if rows.item(i).data(ENTRY)]


def spoken(sluice: Driven, index: int) -> str:
    """What a screen reader and the tooltip say of a tab."""
    return sluice.window.tabs.tabBar().accessibleTabName(index)


def test_a_title_is_typed_into_the_tab_and_stays(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, _):
            await say(sluice, "one")
            bar = sluice.window.tabs.tabBar()
            QTest.mouseDClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(0).center())
            editor = sluice.find("tab_title_editor", QLineEdit)
            QTest.keyClicks(editor, "R&D <b>plan</b>")
            QTest.keyClick(editor, Qt.Key.Key_Return)
            assert tab_names(sluice) == ["R&D <b>plan</b>"]
            assert bar.tabText(0) == "R&&D <b>plan</b>"
            await say(sluice, "two")
            assert tab_names(sluice) == ["R&D <b>plan</b>"], "the program keeps its hands off it"
            await sluice.until(lambda: listed(sluice) == ["R&D <b>plan</b>"], "the list")
        async with window(qapp, tmp_path) as sluice:
            assert tab_names(sluice) == ["R&D <b>plan</b>"]

    drive(qapp, work)


def test_escape_leaves_the_title_as_it_was(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, _):
            await say(sluice, "one")
            sluice.window.commands.run("rename_tab")
            editor = sluice.find("tab_title_editor", QLineEdit)
            QTest.keyClicks(editor, "other")
            QTest.keyClick(editor, Qt.Key.Key_Escape)
            assert tab_names(sluice) == ["one"]
            assert not sluice.shows("tab_title_editor")

    drive(qapp, work)


def test_pinned_tabs_stay_at_the_left_and_all_is_there_again(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, _):
            for word in ("one", "two", "three"):
                if word != "one":
                    sluice.window.new_tab()
                await say(sluice, word)
            sluice.window.commands.run("pin_tab")
            assert tab_names(sluice) == ["three", "one", "two"]
            sluice.window.tabs.tabBar().moveTab(0, 2)
            assert tab_names(sluice) == ["three", "one", "two"], "a pinned tab cannot be dragged among the others"
            sluice.window.tabs.tabBar().moveTab(2, 1)
            sluice.window.tabs.setCurrentIndex(1)
        async with window(qapp, tmp_path) as sluice:
            assert tab_names(sluice) == ["three", "two", "one"]
            assert sluice.page.tab.title == "two", "the tab in front"
            assert "is pinned" in spoken(sluice, 0)
            await sluice.until(lambda: listed(sluice)[:1] == ["three"], "the pinned one at the top")
            sluice.window.close_others(sluice.page)
            assert tab_names(sluice) == ["three", "two"]

    drive(qapp, work)


def test_a_closed_tab_comes_back_with_its_draft(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, _):
            await say(sluice, "one")
            QTest.keyClicks(sluice.find("composer"), "a draft")
            sluice.window.commands.run("close_tab")
            assert sluice.find("composer", QPlainTextEdit).toPlainText() == ""
            sluice.window.commands.run("reopen_tab")
            await sluice.until(lambda: "Answer number 1." in sluice.text(), "the tab")
            assert sluice.find("composer", QPlainTextEdit).toPlainText() == "a draft"

    drive(qapp, work)


def test_a_hidden_tab_tells_that_it_runs_and_that_something_is_new(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, server):
            sluice.say("hold")
            first = sluice.page
            await sluice.until(lambda: "Answer" in sluice.text(), "the beginning")
            sluice.window.new_tab()
            await sluice.until(lambda: "is answering" in spoken(sluice, 0), "the badge")
            server.go.set()
            await sluice.until(lambda: "has something new" in spoken(sluice, 0), "the badge")
            sluice.window.tabs.setCurrentWidget(first)
            await sluice.until(lambda: "new" not in spoken(sluice, 0), "no badge")

    drive(qapp, work)


def test_a_tab_moves_to_a_window_and_back_while_it_runs(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, server):
            sluice.say("hold")
            page = sluice.page
            await sluice.until(lambda: "Answer" in sluice.text(), "the beginning")
            sluice.window.outside.detach(page)
            own = page.window()
            assert own is not sluice.window
            assert len(sluice.window.tabs.pages()) == 1
            server.go.set()
            await sluice.until(lambda: not page.session.running, "the end")
            assert "Answer number 1." in page._transcript.plain_text()
            assert sluice.find("composer"), "names stay unique"
            own.close()
            assert page in sluice.window.tabs.pages()
            assert page.window() is sluice.window

    drive(qapp, work)


def test_two_conversations_side_by_side(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, _):
            await say(sluice, "one")
            beside = sluice.page
            sluice.window.commands.run("beside")
            await say(sluice, "two")
            assert beside.isVisible()
            assert "Answer number 1." in beside._transcript.plain_text()
            assert "Answer number 1." not in sluice.text()
            assert set(sluice.window.pages()) == {beside, sluice.page}
            QTest.keyClicks(beside.box.composer, "three")
            QTest.keyClick(beside.box.composer, Qt.Key.Key_Return)
            await sluice.until(lambda: "Answer number 3." in beside._transcript.plain_text(), "its own answer")
            assert "three" not in sluice.page._transcript.plain_text()
            pane = sluice.find("side_pane")
            pane.left.emit()  # type: ignore[attr-defined]
            assert sluice.window.tabs.pages()[-1] is beside
            assert beside.findChild(QPlainTextEdit, "composer") is not None
        async with window(qapp, tmp_path) as sluice:
            assert sorted(tab_names(sluice)) == ["one", "two"]

    drive(qapp, work)


def test_search_finds_what_was_said_and_lands_on_it(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, _):
            await say(sluice, "where do badgers live")
            for n in range(12):
                await say(sluice, f"something else {n}\n" + "long\n" * 10)
            sluice.window.new_tab()
            QTest.keyClicks(sluice.find("history_search"), "badg")
            rows = sluice.find("history_sidebar", QListWidget)
            await sluice.until(lambda: any("badger" in e.snippet for e in entries(rows)), "the hit")
            found = [rows.item(i) for i in range(rows.count()) if rows.item(i).data(ENTRY)]
            place = rows.visualItemRect(next(row for row in found if row.data(ENTRY).snippet)).center()
            QTest.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=place)
            await sluice.until(lambda: "badgers" in sluice.text(), "the conversation")
            place = sluice.page._transcript.scroll_position()
            assert place is not None
            assert place[0] == "r0/user"

    drive(qapp, work)


def entries(rows: QListWidget) -> list:
    return [rows.item(i).data(ENTRY) for i in range(rows.count()) if rows.item(i).data(ENTRY)]


async def one_and_two(sluice: Driven) -> QListWidget:
    """Two conversations of these titles, and the list of them."""
    await say(sluice, "one")
    sluice.window.new_tab()
    await say(sluice, "two")
    await sluice.until(lambda: sorted(listed(sluice)) == ["one", "two"], "the list")
    return sluice.find("history_sidebar", QListWidget)


def test_a_row_opens_by_its_accessible_action_and_not_by_arrow_keys(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, _):
            rows = await one_and_two(sluice)
            for wanted in ("one", "two", "one"):
                row = next(i for i in range(rows.count()) if rows.item(i).text() == wanted)
                held = QAccessible.queryAccessibleInterface(rows).child(row).actionInterface()
                held.doAction(held.actionNames()[0])
                await sluice.until(lambda wanted=wanted: sluice.page.tab.title == wanted, f"the tab of {wanted}")
            sluice.window.tabs.setCurrentIndex(1)
            held.doAction(held.actionNames()[0])
            await sluice.until(lambda: sluice.page.tab.title == "one", "its tab again, though its row is selected")
            opened: list[str] = []
            sluice.find("history_sidebar").parent().open_wanted.connect(lambda key, item: opened.append(key))
            for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up):
                QTest.keyClick(rows, key)
                QApplication.processEvents()
            assert (opened, rows.currentRow() >= 0) == ([], True)
            search = sluice.find("history_search")
            search.setFocus()
            QTest.keyClick(search, Qt.Key.Key_Down)
            QApplication.processEvents()
            assert opened == []

    QAccessible.setActive(True)  # else Qt's cells are not told of rows that come and go
    try:
        drive(qapp, work)
    finally:
        QAccessible.setActive(False)


def test_what_is_only_a_draft_is_found_by_its_words(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with window(qapp, tmp_path, NOWHERE) as sluice:
            QTest.keyClicks(sluice.find("composer"), "never sent")
            sluice.window.commands.run("close_tab")
            await sluice.until(lambda: listed(sluice) == ["never sent"], "the list")

    drive(qapp, work)


def test_a_conversation_is_listed_while_it_is_answered(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, _):
            sluice.say("please hold")
            await sluice.until(lambda: listed(sluice) == ["please hold"], "the list")
            assert sluice.page.session.running

    drive(qapp, work)


def test_the_list_goes_on_where_somebody_reads_on_and_stays_where_they_are(qapp: QApplication, tmp_path: Path) -> None:
    fill(tmp_path, 1200)

    async def work() -> None:
        async with window(qapp, tmp_path) as sluice:
            rows = sluice.find("history_sidebar", QListWidget)
            bar = rows.verticalScrollBar()
            await sluice.until(lambda: len(listed(sluice)) == 500, "the first part")
            for count in (1000, 1200):
                bar.setValue(bar.maximum())
                await sluice.until(lambda count=count: len(listed(sluice)) == count, f"{count} of them")
            place = rows.itemAt(10, 60).text()
            sluice.window.library_desk.rename("s700", "Another title")
            await sluice.until(lambda: "Another title" in listed(sluice), "the new title")
            assert rows.itemAt(10, 60).text() == place
            QTest.keyClicks(sluice.find("history_search"), "common")
            await sluice.until(lambda: len(listed(sluice)) == 30, "what was found")
            assert bar.value() == 0
            bar.setValue(bar.maximum())
            await sluice.until(lambda: len(listed(sluice)) == 60, "more of it")

    drive(qapp, work)


def test_a_deletion_can_be_undone_and_is_final_afterwards(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, _):
            rows = await one_and_two(sluice)
            row = next(i for i in range(rows.count()) if rows.item(i).text() == "two" and rows.item(i).data(ENTRY))
            rows.setCurrentRow(row)
            QTest.keyClick(rows, Qt.Key.Key_Delete)
            await sluice.until(lambda: listed(sluice) == ["one"], "its going")
            assert tab_names(sluice) == ["one"], "its tab went too"
            QTest.mouseClick(sluice.find("history_undo").findChildren(QPushButton)[0], Qt.MouseButton.LeftButton)
            await sluice.until(lambda: sorted(listed(sluice)) == ["one", "two"], "its return")
            sluice.window.library_desk._library.delete(sluice.window.tabs.pages()[0].tab.key)
        async with window(qapp, tmp_path) as sluice:
            await sluice.until(lambda: listed(sluice) == ["two"], "the list")

    drive(qapp, work)


def test_archived_conversations_leave_the_list_and_are_found(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, _):
            await say(sluice, "one")
            await sluice.until(lambda: listed(sluice) == ["one"], "the list")
            side = sluice.window._sidebar
            side.action_wanted.emit("archive", entries(sluice.find("history_sidebar", QListWidget))[0])
            await sluice.until(lambda: listed(sluice) == [], "its going")
            next(a for a in side.filter_menu().actions() if a.text() == "Archived conversations").trigger()
            await sluice.until(lambda: listed(sluice) == ["one"], "the archive")

    drive(qapp, work)


def test_conversations_of_one_connection(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, _):
            await say(sluice, "one")
            other, _ = await sluice.workspace.connections.save(None, "Other", NOWHERE, Secrets())
            page = sluice.window.new_tab()
            page.refresh_connections()
            page.use(other)
            await say(sluice, "two")
            await sluice.until(lambda: sorted(listed(sluice)) == ["one", "two"], "the list")
            side = sluice.window._sidebar
            next(a for a in side.filter_menu().actions() if a.text() == "Other").trigger()
            await sluice.until(lambda: listed(sluice) == ["two"], "the choice")
            QTest.keyClicks(sluice.find("history_search"), "one")
            await sluice.until(lambda: listed(sluice) == [], "no hit elsewhere")

    drive(qapp, work)


def test_the_palette_does_what_is_typed(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with window(qapp, tmp_path, NOWHERE) as sluice:
            sluice.window.commands.run("palette")
            palette = sluice.find("command_palette")
            line = palette.findChild(QLineEdit)
            QTest.keyClicks(line, "new tab")
            QTest.keyClick(line, Qt.Key.Key_Return)
            await sluice.until(lambda: len(sluice.window.pages()) == 2, "the tab")

    drive(qapp, work)


def test_a_shortcut_is_changed_and_kept(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with window(qapp, tmp_path, NOWHERE) as sluice:
            commands = sluice.window.commands
            commands.change("find", QKeySequence("Ctrl+Alt+F"))
            assert commands.shortcuts.holder(QKeySequence("Ctrl+Alt+F")) == "find"
            assert commands.shortcuts.holder(QKeySequence("Ctrl+Alt+F"), but="find") is None
        async with window(qapp, tmp_path, NOWHERE) as sluice:
            assert sluice.window.commands.actions["find"].shortcut() == QKeySequence("Ctrl+Alt+F")
            sluice.window.activateWindow()
            await sluice.until(sluice.window.isActiveWindow, "the window's turn")
            held = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
            QTest.keyClick(sluice.find("composer"), Qt.Key.Key_F, held)
            await sluice.until(lambda: sluice.shows("find_bar"), "the find bar")

    drive(qapp, work)


def test_no_two_commands_have_the_same_keys() -> None:
    from desktop.ui.habits.shortcuts import BY_ID, Shortcuts

    shortcuts = Shortcuts({})
    taken = [keys.toString() for name in BY_ID if not (keys := shortcuts.keys(name)).isEmpty()]
    assert len(taken) == len(set(taken)), sorted(taken)


def test_the_scroll_place_comes_back(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, _):
            for n in range(8):
                await say(sluice, f"question {n}\n" + "long\n" * 12)
            sluice.page.show_item("r3/user")
            place = sluice.page._transcript.scroll_position()
            assert place is not None
        async with window(qapp, tmp_path) as sluice:
            assert sluice.page._transcript.scroll_position() == place

    drive(qapp, work)


def open_files() -> set[str]:
    """The files that this process holds open."""
    here = Path("/proc/self/fd")
    return {read for name in os.listdir(here) if (read := _target(here / name))} if here.exists() else set()


def _target(link: Path) -> str:
    try:
        target = os.readlink(link)
    except OSError:  # it was the one for looking here
        return ""
    return target if target.startswith("/") and "/proc/" not in target else ""


class Flood(Counting):
    """The word before the last names the tab; every answer is made of it alone."""

    async def __call__(self, request, exchange) -> None:  # type: ignore[no-untyped-def]
        name = request.json["messages"][-1]["content"].split()[0]
        await exchange.start(200, {"content-type": "text/event-stream"})
        from tests.services.test_session import chunk

        pieces = 20_000 if name == "flood" else 300
        for n in range(pieces):
            await exchange.send(chunk(f"{name}{n} "))
            if name == "hangs" and n == 10:
                await exchange.gone.wait()
                return
            if n % 10 == 0 and name != "flood":
                await asyncio.sleep(0)
        await exchange.send(chunk(finish="stop") + "data: [DONE]\n\n")


@pytest.mark.parametrize("front", ["tab3", "flood"])
def test_ten_tabs_stream_at_once_and_no_letter_is_in_the_wrong_one(
    qapp: QApplication, tmp_path: Path, front: str
) -> None:
    names = [f"tab{n}" for n in range(8)] + ["hangs", "flood"]

    async def work() -> None:
        async with Server(Flood()) as server:
            before = open_files()
            async with window(qapp, tmp_path, Connection("openai", f"{server.url}/v1", "m")) as sluice:
                pages = {}
                for name in names:
                    pages[name] = sluice.window.new_tab() if pages else sluice.page
                    sluice.say(f"{name} please")
                sluice.window.tabs.setCurrentWidget(pages[front])
                done = [page for name, page in pages.items() if name != "hangs"]
                await sluice.until(lambda: all(p.session.conversation.runs for p in done), "their begin")
                await sluice.until(lambda: not any(p.session.running for p in done), "their ends", seconds=60)
                for name, page in pages.items():
                    count = 11 if name == "hangs" else 20_000 if name == "flood" else 300
                    expected = "".join(f"{name}{n} " for n in range(count))
                    assert page.session.conversation.text_of(0) == expected, name
                    stored = await sluice.workspace.library._history.load(page.tab.key)
                    assert stored.text_of(0) == expected, name
                assert pages["hangs"].session.running
                sluice.window.tabs.setCurrentWidget(pages["tab5"])
                assert "tab5299" in sluice.text()
                assert "tab4" not in sluice.text()
            await sluice.until(lambda: open_files() - before == set(), "that nothing is left open")
            assert {t.name for t in threading.enumerate()} & {"history", "recordings"} == set()

    drive(qapp, work, seconds=120)


