"""The window in another language: its own words, Qt's, and the choice in the settings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QLocale, QTranslator
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QTreeWidget,
    QWidget,
)

from desktop.core import language, po
from desktop.services.habits.settings import SettingsFile
from desktop.services.paths import Paths
from desktop.ui.habits.shortcuts import COMMANDS
from desktop.ui.history.sidebar import day_words
from desktop.ui.system.speech import speak
from tests.ui.driving import Driven, drive, window
from tests.ui.test_window_protocols import Agentrail, Case, over

RAIL = Case("agentrail", Agentrail, "write a note", "Saved.", "I left it alone.")


@pytest.fixture
def german(qapp: QApplication) -> Iterator[QApplication]:
    """The program speaks German, as after a start with that setting."""
    before = QLocale()
    speak(qapp, "de")
    yield qapp
    for translator in qapp.findChildren(QTranslator):
        qapp.removeTranslator(translator)
        translator.deleteLater()
    QLocale.setDefault(before)


def words_on(widget: QWidget) -> str:
    """All that a person reads on a widget."""
    found = [w.text() for w in widget.findChildren(QLabel) if w.isVisible()]
    found += [w.text() for w in widget.findChildren(QAbstractButton) if w.isVisible()]
    found += [w.placeholderText() for w in widget.findChildren(QLineEdit) if w.isVisible()]
    return "\n".join(filter(None, [widget.windowTitle(), *found]))


def test_the_first_window_is_german(german: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with window(german, tmp_path) as sluice:
            said = words_on(sluice.window)
            assert "Mit jedem Agenten sprechen" in said
            assert "Ohne Titel — Sluice" in said
            assert sluice.find("send_button", QAbstractButton).text() == "Senden"
            assert [a.text() for a in sluice.window.menuBar().actions()] == ["&Chat", "&Runde", "&Ansicht"]
            for english in ("Talk to any agent", "Search", "Nothing said yet", "Untitled"):
                assert english not in said

    drive(german, work)


def test_a_conversation_without_a_title_takes_none_along(qapp: QApplication, tmp_path: Path) -> None:
    """What stands in the place of a title is not stored: the next start may speak another language."""

    async def work(shown: str) -> None:
        async with window(qapp, tmp_path) as sluice:
            assert sluice.page.tab.title == shown
            QTest.keyClicks(sluice.find("composer"), "a draft")

    drive(qapp, lambda: work("Untitled"))
    language.use(po.catalogue("de", 'msgid "Untitled"\nmsgstr "Ohne Titel"\n'))
    drive(qapp, lambda: work("Ohne Titel"))


def test_an_approval_is_german_and_its_keys_are_this_keyboards(german: QApplication, tmp_path: Path) -> None:
    async def work(sluice: Driven, host: Any) -> None:
        sluice.say("write a note")
        await sluice.until(lambda: sluice.shows("approval_dialog"), "the dialog")
        said = words_on(sluice.find("approval_dialog"))
        assert "Darf der Agent dies tun?" in said
        assert "Strg+Return erlaubt, Strg+D lehnt ab." in said
        allow, deny = sluice.find("approval_allow", QAbstractButton), sluice.find("approval_deny", QAbstractButton)
        assert (allow.text(), deny.text()) == ("Erlauben", "Ablehnen")
        sluice.find("approval_dialog").reject()  # type: ignore[attr-defined]
        assert "wartet auf Sie" in sluice.text()
        assert "1 wartet" in words_on(sluice.window)

    over(RAIL, german, tmp_path, work)


def test_every_command_has_german_words_and_is_found_by_them(german: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with window(german, tmp_path) as sluice:
            assert [c.words for c in COMMANDS if c.said == c.words] == []
            sluice.window.commands.run("palette")
            palette = next(w for w in german.topLevelWidgets() if w.objectName() == "command_palette")
            QTest.keyClicks(palette.findChild(QLineEdit), "sprache")
            rows = palette.findChild(QTreeWidget)
            assert rows.topLevelItem(0).text(0) == "Einstellungen"
            palette.close()

    drive(german, work)


def test_qts_own_buttons_are_german_too(german: QApplication) -> None:
    box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
    assert box.button(QDialogButtonBox.StandardButton.Cancel).text() == "Abbrechen"
    box.deleteLater()


def test_days_are_german(german: QApplication) -> None:
    today = datetime(2026, 11, 21).astimezone().date()
    assert day_words(datetime(2026, 11, 21, 9).timestamp(), today) == "Heute"  # noqa: DTZ001
    assert day_words(datetime(2026, 11, 18, 9).timestamp(), today) == "Mittwoch"  # noqa: DTZ001
    assert day_words(datetime(2026, 3, 1, 9).timestamp(), today) == "März 2026"  # noqa: DTZ001


def test_the_language_is_chosen_in_the_settings(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with window(qapp, tmp_path) as sluice:
            sluice.window.commands.run("settings")
            dialog = sluice.find("settings_dialog")
            box = next(b for b in dialog.findChildren(QComboBox) if b.accessibleName() == "Language")
            assert [box.itemText(n) for n in range(box.count())] == ["As the system", "English", "Deutsch"]
            assert box.currentText() == "As the system"
            box.setCurrentIndex(2)
            box.activated.emit(2)
            assert "The language changes when Sluice is started the next time." in words_on(dialog)
            dialog.close()

    drive(qapp, work)
    assert SettingsFile(Paths(tmp_path)).settings.language == "de"
