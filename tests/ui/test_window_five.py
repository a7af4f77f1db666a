"""What a person of each of the five servers does every day, through the window: go on, show a picture, stop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPlainTextEdit

from desktop.core.requests import Connection
from tests.loopback import powabase
from tests.loopback.agentrail import Agentrail
from tests.loopback.powabase import Powabase
from tests.loopback.procurator import Procurator
from tests.loopback.promptshuttle import KEY, PromptShuttle
from tests.loopback.server import Exchange, Request, Server
from tests.services.test_attachments import drawn
from tests.ui.driving import Driven, drive, window

SSE = {"content-type": "text/event-stream; charset=utf-8"}


class Dockrion:
    """An agent with a message, a session and pictures among its fields; it says what it was given, or holds on."""

    _FIELDS = ("query", "session_id", "images")

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []

    async def handle(self, request: Request, exchange: Exchange) -> None:
        if request.path == "/schema":
            kinds = {"query": "string", "session_id": "string", "images": "array"}
            await exchange.reply(200, {"input_schema": {"properties": {n: {"type": t} for n, t in kinds.items()}}})
        elif request.path == "/invoke/stream":
            self.bodies.append(request.json)
            await self._stream(request.json["query"], exchange)
        else:
            await exchange.reply(200, {"paths": {"/invoke/stream": {}}, "agent": {"name": "a", "mode": "entrypoint"}})

    async def _stream(self, words: str, exchange: Exchange) -> None:
        await exchange.start(200, SSE)
        await exchange.send(f'event: token\ndata: {{"type":"token","content":"You said: {words}"}}\n\n')
        if words.startswith("hold"):
            await exchange.gone.wait()
        else:
            await exchange.send('event: complete\ndata: {"type":"complete","latency_seconds":0.1}\n\n')


FIVE: dict[str, tuple[Callable[[], Any], str | None, str | None]] = {
    "powabase": (Powabase, powabase.AGENT, "key-1"),
    "procurator": (Procurator, "echo", "token-1"),
    "agentrail": (Agentrail, None, None),
    "promptshuttle": (PromptShuttle, "m", KEY),
    "dockrion": (Dockrion, None, None),
}
_IMAGES = {"powabase": "images"}  # what makes a server of ours tell of the pictures, where a word is needed


Work = Callable[[Driven, Any, Server], Awaitable[None]]


def over(app: QApplication, folder: Path, protocol: str, work: Work) -> None:
    """Run `work` in a window that talks to that protocol's server."""
    make, agent, key = FIVE[protocol]

    async def whole() -> None:
        host = make()
        async with Server(host.handle) as server:
            async with window(app, folder, Connection(protocol, server.url, agent), key) as sluice:
                await work(sluice, host, server)

    drive(app, whole)


async def ended(sluice: Driven, runs: int) -> str:
    """Wait for that many runs to have ended. Returns how the last one did."""
    held = sluice.page.session.conversation
    await sluice.until(lambda: len(held.runs) == runs and held.runs[-1].status is not None, "the run's end")
    sluice.page._bridge.flush()
    assert not sluice.shows("stop_button")
    return str(held.runs[-1].status)


def pictures(protocol: str, host: Any, sluice: Driven) -> str:
    """Everything the server has of the pictures, as text that holds their hashes."""
    if protocol == "agentrail":
        return str([list(s.files.values()) for s in host.sessions.values()])
    if protocol == "dockrion":
        from base64 import b64decode

        return str([sha256(b64decode(i.partition(",")[2])).hexdigest() for i in host.bodies[-1]["images"]])
    return sluice.text() if protocol == "powabase" else str(host.pictures)


@pytest.mark.parametrize("protocol", FIVE)
def test_two_turns_of_one_conversation(protocol: str, qapp: QApplication, tmp_path: Path) -> None:
    async def work(sluice: Driven, host: Any, server: Server) -> None:
        for number, word in enumerate(("remember amber", "recall"), 1):
            sluice.say(word)
            assert await ended(sluice, number) == "completed"
        sent = [r.json for r in server.requests if r.method == "POST" and isinstance(r.json, dict)]
        first, second = sent[-2:]
        session = ("sessionId", "session_id")
        ids = [[body[name] for name in session if body.get(name)] for body in (first, second)]
        told = len(second.get("messages", ())) > len(first.get("messages", ()))
        assert told or (ids[1] and ids[0] in ([], ids[1])), "the second turn belongs to the first one's session"
        assert sluice.find("composer", QPlainTextEdit).toPlainText() == ""

    over(qapp, tmp_path, protocol, work)


@pytest.mark.parametrize("protocol", FIVE)
def test_a_picture_arrives_as_it_was_shown(protocol: str, qapp: QApplication, tmp_path: Path) -> None:
    file = tmp_path / "cat.png"
    file.write_bytes(drawn("PNG"))

    async def work(sluice: Driven, host: Any, server: Server) -> None:
        sluice.page.pictures.attach_files([str(file)])
        await sluice.until(lambda: bool(sluice.page.box.strip.images()), "the thumbnail")
        (shown,) = sluice.page.box.strip.images()
        sluice.say(_IMAGES.get(protocol, "look"))
        assert await ended(sluice, 1) == "completed"
        digest = sha256(shown.data).hexdigest()
        assert digest[:16] in pictures(protocol, host, sluice)
        assert not sluice.page.box.strip.images(), "the strip is emptied when the server has the picture"

    over(qapp, tmp_path / "data", protocol, work)


@pytest.mark.parametrize("protocol", ["agentrail", "promptshuttle", "dockrion"])
def test_stop_keeps_the_text_and_closes_the_stream(protocol: str, qapp: QApplication, tmp_path: Path) -> None:
    async def work(sluice: Driven, host: Any, server: Server) -> None:
        sluice.say("hold on")
        held = sluice.page.session.conversation
        await sluice.until(lambda: bool(held.runs) and held.text_of(0) != "", "some text")
        await sluice.until(lambda: sluice.shows("stop_button"), "the button")
        said = held.text_of(0)
        QTest.mouseClick(sluice.find("stop_button"), Qt.MouseButton.LeftButton)
        assert await ended(sluice, 1) == "cancelled"
        assert held.text_of(0) == said
        assert "Stopped by you" in sluice.text()
        assert len([r for r in server.requests if r.method == "POST"]) == 1

    over(qapp, tmp_path, protocol, work)
