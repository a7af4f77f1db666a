"""The answer over the accessibility bus, read from outside of the program while it streams."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from tests.core.recordings import FOLDER
from tests.loopback.server import Exchange, Request, Server
from tests.ui import assistive
from tests.ui.assistive import Hands, Node

pytestmark = pytest.mark.skipif(bool(assistive.missing()), reason=f"not installed: {', '.join(assistive.missing())}")

SENTENCES = ("The first sentence stands. ", "A second one follows it. ", "Then the third, with **strong** words.\n\n")


class Dictating:
    """An agent that goes on only when it is told to."""

    def __init__(self) -> None:
        self._pieces: asyncio.Queue[dict[str, object] | None] = asyncio.Queue()

    def say(self, **delta: object) -> None:
        self._pieces.put_nowait(delta)

    def end(self) -> None:
        self._pieces.put_nowait(None)

    async def handle(self, request: Request, exchange: Exchange) -> None:
        if request.method != "POST":
            await exchange.reply(404)
            return
        await exchange.start(headers={"content-type": "text/event-stream"})
        while (delta := await self._pieces.get()) is not None:
            await _send(exchange, {"index": 0, "delta": delta})
        await _send(exchange, {"index": 0, "delta": {}, "finish_reason": "stop"})
        await exchange.send(b"data: [DONE]\n\n")


async def _send(exchange: Exchange, choice: dict[str, object]) -> None:
    await exchange.send(b"data: " + json.dumps({"id": "c", "model": "m", "choices": [choice]}).encode() + b"\n\n")


@asynccontextmanager
async def asked(folder: Path, agent: Dictating) -> AsyncIterator[Hands]:
    """The program with a question asked."""
    async with Server(agent.handle) as server:
        async with assistive.sluice(folder, "--protocol", "openai", "--url", f"{server.url}/v1") as hands:
            await hands.until(lambda: "Message" in hands.reader.focused, "the keyboard in the composer")
            hands.type("go")
            hands.keys("Return")
            await hands.find("document", "Conversation")
            yield hands


def conversation(hands: Hands) -> list[Node]:
    """The parts of the transcript. What goes elsewhere in the window while it is read is passed over."""
    for node in hands.reader.nodes():
        with suppress(LookupError):
            if node.role == "document":
                return node.children
    raise LookupError("document")


def names(hands: Hands) -> list[str]:
    return [node.name for node in conversation(hands)]


async def test_the_answer_is_read_while_it_streams_and_is_what_was_sent(tmp_path: Path) -> None:
    agent = Dictating()
    async with asked(tmp_path, agent) as hands:
        sent = ""
        for sentence in SENTENCES:
            for at in range(0, len(sentence), 3):
                agent.say(content=sentence[at : at + 3])
            sent += sentence
            expected = sent.replace("**", "").strip()
            await hands.until(lambda words=expected: words in names(hands), expected)  # type: ignore[misc]
        assert names(hands)[:2] == ["go", expected]
        await hands.until(lambda: any("third" in said for said in hands.reader.said), "the last sentence said aloud")
        said = " ".join(hands.reader.said)
        assert "first sentence" in said, hands.reader.said
        assert said.index("first sentence") < said.index("second one") < said.index("third, with strong words")
        assert len([words for words in hands.reader.said if "sentence" in words or "one follows" in words]) <= 3
        agent.say(content="Last words")
        agent.end()
        await hands.until(lambda: hands.reader.said[-1] == "Last words", "the last words, without a full stop")
        await hands.find("push button", "Send")  # in the place of Stop
        await hands.until(lambda: names(hands)[:2] == ["go", f"{expected}\nLast words"], "all of it, once")


async def test_a_thought_is_opened_by_a_press_over_the_bus(tmp_path: Path) -> None:
    agent = Dictating()
    async with asked(tmp_path, agent) as hands:
        agent.say(reasoning_content="I should look first.")
        agent.say(content="Done.")
        agent.end()
        await hands.until(lambda: "Done." in names(hands), "the answer")
        row = await hands.until(
            lambda: next((one for one in conversation(hands) if one.role == "push button"), None), "the thought's row"
        )
        assert "Thought" in row.name and row.actions == ["Press"]
        row.do("Press")
        assert "I should look first." in names(hands)[1] or await hands.until(
            lambda: "I should look first." in names(hands)[1], "the thought"
        )


@asynccontextmanager
async def replayed(folder: Path, protocol: str, name: str, last: str) -> AsyncIterator[Hands]:
    """The program with a recording played to its last words."""
    async with assistive.sluice(folder, "open", str(FOLDER / protocol / f"{name}.http")) as hands:
        (await hands.find("push button", "Play")).do("Press")
        await hands.until(lambda: any(last in name for name in names(hands)), last)
        await hands.find("push button", "Play again")
        yield hands


def row(hands: Hands, begin: str) -> Node:
    """The one row that begins so."""
    found = [one for one in conversation(hands) if one.name.startswith(begin)]
    if len(found) != 1:
        raise LookupError(begin)
    return found[0]


async def test_a_team_is_read_with_names_and_its_details_are_opened_over_the_bus(tmp_path: Path) -> None:
    async with replayed(tmp_path, "promptshuttle", "multi_agent", "Final: a, b.") as hands:
        await hands.until(lambda: "writer_agent\ndraft" in names(hands), "the writer's words under its name")
        agent = await hands.until(lambda: row(hands, "research_agent, done"), "the row of both")
        assert agent.role == "push button" and agent.actions == ["Press", "details"]
        agent.do("details")
        await hands.until(lambda: "facts: a, b" in row(hands, "research_agent, done").name, "the result")
        agent.do("Press")
        await hands.until(lambda: "web says yes" not in " ".join(names(hands)), "the agent's work folded")


async def test_finished_steps_are_read_as_one_and_opened_over_the_bus(tmp_path: Path) -> None:
    async with replayed(tmp_path, "dockrion", "runs_events_graph_no_tokens", "scripted agent") as hands:
        line = await hands.until(lambda: row(hands, "2 steps, tools, answer, done"), "the line")
        assert line.role == "push button" and line.actions == ["Press"]
        shown = [one.name for one in conversation(hands) if "showing" in one.states]
        assert len(shown) == 3 and all(shown), shown
        line.do("Press")
        await hands.until(lambda: row(hands, "2 steps").name.endswith("tools, done\nanswer, done"), "each step")
