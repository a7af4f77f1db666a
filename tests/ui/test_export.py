"""Exports through the dialog: what is ticked is there, what is not is not, and the files are the person's alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QDialog, QFileDialog, QPushButton

from desktop.core.language import tr
from desktop.core.requests import Prompt
from desktop.services.history import History
from desktop.services.paths import Paths
from desktop.ui.history.export_dialog import ExportDialog
from tests.services.histories import record, timed
from tests.services.test_library import RICH
from tests.ui.driving import Driven, drive, window

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


@asynccontextmanager
async def rich(qapp: QApplication, folder: Path) -> AsyncIterator[Driven]:
    """A window on one rich conversation."""
    history = History(Paths(folder))
    record(history, "k", timed(RICH), Prompt("What is <b>new</b>?"))
    await history.close()
    async with window(qapp, folder) as sluice:
        yield sluice


async def export(sluice: Driven, file: Path, without: str = "") -> None:
    """Choose the form of the file's ending, take one tick away, and save."""
    sluice.window.commands.run("export")
    (dialog,) = sluice.window.findChildren(ExportDialog)
    form = dialog.findChild(QComboBox)
    form.setCurrentIndex(form.findData(file.suffix[1:]))
    for tick in dialog.findChildren(QCheckBox):
        if tick.text() == without:
            tick.click()
    (save,) = [button for button in dialog.findChildren(QPushButton) if button.property("primary")]
    save.click()
    (where,) = dialog.findChildren(QFileDialog)
    where.fileSelected.emit(str(file))
    where.close()
    await sluice.until(lambda: dialog.result() == QDialog.DialogCode.Accepted, f"{file.name} to be written")
    dialog.setParent(None)


@pytest.mark.parametrize("form", ["md", "html", "json", "pdf"])
def test_what_is_ticked_is_in_the_export_and_nobody_else_can_read_it(
    qapp: QApplication, tmp_path: Path, form: str
) -> None:
    if form == "pdf" and shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")

    async def work() -> None:
        async with rich(qapp, tmp_path / "data") as sluice:
            whole, less = tmp_path / f"whole.{form}", tmp_path / f"less.{form}"
            await export(sluice, whole)
            await export(sluice, less, without=tr("Tools and steps"))
            for file in (whole, less):
                assert "What is" in words_of(file)
                assert "alert(1)" in words_of(file), "as text"
            assert "line two" in words_of(whole)
            assert "line two" not in words_of(less)
            if sys.platform != "win32":
                assert [f.stat().st_mode & 0o077 for f in (whole, less)] == [0, 0]
            assert not hidden(tmp_path), "nothing half-written is left"

    drive(qapp, work)


def test_a_json_export_comes_back_through_the_window(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with rich(qapp, tmp_path / "data") as sluice:
            await export(sluice, tmp_path / "out.json")
            before = sluice.text()
        async with window(qapp, tmp_path / "other") as sluice:
            await sluice.window.library_desk.bring_in([str(tmp_path / "out.json")])
            await sluice.until(lambda: "What is" in sluice.text(), "the conversation")
            assert sluice.text() == before

    drive(qapp, work)


def test_where_it_cannot_be_written_it_is_said(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with rich(qapp, tmp_path / "data") as sluice:
            said: list[str] = []
            sluice.window.library_desk.words.connect(said.append)
            (tmp_path / "file").touch()
            for form in ("pdf", "md"):
                await export(sluice, tmp_path / "file" / f"out.{form}")
                assert "could not be written" in said.pop()

    drive(qapp, work)


def hidden(folder: Path) -> list[Path]:
    return list(folder.glob(".*"))


def words_of(file: Path) -> str:
    """What a reader of the file sees."""
    if file.suffix == ".pdf":
        return subprocess.run(["pdftotext", str(file), "-"], capture_output=True, text=True, check=True).stdout
    text = file.read_text()
    return json.dumps(json.loads(text), ensure_ascii=False) if file.suffix == ".json" else text
