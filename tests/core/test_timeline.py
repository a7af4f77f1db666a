"""The timeline of a turn: events with their times go in, lanes with bars come out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.core import events as e
from desktop.core.conversation import Conversation
from desktop.core.recordings.timeline import Bar, Figures, Lane, Timeline, timeline, turns
from desktop.core.reducer import Reducer
from desktop.core.requests import Prompt

DONE = e.RunEnded(status="completed")
Timed = tuple[float, e.AnyEvent]


def told(*runs: Sequence[Timed]) -> Conversation:
    """A turn of several runs: the first begins at 0.0 with a prompt, the others with their first event."""
    reducer = Reducer()
    for number, run in enumerate(runs):
        reducer.begin(None if number else Prompt("go"), run[0][0] if number else 0.0)
        for at, event in run:
            reducer.apply(event, at)
    return reducer.conversation


def seen(conversation: Conversation, now: float = 0.0) -> Timeline:
    (runs,) = turns(conversation)
    return timeline(conversation, runs, now)


def words(lane: Lane) -> list[str]:
    return [" | ".join(_bar(bar) for bar in track) for track in lane.tracks]


def _bar(bar: Bar) -> str:
    end = "…" if bar.open else f"{bar.end:g}"
    parts = f" ({', '.join(map(_bar, bar.parts))})" if bar.parts else ""
    return f"{' '.join(filter(None, (bar.kind, bar.name)))} {bar.start:g}–{end}{parts}"


def text(said: str, part: str = "0", path: e.Path = (), channel: e.Channel = "answer") -> e.TextDelta:
    return e.TextDelta(text=said, part=part, path=path, channel=channel)


def test_a_model_works_until_it_calls_its_tools_and_again_when_they_are_done() -> None:
    talk = told(
        [
            (0.5, text("hm", channel="reasoning")),
            (0.8, text("…", channel="reasoning")),
            (1.0, text("I look.")),
            (1.4, text(" Now.")),
            (1.5, e.ToolStarted(call="a", name="search")),
            (1.6, e.ToolStarted(call="b", name="read")),
            (2.0, e.ToolEnded(call="b", status="ok")),
            (4.0, e.ToolEnded(call="a", status="ok")),
            (4.5, text("Found", "1")),
            (4.9, text(" it.", "1")),
            (5.0, DONE),
        ]
    )
    (lane,) = seen(talk).lanes
    first, second = "model 0–1.6 (thinking 0.5–0.8, writing 1–1.4)", "model 4–4.9 (writing 4.5–4.9)"
    assert words(lane) == [f"{first} | {second}", "tool search 1.5–4", "tool read 1.6–2"]
    assert not lane.tracks[0][0].told


def test_model_calls_that_the_server_names_are_shown_as_it_tells_them() -> None:
    def call(state: e.StepState) -> e.Step:
        return e.Step(step="1", label="gpt", type="model-call", state=state)

    spent = e.Usage(scope="call", input=10, output=3, cost=0.002)
    talk = told([(0.2, call("running")), (0.4, text("Hi")), (0.9, call("done")), (0.95, spent), (1.0, DONE)])
    (lane,) = seen(talk).lanes
    assert words(lane) == ["model gpt 0.2–0.9 (writing 0.4–0.4)"]
    assert lane.tracks[0][0].told and lane.tracks[0][0].usage == spent


def test_each_agent_has_a_lane_below_the_one_that_sent_it() -> None:
    def agent(*path: str, state: e.AgentState = "started") -> e.AgentChanged:
        return e.AgentChanged(name=path[-1], path=path, state=state)

    talk = told(
        [
            (1.0, agent("a")),
            (1.5, agent("b")),
            (2.0, agent("a", "deep")),
            (2.5, text("deep words", path=("a", "deep"))),
            (3.0, agent("a", "deep", state="done")),
            (4.0, agent("a", state="done")),
            (4.5, DONE),
        ]
    )
    lanes = seen(talk).lanes
    assert [lane.path for lane in lanes] == [(), ("a",), ("a", "deep"), ("b",)]
    assert [lane.name for lane in lanes] == ["", "a", "deep", "b"]
    assert words(lanes[2]) == ["model 2–2.5 (writing 2.5–2.5)"]
    assert lanes[2].item == "r0/agent/a/deep"


def test_silence_is_what_neither_a_person_nor_a_tool_explains() -> None:
    talk = told(
        [
            (2.0, e.Beat()),
            (3.0, text("a")),
            (3.5, text("b")),
            (3.6, e.ToolStarted(call="t", name="slow")),
            (9.0, e.Beat()),
            (10.0, e.ToolEnded(call="t", status="ok")),
            (10.5, e.AskOpened(ask="q", type="approve", tool="delete")),
            (18.5, e.AskClosed(ask="q", how="answered")),
            (20.5, text("c", "1")),
            (21.0, DONE),
        ]
    )
    line = seen(talk)
    assert [_bar(bar) for bar in line.silences] == ["silence 0–3", "silence 18.5–20.5"]
    assert [bar.item for bar in line.silences] == ["r0/answer/0", "r0/answer/1"], "a click goes to what came then"
    assert "wait delete 10.5–18.5" in words(line.lanes[0])
    assert line.figures.gap == pytest.approx(6.4), "a tool that says nothing is a gap too"
    assert line.figures.waited == 8.0


def test_what_goes_on_reaches_up_to_now() -> None:
    talk = told([(1.0, text("a")), (1.2, e.ToolStarted(call="t", name="slow"))])
    assert words(seen(talk, 4.0).lanes[0]) == ["model 0–1.2 (writing 1–1)", "tool slow 1.2–…"]
    assert seen(talk, 4.0).end == 4.0 and not seen(talk, 4.0).silences
    quiet = told([(1.0, text("a"))])
    assert words(seen(quiet, 9.0).lanes[0]) == ["model 0–… (writing 1–1)"]
    assert [_bar(bar) for bar in seen(quiet, 9.0).silences] == ["silence 1–…"]
    assert words(seen(told([(0.0, e.Beat())]), 2.0).lanes[0]) == ["model 0–…"], "before the first word"


def test_a_duration_that_the_server_tells_counts_where_less_was_seen() -> None:
    talk = told(
        [
            (5.0, e.ToolStarted(call="t", name="query")),
            (5.0, e.ToolEnded(call="t", status="ok", ms=1500.0)),
            (5.5, DONE),
        ]
    )
    assert words(seen(talk).lanes[0])[-1] == "tool query 3.5–5"


def test_a_run_that_brings_a_decision_belongs_to_the_same_turn_and_a_long_wait_is_drawn_short() -> None:
    ask = e.AskOpened(ask="q", type="approve", call="t", tool="delete")
    waiting = e.RunEnded(status="waiting")
    talk = told(
        [(1.0, e.ToolStarted(call="t", name="delete")), (1.0, ask), (1.1, waiting)],
        [
            (3601.0, e.RunStarted(continues=("q",))),
            (3601.0, e.AskClosed(ask="q", how="answered", answer="allow")),
            (3602.0, e.ToolEnded(call="t", status="ok")),
            (3602.5, text("Gone.")),
            (3603.0, DONE),
        ],
    )
    line = seen(talk)
    assert turns(talk) == [(0, 1)]
    assert line.squeezed == ((1.1, 3601.0),)
    assert line.place(3603.0) == pytest.approx(1.1 + 10.0 + 2.0)
    assert line.moment(line.place(3602.25)) == pytest.approx(3602.25)
    assert not line.silences
    assert "wait delete 1–3601" in words(line.lanes[0])


def test_the_figures_are_those_that_are_known() -> None:
    usage = e.Usage(input=100, output=40, cost=0.01, currency="EUR")
    talk = told([(0.5, text("a" * 10)), (1.25, text("b")), (2.0, usage), (2.5, DONE)])
    assert seen(talk).figures == Figures(2.5, 0.5, 20.0, "tokens", None, 0.0, usage)
    bare = seen(told([(1.5, text("a" * 10)), (2.5, DONE)])).figures
    assert (bare.first_word, bare.rate, bare.unit, bare.gap, bare.usage) == (1.5, 10.0, "characters", 1.5, None)
    none = seen(told([(0.1, e.RunEnded(status="failed"))])).figures
    assert (none.first_word, none.rate) == (None, None)


def test_turns_are_those_of_the_branch_that_is_shown() -> None:
    reducer = Reducer()
    for after in (None, 0, 0):
        reducer.begin(Prompt("go"), 0.0, after)
        reducer.apply(DONE, 1.0)
    talk = reducer.conversation
    assert turns(talk) == [(0,), (2,)]
    talk.leaf = 1
    assert turns(talk) == [(0,), (1,)]
    assert turns(Conversation()) == []


EVENTS: st.SearchStrategy[e.AnyEvent] = st.one_of(
    st.builds(text, st.just("x"), st.sampled_from("01"), st.sampled_from([(), ("a",), ("a", "b")])),
    st.builds(text, st.just("x"), channel=st.just("reasoning")),
    st.builds(e.ToolStarted, call=st.sampled_from("xyz"), name=st.just("t"), path=st.sampled_from([(), ("a",)])),
    st.builds(e.ToolEnded, call=st.sampled_from("xyz"), status=st.just("ok"), ms=st.none() | st.just(9000.0)),
    st.builds(e.Step, step=st.sampled_from("12"), label=st.just("s"), type=st.sampled_from(["step", "model-call"])),
    st.builds(e.AskOpened, ask=st.sampled_from("pq")),
    st.builds(e.AskClosed, ask=st.sampled_from("pq"), how=st.just("answered")),
    st.builds(e.AgentChanged, name=st.just("a"), path=st.just(("a",)), state=st.sampled_from(["started", "done"])),
    st.just(e.Beat()),
)


@given(st.lists(st.tuples(st.floats(0, 30), EVENTS), min_size=1, max_size=20), st.booleans())
def test_whatever_comes_bars_lie_in_the_turn_and_never_over_each_other(steps: list[Timed], over: bool) -> None:
    at, run = 0.0, []
    for pause, event in steps:
        run.append((at := at + pause, event))
    line = seen(told([*run, *([(at, DONE)] if over else [])]), at + 5.0)
    for lane in line.lanes:
        for track in lane.tracks:
            for bar in track:
                assert line.begin <= bar.start <= bar.end <= line.end
            assert all(a.end <= b.start for a, b in pairwise(track))
    places = [line.place(line.begin + n * (line.end - line.begin) / 50) for n in range(51)]
    assert places == sorted(places)
    assert all(line.place(line.moment(p)) == pytest.approx(p, abs=1e-6) for p in places)
