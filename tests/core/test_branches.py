"""Branches: one path is shown and told, the others are kept."""

from __future__ import annotations

from desktop.core import branches
from desktop.core.conversation import ROOT, Conversation, UserTurn
from desktop.core.events import RunEnded, TextDelta, ToolEnded, ToolStarted
from desktop.core.reducer import Reducer
from desktop.core.requests import Prompt


def said(*turns: tuple[str | None, int | None]) -> Conversation:
    """Runs of (question, run that it goes on from); each answers with its own number."""
    reducer = Reducer()
    for number, (question, after) in enumerate(turns):
        reducer.begin(Prompt(question) if question is not None else None, float(number), after)
        reducer.apply(TextDelta(text=f"answer {number}"), float(number))
        reducer.apply(RunEnded(status="completed"), float(number))
    return reducer.conversation


def questions(conversation: Conversation) -> list[str]:
    return [i.text for i in branches.shown(conversation).items.values() if isinstance(i, UserTurn)]


def test_one_branch_is_the_conversation_itself() -> None:
    straight = said(("a", None), (None, None), ("b", None))
    assert branches.shown(straight) is straight
    assert branches.path(straight) == (0, 1, 2)
    assert len(branches.versions(straight, 2)) == 1


def test_a_turn_said_again_hides_what_followed_the_old_one_and_loses_nothing() -> None:
    held = said(("a", None), ("b", None), ("c", None), ("b, better", 0))
    assert questions(held) == ["a", "b, better"]
    assert branches.versions(held, 3) == branches.Versions((1, 3), 1)
    branches.choose(held, 1)
    assert questions(held) == ["a", "b", "c"], "the old branch comes back to its end"
    branches.choose(held, 3)
    assert held.leaf is None
    assert len(held.items) == 8


def test_the_first_turn_has_versions_too() -> None:
    held = said(("a", None), ("b", None), ("a, better", ROOT))
    assert questions(held) == ["a, better"]
    assert branches.versions(held, 2).runs == (0, 2)


def test_what_is_said_next_goes_on_from_what_is_shown() -> None:
    held = said(("a", None), ("b", None), ("b2", 0))
    branches.choose(held, 1)
    reducer = Reducer(held)
    reducer.begin(Prompt("c"), 9.0)
    assert questions(held) == ["a", "b", "c"]


def test_choosing_a_turn_leads_to_the_newest_end_of_its_branch() -> None:
    held = said(("a", None), ("b", None), ("c", None), ("c2", 1), ("a2", ROOT))
    branches.choose(held, 0)
    assert questions(held) == ["a", "b", "c2"]


def test_the_question_of_a_continued_run_is_found() -> None:
    held = said(("a", None), (None, None))
    answer = next(i for i in held.items.values() if i.run == 1)
    turn = branches.turn_of(held, answer)
    assert turn is not None
    assert turn.text == "a"


def test_tools_that_ran_since_a_turn_are_named_once() -> None:
    reducer = Reducer()
    for number in range(2):
        reducer.begin(Prompt("go"), 0.0)
        for call, status in (("1", "ok"), ("2", "ok"), ("3", "denied")):
            reducer.apply(ToolStarted(call=call, name="write_file" if call != "3" else "delete_file"), 0.0)
            reducer.apply(ToolEnded(call=call, status=status), 0.0)  # type: ignore[arg-type]
        reducer.apply(RunEnded(status="completed"), float(number))
    assert branches.tools_since(reducer.conversation, 0) == ("write_file",)
