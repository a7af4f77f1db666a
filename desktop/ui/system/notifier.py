"""Notifications of the desktop, with actions, by org.freedesktop.Notifications; else by the tray's bubble."""

from __future__ import annotations

import html
import os
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal

from desktop.core.language import tr
from desktop.services.system.session_bus import SessionBus

_SERVICE = ("org.freedesktop.Notifications", "/org/freedesktop/Notifications", "org.freedesktop.Notifications")
_NORMAL, _URGENT = 1, 2


class Notifier(QObject):
    """Signal `activated(str, str)`: the key of a notification and the action pressed on it ("default": itself).
    `ended(str)`: the key of one that is no longer shown. `unshown(str, str, str)`: key, title and body of one that the
    desktop has no place for; a tray may show it."""

    activated = Signal(str, str)
    ended = Signal(str)
    unshown = Signal(str, str, str)
    _answered = Signal(str, object)
    _able = Signal(object)
    _invoked = Signal(int, str)
    _closed = Signal(int)
    _token = Signal(int, str)

    def __init__(self, bus: SessionBus, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bus = bus
        self._can: frozenset[str] | None = None  # None until the desktop has been asked
        self._waiting: dict[str, tuple[str, str, tuple[tuple[str, str], ...], bool]] = {}
        self._shown: dict[str, tuple[str, str]] = {}  # key: title and body
        self._ids: dict[str, int] = {}  # key: the desktop's number
        self._answered.connect(self._take_id)  # these come from the bus's thread
        self._able.connect(self._take_abilities)
        self._invoked.connect(self._take_action)
        self._closed.connect(self._take_end)
        self._token.connect(self._take_token)

    def notify(
        self, key: str, title: str, body: str, actions: Sequence[tuple[str, str]] = (), urgent: bool = False
    ) -> None:
        """Show words; a second one with the same key takes the place of the first. `actions`: (id, label)."""
        if self._can is None:
            if not self._waiting:
                self._ask_abilities()
            self._waiting[key] = (title, body, tuple(actions), urgent)
        else:
            self._send(key, title, body, tuple(actions), urgent)

    def withdraw(self, key: str) -> None:
        """Take a notification away: it was answered elsewhere."""
        self._waiting.pop(key, None)
        self._shown.pop(key, None)
        if (number := self._ids.pop(key, None)) is not None:
            self._bus.ask(*_SERVICE, "CloseNotification", "u", (number,), lambda _: None)

    def _ask_abilities(self) -> None:
        path, interface = _SERVICE[1:]
        self._bus.listen(path, interface, "ActionInvoked", lambda body: self._invoked.emit(*body[:2]))
        self._bus.listen(path, interface, "NotificationClosed", lambda body: self._closed.emit(body[0]))
        self._bus.listen(path, interface, "ActivationToken", lambda body: self._token.emit(*body[:2]))
        self._bus.ask(*_SERVICE, "GetCapabilities", "", (), self._able.emit)

    def _take_abilities(self, body: tuple[Any, ...] | None) -> None:
        waiting, self._waiting = self._waiting, {}
        if body is None:  # asked again with the next one: a notification service may start later
            for key, (title, words, _, _) in waiting.items():
                self.unshown.emit(key, title, words)
            return
        self._can = frozenset(body[0])
        for key, given in waiting.items():
            self._send(key, *given)

    def _send(self, key: str, title: str, body: str, actions: tuple[tuple[str, str], ...], urgent: bool) -> None:
        can = self._can or frozenset()
        words = html.escape(body, quote=False) if "body-markup" in can else body
        pressed = [word for pair in (("default", tr("Open")), *actions) for word in pair] if "actions" in can else []
        hints = {"urgency": ("y", _URGENT if urgent else _NORMAL), "desktop-entry": ("s", "sluice"),
                 "category": ("s", "im.received")}  # fmt: skip
        self._shown[key] = (title, body)
        given = ("Sluice", self._ids.get(key, 0), "sluice", title, words, pressed, hints, -1)
        self._bus.ask(*_SERVICE, "Notify", "susssasa{sv}i", given, lambda answer: self._answered.emit(key, answer))

    def _take_id(self, key: str, body: tuple[Any, ...] | None) -> None:
        shown = self._shown.get(key)
        if body is None:
            self._can = None
            if shown is not None:
                self.unshown.emit(key, *shown)
        elif shown is None:  # withdrawn while it was on its way
            self._bus.ask(*_SERVICE, "CloseNotification", "u", (body[0],), lambda _: None)
        else:
            self._ids[key] = body[0]

    def _take_action(self, number: int, action: str) -> None:
        if (key := self._key(number)) is not None:
            self.activated.emit(key, action)

    def _take_token(self, number: int, token: str) -> None:
        """On Wayland a program may raise its window only with the token of the press; Qt takes it from here."""
        if self._key(number) is not None:
            os.environ["XDG_ACTIVATION_TOKEN"] = token

    def _take_end(self, number: int) -> None:
        if (key := self._key(number)) is not None:
            self._ids.pop(key)
            self._shown.pop(key, None)
            self.ended.emit(key)

    def _key(self, number: int) -> str | None:
        return next((key for key, held in self._ids.items() if held == number), None)
