"""About names the version and gives every part's licence."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QListWidget, QPlainTextEdit, QPushButton, QTableWidget, QTabWidget
from pytestqt.qtbot import QtBot

from desktop import __version__
from desktop.ui.habits import measuring
from desktop.ui.habits.about_dialog import AboutDialog, versions
from desktop.ui.system.app_icon import app_icon
from desktop.ui.theme import Theme
from tests.ui.driving import drive, window


def test_each_part_shows_its_licence(qtbot: QtBot, theme: Theme) -> None:
    dialog = AboutDialog(theme)
    qtbot.addWidget(dialog)
    dialog.show()
    listed = dialog.findChild(QListWidget, "about_parts")
    shown = dialog.findChild(QPlainTextEdit, "about_licence")
    names = [listed.item(row).text().split()[0] for row in range(listed.count())]
    assert {"Python", "Qt", "httpx", "pydantic"} <= set(names)
    listed.setCurrentRow(names.index("Qt"))
    assert "LGPL-3.0-only" in shown.toPlainText()
    listed.setCurrentRow(names.index("httpx"))
    assert "BSD-3-Clause" in shown.toPlainText()
    assert all(button.text() for button in dialog.findChildren(QPushButton))


def test_the_versions_name_the_program_and_qt(qtbot: QtBot) -> None:
    assert versions().startswith(f"Sluice {__version__}\nQt 6.")


def test_the_icon_is_there_at_every_size(qtbot: QtBot) -> None:
    for size in (16, 22, 48, 256):
        picture = app_icon().pixmap(size, size).toImage()
        assert picture.width() >= size
        assert picture.pixelColor(size // 2, size // 4).alpha() == 255


def test_the_figures_of_this_computer_are_measured_and_can_be_copied(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "_SIZE", 6_000)  # what it takes is not tested here, and the machine may be busy

    async def work() -> None:
        async with window(qapp, tmp_path) as sluice:
            await sluice.until(lambda: sluice.window.painted_at > 0, "the first paint")
            sluice.window.dialogs.about()
            sluice.find("about_pages", QTabWidget).setCurrentIndex(1)
            table = sluice.find("speed_table", QTableWidget)
            known = table.rowCount()
            assert table.item(0, 2).text().endswith(" s"), "this start is known already"
            measure = sluice.find("speed_measure", QPushButton)
            measure.click()
            assert not measure.isEnabled()
            await sluice.until(measure.isEnabled, "the figures", 60)
            assert table.rowCount() == known + 4
            for row in range(known, known + 4):
                assert table.item(row, 2).text()[-1] in "✓✗"
            assert not sluice.shows("answer_pane"), "the text that was measured is gone"
            sluice.find("about_copy", QPushButton).click()
            copied = QGuiApplication.clipboard().text()
            assert "Slowest frame" in copied
            assert f"Sluice {__version__}" in copied

    drive(qapp, work, 90)


def test_closing_while_it_measures_ends_it(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with window(qapp, tmp_path) as sluice:
            sluice.window.dialogs.about()
            sluice.find("about_pages", QTabWidget).setCurrentIndex(1)
            sluice.find("speed_measure", QPushButton).click()
            await sluice.until(lambda: sluice.shows("answer_pane"), "the text")
            sluice.find("about_dialog").close()
            await sluice.until(lambda: not sluice.shows("about_dialog"), "the end")

    drive(qapp, work)
