"""Forms from JSON schema: the flat ones that servers send (an object of strings, numbers, yes/no and choices)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from desktop.core import language
from desktop.core.language import mark, tr

FieldKind = Literal["text", "number", "integer", "bool", "one", "many", "json"]
_PLAIN: dict[str, FieldKind] = {"string": "text", "number": "number", "integer": "integer", "boolean": "bool"}


@dataclass(frozen=True, slots=True)
class FormField:
    """One thing to fill in. `options` are (value, label) for kinds one and many; `least` and `most` bound a number, the
    length of a text or how many are chosen."""

    name: str
    label: str
    kind: FieldKind
    required: bool = False
    help: str = ""
    default: Any = None
    options: tuple[tuple[Any, str], ...] = ()
    least: float | None = None
    most: float | None = None
    pattern: str | None = None


def fields_of(schema: Any) -> tuple[FormField, ...]:
    """The fields of an object schema, in order; none where the schema is no such thing."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict):
        return ()
    required = schema.get("required")
    needed = set(map(str, required)) if isinstance(required, list) else set()
    described = ((str(name), about if isinstance(about, dict) else {}) for name, about in properties.items())
    return tuple(_field(name, about, name in needed) for name, about in described)


def check(field: FormField, value: Any) -> str | None:
    """Why a value does not fit its field, in words; None if it does. `value` is None where nothing was filled in."""
    if value is None or value == "" or value == []:
        return tr("“{label}” is needed.", label=field.label) if field.required else None
    match field.kind:
        case "number" | "integer":
            known = isinstance(value, int | float)
            return _bounds(field, value) if known else tr("“{label}” takes a number.", label=field.label)
        case "text":
            return _bounds(field, len(value)) or _pattern(field, value)
        case "many":
            return _bounds(field, len(value))
        case _:
            return None


def number(text: str, kind: FieldKind) -> int | float | str | None:
    """What a person typed as a number; the text itself where it is none; None where it is empty."""
    typed = text.strip()
    if not typed:
        return None
    try:
        found = int(typed) if kind == "integer" else float(typed)
    except ValueError:
        return typed
    return found if math.isfinite(found) else typed


def conforms(value: Any, schema: Any) -> str | None:
    """Why edited arguments do not fit their schema, in words; None if they do or there is nothing to check."""
    if not isinstance(schema, Mapping) or not isinstance(value, dict):
        return None
    for field in fields_of(schema):
        found = value.get(field.name)
        if trouble := check(field, found) or _wrong_type(field, found):
            return trouble
    return None


def _field(name: str, about: dict[str, Any], required: bool) -> FormField:
    kind, options = _kind(about)
    low, high = {
        "text": ("minLength", "maxLength"), "many": ("minItems", "maxItems"),
    }.get(kind, ("minimum", "maximum"))  # fmt: skip
    pattern = about.get("pattern")
    return FormField(
        name=name,
        label=str(about.get("title") or name),
        kind=kind,
        required=required,
        help=str(about.get("description") or ""),
        default=about.get("default"),
        options=options,
        least=_figure(about.get(low)),
        most=_figure(about.get(high)),
        pattern=pattern if isinstance(pattern, str) else None,
    )


def _kind(about: dict[str, Any]) -> tuple[FieldKind, tuple[tuple[Any, str], ...]]:
    if options := _options(about):
        return "one", options
    items = about.get("items")
    if about.get("type") == "array" and isinstance(items, dict) and (options := _options(items)):
        return "many", options
    stated = about.get("type", "string")
    kinds = stated if isinstance(stated, list) else [stated]
    return next((_PLAIN[kind] for kind in kinds if kind in _PLAIN), "json"), ()


def _options(about: dict[str, Any]) -> tuple[tuple[Any, str], ...]:
    named = about.get("oneOf") or about.get("anyOf")
    if isinstance(named, list) and named and all(isinstance(n, dict) and "const" in n for n in named):
        return tuple((n["const"], str(n.get("title") or n["const"])) for n in named)
    values, names = about.get("enum"), about.get("enumNames")
    if not isinstance(values, list):
        return ()
    labels = names if isinstance(names, list) and len(names) == len(values) else values
    return tuple((value, str(label)) for value, label in zip(values, labels, strict=True))


def _figure(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


_LEAST = {
    "text": mark("“{label}” takes at least {bound} characters."),
    "many": mark("“{label}” takes at least {bound} choices."),
}
_MOST = {
    "text": mark("“{label}” takes at most {bound} characters."),
    "many": mark("“{label}” takes at most {bound} choices."),
}


def _bounds(field: FormField, size: float) -> str | None:
    if field.least is not None and size < field.least:
        words = _LEAST.get(field.kind, mark("“{label}” takes at least {bound}."))
        return tr(words, label=field.label, bound=language.number(field.least, form="g"))
    if field.most is not None and size > field.most:
        words = _MOST.get(field.kind, mark("“{label}” takes at most {bound}."))
        return tr(words, label=field.label, bound=language.number(field.most, form="g"))
    return None


def _pattern(field: FormField, value: str) -> str | None:
    """Only simple patterns are tried: a server's pattern with nested repetition could hang the window."""
    if field.pattern is None or re.search(r"\)[*+?{]", field.pattern) or len(re.findall(r"[*+{]", field.pattern)) > 2:
        return None
    try:
        fits = re.search(field.pattern, value[:300]) is not None
    except re.error:
        return None
    return (
        None
        if fits
        else tr(
            "“{label}” is not in the form that the agent asks for ({pattern}).",
            label=field.label,
            pattern=field.pattern,
        )
    )


def _wrong_type(field: FormField, value: Any) -> str | None:
    kinds: dict[str, tuple[type, ...]] = {"text": (str,), "bool": (bool,), "many": (list,)}
    if value is None or field.kind not in kinds or isinstance(value, kinds[field.kind]):
        return None
    return tr("“{label}” has the wrong type.", label=field.label)
