"""Events as JSON and back: for `--json`, the history store and recordings."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from pydantic import TypeAdapter

from desktop.core.events import KINDS, AnyEvent, Event

_adapters: dict[str, TypeAdapter[Any]] = {}


def to_json(event: Event) -> dict[str, Any]:
    """`kind` first, then the fields that are not empty. Bytes become base64 text. `False` of `editable` and the like is
    left out too; `text` and `data` stay even when empty."""
    out: dict[str, Any] = {"kind": event.kind}
    for field in fields(event):
        value = _plain(getattr(event, field.name))
        if field.name in ("text", "data", "status") or not _empty(value):
            out[field.name] = value
    return out


def from_json(data: Mapping[str, Any]) -> AnyEvent:
    """The event of such an object. Raises ValueError for an unknown kind or wrong fields."""
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"unknown kind of event: {kind!r}")
    adapter = _adapters.get(kind)
    if adapter is None:
        adapter = _adapters[kind] = TypeAdapter(KINDS[kind])
    values = {name: value for name, value in data.items() if name not in ("kind", "seq", "t", "at")}
    if isinstance(values.get("data"), str) and kind == "file":
        values["data"] = b64decode(values["data"])
    for part in values.get("parts") or ():
        if isinstance(part.get("data"), str):
            part["data"] = b64decode(part["data"])
    event: AnyEvent = adapter.validate_python(values)
    return event


def _empty(value: Any) -> bool:
    return value is None or value is False or value == [] or value == ""


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(v) for f in fields(value) if not _empty(v := getattr(value, f.name))}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    return value
