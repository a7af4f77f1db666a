"""Decisions and pictures in the real program by keys alone, read and pressed over the accessibility bus."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.loopback import agentrail
from tests.loopback.agentrail import Agentrail
from tests.loopback.server import Server
from tests.ui import assistive, pictures
from tests.ui.assistive import Hands, Node
from tests.ui.test_window_asks import Taking, many

WORD, PARAGRAPH = 1, 3  # what AT-SPI calls granularity

pytestmark = pytest.mark.skipif(bool(assistive.missing()), reason=f"not installed: {', '.join(assistive.missing())}")


@asynccontextmanager
async def talking(folder: Path, host: Any) -> AsyncIterator[Hands]:
    """The program with the keyboard in its composer."""
    async with Server(host.handle) as server:
        async with assistive.sluice(folder, "--protocol", "agentrail", "--url", server.url) as hands:
            await hands.until(lambda: "Message" in hands.reader.focused, "the keyboard in the composer")
            yield hands


def say(hands: Hands, text: str) -> None:
    hands.type(text)
    hands.keys("Return")


async def pressable(hands: Hands, name: str, within: Node) -> Node:
    """A button, once it takes a press."""
    button = await hands.find("push button", name, within)
    await hands.until(lambda: "sensitive" in button.states, f"{name} to be pressable")
    return button


async def test_a_request_is_heard_read_and_allowed_over_the_bus(tmp_path: Path) -> None:
    host = Agentrail()
    async with talking(tmp_path, host) as hands:
        say(hands, "write a note")
        dialog = await hands.find("dialog", "Waiting for you: Write")
        for words in ("May the agent do this?", "Write", "Agentrail"):
            assert words in dialog.description
        await hands.until(lambda: hands.reader.focused[-1] == "Arguments", "the keyboard on the arguments")
        arguments = await hands.find("text", "Arguments", dialog)
        assert "/notes.txt" in arguments.text and "a note" in arguments.text
        assert "Ctrl+Return allows" in arguments.description
        assert (await hands.find("text", "What the agent says", dialog)).text == "Writing wants a yes"
        assert (await hands.find("push button", "Deny", dialog)).actions[0] == "Press"
        allow = await pressable(hands, "Allow", dialog)
        await decide(hands, lambda: allow.do("Press"), lambda: bool(host.decisions))
        await hands.until(lambda: not any(n.role == "dialog" for n in hands.reader.nodes()), "the dialog gone")
        assert [d["decision"] for d in host.decisions] == ["approved"]
        assert "Sending your answer…" in hands.reader.said
        await hands.until(lambda: any("Saved." in words for words in hands.reader.said), "the answer said aloud")


async def decide(hands: Hands, act: Callable[[], None], done: Callable[[], bool]) -> None:
    """Press, as a screen reader or a hand does. In the dead time, which begins anew when the dialog comes to the front,
    that counts for nothing; then it is done once more."""
    act()
    try:
        await hands.until(done, "what the press does", 3)
    except AssertionError:
        act()
        await hands.until(done, "what the press does")


async def test_keys_alone_reach_every_part_of_a_request_and_plain_ones_allow_nothing(tmp_path: Path) -> None:
    host = Agentrail()
    async with talking(tmp_path, host) as hands:
        say(hands, "write a note")
        dialog = await hands.find("dialog", "Waiting for you")
        await hands.until(lambda: hands.reader.focused[-1] == "Arguments", "the keyboard on the arguments")
        await pressable(hands, "Allow", dialog)
        reached = {"Arguments"}
        for _ in range(8):
            before = len(hands.reader.focused)
            hands.keys("Return", "Tab")
            await hands.until(lambda before=before: len(hands.reader.focused) > before, "the next part")
            reached.add(hands.reader.focused[-1])
        assert reached >= {"What the agent says", "Arguments", "Decide later", "Always", "Deny", "Allow"}
        assert host.decisions == []
        await decide(hands, lambda: hands.keys("ctrl+Return"), lambda: bool(host.decisions))
        assert [d["decision"] for d in host.decisions] == ["approved"]


async def test_many_are_read_ticked_and_denied_in_the_inbox_by_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agentrail.Turn, "_many", many, raising=False)
    host = Taking()
    async with talking(tmp_path, host) as hands:
        say(hands, "many")
        await hands.find("label", "1 of 50 waiting")
        hands.keys("Escape")
        rows = await hands.find("list", "Requests that wait for you")
        first = await hands.until(lambda: rows.children[0].name, "the first row")
        assert "Delete" in first and "/file0" in first
        await focus(hands, rows)
        for _ in range(2):
            hands.reader.said.clear()
            hands.keys("Down")
            await hands.until(lambda: any("can be ticked" in words for words in hands.reader.said), "it to be read")
            hands.keys("space")
        for number in (1, 2):
            row = rows.children[number]
            await hands.until(lambda row=row: "checked" in row.states, f"row {number} to be ticked")
        deny = await hands.find("push button", "Deny 2 ticked")
        await decide(hands, lambda: deny.do("Press"), lambda: len(host.decisions) == 2)
        assert [d["decision"] for d in host.decisions] == ["rejected", "rejected"]


async def focus(hands: Hands, node: Node) -> None:
    node.do("SetFocus")
    await hands.until(lambda: "focused" in node.states, "the focus")


async def test_a_question_is_answered_by_keys(tmp_path: Path) -> None:
    host = Agentrail()
    async with talking(tmp_path, host) as hands:
        say(hands, "choose")
        dialog = await hands.find("dialog", "Waiting for you")
        red = await hands.find("check box", "red", dialog)
        send = await hands.find("push button", "Send answer", dialog)
        assert "sensitive" not in send.states and "answer first" in send.description
        await hands.until(lambda: "focused" in red.states, "the keyboard on the first choice")
        hands.keys("space")
        await pressable(hands, "Send answer", dialog)
        await hands.until(lambda: hands.keys("ctrl+Return") or bool(host.decisions), "the answer")
        assert [d["answer"] for d in host.decisions] == ["red"]


async def test_a_rule_is_listed_and_revoked_by_name(tmp_path: Path) -> None:
    async with talking(tmp_path, Agentrail()) as hands:
        say(hands, "write a note")
        dialog = await hands.find("dialog", "Waiting for you")
        always = await hands.find("button menu", "Always", dialog)
        assert always.description
        always.do("ShowMenu")
        hands.keys("Down")
        await hands.until(lambda: hands.reader.focused[-1].startswith("Always allow exactly this"), "the entry")
        hands.keys("Return")
        rules = await hands.find("dialog", "Rules")
        names = [n.name for n in rules.all() if n.actions or n.role in ("list", "text")]
        assert all(names), f"something has no name: {[(n.role, n.name) for n in rules.all()]}"


async def test_pictures_are_pasted_moved_and_removed_by_keys_and_said(tmp_path: Path) -> None:
    async with talking(tmp_path, Agentrail()) as hands:
        for name in ("one.png", "two.png"):
            (tmp_path / name).write_bytes(pictures.drawn("PNG"))
            hands.copy(f"{(tmp_path / name).as_uri()}\r\n".encode(), "text/uri-list")
            hands.keys("ctrl+v")
            await hands.until(lambda name=name: any(name in words for words in hands.reader.said), f"{name} said aloud")
        one = await picture(hands, "one.png")
        assert "64 × 40" in one.name and one.name.endswith("picture 1 of 2") and "Delete removes it" in one.description
        await hands.find("push button", "Remove one.png")
        await focus(hands, one)
        hands.keys("alt+Right")
        await hands.until(lambda: one.name.endswith("picture 2 of 2"), "the other order")
        assert any(words.endswith("picture 2 of 2") for words in hands.reader.said)
        hands.keys("Delete")
        await hands.until(lambda: any("Removed: one.png" in words for words in hands.reader.said), "that it is gone")
        two = await picture(hands, "two.png")
        assert two.name.endswith("picture 1 of 1")


async def picture(hands: Hands, name: str) -> Node:
    def found() -> Node | None:
        nodes = hands.reader.nodes()
        return next((n for n in nodes if n.name.startswith(f"{name},") and "SetFocus" in n.actions), None)

    return await hands.until(found, f"the picture {name}")


async def _tell(self: Any, _: str) -> None:
    await self.say("The \U0001f33b is **big**.\n\n1. red beds\n2. blue beds\n")


async def test_an_answer_is_read_by_words_and_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agentrail.Turn, "_tell", _tell, raising=False)
    async with talking(tmp_path, Agentrail()) as hands:
        say(hands, "tell")
        answer = await hands.find("paragraph", "blue beds")
        assert answer.text == answer.name
        assert "The \U0001f33b is big." in answer.text
        words, at = [], 0
        while at < len(answer.text.encode("utf-16-le")) // 2:
            word, begin, end = answer.piece_at(at, WORD)
            words.append(word)
            assert end > begin >= 0
            at = max(end, at + 1)
        assert {"The", "big", "red", "blue"} <= set(words)
        assert "".join(words).replace(" ", "") == answer.text.replace(" ", "")
        assert answer.piece_at(1, PARAGRAPH)[0].strip() == "The \U0001f33b is big."
