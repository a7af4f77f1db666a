"""Every place of the interface that can show a server's string shows hostile ones literally; nothing is asked for,
opened or run because of them. `test_hostile_walk.py` goes through the dialogs and panels."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox, QTabBar

from desktop.core.requests import Connection, Secrets
from desktop.services.keys.profiles import Profile
from desktop.services.network import Network, Route
from desktop.services.network.doctor import Check, Doctor
from desktop.ui.connections.doctor_dialog import DoctorDialog
from tests.hardening.walking import MARK, Trap, complaints, found, hostile, nothing_opens, pour, shown
from tests.loopback.faults import FaultServer
from tests.loopback.server import Server
from tests.ui.driving import Driven, drive, window

__all__ = ["nothing_opens"]


def test_hostile_strings_stay_literal_everywhere(qapp: QApplication, tmp_path: Path, nothing_opens: list[str]) -> None:
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)

    async def work() -> None:
        trap = Trap()
        fault = FaultServer("openai", "hang mid stream")
        async with Server(trap.handle) as evil, Server(fault.handle) as server:
            text = hostile(evil.url, fifo)
            place = Connection("openai", server.url, "m")
            async with window(qapp, tmp_path / "data", place, "key-1") as sluice:
                sluice.say("hello")
                await fault.waiting.wait()
                await pour(sluice, text)
                assert found() == []
                assert {"QPlainTextEdit", "PlainLabel"} & shown() or len(shown()) > 2, shown()
                await dialogs(sluice, text)
                fault.go.set()
                sluice.page.stop()
                sluice.page.ask_done(text)
                sluice.window.refresh_history()
                await asyncio.sleep(0.3)
                assert found() == []
                assert MARK in sluice.window.windowTitle() or MARK in sluice.page.tab.title
            assert trap.asked == []

    drive(qapp, work, 60.0)
    assert nothing_opens == []


async def dialogs(sluice: Driven, text: str) -> None:
    """The windows that show a server's or a connection's words."""
    from desktop.ui.connections.editor import ConnectionEditor

    place = Connection("openai", "http://127.0.0.1:1", text)
    profile = Profile("x", text, place, network=Network(headers=(("X-A", text.replace("\n", " ")),)))
    editor = ConnectionEditor(sluice.workspace, profile, sluice.window)
    editor.open()
    editor._say(text, good=False)
    doctor = DoctorDialog(Doctor(place, Secrets(), Route(), sluice.workspace.transport), sluice.window)
    doctor.open()
    doctor._show(Check(text, "failed", text))
    sluice.window._links.open(f"http://127.0.0.1:1/?{MARK}=<b>b</b>")
    sluice.window._links.open(f"javascript:{text}")
    await asyncio.sleep(0.1)
    assert found() == []
    for dialog in (editor, doctor, *sluice.window.findChildren(QMessageBox)):
        dialog.close()


def test_one_place_opens_addresses_and_none_reads_markup() -> None:
    """Names that must not come up in the program's own text, but for the files that may."""
    allowed = {
        "QDesktopServices.openUrl": {"links.py"},
        "QNetworkAccessManager": set(),
        "QTextBrowser": set(),
        "QWebEngine": set(),
        "setMarkdown": set(),
        "insertHtml": set(),
        "setHtml": {"export_dialog.py"},
        "setOpenExternalLinks(True": set(),
        "shell=True": set(),
        "os.system": set(),
        "webbrowser": set(),
        "eval(": set(),
        "pickle": set(),
    }
    for file in sorted(Path(__file__).parents[2].joinpath("desktop").rglob("*.py")):
        text = file.read_text("utf-8")
        for name, files in allowed.items():
            inside = any(name in line.split("#")[0] for line in text.splitlines() if not line.lstrip().startswith('"'))
            assert not inside or file.name in files, f"{name} in {file.name}"


def test_the_walk_itself_finds_what_is_wrong(qapp: QApplication) -> None:
    text = f"<b>b</b> {MARK} & more"
    label = QLabel(text)
    label.setToolTip(text)
    assert len(list(complaints(label))) == 2
    box = QMessageBox()
    assert list(complaints(box)) != []
    bar = QTabBar()
    bar.addTab(text)
    assert len(list(complaints(bar))) == 1
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setToolTip("")
    assert list(complaints(label)) == []
