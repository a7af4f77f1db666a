"""Agentrail's odd cases, played by hand. The recordings are in `tests/recordings/agentrail.toml`."""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from desktop.core.adapters.agentrail.adapter import AgentrailAdapter, AgentrailRun
from desktop.core.adapters.agentrail.shapes import attachments
from desktop.core.conversation import AgentItem, AskItem, Conversation, ToolItem
from desktop.core.errors import ConnectionFailed, NotSendable
from desktop.core.events import AnyEvent, AskClosed, FileShown, Notice, Raw, RunEnded, TextDelta, TextSet, ToolEnded
from desktop.core.reducer import Reducer
from desktop.core.requests import Answer, Connection, HttpCall, Image, Prompt, Reply, Secrets, Talk
from tests.core.recordings import conversation_of

HEAD = {"content-type": "text/plain; charset=UTF-8", "x-session-id": "s/1"}
START = {"type": "session.start"}
END = {"type": "session.end", "messages": []}


def adapter(agent: str | None = None, key: str | None = None, **options: Any) -> AgentrailAdapter:
    return AgentrailAdapter(Connection("agentrail", "http://127.0.0.1:9/", agent, options), Secrets(key))


def opened(**options: Any) -> AgentrailRun:
    run = adapter(**options).run(Prompt("hi"), Talk(uuid="u"))
    assert isinstance(run, AgentrailRun)
    run.open(200, HEAD)
    return run


def feed(run: AgentrailRun, *frames: dict[str, Any]) -> list[AnyEvent]:
    return run.feed("".join(json.dumps(frame) + "\n" for frame in frames).encode())


def ended(run: AgentrailRun) -> list[AnyEvent]:
    events = run.close()
    return [*events, *(e for e in run.guarded(run.settle(Reply(200, HEAD))) if not isinstance(e, HttpCall))]  # type: ignore[misc]


def whole(*frames: dict[str, Any]) -> tuple[list[AnyEvent], Conversation]:
    run = opened()
    events = [*feed(run, *frames), *ended(run)]
    return events, conversation_of(events)


def assistant(*content: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(content), "stopReason": "stop", **more}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def piece(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "message.update", "event": {"type": "text_delta", "contentIndex": 0, "delta": words}, **more}


# ---- requests


def test_the_request_names_tenant_and_user_and_no_session_at_first() -> None:
    call = adapter("writer", "k", mode="deep").run(Prompt("hi"), Talk(uuid="u")).request()
    assert (call.method, call.url, call.stream, call.timeout) == ("POST", "http://127.0.0.1:9/api/stream", True, None)
    assert call.headers["Authorization"] == "Bearer k"
    body = dict(call.json)
    assert body.pop("userId")
    assert body == {"message": "hi", "tenantId": "default", "agentId": "writer", "mode": "deep"}


def test_the_user_id_stays_the_same_for_a_connection() -> None:
    assert adapter().user == adapter().user != adapter(tenant="other").user
    assert adapter(user="ann").user == "ann"


def test_a_known_session_is_named() -> None:
    assert adapter().run(Prompt("hi"), Talk(uuid="u", session_id="s")).request().json["sessionId"] == "s"


def test_extra_headers_go_along_and_never_replace_the_key() -> None:
    headers = adapter(key="k", headers={"X-Gateway": 1, "Authorization": "Bearer other"}).headers()
    assert headers == {"X-Gateway": "1", "Authorization": "Bearer k"}


def test_nothing_to_say_is_not_sent() -> None:
    with pytest.raises(NotSendable):
        adapter().run(Prompt("  "), Talk(uuid="u"))


def test_attachments_are_bare_base64_under_safe_and_different_names() -> None:
    one, other = Image("../ü b.png", "image/png", b"1"), Image("", "image/png", b"2")
    sent = list(attachments((one, one, other)))
    assert [str(entry["base64"]) for entry in sent] == ["MQ==", "MQ==", "Mg=="]
    names = [entry["name"] for entry in sent]
    assert len(set(names)) == 3
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") for name in names)
    assert not any(name.startswith(".") for name in names)


def run_script(run: AgentrailRun, *answers: tuple[int, dict[str, str], bytes]) -> tuple[list[str], list[AnyEvent]]:
    """Play the server: the paths that were asked for, and the events."""
    left, asked, events = list(answers), [], []
    steps = run.steps()
    reply: Reply | None = None
    while True:
        try:
            step = steps.send(reply)
        except StopIteration:
            return asked, events
        reply = None
        if isinstance(step, HttpCall):
            asked.append(step.url.removeprefix("http://127.0.0.1:9"))
            status, headers, body = left.pop(0)
            events += [*run.open(status, headers), *run.feed(body), *run.close()]
            reply = Reply(status, headers, run.body)
        else:
            events.append(step)  # type: ignore[arg-type]


