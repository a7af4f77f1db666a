"""PromptShuttle's odd cases, played by hand. The recordings are in `tests/recordings/promptshuttle.toml`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from desktop.core.adapters.promptshuttle.adapter import PromptShuttleAdapter, PromptShuttleRun
from desktop.core.adapters.promptshuttle.data import answer_in, failure_in, usage_in
from desktop.core.conversation import AgentItem, Conversation, StepItem, ToolItem
from desktop.core.errors import ConnectionFailed
from desktop.core.events import AnyEvent, Beat, Notice, Raw, RunEnded, RunStarted, TextDelta, TextSet
from desktop.core.requests import Connection, HttpCall, Image, Prompt, Reply, Secrets, Talk, Turn
from tests.core.adapters.dialogue import wire_json
from tests.core.recordings import conversation_of

HEAD = {"content-type": "text/event-stream", "x-request-id": "r"}
DONE = "data: [DONE]\n\n"


def adapter(url: str = "http://127.0.0.1:9/v1", **options: Any) -> PromptShuttleAdapter:
    return PromptShuttleAdapter(Connection("promptshuttle", url, "openai/gpt-4o", options), Secrets("ps_k"))


def request(prompt: Prompt, *turns: Turn, **options: Any) -> HttpCall:
    run = adapter(**options).run(prompt, Talk(uuid="u", turns=turns))
    assert isinstance(run, PromptShuttleRun)
    return run.request()


def event(kind: str, data: Any = None, path: tuple[str, ...] | None = (), **more: Any) -> str:
    frame: dict[str, Any] = {"type": kind, **more}
    if path is not None:
        frame["agentPath"] = ["main", *path]
    if data is not None:
        frame["data"] = data
    return f"data: {json.dumps(frame)}\n\n"


def chunk(finish: str | None = None, **delta: Any) -> str:
    return f"data: {json.dumps({'choices': [{'index': 0, 'delta': delta, 'finish_reason': finish}]})}\n\n"


def play(*lines: str) -> tuple[list[AnyEvent], Conversation]:
    run = adapter().run(Prompt("hi"), Talk(uuid="u"))
    run.open(200, HEAD)
    events = run.feed("".join(lines).encode())
    events += run.close()
    events += [e for e in run.guarded(run.settle(Reply(200, HEAD))) if not isinstance(e, HttpCall)]  # type: ignore[misc]
    return events, conversation_of(events)


def end(events: list[AnyEvent]) -> RunEnded:
    [found] = [e for e in events if isinstance(e, RunEnded)]
    assert events[-1] is found
    return found


# ---- requests


def test_the_request_has_the_shape_of_the_service() -> None:
    call = request(Prompt("hi"), customer_id="c", debug_url="d")
    assert call.url == "http://127.0.0.1:9/v1/chat/completions" and call.stream
    assert call.headers["Authorization"] == "Bearer ps_k" and call.headers["Accept"] == "text/event-stream"
    assert (call.headers["X-Shuttle-Customer-Id"], call.headers["X-Shuttle-Debug-Url"]) == ("c", "d")
    assert call.json == {
        "model": "openai/gpt-4o",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": True,
        "stream_options": {"include_usage": True, "usage_interval_ms": 3000, "heartbeat_interval_ms": 15000},
    }


def test_options_of_the_connection_go_along_in_snake_case() -> None:
    sent = request(
        Prompt("hi"), Turn("user", "a"), Turn("assistant", "b"), system="Be brief", max_tokens=9, extra={"tools": []}
    )
    assert [m["content"] for m in sent.json["messages"]] == ["Be brief", "a", "b", "hi"]
    assert sent.json["messages"][0]["role"] == "system"
    assert (sent.json["max_tokens"], sent.json["tools"]) == (9, [])


def test_pictures_are_data_addresses_and_plain_text_stays_plain() -> None:
    sent = request(Prompt("look", (Image("a.png", "image/png", b"1"),)), Turn("user", "before"))
    before, now = (m["content"] for m in wire_json(sent)["messages"])
    assert before == "before"
    assert now[1] == {"type": "image_url", "image_url": {"url": "data:image/png;base64,MQ=="}}


# ---- where the answer may be


@pytest.mark.parametrize(
    "data",
    [
        {"text": "x"},
        {"finalText": "x"},
        {"message": {"content": "x"}},
        {"choices": [{"message": {"content": "x"}}]},
        {"response": {"choices": [{"message": {"content": "x"}}]}},
        {"result": {"message": {"content": "x"}}},
        {"result": {"output": "x"}},
        {"content": [{"type": "text", "text": "x"}]},
    ],
)
def test_the_answer_is_found_wherever_it_may_be(data: dict[str, Any]) -> None:
    assert answer_in(data) == "x"
    _, conversation = play(event("requestCompleted", data))
    assert conversation.text_of(0) == "x"


@pytest.mark.parametrize("data", [None, [], {}, {"text": ""}, {"text": 7}, {"response": {"response": {"text": "x"}}}])
def test_what_is_no_answer_is_none(data: Any) -> None:
    assert answer_in(data) == ""


def test_pieces_in_events_of_unknown_names() -> None:
    events, conversation = play(
        event("answerDelta", {"text": "One "}),
        event("somethingNew", {"delta": "two"}),
        event("thinkingToken", {"text": "hm"}),
        event("requestCompleted"),
    )
    assert conversation.text_of(0) == "One two"
    assert conversation.text_of(0, "reasoning") == "hm"
    assert not [e for e in events if isinstance(e, Raw)]


def test_an_unknown_event_with_text_but_no_hint_is_kept_as_it_is() -> None:
    events, conversation = play(
        event("agentThinking", {"text": "what is this"}), event("requestCompleted", {"text": "a"})
    )
    assert [(r.name, r.data) for r in events if isinstance(r, Raw)] == [("agentThinking", {"text": "what is this"})]
    assert conversation.text_of(0) == "a"


def test_text_of_an_earlier_call_stays_when_the_closing_text_differs() -> None:
    _, conversation = play(
        event("agentInferenceStarted"),
        event("agentInferenceCompleted", {"text": "Let me look."}),
        event("toolStarted", {"toolName": "t"}),
        event("toolCompleted", {"toolName": "t"}),
        event("agentInferenceStarted"),
        chunk(content="Dra"),
        event("requestCompleted", {"text": "Final."}),
    )
    assert conversation.text_of(0) == "Let me look.\n\nFinal."


def test_a_closing_text_with_everything_in_it_doubles_nothing() -> None:
    calls = (
        event("agentInferenceStarted"),
        event("agentInferenceCompleted", {"text": "One."}),
        event("agentInferenceStarted"),
        event("agentInferenceCompleted", {"text": "Two."}),
    )
    for closing in ("One.\n\nTwo.", "One. Two.", "Two."):
        events, conversation = play(*calls, event("requestCompleted", {"text": closing}))
        assert conversation.text_of(0) == "One.\n\nTwo."
        assert len([e for e in events if isinstance(e, TextSet)]) == 2


def test_a_closing_event_without_text_wipes_nothing() -> None:
    events, conversation = play(
        chunk(content="Hello"), event("agentCompleted", {}), event("requestCompleted", {"text": ""})
    )
    assert conversation.text_of(0) == "Hello"
    assert not [e for e in events if isinstance(e, Notice)]


# ---- endings


def test_nothing_after_the_closing_event_changes_the_ending() -> None:
    events, _ = play(event("requestCompleted", {"text": "a"}), event("requestFailed", {"error": "late"}), DONE)
    assert end(events).status == "completed"


@pytest.mark.parametrize(
    ("finish", "status"),
    [
        ("stop", "completed"),
        ("length", "limit"),
        ("tool_calls", "calls"),
        ("content_filter", "refused"),
    ],
)
def test_plain_chunks_end_as_they_say(finish: str, status: str) -> None:
    events, _ = play(chunk(content="a"), chunk(finish), DONE)
    assert end(events).status == status


def test_a_tool_call_in_chunks_is_the_callers() -> None:
    call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": '{"a"'}}
    more = {"index": 0, "function": {"arguments": ":1}"}}
    _, conversation = play(chunk(tool_calls=[call]), chunk(tool_calls=[more]), chunk("tool_calls"), DONE)
    [tool] = [i for i in conversation.items.values() if isinstance(i, ToolItem)]
    assert (tool.runs_on, tool.args) == ("client", {"a": 1})


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ((event("error", {"message": "no", "recoverable": False}), DONE), "failed"),
        ((event("error", {"message": "no", "recoverable": False}),), "failed"),
        ((event("error", {"error": {"message": "no"}}), DONE), "failed"),
        ((event("error", {"message": "no", "recoverable": True}), chunk(content="a"), DONE), "completed"),
        ((event("error", {"message": "no"}), event("agentInferenceStarted"), chunk(content="a"), DONE), "completed"),
        ((event("error", {"message": "no"}), chunk(content="a"), chunk("stop"), DONE), "completed"),
        ((chunk(content="a"), chunk("stop")), "cut"),
        ((event("agentFailed", {"error": "no"}), event("requestCompleted", {"text": "a"})), "completed"),
        (('data: {"error":{"message":"no"}}\n\n',), "failed"),
    ],
)
def test_an_error_is_the_end_only_if_the_stream_ends_on_it(lines: tuple[str, ...], status: str) -> None:
    events, _ = play(*lines)
    assert end(events).status == status


def test_half_of_a_stream_keeps_its_request_id() -> None:
    events, conversation = play(event("requestStarted"), chunk(content="Hal"))
    assert (end(events).status, conversation.runs[0].run_id) == ("cut", "r")
    assert conversation.text_of(0) == "Hal"


# ---- who works


def test_tools_without_ids_pair_by_agent_and_name_oldest_first() -> None:
    _, conversation = play(
        event("toolStarted", {"toolName": "t", "arguments": '{"n":1}'}),
        event("toolStarted", {"toolName": "t"}),
        event("toolStarted", {"toolName": "t"}, ("sub",)),
        event("toolCompleted", {"toolName": "t", "result": "sub"}, ("sub",)),
        event("toolCompleted", {"toolName": "t", "result": 1}),
        event("toolFailed", {"toolName": "t", "error": "no"}),
        event("toolCompleted", {"toolName": "never announced", "result": {"error": "bad"}}),
        event("requestCompleted", {"text": "a"}),
    )
    tools = [i for i in conversation.items.values() if isinstance(i, ToolItem)]
    assert [(t.name, t.path, t.state, t.result, t.error) for t in tools] == [
        ("t", (), "ok", 1, None),
        ("t", (), "error", None, "no"),
        ("t", ("sub",), "ok", "sub", None),
        ("never announced", (), "error", {"error": "bad"}, "bad"),
    ]
    assert tools[0].args == {"n": 1}


def test_an_agent_whose_start_was_filtered_out_is_known_by_its_work() -> None:
    _, conversation = play(
        event("toolStarted", {"toolName": "t"}, ("a", "b")), event("requestCompleted", {"text": "x"})
    )
    assert [i.path for i in conversation.items.values() if isinstance(i, AgentItem)] == [("a",), ("a", "b")]


def test_a_missing_path_is_made_of_the_depth() -> None:
    events, conversation = play(
        event("contentDelta", {"text": "inner", "agentRole": "helper"}, None, depth=2),
        event("contentDelta", {"text": "outer"}, None),
        event("requestCompleted", {}, None),
    )
    assert [(e.path, e.text) for e in events if isinstance(e, TextDelta)] == [
        (("agent", "helper"), "inner"),
        ((), "outer"),
    ]
    assert conversation.text_of(0) == "outer"


def test_two_agents_of_one_path_are_said_to_be_mixed() -> None:
    events, _ = play(
        event("agentStarted", {}, ("r",)), event("agentStarted", {}, ("r",)), event("requestCompleted", {"text": "x"})
    )
    assert len([e for e in events if isinstance(e, Notice) and e.code == "mixed"]) == 1


def test_a_model_call_that_was_replaced_by_another_try_has_failed() -> None:
    _, conversation = play(
        event("agentInferenceStarted", {"model": "a"}),
        event("agentInferenceStarted", {"model": "b"}),
        event("agentInferenceCompleted", {"text": "x", "durationMs": 5}),
        event("requestCompleted", {}),
    )
    steps = [i for i in conversation.items.values() if isinstance(i, StepItem)]
    assert [(s.label, s.state, s.ms) for s in steps] == [("a", "failed", None), ("b", "done", 5.0)]
    assert steps[1].detail == {"text": "x", "durationMs": 5}


# ---- figures and words


@pytest.mark.parametrize(
    ("data", "want"),
    [
        ({"tokensIn": 1, "tokensOut": 2, "costUsd": 0.5}, (1, 2, 0.5, "USD")),
        ({"totalTokensIn": 3, "tokensIn": 1, "totalCost": 0.5}, (3, None, 0.5, None)),
        ({"usage": {"prompt_tokens": 1, "completion_tokens": 2}, "creditsUsed": 4}, (1, 2, 4.0, "credits")),
        ({"inputTokens": 1, "outputTokens": True, "cost": "free"}, (1, None, None, None)),
    ],
)
def test_figures_in_their_several_spellings(data: dict[str, Any], want: tuple[Any, ...]) -> None:
    usage = usage_in(data)
    assert usage is not None
    assert (usage.input, usage.output, usage.cost, usage.currency) == want


def test_a_single_calls_figures_never_shrink_the_totals() -> None:
    call = event("agentInferenceCompleted", {"tokensIn": 5, "tokensOut": 1})
    _, early = play(call)
    _, late = play(call, event("usageUpdate", {"totalTokensIn": 90, "totalTokensOut": 9}), call)
    _, only_cost = play(call, event("requestCompleted", {"text": "x", "totalCostUsd": 0.5}))
    figures = [(u.input, u.cost) for c in (early, late, only_cost) if (u := c.runs[0].usage)]
    assert figures == [(5, None), (90, None), (None, 0.5)]


def test_no_figures_are_no_usage() -> None:
    assert usage_in({"elapsedMs": 5}) is None and usage_in(None) is None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"error": "no"}, "It failed: no"),
        ({"error": {"message": "no"}}, "It failed: no"),
        ({"message": "no"}, "It failed: no"),
        ({}, "It failed. The server gives no reason."),
        (None, "It failed. The server gives no reason."),
    ],
)
def test_the_words_of_an_error(data: Any, words: str) -> None:
    assert failure_in(data, "It failed").text == words


def test_approvals_are_told_as_they_cannot_be_answered() -> None:
    events, _ = play(event("approvalRequested", {"message": "may I?"}), event("requestCompleted", {"text": "x"}))
    assert any(isinstance(e, Notice) and "may I?" in e.text for e in events)


# ---- strange input


def test_nonsense_costs_one_event_each() -> None:
    events, conversation = play(
        "data: [1]\n\n",
        'data: {"type":7}\n\n',
        "data: 5\n\n",
        'data: {"choices":[7]}\n\n',
        event("heartbeat"),
        ": c\n\n",
        event("toolStarted", "not an object"),
        event("requestCompleted", {"text": "x"}),
    )
    assert len([e for e in events if isinstance(e, Raw)]) == 4
    assert len([e for e in events if isinstance(e, Beat)]) == 2
    assert len([e for e in events if isinstance(e, RunStarted)]) == 1
    assert conversation.text_of(0) == "x" and end(events).status == "completed"


@pytest.mark.parametrize(
    "body", ['{"choices":[7]}', '{"choices":[]}', '{"foo":1}', "[]", "", "<html>hi</html>", '{"error":"no"}']
)
def test_whole_answers_of_other_kinds_always_end(body: str) -> None:
    run = adapter().run(Prompt("hi"), Talk(uuid="u"))
    head = {"content-type": "application/json"}
    run.open(200, head)
    events = [*run.feed(body.encode()), *run.close()]
    events += [e for e in run.guarded(run.settle(Reply(200, head, run.body))) if not isinstance(e, HttpCall)]  # type: ignore[misc]
    assert end(events).status in ("failed", "completed")
    assert end(events).status == "failed" or any(isinstance(e, Notice) for e in events)


@pytest.mark.parametrize(("status", "good"), [(200, True), (404, True), (401, False), (0, False)])
def test_the_probe_reads_the_log_with_the_key(status: int, good: bool) -> None:
    steps = adapter().probe()
    call = next(steps)
    assert isinstance(call, HttpCall) and call.method == "GET" and call.headers["Authorization"] == "Bearer ps_k"
    with pytest.raises(StopIteration if good else ConnectionFailed):
        steps.send(Reply(status))
