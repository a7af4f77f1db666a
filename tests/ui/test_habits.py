"""Snippets, settings, the text's size: what a person sets once."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QListWidget, QPlainTextEdit, QPushButton

from desktop.core.requests import Connection
from tests.ui.driving import drive, window
from tests.ui.test_turns import counting, say

NOWHERE = Connection("openai", "http://127.0.0.1:9/v1", "m")


def test_a_slash_offers_snippets_and_return_puts_one_in(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, server):
            sluice.workspace.snippets.keep({"greet": "Hello & <b>good</b> day", "grow": "Grow."})
            sluice.window.activateWindow()
            field = sluice.find("composer", QPlainTextEdit)
            field.setFocus()
            await sluice.until(field.hasFocus, "the keyboard")
            QTest.keyClicks(field, "/gr")
            menu = sluice.find("slash_menu", QListWidget)
            assert menu.count() == 2
            assert "Hello & <b>good</b> day" in menu.item(0).text()
            QTest.keyClick(field, Qt.Key.Key_Return)
            assert field.toPlainText() == "Hello & <b>good</b> day"
            assert server.requests == [], "nothing was sent by that"
            assert not sluice.shows("slash_menu")
            field.undo()
            assert field.toPlainText() == "/gr"
            QTest.keyClick(field, Qt.Key.Key_Escape)
            QTest.keyClicks(field, "x")
            assert not sluice.shows("slash_menu"), "no snippet is called so"
            field.clear()
            await say(sluice, "a/b is a path")
            assert len(server.requests) == 1

    drive(qapp, work)


def test_snippets_are_written_and_kept(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with window(qapp, tmp_path, NOWHERE) as sluice:
            sluice.window.commands.run("snippets")
            dialog = sluice.find("snippets_dialog")
            buttons = {b.text(): b for b in dialog.findChildren(QPushButton)}
            QTest.mouseClick(buttons["New"], Qt.MouseButton.LeftButton)
            name, text = dialog.findChild(QLineEdit), dialog.findChild(QPlainTextEdit)
            QTest.keyClicks(name, "my own")
            QTest.keyClicks(text, "Do it well.")
            QTest.mouseClick(buttons["Save"], Qt.MouseButton.LeftButton)
        async with window(qapp, tmp_path, NOWHERE) as sluice:
            assert sluice.workspace.snippets.all["my-own"] == "Do it well."

    drive(qapp, work)


def test_the_size_of_the_text_holds_for_all_tabs_and_the_next_start(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, _):
            await say(sluice, "one")
            sluice.window.commands.run("zoom_in")
            sluice.window.commands.run("zoom_in")
            first = sluice.page._transcript.stack.styles.em
            assert sluice.window.new_tab()._transcript.stack.styles.em == first
        async with window(qapp, tmp_path) as sluice:
            assert sluice.page._transcript.stack.styles.em == first
            sluice.window.commands.run("zoom_reset")
            assert sluice.page._transcript.stack.styles.em < first

    drive(qapp, work)


def test_settings_are_found_by_their_words(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with window(qapp, tmp_path, NOWHERE) as sluice:
            sluice.window.dialogs.settings()
            dialog = sluice.find("settings_dialog")
            QTest.keyClicks(dialog.findChild(QLineEdit), "dark")
            seen = [label.text() for label in dialog.findChildren(QLabel) if label.isVisible()]
            assert "Colours" in seen
            assert "Text size" not in seen
            QTest.keyClicks(dialog.findChild(QLineEdit), "xyz")
            seen = [label.text() for label in dialog.findChildren(QLabel) if label.isVisible()]
            assert seen == ["No setting has these words."]
            dialog.close()

    drive(qapp, work)
