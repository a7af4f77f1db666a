"""Bytes to frames: whatever the line ends are and wherever the bytes are cut, the frames are the same."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.core.wire.frames import AnyFrame, Comment, Frame, Framer, TooLong
from desktop.core.wire.jsontext import clean, clean_text, is_deep, may_hold_halves, parse
from desktop.core.wire.lines import LineSplitter
from desktop.core.wire.ndjson import NdjsonFramer
from desktop.core.wire.sse import SseFramer


def sse(*chunks: bytes, close: bool = False) -> list[AnyFrame]:
    return frames(SseFramer(), *chunks, close=close)


def ndjson(*chunks: bytes, close: bool = False) -> list[AnyFrame]:
    return frames(NdjsonFramer(), *chunks, close=close)


def frames(framer: Framer, *chunks: bytes, close: bool = False) -> list[AnyFrame]:
    out = [frame for chunk in chunks for frame in framer.feed(chunk)]
    return out + (framer.close() if close else [])


# ---- server-sent events


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_each_line_end_ends_a_line(end: bytes) -> None:
    body = end.join([b"event: token", b"data: one", b"", b"data: two", b"", b""])
    # a CR at the very end might be half of a CRLF, but its line is over all the same
    assert sse(body) == [Frame("one", "token"), Frame("two")]


def test_line_ends_may_be_mixed_in_one_body() -> None:
    assert sse(b"data: a\r\n\ndata: b\r\rdata: c\n\r\n") == [Frame("a"), Frame("b"), Frame("c")]


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b"data: a\ndata: b\n\n", [Frame("a\nb")]),
        (b"data:a\n\n", [Frame("a")]),
        (b"data:  a \n\n", [Frame(" a ")]),
        (b"data\n\n", [Frame("")]),
        (b"data\ndata\n\n", [Frame("\n")]),
        (b"data: a: b\n\n", [Frame("a: b")]),
        (b"event: x\n\n", []),
        (b"id: 7\n\n", []),
        (b"event: x\n\ndata: a\n\n", [Frame("a")]),
        (b"event:\ndata: a\n\n", [Frame("a")]),
        (b"Data: a\nunknown: b\ndata: c\n\n", [Frame("c")]),
        (b": ping\n\n", [Comment("ping")]),
        (b":\n", [Comment("")]),
        (b"data: a\n: in between\ndata: b\n\n", [Comment("in between"), Frame("a\nb")]),
        (b"\n\n\ndata: a\n\n", [Frame("a")]),
        (b"\xef\xbb\xbfdata: a\n\n", [Frame("a")]),
        (b"data: \xef\xbb\xbfa\n\n", [Frame("\ufeffa")]),
        (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [Frame("a")]),
        (b"data: \xff\n\n", [Frame("\ufffd")]),
        (b"data: a\x0bb\x0cc\xc2\x85d\xe2\x80\xa8e\n\n", [Frame("a\x0bb\x0cc\x85d\u2028e")]),
    ],
)
def test_fields_comments_and_marks(body: bytes, wanted: list[AnyFrame]) -> None:
    assert sse(body) == wanted


def test_ids_last_until_the_next_one() -> None:
    assert sse(b"id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n") == [
        Frame("a", id="1"),
        Frame("b", id="1"),
        Frame("c", id=""),
    ]


def test_an_id_with_a_null_is_ignored_and_a_bare_id_is_remembered() -> None:
    framer = SseFramer()
    assert framer.feed(b"id: 1\n\nid: a\0b\ndata: x\n\n") == [Frame("x", id="1")]
    assert framer.last_id == "1"


@pytest.mark.parametrize(
    ("value", "wanted"), [(b"1500", 1500), (b"1.5", None), (b"soon", None), (b"-1", None), (b"", None)]
)
def test_retry_is_a_number_of_milliseconds_or_nothing(value: bytes, wanted: int | None) -> None:
    framer = SseFramer()
    assert framer.feed(b"retry: " + value + b"\n\n") == []
    assert framer.retry == wanted


def test_an_event_without_its_blank_line_comes_only_at_the_close() -> None:
    assert sse(b"data: a\n") == []
    assert sse(b"data: a", close=True) == [Frame("a")]
    assert sse(b"event: x\ndata: a\n", close=True) == [Frame("a", "x")]
    assert sse(b"data: a\n\n", close=True) == [Frame("a")]


# ---- cuts

MIXED = (
    b"\xef\xbb\xbf: hello\r\nevent: token\r\nid: 1\r\ndata: {\"t\":\"Gr\xc3\xbc\xc3\x9fe\"}\r\n\r\n"
    b"retry: 10\rdata: one\rdata: two\r\r"
    b"data: \xf0\x9f\x99\x82\n\ndata:\n\n\r\n: bye\n"
)  # fmt: skip


def test_a_body_may_be_cut_at_every_byte() -> None:
    whole = sse(MIXED, close=True)
    assert len(whole) == 6
    for cut in range(len(MIXED) + 1):
        assert sse(MIXED[:cut], MIXED[cut:], close=True) == whole, cut


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_body_may_come_in_small_pieces(size: int) -> None:
    pieces = [MIXED[i : i + size] for i in range(0, len(MIXED), size)]
    assert sse(*pieces, close=True) == sse(MIXED, close=True)


@given(
    st.lists(st.sampled_from([b"\r", b"\n", b"data: a", b"x", b":", b"id: 1", b"\xc3", b""]), max_size=30), st.data()
)
def test_any_bytes_cut_anywhere_give_the_same_frames(parts: list[bytes], data: st.DataObject) -> None:
    body = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=5)))
    pieces = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    assert sse(*pieces, close=True) == sse(body, close=True)
    assert ndjson(*pieces, close=True) == ndjson(body, close=True)


# ---- bounds


def test_a_line_that_is_too_long_costs_its_event_and_no_more() -> None:
    framer = SseFramer(max_line=20)
    body = b"data: short\n\ndata: " + b"x" * 50 + b"\n\ndata: after\n\n"
    for size in (1, 7, len(body)):
        pieces = [body[i : i + size] for i in range(0, len(body), size)]
        assert frames(SseFramer(max_line=20), *pieces) == [Frame("short"), TooLong(20), Frame("after")]
    assert framer.feed(b"data: " + b"x" * 10) == []
    assert framer.feed(b"x" * 100) == [TooLong(20)], "it is told before it ends, for it may never end"


def test_a_line_without_end_takes_no_memory_beyond_its_limit() -> None:
    splitter = LineSplitter(max_line=1000)
    assert [splitter.feed(b"x" * 1000) for _ in range(1000)] == [[], [None], *([[]] * 998)]
    assert sum(map(len, splitter._tail)) <= 1000
    assert splitter.feed(b"\nok\n") == [b"ok"]


def test_an_event_that_is_too_long_is_told_once() -> None:
    body = b"".join(b"data: %08d\n" % i for i in range(10)) + b"\ndata: after\n\n"
    assert frames(SseFramer(max_event=40), body) == [TooLong(40), Frame("after")]


def test_a_long_line_in_many_chunks_takes_time_in_proportion() -> None:
    def seconds(count: int) -> float:
        framer = SseFramer()
        start = time.perf_counter()
        for _ in range(count):
            framer.feed(b"x" * 100)
        return time.perf_counter() - start

    small = max(seconds(2_000), 1e-3)
    assert seconds(40_000) < small * 20 * 8


# ---- one object a line


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b'{"a":1}\n{"b":2}\r\n', [Frame('{"a":1}'), Frame('{"b":2}')]),
        (b'\n\n  {"a":1}  \n', [Frame('{"a":1}')]),
        (b'event: x\nid: 1\nretry: 5\ndata: {"a":1}\n\n', [Frame('{"a":1}')]),
        (b': ping\n{"a":1}\n', [Comment("ping"), Frame('{"a":1}')]),
        (b"\xef\xbb\xbf{}\n", [Frame("{}")]),
        (b"no json\n", [Frame("no json")]),
    ],
)
def test_lines_of_json_also_in_the_dress_of_events(body: bytes, wanted: list[AnyFrame]) -> None:
    assert ndjson(body) == wanted
    assert ndjson(*(bytes([b]) for b in body)) == wanted


def test_the_last_line_may_lack_its_end() -> None:
    assert ndjson(b'{"a":1}') == []
    assert ndjson(b'{"a":1}', close=True) == [Frame('{"a":1}')]


def test_a_json_line_that_is_too_long_is_left_out() -> None:
    assert frames(NdjsonFramer(max_line=10), b"x" * 30 + b"\n{}\n") == [TooLong(10), Frame("{}")]


# ---- JSON from strangers


def test_json_that_is_nested_too_deeply_is_just_wrong() -> None:
    with pytest.raises(ValueError, match=r"."):
        parse("[" * 200_000)


@pytest.mark.parametrize("around", [lambda v: [v], lambda v: {"a": 1, "b": v}])
def test_what_is_too_deep_to_walk_through_is_known(around: Callable[[Any], Any]) -> None:
    value: Any = "leaf"
    for _ in range(200):
        value = around(value)
    assert not is_deep(value)
    assert is_deep(around(value))


def test_half_characters_are_mended() -> None:
    half = json.loads('"\\ud83d"')
    assert clean_text("\ud83d\ude42") == "🙂"
    assert clean({"a": [half, "ok"], half: 1}) == {"a": ["\ufffd", "ok"], "\ufffd": 1}
    assert may_hold_halves('{"t":"\\uD83D"}') and not may_hold_halves('{"t":"\\u00fc"}')
