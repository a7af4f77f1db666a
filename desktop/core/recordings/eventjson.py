"""Events as JSON and back: for `--json`, the history store and recordings."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from desktop.core.events import KINDS, AnyEvent, Event

if TYPE_CHECKING:
    from pydantic import TypeAdapter  # imported when something is read, so that writing costs no start

_adapters: dict[str, TypeAdapter[Any]] = {}
_ALWAYS = ("text", "editable")  # said even when empty


def to_json(event: Event, exact: bool = False) -> dict[str, Any]:
    """`kind` first, then the fields that are not empty, and those that are never optional. Bytes become base64 text.
    With `exact` only what equals its default is left out, so that `from_json` gives an equal event."""
    keep = ("data",) if event.kind == "raw" else _ALWAYS
    return {"kind": event.kind, **_object(event, exact, keep)}


def from_json(data: Mapping[str, Any]) -> AnyEvent:
    """The event of such an object. Raises ValueError for an unknown kind or wrong fields."""
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"unknown kind of event: {kind!r}")
    adapter = _adapters.get(kind)
    if adapter is None:
        from pydantic import TypeAdapter

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
    return value is None or value is False or value in ([], (), "")


def _object(value: Any, exact: bool, keep: tuple[str, ...] = ()) -> dict[str, Any]:
    said = ((field, getattr(value, field.name)) for field in fields(value))
    return {f.name: _plain(v, exact) for f, v in said if (f.name in keep and not exact) or _says(f, v, exact)}


def _says(field: Field[Any], value: Any, exact: bool) -> bool:
    if field.default is MISSING:  # never left out, or the event could not be read back
        return True
    if exact:
        return value is not field.default and (type(value) is not type(field.default) or value != field.default)
    return not _empty(value)


def _plain(value: Any, exact: bool) -> Any:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if is_dataclass(value) and not isinstance(value, type):
        return _object(value, exact)
    if isinstance(value, (list, tuple)):
        return [_plain(v, exact) for v in value]
    if isinstance(value, dict):
        return {str(k): _plain(v, exact) for k, v in value.items()}
    return value
