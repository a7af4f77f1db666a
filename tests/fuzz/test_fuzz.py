"""Framers, adapters and reducer under random cuts, duplications and mutations of every recording.

Whatever comes, there is exactly one ending, nothing raises, nothing is larger than what came, every event can be
stored, and the same bytes cut otherwise give the same conversation. Cases that once failed are in `seeds.json`.
"""

from __future__ import annotations

import json
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from desktop.core.adapters import adapter_class
from desktop.core.conversation import AnswerItem, Conversation
from desktop.core.events import AnyEvent, RunEnded
from desktop.core.recordings.eventjson import from_json, to_json
from desktop.core.recordings.replay import play
from desktop.core.reducer import Reducer
from desktop.core.requests import Connection, Prompt, Secrets, Talk
from desktop.core.wire.frames import Frame, TooLong
from desktop.core.wire.jsontext import clean, compact
from desktop.core.wire.ndjson import NdjsonFramer
from desktop.core.wire.sse import SseFramer
from tests.fuzz.mutations import SNIPPETS, Case, all_cases

SEEDS = Path(__file__).with_name("seeds.json")
_SLOW = 3.0  # seconds of work that no case may take
_QUIET = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture)


def events_of(case: Case, status: int, headers: dict[str, str], pieces: list[bytes]) -> list[AnyEvent]:
    adapter = adapter_class(case.protocol)(Connection(case.protocol, "http://127.0.0.1:9", "m"), Secrets("k"))
    run = adapter.run(Prompt("hello"), Talk(uuid="00000000-0000-4000-8000-000000000000"))
    return list(play(run, status, headers, pieces))


def folded(events: list[AnyEvent]) -> Conversation:
    reducer = Reducer()
    reducer.begin(Prompt("hello"), 0.0)
    for event in events:
        reducer.apply(event, 1.0)
    return reducer.conversation


def seen(conversation: Conversation) -> str:
    """What a person would see of it; the number of pieces that text came in is none of their business."""
    return "\n".join(
        f"{name} {item.text if isinstance(item, AnswerItem) else ''} {getattr(item, 'state', '')}"
        for name, item in conversation.items.items()
    )


def check(case: Case) -> None:
    """Everything that must hold of one case."""
    status, headers, body = case.answer()
    began = time.thread_time()
    events = events_of(case, status, headers, [body])
    conversation = folded(events)
    assert time.thread_time() - began < _SLOW
    assert [e for e in events if isinstance(e, RunEnded)] == events[-1:]
    assert conversation.runs[-1].status is not None
    assert sum(len(i.text) for i in conversation.items.values() if isinstance(i, AnswerItem)) <= 4 * len(body) + 400
    for event in events:
        text = compact(clean(to_json(event)))
        text.encode()
        assert from_json(json.loads(text)).kind == event.kind
    in_pieces = events_of(case, status, headers, case.pieces(body))
    assert seen(folded(in_pieces)) == seen(conversation)


def test_mutated_recordings(cases: int) -> None:
    @settings(max_examples=cases, deadline=None, database=None, suppress_health_check=_QUIET, phases=(
        Phase.explicit, Phase.generate, Phase.shrink))  # fmt: skip
    @given(all_cases())
    def run(case: Case) -> None:
        try:
            check(case)
        except BaseException:
            print(case.as_json())
            raise

    run()


@pytest.mark.parametrize("framer", [SseFramer, NdjsonFramer])
def test_framers_give_the_same_however_they_are_cut(framer: Any, cases: int) -> None:
    words = st.sampled_from((*SNIPPETS, b"data: x\n", b"\n", b"x" * 50, b'{"a": 1}\n', b"event: e\n", b"id: 1\n"))

    @settings(max_examples=cases, deadline=None, database=None, suppress_health_check=_QUIET)
    @given(st.lists(words | st.binary(max_size=20), max_size=40), st.lists(st.integers(0, 2000), max_size=8))
    def run(parts: list[bytes], cuts: list[int]) -> None:
        body = b"".join(parts)
        edges = sorted({0, len(body), *(min(cut, len(body)) for cut in cuts)})
        whole, pieces = framer(300, 500), framer(300, 500)
        first = [*whole.feed(body), *whole.close()]
        second = [f for a, b in pairwise(edges) for f in pieces.feed(body[a:b])] + pieces.close()
        assert first == second
        for frame in first:
            assert isinstance(frame, TooLong) or not isinstance(frame, Frame) or len(frame.data.encode()) <= 3 * 500

    run()


@pytest.mark.parametrize("case", json.loads(SEEDS.read_text("utf-8")) if SEEDS.exists() else [])
def test_cases_that_once_failed(case: Any) -> None:
    check(Case.from_json(case))
