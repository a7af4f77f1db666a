"""Words for what goes over the wire: a frame's name, an event in one line, a request for the shell."""

from __future__ import annotations

import json
import shlex
from dataclasses import fields
from typing import Any

from desktop.core.events import AnyEvent, Raw, RunEnded, TextDelta, TextSet
from desktop.core.recordings.recording import Requested, pretty
from desktop.core.wire.jsontext import compact, parse

_NAMES = ("event", "type", "kind", "object")
_LINE = 120  # characters


def frame_name(data: bytes) -> str:
    """What a frame calls itself: its SSE event, else the member of its JSON that says it."""
    name, comment, found = "", False, ""
    for line in data[:4096].splitlines():
        field, colon, value = line.partition(b":")
        if colon and not field:
            comment = True
        elif field == b"event":
            name = _text(value)
        elif not found and field == b"data":
            found = _said(data, value)
        elif not found and line[:1] == b"{":
            found = _member(data.strip())
    return name or found or ("comment" if comment else "")


def _said(frame: bytes, value: bytes) -> str:
    value = value.strip()
    if value == b"[DONE]":
        return "[DONE]"
    return _member(payload(frame).encode()) or "message"


def _member(text: bytes) -> str:
    try:
        value = parse(text.decode("utf-8", "replace"))
    except ValueError:
        return ""
    if not isinstance(value, dict):
        return ""
    return next((str(value[n]) for n in _NAMES if isinstance(value.get(n), str)), "")


def payload(frame: bytes) -> str:
    """What a frame carries, without its dress."""
    lines = frame.decode("utf-8", "replace").removeprefix("\ufeff").splitlines()
    data = [line[5:].removeprefix(" ") for line in lines if line.startswith("data:")]
    return "\n".join(data) if data else "\n".join(lines).strip()


def readable(data: bytes) -> str:
    """The same for reading: JSON with its structure, anything else as it is."""
    text = payload(data)
    try:
        return pretty(parse(text))
    except ValueError:
        return text


def event_line(event: AnyEvent) -> str:
    """One event in a line: its kind, then what it says."""
    match event:
        case TextDelta() | TextSet():
            said = f"{event.channel} “{event.text[:_LINE]}”"
        case Raw():
            said = f"unknown: {event.name}"
        case RunEnded():
            said = " ".join(filter(None, (event.status, event.error.text if event.error else "")))
        case _:
            named = (getattr(event, f.name) for f in fields(event) if f.name not in ("source_id", "source_time"))
            said = ", ".join(_short(value) for value in named if value not in (None, "", (), False))
    path = f" [{' › '.join(event.path)}]" if event.path else ""
    return " ".join(f"{event.kind}{path} {said}".split())[: 2 * _LINE]


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else f"{len(value)} bytes" if isinstance(value, bytes) else compact(value)
    return text if len(text) <= 40 else text[:39] + "…"


def as_curl(request: Requested) -> str:
    """The request as a command for a shell, with marks where secrets and pictures were."""
    words = ["curl", "--no-buffer"] if request.stream else ["curl"]
    if request.method != "GET" or request.body is not None:
        words += ["--request", request.method]
    words.append(request.url)
    for name, value in request.headers.items():
        words += ["--header", f"{name}: {value}"]
    if request.body is not None:
        if not any(name.lower() == "content-type" for name in request.headers):
            words += ["--header", "Content-Type: application/json"]
        words += ["--data-raw", json.dumps(request.body)]
    return " ".join(shlex.quote(word) for word in words)


def _text(value: bytes) -> str:
    return value.strip().decode("utf-8", "replace")
