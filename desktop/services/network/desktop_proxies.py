"""The proxy that the desktop's settings name for an address: typed in there, found by itself, or told by a script.

On Linux these settings are in no file that every desktop shares; its portal knows them
(`org.freedesktop.portal.ProxyResolver`), in a Flatpak too.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from desktop.core.language import tr
from desktop.services.clock import now
from desktop.services.network import Choice, speaks
from desktop.services.system.daemon import deliver
from desktop.services.system.session_bus import Body, SessionBus
from desktop.services.transport import origin

_PORTAL = ("org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop", "org.freedesktop.portal.ProxyResolver")
_KEPT = 15.0  # seconds for which an answer holds
_REST = 60.0  # seconds after which one that did not come is asked for again
_DIRECT = "direct"
_SPEAKABLE = re.compile(r"[0-9a-z._:-]+")  # hosts; anything else could end the bus's connection


class _Question(NamedTuple):
    asked: float
    answer: asyncio.Future[Choice | None]

    def holds(self, moment: float) -> bool:
        return moment - self.asked < (_KEPT if self.answer.done() else _REST)


class DesktopProxies:
    """Asked once in a while for each origin, over a connection to the session bus that the first question opens.
    A question holds requests up for `patience` seconds at most; an answer that comes later is there for the next."""

    def __init__(self, patience: float = 1.0, clock: Callable[[], float] = now) -> None:
        self._patience, self._clock = patience, clock
        self._bus: SessionBus | None = None
        self._questions: dict[str, _Question] = {}

    async def choose(self, url: str) -> Choice | None:
        """What the desktop says about the origin of `url`. None if it says nothing that makes sense, or not in time,
        or if there is no desktop. A proxy may be of a kind that is not spoken, if no other is named."""
        place = _bare(url)
        if place is None:
            return None
        moment = self._clock()
        question = self._question(place, moment)
        left = question.asked + self._patience - moment
        if left > 0 and not question.answer.done():
            await asyncio.wait([question.answer], timeout=left)
        return question.answer.result() if question.answer.done() else None

    def close(self) -> None:
        """End the connection to the bus."""
        if self._bus is not None:
            self._bus.close()

    def _question(self, place: str, moment: float) -> _Question:
        """The one that was put already, or a new one."""
        self._questions = {name: known for name, known in self._questions.items() if known.holds(moment)}
        if place not in self._questions:
            self._questions[place] = _Question(moment, self._ask(place))
        return self._questions[place]

    def _ask(self, place: str) -> asyncio.Future[Choice | None]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Choice | None] = loop.create_future()
        self._bus = self._bus or SessionBus()
        self._bus.ask(*_PORTAL, "Lookup", "s", (place,), lambda body: deliver(loop, future, _read(body, place)))
        return future


def _bare(url: str) -> str | None:
    """scheme://host:port/ of an address: where the way goes, and nothing of what is sent there."""
    try:
        scheme, host, port = origin(url)
        host = host.encode("idna").decode("ascii")
    except ValueError:
        return None
    if port is None or not _SPEAKABLE.fullmatch(host):
        return None
    return f"{scheme}://[{host}]:{port}/" if ":" in host else f"{scheme}://{host}:{port}/"


def _read(body: Body | None, place: str) -> Choice | None:
    """The first of the portal's ways that can be gone; else the first; None if there is none. Never raises: it runs
    in the bus's thread."""
    listed = body[0] if body else None
    ways = [way for way in listed if _is_way(way)] if isinstance(listed, list) else []
    way = next((way for way in ways if speaks(way) or _is_direct(way)), ways[0] if ways else None)
    if way is None:
        return None
    if _is_direct(way):
        return Choice(None, tr("the desktop's settings name none for {host}", host=urlsplit(place).hostname))
    return Choice(way, tr("the desktop's settings name it"))


def _is_way(entry: Any) -> bool:
    """Whether an entry is an address that can be taken apart. GNOME gives the port 0 where none was typed in."""
    try:
        parts = urlsplit(entry) if isinstance(entry, str) else None
        return parts is not None and (parts.scheme == _DIRECT or bool(parts.hostname and parts.port != 0))
    except ValueError:
        return False


def _is_direct(way: str) -> bool:
    return urlsplit(way).scheme == _DIRECT
