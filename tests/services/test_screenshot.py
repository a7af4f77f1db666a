"""A picture of the screen from a portal of our own, on a bus of our own."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from desktop.core.errors import NotSendable
from desktop.services.pictures.screenshot import by_portal

jeepney = pytest.importorskip("jeepney")
pytestmark = pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="there is no message bus here")
PORTAL = "org.freedesktop.portal"


@pytest.fixture
async def bus(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """A message bus, and nothing on it."""
    daemon = await asyncio.create_subprocess_exec(
        "dbus-daemon", "--session", "--nofork", "--print-address", stdout=asyncio.subprocess.PIPE
    )
    assert daemon.stdout is not None
    address = (await asyncio.wait_for(daemon.stdout.readline(), 10)).decode().strip()
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    yield address
    daemon.terminate()
    await daemon.wait()


class Portal:
    """Answers Screenshot with `code` and the address of a file."""

    def __init__(self, code: int, uri: str) -> None:
        self.code, self.uri = code, uri
        self.asked: list[dict[str, Any]] = []

    async def __aenter__(self) -> Portal:
        from jeepney.io.asyncio import open_dbus_connection

        self._connection = await open_dbus_connection()
        await self._call(jeepney.message_bus.RequestName(f"{PORTAL}.Desktop"))
        self._task = asyncio.create_task(self._serve())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._connection.close()

    async def _call(self, message: Any) -> None:
        serial = next(self._connection.outgoing_serial)
        await self._connection.send(message, serial=serial)
        while (await self._connection.receive()).header.fields.get(jeepney.HeaderFields.reply_serial) != serial:
            pass

    async def _serve(self) -> None:
        while True:
            message = await self._connection.receive()
            fields = message.header.fields
            if fields.get(jeepney.HeaderFields.member) != "Screenshot":
                continue
            _, options = message.body
            self.asked.append(options)
            sender = fields[jeepney.HeaderFields.sender]
            token = options["handle_token"][1]
            handle = f"/org/freedesktop/portal/desktop/request/{sender[1:].replace('.', '_')}/{token}"
            await self._connection.send(jeepney.new_method_return(message, "o", (handle,)))
            where = jeepney.DBusAddress(handle, interface=f"{PORTAL}.Request")
            found = {"uri": ("s", self.uri)} if self.code == 0 else {}
            await self._connection.send(jeepney.new_signal(where, "Response", "ua{sv}", (self.code, found)))


async def test_the_portals_file_is_the_picture(bus: str, tmp_path: Path) -> None:
    file = tmp_path / "a picture & more.png"
    file.write_bytes(b"the picture")
    async with Portal(0, file.as_uri()) as portal:
        assert await asyncio.wait_for(by_portal(part=True), 10) == b"the picture"
    assert portal.asked[0]["interactive"] == ("b", True)


async def test_a_refusal_is_no_picture_and_no_error(bus: str) -> None:
    async with Portal(1, "") as portal:
        assert await asyncio.wait_for(by_portal(part=False), 10) is None
    assert portal.asked[0]["interactive"] == ("b", False)


@pytest.mark.parametrize("uri", ["https://example.org/a.png", "file://elsewhere/a.png", "file:///nowhere/at/all.png"])
async def test_only_a_file_of_this_computer_is_read(bus: str, uri: str) -> None:
    async with Portal(0, uri):
        with pytest.raises(NotSendable, match="picture"):
            await asyncio.wait_for(by_portal(part=False), 10)


async def test_a_desktop_without_a_portal_is_said_in_words(bus: str) -> None:
    with pytest.raises(NotSendable, match="paste the picture"):
        await asyncio.wait_for(by_portal(part=False), 10)


async def test_no_bus_at_all_is_said_in_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    with pytest.raises(NotSendable, match="paste the picture"):
        await by_portal(part=False)
