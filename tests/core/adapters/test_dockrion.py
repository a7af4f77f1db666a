"""Dockrion beyond its recordings: what is asked of the server, in which order, and what odd streams come to."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from desktop.core.adapters.dockrion.adapter import DockrionAdapter
from desktop.core.adapters.dockrion.input import read_schema
from desktop.core.errors import SluiceError
from desktop.core.events import Failure, Notice, Raw, RunStarted, Step, TextDelta, ToolEnded, ToolStarted
from desktop.core.requests import Connection, Image, Prompt, Secrets, Talk, Turn
from tests.core.adapters.dialogue import Dialogue, wire_json

UUID = "11111111-2222-4333-8444-555555555555"
INFO = {"success": True, "agent": {"name": "demo", "framework": "langgraph", "mode": "entrypoint"},
        "auth_enabled": False, "version": "1.0.0"}  # fmt: skip
PATHS = ["/invoke", "/invoke/stream", "/runs", "/runs/{run_id}"]
QUERY = {"query": "string", "session_id": "string", "images": "array"}
PICTURE = Image("dot.png", "image/png", b"\x89PNG\x00\xff")
TOLD = {"mode": "direct", "text_field": "query", "session_field": "none", "images_field": "none"}


def adapter(key: str | None = None, **options: Any) -> DockrionAdapter:
    return DockrionAdapter(Connection("dockrion", "http://agent:8080", options=options), Secrets(key))


def schema(fields: dict[str, str], *required: str) -> dict[str, Any]:
    properties = {name: {"type": kind} for name, kind in fields.items()}
    return {"type": "object", "properties": properties, "required": list(required)}


def start(made: DockrionAdapter, prompt: Prompt = Prompt("hi"), turns: tuple[Turn, ...] = ()) -> Dialogue:  # noqa: B008
    run = made.run(prompt, Talk(uuid=UUID, turns=turns))
    return Dialogue(run.steps(), run)


def tell(talk: Dialogue, fields: Any = None, info: Any = None, paths: list[str] | None = None) -> None:
    """The server answers what it is asked before the first message."""
    talk.asked("GET /info")
    talk.says(info or INFO)
    talk.asked("GET /schema")
    talk.says({"input_schema": schema(fields if fields is not None else QUERY)})
    talk.asked("GET /openapi.json")
    talk.says({"paths": {path: {} for path in (PATHS if paths is None else paths)}})


def sse(*events: tuple[str, dict[str, Any] | str]) -> str:
    return "".join(f"event: {n}\ndata: {d if isinstance(d, str) else json.dumps(d)}\n\n" for n, d in events)


def token(text: str, number: int | None = None) -> tuple[str, dict[str, Any]]:
    return "token", {"content": text} | ({} if number is None else {"sequence": number, "id": f"evt-{number}"})


def whole_stream(*events: tuple[str, dict[str, Any] | str]) -> Dialogue:
    """A direct stream that needs no questions before."""
    talk = start(adapter(**TOLD))
    talk.asked("POST /invoke/stream")
    talk.streams(sse(*events))
    return talk


# ---- what is sent


def test_the_schema_is_read_once_and_the_message_goes_where_it_says() -> None:
    made = adapter()
    talk = start(made)
    tell(talk)
    assert talk.asked("POST /invoke/stream").json == {"query": "hi", "session_id": UUID}
    talk.streams(sse(("started", {"request_id": "r"}), token("yes"), ("complete", {})))
    assert (talk.answer, talk.end.status) == ("yes", "completed")
    again = start(made)
    again.asked("POST /invoke/stream")


def test_settings_that_say_all_spare_the_questions() -> None:
    talk = start(adapter(mode="direct", text_field="prompt", session_field="thread_id", images_field="none"))
    assert talk.asked("POST /invoke/stream").json == {"prompt": "hi", "thread_id": UUID}


def test_the_servers_session_is_kept() -> None:
    made = adapter(mode="direct", text_field="q", session_field="session_id", images_field="none")
    run = made.run(Prompt("hi"), Talk(uuid=UUID, session_id="s1"))
    assert Dialogue(run.steps(), run).asked("POST /invoke/stream").json["session_id"] == "s1"


def test_extra_input_is_merged_but_never_over_the_message() -> None:
    extra = {"tenant": "acme", "query": "mine", "session_id": "theirs"}
    talk = start(adapter(extra=extra))
    tell(talk)
    body = talk.asked("POST /invoke/stream").json
    assert body == {"query": "hi", "session_id": "theirs", "tenant": "acme"}


def test_extra_input_that_is_no_object_is_refused() -> None:
    with pytest.raises(SluiceError, match="no JSON object"):
        start(adapter(extra=[1]))


def test_pictures_go_as_data_urls() -> None:
    talk = start(adapter(), Prompt("see", (PICTURE,)))
    tell(talk)
    sent = wire_json(talk.asked("POST /invoke/stream"))["images"]
    assert sent == ["data:image/png;base64," + base64.b64encode(PICTURE.data).decode()]


def test_pictures_are_refused_before_sending_where_there_is_no_field() -> None:
    talk = start(adapter(), Prompt("see", (PICTURE,)))
    tell(talk, {"query": "string"})
    assert talk.end.status == "failed" and "no field for pictures" in (talk.end.error or Failure("")).text
    with pytest.raises(SluiceError, match="no field for pictures"):
        start(adapter(**TOLD), Prompt("see", (PICTURE,)))


def test_a_list_of_messages_carries_the_history_and_the_pictures() -> None:
    turns = (Turn("user", "one"), Turn("assistant", "two"))
    talk = start(adapter(), Prompt("three", (PICTURE,)), turns)
    tell(talk, {"messages": "array"})
    sent = talk.asked("POST /invoke/stream").json["messages"]
    assert sent[:2] == [{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}]
    assert [part["type"] for part in sent[2]["content"]] == ["text", "image_url"]


def test_where_the_server_holds_the_session_the_history_is_not_sent_too() -> None:
    talk = start(adapter(), turns=(Turn("user", "one"), Turn("assistant", "two")))
    tell(talk, {"messages": "array", "thread_id": "string"})
    assert talk.asked("POST /invoke/stream").json == {
        "messages": [{"role": "user", "content": "hi"}],
        "thread_id": UUID,
    }


@pytest.mark.parametrize(
    ("fields", "required", "text"),
    [
        ({"query": "string", "message": "string"}, (), "message"),
        ({"message": "string", "query": "string"}, ("query",), "query"),
        ({"user_input": "string"}, (), "user_input"),
        ({"topic": "string"}, ("topic",), "topic"),
        ({"topic": "string", "city": "string"}, ("topic", "city"), ""),
        ({"session_id": "string", "topic": "string"}, ("session_id", "topic"), "topic"),
        ({"messages": "array"}, (), "messages"),
        ({"messages": "array", "query": "string"}, ("messages",), "messages"),
        ({"messages": "array", "query": "string"}, (), "query"),
        ({"query": "integer"}, (), ""),
    ],
)
def test_which_field_takes_the_message(fields: dict[str, str], required: tuple[str, ...], text: str) -> None:
    assert read_schema(schema(fields, *required)).text == text


def test_a_type_that_may_be_null_counts_as_its_type() -> None:
    assert read_schema({"properties": {"query": {"type": ["null", "string"]}}}).text == "query"


def test_an_agent_without_a_field_for_text_is_told_in_words() -> None:
    talk = start(adapter())
    tell(talk, {"count": "integer"})
    assert talk.end.reason == "not_sendable" and "it has count" in (talk.end.error or Failure("")).text


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, {"X-API-Key": "k"}),
        ({"key_header": "X-Agent"}, {"X-Agent": "k"}),
        ({"key_header": "authorization"}, {"Authorization": "Bearer k"}),
    ],
)
def test_the_keys_header(options: dict[str, str], wanted: dict[str, str]) -> None:
    assert adapter("k", **options).headers() == wanted
    assert adapter(None, **options).headers() == {}


# ---- which way


@pytest.mark.parametrize(
    ("mode", "paths", "asked"),
    [
        ("entrypoint", PATHS, "POST /invoke/stream"),
        ("handler", ["/invoke", "/invoke/stream"], "POST /invoke"),
        ("entrypoint", ["/invoke"], "POST /invoke"),
    ],
)
def test_the_way_follows_what_the_server_offers(mode: str, paths: list[str], asked: str) -> None:
    talk = start(adapter())
    tell(talk, info=INFO | {"agent": {"name": "demo", "mode": mode}}, paths=paths)
    talk.asked(asked)


def test_a_handler_runs_in_the_background_where_it_can() -> None:
    talk = start(adapter())
    tell(talk, info=INFO | {"agent": {"name": "demo", "mode": "handler"}})
    assert talk.call is not None and talk.call.method == "POST" and "/runs?run_id=" in talk.call.url


def test_without_a_stream_the_whole_answer_is_shown() -> None:
    talk = start(adapter())
    tell(talk, paths=["/invoke"])
    talk.says({"success": True, "output": {"response": "all of it"}, "metadata": {"agent": "demo"}})
    assert (talk.answer, talk.end.status) == ("all of it", "completed")


def test_a_missing_way_is_said_and_no_other_way_is_tried() -> None:
    talk = start(adapter(**TOLD))
    talk.says({"detail": "Not Found"}, 404)
    assert talk.end.status == "failed" and "no direct stream" in (talk.end.error or Failure("")).text


def test_a_server_that_cannot_be_reached_ends_the_run_before_anything_is_sent() -> None:
    talk = start(adapter())
    talk.asked("GET /info")
    talk.fails()
    assert (talk.end.status, talk.end.reason) == ("failed", "connect")


# ---- what is said about the agent


def test_that_turns_stand_alone_is_said_once() -> None:
    made = adapter()
    talk = start(made)
    tell(talk, {"query": "string"})
    talk.streams(sse(("started", {}), token("a"), ("complete", {})))
    assert talk.notices == ["no-session"]
    later = start(made, turns=(Turn("user", "hi"), Turn("assistant", "a")))
    later.streams(sse(("started", {}), token("b"), ("complete", {})))
    assert later.notices == []


def test_that_input_is_dropped_is_said() -> None:
    talk = start(adapter())
    tell(talk, {})
    talk.streams(sse(("started", {}), token("a"), ("complete", {})))
    assert talk.notices == ["no-input"]


# ---- streams


def test_an_echo_is_dropped_only_where_the_real_event_comes_too() -> None:
    echo = ("custom", {"event_type": "token", "data": {"content": "x"}})
    assert whole_stream(token("x"), echo, token("y"), ("complete", {})).answer == "xy"
    assert whole_stream(("step", {"node": "n", "output": {}}), echo, echo, ("complete", {})).answer == "xx"


def test_the_older_start_with_a_run_id_and_an_output_at_the_end() -> None:
    talk = whole_stream(
        ("started", {"run_id": "r1", "agent": "helper"}), ("complete", {"output": "plain text", "latency": 1.5})
    )
    assert next(e for e in talk.events if isinstance(e, RunStarted)).agent == "helper"
    assert talk.answer == "plain text"


@pytest.mark.parametrize(
    ("output", "answer"),
    [
        ({"response": "A"}, "A"),
        ({"result": {"answer": "B"}}, "B"),
        ({"verdict": "C", "score": 3}, "C"),
        ({"messages": [{"type": "human", "content": "q"}, {"type": "ai", "content": "D"}]}, "D"),
        ({"messages": [{"role": "user", "content": "q"}]}, ""),
        ({"one": "E", "two": "F"}, ""),
    ],
)
def test_where_the_answer_is_in_an_output(output: dict[str, Any], answer: str) -> None:
    talk = whole_stream(("complete", {"output": output}))
    assert talk.answer == answer
    assert talk.notices == ([] if answer else ["no-text"])


def test_an_output_without_text_stays_visible() -> None:
    talk = whole_stream(("complete", {"output": {"total": 5}}))
    assert [e.detail for e in talk.events if isinstance(e, Step)] == [{"total": 5}]


def test_without_tokens_the_last_step_has_the_answer() -> None:
    steps = [("step", {"node": n, "output": {"response": t}}) for n, t in (("a", "draft"), ("b", "final"))]
    assert whole_stream(*steps, ("complete", {})).answer == "final"  # type: ignore[arg-type]


def test_a_final_output_replaces_what_is_shorter_and_never_what_is_longer() -> None:
    assert whole_stream(token("Hel"), ("complete", {"output": {"response": "Hello"}})).answer == "Hello"
    assert whole_stream(token("Hello"), ("complete", {"output": {"response": "Hel"}})).answer == "Hello"
    assert whole_stream(token("Hello"), ("complete", {"output": {"response": "Bye!!"}})).answer == "Bye!!"


def test_text_after_the_end_of_its_node_is_a_part_of_its_own() -> None:
    talk = whole_stream(
        token("Let me look."), ("step", {"node": "plan", "output": {"response": "Let me look."}}),
        token("It is 7."), ("step", {"node": "answer", "output": {"response": "It is 7."}}),
        ("complete", {"output": {"response": "It is 7."}}),
    )  # fmt: skip
    assert talk.answer == "Let me look.|It is 7."


def test_a_step_in_the_middle_of_anothers_text_does_not_break_it() -> None:
    talk = whole_stream(
        token("one sen"), ("step", {"node": "side", "output": {"n": 1}}), token("tence"), ("complete", {})
    )
    assert talk.answer == "one sentence"


def tools(*events: tuple[str, dict[str, Any]]) -> list[Any]:
    talk = whole_stream(*(("custom", {"event_type": n, "data": d}) for n, d in events), token("."), ("complete", {}))
    return [e for e in talk.events if isinstance(e, ToolStarted | ToolEnded)]


def test_tools_are_paired_by_call_id_else_by_name() -> None:
    found = tools(
        ("tool_call", {"tool": "a", "call_id": "1", "arguments": {"x": 1}}),
        ("tool_start", {"tool_name": "b", "args": '{"y": 2}', "id": "evt-00"}),
        ("tool_end", {"tool_name": "b", "output": "B", "id": "evt-01"}),
        ("tool_result", {"tool": "a", "tool_call_id": "1", "result": "A"}),
    )
    assert [(e.call, e.args) for e in found if isinstance(e, ToolStarted)] == [("1", {"x": 1}), ("b-2", {"y": 2})]
    assert [(e.call, e.status, e.result) for e in found if isinstance(e, ToolEnded)] == [
        ("b-2", "ok", "B"),
        ("1", "ok", "A"),
    ]


def test_a_result_that_nobody_announced_is_a_call_all_the_same() -> None:
    first, last = tools(("tool_result", {"tool": "late", "result": 1}))
    assert (first.name, last.call, last.result) == ("late", first.call, 1)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("tool_error", {"tool": "t", "error": "disk on fire"}),
        ("tool_result", {"tool": "t", "ok": False, "message": "disk on fire"}),
        ("tool_end", {"tool": "t", "error": {"message": "disk on fire"}}),
    ],
)
def test_a_tool_that_failed(name: str, data: dict[str, Any]) -> None:
    ended = tools(("tool_call", {"tool": "t"}), (name, data))[-1]
    assert (ended.status, ended.error) == ("error", "disk on fire")


def test_a_result_that_holds_an_error_is_one_with_the_object_as_result() -> None:
    ended = tools(("tool_call", {"tool": "t"}), ("tool_result", {"tool": "t", "result": {"error": "no"}}))[-1]
    assert (ended.status, ended.result) == ("error", {"error": "no"})


@pytest.mark.parametrize("name", ["reasoning", "thinking", "reasoning_delta", "custom:thinking"])
@pytest.mark.parametrize("field", ["delta", "content", "text"])
def test_thoughts_come_under_several_names(name: str, field: str) -> None:
    talk = whole_stream(("custom", {"event_type": name, "data": {field: "hm"}}), token("."), ("complete", {}))
    assert [e.text for e in talk.events if isinstance(e, TextDelta) and e.channel == "reasoning"] == ["hm"]


def test_an_event_of_the_agents_own_is_a_line_with_its_fields() -> None:
    own = ("custom", {"event_type": "citation", "data": {"id": "evt-1", "sequence": 4, "page": 7}})
    talk = whole_stream(own, token("."), ("complete", {}))
    assert [(e.label, e.detail) for e in talk.events if isinstance(e, Step)] == [("citation", {"page": 7})]


def test_a_name_nobody_knows_stays_raw_and_a_broken_frame_too() -> None:
    talk = whole_stream(
        ("surprise", {"a": 1}), ("token", "{broken"), ("token", {"content": 5}), token("."), ("complete", {})
    )
    assert [e.name for e in talk.events if isinstance(e, Raw)] == ["surprise", "token", "token"]
    assert talk.answer == "."


def test_an_error_whose_json_is_broken_is_an_error_all_the_same() -> None:
    talk = whole_stream(token("half"), ("error", '{"error": "it said "no""}'))
    assert talk.end.status == "failed" and 'it said "no"' in (talk.end.error or Failure("")).text


def test_a_body_that_just_stops_is_cut_off_and_keeps_its_text() -> None:
    talk = whole_stream(token("half"))
    assert (talk.answer, talk.end.status) == ("half", "cut")


def test_nothing_after_the_end_changes_it() -> None:
    talk = whole_stream(token("a"), ("complete", {}), ("error", {"error": "late"}), token("b"))
    assert (talk.answer, talk.end.status) == ("a", "completed")


# ---- background runs


def background(**options: Any) -> tuple[Dialogue, str]:
    """A background run whose order was taken; the id that it was given."""
    run = adapter(**{**TOLD, "mode": "background", **options}).run(Prompt("hi"), Talk(uuid=UUID))
    talk = Dialogue(run.steps(), run)
    assert talk.call is not None
    given = talk.call.url.rpartition("=")[2]
    talk.asked(f"POST /runs?run_id={given}")
    return talk, given


def follow(talk: Dialogue, given: str, number: int) -> None:
    call = talk.asked(f"GET /runs/{given}/events?from_sequence={number}&timeout=3600")
    assert call.stream and call.json is None


def numbered(*events: tuple[str, dict[str, Any]], start: int = 1) -> str:
    return sse(*((n, {"sequence": i, **d}) for i, (n, d) in enumerate(events, start)))


def test_a_background_run_is_followed_from_its_first_event() -> None:
    talk, given = background()
    talk.says({"run_id": given, "status": "accepted"}, 202)
    follow(talk, given, 1)
    talk.streams(
        numbered(("started", {"agent_name": "x"}), token("yes"), ("complete", {"output": {"response": "yes"}}))
    )
    assert (talk.answer, talk.end.status) == ("yes", "completed")
    assert [e.run_id for e in talk.events if isinstance(e, RunStarted)] == [given]


def test_after_a_break_it_goes_on_behind_the_last_event_and_repeats_nothing() -> None:
    talk, given = background()
    talk.says({"run_id": given}, 202)
    talk.streams(numbered(("started", {}), token("one ")), breaks=Failure("broke", code="network"))
    talk.asked(f"GET /runs/{given}")
    talk.says({"run_id": given, "status": "running", "output": None})
    follow(talk, given, 3)
    talk.streams(numbered(token("one "), token("two"), ("complete", {"output": {"response": "one two"}}), start=2))
    assert (talk.answer, talk.end.status, talk.notices) == ("one two", "completed", [])


def test_the_servers_time_limit_for_a_connection_is_not_the_runs_end() -> None:
    talk, given = background()
    talk.says({"run_id": given}, 202)
    talk.streams(numbered(("started", {}), token("a")) + sse(("timeout", {"message": "Connection timeout"})))
    talk.asked(f"GET /runs/{given}")
    talk.says({"status": "running", "output": None})
    follow(talk, given, 3)


def test_a_stream_that_brings_nothing_is_not_asked_for_in_a_hurry() -> None:
    talk, given = background()
    talk.says({"run_id": given}, 202)
    for number in range(1, 6):
        follow(talk, given, 1)
        talk.streams("", breaks=Failure("broke", code="network"))
        talk.says({"status": "running", "output": None})
        assert talk.waited == [1.0] * number


def test_a_run_that_ended_meanwhile_gives_its_output_and_is_not_followed() -> None:
    talk, given = background()
    talk.says({"run_id": given}, 202)
    talk.streams(numbered(("started", {}), token("Hel")))
    talk.asked(f"GET /runs/{given}")
    talk.says({"status": "completed", "output": {"response": "Hello"}})
    assert (talk.answer, talk.end.status) == ("Hello", "completed")


def test_a_gap_is_filled_by_the_final_output_and_said() -> None:
    talk, given = background()
    talk.says({"run_id": given}, 202)
    gap = [("token", {"sequence": 2, "content": "a"}), ("token", {"sequence": 5, "content": "d"})]
    talk.streams(sse(*gap, ("complete", {"sequence": 6, "output": {"response": "abcd"}})))  # type: ignore[arg-type]
    assert (talk.answer, talk.notices) == ("abcd", ["gap"])
    assert next(e.text for e in talk.events if isinstance(e, Notice)).startswith("3 events")


def test_a_broken_subscription_is_not_the_runs_failure() -> None:
    talk, given = background()
    talk.says({"run_id": given}, 202)
    talk.streams(numbered(("started", {}), token("a")) + 'event: error\ndata: {"error": "queue "x" gone"}\n\n')
    talk.asked(f"GET /runs/{given}")
    talk.says({"status": "completed", "output": {"response": "ab"}})
    assert (talk.answer, talk.end.status, talk.notices) == ("ab", "completed", ["lost"])


def test_a_lost_receipt_is_looked_for_under_our_own_id() -> None:
    talk, given = background()
    talk.fails("network")
    talk.asked(f"GET /runs/{given}")
    talk.says({"status": "running", "output": None})
    follow(talk, given, 1)


def test_an_order_that_never_left_is_not_looked_for() -> None:
    talk, _ = background()
    talk.fails("connect")
    assert (talk.end.status, talk.end.reason) == ("failed", "connect")


def test_a_server_that_names_its_runs_itself() -> None:
    talk, _ = background()
    talk.says({"success": False, "error": "Client-provided run IDs are not allowed"}, 400)
    talk.asked("POST /runs")
    talk.says({"run_id": "theirs"}, 202)
    follow(talk, "theirs", 1)


def test_a_server_without_background_runs_says_so_and_is_asked_nothing_else() -> None:
    talk, _ = background()
    talk.says({"detail": "Not Found"}, 404)
    assert "takes no background runs" in (talk.end.error or Failure("")).text


def test_a_server_that_comes_back_is_waited_for() -> None:
    talk, given = background()
    talk.says({"run_id": given}, 202)
    talk.streams(numbered(("started", {}), token("a")), breaks=Failure("broke", code="network"))
    for _ in range(3):
        talk.asked(f"GET /runs/{given}")
        talk.fails("connect")
    talk.says({"status": "completed", "output": {"response": "ab"}})
    assert (talk.answer, talk.notices, talk.waited) == ("ab", ["lost"], [1.0, 2.0, 4.0])


def test_a_server_that_stays_away_leaves_the_run_unknown_with_its_text() -> None:
    talk, given = background()
    talk.says({"run_id": given}, 202)
    talk.streams(numbered(("started", {}), token("a")), breaks=Failure("broke", code="network"))
    while talk.call is not None:
        talk.fails("connect")
    assert (talk.end.status, talk.end.reason, talk.answer) == ("cut", "network", "a")
    assert "may still be going on" in (talk.end.error or Failure("")).text


def test_a_server_too_busy_to_answer_is_not_given_up() -> None:
    talk, given = background()
    talk.says({"run_id": given}, 202)
    talk.fails("timeout")
    for _ in range(20):
        talk.asked(f"GET /runs/{given}")
        talk.fails("timeout")
    talk.says({"status": "completed", "output": {"response": "at last"}})
    assert (talk.answer, talk.end.status) == ("at last", "completed")


def test_a_server_that_was_restarted_knows_nothing_of_the_run() -> None:
    talk, given = background()
    talk.says({"run_id": given}, 202)
    talk.streams(numbered(("started", {}), token("a")))
    talk.says({"error": "not found"}, 404)
    assert (talk.end.status, talk.end.reason) == ("cut", "gone")


def test_stop_marks_the_run_as_cancelled_and_says_what_that_means() -> None:
    run = adapter(**{**TOLD, "mode": "background"}).run(Prompt("hi"), Talk(uuid=UUID))
    talk = Dialogue(run.steps(), run)
    talk.says({"run_id": "r-9"}, 202)
    end = run.stopped()[-1]
    assert end.status == "cancelled" and "may go on" in end.error.text  # type: ignore[union-attr]
    assert Dialogue(run.cancel()).asked("DELETE /runs/r-9?reason=stopped%20by%20the%20person")


def test_stopping_a_direct_stream_asks_nothing_of_the_server() -> None:
    run = adapter(**TOLD).run(Prompt("hi"), Talk(uuid=UUID))
    assert Dialogue(run.cancel()).call is None


def test_looking_up_an_ended_run_takes_its_record() -> None:
    run = adapter().look_up("r-1", Talk(uuid=UUID))
    assert run is not None and adapter().look_up(None, Talk(uuid=UUID)) is None
    talk = Dialogue(run.steps(), run)
    talk.asked("GET /runs/r-1")
    talk.says({"run_id": "r-1", "status": "failed", "error": {"message": "it broke", "code": "X"}, "output": None})
    assert talk.end.status == "failed" and "it broke" in (talk.end.error or Failure("")).text


def test_looking_up_a_live_run_follows_it_from_the_first_event() -> None:
    run = adapter().look_up("r-1", Talk(uuid=UUID))
    assert run is not None
    talk = Dialogue(run.steps(), run)
    talk.says({"status": "running", "output": None})
    follow(talk, "r-1", 1)


# ---- testing a connection


def probe(made: DockrionAdapter, **told: Any) -> Dialogue:
    talk = Dialogue(made.probe())
    tell(talk, **told)
    talk.asked("GET /ready")
    talk.says({"status": "ready"})
    return talk


def test_a_probe_says_what_it_found_and_hands_back_the_fields() -> None:
    found = probe(adapter()).result
    assert "“demo”" in found.words and "“query”" in found.words and "asks for no key" in found.words
    assert found.options == {
        "mode": "direct", "text_field": "query", "session_field": "session_id", "images_field": "images",
    }  # fmt: skip


def test_a_probe_finds_the_keys_header_and_tries_the_key_where_nothing_runs() -> None:
    talk = Dialogue(adapter("k").probe())
    talk.says(INFO | {"auth_enabled": True})
    talk.says({"input_schema": schema(QUERY)})
    scheme = {"type": "apiKey", "in": "header", "name": "X-Agent-Key"}
    talk.says({"paths": {"/runs": {}}, "components": {"securitySchemes": {"a": scheme}}})
    talk.says({"status": "ready"})
    assert talk.asked("GET /runs/00000000-0000-4000-8000-000000000000").headers["X-API-Key"] == "k"
    talk.says({"success": False, "error": "Run not found"}, 404)
    assert talk.result.options["key_header"] == "X-Agent-Key" and "takes the key" in talk.result.words


def test_a_probe_with_a_wrong_key_fails_in_words() -> None:
    talk = probe(adapter("k"), info=INFO | {"auth_enabled": True})
    with pytest.raises(SluiceError, match="Check the key"):
        talk.says({"detail": {"error": "INVALID_CREDENTIALS", "message": "Invalid API key"}}, 401)


def test_a_probe_names_the_fields_that_are_still_missing() -> None:
    talk = Dialogue(adapter(extra={"tenant": 1}).probe())
    talk.says(INFO)
    fields = {"query": "string", "tenant": "integer", "region": "string"}
    talk.says({"input_schema": schema(fields, "query", "tenant", "region")})
    talk.says({})
    talk.says({"status": "ready"})
    assert "It also needs region:" in talk.result.words


def test_a_probe_of_something_else_says_so() -> None:
    talk = Dialogue(adapter().probe())
    talk.says(b"<html>hello</html>")
    talk.says({}, 404)
    with pytest.raises(SluiceError, match="no Dockrion agent"):
        talk.says({}, 404)


def test_a_probe_of_an_agent_that_still_loads_says_so() -> None:
    talk = Dialogue(adapter().probe())
    tell(talk)
    with pytest.raises(SluiceError, match="still loading"):
        talk.says({"detail": "Agent not ready"}, 503)
