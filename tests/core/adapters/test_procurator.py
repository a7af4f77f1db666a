"""Agent Manager: its frames, and its dialogues, with the server's part played by hand."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import pytest

from desktop.core import conversation as c
from desktop.core.adapters.procurator.adapter import ChatRun, ProcuratorAdapter
from desktop.core.adapters.run import Run
from desktop.core.errors import NotSendable, SluiceError
from desktop.core.events import AnyEvent, Failure, RunEnded
from desktop.core.reducer import Reducer
from desktop.core.requests import Answer, Connection, HttpCall, Image, Prompt, Reply, Secrets, Steps, Talk, Wait
from tests.core.adapters.dialogue import wire_json

UUID = "11111111-2222-4333-8444-555555555555"
ACTION = {"type": "TOOL_APPROVAL", "tool": "run_python", "args": '{"code":"6*7"}', "approvalId": "ap-12345678"}


def adapter(agent: str | None = "code", secrets: Secrets | None = None, **options: Any) -> ProcuratorAdapter:
    return ProcuratorAdapter(
        Connection("procurator", "http://server.test/", agent, options), secrets or Secrets(key="tok")
    )


def chat(made: ProcuratorAdapter | None = None, *images: Image) -> ChatRun:
    return (made or adapter()).run(Prompt("hello", images), Talk(uuid=UUID))


def frame(event: str, data: Any = "") -> bytes:
    return b"data:" + json.dumps({"event": event, "data": data, "timestamp": 1}).encode() + b"\n\n"


def ok(body: Any, status: int = 200) -> Reply:
    return Reply(status, {"content-type": "application/json"}, json.dumps(body).encode())


def problem(status: int, detail: str) -> Reply:
    body = {"type": "about:blank", "title": "Problem", "status": status, "detail": detail}
    return Reply(status, {"content-type": "application/problem+json"}, json.dumps(body).encode())


LOST = Reply(0, failure=Failure("server.test closed the connection without an answer.", code="network"))


class Play:
    """A dialogue driven with these replies, in order. A streamed call takes the frames that it is given."""

    def __init__(self, run: Run | None, steps: Steps[Any], *replies: Reply | list[bytes]) -> None:
        self.calls: list[HttpCall] = []
        self.events: list[AnyEvent] = []
        self.waits = 0
        self.result: Any = None
        left = list(replies)
        reply: Reply | None = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration as stop:
                self.result = stop.value
                break
            reply = None
            if isinstance(step, HttpCall):
                self.calls.append(step)
                given = left.pop(0)
                reply = self._streamed(run, given) if isinstance(given, list) else given
            elif isinstance(step, Wait):
                self.waits += 1
            else:
                self.events.append(step)
        assert not left, f"never asked for: {left}"

    def _streamed(self, run: Run | None, frames: list[bytes]) -> Reply:
        assert run is not None
        self.events += run.open(200, {"content-type": "text/event-stream"})
        for data in frames:
            self.events += run.feed(data)
        self.events += run.close()
        return Reply(200, {"content-type": "text/event-stream"})

    @property
    def paths(self) -> list[str]:
        return [f"{call.method} {call.url.removeprefix('http://server.test')}" for call in self.calls]

    @property
    def end(self) -> RunEnded:
        assert isinstance(self.events[-1], RunEnded)
        return self.events[-1]

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]


def shown(*frames: bytes) -> c.Conversation:
    """What a person sees of a stream."""
    run = chat()
    reducer = Reducer()
    reducer.begin(run.prompt, 0.0)
    for event in Play(run, run.guarded(_only_stream(run)), list(frames)).events:
        reducer.apply(event, 1.0)
    return reducer.conversation


def _only_stream(run: ChatRun) -> Steps[None]:
    reply = yield run.request()
    yield from run.settle(reply)


def tools(seen: c.Conversation) -> list[tuple[Any, ...]]:
    return [(i.name, i.state, i.result or i.error) for i in seen.items.values() if isinstance(i, c.ToolItem)]


def notices(seen: c.Conversation) -> list[str]:
    return [i.text for i in seen.items.values() if isinstance(i, c.NoticeItem)]


def asks(seen: c.Conversation) -> list[c.AskItem]:
    return [i for i in seen.items.values() if isinstance(i, c.AskItem)]


# ---- frames


def test_text_before_and_after_a_call_are_two_parts() -> None:
    seen = shown(frame("CONTENT_DELTA", "Let me see."), frame("TOOL_START", "Executing Tool: look"),
                 frame("CONTENT_DELTA", "Done."), frame("STOP"))  # fmt: skip
    assert seen.text_of(0) == "Let me see.\n\nDone."
    assert tools(seen) == [("look", "ok", None)]


def test_parallel_calls_with_ids_keep_their_own_ends() -> None:
    seen = shown(
        frame("TOOL_START", '{"id":"a","name":"one","arguments":{"x":1}}'),
        frame("TOOL_START", '{"toolCallId":"b","toolName":"two","toolInput":"plain words"}'),
        frame("TOOL_END", '{"id":"b","result":"second"}'),
        frame("TOOL_END", '{"id":"a","result":{"error":"no such x"}}'),
        frame("STOP"),
    )
    assert tools(seen) == [("one", "error", {"error": "no such x"}), ("two", "ok", "second")]
    assert [i.args for i in seen.items.values() if isinstance(i, c.ToolItem)] == [{"x": 1}, "plain words"]


def test_an_end_without_an_id_belongs_to_the_oldest_open_call() -> None:
    seen = shown(frame("TOOL_START", '{"name":"one"}'), frame("TOOL_START", '{"name":"two"}'),
                 frame("TOOL_END", '{"price": 4}'), frame("STOP"))  # fmt: skip
    assert tools(seen) == [("one", "ok", {"price": 4}), ("two", "ok", None)]


def test_a_call_announced_again_after_its_end_changes_nothing() -> None:
    start = frame("TOOL_START", '{"id":"a","name":"one"}')
    seen = shown(start, frame("TOOL_ERROR", '{"id":"a","error":"broken"}'), start, frame("STOP"))
    assert tools(seen) == [("one", "error", "broken")]


def test_an_end_that_was_never_announced_is_a_call_of_its_own() -> None:
    seen = shown(frame("TOOL_END", '{"id":"z","name":"late","result":"r"}'), frame("STOP"))
    assert tools(seen) == [("late", "ok", "r")]


def test_a_teams_start_is_no_tool() -> None:
    seen = shown(frame("TOOL_START", "Initiating SEQUENTIAL Team Orchestration..."),
                 frame("CONTENT_DELTA", "x"), frame("STOP"))  # fmt: skip
    assert tools(seen) == []
    assert notices(seen) == ["Initiating SEQUENTIAL Team Orchestration..."]


def test_a_call_still_open_when_the_run_fails_is_unknown() -> None:
    seen = shown(frame("TOOL_START", "Executing Tool: look"), frame("ERROR", "broken"), frame("STOP"))
    assert tools(seen) == [("look", "unknown", None)]
    assert seen.runs[0].status == "failed"


def test_two_errors_are_one_failure_and_the_first_one_counts() -> None:
    seen = shown(frame("CONTENT_DELTA", "half"), frame("ERROR", "first"), frame("ERROR", "second"), frame("STOP"))
    run = seen.runs[0]
    assert (run.status, run.error and run.error.text, seen.text_of(0)) == ("failed", "first", "half")


def test_a_cancellation_after_an_error_stays_a_failure() -> None:
    assert shown(frame("ERROR", "first"), frame("CANCELLED", "")).runs[0].status == "failed"


def test_an_error_after_a_cancellation_changes_nothing() -> None:
    assert shown(frame("CANCELLED", ""), frame("ERROR", "late")).runs[0].status == "cancelled"


def test_java_names_are_not_shown_to_people() -> None:
    run = shown(frame("ERROR", "Stream Error: java.lang.IllegalStateException: no model")).runs[0]
    assert run.error is not None and run.error.text == "no model"


def test_older_frames_end_too() -> None:
    seen = shown(b'data:{"type":"content","content":"hi"}\n\n', b'data:{"type":"done"}\n\n')
    assert (seen.runs[0].status, seen.text_of(0)) == ("completed", "hi")
    assert shown(b'data:{"type":"error","content":"no"}\n\n').runs[0].status == "failed"


def test_a_done_mark_alone_is_an_end() -> None:
    assert shown(frame("CONTENT_DELTA", "hi"), b"data:[DONE]\n\n").runs[0].status == "completed"


def test_a_stop_without_any_text_says_that_there_is_no_answer() -> None:
    seen = shown(frame("START"), frame("STOP"))
    assert (seen.runs[0].status, notices(seen)) == ("completed", ["The agent ended without an answer."])


def test_suggestions_are_cut_out_of_prose() -> None:
    fenced = 'Here:\n```json\n["Why?", "How?"]\n```\n'
    assert shown(frame("FOLLOWUP_SUGGESTION", fenced), frame("STOP")).suggestions == ("Why?", "How?")


def test_suggestions_that_are_no_list_are_kept_as_unknown() -> None:
    assert shown(frame("FOLLOWUP_SUGGESTION", "none today"), frame("STOP")).runs[0].unknown == 1


def test_frames_of_the_wrong_type_are_kept_as_unknown() -> None:
    odd = (b"data:[1]\n\n", b"data:7\n\n", b'data:{"event":["x"]}\n\n', frame("METRICS", "none"))
    seen = shown(*odd, frame("CONTENT_DELTA", "hi"), frame("STOP"))
    assert (seen.runs[0].unknown, seen.text_of(0)) == (4, "hi")


def test_an_object_as_data_is_read_like_its_text() -> None:
    seen = shown(frame("PAUSED", ACTION), frame("STOP"))
    assert asks(seen)[0].args == {"code": "6*7"}


def test_the_same_pause_told_twice_asks_once() -> None:
    answer = {"runId": "r", "content": "", "status": "PAUSED", "metadata": {"required_action": ACTION}, "tools": []}
    run = chat()
    play = Play(run, run.steps(), [frame("PAUSED", json.dumps(ACTION)), frame("STOP", json.dumps(answer))])
    assert play.kinds().count("ask.opened") == 1
    assert play.end.status == "waiting"


def test_a_closing_answer_that_differs_replaces_and_an_empty_one_does_not() -> None:
    def stopped(content: str) -> str:
        answer = json.dumps({"runId": "r", "content": content, "status": "COMPLETED", "tools": None})
        return shown(frame("CONTENT_DELTA", "draft"), frame("STOP", answer)).text_of(0)

    assert (stopped("final"), stopped(""), stopped("draft")) == ("final", "draft", "draft")


def test_a_closing_answer_that_failed_is_a_failure() -> None:
    answer = {"runId": "r", "content": None, "status": "FAILED", "metrics": {"errorMessage": "member 2 failed"}}
    run = shown(frame("STOP", json.dumps(answer))).runs[0]
    assert (run.status, run.error and run.error.text) == ("failed", "member 2 failed")


def test_the_feed_shows_children_tasks_and_failures() -> None:
    def fed(kind: str, payload: dict[str, Any], **more: Any) -> bytes:
        data = {"eventType": kind, "runId": "r", "agentId": "root", "payload": payload, **more}
        return f"id:1\nevent:{kind}\ndata:{json.dumps(data)}\n\n".encode()

    seen = shown(
        fed("RUN_START", {}),
        fed("RUN_START", {}, agentId="writer", parentRunId="r"),
        fed("TASK_CREATED", {"taskId": "t", "title": "Outline", "status": "PENDING"}),
        fed("TASK_UPDATED", {"taskId": "t", "title": "Outline", "status": "COMPLETED"}),
        fed("TOOL_INVOKED", {"toolName": "save", "agentName": "Writer"}),
        fed("TOOL_COMPLETED", {"toolName": "save", "agentName": "Writer", "status": "error"}),
        fed("RUN_FAILED", {"errorMessage": "disk full"}, agentId="writer", parentRunId="r"),
        fed("NEW_KIND", {}),
        fed("RUN_FAILED", {"errorMessage": "member failed"}),
    )
    assert [(i.path, i.state) for i in seen.items.values() if isinstance(i, c.AgentItem)] == [(("writer",), "failed")]
    assert [(i.label, i.state) for i in seen.items.values() if isinstance(i, c.StepItem)] == [("Outline", "done")]
    assert tools(seen) == [("save", "error", "The tool failed; the feed does not say how.")]
    assert (seen.runs[0].status, seen.runs[0].unknown) == ("failed", 1)


# ---- requests


def test_the_request_has_a_session_of_ours_and_no_time_limit() -> None:
    call = chat(adapter("a/b c")).request()
    assert call.url == "http://server.test/api/agents/a%2Fb%20c/runs/stream"
    assert call.json == {"message": "hello", "sessionId": UUID, "stream": True}
    assert (call.headers["Authorization"], call.headers["Accept"], call.timeout) == (
        "Bearer tok",
        "text/event-stream",
        None,
    )


def test_a_session_of_the_servers_is_gone_on_with() -> None:
    call = adapter().run(Prompt("hi"), Talk(uuid=UUID, session_id="theirs")).request()
    assert call.json["sessionId"] == "theirs"


def test_an_unstreamed_run_goes_to_the_other_address() -> None:
    call = chat(adapter(unstreamed=True)).request()
    assert call.url.endswith("/api/agents/code/runs")
    assert (call.json["stream"], call.headers["Accept"], call.timeout) == (False, "application/json", None)


def test_pictures_are_bare_base64_and_not_larger_than_the_limit() -> None:
    data = bytes(range(256)) * 100
    media = wire_json(chat(None, Image("a.png", "image/png", data)).request())["media"]
    assert [(m["type"], b64decode(m["data"], validate=True)) for m in media] == [("image/png", data)]
    with pytest.raises(NotSendable, match="10 MB"):
        chat(None, Image("big.png", "image/png", bytes(10 * 1024 * 1024 + 1)))
    with pytest.raises(NotSendable, match="tiff"):
        chat(None, Image("a.tif", "image/tiff", b"x"))


def test_without_an_agent_nothing_is_sent() -> None:
    run = chat(adapter(None))
    play = Play(run, run.steps())
    assert (play.calls, play.end.status) == ([], "failed")


def test_a_login_that_keeps_failing_is_tried_once() -> None:
    run = chat(adapter(secrets=Secrets(key="old", extra={"password": "pw"}), user="ada"))
    play = Play(run, run.steps(), Reply(401), problem(401, "wrong name or password"))
    assert play.paths == ["POST /api/agents/code/runs/stream", "POST /api/auth/login"]
    assert play.end.error is not None and "wrong name or password" in play.end.error.text
    assert "pw" not in repr(play.calls) and "old" not in repr(play.calls[0])


def test_both_spellings_of_the_agent_list_are_read() -> None:
    rows = [{"agentId": "a", "name": "A", "isTeam": True}, {"id": "b", "is_team": False}, {"name": "no id"}, 7]
    found = Play(None, adapter().agents(), ok(rows)).result
    assert [(a.id, a.name, a.about) for a in found] == [("a", "A", "Team."), ("b", "b", "")]


def test_a_probe_of_something_else_says_so() -> None:
    with pytest.raises(SluiceError, match="no list of agents"):
        Play(None, adapter().probe(), ok({"hello": "world"}))
    with pytest.raises(SluiceError, match="wants a login"):
        Play(None, adapter().probe(), Reply(401))


def test_a_probe_misses_the_agent_of_the_connection() -> None:
    found = Play(None, adapter("nosuch").probe(), ok([{"agentId": "a"}])).result
    assert found.words == "The server answers and lists 1 agent. nosuch is not among them."


# ---- a stream that said nothing


def newest(run_id: str = "r1") -> Reply:
    return ok({"content": [{"id": run_id, "status": "PAUSED"}]})


def row(status: str, **more: Any) -> Reply:
    return ok([{"id": "r1", "status": status, "input": "hello", **more}])


def test_a_silent_run_that_is_done_shows_its_output() -> None:
    run = chat()
    play = Play(run, run.steps(), [frame("START")], newest(), row("COMPLETED", output="42"))
    assert play.paths[1:] == [f"GET /api/v1/runs?sessionId={UUID}&size=1", "GET /api/agents/code/runs/status?runIds=r1"]
    assert (play.end.status, run.text_of()) == ("completed", "42")


def test_the_row_of_an_earlier_message_is_not_taken_for_this_one() -> None:
    run = chat()
    play = Play(run, run.steps(), [], newest(), row("COMPLETED", output="old answer", input="another question"))
    assert (play.end.status, run.text_of()) == ("cut", "")


def test_a_silent_run_that_is_still_at_work_is_cut() -> None:
    run = chat()
    assert Play(run, run.steps(), [], newest(), row("RUNNING")).end.status == "cut"


def test_a_cut_answer_is_not_looked_up_by_itself() -> None:
    run = chat()
    assert Play(run, run.steps(), [frame("CONTENT_DELTA", "half")]).end.status == "cut"


# ---- decisions


def asked() -> ChatRun:
    """A run that waits for an approval."""
    run = chat()
    assert (
        Play(run, run.steps(), [frame("START", "r1"), frame("PAUSED", ACTION), frame("STOP")]).end.status == "waiting"
    )
    return run


def decided(allow: bool, *replies: Reply) -> Play:
    run = asked().resume(Answer("ap-12345678", allow))
    return Play(run, run.steps(), *replies)


def test_the_run_is_polled_until_it_has_moved_and_ended() -> None:
    paused = row("PAUSED", requiredAction=json.dumps(ACTION))
    approved = ok({"id": "ap-12345678", "runId": "r1", "status": "APPROVED"})
    play = decided(True, approved, paused, row("RUNNING"), row("COMPLETED", output="42", totalCostUsd=0.1))
    assert (play.waits, play.end.status) == (2, "completed")
    assert play.kinds() == [
        "run.started", "tool.started", "ask.closed", "beat", "beat", "usage", "text.set", "tool.ended", "run.ended",
    ]  # fmt: skip


def test_a_run_that_fails_after_the_approval_says_why() -> None:
    play = decided(True, ok({"status": "APPROVED"}), row("FAILED", errorMessage="no memory"))
    assert (play.end.status, play.end.error and play.end.error.text) == ("failed", "no memory")


def test_a_run_that_cannot_be_followed_may_still_be_working() -> None:
    play = decided(True, ok({"status": "APPROVED"}), *[LOST] * 5)
    assert play.end.status == "cut" and play.end.error is not None
    assert "may still be working" in play.end.error.text


def test_voting_twice_waits_for_the_others() -> None:
    refused, pending = problem(400, "you have voted"), ok({"id": "ap-12345678", "status": "PENDING"})
    play = decided(True, refused, pending, row("COMPLETED", output="42"))
    assert [e.code for e in play.events if e.kind == "notice"] == ["quorum"]
    assert play.end.status == "completed"


def test_an_expired_approval_is_closed_as_expired() -> None:
    play = decided(True, problem(400, "already EXPIRED"), ok({"id": "ap-12345678", "status": "EXPIRED"}))
    assert [e.how for e in play.events if e.kind == "ask.closed"] == ["expired"]
    assert play.end.status == "failed" and play.end.error is not None
    assert "already EXPIRED" in play.end.error.text


def test_a_decision_of_which_nothing_is_known_stays_open() -> None:
    play = decided(True, LOST, LOST)
    assert "ask.closed" not in play.kinds()
    assert play.paths == ["POST /api/v1/approvals/ap-12345678/resolve", "GET /api/v1/approvals/ap-12345678"]
    assert play.end.status == "failed" and play.end.error is not None
    assert "may or may not have arrived" in play.end.error.text


def test_a_decision_that_was_never_sent_is_not_in_doubt() -> None:
    away = Reply(0, failure=Failure("Nothing answers at server.test.", code="connect"))
    play = decided(True, away)
    assert play.end.error is not None and play.end.error.text == "Nothing answers at server.test."


def test_continue_is_tried_once_and_only_after_a_404() -> None:
    play = decided(False, problem(404, "no such approval"), Reply(404))
    assert play.paths == [
        "POST /api/v1/approvals/ap-12345678/resolve",
        "POST /api/agents/code/runs/r1/continue",
    ]
    assert [e.how for e in play.events if e.kind == "ask.closed"] == ["withdrawn"]


def test_a_settled_review_that_went_the_other_way_is_told() -> None:
    action = {
        "type": "TEAM_MEMBER_DISPATCH_APPROVAL",
        "tool": "team",
        "sourceAgentId": "m",
        "approvalId": "hr-12345678",
    }
    run = chat()
    Play(run, run.steps(), [frame("START", "r1"), frame("PAUSED", action), frame("STOP")])
    later = run.resume(Answer("hr-12345678", True))
    play = Play(later, later.steps(), ok({"pendingId": "hr-12345678", "decision": "REJECT"}), row("CANCELLED"))
    assert play.calls[0].json == {"decision": "approve"}
    assert [(e.how, e.answer) for e in play.events if e.kind == "ask.closed"] == [("superseded", "rejected")]
    assert (play.end.status, play.end.reason) == ("cancelled", "denied")


def test_nothing_is_decided_before_its_details_were_shown() -> None:
    run = chat()
    Play(run, run.guarded(_only_stream(run)), [frame("START", "r1"), frame("PAUSED", "Waits."), frame("STOP")])
    ask = run.open_asks[0]
    later = run.resume(Answer(ask, True))
    play = Play(later, later.steps(), row("PAUSED", requiredAction=json.dumps(ACTION)))
    assert play.paths == ["GET /api/agents/code/runs/status?runIds=r1"]  # and no POST
    opened = [e for e in play.events if e.kind == "ask.opened"]
    assert [(e.ask, e.args) for e in opened] == [(ask, {"code": "6*7"})]
    assert play.end.status == "waiting"
    last = later.resume(Answer(ask, True))
    end = Play(last, last.steps(), ok({"status": "APPROVED"}), row("COMPLETED", output="42")).end
    assert end.status == "completed"


def test_a_pause_with_no_details_anywhere_is_left_to_the_servers_own_console() -> None:
    run = chat()
    Play(run, run.guarded(_only_stream(run)), [frame("START", "r1"), frame("PAUSED", "Waits."), frame("STOP")])
    later = run.resume(Answer(run.open_asks[0], True))
    play = Play(later, later.steps(), row("PAUSED"), ok({"content": []}), ok([]))
    assert play.end.status == "failed" and play.end.error is not None
    assert "own console" in play.end.error.text


def test_a_decision_while_the_stream_is_still_open_is_followed_after_its_end() -> None:
    run = chat()
    steps = run.steps()
    call = next(steps)
    assert isinstance(call, HttpCall) and call.stream
    run.open(200, {"content-type": "text/event-stream"})
    run.feed(frame("START", "r1") + frame("PAUSED", ACTION))
    answer = Play(run, run.guarded(run.answer(Answer("ap-12345678", True))), ok({"status": "APPROVED"}))
    assert answer.result is None and run.open_asks == ()
    assert run.feed(frame("STOP")) == []
    run.close()
    asked_for = steps.send(Reply(200))
    assert isinstance(asked_for, HttpCall) and "/runs/status" in asked_for.url
    rest = [steps.send(row("COMPLETED", output="42")), *steps]
    assert [e.kind for e in rest if not isinstance(e, HttpCall | Wait)] == ["text.set", "tool.ended", "run.ended"]


def test_an_answer_to_a_request_of_another_day_is_refused_in_words() -> None:
    run = adapter().answering(Answer("ap-unknown", True), Talk(uuid=UUID))
    play = Play(run, run.steps())
    assert (play.calls, play.end.status) == ([], "failed")


def test_a_refusal_while_the_stream_is_still_open_denies_the_call() -> None:
    run = chat()
    steps = run.steps()
    next(steps)
    run.open(200, {"content-type": "text/event-stream"})
    run.feed(frame("START", "r1") + frame("PAUSED", ACTION))
    answer = Play(run, run.guarded(run.answer(Answer("ap-12345678", False))), ok({"status": "REJECTED"}))
    assert [e.status for e in answer.events if e.kind == "tool.ended"] == ["denied"]
    run.feed(frame("STOP"))
    run.close()
    steps.send(Reply(200))
    ends = [steps.send(row("CANCELLED")), *steps]
    assert [e.kind for e in ends if not isinstance(e, HttpCall | Wait)] == ["run.ended"]


# ---- cancel, look up


def test_cancel_leaves_a_run_alone_that_has_ended() -> None:
    done = ok({"content": [{"id": "r0", "status": "COMPLETED"}]})
    assert [call.method for call in Play(None, chat().cancel(), done).calls] == ["GET"]


def test_cancel_deletes_the_run_that_is_known() -> None:
    run = chat()
    run.open(200, {"content-type": "text/event-stream"})
    run.feed(frame("START", "r1"))
    assert Play(None, run.cancel(), Reply(204)).paths == ["DELETE /api/agents/code/runs/r1"]


def test_a_look_up_finds_what_waits_for_a_person() -> None:
    run = adapter().look_up(None, Talk(uuid=UUID))
    play = Play(run, run.steps(), newest(), row("PAUSED", requiredAction=json.dumps(ACTION)))
    assert [e.ask for e in play.events if e.kind == "ask.opened"] == ["ap-12345678"]
    assert play.end.status == "waiting"


def test_a_look_up_asks_older_servers_at_their_address() -> None:
    run = adapter().look_up("r1", Talk(uuid=UUID))
    play = Play(run, run.steps(), Reply(404), ok({"runId": "r1", "status": "COMPLETED", "output": "42"}))
    assert play.paths[1] == "GET /api/agents/code/runs/r1/status"
    assert (play.end.status, run.text_of()) == ("completed", "42")


def test_a_look_up_that_finds_nothing_says_so() -> None:
    run = adapter().look_up(None, Talk(uuid=UUID))
    play = Play(run, run.steps(), ok({"content": []}))
    assert play.end.error is not None and "knows no run" in play.end.error.text
