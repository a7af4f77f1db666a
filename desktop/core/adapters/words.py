"""Words for what servers answer when they do not stream."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from typing import Any

from desktop.core.events import Failure
from desktop.core.language import mark, number, tr, trn
from desktop.core.requests import Reply
from desktop.core.wire.jsontext import clean, parse

_LONGEST = 300
_KEYS = ("message", "detail", "error", "error_description", "msg", "title", "text")
_STATUS = {
    400: mark("The server did not accept the request."),
    401: mark("The server wants a valid key. Check the key of this connection."),
    402: mark("The account's budget or credit is used up."),
    403: mark("The key is valid but may not do this."),
    404: mark("There is nothing at this address. Check the address and the agent."),
    408: mark("The server gave up waiting."),
    413: mark("The message is too large for this server."),
    415: mark("The server does not take this kind of content."),
    422: mark("The server did not accept the message's form."),
    429: mark("The server is asked too often right now. Wait and send again."),
    500: mark("The server failed."),
    502: mark("The gateway got no good answer from the agent's server."),
    503: mark("The server is not ready. Try again in a while."),
    504: mark("The gateway waited too long for the agent's server."),
}


def failure_of(reply: Reply) -> Failure:
    """The failure that a reply tells, in words: what the status means, then what the server said of it."""
    if reply.failure is not None:
        return reply.failure
    if 300 <= reply.status < 400:
        words = tr("The server points to another address. Redirects are not followed, so that no key leaves this one.")
        return Failure(words, code="redirect", http=reply.status)
    meaning = _STATUS.get(reply.status) or _STATUS.get(reply.status // 100 * 100) or mark("The server refused.")
    words = with_said(tr(meaning), said_by(reply))
    return Failure(words, code=_code(reply), http=reply.status, retry_after=retry_after(reply.headers))


def with_said(words: str, said: str | None) -> str:
    """A sentence of ours, and what the server says of it, if it does."""
    return tr("{words} It says: {said}", words=words, said=said) if said else words


def said_by(reply: Reply) -> str:
    """What the server itself said, as one line of plain text; markup is never shown."""
    text = reply.body[:65536].decode("utf-8", "replace").strip()
    if not text:
        return ""
    if is_page(reply):
        found = re.search(r"<p>(.*?)</p>", text, re.S | re.I) or re.search(r"<title>(.*?)</title>", text, re.S | re.I)
        return _line(unescape(re.sub(r"<[^>]*>", "", found.group(1)))) if found else ""
    try:
        return _line(message_in(clean(parse(text))))
    except ValueError:
        return _line(text)


def message_in(data: Any) -> str:
    """The sentence in an error object, whatever its shape: nested objects, lists of validation errors, strings."""
    if isinstance(data, str):
        return data
    if isinstance(data, list):
        return "; ".join(filter(None, (message_in(entry) for entry in data[:3])))
    if isinstance(data, dict):
        where = data.get("loc")
        prefix = ".".join(str(p) for p in where) + ": " if isinstance(where, list) else ""
        for key in _KEYS:
            if found := message_in(data.get(key)):
                return prefix + found
    return ""


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a Retry-After header; None for dates and nonsense."""
    value = headers.get("retry-after", "").strip()
    return float(value) if value.isdigit() and len(value) < 7 else None


def media_type(headers: Mapping[str, str]) -> str:
    """The content type without its parameters, in lower case."""
    return headers.get("content-type", "").split(";")[0].strip().lower()


def is_page(reply: Reply) -> bool:
    """Whether the body is a web page."""
    start = reply.body[:256].lstrip().lower()
    return start.startswith((b"<!doctype", b"<html", b"<h1", b"<body", b"<head"))


def size_words(count: int) -> str:
    """A number of bytes as people write it."""
    for unit, size in (("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)):
        if count >= size:
            return f"{number(count / size, form='.4g')} {unit}"
    return trn("{n} byte", "{n} bytes", count)


def first_text(data: Any, keys: tuple[str, ...]) -> str:
    """The first non-empty string among these keys of an object; "" if there is none."""
    if isinstance(data, dict):
        for key in keys:
            value = data.get(key)
            if isinstance(value, str) and value:
                return value
    return ""


def _code(reply: Reply) -> str | None:
    return {401: "key", 402: "budget", 403: "forbidden", 404: "not-found", 429: "rate"}.get(reply.status, "http")


def _line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
