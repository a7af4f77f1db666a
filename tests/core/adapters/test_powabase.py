"""Powabase's adapter by hand: what it asks for, and what it makes of streams that no recording shows."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from typing import Any

import pytest

from desktop.core import conversation as c
from desktop.core.adapters.powabase.adapter import PowabaseAdapter
from desktop.core.adapters.powabase.content import spoken, title_of
from desktop.core.errors import NotSendable, SluiceError
from desktop.core.events import AnyEvent, AskOpened, RunEnded, Usage
from desktop.core.reducer import Reducer
from desktop.core.requests import Answer, Connection, Found, HttpCall, Image, Prompt, Reply, Secrets, Steps, Talk, Wait
from tests.core.adapters.dialogue import wire_json

AGENT = "5d61e588-5855-4691-9294-fa91a2e384d7"
SSE = {"content-type": "text/event-stream; charset=utf-8"}
START = {"event": "start", "run_id": "run_1", "session_id": "sess_1"}
DONE = {"event": "complete", "status": "completed"}


def adapter(key: str = "k", anon: str | None = None, agent: str | None = AGENT, **options: Any) -> PowabaseAdapter:
    secrets = Secrets(key, {"anon_key": anon} if anon else {})
    return PowabaseAdapter(Connection("powabase", "https://p.example/", agent, options), secrets)


class Play:
    """A run that is fed by hand, with the conversation that it makes."""

    def __init__(self, made: PowabaseAdapter | None = None, headers: dict[str, str] | None = None) -> None:
        self.run = (made or adapter()).run(Prompt("hi"), Talk("u"))
        self.reducer = Reducer()
        self.reducer.begin(Prompt("hi"), 0.0)
        self.steps = self.run.steps()
        self.request = next(self.steps)
        self.events: list[AnyEvent] = []
        self._take(self.run.open(200, {**SSE, **(headers or {})}))

    @property
    def talk(self) -> c.Conversation:
        return self.reducer.conversation

    def say(self, *objects: dict[str, Any] | str) -> Play:
        for data in objects:
            text = data if isinstance(data, str) else json.dumps(data)
            self._take(self.run.feed(f"data: {text}\n\n".encode()))
        return self

    def end(self, *replies: Reply) -> Play:
        """The body ends; further calls of the script get these replies."""
        self._take(self.run.close())
        waiting = [Reply(200, SSE), *replies]
        reply: Reply | None = waiting.pop(0)
        self.calls: list[HttpCall] = []
        while True:
            try:
                step = self.steps.send(reply)
            except StopIteration:
                return self
            reply = None
            if isinstance(step, HttpCall):
                self.calls.append(step)
                reply = waiting.pop(0)
            elif not isinstance(step, Wait):
                self._take([step])

    def answer(self, answer: Answer, *replies: Reply | dict[str, Any]) -> tuple[str | None, list[HttpCall | Wait]]:
        """Answer; an object among the replies is said on the stream before the 404 that it stands for comes."""
        steps, asked, waiting = self.run.answer(answer), [], list(replies)
        reply: Reply | None = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration as stop:
                return stop.value, asked
            assert isinstance(step, HttpCall | Wait)
            asked.append(step)
            reply = None
            if isinstance(step, HttpCall):
                found = waiting.pop(0)
                if isinstance(found, dict):
                    self.say(found)
                reply = found if isinstance(found, Reply) else Reply(404)

    def _take(self, events: list[AnyEvent]) -> None:
        self.events += events
        for event in events:
            self.reducer.apply(event, 1.0)

    def items(self, cls: type[Any]) -> list[Any]:
        return [item for item in self.talk.items.values() if isinstance(item, cls)]

    def text(self, *path: str) -> str:
        return "\n\n".join(i.text for i in self.items(c.AnswerItem) if i.path == path and i.text)

    @property
    def status(self) -> str | None:
        return self.talk.runs[-1].status

    @property
    def notices(self) -> list[str]:
        return [item.text for item in self.items(c.NoticeItem)]


def delta(text: str) -> dict[str, Any]:
    return {"event": "content_delta", "type": "content_delta", "delta": text}


def call(name: str = "query", id: str | None = "c1", **args: Any) -> dict[str, Any]:  # noqa: A002
    return {"event": "tool_call", "tool_name": name, "arguments": args, **({"call_id": id} if id else {})}


def result(preview: Any, name: str = "query", id: str | None = "c1") -> dict[str, Any]:  # noqa: A002
    return {"event": "tool_result", "tool_name": name, "result_preview": preview, **({"call_id": id} if id else {})}


def wanted(name: str = "query", **args: Any) -> dict[str, Any]:
    return {"event": "approval_requested", "tool_name": name, "tool_input": args, "message": "May it?"}


def hook(blocked: bool = False, status: str = "succeeded", message: str | None = None, **more: Any) -> dict[str, Any]:
    base = {"event": "hook_result", "hook_event": "PreToolUse", "modified": False}
    return {**base, "status": status, "blocked": blocked, "message": message, **more}


def ask_of(play: Play) -> AskOpened:
    return next(e for e in reversed(play.events) if isinstance(e, AskOpened))


def played(steps: Steps[Any], *replies: Reply) -> tuple[Any, list[HttpCall]]:
    waiting, calls, reply = list(replies), [], None
    while True:
        try:
            step = steps.send(reply)
        except StopIteration as stop:
            return stop.value, calls
        assert isinstance(step, HttpCall)
        calls.append(step)
        reply = waiting.pop(0)


def body(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    return Reply(status, headers or {}, json.dumps(data).encode())


# ---- requests


def test_the_key_goes_into_both_headers_and_the_anon_key_before_it() -> None:
    assert Play(adapter("k")).request.headers["apikey"] == "k"
    both = Play(adapter("user", "anon")).request.headers
    assert (both["apikey"], both["Authorization"]) == ("anon", "Bearer user")
    assert "apikey" not in Play(adapter("")).request.headers


def test_a_turn_carries_the_message_the_session_and_only_the_options_that_were_set() -> None:
    made = adapter(temperature=0.2, citations_enabled=False, context_items=[{"text": "x"}], response_format="")
    first = next(made.run(Prompt("hi"), Talk("u")).steps())
    again = next(made.run(Prompt("on"), Talk("u", "sess_9")).steps())
    options = {"temperature": 0.2, "citations_enabled": False, "context_items": [{"text": "x"}]}
    assert isinstance(first, HttpCall) and isinstance(again, HttpCall)
    assert (first.method, first.url) == ("POST", f"https://p.example/api/agents/{AGENT}/run/stream")
    assert first.json == {"message": "hi", **options}
    assert again.json == {"message": "on", "session_id": "sess_9", **options}
    assert first.stream and first.timeout is None


def test_a_picture_goes_as_a_part_of_the_message_and_only_then() -> None:
    prompt = Prompt("look", (Image("a.png", "image/png", b"\x89PNG\xff"),))
    sent = next(adapter().run(prompt, Talk("u")).steps())
    assert isinstance(sent, HttpCall)
    assert wire_json(sent)["message"] == [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64," + b64encode(b"\x89PNG\xff").decode()}},
    ]


@pytest.mark.parametrize(
    ("options", "prompt"),
    [
        ({"images": False}, Prompt("x", (Image("a.png", "image/png", b"x"),))),
        ({"kind": "team"}, Prompt("x", (Image("a.png", "image/png", b"x"),))),
        ({}, Prompt("x", (Image("a.bmp", "image/bmp", b"x"),))),
        ({}, Prompt("")),
        ({"context_override": "a", "context_handler_id": "b"}, Prompt("x")),
    ],
)
def test_what_the_server_would_refuse_is_refused_before_sending(options: Any, prompt: Prompt) -> None:
    with pytest.raises(NotSendable) as refused:
        adapter(**options).run(prompt, Talk("u"))
    assert refused.value.headline.endswith((".", "bmp"))


def test_teams_and_workflows_have_addresses_of_their_own() -> None:
    team = Play(adapter(kind="team", agent="a/b")).request
    assert (team.url, team.json) == ("https://p.example/api/orchestrations/a%2Fb/run/stream", {"message": "hi"})
    flow = Play(adapter(kind="workflow", variables={"n": 1})).request
    assert flow.url == f"https://p.example/api/workflows/{AGENT}/execute/stream"
    assert flow.json == {"variables": {"n": 1, "input": "hi"}}


# ---- the answer


def test_chunks_are_pieces_until_a_delta_was_seen() -> None:
    pieces = Play().say(START, {"event": "chunk", "content": "a"}, {"event": "chunk", "content": "b"}, DONE)
    assert pieces.text() == "ab"
    again = Play().say(START, delta("a"), delta("b"), {"event": "chunk", "content": "ab"}, {**DONE, "content": "ab"})
    assert again.text() == "ab"
    assert not [e for e in again.events if e.kind == "text.set"], "what is the same is no event"


def test_a_redacted_answer_replaces_every_part_that_was_shown() -> None:
    play = Play().say(START, delta("secret "), call(), result("x"), delta("word"))
    assert play.text() == "secret \n\nword"
    play.say({"event": "chunk", "content": "[withheld] word"}, {**DONE, "content": "[withheld] word"})
    assert play.text() == "[withheld] word"


def test_an_empty_answer_wipes_only_where_a_rule_withheld_it() -> None:
    empty: tuple[dict[str, Any], ...] = ({"event": "chunk", "content": ""}, {**DONE, "content": ""})
    assert Play().say(START, delta("kept"), *empty).text() == "kept"
    rule = hook(hook_event="PreResponse", modified=True)
    assert Play().say(START, delta("secret"), rule, *empty).text() == ""


def test_a_step_that_is_asked_again_takes_back_what_it_had_begun() -> None:
    first = ({"event": "step_started", "step": 1}, delta("Before. "), call(), result("x"))
    thought = {"event": "reasoning_delta", "step": 2, "delta": "no"}
    begun = ({"event": "step_started", "step": 2}, delta("Wrong"), thought)
    play = Play().say(START, *first, *begun, {"event": "step_reset", "step": 2, "reason": "rate_limit"})
    assert (play.text(), play.talk.text_of(0, "reasoning")) == ("Before. ", "")
    play.say({"event": "step_started", "step": 2}, delta("Right."), {**DONE, "content": "Before. Right."})
    assert play.text() == "Before. \n\nRight."
    assert any("asked again (rate limit)" in words for words in play.notices)


def test_thoughts_come_in_every_documented_shape() -> None:
    shapes = ({"event": "reasoning", "step": 1, "delta": "a"}, {"event": "reasoning_delta", "step": 1, "delta": "b"})
    play = Play().say(START, *shapes, {"event": "reasoning", "step": 1, "text": "ab", "source": "thinking"})
    play.say({"event": "reasoning", "step": 1, "content": "ab"})
    play.say({"event": "reasoning", "step": 2, "content": "c", "source": "thinking"})
    play.say({"event": "reasoning_summary", "summary": "in short"})
    assert play.talk.text_of(0, "reasoning") == "ab\n\nc\n\nin short"


# ---- endings


def test_error_is_not_the_end_and_told_once() -> None:
    play = Play().say(START, delta("half"), {"event": "error", "error": "no model", "code": "x"})
    assert play.status is None
    play.say({"event": "complete", "status": "failed", "content": "half", "error": "no model"})
    run = play.talk.runs[-1]
    assert (run.status, play.text()) == ("failed", "half")
    assert run.error and "no model" in run.error.text and run.error.code == "x"
    assert play.notices == []


@pytest.mark.parametrize("field", ["error", "message"])
def test_a_lone_error_ends_with_the_body(field: str) -> None:
    play = Play().say(START, {"event": "error", field: "it broke"}).end()
    assert play.status == "failed" and play.talk.runs[-1].error
    assert "it broke" in play.talk.runs[-1].error.text


def test_a_session_that_is_unknown_is_said_in_words_that_help() -> None:
    play = Play().say({"event": "error", "error": "Session not found"}).end()
    failure = play.talk.runs[-1].error
    assert failure and failure.code == "session" and "new one" in failure.text
    assert adapter().failure_of(body({"error": "Session not found"}, 404)).code == "session"


def test_a_body_without_complete_is_cut_and_its_request_withdrawn() -> None:
    play = Play().say(START, call(), wanted()).end()
    assert play.status == "cut"
    assert [item.state for item in play.items(c.AskItem)] == ["withdrawn"]
    assert [item.state for item in play.items(c.ToolItem)] == ["unknown"]


def test_nothing_after_complete_counts() -> None:
    play = Play().say(START, delta("a"), DONE, delta("b"), {"event": "error", "error": "late"}, "[DONE]").end()
    assert (play.status, play.text()) == ("completed", "a")
    assert [e.kind for e in play.events].count("run.ended") == 1


def test_an_answer_that_met_the_limit_is_told_as_such() -> None:
    stopped = {"event": "step_completed", "step": 1, "finish_reason": "length", "has_tool_calls": []}
    assert Play().say(START, {"event": "step_started", "step": 1}, delta("a"), stopped, DONE).status == "limit"


def test_an_empty_success_says_so() -> None:
    assert Play().say(START, DONE).notices == ["The agent finished without an answer."]


# ---- loose and unknown


def test_loose_types_lose_no_event() -> None:
    play = Play().say(
        {"event": "start", "run_id": None, "session_id": 7},
        {"event": "step_started", "step": "one", "seq": "x", "ts": 3},
        {"event": "tool_call", "tool_name": None, "arguments": '{"a": 1}'},
        {"event": "tool_result", "tool_name": None, "result_preview": None, "duration_ms": "long"},
        {"event": "step_completed", "step": "one", "has_tool_calls": {}, "finish_reason": None},
        {"event": "content_delta", "delta": None},
        delta("ok"),
        {"event": "complete", "status": None, "usage": [], "tool_calls": "none", "citations": {}, "error": None},
    )
    assert (play.status, play.text(), play.talk.runs[-1].unknown) == ("completed", "ok", 0)
    (tool,) = play.items(c.ToolItem)
    assert (tool.state, tool.args) == ("ok", {"a": 1})


def test_what_is_unknown_is_kept_and_counted() -> None:
    play = Play().say(START, {"event": "brand_new", "x": 1}, "[1]", "{broken", '"text"', DONE)
    assert (play.status, play.talk.runs[-1].unknown) == ("completed", 4)
    raw = [e for e in play.events if e.kind == "raw"]
    assert raw[0].data == {"event": "brand_new", "x": 1} and raw[2].data == "{broken"


def test_housekeeping_is_quiet_lines() -> None:
    play = Play().say(
        START,
        {"event": "proactive_compact", "step": 1, "tokens_before": 900, "tokens_after": 300},
        {"event": "model_fallback", "from": "m-1", "to": "m-2"},
        {"event": "context_handler_created", "query": "weather"},
        {"event": "output_recovery", "attempt": 1},
        {"event": "on_run_complete", "status": "completed"},
        delta("ok"),
        DONE,
    )
    assert play.notices[0] == "The agent shortened the conversation from 900 to 300"
    assert "m-1 → m-2" in play.notices[1] and "weather" in play.notices[2]
    assert {item.level for item in play.items(c.NoticeItem)} == {"info"}
    assert play.talk.runs[-1].unknown == 0


def test_citations_are_sources() -> None:
    cited = {"key": "1", "source_id": "s", "source_name": "Atlas", "text_excerpt": "Oslo is", "meta": {"url": "https://a"}}
    (source,) = Play().say(START, delta("x [1]"), {**DONE, "citations": [cited]}).items(c.SourceItem)
    assert (source.title, source.quote, source.url, source.doc) == ("Atlas", "Oslo is", "https://a", "s")


# ---- tools


def test_results_pair_by_id_whatever_their_order() -> None:
    play = Play().say(START, call(id="a", n=1), call(id="b", n=2), result("two", id="b"), result("one", id="a"))
    assert [(t.call, t.result) for t in play.items(c.ToolItem)] == [("a", "one"), ("b", "two")]


def test_without_ids_the_oldest_open_call_of_the_name_is_meant() -> None:
    results = (result("first", id=None), result("second", id=None))
    play = Play().say(START, call(id=None, n=1), call(id=None, n=2), *results)
    assert [t.result for t in play.items(c.ToolItem)] == ["first", "second"]


def test_the_closing_frame_brings_whole_results_also_for_the_same_call_twice() -> None:
    cut, whole = "x" * 200, ["x" * 300, "x" * 400]
    play = Play().say(START, call(id="a"), result(cut, id="a"), call(id="b"), result(cut, id="b"))
    records = [{"step": 1, "tool_name": "query", "arguments": {}, "result": text, "duration_ms": 3} for text in whole]
    play.say({**DONE, "tool_calls": records})
    assert [t.result for t in play.items(c.ToolItem)] == whole


def test_a_result_of_parts_shows_its_picture() -> None:
    url = "data:image/png;base64," + b64encode(b"png").decode()
    parts = [{"type": "text", "text": "seen"}, {"type": "image_url", "image_url": {"url": url}}]
    play = Play().say(START, call(), result("[multimodal content]"))
    play.say({**DONE, "tool_calls": [{"tool_name": "query", "arguments": {}, "result": parts}]})
    (tool,) = play.items(c.ToolItem)
    assert [(p.type, p.text, p.data) for p in tool.parts] == [("text", "seen", None), ("image", None, b"png")]


@pytest.mark.parametrize(
    ("shown", "state"),
    [("Error: no", "error"), ('{"error": "cut off in the mid', "error"), ("Errors were found: 0", "ok"), ("", "ok")],
)
def test_a_failed_tool_is_told_by_how_its_text_begins(shown: str, state: str) -> None:
    assert [t.state for t in Play().say(START, call(), result(shown)).items(c.ToolItem)] == [state]


# ---- approvals


def asking(*more: dict[str, Any]) -> Play:
    return Play().say(START, call(q=1), wanted(q=1), *more)


def test_a_404_is_tried_again_on_a_connection_of_its_own() -> None:
    play = asking()
    trouble, asked = play.answer(Answer(ask_of(play).ask, True), Reply(404), Reply(404), Reply(200))
    calls = [step for step in asked if isinstance(step, HttpCall)]
    assert trouble is None and len(calls) == 3
    assert all(step.fresh and step.headers["Connection"] == "close" for step in calls)
    assert {(step.url, json.dumps(step.json)) for step in calls} == {
        ("https://p.example/api/agents/runs/run_1/approve", '{"approved": true}')
    }
    assert 4.0 <= 14 * next(step.seconds for step in asked if isinstance(step, Wait)) <= 5.0
    again, nothing = play.answer(Answer(ask_of(play).ask, True))
    assert again and not nothing, "a decision is sent once"


def test_tries_end_when_the_stream_brings_the_proof() -> None:
    play = asking()
    trouble, asked = play.answer(Answer(ask_of(play).ask, True), Reply(404), hook())
    assert trouble is None and len([step for step in asked if isinstance(step, HttpCall)]) == 2


def test_other_answers_than_404_are_words_and_the_request_stays_open() -> None:
    play = asking()
    ask = ask_of(play).ask
    trouble, asked = play.answer(Answer(ask, True), body({"error": "no such right"}, 403))
    assert trouble and "no such right" in trouble and len(asked) == 1
    lost, _ = play.answer(Answer(ask, True), Reply(0))
    assert lost and "may not have arrived" in lost
    assert [item.state for item in play.items(c.AskItem)] == ["pending"]


def test_a_reason_goes_with_a_denial_only() -> None:
    play = asking()
    _, asked = play.answer(Answer(ask_of(play).ask, False, note="not now"), Reply(200))
    assert isinstance(asked[0], HttpCall) and asked[0].json == {"approved": False, "reason": "not now"}
    play = asking()
    _, asked = play.answer(Answer(ask_of(play).ask, True, note="fine"), Reply(200))
    assert isinstance(asked[0], HttpCall) and asked[0].json == {"approved": True}


@pytest.mark.parametrize(
    ("proof", "state", "answer"),
    [
        (hook(), "answered", "approved"),
        (hook(True, message="Denied by user: no"), "answered", "denied"),
        (hook(True, "timed_out", "Approval timed out"), "expired", None),
        (hook(True, "failed", "bad hook"), "withdrawn", None),
    ],
)
def test_the_proof_on_the_stream_closes_the_request(proof: Any, state: str, answer: str | None) -> None:
    (item,) = asking(proof).items(c.AskItem)
    assert (item.state, item.answer) == (state, answer)


def test_a_refusal_counts_although_another_rule_s_line_comes_first() -> None:
    play = asking()
    play.answer(Answer(ask_of(play).ask, False), Reply(200))
    play.say(hook())
    assert [item.state for item in play.items(c.AskItem)] == ["pending"]
    play.say(hook(True, message="Denied by user: "), result("Error: Blocked by hook — Denied by user: "))
    assert [(i.state, i.answer) for i in play.items(c.AskItem)] == [("answered", "denied")]
    assert [t.state for t in play.items(c.ToolItem)] == ["denied"]


def test_a_refusal_elsewhere_after_another_rule_s_line_denies_the_tool() -> None:
    refused = "Denied by user: no"
    play = asking(hook(), hook(True, message=refused), result(f"Error: Blocked by hook — {refused}"))
    assert [t.state for t in play.items(c.ToolItem)] == ["denied"]


def test_a_tool_that_a_rule_stopped_was_refused_by_nobody() -> None:
    play = Play().say(START, call(), hook(True, message="only on weekdays"), result("Error: Blocked by hook — only"))
    assert [t.state for t in play.items(c.ToolItem)] == ["error"]
    assert "only on weekdays" in play.notices[0]


def test_a_second_approval_of_the_same_call_means_the_first_was_given() -> None:
    play = asking(wanted(q=1))
    assert [(i.state, i.answer) for i in play.items(c.AskItem)] == [("answered", "approved"), ("pending", None)]


def test_requests_that_are_open_at_once_cannot_be_allowed_by_one_answer() -> None:
    play = Play().say(START, call(id="a", q=1), call(id="b", q=2), wanted(q=1), wanted(q=2))
    assert [i.call for i in play.items(c.AskItem)] == ["a", "b"], "bound by their arguments"
    trouble, asked = play.answer(Answer(ask_of(play).ask, True))
    assert trouble and "Only Deny" in trouble and asked == []
    denied, asked = play.answer(Answer(ask_of(play).ask, False), Reply(200))
    assert denied is None and len(asked) == 1


# ---- teams


TEAM = {"event": "orchestration_started", "strategy": "supervisor"}


def delegated(agent: str, child: str, task: str = "do", **more: Any) -> dict[str, Any]:
    return {"event": "delegation_started", "agent": agent, "task": task, "child_execution_id": child, **more}


def returned(agent: str, child: str, status: str = "completed") -> dict[str, Any]:
    return {"event": "delegation_completed", "agent": agent, "child_execution_id": child, "status": status}


def test_what_lies_in_a_delegation_s_brackets_is_that_agent_s() -> None:
    play = Play(adapter(kind="team")).say(
        START, TEAM, delta("I ask. "), call("delegate_to_ann", task="do"), delegated("ann", "x1"),
        {"event": "step_started", "step": 1}, delta("Ann's. "), call("query", id="c2"), result("r", id="c2"),
        delta("More."), returned("ann", "x1", "failed"), result("Ann's. More.", "delegate_to_ann"), delta("So."),
    )  # fmt: skip
    assert (play.text(), play.text("ann")) == ("I ask. \n\nSo.", "Ann's. \n\nMore.")
    assert [(t.name, t.path) for t in play.items(c.ToolItem)] == [("delegate_to_ann", ()), ("query", ("ann",))]
    (agent,) = play.items(c.AgentItem)
    assert (agent.state, agent.task, agent.call) == ("failed", "do", "c1")
    said = "I ask. Ann's. More.So."
    play.say({"event": "chunk", "content": said}, {**DONE, "run_id": "r", "content": said})
    play.end(Reply(404))
    assert (play.status, play.text()) == ("completed", "I ask. \n\nSo."), "everybody's words are not the answer"


def test_a_member_s_figures_are_not_the_run_s() -> None:
    team = {"prompt_tokens": 84, "completion_tokens": 34}
    play = Play(adapter(kind="team")).say(START, TEAM, delegated("ann", "x1"), {**DONE, "usage": team})
    figures = {"prompt_tokens": 42, "completion_tokens": 17}
    early = Play(adapter(kind="team")).say(START, TEAM, delegated("ann", "x1"))
    early.say({**returned("ann", "x1"), "usage": figures})
    usage = play.end(Reply(404)).talk.runs[-1].usage
    assert usage and (usage.input, usage.output) == (84, 34)
    assert early.talk.runs[-1].usage is None
    assert [(e.path, e.input) for e in early.events if isinstance(e, Usage)] == [(("ann",), 42)]


def test_agents_that_are_delegated_to_at_once_are_not_one_person() -> None:
    play = Play(adapter(kind="team")).say(
        START, TEAM, call("delegate_to_ann", id="a", task="1"), call("delegate_to_bob", id="b", task="2"),
        delegated("ann", "x1", "1"), delta("An"), delegated("bob", "x2", "2"), delta("Bo"), delta("n"),
        returned("ann", "x1"), delta("b"), returned("bob", "x2"), delta("Both."),
    )  # fmt: skip
    assert (play.text("ann"), play.text("bob")) == ("An", "b")
    assert any("mixed" in words for words in play.notices)
    rows = [("x2", "Bob"), ("x1", "Ann")]
    stored = {"child_runs": [{"run_id": i, "status": "completed", "content": text} for i, text in rows]}
    play.say({**DONE, "content": "AnBonbBoth."}).end(body(stored))
    assert (play.text("ann"), play.text("bob"), play.status) == ("Ann", "Bob", "completed")
    assert play.calls[0].url == "https://p.example/api/orchestrations/runs/run_1"


def test_a_redacted_team_shows_nothing_of_what_was_said() -> None:
    play = Play(adapter(kind="team")).say(START, TEAM, delta("I ask."), delegated("ann", "x1"), delta("secret"))
    play.say(returned("ann", "x1"), {**DONE, "content": "[withheld]"}).end(Reply(500))
    assert (play.text(), play.text("ann")) == ("[withheld]", "")


def test_the_documentation_s_team_names_its_writers() -> None:
    play = Play(adapter(kind="team")).say(
        START, {"event": "delegation_start", "agent": "ann"}, {"event": "delegation_start", "agent": "bob"},
        {"event": "entity_chunk", "entity": "ann", "content": "A1 "},
        {"event": "entity_chunk", "agent": "ann", "delta": "A2"},
        {"event": "delegation_end", "agent": "bob"}, {"event": "delegation_end", "agent": "ann"}, delta("End."), DONE,
    )  # fmt: skip
    assert (play.text("ann"), play.text()) == ("A1 A2", "End.")


def test_a_team_s_run_ends_although_its_stream_breaks_after_the_last_frame() -> None:
    play = Play(adapter(kind="team")).say(START, TEAM, delta("Done."), {**DONE, "content": "Done."})
    assert play.run.enough and play.status is None
    assert play.end(Reply(0)).status == "completed"


# ---- workflows


def test_a_workflow_in_the_documentation_s_words() -> None:
    play = Play(adapter(kind="workflow")).say(
        {"type": "workflow_start", "execution_id": "e1"},
        {"type": "block_started", "block_id": "a", "block_type": "agent", "block_name": "Draft"},
        {"type": "block_chunk", "block_id": "a", "block_type": "agent", "delta": "draft"},
        {"type": "block_completed", "block_id": "a", "block_type": "agent", "output": "draft"},
        {"type": "block_start", "block_id": "b", "block_type": "agent"},
        {"type": "block_chunk", "block_id": "b", "block_type": "agent", "chunk": "final"},
        {"type": "workflow_complete"},
    )
    assert (play.status, play.text(), play.talk.runs[-1].run_id) == ("completed", "final", "e1")
    step = play.items(c.StepItem)[0]
    assert (step.label, step.type, step.state, step.detail) == ("Draft", "block", "done", "draft")


def test_a_workflow_without_a_writer_answers_with_its_last_output() -> None:
    done = {"type": "block_complete", "block_id": "r", "block_type": "response", "data": {"output": "42"}}
    broken = {"type": "block_error", "block_id": "q", "block_type": "code", "data": {"error": "no such name"}}
    play = Play(adapter(kind="workflow")).say(broken, done, {"type": "done", "execution_id": "e"})
    assert (play.status, play.text()) == ("completed", "42")
    assert [(s.label, s.state) for s in play.items(c.StepItem)] == [("code", "failed"), ("response", "done")]
    assert play.notices == ["The block code failed: no such name"]


def test_a_workflow_s_error_is_its_end() -> None:
    error = {"type": "error", "error": "timed out", "error_code": "EXECUTION_TIMEOUT"}
    play = Play(adapter(kind="workflow")).say(error)
    assert play.status == "failed" and play.talk.runs[-1].error
    assert play.talk.runs[-1].error.code == "EXECUTION_TIMEOUT"


# ---- keys


def jwt(**claims: Any) -> str:
    return ".".join(urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in ({}, claims, {}))


NOON = {"date": "Sat, 21 Nov 2026 12:00:00 GMT"}
AT_NOON = 1795262400


def test_a_service_role_key_is_warned_of() -> None:
    assert any("administrator" in words for words in Play(adapter(jwt(role="service_role"))).notices)
    assert Play(adapter(jwt(role="authenticated", exp=AT_NOON + 3600)), NOON).notices == []
    found, _ = played(adapter(jwt(role="service_role"), agent=None).probe(), body({"agents": [], "total": 3}))
    assert isinstance(found, Found) and "administrator" in found.words and "3 agents" in found.words


def test_the_end_of_a_key_is_told_before_it_comes_by_the_server_s_clock() -> None:
    assert Play(adapter(jwt(exp=AT_NOON + 300)), NOON).notices == [
        "The key of this connection runs out in 5 minutes. Have a new token ready."
    ]
    assert "has run out" in Play(adapter(jwt(exp=AT_NOON - 1)), NOON).notices[0]
    assert Play(adapter(jwt(exp=AT_NOON + 300))).notices == [], "no date, no guess"
    far = adapter(jwt(exp=AT_NOON + 86400), agent=None)
    found, _ = played(far.probe(), body({"agents": [], "total": 0}, headers=NOON))
    assert "good until 2026-11-22 12:00 UTC" in found.words


@pytest.mark.parametrize("key", ["a.b.c", "a.e30.c", "....", jwt(exp="soon"), jwt(exp=1e300), jwt(role=["x"])])
def test_odd_keys_do_no_harm(key: str) -> None:
    assert Play(adapter(key), NOON).say(START, delta("ok"), DONE).status == "completed"
    assert played(adapter(key, agent=None).probe(), body({"total": 1}, headers=NOON))[0].words


# ---- lists, history, look-up


def test_the_list_of_agents_comes_in_pages() -> None:
    pages = [body({"agents": [{"id": str(n), "name": f"n{n}"} for n in range(a, b)], "total": 150}) for a, b in
             ((0, 100), (100, 150))]  # fmt: skip
    found, calls = played(adapter().agents(), *pages)
    assert len(found) == 150
    assert [call.url.partition("?")[2] for call in calls] == ["limit=100&offset=0", "limit=100&offset=100"]


def test_something_else_at_the_address_is_told() -> None:
    for reply in (Reply(200, {}, b"<!doctype html><p>Hi</p>"), body([1])):
        with pytest.raises(SluiceError) as wrong:
            played(adapter().probe(), reply)
        assert "not Powabase" in wrong.value.headline


def test_an_agent_id_that_is_no_uuid_is_named_as_the_likely_cause() -> None:
    page = Reply(500, {"content-type": "text/html"}, b"<!doctype html><title>500</title><p>It broke.</p>")
    assert "UUID" in adapter(agent="my agent").failure_of(page).text
    assert "UUID" not in adapter().failure_of(page).text


def test_messages_with_pictures_are_read_in_each_stored_form() -> None:
    url = "data:image/png;base64," + b64encode(b"png").decode()
    parts = [{"type": "text", "text": "what is this?"}, {"type": "image_url", "image_url": {"url": url}}]
    for held in (parts, json.dumps(parts)):
        text, images = spoken(held)
        assert (text, [(i.media, i.data) for i in images]) == ("what is this?", [("image/png", b"png")])
        assert title_of(held) == "what is this?"
    assert spoken([{"type": "image_url", "image_url": {"url": "https://x/y.png"}}]) == ("[picture]", ())
    assert title_of(json.dumps(parts)[:100]) == "what is this?"
    assert title_of('[{"type": "image_url", "image_url": {"url": "data:image') == "[picture]"
    assert spoken("[1, 2]") == ("[1, 2]", ()), "a message may be a list of its own"
    assert title_of('[{"a": 1}] is my list') == '[{"a": 1}] is my list'


def looked_up(*replies: Reply) -> tuple[list[AnyEvent], list[HttpCall], list[float]]:
    run = adapter().look_up("run_7", Talk("u"))
    assert run is not None
    steps, waiting, reply = run.steps(), list(replies), None
    events: list[AnyEvent] = []
    calls: list[HttpCall] = []
    waits: list[float] = []
    while True:
        try:
            step = steps.send(reply)
        except StopIteration:
            return events, calls, waits
        reply = None
        if isinstance(step, HttpCall):
            calls.append(step)
            reply = waiting.pop(0)
        elif isinstance(step, Wait):
            waits.append(step.seconds)
        else:
            events.append(step)


def test_a_run_that_still_goes_on_is_looked_at_until_it_ends() -> None:
    row = {"id": "x", "run_id": "run_7", "session_id": "internal", "content": "", "status": "running"}
    events, calls, waits = looked_up(body(row), body(row), body({**row, "status": "completed", "content": "late"}))
    assert [call.url for call in calls] == ["https://p.example/api/agents/runs/run_7"] * 3
    assert len(waits) == 2
    assert [e.text for e in events if e.kind == "text.set"] == ["late"]
    assert [e.status for e in events if isinstance(e, RunEnded)] == ["completed"]
    assert len([e for e in events if e.kind == "notice"]) == 1


def test_a_run_that_is_not_there_is_told() -> None:
    events, _, _ = looked_up(body({"error": "Run not found"}, 404))
    (end,) = events
    assert isinstance(end, RunEnded) and end.status == "failed" and end.error and "does not know" in end.error.text


def test_a_stored_team_is_taken_apart() -> None:
    told = (TEAM, call("delegate_to_ann", task="do"), delegated("ann", "x1"), returned("ann", "x1"),
              result("Ann.", "delegate_to_ann"))  # fmt: skip
    events = [{("type" if name == "event" else name): value for name, value in event.items()} for event in told]
    child = {"run_id": "x1", "status": "completed", "content": "Ann."}
    row = {"run_id": "orch_run_1", "status": "completed", "content": "I ask. Ann.So.", "events": events}
    run = adapter(kind="team").run(Prompt("hi"), Talk("u"))
    reducer = Reducer()
    reducer.begin(None, 0.0)
    run.open(200, {"content-type": "application/json"})
    run.feed(json.dumps({**row, "child_runs": [child]}).encode())
    run.close()
    for event in run.guarded(run.settle(Reply(200, {"content-type": "application/json"}, run.body))):
        reducer.apply(event, 1.0)  # type: ignore[arg-type]
    answers = {i.path: i.text for i in reducer.conversation.items.values() if isinstance(i, c.AnswerItem)}
    assert answers == {(): "I ask.\n\nSo.", ("ann",): "Ann."}
    assert reducer.conversation.runs[-1].status == "completed"