PLAIN_404 = (404, {"content-type": "text/plain"}, b"404 Not Found")
JSON_404 = (404, {"content-type": "application/json"}, b'{"error":"no agent profile"}')
GOOD = (200, HEAD, b'{"type":"session.end","messages":[]}\n')


def test_a_missing_route_is_tried_once_more_on_the_other_path() -> None:
    one = adapter()
    run = one.run(Prompt("hi"), Talk(uuid="u"))
    asked, events = run_script(run, PLAIN_404, GOOD)  # type: ignore[arg-type]
    assert asked == ["/api/stream", "/stream"]
    assert isinstance(events[-1], RunEnded) and events[-1].status == "completed"
    assert one.stream_path == "/stream"


def test_an_unknown_agent_is_no_missing_route() -> None:
    one = adapter()
    asked, events = run_script(one.run(Prompt("hi"), Talk(uuid="u")), JSON_404)  # type: ignore[arg-type]
    assert (asked, one.stream_path) == (["/api/stream"], "/api/stream")
    assert isinstance(events[-1], RunEnded) and events[-1].error and "no agent profile" in events[-1].error.text


def test_where_neither_path_is_known_the_setting_stays() -> None:
    one = adapter()
    asked, events = run_script(one.run(Prompt("hi"), Talk(uuid="u")), PLAIN_404, PLAIN_404)  # type: ignore[arg-type]
    assert (asked, one.stream_path) == (["/api/stream", "/stream"], "/api/stream")
    assert isinstance(events[-1], RunEnded) and events[-1].error and events[-1].error.http == 404


def test_a_failure_over_a_picture_says_what_it_may_be() -> None:
    run = adapter().run(Prompt("look", (Image("a.png", "image/png", b"1"),)), Talk(uuid="u"))
    _, events = run_script(run, (500, {}, b"Internal Server Error"))  # type: ignore[arg-type]
    assert isinstance(events[-1], RunEnded) and events[-1].error and "picture" in events[-1].error.text


# ---- text


def test_a_finished_message_replaces_only_what_differs() -> None:
    same, _ = whole(piece("Hel"), piece("lo"), {"type": "message.end", "message": assistant(text("Hello"))}, END)
    assert not [e for e in same if isinstance(e, TextSet)]
    _, other = whole(piece("Hello"), {"type": "message.end", "message": assistant(text("[removed]"))}, END)
    assert other.text_of(0) == "[removed]"
    _, empty = whole(piece("Hello"), {"type": "message.end", "message": assistant()}, END)
    assert empty.text_of(0) == "Hello"


def test_blocks_that_moved_do_not_double_the_text() -> None:
    """The final message may leave out an empty block before the text."""
    moved = {"type": "message.update", "event": {"type": "text_delta", "contentIndex": 2, "delta": "Hello"}}
    _, conversation = whole(moved, {"type": "message.end", "message": assistant(text("Hello"))}, END)
    assert conversation.text_of(0) == "Hello"


def test_a_message_without_updates_is_shown_when_it_ends() -> None:
    _, conversation = whole({"type": "message.end", "message": assistant(text("All at once"))}, END)
    assert conversation.text_of(0) == "All at once"


def test_user_and_tool_messages_draw_nothing() -> None:
    for role in ("user", "toolResult"):
        message = {"role": role, "content": "echo"}
        start, end = ({"type": kind, "message": message} for kind in ("message.start", "message.end"))
        _, conversation = whole(start, piece("echo"), end, END)
        assert conversation.text_of(0) == ""


def test_half_a_character_in_each_of_two_pieces() -> None:
    _, conversation = whole(piece("a\ud83d"), piece("\ude00b"), END)
    assert conversation.text_of(0) == "a😀b"


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image", "data": "MQ==", "mimeType": "image/png"},
        {"type": "image", "base64": "MQ==", "mimeType": "image/png"},
        {"type": "image", "data": "data:image/png;base64,MQ==", "mimeType": "image/png"},
    ],
)
def test_pictures_in_a_message(block: dict[str, Any]) -> None:
    events, _ = whole({"type": "message.end", "message": assistant(block)}, END)
    assert [(f.media, f.data) for f in events if isinstance(f, FileShown)] == [("image/png", b"1")]


