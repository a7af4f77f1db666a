"""The folding rules, each as a small dialogue: what comes in, and what then stands in the transcript."""

from __future__ import annotations

from typing import Any

from desktop.core import conversation as c
from desktop.core import events as e
from desktop.core.reducer import Reducer
from desktop.core.requests import Prompt


def fold(*events: e.AnyEvent, reducer: Reducer | None = None) -> c.Conversation:
    """One run of these events after a prompt."""
    reducer = reducer or Reducer()
    reducer.begin(Prompt("go"), 0.0)
    for at, event in enumerate(events, 1):
        reducer.apply(event, float(at))
    return reducer.conversation


def lines(conversation: c.Conversation) -> list[str]:
    """The newest run as a person reads it, one line an item."""
    return [line(item) for item in conversation.of_run(conversation.runs[-1].number)]


def line(item: c.Item) -> str:
    match item:
        case c.UserTurn():
            return f"you: {item.text}"
        case c.AnswerItem():
            return f"{'/'.join(item.path) or 'agent'}: {item.text}"
        case c.ThoughtItem():
            return f"thought: {item.text}"
        case c.ToolItem():
            return f"tool {item.name} {item.state}"
        case c.StepItem():
            return f"step {item.label} {item.state}"
        case c.AgentItem():
            return f"agent {item.name} {item.state}"
        case c.AskItem():
            return f"ask {item.tool} {item.state}"
        case c.NoticeItem():
            return f"note: {item.text}"
        case c.EndItem():
            return f"end: {item.status}"
    return type(item).__name__


def say(text: str, part: str = "0", **more: Any) -> e.TextDelta:
    return e.TextDelta(part=part, text=text, **more)


def think(text: str, part: str = "0") -> e.TextDelta:
    return e.TextDelta(channel="reasoning", part=part, text=text)


DONE = e.RunEnded(status="completed")


def of(conversation: c.Conversation, kind: type) -> list[Any]:
    return [item for item in conversation.items.values() if isinstance(item, kind)]


# ---- 1: order of arrival, everything upserted by id


def test_text_tools_and_steps_stand_in_the_order_in_which_they_came() -> None:
    held = fold(
        think("hm"), say("Let me "), e.ToolStarted(call="1", name="look"), say("look."),
        e.ToolEnded(call="1", status="ok"), e.Step(step="s", label="plan", state="done"), say("Done.", "1"), DONE,
    )  # fmt: skip
    assert lines(held) == [
        "you: go", "thought: hm", "agent: Let me look.", "tool look ok", "step plan done", "agent: Done.",
    ]  # fmt: skip


def test_an_event_for_an_id_never_heard_of_makes_the_item() -> None:
    held = fold(
        e.ToolEnded(call="9", status="ok", result=1), e.AskClosed(ask="7", how="expired"),
        e.AgentChanged(path=("scout",), name="scout", state="done"), DONE,
    )  # fmt: skip
    assert lines(held) == ["you: go", "tool  ok", "agent scout done"]


def test_a_repeated_start_changes_nothing_that_is_known() -> None:
    again = e.ToolStarted(call="1", name="look", args={"page": 2})
    held = fold(e.ToolStarted(call="1", name="look", args={"page": 1}), e.ToolEnded(call="1", status="ok"), again, DONE)
    assert [(t.args, t.state) for t in of(held, c.ToolItem)] == [({"page": 1}, "ok")]


def test_a_step_moves_and_keeps_what_a_later_event_leaves_out() -> None:
    held = fold(
        e.Step(step="s", label="load", progress=0.2, detail="1 of 5"),
        e.Step(step="s", label="load", state="done"),
        DONE,
    )
    (step,) = of(held, c.StepItem)
    assert (step.state, step.progress, step.detail) == ("done", 0.2, "1 of 5")


# ---- 2: text that repeats sets


def test_a_set_replaces_its_part_and_no_other() -> None:
    held = fold(say("one"), say("two", "1"), e.TextSet(part="0", text="ONE"), DONE)
    assert lines(held) == ["you: go", "agent: ONE", "agent: two"]


def test_after_a_set_deltas_go_on_behind_it() -> None:
    assert lines(fold(say("draft"), e.TextSet(text="final"), say(" word"), DONE))[1] == "agent: final word"


def test_a_set_counts_as_a_new_version_and_a_delta_does_not() -> None:
    held = fold(say("a"), say("b"), e.TextSet(text="c"), say("d"), DONE)
    (answer,) = of(held, c.AnswerItem)
    assert (answer.text, answer.version, answer.length) == ("cd", 1, 2)


# ---- 4: arguments are joined as text and parsed at the end


def test_arguments_are_joined_and_parsed_once_though_a_piece_cuts_an_escape() -> None:
    pieces = [e.ToolArgs(call="1", delta=d) for d in ('{"q": "Gr\\u00', "fc\\u00df", 'e"}')]
    held = fold(e.ToolStarted(call="1", name="find"), *pieces, e.ToolEnded(call="1", status="ok"), DONE)
    assert of(held, c.ToolItem)[0].args == {"q": "Grüße"}


