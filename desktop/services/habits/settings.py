"""The person's settings. Read before the first window is painted, so without pydantic: its import alone would take
longer than all the rest of this file's work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from desktop.core.errors import StoreTrouble
from desktop.core.language import mark, tr
from desktop.services.habits.jsonfile import JsonFile
from desktop.services.paths import Paths

ZOOM = (0.5, 3.0)
_Check = Callable[[Any], bool]


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_zoom(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and ZOOM[0] <= value <= ZOOM[1]


def _one_of(*allowed: str) -> _Check:
    return lambda value: value in allowed


def _is_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(v, str) for pair in value.items() for v in pair)


def _setting(default: Any, check: _Check) -> Any:
    return field(default=default, metadata={"check": check})


@dataclass
class Settings:
    """What can be set. `window_geometry` is Qt's own, as base64; `language` is None for the system's; `zoom` is a
    factor, 1.0 is 100 %. `sidebar`, `drawer` and `activity` say what is unfolded; `shortcuts` maps commands
    to the person's own keys; `current_tab` is the key of the tab in front; `split` is Qt's own, as base64; `outside`
    maps the keys of tabs that are not in the row to their places, as the window writes them."""

    theme: Literal["system", "light", "dark"] = _setting("system", _one_of("system", "light", "dark"))
    zoom: float = _setting(1.0, _is_zoom)
    reduced_motion: bool = _setting(False, _is_bool)
    language: str | None = _setting(None, _is_text)
    window_geometry: str | None = _setting(None, _is_text)
    sidebar: bool = _setting(True, _is_bool)
    drawer: bool = _setting(True, _is_bool)
    activity: bool = _setting(True, _is_bool)
    last_profile: str | None = _setting(None, _is_text)
    current_tab: str | None = _setting(None, _is_text)
    split: str | None = _setting(None, _is_text)
    outside: dict[str, str] = field(default_factory=dict, metadata={"check": _is_texts})
    shortcuts: dict[str, str] = field(default_factory=dict, metadata={"check": _is_texts})
    show_notifications: bool = _setting(True, _is_bool)
    check_for_updates: bool = _setting(False, _is_bool)


_CHECKS: dict[str, _Check] = {f.name: f.metadata["check"] for f in fields(Settings)}


class SettingsFile:
    """The settings and where they are kept. `trouble` is None, or one sentence on what is wrong with the file."""

    def __init__(self, paths: Paths) -> None:
        self._file = JsonFile(paths.settings_file, mark("settings"))
        self._unknown: dict[str, Any] = {}
        self.settings = Settings()
        self.trouble: str | None = None
        self._take(self._file.load())
        self.trouble = self._file.trouble or self.trouble
        self._saved = self._as_json()

    def save(self) -> None:
        """Write what changed; keys that a newer Sluice wrote are kept. What cannot be written holds for this run, and
        `trouble` says so: no start and no end fails for it."""
        data = self._as_json()
        if data == self._saved:
            return
        try:
            self._file.save(data)
        except StoreTrouble as error:
            self.trouble = error.headline
        else:
            self.trouble, self._saved = None, data

    def _take(self, data: dict[str, Any]) -> None:
        wrong = []
        for name, value in data.items():
            if name not in _CHECKS:
                self._unknown[name] = value
            elif _CHECKS[name](value):
                setattr(self.settings, name, value)
            else:
                wrong.append(name)
        if wrong:
            names = ", ".join(name.replace("_", " ") for name in wrong)
            self.trouble = tr(
                "Some settings could not be understood and have their usual values again: {names}.", names=names
            )

    def _as_json(self) -> dict[str, Any]:
        """Values that make no sense are left out."""
        values = {name: getattr(self.settings, name) for name in _CHECKS}
        return {**self._unknown, **{name: value for name, value in values.items() if _CHECKS[name](value)}}
