"""Whole conversations with an Agent Manager of our own, over a real socket: by the session and by `ask`."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from desktop.core import conversation as c
from desktop.core.adapters.procurator import follow as procurator_follow
from desktop.core.requests import Answer, Connection, Image, Prompt, Secrets
from desktop.services.session import Session
from desktop.services.transport import Transport
from tests.loopback.procurator import ARGS, TOOL, Procurator
from tests.loopback.server import Server

TOKEN = Secrets(key="token-1")
LOGIN = Secrets(extra={"password": "secret"})


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at a resumed run without the pause between two looks."""
    monkeypatch.setattr(procurator_follow, "_PACE", 0.001)


class Desk:
    """A session, its server, and what a person would look at."""

    def __init__(self, manager: Procurator, server: Server, agent: str, secrets: Secrets, **options: Any) -> None:
        self.manager, self.server, self.secrets = manager, server, secrets
        self.transport = Transport()
        connection = Connection("procurator", server.url, agent, options)

        async def resolve(given: Connection) -> tuple[Connection, Secrets]:
            return given, self.secrets

        self.session = Session(connection, self.transport, resolve)
        self.changed = asyncio.Event()
        self.session.listeners.changes = lambda changes: self.changed.set()

    @property
    def items(self) -> c.Conversation:
        return self.session.conversation

    @property
    def run(self) -> c.RunState:
        return self.items.runs[-1]

    @property
    def ask(self) -> c.AskItem:
        return next(i for i in reversed(self.items.items.values()) if isinstance(i, c.AskItem))

    @property
    def tools(self) -> list[tuple[str, str]]:
        return [(i.name, i.state) for i in self.items.items.values() if isinstance(i, c.ToolItem)]

    @property
    def notices(self) -> list[str | None]:
        return [i.code for i in self.items.items.values() if isinstance(i, c.NoticeItem)]

    def answer_text(self) -> str:
        return self.items.text_of(self.run.number)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until the conversation shows it."""
        async with asyncio.timeout(10):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    async def send(self, text: str = "hello", *images: Image) -> None:
        await self.session.send(Prompt(text, images))

    async def decide(self, allow: bool) -> str | None:
        return await self.session.answer(Answer(self.ask.ask, allow))


@asynccontextmanager
async def desk(
    agent: str, manager: Procurator | None = None, secrets: Secrets = TOKEN, **options: Any
) -> AsyncIterator[Desk]:
    manager = manager or Procurator()
    async with Server(manager.handle) as server:
        made = Desk(manager, server, agent, secrets, **options)
        try:
            yield made
        finally:
            await made.session.close()
            await made.transport.aclose()


# ---- sending


async def test_one_session_is_kept_for_a_whole_conversation() -> None:
    async with desk("echo") as at:
        await at.send("one")
        await at.send("two")
        assert at.answer_text() == "You said: two"
        assert {body["sessionId"] for body in at.manager.bodies} == {at.session.uuid}
        assert at.items.session_id == at.session.uuid
        assert at.run.usage is not None and at.run.usage.cost == 0.002


async def test_options_of_the_connection_go_with_every_run() -> None:
    options = {"model": "m", "temperature": 0.5, "maxTokens": 9, "systemPrompt": "short", "generateFollowups": True}
    async with desk("echo", **options) as at:
        await at.send()
        body = at.manager.bodies[0]
        assert body["options"] == {"model": "m", "temperature": 0.5, "maxTokens": 9, "systemPrompt": "short"}
        assert body["generateFollowups"] is True


async def test_a_picture_arrives_byte_for_byte() -> None:
    data = bytes(range(256)) * 4000  # long enough for a line break, if there were any
    async with desk("echo") as at:
        await at.send("look", Image("a.png", "image/png", data))
        assert at.run.status == "completed"
        assert at.manager.pictures == [hashlib.sha256(data).hexdigest()]
        assert at.manager.bodies[0]["media"][0]["type"] == "image/png"


async def test_without_a_token_it_logs_in_first_and_once() -> None:
    async with desk("echo", secrets=LOGIN, user="ada") as at:
        await at.send("one")
        await at.send("two")
        assert (at.run.status, at.manager.logins) == ("completed", 1)


async def test_an_expired_login_is_renewed_once() -> None:
    async with desk("echo", secrets=LOGIN, user="ada") as at:
        await at.send("one")
        at.manager.expire_tokens()
        await at.send("two")
        assert (at.run.status, at.manager.logins, len(at.manager.runs)) == ("completed", 2, 2)


async def test_a_login_alone_is_not_the_acceptance_of_the_message() -> None:
    async with desk("echo", secrets=LOGIN, user="ada") as at:
        accepted: list[str] = []
        at.session.listeners.accepted = lambda: accepted.append("yes")
        at.manager.busy = True
        await at.send()
        assert (at.run.status, at.manager.logins, accepted) == ("failed", 1, [])
        at.manager.busy = False
        await at.send()
        assert (at.run.status, accepted) == ("completed", ["yes"])


async def test_a_wrong_password_is_said_and_nothing_is_sent() -> None:
    async with desk("echo", secrets=Secrets(extra={"password": "wrong"}), user="ada") as at:
        await at.send()
        assert at.run.status == "failed" and at.run.error is not None
        assert "user name and password" in at.run.error.text and at.run.error.http == 401
        assert at.manager.bodies == []


async def test_a_pasted_token_that_ran_out_is_said() -> None:
    async with desk("echo", secrets=Secrets(key="old")) as at:
        await at.send()
        assert at.run.error is not None and at.run.error.http == 401
        assert "token" in at.run.error.text and "old" not in at.run.error.text


async def test_an_unknown_agent_fails_in_words() -> None:
    async with desk("nobody") as at:
        await at.send()
        assert at.run.status == "failed" and at.run.error is not None
        assert at.run.error.text == "unknown agent: nobody"


async def test_lists_agents_and_conversations() -> None:
    async with desk("echo") as at:
        await at.send("hello")
        adapter = await at.session._ready()
        agents = await at.session.ask_server(adapter.agents())
        assert [(a.id, a.about) for a in agents] == [("echo", "Says it again"), ("newsroom", "Team.")]
        assert "2 agents" in (await at.session.ask_server(adapter.probe())).words
        sessions = await at.session.ask_server(adapter.sessions())
        assert [s.id for s in sessions] == [at.session.uuid]
        turns = await at.session.ask_server(adapter.load_session(at.session.uuid))
        assert [t.text for t in turns] == ["hello", "You said: hello"]


# ---- approvals


@pytest.mark.parametrize("unstreamed", [False, True])
async def test_an_approved_tool_lets_the_run_go_on_to_its_answer(unstreamed: bool) -> None:
    async with desk("code", unstreamed=unstreamed) as at:
        await at.send()
        assert (at.run.status, at.ask.tool, at.ask.args, at.tools) == ("waiting", TOOL, ARGS, [(TOOL, "running")])
        assert await at.decide(True) is None
        assert (at.run.status, at.answer_text(), at.tools) == ("completed", "6 × 7 = 42", [(TOOL, "ok")])
        assert (at.ask.state, at.ask.answer, at.run.continues) == ("answered", "approved", (at.ask.ask,))
        assert at.manager.decisions == [("resolve", {"decision": "APPROVED"})]


@pytest.mark.parametrize("unstreamed", [False, True])
async def test_a_refused_tool_is_denied_and_the_run_cancelled(unstreamed: bool) -> None:
    async with desk("code", unstreamed=unstreamed) as at:
        await at.send()
        assert await at.decide(False) is None
        assert (at.run.status, at.run.reason, at.tools) == ("cancelled", "denied", [(TOOL, "denied")])
        assert at.manager.decisions == [("resolve", {"decision": "REJECTED"})]


async def test_a_pause_told_as_a_sentence_shows_its_arguments_before_anybody_decides() -> None:
    async with desk("plain") as at:
        await at.send()
        assert (at.run.status, at.ask.tool, at.ask.args) == ("waiting", TOOL, ARGS)
        await at.decide(True)
        assert at.answer_text() == "6 × 7 = 42"


async def test_a_pause_that_the_stream_does_not_tell_at_all_is_found() -> None:
    async with desk("silent") as at:
        await at.send()
        assert (at.run.status, at.ask.args) == ("waiting", ARGS)
        await at.decide(True)
        assert at.answer_text() == "6 × 7 = 42"


async def test_an_approval_told_as_an_error_offers_to_send_again_and_never_does() -> None:
    async with desk("error") as at:
        await at.send("go")
        assert at.run.status == "failed" and at.run.error is not None
        assert "Approving lets the next try through" in at.run.error.text
        assert (at.ask.state, at.ask.args) == ("pending", ARGS)
        await at.decide(True)
        assert (at.run.status, at.notices, len(at.manager.bodies)) == ("completed", ["send-again"], 1)
        await at.send("go")
        assert at.answer_text() == "You said: go"


async def test_a_refusal_of_an_approval_told_as_an_error_ends_it() -> None:
    async with desk("error") as at:
        await at.send()
        await at.decide(False)
        assert (at.run.status, at.run.reason, at.tools) == ("cancelled", "denied", [(TOOL, "denied")])


async def test_an_escalation_goes_to_its_own_address() -> None:
    async with desk("swarm") as at:
        await at.send()
        assert at.ask.text == "helper wants to hand over to db_admin."
        await at.decide(True)
        assert at.manager.decisions == [("escalate", {"decision": "APPROVED"})]
        assert at.answer_text() == "6 × 7 = 42"


async def test_a_team_member_is_approved_and_the_team_has_to_be_asked_again() -> None:
    async with desk("newsroom") as at:
        await at.send()
        await at.decide(True)
        assert at.manager.decisions == [("decide", {"decision": "approve"})]
        assert (at.run.status, at.notices) == ("completed", ["send-again"])
        said = [i.text for i in at.items.items.values() if isinstance(i, c.AnswerItem) and i.path == ("researcher",)]
        assert said == ["6 × 7 = 42"]


async def test_a_run_may_ask_again_after_an_approval() -> None:
    async with desk("twice") as at:
        await at.send()
        first = at.ask.ask
        await at.decide(True)
        assert (at.run.status, at.ask.state) == ("waiting", "pending")
        assert at.ask.ask != first
        await at.decide(True)
        assert (at.run.status, at.answer_text()) == ("completed", "6 × 7 = 42")
        assert at.tools == [(TOOL, "ok"), (TOOL, "ok")]


async def test_who_is_no_admin_hears_it_and_may_decide_after_another_login() -> None:
    async with desk("code", Procurator(admin=False)) as at:
        await at.send()
        trouble = await at.decide(True)
        assert trouble is not None and "needs an admin" in trouble
        assert (at.run.status, at.ask.state, at.ask.trouble) == ("failed", "pending", trouble)
        at.manager.admin = True
        at.manager.tokens = ["admin-token"]
        at.secrets = Secrets(key="admin-token")
        assert await at.decide(True) is None
        assert at.answer_text() == "6 × 7 = 42"


async def test_more_approvers_are_waited_for() -> None:
    async with desk("quorum") as at:
        await at.send()
        deciding = asyncio.create_task(at.decide(True))
        await at.until(lambda: "quorum" in at.notices)
        assert at.run.status is None
        at.manager._vote(at.manager.approvals[at.ask.ask], True)  # the second approver, elsewhere
        await deciding
        assert (at.run.status, at.answer_text()) == ("completed", "6 × 7 = 42")
        assert len(at.manager.decisions) == 1


async def test_a_decision_that_somebody_else_made_first_is_told() -> None:
    async with desk("code") as at:
        await at.send()
        at.manager._vote(at.manager.approvals[at.ask.ask], False)
        await at.decide(True)
        assert (at.ask.state, at.ask.answer, at.notices) == ("superseded", "rejected", ["superseded"])
        assert (at.run.status, at.tools) == ("cancelled", [(TOOL, "denied")])


async def test_a_lost_reply_leads_to_a_question_and_not_to_a_second_decision() -> None:
    async with desk("code") as at:
        at.manager.lose.append("resolve")
        await at.send()
        await at.decide(True)
        assert len(at.manager.decisions) == 1
        assert (at.run.status, at.answer_text()) == ("completed", "6 × 7 = 42")


async def test_a_decision_twice_is_sent_once() -> None:
    async with desk("code") as at:
        await at.send()
        both = await asyncio.gather(at.decide(True), at.decide(False))
        assert both[0] is None and both[1] is not None and "Nothing was sent" in both[1]
        assert len(at.manager.decisions) == 1


async def test_a_request_that_the_server_forgot_is_withdrawn() -> None:
    async with desk("code") as at:
        await at.send()
        at.manager.approvals.clear()
        await at.decide(True)
        assert (at.ask.state, at.run.status) == ("withdrawn", "failed")
        assert at.run.error is not None and "knows no such request" in at.run.error.text


async def test_an_older_server_is_told_by_continue() -> None:
    async with desk("named", Procurator(older=True)) as at:
        await at.send()
        await at.decide(True)
        assert at.manager.decisions == [("continue", {"action": "APPROVE"})]
        assert at.answer_text() == "6 × 7 = 42"


async def test_an_ask_of_an_earlier_run_can_still_be_answered() -> None:
    async with desk("code") as at:
        await at.send("first")
        first = at.ask.ask
        await at.send("second")
        await at.session.answer(Answer(first, True))
        assert at.answer_text() == "6 × 7 = 42"


# ---- stopping, cuts, looking up


async def test_stop_finds_the_run_and_deletes_it() -> None:
    async with desk("slow") as at:
        sending = asyncio.create_task(at.send())
        await at.until(lambda: bool(at.items.runs) and bool(at.answer_text()))
        at.session.stop()
        assert at.run.status == "cancelled"
        await sending
        await asyncio.wait_for(at.manager.cancelled.wait(), 10)
        assert at.manager.deleted == [at.manager.runs[0].id]


async def test_a_cut_run_can_be_looked_up_without_sending_again() -> None:
    async with desk("broken") as at:
        await at.send()
        assert (at.run.status, at.answer_text()) == ("cut", "The first half")
        assert await at.session.look_up()
        assert (at.run.status, at.answer_text()) == ("completed", "The first half and the second")
        assert len(at.manager.bodies) == 1


# ---- through the command line


async def ask(
    url: str, agent: str, *more: str, env: dict[str, str] | None = None
) -> tuple[int, list[dict[str, Any]], str]:
    """(exit status, events, what was said on standard error) of `python -m desktop ask --json`."""
    process = await start(url, agent, *more, env=env)
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, [json.loads(line) for line in out.splitlines()], err.decode()


async def start(url: str, agent: str, *more: str, env: dict[str, str] | None = None) -> asyncio.subprocess.Process:
    command = ["-m", "desktop", "ask", "--protocol", "procurator", "--url", url, "--agent", agent, "--json"]
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        *more,
        "hello",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "KEY": "token-1", **(env or {})},
        cwd=Path(__file__).parents[2],
    )


async def test_ask_allows() -> None:
    manager = Procurator()
    async with Server(manager.handle) as server:
        status, events, _ = await ask(server.url, "code", "--key-env", "KEY", "--decide", "allow")
    kinds = [event["kind"] for event in events]
    assert status == 0 and kinds.count("ask.opened") == 1 and kinds[-1] == "run.ended"
    assert [e["text"] for e in events if e["kind"] == "text.set"] == ["6 × 7 = 42"]
    first = kinds.index("run.ended") + 1
    assert [event["seq"] for event in events] == [*range(first), *range(len(events) - first)], "each run counts anew"
    assert manager.decisions == [("resolve", {"decision": "APPROVED"})]


async def test_ask_denies_where_nobody_sits() -> None:
    manager = Procurator()
    async with Server(manager.handle) as server:
        status, events, _ = await ask(server.url, "code", "--key-env", "KEY")
    assert status == 3 and events[-1]["status"] == "cancelled"
    assert manager.decisions == [("resolve", {"decision": "REJECTED"})]


async def test_ask_does_not_decide_again_what_was_refused() -> None:
    manager = Procurator(admin=False)
    async with Server(manager.handle) as server:
        status, events, said = await ask(server.url, "code", "--key-env", "KEY", "--decide", "allow")
    assert status == 3 and len(manager.decisions) == 1
    assert "needs an admin" in events[-1]["error"]["text"]
    assert "token-1" not in said


async def test_ask_stopped_by_the_keyboard_still_tells_the_server() -> None:
    manager = Procurator()
    async with Server(manager.handle) as server:
        process = await start(server.url, "slow", "--key-env", "KEY")
        assert process.stdout is not None
        while b"text.delta" not in await process.stdout.readline():
            pass
        process.send_signal(signal.SIGINT)
        out, _ = await process.communicate()
    assert process.returncode == 130 and json.loads(out.splitlines()[-1])["status"] == "cancelled"
    assert manager.deleted == [manager.runs[0].id]


async def test_ask_logs_in_and_keeps_the_session_it_is_given(tmp_path: Path) -> None:
    manager = Procurator()
    session = "7a1f6a1e-88a3-4c53-b7c4-6c2f6b7c9d10"
    login = ("--set", "user=ada", "--set", "password=env:WORD", "--session", session)
    async with Server(manager.handle) as server:
        status, events, _ = await ask(server.url, "echo", *login, env={"WORD": "secret"})
    assert status == 0 and manager.logins == 1
    assert manager.bodies[0]["sessionId"] == session
    assert "".join(e["text"] for e in events if e["kind"] == "text.delta") == "You said: hello"
