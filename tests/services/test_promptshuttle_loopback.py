"""PromptShuttle in both directions, over a socket: through `ask` as a process, and through a session."""

from __future__ import annotations

import asyncio
import signal
from hashlib import sha256
from typing import Any

import pytest

from desktop.core.adapters.promptshuttle.adapter import PromptShuttleAdapter
from desktop.core.requests import Connection, Image, Prompt, Secrets
from desktop.services.session import Session
from desktop.services.transport import Transport
from tests.loopback.asking import Asked, ask
from tests.loopback.promptshuttle import KEY, PromptShuttle
from tests.loopback.server import Server

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40


async def asked(message: str, *options: str, service: PromptShuttle | None = None, **more: Any) -> tuple[Asked, Server]:
    """One `ask` with a good key and model."""
    async with Server((service or PromptShuttle()).handle) as server:
        given = {"key": KEY, **more}
        out = await ask("promptshuttle", server.url, message, "--agent", "openai/gpt-4o", *options, **given)
    return out, server


def session_with(server: Server, transport: Transport) -> Session:
    async def resolved(connection: Connection) -> tuple[Connection, Secrets]:
        return connection, Secrets(KEY)

    return Session(Connection("promptshuttle", server.url, "openai/gpt-4o"), transport, resolved)


async def test_a_turn_with_a_tool_and_figures() -> None:
    out, server = await asked("hi")
    assert (out.status, out.answer) == (0, "Let me look.\n\nYou sent 1 messages.")
    assert [(t["name"], t["args"]) for t in out.kinds("tool.started")] == [("search", {"query": "x"})]
    assert [(t["status"], t["result"], t["ms"]) for t in out.kinds("tool.ended")] == [("ok", "found", 5.0)]
    assert [(u["input"], u["output"], u["cost"], u["currency"]) for u in out.kinds("usage")] == [(9, 5, 0.25, "USD")]
    assert [s["state"] for s in out.kinds("step")] == ["running", "done", "running", "done"]
    assert [(r["run_id"], r["model"]) for r in out.kinds("run.started")] == [("req-1", "openai/gpt-4o")]
    [request] = server.requests
    assert request.json["model"] == "openai/gpt-4o" and request.json["stream"] is True
    assert "event_types" not in request.json["stream_options"]
    assert request.json["stream_options"]["heartbeat_interval_ms"] == 15000


async def test_the_whole_conversation_goes_along_without_failed_turns() -> None:
    async with Server(PromptShuttle().handle) as server:
        transport = Transport()
        session = session_with(server, transport)
        for words in ("hi", "fail", "again"):
            await session.send(Prompt(words))
        await transport.aclose()
    assert [(m["role"], m["content"]) for m in server.requests[-1].json["messages"]] == [
        ("user", "hi"),
        ("assistant", "Let me look.\n\nYou sent 1 messages."),
        ("user", "again"),
    ]
    assert [run.status for run in session.conversation.runs] == ["completed", "failed", "completed"]


async def test_plain_chunks_and_their_reasoning() -> None:
    out, _ = await asked("chunks")
    assert (out.status, out.answer) == (0, "Plain chunks.")
    first = out.kinds("text.delta")[0]
    assert (first["channel"], first["text"]) == ("reasoning", "Hm. ")


async def test_a_closing_text_replaces_what_was_streamed() -> None:
    out, _ = await asked("mixed")
    assert (out.status, out.answer) == (0, "Final.")


async def test_a_repeated_event_counts_once() -> None:
    out, _ = await asked("repeat")
    assert (out.status, out.answer) == (0, "Once.")


async def test_an_answer_that_stopped_at_its_limit_says_so() -> None:
    out, _ = await asked("limit")
    assert (out.status, out.end["status"], out.answer) == (6, "limit", "Too lo")


async def test_sub_agents_keep_their_own_words() -> None:
    out, _ = await asked("agents")
    assert (out.status, out.answer) == (0, "outer")
    last = {tuple(e["path"]): e for e in out.kinds("agent")}
    assert (last[("helper",)]["state"], last[("helper",)]["result"]) == ("done", "inner")
    assert (last[("other",)]["state"], last[("other",)]["error"]) == ("failed", "no luck")
    assert out.kinds("tool.started")[-1]["shows_agent"] == "helper"


