"""What shares a row, whose words a text is, and that following a conversation ends where reading it anew does."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from random import Random
from typing import Any

import pytest

from desktop.core import conversation as c
from desktop.core import describe
from desktop.core import events as e
from desktop.core.exchange.html import as_html
from desktop.core.exchange.json import Saved, SavedRun, dump
from desktop.core.exchange.markdown import as_markdown
from desktop.core.exchange.sections import Parts
from desktop.core.grouping import Grouping
from desktop.core.reducer import Reducer
from desktop.core.requests import Prompt
from tests.core.recordings import conversation_of, events_of

TEAMS = [
    ("powabase", "orchestration_supervisor"),
    ("powabase", "orchestration_sequential"),
    ("powabase", "orchestration_parallel"),
    ("powabase", "workflow_stream"),
    ("procurator", "team_run"),
    ("procurator", "agent_switch"),
    ("agentrail", "multi_agent"),
    ("promptshuttle", "multi_agent"),
    ("dockrion", "runs_events_graph_no_tokens"),
    ("dockrion", "runs_events_all_events"),
]


class Live:
    """A conversation that is followed event by event."""

    def __init__(self, prompt: str | None = "hello") -> None:
        self.reducer = Reducer()
        self.conversation = self.reducer.conversation
        self.grouping = Grouping(self.conversation)
        self.at = 0.0
        self._take(self.reducer.begin(Prompt(prompt) if prompt else None, 0.0))

    def __call__(self, *events: e.AnyEvent, after: float = 1.0) -> Live:
        for event in events:
            self.at += after
            self._take(self.reducer.apply(event, self.at))
        return self

    def _take(self, changes: Iterable[c.Change]) -> None:
        self.touched = {name for change in changes for name in self.grouping.take(change)}

    def rows(self) -> list[str]:
        return rows(self.conversation, self.grouping)


def rows(conversation: c.Conversation, grouping: Grouping) -> list[str]:
    """What has a row or a text of its own, as a person reads it."""
    shown = [i for i in conversation.items.values() if grouping.row_of(i.id) == i.id and not isinstance(i, c.UserTurn)]
    return [_row(item, grouping) for item in shown]


def _row(item: c.Item, grouping: Grouping) -> str:
    match item:
        case c.StepItem():
            streak = grouping.streak(item.id)
            return describe.step_line(item) if streak is None else describe.steps_line(streak, timed=False)
        case c.ToolItem():
            agent = grouping.agent_of(item)
            return f"call {item.name}" + (f" of {agent.name}" if agent else "")
        case c.AgentItem():
            return f"agent {item.name}"
        case c.TextItem():
            speaker = grouping.speaker(item.id)
            return f"[{speaker}] {item.text}" if speaker else item.text
    return type(item).__name__


def whole(conversation: c.Conversation, grouping: Grouping) -> list[tuple[Any, ...]]:
    """Everything that a grouping says."""
    out: list[tuple[Any, ...]] = []
    for name, item in conversation.items.items():
        streak = grouping.streak(name)
        agent = grouping.agent_of(item) if isinstance(item, c.ToolItem) else None
        steps = streak and (len(streak), streak.at, streak.lead.id)
        out.append(
            (name, grouping.row_of(name), grouping.above(name), grouping.speaker(name), steps, agent and agent.id)
        )
    return out


def step(name: str, state: str = "done", **more: Any) -> e.Step:
    return e.Step(step=name, label=name, state=state, **more)  # type: ignore[arg-type]


# ---- recordings of real servers


@pytest.mark.parametrize(("protocol", "name"), TEAMS, ids=lambda part: part)
def test_following_a_team_ends_where_reading_it_anew_does(protocol: str, name: str) -> None:
    live = Live()(*events_of(protocol, name))
    assert whole(live.conversation, live.grouping) == whole(live.conversation, Grouping(live.conversation))


def test_a_call_that_gives_work_and_its_agent_are_one_row() -> None:
    live = Live()(*events_of("promptshuttle", "multi_agent"))
    assert [row for row in live.rows() if row.startswith(("call", "agent"))] == [
        "call research_agent of research_agent",
        "call writer_agent of writer_agent",
        "call web_agent of web_agent",
    ]
    assert live.grouping.above("r0/answer/research_agent/web_agent/0") == "r0/tool/c3"
    assert live.grouping.above("r0/tool/c3") == "r0/tool/c1"


def test_an_agent_that_no_call_brought_keeps_its_row() -> None:
    live = Live()(*events_of("powabase", "orchestration_sequential"))
    assert [row for row in live.rows() if row.startswith("agent")] == ["agent researcher", "agent plain"]


def test_nodes_of_a_graph_are_one_line() -> None:
    live = Live()(*events_of("dockrion", "runs_events_graph_no_tokens"))
    assert live.rows()[0] == "2 steps: tools, answer, done"


def test_texts_of_a_team_say_whose_they_are_once_a_change() -> None:
    live = Live()(*events_of("promptshuttle", "multi_agent"))
    assert [row for row in live.rows() if "call" not in row] == [
        "[research_agent] looking deeper",
        "[research_agent › web_agent] web says yes",
        "[research_agent] facts: a, b",
        "[writer_agent] draft",
        "[Main agent] Final: a, b.",
    ]


def test_one_agent_alone_needs_no_name() -> None:
    live = Live()(*events_of("procurator", "agent_switch"))
    assert not any(row.startswith("[") for row in live.rows())


# ---- steps


def test_running_and_failed_steps_stay_in_sight() -> None:
    live = Live()(step("a"), step("b"), step("c", "failed"), step("d"), step("e"), step("f", "running"))
    assert live.rows() == ["2 steps: a, b, done", "c, failed", "2 steps: d, e, done", "f, running"]


def test_steps_that_end_out_of_order_join_what_is_on_both_sides() -> None:
    live = Live()(step("a"), step("b", "running"), step("c"), step("d"))
    assert live.rows() == ["a, done", "b, running", "2 steps: c, d, done"]
    live(step("b"))
    assert live.rows() == ["4 steps: a, b, c, d, done"]
    assert {"r0/step/a", "r0/step/b", "r0/step/c"} <= live.touched
    live(step("c", "running"))
    assert live.rows() == ["2 steps: a, b, done", "c, running", "d, done"]


def test_a_text_or_a_call_between_keeps_steps_apart() -> None:
    live = Live()(step("a"), e.TextDelta(text="So far."), step("b"), e.ToolStarted(call="1", name="look"), step("c"))
    assert live.rows() == ["a, done", "So far.", "b, done", "call look", "c, done"]


def test_agents_beside_each_other_have_lines_of_their_own() -> None:
    live = Live()
    for name in "ab":
        live(e.AgentChanged(path=(name,), name=name))
    for number in range(3):
        for name in "ab":
            live(step(f"{name}{number}", path=(name,)))
    assert live.rows() == ["agent a", "agent b", "3 steps: a0, a1, a2, done", "3 steps: b0, b1, b2, done"]
    live(e.TextDelta(text="In between."), step("a3", path=("a",)))
    assert live.rows()[-2:] == ["In between.", "a3, done"]


def test_steps_of_another_turn_are_another_line() -> None:
    live = Live()(step("a"), step("b"), e.RunEnded(status="completed"))
    live._take(live.reducer.begin(Prompt("again"), live.at))
    live(step("a"), step("b"))
    assert live.rows() == ["2 steps: a, b, done"] * 2


def test_a_line_tells_how_long_the_steps_took_together() -> None:
    live = Live()(step("a", ms=2000), step("b", ms=500), after=3.0)
    streak = live.grouping.streak("r0/step/b")
    assert streak is not None
    assert describe.steps_line(streak) == "2 steps: a, b, done, 5 s"  # a began 2 s before it was told of, at 3 s


def test_names_that_come_again_are_said_once() -> None:
    live = Live()
    for number in range(250):
        live(e.Step(step=str(number), label=("agent", "tools")[number % 2], state="done"))
    assert live.rows() == ["250 steps: agent, tools …, done"]


def test_a_step_more_costs_the_same_after_many() -> None:
    def calls(steps: int) -> int:
        live = Live()
        for number in range(steps):
            live(step(str(number)))
        changes = live.reducer.apply(step("last"), live.at)
        count = 0

        def note(*_: object) -> None:
            nonlocal count
            count += 1

        sys.setprofile(note)
        for change in changes:
            live.grouping.take(change)
        sys.setprofile(None)
        return count

    assert calls(5_000) == calls(50)


# ---- agents


def test_an_agent_that_gets_work_twice_has_two_rows_each_with_what_it_did_then() -> None:
    live = Live()
    for number in "12":
        live(
            e.ToolStarted(call=number, name="ask", shows_agent="helper"),
            e.AgentChanged(path=("helper",), name="helper", call=number, task=f"task {number}"),
            e.TextDelta(path=("helper",), part=number, text=number),
            e.AgentChanged(path=("helper",), name="helper", state="done"),
            e.ToolEnded(call=number, status="ok"),
        )
    assert [row for row in live.rows() if "call" in row] == ["call ask of helper"] * 2
    for grouping in (live.grouping, Grouping(live.conversation)):
        assert grouping.above("r0/answer/helper/1") == "r0/tool/1"
        assert grouping.above("r0/answer/helper/2") == "r0/tool/2"


def test_an_agent_at_work_again_is_not_over() -> None:
    live = Live()(e.AgentChanged(path=("a",), name="a", state="done"), e.AgentChanged(path=("a",), name="a"))
    (agent,) = [i for i in live.conversation.items.values() if isinstance(i, c.AgentItem)]
    assert agent.ended is None


def test_the_shared_row_tells_the_agents_state_unless_the_call_went_wrong() -> None:
    live = Live()(e.ToolStarted(call="1", name="ask"), e.AgentChanged(path=("a",), name="a", call="1"))
    tool, agent = (live.conversation.items[name] for name in ("r0/tool/1", "r0/agent/a"))
    assert isinstance(tool, c.ToolItem) and isinstance(agent, c.AgentItem)
    assert describe.teller(tool, agent) is agent
    live(e.AgentChanged(path=("a",), name="a", state="failed", error="no"), e.ToolEnded(call="1", status="ok"))
    assert describe.teller(tool, agent) is agent
    live(e.ToolStarted(call="2", name="ask"), e.AgentChanged(path=("a",), name="a", call="2"))
    assert describe.teller(tool, agent) is tool
    live(e.ToolEnded(call="2", status="denied"))
    other = live.conversation.items["r0/tool/2"]
    assert isinstance(other, c.ToolItem) and describe.teller(other, agent) is other


def test_calls_that_would_have_brought_each_other_end_nowhere_in_a_circle() -> None:
    live = Live()(
        e.AgentChanged(path=("a",), name="a"),
        e.ToolStarted(path=("a",), call="1", name="ask"),
        e.AgentChanged(path=("b",), name="b", call="1"),
        e.ToolStarted(path=("b",), call="2", name="ask"),
        e.AgentChanged(path=("a",), name="a", call="2"),
        e.ToolStarted(path=("b",), call="3", name="ask", shows_agent="c"),
        e.AgentChanged(path=("b", "c"), name="c", call="1"),
    )
    for name in live.conversation.items:
        seen = [name]
        while (row := live.grouping.above(seen[-1])) is not None:
            assert row not in seen
            seen.append(row)


@pytest.mark.parametrize("seed", range(40))
def test_whatever_comes_following_ends_where_reading_anew_does(seed: int) -> None:
    dice, live = Random(seed), Live()
    for _ in range(120):
        path = dice.choice([(), ("a",), ("b",), ("a", "c")])
        name = "/".join((*path, str(dice.randrange(25))))
        state = dice.choice(["running", "done", "done", "failed"])
        live(
            dice.choice(
                [
                    e.Step(path=path, step=name, label=name, state=state),
                    e.Step(path=path, step=name, label=name, state=state),
                    e.Step(path=path, step=name, label=name, state="done"),
                    e.TextDelta(path=path, part=name, text="x"),
                    e.ToolEnded(call=name, status="ok"),
                ]
            )
        )
    assert whole(live.conversation, live.grouping) == whole(live.conversation, Grouping(live.conversation))


# ---- exports


def exported(form: str, protocol: str = "promptshuttle", name: str = "multi_agent", **parts: bool) -> str:
    conversation = conversation_of(events_of(protocol, name))
    if form == "md":
        return as_markdown("T", conversation, Parts(**parts), "Bird club", lambda at: "now")
    return as_html("T", conversation, Parts(**parts), "Bird club", lambda at: "now")


def test_exports_say_who_speaks_and_no_agent_twice() -> None:
    text = exported("md", tools=False)
    assert [line for line in text.split("\n") if line.startswith("**")] == [
        "**research\\_agent**", "**research\\_agent › web\\_agent**", "**research\\_agent**", "**writer\\_agent**",
        "**Bird club**",
    ]  # fmt: skip
    assert '<h3 class="speaker" dir="auto">writer_agent</h3>' in exported("html")
    tools = exported("md")
    assert tools.count("writer\\_agent, done") == 1
    assert "task:" not in tools and "facts: a, b" in tools


def test_exports_have_one_line_for_finished_steps() -> None:
    for form in ("md", "html"):
        assert "2 steps: tools, answer, done" in exported(form, "dockrion", "runs_events_graph_no_tokens")


def test_json_keeps_whose_each_word_is() -> None:
    events = events_of("promptshuttle", "multi_agent")
    saved = Saved("T", "a", [SavedRun(Prompt("hello"), 0.0, -1, [(0.0, None, event) for event in events])])
    said = [event for _, _, event in dump(saved, Parts())["runs"][0]["events"] if event["kind"].startswith("text")]
    assert ["research_agent", "web_agent"] in [event.get("path") for event in said]
