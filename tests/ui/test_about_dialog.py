"""About names the version and gives every part's licence."""

from __future__ import annotations

from PySide6.QtWidgets import QListWidget, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from desktop import __version__
from desktop.ui.about_dialog import AboutDialog, versions
from desktop.ui.app_icon import app_icon
from desktop.ui.theme import Theme


def test_each_part_shows_its_licence(qtbot: QtBot, theme: Theme) -> None:
    dialog = AboutDialog([("Started in", "0.4 s")])
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
