"""Pictures from a drop, a paste or the screen to the server: what arrives, what is refused, and at what cost."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox

from desktop.core.capabilities import PICTURES, Capabilities
from desktop.core.conversation import UserTurn
from desktop.core.errors import NotSendable
from desktop.core.requests import Connection
from desktop.ui.composing.composer import Composer
from desktop.ui.pictures.prepare import LONGEST, is_data_url, prepare
from tests.loopback import powabase
from tests.loopback.agentrail import Agentrail
from tests.loopback.powabase import Powabase
from tests.loopback.procurator import Procurator
from tests.loopback.promptshuttle import KEY, PromptShuttle
from tests.loopback.server import Exchange, Request, Server
from tests.ui import pictures
from tests.ui.driving import Driven, drive, window

TAKES = Capabilities(images_in="data-url", media=PICTURES)
FREEZE, MEMORY = 0.1, 300  # seconds, MB: see hardening


def composer(sluice: Driven) -> Composer:
    return sluice.find("composer", Composer)


async def settled(sluice: Driven) -> None:
    await sluice.until(lambda: sluice.page.box.strip.coming == 0, "the picture's outcome")


Work = Callable[[Driven], Awaitable[None]]


def on(protocol: str, host: Any, work: Work, app: QApplication, folder: Path, *restarts: Work) -> None:
    """Do `work` in a window that talks to the host, and then each of `restarts` in a new one on the same folder."""
    agents = {"powabase": (powabase.AGENT, "key-1"), "procurator": ("echo", "token-1"), "promptshuttle": ("m", KEY)}

    async def whole() -> None:
        async with Server(host.handle) as server:
            agent, key = agents.get(protocol, (None, None))
            for one in (work, *restarts):
                async with window(app, folder, Connection(protocol, server.url, agent), key) as sluice:
                    await one(sluice)

    drive(app, whole)


# ---- at what cost

OUTCOMES = {
    "huge.jpg": (lambda: pictures.photo(9000, 9000), "image/jpeg", "Made smaller: 3,072 × 3,072"),
    "huge.png": (lambda: pictures.png(9000, 9000), "image/png", "it goes as it is"),
    "large.png": (lambda: pictures.png(5600, 5600), "image/png", "Made smaller"),
    "bomb.png": (lambda: pictures.png(9000, 9000, rows=10), None, "damaged or not complete"),
    "cut.png": (lambda: pictures.drawn("PNG")[:-30], None, "damaged or not complete"),
    "really.png": (lambda: pictures.drawn("JPEG"), "image/jpeg", ""),
    "moves.gif": (lambda: pictures.gif(3), "image/gif", "first frame"),
    "still.gif": (lambda: pictures.gif(1), "image/gif", ""),
    "turned.jpg": (lambda: pictures.turned(pictures.drawn("JPEG")), "image/jpeg", "location"),
    "old.bmp": (lambda: pictures.drawn("BMP"), "image/png", "Sent as PNG"),
    "drawing.png": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", None, "SVG"),
}


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read the Linux way")
@pytest.mark.parametrize("name", OUTCOMES)
async def test_each_gets_its_outcome_without_a_freeze_or_much_memory(name: str, tmp_path: Path) -> None:
    make, media, words = OUTCOMES[name]
    file = tmp_path / name
    file.write_bytes(make())
    told = await in_a_window(tmp_path / "data", file)
    assert [kind for _, kind, _ in told["images"]] == ([media] if media else [])
    assert words in " ".join(told["said"])
    assert told["worst"] < FREEZE
    assert told["peak"] < MEMORY


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read the Linux way")
async def test_eighteen_megabytes_go_up_without_a_freeze_and_with_a_figure(tmp_path: Path) -> None:
    file = tmp_path / "noise.png"
    file.write_bytes(pictures.noisy(3400, 1765))
    arrived: list[str] = []

    async def model(request: Request, exchange: Exchange) -> None:
        if request.path == "/v1/models":
            await exchange.reply(200, {"data": [{"id": "m"}]})
            return
        url = request.json["messages"][-1]["content"][1]["image_url"]["url"]
        arrived.append(sha256(base64.b64decode(url.partition(",")[2], validate=True)).hexdigest())
        choice = {"index": 0, "delta": {"content": "seen"}, "finish_reason": "stop"}
        await exchange.start(headers={"content-type": "text/event-stream"})
        await exchange.send(f"data: {json.dumps({'model': 'm', 'choices': [choice]})}\n\ndata: [DONE]\n\n")

    async with Server(model) as server:
        server.takes.clear()
        async with window_with(tmp_path / "data", file, server.url) as lines:
            sending = json.loads(await anext(lines))
            server.takes.set()
            told = json.loads(await anext(lines))
    assert arrived == [sha256(file.read_bytes()).hexdigest()]
    assert "of 24.0 MB" in sending
    assert max(told["worst"], told["worst_sending"]) < FREEZE
    assert told["peak"] < MEMORY + 5 * file.stat().st_size / 1e6  # read, cleaned, made smaller, stored, shown


async def in_a_window(folder: Path, file: Path) -> dict[str, Any]:
    """What a window in a process of its own tells of a picture: see `pictures_child`."""
    async with window_with(folder, file) as lines:
        told: dict[str, Any] = json.loads(await anext(lines))
        return told


@asynccontextmanager
async def window_with(folder: Path, *given: Path | str) -> AsyncIterator[AsyncIterator[bytes]]:
    """What such a window prints, line by line; it ends by itself."""
    root = Path(__file__).parents[2]
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.ui.pictures_child", str(folder), *map(str, given),
        stdout=asyncio.subprocess.PIPE, cwd=root,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(root)},
    )  # fmt: skip
    assert child.stdout is not None
    try:
        async with asyncio.timeout(90):
            yield child.stdout
            assert await child.wait() == 0
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


# ---- what is made of them


def test_a_turned_photo_made_smaller_stands_upright() -> None:
    made = prepare(pictures.turned(pictures.photo(LONGEST + 1000, 1000)), "photo.jpg", TAKES)
    small = QImage.fromData(made.image.data)
    assert (small.width() < small.height()) and max(small.width(), small.height()) == LONGEST
    assert made.original is not None and made.original.media == "image/jpeg"


def test_an_agents_own_limit_is_kept() -> None:
    noisy = QImage(1200, 900, QImage.Format.Format_RGB32)
    noisy.fill(0)
    for n in range(0, 1200 * 900, 3):
        noisy.setPixel(n % 1200, n // 1200, (n * 2654435761) & 0xFFFFFF)
    data = pictures.saved(noisy, "PNG")
    made = prepare(data, "noise.png", Capabilities(images_in="data-url", media=PICTURES, max_bytes=len(data) // 4))
    assert len(made.image.data) <= len(data) // 4
    assert made.original is None  # it would not be taken


def test_where_a_type_is_not_taken_another_is_sent() -> None:
    stills = Capabilities(images_in="data-url", media=("image/png", "image/jpeg"))
    made = prepare(pictures.gif(3), "moves.gif", stills)
    assert (made.image.media, made.image.name) == ("image/png", "moves.png")
    assert "first frame" in made.note


def test_a_picture_in_an_address_is_read_and_a_broken_one_refused() -> None:
    data = pictures.drawn("PNG")
    address = "data:image/png;base64," + base64.b64encode(data).decode()
    assert is_data_url(address) and not is_data_url("data:text/html,<b>")
    assert prepare(address, "pasted", TAKES).image.data == data
    with pytest.raises(NotSendable, match="damaged"):
        prepare("data:image/png;base64,%%%", "pasted", TAKES)


# ---- through the window


def test_what_is_dropped_pasted_and_named_by_an_address_becomes_pictures(qapp: QApplication, tmp_path: Path) -> None:
    async def work(sluice: Driven) -> None:
        data = pictures.drawn("PNG")
        files = [tmp_path / f"{n}.png" for n in range(2)]
        for file in files:
            file.write_bytes(data)
        drop, bitmap, address, link = QMimeData(), QMimeData(), QMimeData(), QMimeData()
        drop.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
        bitmap.setImageData(QImage.fromData(data))
        address.setText("data:image/png;base64," + base64.b64encode(data).decode())
        link.setUrls([QUrl("https://example.org/a.png")])
        link.setText("https://example.org/a.png")
        for mime in (drop, bitmap, address, link):
            composer(sluice).insertFromMimeData(mime)
        await settled(sluice)
        names = [image.name for image in sluice.page.box.strip.images()]
        assert names == ["0.png", "1.png", "pasted.png", "pasted.png"]
        assert composer(sluice).toPlainText() == "https://example.org/a.png"

    on("openai", PromptShuttle(), work, qapp, tmp_path / "data")


def test_the_original_is_sent_where_the_person_chooses_it(qapp: QApplication, tmp_path: Path) -> None:
    host = PromptShuttle()
    big = tmp_path / "big.jpg"
    big.write_bytes(pictures.photo(LONGEST + 400, 600))

    async def work(sluice: Driven) -> None:
        sluice.page.pictures.attach_files([str(big)])
        await settled(sluice)
        small = sluice.page.box.strip.images()[0]
        QTest.keyClick(sluice.find("attachment_original", QCheckBox), Qt.Key.Key_Space)
        original = sluice.page.box.strip.images()[0]
        assert original.data == big.read_bytes() != small.data
        sluice.say("look")
        await sluice.until(lambda: bool(host.pictures), "the picture at the server")
        assert host.pictures == [sha256(big.read_bytes()).hexdigest()]

    on("promptshuttle", host, work, qapp, tmp_path / "data")


@pytest.mark.parametrize(
    ("protocol", "host"),
    [("agentrail", Agentrail), ("powabase", Powabase), ("procurator", Procurator), ("promptshuttle", PromptShuttle)],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_arrives_is_what_the_strip_shows_and_it_is_there_after_a_restart(
    protocol: str, host: Any, qapp: QApplication, tmp_path: Path
) -> None:
    server, folder = host(), tmp_path / "data"
    file = tmp_path / "picture.png"
    file.write_bytes(pictures.drawn("PNG"))
    sent: list[str] = []

    async def work(sluice: Driven) -> None:
        sluice.page.pictures.attach_files([str(file)])
        await settled(sluice)
        sent.append(sha256(sluice.page.box.strip.images()[0].data).hexdigest())
        sluice.say("images")
        await sluice.until(lambda: bool(sluice.page.session.conversation.runs), "the run")
        await sluice.until(lambda: not sluice.page.session.running, "its end")
        assert sluice.page.box.strip.images() == ()
        await sluice.until(lambda: sent[0][:16] in arrived(server, sluice.text()), "the picture at the server")

    async def again(sluice: Driven) -> None:
        turn = next(i for i in sluice.page.session.conversation.items.values() if isinstance(i, UserTurn))
        assert [sha256(image.data).hexdigest() for image in turn.images] == sent
        assert "picture picture.png" in sluice.text()

    on(protocol, server, work, qapp, folder, again)


def arrived(host: Any, answer: str) -> str:
    """The hashes that the server tells of."""
    files = [name for session in getattr(host, "sessions", {}).values() for name in session.files.values()]
    return " ".join([*getattr(host, "pictures", []), *files, answer])


def test_an_agent_without_eyes_refuses_and_the_draft_is_whole(qapp: QApplication, tmp_path: Path) -> None:
    file = tmp_path / "picture.png"
    file.write_bytes(pictures.drawn("PNG"))

    async def work(sluice: Driven) -> None:
        sluice.page.pictures.attach_files([str(file)])
        await settled(sluice)
        sluice.say("look at this")
        await sluice.until(lambda: bool(sluice.page.session.conversation.runs), "the run")
        await sluice.until(lambda: not sluice.page.session.running, "the refusal")
        await sluice.until(lambda: "content must be a string" in sluice.text(), "the words")
        assert composer(sluice).toPlainText() == "look at this"
        assert [image.name for image in sluice.page.box.strip.images()] == ["picture.png"]

    on("promptshuttle", PromptShuttle(takes_pictures=False), work, qapp, tmp_path / "data")


def test_stopped_while_it_goes_up_the_draft_is_whole(qapp: QApplication, tmp_path: Path) -> None:
    host, file = PromptShuttle(), tmp_path / "noise.png"
    file.write_bytes(pictures.noisy(3000, 1400))

    async def work() -> None:
        async with Server(host.handle) as server:
            server.takes.clear()
            async with window(qapp, tmp_path / "data", Connection("promptshuttle", server.url, "m"), KEY) as sluice:
                sluice.page.pictures.attach_files([str(file)])
                await settled(sluice)
                given = sluice.page.box.strip.images()
                sluice.say("look at this")
                await sluice.until(lambda: "sending" in sluice.page._status.text(), "how much has gone")
                QTest.mouseClick(sluice.page.box.stop, Qt.MouseButton.LeftButton)
                assert not sluice.page.session.running and "sending" not in sluice.page._status.text()
                await sluice.until(lambda: not sluice.page._outbox.busy, "the message to be free again")
                assert composer(sluice).toPlainText() == "look at this"
                assert sluice.page.box.strip.images() == given
                server.takes.set()
                assert host.pictures == []
                QTest.keyClick(composer(sluice), Qt.Key.Key_Return)
                await sluice.until(lambda: bool(host.pictures), "the picture at the server")
                assert host.pictures == [given[0].sha256]
                await sluice.until(lambda: sluice.page.box.strip.images() == (), "the empty strip")

    drive(qapp, work)


def test_a_server_that_takes_no_more_says_so_before_all_has_gone(qapp: QApplication, tmp_path: Path) -> None:
    host, file = PromptShuttle(), tmp_path / "noise.png"
    file.write_bytes(pictures.noisy(3000, 1400))

    async def work() -> None:
        async with Server(host.handle, most=1_000_000) as server:
            async with window(qapp, tmp_path / "data", Connection("promptshuttle", server.url, "m"), KEY) as sluice:
                sluice.page.pictures.attach_files([str(file)])
                await settled(sluice)
                sluice.say("look at this")
                await sluice.until(lambda: "too large" in sluice.text(), "the refusal")
                await sluice.until(lambda: not sluice.page._outbox.busy, "its end")
                assert composer(sluice).toPlainText() == "look at this"
                assert len(sluice.page.box.strip.images()) == 1

    drive(qapp, work)


def test_nothing_is_sent_while_a_picture_is_made_ready(qapp: QApplication, tmp_path: Path) -> None:
    host = PromptShuttle()
    file = tmp_path / "large.jpg"
    file.write_bytes(pictures.photo(6000, 6000))

    async def work(sluice: Driven) -> None:
        sluice.page.pictures.attach_files([str(file)])
        sluice.say("look")
        assert composer(sluice).toPlainText() == "look"
        await settled(sluice)
        assert host.pictures == [] and not sluice.page.session.conversation.runs
        QTest.keyClick(composer(sluice), Qt.Key.Key_Return)
        await sluice.until(lambda: len(host.pictures) == 1, "the message with its picture")

    on("promptshuttle", host, work, qapp, tmp_path / "data")
