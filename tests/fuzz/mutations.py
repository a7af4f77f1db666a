"""Cases made of recordings: which one, read by which protocol, what was done to its bytes, and where they are cut."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from desktop.core.adapters import PROTOCOLS
from desktop.core.recordings.replay import parse_http
from tests.core.recordings import FOLDER

SNIPPETS: tuple[bytes, ...] = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n\n", b"\r\n\r\n", b"data:", b"data: [DONE]\n\n",
    b"event: error\n",
    b": ping\n\n", b"id: \x00\n", b"retry: 99999999999999999999\n", b'"\\ud800"', b'"\\udc00\\ud800"', b"NaN",
    b"-Infinity",
    b"1e999", b"123456789012345678901234567890" * 20, b"null", b"true", b"[]", b"{}", b"[[[[" * 2000, b'{"a":' * 2000,
    b'{"error":{"message":{}}}', b"data: null\n\n", b"data: 1\n\n", b'data: "x"\n\n', b"data: []\n\n", b"data: {}\n\n",
    b'{"type":[]}\n', b'{"event":{}}\n', "\u202e\u200b\U000e0041\u0085\u2028".encode(), b"\xed\xa0\x80", b"<html>",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 10**400, "", "x", "\ud800", "\x00", [], {}, [None], [[]], {"": None}, [{}],
    {"a": {"b": []}}, "null", "[1]", '{"a":1}', "9" * 400, [1, "x", None, {}], float("nan"), float("inf"),
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """`steps` are (what, where as a fraction, how long, which snippet or value); `cuts` are fractions."""

    protocol: str
    recording: tuple[str, str]
    steps: tuple[tuple[str, float, int, int], ...]
    cuts: tuple[float, ...]

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and the bytes of the body."""
        status, headers, body = load(*self.recording)
        for step in self.steps:
            body = changed(body, *step)
        return status, headers, body

    def pieces(self, body: bytes) -> list[bytes]:
        edges = sorted({0, len(body), *(int(cut * len(body)) for cut in self.cuts)})
        return [body[a:b] for a, b in pairwise(edges)]

    def as_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, data: Any) -> Case:
        steps = tuple((str(s[0]), float(s[1]), int(s[2]), int(s[3])) for s in data["steps"])
        name = data["recording"]
        return cls(data["protocol"], (name[0], name[1]), steps, tuple(data["cuts"]))


@cache
def load(protocol: str, name: str) -> tuple[int, dict[str, str], bytes]:
    return parse_http((FOLDER / protocol / f"{name}.http").read_bytes())


@cache
def recordings() -> tuple[tuple[str, str], ...]:
    return tuple((p, f.stem) for p in PROTOCOLS for f in sorted((FOLDER / p).glob("*.http")))


def changed(body: bytes, what: str, where: float, length: int, which: int) -> bytes:
    """One mutation of the bytes."""
    at = int(where * len(body))
    end = min(len(body), at + length)
    match what:
        case "cut":
            return body[:at]
        case "delete":
            return body[:at] + body[end:]
        case "double":
            return body[:end] + body[at:]
        case "flip":
            return (
                body[:at]
                + bytes((byte ^ (1 << which % 8)) for byte in body[at:end][:4])
                + body[at:end][4:]
                + body[end:]
            )
        case "insert":
            return body[:at] + SNIPPETS[which % len(SNIPPETS)] + body[at:]
        case "move":
            return body[:at] + body[end:] + body[at:end]
        case "lines":
            return doubled_lines(body, at, which)
        case _:
            return other_value(body, at, which)


def doubled_lines(body: bytes, at: int, which: int) -> bytes:
    """A whole frame again, left out, or somewhere else."""
    frames = body.split(b"\n\n" if b"\n\n" in body else b"\n")
    joint = b"\n\n" if b"\n\n" in body else b"\n"
    index = body[:at].count(joint) % len(frames)
    match which % 3:
        case 0:
            frames.insert(index, frames[index])
        case 1:
            frames.pop(index)
        case _:
            frames.append(frames.pop(index))
    return joint.join(frames)


def other_value(body: bytes, at: int, which: int) -> bytes:
    """One value in the JSON of one line becomes another, of another type perhaps."""
    start = body.rfind(b"\n", 0, at) + 1
    end = body.find(b"\n", at) if b"\n" in body[at:] else len(body)
    line = body[start:end]
    brace = line.find(b"{")
    try:
        data = json.loads(line[brace:]) if brace >= 0 else None
    except (ValueError, RecursionError):
        return body
    places = list(_places(data))
    if not places:
        return body
    holder, key = places[(at + which) % len(places)]
    holder[key] = VALUES[which % len(VALUES)]
    return body[:start] + line[:brace] + json.dumps(data).encode() + body[end:]


def _places(data: Any, depth: int = 0) -> Any:
    """Every (holder, key) in a JSON value; JSON inside a string is not looked into."""
    if depth > 20:
        return
    entries: Any = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in list(entries):
        yield data, key
        yield from _places(value, depth + 1)


_WHAT = ("cut", "delete", "double", "flip", "insert", "move", "lines", "value", "value", "value")
_fraction = st.floats(0, 1, exclude_max=True, width=32)
_step = st.tuples(st.sampled_from(_WHAT), _fraction, st.integers(1, 400), st.integers(0, 999))


@st.composite
def all_cases(draw: st.DrawFn) -> Case:
    """Mostly a protocol's own recordings, now and then a stranger's."""
    recording = draw(st.sampled_from(recordings()))
    protocol = draw(st.sampled_from(PROTOCOLS)) if draw(st.integers(0, 9)) == 0 else recording[0]
    steps = draw(st.lists(_step, max_size=5))
    return Case(protocol, recording, tuple(steps), tuple(draw(st.lists(_fraction, max_size=6))))
