"""The connection editor: the form follows the protocol, a test tells what was found, keys go to no file."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLineEdit

from desktop.core.adapters import PROTOCOLS, adapter_class
from desktop.services.keys.profiles import Profile
from desktop.ui.connections.editor import ConnectionEditor
from tests.loopback.powabase import AGENT, Powabase
from tests.loopback.server import Server
from tests.ui.driving import Driven, drive, window


def editor_of(sluice: Driven) -> ConnectionEditor:
    sluice.window.connections.edit(None)
    return sluice.find("connection_editor", ConnectionEditor)


def choose(editor: ConnectionEditor, protocol: str) -> None:
    editor._protocol.setCurrentIndex(editor._protocol.findData(protocol))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_form_shows_each_field_of_the_protocol_once(protocol: str, qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with window(qapp, tmp_path) as sluice:
            editor = editor_of(sluice)
            choose(editor, protocol)
            can = adapter_class(protocol).can
            assert list(editor._inputs) == [f.name for f in can.fields]
            for field in can.fields:
                kind = {"bool": QCheckBox, "choice": QComboBox}.get(field.kind, QLineEdit)
                assert isinstance(editor._inputs[field.name], kind)
                assert editor._inputs[field.name].accessibleName() == field.label
                if field.kind == "secret":
                    assert editor._inputs[field.name].echoMode() == QLineEdit.EchoMode.Password  # type: ignore[attr-defined]
            editor.reject()

    drive(qapp, work)


def test_a_test_says_what_is_there_and_lists_the_agents(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with Server(Powabase().handle) as server, window(qapp, tmp_path) as sluice:
            editor = editor_of(sluice)
            choose(editor, "powabase")
            editor._url.setText(server.url)
            editor._key.setText("key-1")
            QTest.mouseClick(editor._list, Qt.MouseButton.LeftButton)
            await sluice.until(lambda: editor._agent.count() > 0, "the list")
            assert AGENT in [editor._agent.itemData(i) for i in range(editor._agent.count())]
            editor._agent.setEditText(AGENT)
            QTest.mouseClick(sluice.find("connection_test"), Qt.MouseButton.LeftButton)
            await sluice.until(lambda: editor._result.text() not in ("", "Testing…"), "the result")
            assert editor._result.property("trouble") == "false"
            editor._key.setText("wrong")
            QTest.mouseClick(sluice.find("connection_test"), Qt.MouseButton.LeftButton)
            await sluice.until(lambda: editor._result.property("trouble") == "true", "the trouble")
            assert "key" in editor._result.text().lower()
            assert "wrong" not in editor._result.text()
            editor.reject()

    drive(qapp, work)


def test_what_is_missing_is_said_before_anything_is_sent(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with window(qapp, tmp_path) as sluice:
            editor = editor_of(sluice)
            choose(editor, "powabase")
            editor._url.setText("weather.example.org")
            QTest.mouseClick(sluice.find("connection_test"), Qt.MouseButton.LeftButton)
            await sluice.until(lambda: "http://" in editor._result.text(), "the reason")
            editor.reject()

    drive(qapp, work)


def test_a_saved_key_is_in_no_file(qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)

    async def work() -> None:
        async with Server(Powabase().handle) as server:
            async with window(qapp, tmp_path) as sluice:
                editor = editor_of(sluice)
                choose(editor, "powabase")
                editor._name.setText("Weather")
                editor._url.setText(server.url)
                editor._agent.setEditText(AGENT)
                editor._key.setText("key-1")
                saved: list[Profile] = []
                editor.saved.connect(saved.append)
                editor._start(editor._save(), "save")
                await sluice.until(lambda: bool(saved), "the save")
                editor.reject()
                sluice.page.use(saved[0])
                sluice.say("hello")
                await sluice.until(lambda: "Hello, hello" in sluice.text(), "the answer with the saved key")

    drive(qapp, work)
    assert [f for f in tmp_path.rglob("*") if f.is_file() and b"key-1" in f.read_bytes()] == []
