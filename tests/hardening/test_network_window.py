"""The network section of the connection editor, the doctor's window, and what of it stays in sight."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from desktop.core.requests import Connection, Secrets
from desktop.services.network import CLIENT_SECRET, PROXY_SECRET, USUAL, Network, header_secret
from desktop.ui.connections.doctor_dialog import DoctorDialog
from desktop.ui.connections.editor import ConnectionEditor
from desktop.ui.connections.network_form import NetworkForm
from desktop.ui.system.first_start import FirstStart
from tests.hardening.probe import elsewhere
from tests.loopback.faults import FaultServer
from tests.loopback.server import Server
from tests.loopback.tls import make, tls_server
from tests.ui.driving import Driven, drive, window

SET = Network(
    "manual", "http://proxy.example:8080", "ada", ("intranet", "10.0.0.0/8"), "/x/ca.pem", "/x/c.pem", "/x/c.key",
    "ab" * 32, (("X-Team", "blue"),), ("X-Token",), 3.0, 4.5, 5.0, 1, 2, 300,
)  # fmt: skip


def click(dialog: object, name: str) -> None:
    button = dialog.findChild(QPushButton, name)  # type: ignore[attr-defined]
    assert button is not None, name
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_the_form_gives_back_what_it_shows(qapp: QApplication) -> None:
    form = NetworkForm()
    assert form.network() == USUAL
    form.show_network(SET)
    assert form.network() == SET
    assert form.secrets() == {}, "what was left alone stays as it is kept"
    form._lines[PROXY_SECRET].setText("p")
    form._lines[CLIENT_SECRET].setText("c")
    form._headers.setPlainText("X-Team: blue\n*X-Token: t0ken")
    assert form.secrets() == {PROXY_SECRET: "p", CLIENT_SECRET: "c", header_secret("X-Token"): "t0ken"}
    assert "t0ken" not in repr(form.network())


def test_the_form_is_folded_until_it_is_wanted(qapp: QApplication) -> None:
    form = NetworkForm()
    form.show()
    assert not form._inner.isVisible()
    form.show_network(SET)
    assert form._inner.isVisible()


async def editor_of(sluice: Driven, place: Connection) -> ConnectionEditor:
    profile, _ = await sluice.workspace.connections.save(None, "office", place, Secrets("key-123"))
    sluice.page.use(profile)
    editor = ConnectionEditor(sluice.workspace, profile, sluice.window)
    editor.saved.connect(sluice.page.use)
    editor.open()
    return editor


def test_an_exception_is_accepted_in_two_steps_and_stays_in_sight(qapp: QApplication, tmp_path: Path) -> None:
    own = make(tmp_path, "own")

    async def work() -> None:
        async with tls_server(FaultServer("openai").handle, own) as server:
            async with window(qapp, tmp_path / "data") as sluice:
                editor = await editor_of(sluice, Connection("openai", server.url, "m"))
                click(editor, "doctor_button")
                await sluice.until(lambda: sluice.shows("doctor_pin"), "the certificate")
                doctor = sluice.find("doctor_dialog", DoctorDialog)
                assert any("anyone this computer trusts" in line for line in doctor.lines())
                click(doctor, "doctor_pin")
                assert doctor.isVisible(), "one press is not enough"
                click(doctor, "doctor_copy")
                assert "key-123" not in QGuiApplication.clipboard().text()
                click(doctor, "doctor_pin")
                await sluice.until(lambda: not sluice.shows("doctor_dialog"), "the doctor's end")
                assert editor._network.network().pinned == own.fingerprint
                await editor._save()
                assert "Certificate exception" in sluice.page._status.text()
                sluice.say("hello")
                await sluice.until(lambda: "Hello there." in sluice.text(), "the answer over the pinned certificate")
                way = sluice.find("status_line").accessibleDescription()
                assert "Without a proxy: this computer is never reached through one" in way
                assert "TLSv1" in way
                assert "accepted as an exception" in way
                assert "TLSv1" in sluice.find("status_line").toolTip()
            async with window(qapp, tmp_path / "data") as again:
                kept = next(p for p in again.workspace.connections.all() if p.name == "office")
                assert kept.network.pinned == own.fingerprint

    drive(qapp, work)


def test_a_key_over_plain_http_is_warned_of_before_it_is_kept(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with window(qapp, tmp_path) as sluice:
            editor = ConnectionEditor(sluice.workspace, None, sluice.window)
            editor.open()
            editor._url.setText("http://agent.example.invalid/v1")
            editor._agent.setEditText("m")
            editor._key.setText("key-123")
            before = len(sluice.workspace.connections.all())
            editor._start(editor._save(), "save")
            await sluice.until(
                lambda: any("not encrypted" in w.text() for w in editor.findChildren(QLabel)), "the warning"
            )
            assert len(sluice.workspace.connections.all()) == before
            editor._start(editor._save(), "save")
            await sluice.until(lambda: len(sluice.workspace.connections.all()) == before + 1, "the second press")
            editor.close()

    drive(qapp, work)


def test_the_doctor_after_a_broken_run(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with Server(FaultServer("openai", "close before head").handle) as server:
            async with window(qapp, tmp_path, Connection("openai", server.url, "m"), "key-123") as sluice:
                sluice.say("hello")
                await sluice.until(lambda: sluice.shows("remedy_doctor"), "the offer")
                click(sluice.window, "remedy_doctor")
                await sluice.until(lambda: sluice.shows("doctor_dialog"), "the doctor")
                doctor = sluice.find("doctor_dialog", DoctorDialog)
                await sluice.until(lambda: any("Port" in line for line in doctor.lines()), "its steps")
                click(doctor, "doctor_close")
                sluice.find("connection_editor", ConnectionEditor).close()

    drive(qapp, work)


def listening() -> set[str]:
    """The TCP ports on which this process listens, as the system tells."""
    own = {os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if _is_link(fd)}
    lines = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()]
    return {line[1] for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in own}


def _is_link(fd: str) -> bool:
    return os.path.islink(f"/proc/self/fd/{fd}")


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the system does not tell")
def test_the_program_listens_on_no_port(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with elsewhere("openai", "whole", 0) as url:
            async with window(qapp, tmp_path, Connection("openai", url, "m"), "key-123") as sluice:
                first = FirstStart(tmp_path)
                first.listen(lambda message: None)
                sluice.say("hello")
                await sluice.until(lambda: "Hello there." in sluice.text(), "an answer")
                assert listening() == set()
                first.close()
        async with Server(FaultServer("openai").handle):
            assert len(listening()) == 1, "the check itself sees a port"

    drive(qapp, work)


def test_silence_is_shown_while_it_lasts(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        fault = FaultServer("openai", "hang mid stream")
        async with Server(fault.handle) as server:
            async with window(qapp, tmp_path, Connection("openai", server.url, "m"), "key-123") as sluice:
                sluice.say("hello")
                await sluice.until(lambda: "silent for" in sluice.page._status.text(), "the word")
                assert sluice.page.session.running, "silence is no end"
                fault.go.set()
                await sluice.until(lambda: "Hello there." in sluice.text(), "the rest")
                await sluice.until(lambda: "silent" not in sluice.page._status.text(), "the end")

    drive(qapp, work)