# ---- endings


@pytest.mark.parametrize(("reason", "status"), [("aborted", "cancelled"), ("length", "limit"), ("stop", "completed")])
def test_the_stop_reason_of_the_last_message_is_the_ending(reason: str, status: str) -> None:
    events, _ = whole({"type": "message.end", "message": assistant(text("x"), stopReason=reason)}, END)
    assert isinstance(events[-1], RunEnded) and events[-1].status == status


def test_what_comes_after_the_end_of_the_session_still_counts() -> None:
    run = opened()
    assert not [e for e in feed(run, START, END) if isinstance(e, RunEnded)]
    late = feed(run, {"type": "context_usage", "inputTokens": 5, "budgetUsedPct": 3})
    assert [e.kind for e in late] == ["usage"]
    assert [e.kind for e in ended(run)] == ["run.ended"]


def test_a_body_that_breaks_off_after_the_end_of_the_session_is_still_whole() -> None:
    events, _ = whole(START, piece("Done"), END)
    assert isinstance(events[-1], RunEnded) and events[-1].status == "completed"
    events, _ = whole(START, piece("Do"))
    assert isinstance(events[-1], RunEnded) and events[-1].status == "cut"


def test_an_error_inside_a_skill_is_not_the_runs() -> None:
    skill = {"type": "skill_start", "skillName": "s"}
    error = {"type": "error", "error": {"message": "inner"}, "depth": 1}
    events, conversation = whole(START, skill, error, {"type": "skill_end", "skillName": "s"}, piece("Fine"), END)
    assert isinstance(events[-1], RunEnded) and events[-1].status == "completed"
    [agent] = [i for i in conversation.items.values() if isinstance(i, AgentItem)]
    assert (agent.state, agent.error) == ("failed", "inner")


# ---- who speaks


def test_depth_alone_keeps_text_out_of_the_answer() -> None:
    _, conversation = whole(START, piece("inner", depth=1), piece("outer", depth=0), END)
    assert conversation.text_of(0) == "outer"


def test_a_running_agent_is_taken_for_the_speaker_if_it_is_the_only_one() -> None:
    spawned = {"type": "subagent_spawned", "agent": {"id": "a", "role": "critic"}}
    running = {"type": "subagent_status", "agentId": "a", "status": "running"}
    events, _ = whole(START, spawned, running, piece("mine", depth=1), END)
    assert [e.path for e in events if isinstance(e, TextDelta)] == [("critic",)]


def test_speakers_who_cannot_be_told_apart_share_a_lane_and_it_is_said() -> None:
    frames: list[dict[str, Any]] = [{"type": "skill_start", "skillName": name} for name in ("one", "two")]
    events, _ = whole(START, *frames, piece("x", depth=1), piece("y", depth=1), END)
    assert {e.path for e in events if isinstance(e, TextDelta)} == {("one + two",)}
    assert len([e for e in events if isinstance(e, Notice) and "does not say which" in e.text]) == 1


def test_agents_of_one_name_are_two() -> None:
    frames: list[dict[str, Any]] = [{"type": "subagent_spawned", "agent": {"id": k, "role": "r"}} for k in ("a", "b")]
    _, conversation = whole(START, *frames, END)
    assert [i.path for i in conversation.items.values() if isinstance(i, AgentItem)] == [("r",), ("r (b)",)]


def test_spawned_children_have_lanes_without_any_depth() -> None:
    child = {"childSessionId": "c"}
    frames: tuple[dict[str, Any], ...] = (
        {"type": "subagent.spawn", **child},
        piece("inner"),
        {"type": "subagent.complete", **child},
        piece("outer"),
    )
    _, conversation = whole(START, *frames, END)
    assert conversation.text_of(0) == "outer"


# ---- asks

ASK = {"type": "permission_request", "toolCallId": "c", "toolName": "Write", "reason": "why"}
QUESTION = {"type": "waiting_for_user_input", "toolCallId": "q", "question": "Which?", "options": ["a", "b"]}


def answered(run: AgentrailRun, answer: Answer, reply: Reply | None) -> tuple[list[HttpCall], list[AnyEvent], Any]:
    calls: list[HttpCall] = []
    events: list[AnyEvent] = []
    steps = run.guarded(run.answer(answer))
    given: Reply | None = None
    while True:
        try:
            step = steps.send(given)
        except StopIteration as stop:
            return calls, events, stop.value
        given = None
        if isinstance(step, HttpCall):
            calls.append(step)
            given = reply
        else:
            events.append(step)  # type: ignore[arg-type]


