"""JSON from strangers: no recursion error, and no half characters where they would do harm."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from math import isfinite
from typing import Any, TypeVar

_HALF = re.compile("[\ud800-\udfff]")
_HALF_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_DIGITS = 300  # of a whole number that still fits a float
_DEEPEST = 200  # levels
T = TypeVar("T")


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) <= _DIGITS else digits


def _fraction(digits: str) -> float | str:
    number = float(digits)
    return number if isfinite(number) else digits


_decoder = json.JSONDecoder(parse_int=_whole, parse_float=_fraction, parse_constant=str)


def parse(text: str) -> Any:
    """The value of a JSON text. Raises ValueError for whatever is wrong with it, too deep nesting included. Numbers
    that no machine calculates with (NaN, 1e999, thousands of digits) stay the text that they are."""
    try:
        return _decoder.decode(text.removeprefix("\ufeff"))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def is_deep(value: Any) -> bool:
    """Whether a JSON value has more levels than can be walked through by recursion wherever it goes from here."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [one for held in level for one in _inside(held) if isinstance(one, dict | list)]
        if not level:
            return False
    return True


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def may_hold_halves(text: str) -> bool:
    """Whether a JSON text has surrogate escapes, so that `clean` is worth its time."""
    return _HALF_ESCAPE.search(text) is not None


def clean_text(text: str) -> str:
    """The text with surrogate pairs joined and lone halves as U+FFFD, so that it can be encoded."""
    if _HALF.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def clean(value: T) -> T:
    """The same value (JSON or dataclass) with every string in it fit for UTF-8."""
    result: Any = value
    if isinstance(value, str):
        result = clean_text(value)
    elif isinstance(value, dict):
        result = {clean(k): clean(v) for k, v in value.items()}
    elif isinstance(value, (list, tuple)):
        result = type(value)(clean(v) for v in value)
    elif is_dataclass(value) and not isinstance(value, type):
        result = replace(value, **{f.name: clean(getattr(value, f.name)) for f in fields(value)})
    return result  # type: ignore[no-any-return]


def compact(value: Any) -> str:
    """A value as one line of JSON in UTF-8, for showing and sending."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
