"""Exports and imports: what goes out comes back, nothing of a server becomes markup, other programs' files are read."""

from __future__ import annotations

import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from desktop.core import events as e
from desktop.core.conversation import AnswerItem, ThoughtItem, UserTurn
from desktop.core.exchange.chats import NotOurs
from desktop.core.exchange.sections import Parts
from desktop.core.markdown.text import MarkdownText
from desktop.core.requests import Image, Prompt
from desktop.services.history import History
from desktop.services.history.library import Library, Wanted, write_file
from desktop.services.paths import Paths
from tests.services.histories import START, record, seen, timed

DONE = e.RunEnded(status="completed")
RICH: list[e.AnyEvent] = [
    e.TextDelta(channel="reasoning", text="I think ```of\nthis."),
    e.ToolStarted(call="1", name="read_file", args={"path": "/secret/plan"}),
    e.ToolEnded(call="1", status="ok", result="line one\nline two", ms=1200.0),
    e.AskOpened(ask="a", tool="delete_file", text="May I?"),
    e.AskClosed(ask="a", how="answered", answer="denied"),
    e.TextDelta(text="See <script>alert(1)</script> and ![p](https://spy.example/p.png) [x](javascript:alert(2)). "),
    e.TextDelta(text="Half \ud83d."),
    e.Usage(input=10, output=5, cost=0.25, currency="EUR"),
    e.RunEnded(status="limit", reason="length"),
]
ASKED = Prompt("# not a heading\n- *not* a list <b>", (Image("p.png", "image/png", b"\x89PNG not a picture"),))


def when(at: float) -> str:
    return f"second {at - START:.0f}"


@pytest.fixture
async def library(tmp_path: Path) -> AsyncIterator[Library]:
    history = History(Paths(tmp_path / "data"))
    record(history, "k", timed(RICH), ASKED)
    record(history, "k", timed([e.TextDelta(text="second"), DONE]), Prompt("b"), run=1)
    history.begin_run("k", 2, Prompt("b, better"), START, 0)
    for seq, event in enumerate([e.TextDelta(text="third"), DONE]):
        history.record("k", 2, seq, START + seq, event)
    history.set_flags("k", title="A & <title>", named=True)
    yield Library(history)
    await history.close()