def test_the_answer_goes_to_the_session_of_the_stream() -> None:
    run = opened()
    feed(run, START, ASK)
    calls, events, trouble = answered(run, Answer("c", allow=False), Reply(200, {}, b'{"ok":true}'))
    assert [(c.method, c.url) for c in calls] == [("POST", "http://127.0.0.1:9/api/sessions/s%2F1/respond")]
    assert calls[0].json == {"kind": "permission", "decision": "rejected"}
    assert (events, trouble) == ([], None)  # the stream will tell


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(404, {}, b'{"error":"nothing is waiting"}'), "nothing pending there any more"),
        (Reply(404, {"content-type": "text/plain"}, b"404 Not Found"), "takes no answers at that address"),
        (Reply(400, {}, b'{"error":"bad decision"}'), "bad decision"),
        (Reply(0), "arrived is not known"),
    ],
)
def test_why_an_answer_was_not_taken(reply: Reply, words: str) -> None:
    run = opened()
    feed(run, START, ASK)
    _, events, trouble = answered(run, Answer("c", allow=True), reply)
    assert words in trouble
    assert events == [] and run.open_asks == ("c",)


def test_a_question_closes_with_the_reply_and_only_once() -> None:
    run = opened()
    feed(run, START, {"type": "tool.before", "toolCallId": "q", "toolName": "AskUserQuestion"}, QUESTION)
    calls, events, _ = answered(run, Answer("q", choices=("a", "b")), Reply(200))
    assert calls[0].json == {"answer": "a, b"}
    assert [(e.ask, e.how, e.answer) for e in events if isinstance(e, AskClosed)] == [("q", "answered", "a, b")]
    after = feed(run, {"type": "tool.after", "toolCallId": "q", "result": "a, b"}, {"type": "turn.complete"})
    assert not [e for e in after if isinstance(e, AskClosed)]


def test_an_empty_answer_is_not_sent() -> None:
    run = opened()
    feed(run, START, QUESTION)
    calls, _, trouble = answered(run, Answer("q", text="   "), Reply(200))
    assert calls == [] and "Nothing was sent" in trouble


def test_a_refused_call_is_denied_even_if_the_stream_says_nothing_of_the_decision() -> None:
    run = opened()
    feed(run, START, ASK)
    answered(run, Answer("c", allow=False), Reply(200))
    events = feed(
        run,
        {"type": "tool.before", "toolCallId": "c", "toolName": "Write"},
        {"type": "tool.after", "toolCallId": "c", "toolName": "Write", "result": "no", "isError": True},
    )
    assert [(e.how, e.answer) for e in events if isinstance(e, AskClosed)] == [("answered", "rejected")]
    assert [e.status for e in events if isinstance(e, ToolEnded)] == ["denied"]


def test_an_ask_nobody_answered_is_over_with_its_turn() -> None:
    events, conversation = whole(START, ASK, {"type": "turn.complete"}, END)
    [ask] = [i for i in conversation.items.values() if isinstance(i, AskItem)]
    assert ask.state == "superseded"
    assert [e.how for e in events if isinstance(e, AskClosed)] == ["superseded"]


def test_a_resolution_without_an_id_is_about_the_open_request() -> None:
    _, conversation = whole(START, ASK, {"type": "permission_resolved", "decision": "approved"}, END)
    [ask] = [i for i in conversation.items.values() if isinstance(i, AskItem)]
    assert (ask.state, ask.answer) == ("answered", "approved")


def test_the_arguments_that_run_are_the_ones_shown() -> None:
    """A hook may change them between the model's call and the run."""
    call = {"type": "toolCall", "id": "c", "name": "Write", "arguments": {"path": "/a"}}
    update = {"type": "message.update", "event": {"type": "toolcall_end", "contentIndex": 0, "toolCall": call}}
    before = {"type": "tool.before", "toolCallId": "c", "toolName": "Write", "args": {"path": "/b"}}
    _, conversation = whole(START, update, before, END)
    [tool] = [i for i in conversation.items.values() if isinstance(i, ToolItem)]
    assert tool.args == {"path": "/b"}


# ---- strange input


