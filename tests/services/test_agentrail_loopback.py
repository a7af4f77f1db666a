"""Agentrail in both directions, over a socket: through `ask` as a process, and through a session."""

from __future__ import annotations

import asyncio
import signal
from hashlib import sha256

import pytest

from desktop.core.adapters.agentrail.adapter import AgentrailAdapter
from desktop.core.conversation import AskItem, ToolItem
from desktop.core.events import AnyEvent, AskOpened
from desktop.core.requests import Answer, Connection, Image, Prompt
from desktop.services.session import Session
from desktop.services.transport import Transport
from tests.loopback.agentrail import Agentrail
from tests.loopback.asking import ask
from tests.loopback.server import Server

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40


def session_with(server: Server, transport: Transport, **options: object) -> Session:
    return Session(Connection("agentrail", server.url, options=options), transport)


async def test_a_turn_is_answered_and_the_session_goes_on() -> None:
    async with Server(Agentrail().handle) as server:
        first = await ask("agentrail", server.url, "hi")
        session = first.kinds("session")[0]["session_id"]
        second = await ask("agentrail", server.url, "again", "--session", session)
    assert (first.status, first.answer) == (0, "Hello, turn 1. Files: 0.")
    assert (second.status, second.answer) == (0, "Hello, turn 2. Files: 0.")
    one, two = (request.json for request in server.requests)
    assert "sessionId" not in one and two["sessionId"] == session
    assert one["tenantId"] == two["tenantId"] == "default"
    assert one["userId"] == two["userId"] != ""


async def test_usage_and_context_are_told() -> None:
    async with Server(Agentrail().handle) as server:
        asked = await ask("agentrail", server.url, "hi")
    run, budget = [u for u in asked.kinds("usage") if u["scope"] != "call"]
    assert (run["scope"], run["cost"], run["currency"]) == ("run", 0.001, "USD")
    assert (budget["scope"], budget["context_pct"]) == ("session", 7)


async def test_bare_lines_are_read_like_dressed_ones() -> None:
    async with Server(Agentrail(sse=False).handle) as server:
        asked = await ask("agentrail", server.url, "hi")
    assert (asked.status, asked.answer) == (0, "Hello, turn 1. Files: 0.")


async def test_a_host_with_only_the_short_path_is_found_once_and_remembered() -> None:
    async with Server(Agentrail("/stream").handle) as server:
        transport = Transport()
        session = session_with(server, transport)
        await session.send(Prompt("hi"))
        await session.send(Prompt("again"))
        await transport.aclose()
    assert [r.path for r in server.requests] == ["/api/stream", "/stream", "/stream"]
    assert [run.status for run in session.conversation.runs] == ["completed", "completed"]
    assert session.conversation.text_of(1) == "Hello, turn 2. Files: 0."


@pytest.mark.parametrize(
    ("decide", "decision", "tool", "answer"),
    [("allow", "approved", "ok", "Saved."), ("deny", "rejected", "denied", "I left it alone.")],
)
async def test_a_permission_is_decided(decide: str, decision: str, tool: str, answer: str) -> None:
    host = Agentrail()
    async with Server(host.handle) as server:
        asked = await ask("agentrail", server.url, "write a note", "--decide", decide)
    assert (asked.status, asked.answer) == (0, answer)
    assert host.decisions == [{"kind": "permission", "decision": decision}]
    opened, closed = asked.kinds("ask.opened"), asked.kinds("ask.closed")
    assert [(o["tool"], o["args"]) for o in opened] == [("Write", {"path": "/notes.txt", "content": "a note"})]
    assert [(c["how"], c["answer"]) for c in closed] == [("answered", decision)]
    assert [t["status"] for t in asked.kinds("tool.ended")] == [tool]


async def test_a_question_without_a_person_waits_and_nothing_is_sent() -> None:
    host = Agentrail()
    async with Server(host.handle) as server:
        asked = await ask("agentrail", server.url, "choose", "--decide", "allow")
    assert (asked.status, asked.end["status"]) == (4, "waiting")
    assert host.decisions == []


async def decided(session: Session, prompt: str, *answers: Answer) -> list[str | None]:
    """Send the prompt, and these answers one after the other as soon as something is asked."""
    troubles: list[str | None] = []
    asked = asyncio.Event()

    def heard(run: int, seq: int, at: float, event: AnyEvent) -> None:
        if isinstance(event, AskOpened):
            asked.set()

    session.listeners.event = heard
    turn = asyncio.create_task(session.send(Prompt(prompt)))
    await asked.wait()
    for answer in answers:
        troubles.append(await session.answer(answer))
    await turn
    return troubles


async def test_several_choices_go_as_one_text_and_the_question_closes() -> None:
    host = Agentrail()
    async with Server(host.handle) as server:
        transport = Transport()
        session = session_with(server, transport)
        troubles = await decided(session, "choose", Answer("call-q", choices=("red", "blue"), text="or grey"))
        await transport.aclose()
    assert troubles == [None]
    assert host.decisions == [{"answer": "red, blue, or grey"}]
    [asked] = [i for i in session.conversation.items.values() if isinstance(i, AskItem)]
    assert (asked.state, asked.answer) == ("answered", "red, blue, or grey")
    assert session.conversation.text_of(0) == "You chose red, blue, or grey."