async def test_a_failed_request_is_failed_and_the_hiccup_before_it_a_notice() -> None:
    out, _ = await asked("fail")
    assert (out.status, out.end["status"]) == (3, "failed")
    assert "All models failed" in out.end["error"]["text"] and out.end["error"]["code"] == "all_models_failed"
    assert [n["text"] for n in out.kinds("notice")] == ["trying another model"]


async def test_an_error_that_was_overcome_is_no_failure() -> None:
    out, _ = await asked("recover")
    assert (out.status, out.answer) == (0, "Fine after all.")


async def test_an_empty_success_says_so() -> None:
    out, _ = await asked("nowhere")
    assert out.status == 0
    assert any("without sending an answer" in n["text"] and "req-1" in n["text"] for n in out.kinds("notice"))


async def test_a_filter_never_hides_the_end() -> None:
    out, server = await asked("hi", "--set", "event_types=toolStarted,toolCompleted")
    wanted = server.requests[0].json["stream_options"]["event_types"]
    assert wanted == ["toolStarted", "toolCompleted", "requestCompleted", "requestFailed", "error"]
    assert (out.status, out.answer) == (0, "You sent 1 messages.")
    assert out.kinds("step") == []


async def test_without_streaming_the_answer_comes_whole() -> None:
    out, server = await asked("hi", "--set", "stream=no")
    assert server.requests[0].json["stream"] is False and "stream_options" not in server.requests[0].json
    assert (out.status, out.answer) == (0, "All at once.")
    assert [(u["input"], u["output"]) for u in out.kinds("usage")] == [(3, 4)]


async def test_a_cut_keeps_the_text() -> None:
    out, _ = await asked("cut")
    assert (out.status, out.end["status"], out.answer) == (5, "cut", "Half an ans")


async def test_stop_closes_the_stream() -> None:
    service = PromptShuttle()
    async with Server(service.handle) as server:
        out = await ask(
            "promptshuttle", server.url, "hold", "--agent", "m", key=KEY,
            on_event=lambda process, event: event["kind"] == "text.delta" and process.send_signal(signal.SIGINT),
        )  # fmt: skip
        await asyncio.wait_for(service.left.wait(), 10)
    assert (out.status, out.end["status"], out.answer) == (130, "cancelled", "Thinking it over")


async def test_pictures_arrive_whole() -> None:
    service = PromptShuttle()
    async with Server(service.handle) as server:
        transport = Transport()
        session = session_with(server, transport)
        await session.send(Prompt("hi", (Image("a.png", "image/png", PNG),)))
        await transport.aclose()
    assert service.pictures == [sha256(PNG).hexdigest()]
    assert session.conversation.runs[0].status == "completed"


async def test_a_service_without_pictures_is_told_apart() -> None:
    async with Server(PromptShuttle(takes_pictures=False).handle) as server:
        transport = Transport()
        session = session_with(server, transport)
        await session.send(Prompt("hi", (Image("a.png", "image/png", PNG),)))
        await transport.aclose()
    [run] = session.conversation.runs
    assert run.error is not None and run.error.http == 400 and "may not take pictures" in run.error.text


@pytest.mark.parametrize("ending", ["", "/", "/api/v1", "/api/v1/chat/completions"])
async def test_the_address_may_be_given_in_several_ways(ending: str) -> None:
    async with Server(PromptShuttle("/api/v1").handle) as server:
        out = await ask("promptshuttle", server.url + ending, "chunks", "--agent", "m", key=KEY)
    assert (out.status, out.answer) == (0, "Plain chunks.")


async def test_a_wrong_key_is_named_and_never_shown() -> None:
    out, _ = await asked("hi", key="ps_wrong")
    assert (out.status, out.end["error"]["http"]) == (2, 401)
    assert "Invalid API key" in out.end["error"]["text"]
    assert "ps_wrong" not in str(out.events) + out.words


async def test_a_missing_model_is_told_by_the_service() -> None:
    async with Server(PromptShuttle().handle) as server:
        out = await ask("promptshuttle", server.url, "hi", key=KEY)
    assert out.status == 2 and "The model field is required." in out.end["error"]["text"]


async def test_the_connection_test_tries_the_key_and_starts_no_run() -> None:
    async with Server(PromptShuttle().handle) as server:
        transport = Transport()
        session = session_with(server, transport)
        found = await session.ask_server(PromptShuttleAdapter(session.connection, Secrets(KEY)).probe())
        await transport.aclose()
    assert "takes the key" in found.words
    assert [r.method for r in server.requests] == ["GET"]
