"""Powabase in both directions, over a socket: through `ask` as a process, and through a session."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

import pytest

from desktop.core.adapters.powabase import run as powabase_run
from desktop.core.adapters.powabase.adapter import PowabaseAdapter
from desktop.core.conversation import AgentItem, AnswerItem, AskItem, NoticeItem, StepItem, ToolItem
from desktop.core.errors import NotSendable, SluiceError
from desktop.core.requests import Answer, Connection, Image, Prompt, Secrets
from desktop.services import tasks
from desktop.services.session import Session
from desktop.services.transport import Transport
from tests.loopback.asking import ask
from tests.loopback.powabase import AGENT, LONG, QUERY, TEAM, WORKFLOW, Powabase
from tests.loopback.server import Server

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
KEY = "key-1"


@asynccontextmanager
async def talking(server: Server, anon: str | None = None, **options: Any) -> AsyncIterator[Session]:
    """A session with this server, closed after."""

    async def resolve(connection: Connection) -> tuple[Connection, Secrets]:
        return connection, Secrets(KEY, {"anon_key": anon} if anon else {})

    transport = Transport()
    try:
        yield Session(Connection("powabase", server.url, AGENT, options), transport, resolve)
    finally:
        await tasks.finish(5.0)
        await transport.aclose()


async def until(session: Session, condition: Callable[[], bool]) -> None:
    """Wait for something to show in the conversation."""
    changed = asyncio.Event()
    session.listeners.changes = lambda changes: changed.set()
    async with asyncio.timeout(20):
        while not condition():
            changed.clear()
            await changed.wait()


def items(session: Session, cls: type[Any]) -> list[Any]:
    return [item for item in session.conversation.items.values() if isinstance(item, cls)]


# ---- through `ask`


async def test_a_turn_goes_on_in_the_server_s_session() -> None:
    house = Powabase()
    async with Server(house.handle) as server:
        first = await ask("powabase", server.url, "remember amber", "--agent", AGENT, key=KEY)
        session = first.kinds("session")[0]["session_id"]
        second = await ask("powabase", server.url, "recall", "--agent", AGENT, "--session", session, key=KEY)
    assert (first.status, first.answer) == (0, "Hello, remember amber")
    assert (second.status, second.answer) == (0, "You said: remember amber")
    assert [r.json for r in server.requests] == [
        {"message": "remember amber"},
        {"message": "recall", "session_id": session},
    ]
    for request in server.requests:
        assert (request.headers["apikey"], request.headers["authorization"]) == (KEY, f"Bearer {KEY}")


async def test_thoughts_and_figures_come_through() -> None:
    async with Server(Powabase().handle) as server:
        asked = await ask("powabase", server.url, "think hard", "--agent", AGENT, key=KEY)
    thoughts = [e["text"] for e in asked.kinds("text.delta") if e["channel"] == "reasoning"]
    assert "".join(thoughts) == "First this, then that."
    assert [(u["input"], u["output"]) for u in asked.kinds("usage")] == [(10, 5)]


@pytest.mark.parametrize(
    ("decide", "sent", "tool"), [("allow", {"approved": True}, "ok"), ("deny", {"approved": False}, "denied")]
)
@pytest.mark.parametrize("misses", [0, 4])
async def test_an_approval_reaches_the_right_worker_once(decide: str, sent: Any, tool: str, misses: int) -> None:
    house = Powabase(misses=misses)
    async with Server(house.handle) as server:
        asked = await ask("powabase", server.url, "ask", "--agent", AGENT, "--decide", decide, key=KEY)
    assert (asked.status, asked.answer) == (0, "It is sunny.")
    assert house.decisions == [sent]
    tries = [r for r in server.requests if r.path.endswith("/approve")]
    assert len(tries) == misses + 1
    assert len({r.connection for r in tries}) == len(tries), "each try has a connection of its own"
    assert [(o["tool"], o["args"], o["text"]) for o in asked.kinds("ask.opened")] == [
        ("database_query", QUERY, "Run this query?")
    ]
    closed = asked.kinds("ask.closed")
    assert [(c["how"], c["answer"]) for c in closed] == [("answered", "approved" if decide == "allow" else "denied")]
    assert {e["status"] for e in asked.kinds("tool.ended")} == {tool}


async def test_two_calls_are_asked_one_after_the_other() -> None:
    house = Powabase()
    async with Server(house.handle) as server:
        asked = await ask("powabase", server.url, "asks", "--agent", AGENT, "--decide", "allow", key=KEY)
    assert asked.status == 0
    assert house.decisions == [{"approved": True}] * 2
    order = [(e["kind"], e["ask"]) for e in asked.events if e["kind"].startswith("ask.")]
    assert [kind for kind, _ in order] == ["ask.opened", "ask.closed"] * 2
    assert len({ask for _, ask in order}) == 2


async def test_a_failed_run_keeps_its_text_and_says_why_once() -> None:
    async with Server(Powabase().handle) as server:
        asked = await ask("powabase", server.url, "fail", "--agent", AGENT, key=KEY)
    assert (asked.status, asked.answer, asked.end["status"]) == (3, "Partial", "failed")
    assert "scripted failure" in asked.end["error"]["text"]
    assert [n for n in asked.kinds("notice") if "scripted failure" in n["text"]] == []


async def test_a_redacted_answer_does_not_stay() -> None:
    async with Server(Powabase().handle) as server:
        asked = await ask("powabase", server.url, "redact", "--agent", AGENT, key=KEY)
    assert asked.answer == "The password is [withheld]."


async def test_a_wrong_key_and_an_unknown_agent_are_told_in_words() -> None:
    async with Server(Powabase().handle) as server:
        wrong = await ask("powabase", server.url, "hello", "--agent", AGENT, key="no")
        unknown = await ask("powabase", server.url, "hello", "--agent", TEAM, key=KEY)
        gone = await ask("powabase", server.url, "hello", "--agent", AGENT, "--session", "sess_x", key=KEY)
        none = await ask("powabase", server.url, "hello", key=KEY)
    assert (wrong.status, wrong.end["error"]["http"]) == (2, 401)
    assert (unknown.status, unknown.end["error"]["http"]) == (2, 404)
    assert "Agent not found" in unknown.end["error"]["text"]
    assert (gone.status, gone.end["error"]["code"]) == (2, "session")
    assert "new" in gone.end["error"]["text"]
    assert none.end["status"] == "failed" and "No agent is chosen" in none.end["error"]["text"]
    assert len(server.requests) == 3


async def test_a_parallel_team_is_unmixed_by_its_stored_run() -> None:
    async with Server(Powabase().handle) as server:
        asked = await ask("powabase", server.url, "hello", "--agent", TEAM, "--set", "kind=team", key=KEY)
    assert (asked.status, asked.answer) == (0, "Both together.")
    children = {tuple(e["path"]): e["text"] for e in asked.kinds("text.set") if e.get("path")}
    assert children == {("agent 1",): "one red", ("agent 2",): "two blue"}
    assert any("mixed" in notice["text"] for notice in asked.kinds("notice"))
    assert [r.path for r in server.requests][-1] == "/api/orchestrations/runs/orch_run_1"


async def test_a_workflow_takes_the_message_as_a_variable() -> None:
    more = ("--set", "kind=workflow", "--set", 'variables={"tone":"dry"}', "--set", "input_variable=topic")
    async with Server(Powabase().handle) as server:
        asked = await ask("powabase", server.url, "rain", "--agent", WORKFLOW, *more, key=KEY)
    assert (asked.status, asked.answer) == (0, 'You gave {"tone": "dry", "topic": "rain"}')
    assert [(s["label"], s["state"]) for s in asked.kinds("step")] == [
        ("starter", "running"), ("starter", "done"), ("agent", "running"), ("agent", "done"),
    ]  # fmt: skip


# ---- through a session


async def test_a_decision_is_sent_once_with_its_reason_and_not_again() -> None:
    house = Powabase()
    async with Server(house.handle) as server, talking(server) as session:
        run = asyncio.create_task(session.send(Prompt("ask")))
        await until(session, lambda: bool(session.conversation.open_asks()))
        item: AskItem = session.conversation.open_asks()[0]
        assert (item.tool, item.args, item.call) == ("database_query", QUERY, "call_0")
        answers = (Answer(item.ask, False, note="not today"), Answer(item.ask, True))
        first, second = await asyncio.gather(*(session.answer(answer) for answer in answers))
        await run
        late = await session.answer(Answer(item.ask, True))
    assert first is None and second and late
    assert house.decisions == [{"approved": False, "reason": "not today"}]
    (tool,) = items(session, ToolItem)
    assert (tool.state, tool.result) == ("denied", "Error: Blocked by hook — Denied by user: not today")
    assert (item.state, item.answer) == ("answered", "denied")


async def test_an_approval_that_waited_too_long_takes_no_decision() -> None:
    house = Powabase()
    async with Server(house.handle) as server, talking(server) as session:
        run = asyncio.create_task(session.send(Prompt("tired")))
        await until(session, lambda: bool(session.conversation.open_asks()))
        item = session.conversation.open_asks()[0]
        house.expire.set()
        await run
        trouble = await session.answer(Answer(item.ask, True))
    assert trouble and "no longer open" in trouble
    assert item.state == "expired"
    assert not [r for r in server.requests if r.path.endswith("/approve")]
    (tool,) = items(session, ToolItem)
    assert (tool.state, session.conversation.runs[-1].status) == ("error", "completed")


async def test_a_run_that_no_worker_knows_leaves_the_request_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(powabase_run, "_BETWEEN", 0.0)
    house = Powabase(misses=1000)
    async with Server(house.handle) as server, talking(server) as session:
        run = asyncio.create_task(session.send(Prompt("ask")))
        await until(session, lambda: bool(session.conversation.open_asks()))
        item = session.conversation.open_asks()[0]
        trouble = await session.answer(Answer(item.ask, True))
        tries = [r for r in server.requests if r.path.endswith("/approve")]
        assert (item.state, item.trouble) == ("pending", trouble)
        house.misses, house._wrong = 0, set()
        assert await session.answer(Answer(item.ask, True)) is None
        await run
    assert trouble and "does not find a run" in trouble
    assert len(tries) == 15
    assert house.decisions == [{"approved": True}]


async def test_the_whole_result_takes_the_place_of_the_preview() -> None:
    async with Server(Powabase().handle) as server, talking(server) as session:
        run = asyncio.create_task(session.send(Prompt("ask")))
        await until(session, lambda: bool(session.conversation.open_asks()))
        await session.answer(Answer(session.conversation.open_asks()[0].ask, True))
        await run
    assert [tool.result for tool in items(session, ToolItem)] == [LONG]


async def test_stop_while_an_approval_waits_withdraws_it_and_leaves_the_server() -> None:
    house = Powabase()
    async with Server(house.handle) as server, talking(server) as session:
        run = asyncio.create_task(session.send(Prompt("ask")))
        await until(session, lambda: bool(session.conversation.open_asks()))
        (item,) = session.conversation.open_asks()
        session.stop()
        await run
        async with asyncio.timeout(10):
            await next(iter(house.runs.values())).gone.wait()
    assert (item.state, session.conversation.runs[-1].status) == ("withdrawn", "cancelled")
    assert house.decisions == []


async def test_what_became_of_a_cut_run_can_be_looked_up() -> None:
    house = Powabase()
    async with Server(house.handle) as server, talking(server) as session:
        await session.send(Prompt("break"))
        assert session.conversation.runs[-1].status == "cut"
        assert session.conversation.text_of(0) == "Half of it"
        assert await session.look_up()
    assert session.conversation.text_of(1) == "Half of it, and the rest."
    assert session.conversation.runs[-1].status == "completed"
    assert session.conversation.session_id == "sess_1", "the stored row's internal id is not taken"
    assert len(server.asked("POST", f"/api/agents/{AGENT}/run/stream")) == 1, "nothing is sent again"


async def test_a_picture_arrives_as_it_was() -> None:
    async with Server(Powabase().handle) as server, talking(server) as session:
        await session.send(Prompt("images please", (Image("a.png", "image/png", PNG),)))
        assert session.conversation.text_of(0) == f"image/png {len(PNG)} {sha256(PNG).hexdigest()[:16]}"
        (stored,) = await session.ask_server(adapter(server).sessions())
        assert stored.title == "images please"
        said, answer = await session.ask_server(adapter(server).load_session(stored.id))
    assert (said.text, [image.data for image in said.images]) == ("images please", [PNG])
    assert answer.text.startswith("image/png")


async def test_pictures_that_cannot_go_are_refused_before_anything_is_sent() -> None:
    picture = Prompt("look", (Image("a.png", "image/png", PNG),))
    async with Server(Powabase().handle) as server:
        for options in ({"images": False}, {"kind": "team"}, {"kind": "workflow"}):
            async with talking(server, **options) as session:
                with pytest.raises(NotSendable):
                    await session.send(picture)
    assert server.requests == []


def adapter(server: Server, key: str = KEY, agent: str | None = AGENT, **options: Any) -> PowabaseAdapter:
    anon = {"anon_key": options.pop("anon")} if "anon" in options else {}
    return PowabaseAdapter(Connection("powabase", server.url, agent, options), Secrets(key, anon))


async def test_agents_sessions_and_the_connection_can_be_asked_for() -> None:
    async with Server(Powabase(anon="anon-1").handle) as server, talking(server, anon="anon-1") as session:
        await session.send(Prompt("remember amber"))
        await session.send(Prompt("recall"))
        ours = adapter(server, anon="anon-1")
        found = await session.ask_server(ours.probe())
        agents = await session.ask_server(ours.agents())
        (stored,) = await session.ask_server(ours.sessions())
        turns = await session.ask_server(ours.load_session(stored.id))
    assert "2 agents" in found.words
    assert [(a.id, a.name, a.about) for a in agents] == [(AGENT, "researcher", "m-1"), ("a-2", "plain", "")]
    assert (stored.id, stored.title) == ("sess_1", "remember amber")
    assert [(t.role, t.text) for t in turns] == [
        ("user", "remember amber"), ("assistant", "Hello, remember amber"),
        ("user", "recall"), ("assistant", "You said: remember amber"),
    ]  # fmt: skip
    assert {r.headers["apikey"] for r in server.requests} == {"anon-1"}
    assert {r.headers["authorization"] for r in server.requests} == {f"Bearer {KEY}"}


async def test_a_key_that_may_not_list_agents_is_no_failed_login() -> None:
    async with Server(Powabase(may_list=False).handle) as server, talking(server) as session:
        found = await session.ask_server(adapter(server).probe())
        assert await session.ask_server(adapter(server).agents()) == ()
        with pytest.raises(SluiceError) as wrong:
            await session.ask_server(adapter(server, key="no").probe())
        with pytest.raises(SluiceError) as unknown:
            await session.ask_server(adapter(server, agent=TEAM).probe())
    assert "took the key" in found.words and "type the agent's id" in found.words
    assert "key" in wrong.value.headline
    assert "Agent not found" in unknown.value.headline


async def test_nothing_is_shown_twice_and_nothing_stays_unknown() -> None:
    async with Server(Powabase().handle) as server, talking(server) as session:
        await session.send(Prompt("hello you"))
    assert [i.text for i in items(session, AnswerItem)] == ["Hello, hello you"]
    assert session.conversation.runs[-1].unknown == 0
    assert items(session, NoticeItem) == items(session, StepItem) == items(session, AgentItem) == []
