"""What the desktop's portal says on how programs should look: dark or light, and whether things may move. Live."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal

from desktop.services.system.session_bus import SessionBus

_PORTAL = ("org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop", "org.freedesktop.portal.Settings")
_LOOKS = "org.freedesktop.appearance"
_GNOME = "org.gnome.desktop.interface"


class Portal(QObject):
    """Signals `dark_changed(object)`: True, False, or None where the desktop has no preference, and
    `still_changed(bool)`: whether motion should be reduced. Both are emitted when the first answer differs from what
    stands here: None and False."""

    dark_changed = Signal(object)
    still_changed = Signal(bool)
    _said = Signal(str, str, object)

    def __init__(self, bus: SessionBus, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.dark: bool | None = None
        self.still = False
        self._said.connect(self._take)  # from the bus's thread into this object's
        bus.listen(_PORTAL[1], _PORTAL[2], "SettingChanged", lambda body: self._said.emit(*body[:2], body[2][1]))
        for space, key in ((_LOOKS, "color-scheme"), (_LOOKS, "reduced-motion"), (_GNOME, "enable-animations")):
            self._read(bus, space, key)

    def _read(self, bus: SessionBus, space: str, key: str) -> None:
        def answered(body: tuple[Any, ...] | None) -> None:
            if body is not None:
                self._said.emit(space, key, _plain(body[0]))

        bus.ask(*_PORTAL, "Read", "ss", (space, key), answered)  # ReadOne is not in portals before 1.17

    def _take(self, space: str, key: str, value: object) -> None:
        value = _plain(value)
        if (space, key) == (_LOOKS, "color-scheme"):
            dark = {1: True, 2: False}.get(value) if isinstance(value, int) else None
            if dark is not self.dark:
                self.dark = dark
                self.dark_changed.emit(dark)
        elif (space, key) in ((_LOOKS, "reduced-motion"), (_GNOME, "enable-animations")):
            still = value == 1 if space == _LOOKS else value is False
            if still is not self.still:
                self.still = still
                self.still_changed.emit(still)


def _plain(value: Any) -> Any:
    """Out of D-Bus variants, which come as (signature, value); `Read` wraps its answer twice."""
    while isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):
        value = value[1]
    return value
