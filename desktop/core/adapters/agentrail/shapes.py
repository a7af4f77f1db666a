"""The shapes inside Agentrail's frames: messages and their blocks, tool results, figures, attachments."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as BadBase64
from collections.abc import Iterator
from typing import Any, Literal

from desktop.core.adapters.words import first_text
from desktop.core.events import Part, ToolStatus, Usage
from desktop.core.language import tr
from desktop.core.requests import Base64Image, Image

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def blocks(content: Any) -> list[dict[str, Any]]:
    """The blocks of a message or tool result: a list of objects, or one text."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []


def text_in(content: Any) -> str:
    """The text of the blocks, joined by line ends."""
    return "\n".join(filter(None, (first_text(b, ("text",)) for b in blocks(content) if b.get("type") == "text")))


def picture(block: dict[str, Any]) -> tuple[str, bytes | None, str | None] | None:
    """(MIME type, bytes, address) of an image block; None for other blocks. Its fields were never seen: the three
    spellings that are in use elsewhere are tried."""
    if block.get("type") != "image":
        return None
    media = first_text(block, ("mimeType", "mediaType", "media_type")) or "image/png"
    coded = first_text(block, ("data", "base64"))
    if not coded:
        url = first_text(block, ("url",))
        return (media, None, url) if url else None
    try:
        return media, b64decode(coded.partition("base64,")[2] or coded, validate=True), None
    except (BadBase64, ValueError):
        return None


def result_text(result: Any) -> str:
    """The text of a tool's result, partial or whole."""
    return text_in(result.get("content") if isinstance(result, dict) else result)


def result_of(result: Any, is_error: bool | None) -> tuple[ToolStatus, Any, tuple[Part, ...], str | None]:
    """(status, result, parts, error) of a finished call. A result of text alone is that text; one with details
    stays whole. Without a flag, an object whose first key is `error` is an error."""
    if is_error is None:
        is_error = isinstance(result, dict) and next(iter(result), None) == "error"
    content = result.get("content") if isinstance(result, dict) else result
    text = result_text(result)
    found = [picture(block) for block in blocks(content)]
    parts = tuple(Part("image", media=p[0], data=p[1], url=p[2]) for p in found if p is not None)
    plain = isinstance(result, dict) and not result.get("details") and (text or parts or content == [])
    value = (text or None) if plain else result
    if not is_error:
        return "ok", value, parts, None
    words = text or first_text(result, ("error", "message")) or tr("The tool gave no reason.")
    return "error", None if value == words else value, parts, words


def usage_of(usage: Any, scope: Literal["call", "run"]) -> Usage | None:
    """The figures of a message or run. None if there are none; a cost of 0 means that it is not known."""
    if not isinstance(usage, dict):
        return None
    cost = usage.get("cost")
    total = cost.get("total") if isinstance(cost, dict) else cost
    known = isinstance(total, int | float) and not isinstance(total, bool) and total > 0
    names = ("inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens")
    given = [count(usage.get(name)) for name in names]
    if not known and not any(given):
        return None
    return Usage(
        scope=scope, input=given[0], output=given[1], cached=given[2], cache_write=given[3],
        cost=total if known else None, currency="USD" if known else None,
    )  # fmt: skip


def count(value: Any) -> int | None:
    """A whole number, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def attachments(images: tuple[Image, ...]) -> Iterator[dict[str, Any]]:
    """The request's `attachments`. Bare base64: a `data:` prefix would be stored as a corrupt file. The server keeps
    files of one name over each other, so a piece of the content's hash is in the name."""
    taken: set[str] = set()
    for image in images:
        stem, dot, ending = _UNSAFE.sub("_", image.name).rpartition(".")
        stem, ending = (stem, dot + ending) if dot else (ending, "")
        base = f"{stem.strip('._')[:60] or 'picture'}-{image.sha256[:8]}"
        name, again = base + ending[:12], 1
        while name in taken:
            again += 1
            name = f"{base}-{again}{ending[:12]}"
        taken.add(name)
        yield {"name": name, "base64": Base64Image(image), "mimeType": image.media}
