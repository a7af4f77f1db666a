"""Two recordings compared in the window: from the menu and from a replay."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QFileDialog, QLabel, QPlainTextEdit, QPushButton, QTreeWidget

from desktop.core.requests import Prompt, Secrets
from desktop.services.recording.files import load
from desktop.services.recording.replays import replay_tab
from desktop.services.recording.tour import scenes
from desktop.ui.wire.compare_dialog import CompareDialog
from tests.services.recorded import recorded
from tests.services.test_recording_secrets import KEY, gossip
from tests.ui.driving import Driven, drive, window

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def rows(tree: QTreeWidget) -> list[list[str]]:
    items = (tree.topLevelItem(n) for n in range(tree.topLevelItemCount()))
    return [[item.text(column) for column in range(4)] for item in items if item is not None]


def changed(folder: Path) -> Path:
    """The first scene of the tour, with another result and another answer."""
    text = scenes()[0].path.read_text("utf-8").replace("2 rows deleted", "3 rows deleted").replace("lamb", "goat")
    path = folder / "other.sluice-recording"
    path.write_text(text, "utf-8")
    return path


async def found(driven: Driven, dialog: CompareDialog) -> str:
    await driven.until(lambda: dialog._found is not None, "the comparison")
    return driven.find("compare_verdict", QLabel).text()


def test_the_menu_compares_two_files(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with window(qapp, tmp_path / "d") as driven:
            driven.window.commands.run("compare")
            dialog = driven.find("compare_dialog", CompareDialog)
            assert "Choose two recordings" in driven.find("compare_verdict", QLabel).text()
            dialog.use(0, scenes()[0].path)
            await driven.until(lambda: dialog._sides[0] is not None, "the first")
            dialog.use(1, changed(tmp_path))
            assert await found(driven, dialog) == "7 of 9 steps are the same."
            figures = rows(driven.find("compare_figures", QTreeWidget))
            assert ["≠", "answer", "49 words", "49 words, 97 % the same"] in figures
            await looked_at(driven)
            dialog.close()

    drive(qapp, work)


async def looked_at(driven: Driven) -> None:
    steps = driven.find("compare_steps", QTreeWidget)
    assert [row[:2] for row in rows(steps)] == [["≠", "tool delete_rows  ·  differs"], ["≠", "answer  ·  differs"]]
    detail = driven.find("compare_detail", QPlainTextEdit)
    assert detail.toPlainText().startswith("result\n2 3 rows deleted")
    steps.setFocus()
    QTest.keyClick(steps, Qt.Key.Key_Down)
    assert "sow *lamb's *goat's lettuce*" in detail.toPlainText()
    driven.find("compare_only", QCheckBox).click()
    assert len(rows(steps)) == 9 and "=" in {row[0] for row in rows(steps)}
    next(b for b in QApplication.allWidgets() if isinstance(b, QPushButton) and "report" in b.text()).click()
    assert "[-2 -]{+3 +}rows deleted" in QGuiApplication.clipboard().text()


def test_a_replay_is_compared_with_a_file_and_one_that_is_none_is_said(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with window(qapp, tmp_path / "d") as driven:
            driven.window.add_tab(replay_tab(load(scenes()[0].path), "one"))
            QTest.mouseClick(driven.find("replay_compare"), Qt.MouseButton.LeftButton)
            dialog = driven.find("compare_dialog", CompareDialog)
            files = dialog.findChild(QFileDialog)
            assert files is not None and files.isVisible()
            files.fileSelected.emit(str(tmp_path / "none"))
            await driven.until(lambda: "cannot be read" in driven.find("compare_verdict", QLabel).text(), "words")
            files.fileSelected.emit(str(scenes()[0].path))
            files.reject()
            assert await found(driven, dialog) == "Nothing differs but the time."
            dialog.close()

    drive(qapp, work)


def test_a_planted_secret_is_not_in_the_comparison(qapp: QApplication, tmp_path: Path) -> None:
    async def record(name: str, said: str) -> Path:
        async with recorded("openai", gossip, "m", Secrets("sk-plain-nted")) as (session, recorder, _):
            recorder.redactor.learn(Secrets(KEY))
            await session.send(Prompt(f"{said}: my key is {KEY}"))
            recorder.save(tmp_path / name)
            return tmp_path / name

    async def work() -> None:
        one, two = await record("a.sluice-recording", "First"), await record("b.sluice-recording", "Then")
        async with window(qapp, tmp_path / "d") as driven:
            dialog = driven.window.replaying.compare()
            dialog.use(0, one)
            await driven.until(lambda: dialog._sides[0] is not None, "the first")
            dialog.use(1, two)
            await found(driven, dialog)
            seen = [driven.find("compare_detail", QPlainTextEdit).toPlainText()]
            driven.find("compare_only", QCheckBox).click()
            steps = driven.find("compare_steps", QTreeWidget)
            for n in range(steps.topLevelItemCount()):
                steps.setCurrentItem(steps.topLevelItem(n))
                seen.append(driven.find("compare_detail", QPlainTextEdit).toPlainText())
            seen += [word for tree in dialog.findChildren(QTreeWidget) for row in rows(tree) for word in row]
            assert any("First" in text for text in seen) and any("You said" in text for text in seen)
            assert not [text for text in seen if "nt€d" in text or "sk-" in text]
            dialog.close()

    drive(qapp, work)
