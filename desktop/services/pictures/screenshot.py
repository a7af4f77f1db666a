"""A picture of the screen from the desktop's portal: the desktop asks the person, and may refuse."""

from __future__ import annotations

import asyncio
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from desktop.core.errors import NotSendable
from desktop.core.language import mark, tr
from desktop.services.pictures.attachments import MAX_BYTES

_BUS, _PATH = "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop"
_SCREENSHOT, _REQUEST = "org.freedesktop.portal.Screenshot", "org.freedesktop.portal.Request"
_PATIENCE = 300.0  # seconds that the person may take over it
_NONE = mark(
    "This desktop offers no pictures of the screen to programs. Use the system's own tool and paste the picture."
)


async def by_portal(part: bool) -> bytes | None:
    """The picture's bytes; None if the person refused. `part` lets them mark a part, where the desktop can. Interface
    org.freedesktop.portal.Screenshot, version 2. Raises NotSendable, in words."""
    try:
        from jeepney.io.asyncio import open_dbus_router
    except ImportError:
        raise NotSendable(tr(_NONE)) from None
    try:
        async with open_dbus_router() as router, asyncio.timeout(_PATIENCE):
            uri = await _ask(router, part)
    except (OSError, KeyError, TimeoutError) as error:
        raise NotSendable(tr(_NONE), repr(error)) from None
    return await asyncio.to_thread(_read, uri) if uri else None


async def _ask(router: Any, part: bool) -> str | None:
    """The address of the file that the portal wrote."""
    from jeepney import DBusAddress, MatchRule, MessageType, message_bus, new_method_call

    token = f"sluice_{secrets.token_hex(8)}"
    sender = router.unique_name.removeprefix(":").replace(".", "_")
    handle = f"{_PATH}/request/{sender}/{token}"
    rule = MatchRule(type="signal", interface=_REQUEST, member="Response", path=handle)
    options = {"handle_token": ("s", token), "interactive": ("b", part)}
    portal = DBusAddress(_PATH, bus_name=_BUS, interface=_SCREENSHOT)
    await router.send_and_get_reply(message_bus.AddMatch(rule))
    with router.filter(rule) as answers:
        reply = await router.send_and_get_reply(new_method_call(portal, "Screenshot", "sa{sv}", ("", options)))
        if reply.header.message_type is MessageType.error:
            raise NotSendable(tr(_NONE), str(reply.body))
        code, found = (await answers.get()).body
    return str(found["uri"][1]) if code == 0 and "uri" in found else None


def _read(uri: str) -> bytes:
    """The file of a `file:` address on this computer."""
    parts = urlsplit(uri)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        raise NotSendable(tr("The desktop gave a picture that is no file on this computer."))
    try:
        with Path(os.fsdecode(unquote(parts.path))).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise NotSendable(tr("The desktop's picture of the screen cannot be read."), repr(error)) from None