async def test_a_second_answer_is_never_sent() -> None:
    host = Agentrail()
    async with Server(host.handle) as server:
        transport = Transport()
        session = session_with(server, transport)
        no = Answer("call-w", allow=False)
        troubles = await decided(session, "write x", Answer("call-w", allow=True), no)
        await transport.aclose()
    assert troubles[0] is None and "no longer open" in str(troubles[1])
    assert [d["decision"] for d in host.decisions] == ["approved"]
    [tool] = [i for i in session.conversation.items.values() if isinstance(i, ToolItem)]
    assert tool.state == "ok"


async def test_an_answer_that_comes_too_late_is_told() -> None:
    host = Agentrail()
    async with Server(host.handle) as server:
        transport = Transport()
        session = session_with(server, transport)
        [trouble] = await decided(session, "late", Answer("call-l", allow=True))
        await transport.aclose()
    assert "nothing pending there any more" in str(trouble)
    [asked] = [i for i in session.conversation.items.values() if isinstance(i, AskItem)]
    assert (asked.state, asked.answer) == ("answered", "rejected")
    assert session.conversation.text_of(0) == "Nobody said yes."


async def test_pictures_arrive_whole_under_names_of_their_own() -> None:
    host = Agentrail()
    async with Server(host.handle) as server:
        transport = Transport()
        session = session_with(server, transport)
        other = PNG + b"other"
        images = (Image("a photo.png", "image/png", PNG), Image("a photo.png", "image/png", other))
        await session.send(Prompt("look", images))
        await transport.aclose()
    [held] = host.sessions.values()
    assert sorted(held.files.values()) == sorted(sha256(data).hexdigest() for data in (PNG, other))
    assert all(name.startswith("a_photo-") and name.endswith(".png") for name in held.files)
    assert session.conversation.text_of(0) == "Hello, turn 1. Files: 2."


async def test_sub_agents_keep_their_words_out_of_the_answer() -> None:
    async with Server(Agentrail().handle) as server:
        asked = await ask("agentrail", server.url, "delegate this")
    assert (asked.status, asked.answer) == (0, "Outer words.")
    inner = [e for e in asked.kinds("text.delta") if e.get("path")]
    assert "".join(e["text"] for e in inner) == "INNER words"
    assert {tuple(e["path"]) for e in inner} == {("summarise",)}
    last = {tuple(e["path"]): e for e in asked.kinds("agent")}
    assert {path: e["state"] for path, e in last.items()} == {("researcher",): "done", ("summarise",): "done"}
    assert last[("researcher",)]["result"] == "Facts."


async def test_a_cut_keeps_the_text_and_says_so() -> None:
    async with Server(Agentrail().handle) as server:
        asked = await ask("agentrail", server.url, "cut")
    assert (asked.status, asked.end["status"], asked.answer) == (5, "cut", "Half an ans")
    assert "may still be working" in asked.end["error"]["text"]


async def test_a_failure_of_the_model_is_a_failure() -> None:
    async with Server(Agentrail().handle) as server:
        asked = await ask("agentrail", server.url, "fail")
    assert (asked.status, asked.end["status"], asked.answer) == (3, "failed", "Partial")
    assert "529 overloaded" in asked.end["error"]["text"]


async def test_stop_closes_the_stream_at_the_server() -> None:
    host = Agentrail()
    async with Server(host.handle) as server:
        asked = await ask(
            "agentrail", server.url, "hold",
            on_event=lambda process, event: event["kind"] == "text.delta" and process.send_signal(signal.SIGINT),
        )  # fmt: skip
        await asyncio.wait_for(host.left.wait(), 10)
    assert (asked.status, asked.end["status"]) == (130, "cancelled")
    assert asked.answer == "Thinking it over"


async def test_the_connection_test_finds_the_path_and_starts_no_run() -> None:
    host = Agentrail("/stream")
    async with Server(host.handle) as server:
        transport = Transport()
        session = session_with(server, transport)
        found = await session.ask_server(AgentrailAdapter(session.connection).probe())
        await transport.aclose()
    assert dict(found.options) == {"stream_path": "/stream"}
    assert host.sessions == {}


async def test_the_messages_of_a_session_can_be_had_back() -> None:
    async with Server(Agentrail().handle) as server:
        transport = Transport()
        session = session_with(server, transport)
        await session.send(Prompt("hi"))
        adapter = AgentrailAdapter(session.connection)
        turns = await session.ask_server(adapter.load_session(session.conversation.session_id or ""))
        await transport.aclose()
    assert [(t.role, t.text) for t in turns] == [("user", "hi"), ("assistant", "Hello, turn 1. Files: 0.")]
    assert server.requests[-1].query == {"tenantId": "default"}


async def test_a_server_that_lacks_something_says_it() -> None:
    async with Server(Agentrail().handle) as server:
        asked = await ask("agentrail", server.url + "/nowhere", "hi")
    assert (asked.status, asked.end["error"]["http"]) == (2, 404)
    assert "nothing at this address" in asked.end["error"]["text"]
