"""Powabase's loose values: members that may be missing, messages that are lists of parts, keys that are JWTs."""

from __future__ import annotations

import re
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from desktop.core.events import Part
from desktop.core.language import tr, trn
from desktop.core.requests import Image
from desktop.core.wire.jsontext import compact, parse

Obj = dict[str, Any]
_PICTURES = ("image_url", "image", "input_image", "image_ref")
_CUT_PARTS = re.compile(r'\s*\[\{"(type|text|image_url)":')
_CUT_TEXT = re.compile(r'"text":\s*"((?:[^"\\]|\\.)*)')
_SOON = 15 * 60  # seconds before its end from which a key's end is worth a warning


def obj(value: Any) -> Obj:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def rows(value: Any) -> list[Obj]:
    """The objects of a list; nothing for anything else."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def whole(data: Obj, *keys: str) -> int | None:
    """The first whole number among these members."""
    for key in keys:
        value = data.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1:
            return int(value)
    return None


def duration(data: Obj) -> float | None:
    """`duration_ms`, where it is a number."""
    value = data.get("duration_ms")
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def piece(data: Obj, *keys: str) -> str:
    """The first string among these members, also an empty one; "" without any."""
    return next((data[key] for key in keys if isinstance(data.get(key), str)), "")


def parts_of(value: Any) -> list[Obj] | None:
    """The content parts of a message or a tool's result: a list of typed objects, or its JSON text. None if it is
    something else."""
    if isinstance(value, str) and value.lstrip().startswith("[{"):
        try:
            value = parse(value)
        except ValueError:
            return None
    if not isinstance(value, list) or not value:
        return None
    typed = [part for part in value if isinstance(part, dict) and isinstance(part.get("type"), str)]
    known = [part for part in typed if part["type"] in ("text", "input_text", *_PICTURES)]
    return typed if known and len(typed) == len(value) else None


def spoken(value: Any) -> tuple[str, tuple[Image, ...]]:
    """A message's text and pictures. A picture that is only named leaves a placeholder in the text."""
    if (parts := parts_of(value)) is None:
        return value if isinstance(value, str) else "" if value is None else compact(value), ()
    texts: list[str] = []
    images: list[Image] = []
    for part in parts:
        if part["type"] in ("text", "input_text"):
            texts.append(piece(part, "text"))
        elif found := _embedded(_address(part)):
            images.append(Image(tr("picture {number}", number=len(images) + 1), *found))
        else:
            texts.append("[picture]" if part["type"] in _PICTURES else f"[{part['type']}]")
    return "\n".join(filter(None, texts)), tuple(images)


def title_of(value: Any) -> str:
    """A session's title from its first message, which may be a list of parts and may be cut off in the middle."""
    cut = isinstance(value, str) and _CUT_PARTS.match(value) is not None and parts_of(value) is None
    if not cut:
        text, images = spoken(value)
        return " ".join(text.split()) or ("[picture]" if images else "")
    texts = (_literal(f'"{found}"') for found in _CUT_TEXT.findall(value))
    return " ".join(" ".join(texts).split()) or "[picture]"


def _literal(literal: str) -> str:
    """The text of a JSON string literal; what is cut in the middle of an escape stays as it is."""
    try:
        return str(parse(literal))
    except ValueError:
        return literal.strip('"')


def shown(parts: Iterable[Obj]) -> tuple[Part, ...]:
    """A tool's result, part by part."""
    out: list[Part] = []
    for part in parts:
        if part["type"] in ("text", "input_text"):
            out.append(Part("text", text=piece(part, "text")))
        elif found := _embedded(_address(part)):
            out.append(Part("image", media=found[0], data=found[1]))
        elif part["type"] in _PICTURES:
            out.append(Part("image", url=_address(part) or None, text="[picture]"))
    return tuple(out)


def _address(part: Obj) -> str:
    held = part.get("image_url", part.get("url"))
    return piece(held, "url") if isinstance(held, dict) else held if isinstance(held, str) else ""


def _embedded(url: str) -> tuple[str, bytes] | None:
    """(media type, bytes) of a `data:` address in base64."""
    head, comma, data = url.partition(",")
    if not comma or not head.startswith("data:") or not head.endswith(";base64"):
        return None
    try:
        return head[5:-7].split(";")[0] or "image/png", b64decode(data, validate=True)
    except ValueError:
        return None


def claims(key: str | None) -> Obj:
    """What a key says of itself if it is a JWT (nothing is verified here); else nothing."""
    pieces = (key or "").split(".")
    if len(pieces) != 3:
        return {}
    try:
        return obj(parse(urlsafe_b64decode(pieces[1] + "=" * (-len(pieces[1]) % 4)).decode()))
    except ValueError:
        return {}


def role_warning(key: str | None) -> str:
    """Words if the key opens the whole project, else ""."""
    if claims(key).get("role") != "service_role":
        return ""
    return tr(
        "This is the project's service role key: whoever has it is administrator of the whole project. "
        "For daily use, sign in as a user and take that user's token."
    )


def expiry_warning(key: str | None, headers: Mapping[str, str]) -> str:
    """Words if the key has run out or soon will, by the clock of the server that sent these headers; else ""."""
    ends = claims(key).get("exp")
    try:
        left = float(ends) - parsedate_to_datetime(headers.get("date", "")).timestamp()  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return ""
    if left <= 0:
        return tr("The key of this connection has run out. Sign in again and put the new token in.")
    if left > _SOON:
        return ""
    minutes = max(1, round(left / 60))
    return trn(
        "The key of this connection runs out in {n} minute. Have a new token ready.",
        "The key of this connection runs out in {n} minutes. Have a new token ready.",
        minutes,
    )


def expiry_words(key: str | None) -> str:
    """Until when a key is good, if it says so; else ""."""
    try:
        ends = datetime.fromtimestamp(float(claims(key)["exp"]), UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return ""
    return tr("The key is good until {when} UTC.", when=f"{ends:%Y-%m-%d %H:%M}")