async def test_our_json_comes_back_in_with_all_branches(library: Library, tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    write_file(file, await library.export("k", "json", Parts(), "Agent", when))
    (key,), _ = await library.bring_in(file)
    history = library._history
    assert seen(await history.load(key)) == seen(await history.load("k"))
    record_ = await history.session(key)
    assert record_ is not None
    assert (record_.title, record_.open) == ("A & <title>", False)
    assert record_.updated < START + 100, "an old conversation stays old"
    assert [entry.key for entry in await library.entries(Wanted("third")) if entry.key == key], "it can be found"


async def test_nothing_is_markup_that_a_server_or_a_person_wrote(library: Library) -> None:
    html = await library.export("k", "html", Parts(), "<i>Agent</i>", when)
    assert "<script" not in html
    assert "<b>" not in html
    assert "<i>" not in html
    assert "javascript:" not in html.replace("[x](javascript:alert(2))", "")
    assert 'src="http' not in html
    assert "default-src 'none'" in html
    assert "A &amp; &lt;title&gt;" in html
    assert "b, better" in html
    assert "second" not in html.split("</style>")[1].replace("second 0", ""), "only the branch that is shown"


async def test_markdown_keeps_the_persons_words_literal(library: Library) -> None:
    text = await library.export("k", "md", Parts(timings=False), "Agent", when)
    said = text.split("## Agent")[0].split("## You")[1]
    read = MarkdownText(finished=True)
    read.feed(said)
    assert "# not a heading\n- *not* a list <b>" in read.plain()
    assert "````text\nI think ```of\nthis.\n````" in text


async def test_what_is_not_ticked_is_left_out(library: Library) -> None:
    none = Parts(thinking=False, tools=False, approvals=False, timings=False)
    for form in ("md", "html", "json"):
        text = await library.export("k", form, none, "Agent", when)
        for word in ("I think", "read_file", "/secret/plan", "delete_file", "second 0"):
            assert word not in text, (form, word)
        assert "third" in text


@pytest.mark.parametrize("zipped", [False, True])
async def test_a_chatgpt_export_is_read(library: Library, tmp_path: Path, zipped: bool) -> None:
    def node(name: str, parent: str | None, role: str, content: dict[str, object], **more: object) -> dict[str, object]:
        message = {"author": {"role": role}, "create_time": START, "content": content, **more}
        return {"id": name, "parent": parent, "children": [], "message": message}

    text = lambda words: {"content_type": "text", "parts": [words]}  # noqa: E731
    mapping = {
        "root": {"id": "root", "parent": None, "children": ["a"], "message": None},
        "a": node("a", "root", "user", text("hidden"), metadata={"is_visually_hidden_from_conversation": True}),
        "b": node("b", "a", "user", text("Where do badgers live?")),
        "x": node("x", "b", "assistant", text("An answer nobody kept")),
        "t": node("t", "b", "assistant", {"content_type": "thoughts", "thoughts": [{"content": "Setts."}]}),
        "c": node("c", "t", "assistant", text("In **setts**."), recipient="all"),
    }
    data = json.dumps([{"title": "Badgers", "create_time": START, "mapping": mapping, "current_node": "c"}])
    file = tmp_path / "conversations.json"
    file.write_text(data)
    if zipped:
        file = tmp_path / "export.zip"
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("deep/conversations.json", data)
            archive.writestr("../../evil.json", "{}")
    (key,), _ = await library.bring_in(file)
    held = await library._history.load(key)
    kinds = [(type(i), i.text) for i in held.items.values() if isinstance(i, UserTurn | AnswerItem | ThoughtItem)]
    assert kinds == [(UserTurn, "Where do badgers live?"), (ThoughtItem, "Setts."), (AnswerItem, "In **setts**.")]
    assert held.runs[0].status == "completed"


async def test_a_claude_export_is_read(library: Library, tmp_path: Path) -> None:
    messages = [
        {"sender": "human", "text": "Hello", "created_at": "2026-01-02T03:04:05Z"},
        {"sender": "assistant", "created_at": "2026-01-02T03:04:09Z",
         "content": [{"type": "thinking", "thinking": "A greeting."}, {"type": "text", "text": "Hello to you."}]},
    ]  # fmt: skip
    file = tmp_path / "conversations.json"
    file.write_text(json.dumps([{"uuid": "u", "name": "Greeting", "chat_messages": messages}, {"chat_messages": []}]))
    (key,), _ = await library.bring_in(file)
    held = await library._history.load(key)
    assert [held.text_of(0), held.text_of(0, "reasoning")] == ["Hello to you.", "A greeting."]
    assert held.runs[0].at == 1_767_323_045.0


@pytest.mark.parametrize(
    "data",
    ["", "no JSON", "[]", "{}", '{"format": "sluice-conversation", "version": 99, "runs": []}',
     '[{"mapping": {"a": 3}}]',
     '{"format": "sluice-conversation", "version": 1, "runs": [{"started": "x", "events": []}]}', "[" * 100_000],
)  # fmt: skip
async def test_what_cannot_be_read_is_said_and_changes_nothing(library: Library, tmp_path: Path, data: str) -> None:
    file = tmp_path / "some.json"
    file.write_text(data)
    before = await library.entries(Wanted())
    with pytest.raises(NotOurs):
        await library.bring_in(file)
    assert await library.entries(Wanted()) == before


async def test_figures_by_day_are_only_what_was_reported(library: Library) -> None:
    found = await library.usage(START - 1)
    assert [(u.input, u.output, u.cost, u.currency) for _, u in found] == [(10, 5, 0.25, "EUR")]
    assert await library.usage(START + 9e6) == []
