"""Take secrets out of what is kept of the wire: requests, heads and bodies.

Two rules meet. What is *known* to be secret (a connection's key, and every token that a reply gave) is removed
wherever it stands, in the forms in which it can be written. What is *named* like a secret (headers, query parameters,
JSON members) is removed whatever it holds. Bytes keep their length, so that sizes and cuts stay true.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, urlencode, urlsplit, urlunsplit

from desktop.core.requests import Base64Image, Image, Secrets

REMOVED = "[removed]"
_SHORTEST = 4  # characters; a shorter one would be found in ordinary words
_NAMES = r"auth|cookie|token|secret|passw|pwd|api[-_]?key|credential|jwt|signature"
_NAMED = re.compile(_NAMES, re.IGNORECASE)
_COUNTED = re.compile(r"tokens|token_?(count|limit|budget|usage)|author\b", re.IGNORECASE)
_MEMBER = re.compile(
    rb'"([A-Za-z0-9_-]*(?:' + _NAMES.encode() + rb')[A-Za-z0-9_-]*)"\s*:\s*"((?:[^"\\]|\\.)+)"', re.IGNORECASE
)
_DATA_URL = re.compile(r"data:([\w/+.-]+);base64,([A-Za-z0-9+/=]{64,})")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{512,}={0,2}")


def sounds_secret(name: str) -> bool:
    """Whether a header, parameter or member of this name holds a secret. Counts of tokens do not."""
    return _NAMED.search(name) is not None and _COUNTED.search(name) is None


def picture_mark(image: Image) -> str:
    """What stands in a recording where a picture was."""
    return f"sha256:{image.sha256}"


class Redactor:
    """Knows the secrets of one session; learns those that replies give."""

    def __init__(self) -> None:
        self._known: dict[str, None] = {}
        self._forms: tuple[bytes, ...] = ()
        self.longest = 0  # bytes of the longest form; 0 while nothing is known

    def learn(self, secrets: Secrets) -> None:
        """What the keyring holds for the connection. Its user names count too: they are nobody's business."""
        self.learn_values(filter(None, (secrets.key, *secrets.extra.values())))

    def learn_values(self, values: Iterable[str]) -> None:
        """More values that must not be kept."""
        before = len(self._known)
        self._known.update(dict.fromkeys(v for v in values if len(v) >= _SHORTEST and v != REMOVED))
        if len(self._known) > before:
            forms = {form.encode("utf-8", "replace") for value in self._known for form in _forms(value)}
            self._forms = tuple(sorted(forms, key=len, reverse=True))
            self.longest = len(self._forms[0])

    # ---- text and values

    def text(self, text: str) -> str:
        """The text without known secrets."""
        for form in self._forms:
            if (plain := form.decode("utf-8", "replace")) in text:
                text = text.replace(plain, REMOVED)
        return text

    def value(self, value: Any) -> Any:
        """A JSON value without secrets, and with marks for pictures."""
        if isinstance(value, str):
            return self.text(_without_pictures(value))
        if isinstance(value, Mapping):
            return {self.text(str(k)): self._member(str(k), v) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(v) for v in value]
        return picture_mark(value.image) if isinstance(value, Base64Image) else value

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Headers with the values of secret ones removed."""
        return {name: self._header(name, value) for name, value in headers.items()}

    def url(self, url: str) -> str:
        """An address without user info and secret parameters."""
        try:
            parts = urlsplit(url)
            query = parse_qsl(parts.query, keep_blank_values=True)
        except ValueError:
            return self.text(url)
        if any(sounds_secret(name) for name, _ in query):
            kept = [(name, REMOVED if sounds_secret(name) else value) for name, value in query]
            parts = parts._replace(query=urlencode(kept, safe="[]"))
        if "@" in parts.netloc:
            parts = parts._replace(netloc=f"{REMOVED}@{parts.netloc.rpartition('@')[2]}")
        return self.text(urlunsplit(parts))

    def _member(self, name: str, value: Any) -> Any:
        return REMOVED if isinstance(value, str) and value and sounds_secret(name) else self.value(value)

    def _header(self, name: str, value: str) -> str:
        if sounds_secret(name):
            return REMOVED
        clean = self.text(value)
        if clean != value:
            return REMOVED
        return self.url(value) if "://" in value else value

    # ---- bytes

    def find(self, data: bytes | bytearray) -> list[tuple[int, int]]:
        """(start, end) of each known secret in the bytes."""
        found = []
        for form in self._forms:
            at = data.find(form)
            while at >= 0:
                found.append((at, at + len(form)))
                at = data.find(form, at + 1)
        return found

    def holds(self, data: bytes | bytearray) -> bool:
        """Whether any known secret stands in the bytes."""
        return any(form in data for form in self._forms)

    def whole(self, body: bytes) -> bytes:
        """The body of an answer that was read whole, of the same length. Its members that are named like secrets are
        masked, and remembered as secrets."""
        spots = [match.span(2) for match in _MEMBER.finditer(body) if sounds_secret(match[1].decode("latin-1"))]
        self.learn_values(_plain(body[a:b]) for a, b in spots)
        return mask(body, [*spots, *self.find(body)])


def mask(data: bytes, spots: Iterable[tuple[int, int]]) -> bytes:
    """The bytes with asterisks in these places."""
    changed = bytearray(data)
    for start, end in spots:
        changed[start:end] = b"*" * (end - start)
    return bytes(changed)


def _forms(value: str) -> set[str]:
    """The ways in which a secret can be written in headers, addresses and JSON."""
    escaped = json.dumps(value)[1:-1]
    return {
        value,
        escaped,
        json.dumps(value, ensure_ascii=False)[1:-1],
        escaped.replace("/", "\\/"),
        quote(value, safe=""),
        quote(value),
        quote_plus(value),
        b64encode(value.encode("utf-8", "replace")).decode(),
    }


def _plain(escaped: bytes) -> str:
    text = escaped.decode("utf-8", "replace")
    try:
        return str(json.loads(f'"{text}"'))
    except ValueError:
        return text


def _without_pictures(text: str) -> str:
    if len(text) < 64:
        return text
    from base64 import b64decode

    def marked(found: re.Match[str]) -> str:
        try:
            data = b64decode(found[0] if found.re is _BASE64 else found[2], validate=True)
            return picture_mark(Image("", "", data))
        except ValueError:
            return found[0]

    if "base64," in text:
        return _DATA_URL.sub(marked, text)
    return marked(found) if (found := _BASE64.fullmatch(text)) else text
