"""Events of the types they promise, whatever a server put where: what does not fit an optional field is left out."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields, is_dataclass, replace
from functools import cache
from math import isfinite
from typing import Any, TypeVar, get_args, get_type_hints

from desktop.core.asks.visible import json_text
from desktop.core.wire.jsontext import is_deep

_MOST = 2**63  # beyond it numbers can neither be stored nor formatted
_PLAIN = (str, int, float, bool)
T = TypeVar("T")


@cache
def _promises(kind: Any) -> tuple[tuple[Field[Any], tuple[type, ...], bool], ...]:
    """(field, what it holds, whether it holds many of it) of the fields that hold plain values or small objects of
    ours. Any and bytes are left to those who make them."""
    hints = get_type_hints(kind)
    found = []
    for field in fields(kind):
        hint = hints[field.name]
        many = getattr(hint, "__origin__", None) is tuple
        options = get_args(hint) or (hint,)
        types = tuple(o for o in options if o in _PLAIN or (isinstance(o, type) and is_dataclass(o)))
        if types and all(o in types or o in (type(None), Ellipsis) for o in options):
            found.append((field, types, many))
    return tuple(found)


@cache
def _open_fields(kind: Any) -> tuple[str, ...]:
    """The fields that hold whatever JSON a server sent."""
    return tuple(name for name, hint in get_type_hints(kind).items() if "Any" in str(hint))


def fit(thing: T) -> T:
    """The event, or a part of one. JSON that is nested too deeply becomes its text. Raises TypeError if a field that
    it cannot do without holds something else."""
    kind: Any = type(thing)
    held = ((name, getattr(thing, name)) for name in _open_fields(kind))
    wrong: dict[str, Any] = {name: json_text(value) for name, value in held if is_deep(value)}
    for field, types, many in _promises(kind):
        value = getattr(thing, field.name)
        if value is None or value == ():
            continue
        right = tuple(v for v in map(fitting(types), value) if v is not None) if many else fitting(types)(value)
        if right is None and field.default is MISSING:
            raise TypeError(f"{field.name} is no {types[0].__name__}")
        if right is not value and right != value:
            wrong[field.name] = field.default if right is None else right
    return replace(thing, **wrong) if wrong else thing  # type: ignore[type-var]


@cache
def fitting(types: tuple[type, ...]) -> Any:
    """A function that gives a value back if it is of these types, else None."""
    numbers = int in types or float in types

    def check(value: Any) -> Any:
        kind = type(value)
        if kind is str or kind is bool:
            return value if kind in types else None
        if kind is int:
            return value if numbers and -_MOST < value < _MOST else None
        if kind is float:
            return value if float in types and isfinite(value) else None
        return fit(value) if kind in types else None

    return check