def test_nonsense_costs_one_event_each() -> None:
    run = opened()
    body = b'not json\n[1]\n{"type":7}\n{"type":"tool.before"}\ndata: {"type":"session.end"}\n\n'
    events = run.feed(body)
    assert len([e for e in events if isinstance(e, Raw)]) == 4
    assert isinstance(ended(run)[-1], RunEnded) and run.ended


def test_updates_of_an_unknown_kind_are_kept_without_the_message_in_them() -> None:
    message = assistant(text("long " * 1000))
    for event in ({"type": "audio_delta", "delta": "x"}, {"type": "text_delta", "delta": {}}, {"type": []}, 7):
        more = {**event, "partial": message} if isinstance(event, dict) else event
        events, _ = whole({"type": "message.update", "message": message, "event": more}, END)
        [raw] = [e for e in events if isinstance(e, Raw)]
        assert len(json.dumps(raw.data)) < 100


def test_a_whole_answer_in_json_is_shown() -> None:
    for body in ({"text": "Hello"}, {"message": assistant(text("Hello"))}, {"messages": [assistant(text("Hello"))]}):
        run = opened()
        events = [*run.feed(json.dumps(body).encode()), *ended(run)]
        assert conversation_of(events).text_of(0) == "Hello"
        assert isinstance(events[-1], RunEnded) and events[-1].status == "completed"


# ---- testing a connection


def probed(one: AgentrailAdapter, *replies: Reply) -> Any:
    left = list(replies)
    steps = one.probe()
    reply: Reply | None = None
    while True:
        try:
            steps.send(reply)
        except StopIteration as stop:
            return stop.value
        reply = left.pop(0)


def test_the_probe_finds_the_path() -> None:
    refusal = Reply(400, {}, b'{"error":"message missing"}')
    found = probed(adapter(), Reply(404), Reply(404, {}, b"404 Not Found"), refusal)
    assert found.options == {"stream_path": "/stream"} and "switched off" in found.words


@pytest.mark.parametrize("replies", [(Reply(0),), (Reply(200), Reply(404), Reply(404)), (Reply(200), Reply(401))])
def test_the_probe_says_what_is_wrong(replies: tuple[Reply, ...]) -> None:
    with pytest.raises(ConnectionFailed):
        probed(adapter(), *replies)


# ---- size


def long_answer(characters: int) -> Iterator[bytes]:
    """The wire of one answer in pieces of four characters, each line with the whole message in it twice."""
    said = ("0123456789 " * (characters // 11 + 1))[:characters]
    for at in range(4, characters + 1, 4):
        message = assistant(text(said[:at]), provider="p", modelId="m", usage={}, timestamp=1)
        event = {"type": "text_delta", "contentIndex": 0, "delta": said[at - 4 : at], "partial": message}
        yield b"data: " + json.dumps({"type": "message.update", "message": message, "event": event}).encode() + b"\n\n"
    yield json.dumps({"type": "message.end", "message": assistant(text(said))}).encode() + b"\n"
    yield json.dumps(END).encode() + b"\n"


def consume(lines: Iterable[bytes]) -> tuple[Conversation, int, float]:
    """The conversation, the bytes that went in, and the CPU seconds that they took."""
    run, reducer, size, spent = opened(), Reducer(), 0, 0.0
    reducer.begin(None, 0.0)
    for line in lines:
        size += len(line)
        began = time.process_time()
        for event in run.feed(line):
            reducer.apply(event, 0.0)
        spent += time.process_time() - began
    for event in ended(run):
        reducer.apply(event, 0.0)
    return reducer.conversation, size, spent


def test_a_long_answer_costs_memory_in_proportion_to_itself() -> None:
    """20,000 characters are about 100 MB on the wire. What stays is a few times the text, and what is held at once is a
    few lines; the time is a parser's."""
    tracemalloc.start()
    consume(long_answer(2_000))  # what is made once
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    conversation, size, _ = consume(long_answer(20_000))
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 90_000_000
    assert len(conversation.text_of(0)) == 20_000
    print(f"{(kept - before) / 1000:.0f} kB kept, {(peak - before) / 1000:.0f} kB at most, {size / 1e6:.0f} MB read")
    assert kept - before < 2_000_000
    assert peak - before < 4_000_000


def test_a_long_answer_takes_little_time() -> None:
    _, size, spent = consume(long_answer(20_000))
    milliseconds_per_megabyte = spent * 1000 / (size / 1e6)
    print(f"{milliseconds_per_megabyte:.2f} ms CPU per MB, {size / 1e6:.0f} MB")
    assert milliseconds_per_megabyte < 40
