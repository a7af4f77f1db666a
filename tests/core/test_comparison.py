"""Two conversations side by side: what differs in text, tools, order and time, and what does not count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from desktop.core import events as e
from desktop.core.asks.textdiff import Piece, likeness, pieces
from desktop.core.conversation import Conversation
from desktop.core.recordings.comparison import Comparison, compare
from desktop.core.recordings.comparison_words import as_json, as_text
from desktop.core.reducer import Reducer
from desktop.core.requests import Prompt

DONE = e.RunEnded(status="completed")


def talk(*events: e.AnyEvent, prompt: str = "go", pace: float = 0.1, start: float = 0.0) -> Conversation:
    """A turn of these events, so many seconds apart."""
    reducer = Reducer()
    reducer.begin(Prompt(prompt), start)
    for n, event in enumerate((*events, DONE), 1):
        reducer.apply(event, start + n * pace)
    return reducer.conversation


def tool(name: str, call: str = "c", args: Any = None, result: Any = "fine") -> list[e.AnyEvent]:
    return [
        e.ToolStarted(call=call, name=name, args=args),
        e.ToolEnded(call=call, status="ok", result=result),
    ]


def told(found: Comparison) -> list[str]:
    """What differs, a line a step."""
    return [f"{p.step.title}: {p.how} {[d[0] for d in p.differs]}" for p in found.pairs if p.how != "same"]


def differing(found: Comparison) -> Sequence[str]:
    return [figure.name for figure in found.figures if not figure.same]


def test_only_time_and_ids_differ() -> None:
    a = talk(*tool("search", "call_1"), e.TextDelta(text="Found."))
    b = talk(*tool("search", "call_9"), e.TextDelta(text="Fou"), e.TextDelta(text="nd."), pace=0.4, start=99.0)
    found = compare(a, b)
    assert found.same and told(found) == []
    assert differing(found) == ["took", "first word"]
    assert "Nothing differs but the time." in as_text(found, "a", "b")


def test_text_differs_by_words() -> None:
    found = compare(talk(e.TextDelta(text="It rains in Oslo.")), talk(e.TextDelta(text="It snows in Oslo.")))
    assert not found.same and told(found) == ["answer: changed ['text']"]
    assert "[-rains -]{+snows +}in Oslo." in as_text(found, "a", "b")
    assert differing(found) == ["answer"]


def test_tools_differ_in_what_they_are_given_and_in_what_comes_back() -> None:
    a = talk(*tool("search", args={"q": "rain"}), *tool("read", "r"))
    b = talk(*tool("search", args={"q": "snow"}, result="cold"), *tool("write", "w"))
    assert told(compare(a, b)) == [
        "tool search: changed ['arguments', 'result']",
        "tool read: only a []",
        "tool write: only b []",
    ]


def test_another_order_is_told_as_that() -> None:
    a = talk(*tool("search", "1"), *tool("read", "2"), *tool("write", "3"))
    b = talk(*tool("read", "2"), *tool("search", "1"), *tool("write", "3"))
    found = compare(a, b)
    assert [line.split(":")[1].split()[0] for line in told(found)] == ["moved"]
    assert not found.same and differing(found) == ["tools"]


def test_an_ending_and_unknown_events_count() -> None:
    a, b = talk(), Reducer()
    b.begin(Prompt("go"), 0.0)
    b.apply(e.Raw(name="odd"), 0.1)
    b.apply(e.RunEnded(status="failed", error=e.Failure("No.")), 0.2)
    found = compare(a, b.conversation)
    assert differing(found)[:2] == ["ended", "events that Sluice does not know"]
    assert "end failed: only b []" in told(found)


def test_the_same_agent_is_compared_with_itself() -> None:
    def team(path: e.Path) -> Conversation:
        return talk(e.AgentChanged(name="a", path=("a",)), e.TextDelta(text="x", path=path))

    assert "answer by a: only b []" in told(compare(team(()), team(("a",))))


def test_what_is_called_like_a_secret_is_not_shown() -> None:
    a = talk(*tool("login", args={"password": "sesame-1", "user": "me"}))
    b = talk(*tool("login", args={"password": "sesame-2", "user": "you"}))
    found = compare(a, b)
    for text in (as_text(found, "a", "b"), str(as_json(found, "a", "b")), repr(found)):
        assert "sesame" not in text and "you" in text


def test_a_terminal_gets_no_commands_from_the_server() -> None:
    found = compare(talk(e.TextDelta(text="a\x1b[2Jb")), talk(e.TextDelta(text="c")))
    assert "\x1b" not in as_text(found, "a", "b")


@given(st.text("ab \n", max_size=60), st.text("ab \n", max_size=60))
def test_the_pieces_are_both_texts(a: str, b: str) -> None:
    found = pieces(a, b)
    assert "".join(p.text for p in found if p.how != "only b") == a
    assert "".join(p.text for p in found if p.how != "only a") == b
    assert (likeness(found) == 1.0) == (a == b)


def test_a_long_text_with_a_change_is_told_quickly() -> None:
    text = "".join(f"line {n} of many words that are all the same\n" for n in range(30_000))
    assert len(text) > 1_000_000
    changed = text.replace("line 9 ", "LINE 9 ").replace("line 29999 ", "the end ")
    found = pieces(text, changed)
    assert found[0] == Piece("same", text[: text.index("line 9 ")])
    assert likeness(found) > 0


def test_empty_conversations_are_the_same() -> None:
    assert compare(talk(), talk()).same