def test_arguments_that_are_no_json_stay_text() -> None:
    held = fold(e.ToolStarted(call="1", name="find"), e.ToolArgs(call="1", delta="all of it"), DONE)
    (tool,) = of(held, c.ToolItem)
    assert (tool.args, tool.args_text) == (None, "all of it")


# ---- 5: what is open at the end


def test_steps_and_agents_that_nobody_ended_end_with_their_run() -> None:
    start = (e.Step(step="s", label="load"), e.AgentChanged(path=("a",), name="a", state="running"))
    assert lines(fold(*start, DONE))[1:] == ["step load done", "agent a closed"]
    assert lines(fold(*start, e.RunEnded(status="cut")))[1:] == ["step load skipped", "agent a closed", "end: cut"]


def test_an_unknown_end_does_not_undo_a_known_one() -> None:
    held = fold(e.ToolEnded(call="1", status="error"), e.ToolEnded(call="1", status="unknown"), DONE)
    assert of(held, c.ToolItem)[0].state == "error"


def test_a_refused_tool_stays_denied_whatever_the_wire_calls_it() -> None:
    held = fold(e.ToolEnded(call="1", status="denied"), e.ToolEnded(call="1", status="error", error="no"), DONE)
    assert of(held, c.ToolItem)[0].state == "denied"


# ---- 9: asks


def test_an_ask_asked_again_under_its_id_opens_again_as_another_version() -> None:
    ask = e.AskOpened(ask="a", tool="delete", args={"path": "x"})
    held = fold(ask, e.AskClosed(ask="a", how="answered", answer="approved"), ask, e.RunEnded(status="waiting"))
    (item,) = of(held, c.AskItem)
    assert (item.state, item.answer, item.version) == ("pending", None, 1)
    assert held.open_asks() == [item]


def test_a_closed_ask_is_not_closed_again() -> None:
    closed = e.AskClosed(ask="a", how="expired")
    held = fold(e.AskOpened(ask="a"), closed, e.AskClosed(ask="a", how="answered", answer="approved"), DONE)
    assert of(held, c.AskItem)[0].state == "expired"


def test_an_ask_that_outlived_its_run_is_closed_by_a_later_one() -> None:
    reducer = Reducer()
    fold(e.AskOpened(ask="a", tool="delete"), e.RunEnded(status="waiting"), reducer=reducer)
    held = fold(e.AskClosed(ask="a", how="answered", answer="approved"), DONE, reducer=reducer)
    assert held.open_asks() == [] and of(held, c.AskItem)[0].run == 0


def test_a_call_that_waits_for_a_person_says_for_which_ask() -> None:
    reducer = Reducer()
    start = (e.ToolStarted(call="1", name="delete"), e.AskOpened(ask="a", call="1", tool="delete"))
    held = fold(*start, reducer=reducer)
    (tool,) = of(held, c.ToolItem)
    assert tool.ask == "a"
    reducer.apply(e.AskClosed(ask="a", how="answered"), 9.0)
    assert tool.ask is None


def test_a_decision_that_could_not_be_sent_opens_the_ask_again_with_the_reason() -> None:
    reducer = Reducer()
    held = fold(e.AskOpened(ask="a"), reducer=reducer)
    reducer.mark_ask("a", "sending")
    reducer.mark_ask("a", "pending", "no connection")
    assert [(i.state, i.trouble) for i in held.open_asks()] == [("pending", "no connection")]
    assert reducer.mark_ask("nobody", "sending") == []


# ---- 10: what says nothing draws nothing


def test_signs_of_life_and_empty_texts_draw_nothing() -> None:
    assert lines(fold(e.Beat(), e.TextSet(text=""), e.RunStarted(run_id="r"), DONE)) == ["you: go"]


# ---- 11: thoughts after text


def test_a_thought_after_text_is_a_new_one_and_never_moves_before_it() -> None:
    held = fold(think("first"), say("Well. "), think("second"), say("So."), think("third"), DONE)
    assert lines(held)[1:] == ["thought: first", "agent: Well. So.", "thought: second", "thought: third"]


def test_the_text_of_another_agent_does_not_cut_a_thought() -> None:
    held = fold(think("one "), say("helper", path=("helper",)), think("thought"), DONE)
    assert lines(held)[1:] == ["thought: one thought", "helper: helper"]


# ---- 12: the first ending counts


def test_the_first_ending_counts() -> None:
    held = fold(e.RunEnded(status="cancelled", reason="stopped"), DONE)
    assert (held.runs[0].status, lines(held)) == ("cancelled", ["you: go", "end: cancelled"])


