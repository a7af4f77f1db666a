"""The books of a run: it ends exactly once, nothing stays open, and no half character gets through."""

from __future__ import annotations

import pytest

from desktop.core.adapters.ledger import Ledger
from desktop.core.events import (
    AnyEvent,
    AskClosed,
    AskOpened,
    RunEnded,
    RunStatus,
    TextDelta,
    TextSet,
    ToolEnded,
    ToolStarted,
)

DONE = RunEnded(status="completed")
TOOL = ToolStarted(call="1", name="look")
ASK = AskOpened(ask="a", call="1", tool="look")


def enter(*events: AnyEvent, outlive: bool = False) -> list[AnyEvent]:
    return Ledger(outlive).enter(events)


def end(*events: AnyEvent, outlive: bool = False) -> RunEnded:
    last = enter(*events, outlive=outlive)[-1]
    assert isinstance(last, RunEnded)
    return last


def texts(*events: AnyEvent) -> str:
    return "".join(e.text for e in enter(*events) if isinstance(e, TextDelta))


# ---- endings


def test_a_run_ends_once_and_nothing_comes_after() -> None:
    ledger = Ledger(False)
    assert ledger.enter([DONE, RunEnded(status="failed"), TextDelta(text="late")]) == [DONE]
    assert ledger.ended and ledger.enter([TextDelta(text="later")]) == []


def test_calls_that_nobody_ended_end_unknown_before_the_run() -> None:
    other = ToolStarted(call="2", name="b")
    assert enter(TOOL, other, ToolEnded(call="1", status="ok"), DONE)[-2:] == [
        ToolEnded(call="2", status="unknown"),
        DONE,
    ]


def test_calls_that_the_caller_should_run_stay_open() -> None:
    wants = RunEnded(status="calls")
    assert enter(TOOL, wants) == [TOOL, wants]


def test_an_ask_that_dies_with_the_stream_is_withdrawn() -> None:
    out = enter(TOOL, ASK, DONE)
    assert out[2:] == [ToolEnded(call="1", status="unknown"), AskClosed(ask="a", how="withdrawn"), DONE]


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        ("completed", "waiting"),
        ("cut", "waiting"),
        ("failed", "failed"),
        ("cancelled", "cancelled"),
        ("limit", "limit"),
    ],
)
def test_waiting_beats_a_good_end_where_the_ask_lives_on(said: RunStatus, becomes: RunStatus) -> None:
    assert end(ASK, RunEnded(status=said), outlive=True).status == becomes


def test_a_call_whose_ask_lives_on_stays_open() -> None:
    assert enter(TOOL, ASK, DONE, outlive=True) == [TOOL, ASK, RunEnded(status="waiting")]


def test_an_ask_that_lives_on_survives_a_failure_but_not_a_stop() -> None:
    failed, stopped = RunEnded(status="failed"), RunEnded(status="cancelled")
    assert enter(TOOL, ASK, failed, outlive=True) == [TOOL, ASK, failed]
    assert AskClosed(ask="a", how="withdrawn") in enter(TOOL, ASK, stopped, outlive=True)


def test_an_answered_ask_holds_nothing_up() -> None:
    closed = AskClosed(ask="a", how="answered")
    assert end(ASK, closed, DONE, outlive=True).status == "completed"


def test_what_is_open_is_known_in_order() -> None:
    ledger = Ledger(True)
    ledger.enter([TOOL, ToolStarted(call="2", name="b"), ASK, AskOpened(ask="b")])
    assert (list(ledger.open_calls), ledger.open_asks) == (["1", "2"], ("a", "b"))
    ledger.enter([ToolEnded(call="1", status="ok"), AskClosed(ask="a", how="expired")])
    assert (list(ledger.open_calls), ledger.open_asks) == (["2"], ("b",))


# ---- text


def test_what_says_nothing_is_dropped() -> None:
    assert enter(TextDelta(text=""), TextSet(text="")) == []
    same = TextSet(text="ab")
    assert enter(TextDelta(text="a"), TextDelta(text="b"), same) == [TextDelta(text="a"), TextDelta(text="b")]


def test_a_set_that_differs_passes_and_counts() -> None:
    ledger = Ledger(False)
    ledger.enter([TextDelta(text="a"), TextSet(text="b"), TextDelta(text="c")])
    assert ledger.part((), "answer", "0") == "bc"


def test_parts_keep_their_order_and_emptied_ones_are_left_out() -> None:
    ledger = Ledger(False)
    ledger.enter([TextDelta(part="x", text="1"), TextDelta(part="y", text="2"), TextSet(part="x", text="")])
    ledger.enter([TextDelta(part="z", text="3"), TextDelta(channel="reasoning", part="z", text="t")])
    assert ledger.parts((), "answer") == [("y", "2"), ("z", "3")]
    assert ledger.parts((), "reasoning") == [("z", "t")]


def test_a_character_cut_in_two_comes_out_whole() -> None:
    assert texts(TextDelta(text="a\ud83d"), TextDelta(text="\ude42b")) == "a🙂b"


def test_the_halves_of_two_parts_are_not_mixed() -> None:
    out = enter(TextDelta(part="x", text="\ud83d"), TextDelta(part="y", text="y"), TextDelta(part="x", text="\ude42"))
    assert [(e.part, e.text) for e in out if isinstance(e, TextDelta)] == [("y", "y"), ("x", "🙂")]


def test_a_lone_half_becomes_a_mark() -> None:
    assert texts(TextDelta(text="a\ude42b")) == "a\ufffdb"
    assert texts(TextDelta(text="\ud83d"), TextDelta(text="b")) == "\ufffdb"


# ---- thoughts


def thought(text: str, part: str = "0") -> TextDelta:
    return TextDelta(channel="reasoning", part=part, text=text)


def test_a_thought_after_answer_text_is_a_part_of_its_own() -> None:
    ledger = Ledger(False)
    came = ledger.enter([thought("a"), thought("b"), TextDelta(text="x"), thought("c"), thought("d"), DONE])
    assert came == [thought("a"), thought("b"), TextDelta(text="x"), thought("c", "0/2"), thought("d", "0/2"), DONE]
    assert ledger.part((), "reasoning", "0") == "abcd"


def test_each_agent_thinks_for_itself() -> None:
    other = TextDelta(path=("b",), text="x")
    assert enter(thought("a"), other, thought("b")) == [thought("a"), other, thought("b")]


def test_a_whole_thought_is_no_event_if_its_pieces_say_the_same_and_else_stands_last() -> None:
    ledger = Ledger(False)
    ledger.enter([thought("a"), TextDelta(text="x"), thought("b")])
    whole = TextSet(channel="reasoning", part="0", text="ab")
    assert ledger.enter([whole]) == []
    other = TextSet(channel="reasoning", part="0", text="other")
    assert ledger.enter([other]) == [
        TextSet(channel="reasoning", part="0", text=""),
        TextSet(channel="reasoning", part="0/2", text="other"),
    ]
    assert ledger.part((), "reasoning", "0") == "other"
