"""Items in words."""

from __future__ import annotations

import pytest

from desktop.core import describe
from desktop.core.conversation import EndItem, ThoughtItem, ToolItem
from desktop.core.events import Failure, RunStatus


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.0, "under 0.1 s"), (0.21, "0.2 s"), (8.4, "8 s"), (60, "1 min"), (125, "2 min 5 s"), (3780, "1 h 3 min")],
)
def test_durations(seconds: float, words: str) -> None:
    assert describe.seconds_words(seconds) == words


@pytest.mark.parametrize(
    ("status", "reason", "word"),
    [
        ("cut", "no-end", "Cut off"),
        ("cut", "interrupted", "Interrupted"),
        ("cancelled", "stopped", "Stopped by you"),
        ("failed", "timeout", "unfinished"),
        ("limit", "length", "limit"),
        ("refused", None, "refused"),
        ("refused", None, "unfinished"),
        ("calls", None, "Unfinished"),
        ("waiting", None, "Waiting"),
    ],
)
def test_every_ending_has_its_word(status: RunStatus, reason: str | None, word: str) -> None:
    assert word in describe.ending_line(EndItem("e", 0, 0.0, status=status, reason=reason))


def test_a_failure_says_what_the_server_said() -> None:
    end = EndItem("e", 0, 0.0, status="failed", error=Failure("The key was refused."))
    assert describe.ending_line(end) == "Failed; the answer is unfinished. The key was refused."


def test_arguments_are_one_line_and_cut_where_told() -> None:
    assert describe.arguments_line({"city": "Oslo", "days": [1, 2]}) == "city: Oslo, days: [1,2]"
    assert describe.arguments_line(None, '{"ci') == '{"ci'
    long = describe.arguments_line({"text": "word " * 500})
    assert len(long) == 120
    assert long.endswith("…")


def test_a_thought_says_how_long_it_took() -> None:
    thought = ThoughtItem("t", 0, 10.0, ended=18.0)
    assert describe.thought_line(thought, live=False) == "Thought for 8 s"
    assert describe.thought_line(thought, live=True, now=13.0) == "Thinking for 3 s"


def test_a_call_that_a_person_must_allow_waits() -> None:
    call = ToolItem("t", 0, 0.0, name="delete_file")
    assert describe.tool_state(call) == "running"
    call.ask = "a1"
    assert describe.tool_state(call) == "waits for you"