def test_a_good_end_needs_no_words_and_every_other_has_some() -> None:
    assert lines(fold(say("x"), DONE)) == ["you: go", "agent: x"]
    failure = e.Failure("It broke.", http=500)
    (end,) = of(fold(say("x"), e.RunEnded(status="failed", error=failure)), c.EndItem)
    assert (end.status, end.error) == ("failed", failure)


def test_a_final_text_is_shown_where_none_was_streamed() -> None:
    assert lines(fold(e.RunEnded(status="completed", final_text="all")))[1:] == ["agent: all"]
    assert lines(fold(say("more"), e.RunEnded(status="completed", final_text="all")))[1:] == ["agent: more"]


# ---- 13 and the tree


def test_one_agents_failure_is_not_the_runs() -> None:
    scout = {"path": ("scout",), "name": "scout"}
    held = fold(
        e.AgentChanged(**scout, state="started", task="find it"), say("found", path=("scout",)),
        e.AgentChanged(**scout, state="failed", error="lost"), say("Never mind."), DONE,
    )  # fmt: skip
    (agent,) = of(held, c.AgentItem)
    assert (agent.state, agent.task, agent.error) == ("failed", "find it", "lost")
    assert (held.runs[0].status, held.text_of(0)) == ("completed", "Never mind.")


# ---- figures, marks, the conversation


def test_figures_replace_and_those_left_out_stay() -> None:
    held = fold(e.Usage(input=5, output=1), e.Usage(output=7), e.Usage(scope="session", context_pct=40.0), DONE)
    assert held.runs[0].usage == e.Usage(input=5, output=7)
    assert held.usage is not None and held.usage.context_pct == 40.0


def test_unknown_events_are_one_counted_line() -> None:
    held = fold(e.Raw(name="a"), say("x"), e.Raw(name="b"), e.Raw(name="c"), DONE)
    assert lines(held)[1:] == ["note: 3 unknown events", "agent: x"]
    assert held.runs[0].unknown == 3


def test_the_begin_and_end_of_a_shortening_are_one_mark() -> None:
    begin, end = e.ContextChanged(state="compacting"), e.ContextChanged(state="compacted", before=90, after=9)
    held = fold(begin, end, begin, end, DONE)
    assert lines(held)[1:] == ["note: The agent shortened the conversation from 90 to 9"] * 2


def test_a_preview_of_a_file_is_replaced_by_the_file() -> None:
    held = fold(
        e.FileShown(part="p", media="image/png", data=b"1", preview=True),
        e.FileShown(part="p", media="image/png", data=b"12"), DONE,
    )  # fmt: skip
    assert [(f.data, f.preview) for f in of(held, c.FileItem)] == [(b"12", False)]


def test_suggestions_last_until_the_next_turn_and_the_session_stays() -> None:
    reducer = Reducer()
    info = e.SessionInfo(session_id="s", title="T", suggestions=("more?",))
    assert fold(info, DONE, reducer=reducer).suggestions == ("more?",)
    held = fold(DONE, reducer=reducer)
    assert (held.suggestions, held.session_id, held.title) == ((), "s", "T")


def test_runs_of_one_conversation_do_not_touch_each_other() -> None:
    reducer = Reducer()
    fold(say("first"), e.ToolStarted(call="1", name="a"), DONE, reducer=reducer)
    held = fold(say("second"), e.ToolStarted(call="1", name="b"), DONE, reducer=reducer)
    assert [i.text for i in of(held, c.AnswerItem)] == ["first", "second"]
    assert [i.name for i in of(held, c.ToolItem)] == ["a", "b"]
    assert len(held.items) == 6


# ---- what is told to the views


def test_each_change_names_its_item() -> None:
    reducer = Reducer()
    reducer.begin(Prompt("go"), 0.0)
    assert reducer.apply(say("a"), 1.0) == [c.Added("r0/answer/0")]
    assert reducer.apply(say("b"), 2.0) == [c.Grew("r0/answer/0", "b")]
    assert reducer.apply(e.TextSet(text="c"), 3.0) == [c.Updated("r0/answer/0")]
    assert reducer.apply(e.ToolStarted(call="1", name="t"), 4.0) == [c.Added("r0/tool/1")]
    assert reducer.apply(e.ToolEnded(call="1", status="ok"), 5.0) == [c.Updated("r0/tool/1")]
    assert reducer.apply(DONE, 6.0) == [c.RunChanged(0)]


def test_times_are_the_feeders() -> None:
    held = fold(e.RunStarted(), say("a"), say("b"), DONE)
    run, (answer,) = held.runs[0], of(held, c.AnswerItem)
    assert (run.at, run.first_text, run.last_event, run.ended) == (0.0, 2.0, 4.0, 4.0)
    assert (answer.at, answer.ended) == (2.0, 3.0)


def test_many_small_pieces_do_not_take_quadratic_time() -> None:
    held = fold(*[say("x") for _ in range(50_000)], DONE)
    assert len(of(held, c.AnswerItem)[0].text) == 50_000
