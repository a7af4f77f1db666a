"""The history as its user sees it: what was said is there again, equal, found, and in order."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from desktop.core import events as e
from desktop.core.adapters import PROTOCOLS
from desktop.core.conversation import AskItem, EndItem, ToolItem
from desktop.core.events import AnyEvent
from desktop.core.requests import Connection, Image, Prompt
from desktop.services.history import Draft, History
from desktop.services.paths import Paths
from tests.core.recordings import FOLDER, events_of
from tests.services.histories import START, live, record, seen, timed

PICTURE = Image("cat.png", "image/png", b"\x89PNG not really")
DONE = e.RunEnded(status="completed")


@pytest.fixture
async def history(paths: Paths) -> AsyncIterator[History]:
    said: list[str] = []
    history = History(paths, said.append)
    yield history
    assert await history.close()
    assert said == []


async def reopened(history: History, paths: Paths) -> History:
    assert await history.close()
    return History(paths)


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_every_recording_is_loaded_as_it_was_seen(paths: Paths, protocol: str) -> None:
    names = sorted(file.stem for file in (FOLDER / protocol).glob("*.http"))
    if not names:
        pytest.skip(f"no recordings of {protocol}")
    shown = {}
    history = History(paths)
    for name in names:
        prompt = Prompt(f"say {name}", (PICTURE,))
        events = list(timed(events_of(protocol, name)))
        record(history, name, events, prompt)
        shown[name] = seen(live(events, prompt))
    history = await reopened(history, paths)
    for name in names:
        assert seen(await history.load(name)) == shown[name], name
    await history.close()


async def test_several_turns_come_back_in_order(paths: Paths) -> None:
    history = History(paths)
    for run in range(3):
        said = [e.RunStarted(session_id="s-9"), e.TextDelta(text=f"answer {run}"), DONE]
        record(history, "k", timed(said), Prompt(f"question {run}"), run)
    history = await reopened(history, paths)
    held = await history.load("k")
    assert [item.id for item in held.items.values()] == [
        name for run in range(3) for name in (f"r{run}/user", f"r{run}/answer/0")
    ]
    assert held.session_id == "s-9"
    stored = await history.session("k")
    assert stored is not None
    assert (stored.server_session, stored.question, stored.runs) == ("s-9", "question 0", 3)
    await history.close()


async def test_a_run_left_in_the_middle_is_interrupted_and_its_asks_withdrawn(paths: Paths) -> None:
    history = History(paths)
    said: list[AnyEvent] = [
        e.TextDelta(text="I will now"),
        e.ToolStarted(call="c", name="rm"),
        e.AskOpened(ask="a", call="c"),
    ]
    record(history, "k", timed(said), Prompt("go"))
    history = await reopened(history, paths)
    first = await history.load("k")
    items = {type(item): item for item in first.items.values()}
    assert first.runs[0].status == "cut"
    ask, tool, end = items[AskItem], items[ToolItem], items[EndItem]
    assert isinstance(ask, AskItem) and isinstance(tool, ToolItem) and isinstance(end, EndItem)
    assert (ask.state, tool.state, end.reason) == ("withdrawn", "unknown", "interrupted")
    assert first.text_of(0) == "I will now"
    assert await history.search("will")
    history = await reopened(history, paths)
    assert seen(await history.load("k")) == seen(first)
    await history.close()


async def test_a_live_run_is_not_cut_off_by_being_loaded_but_a_closed_tab_is(history: History) -> None:
    record(history, "k", timed([e.TextDelta(text="on my ")]), Prompt("go"))
    assert (await history.load("k")).runs[0].status is None
    history.record("k", 0, 1, START + 1, e.TextDelta(text="way"))
    history.set_open("k", False)
    held = await history.load("k")
    assert (held.text_of(0), held.runs[0].status) == ("on my way", "cut")


async def test_a_waiting_run_still_waits(history: History) -> None:
    said: list[AnyEvent] = [e.AskOpened(ask="a"), e.RunEnded(status="waiting")]
    record(history, "k", timed(said), Prompt("go"))
    (ask,) = (await history.load("k")).open_asks()
    assert ask.state == "pending"


async def test_tabs_come_back_in_their_order_with_their_drafts(paths: Paths) -> None:
    history = History(paths)
    connection = Connection("openai", "http://127.0.0.1:1/v1", "m", {"n": 1})
    for key in "abc":
        history.put_session(key, title=f"Tab {key}", connection=connection, profile_id="p")
    history.save_draft("b", Draft("never seen", 1))
    history.save_draft("b", Draft("half a sent\ud83d", 4, (PICTURE,)))
    record(history, "d", timed([DONE]), Prompt("x"))
    history.set_open("d", False)
    history.set_order(["c", "a", "b"])
    history = await reopened(history, paths)
    assert await history.open_keys() == ["c", "a", "b"]
    assert await history.draft("b") == Draft("half a sent\ufffd", 4, (PICTURE,))
    assert await history.draft("a") == Draft()
    stored = await history.session("a")
    assert stored is not None
    assert (stored.title, stored.connection, stored.profile_id) == ("Tab a", connection, "p")
    await history.close()


async def test_closing_forgets_what_is_empty_and_keeps_what_is_not(history: History) -> None:
    for key in ("empty", "drafted", "said"):
        history.put_session(key)
    history.save_draft("drafted", Draft("later"))
    record(history, "said", timed([DONE]), Prompt("x"))
    for key in ("empty", "drafted", "said"):
        history.set_open(key, False)
    assert await history.session("empty") is None
    assert {s.key for s in await history.sessions()} == {"drafted", "said"}
    assert await history.open_keys() == []
    history.put_session("said")
    assert await history.open_keys() == ["said"]


async def test_the_list_is_newest_first_in_pages_with_the_pinned_on_top(history: History) -> None:
    for n in range(5):
        history.begin_run(f"k{n}", 0, Prompt(f"question {n}"), 4_000_000_000 + n)
    history.set_flags("k1", pinned=True)
    history.set_flags("k3", archived=True)
    first = await history.sessions(limit=2)
    assert [s.key for s in first] == ["k1", "k4"]
    assert [s.key for s in await history.sessions(limit=5, before=first[-1].updated)] == ["k2", "k0"]
    assert [s.key for s in await history.sessions(archived=True)] == ["k3"]
    assert [row[:2] for row in await history.listing()][:2] == [("k1", "question 1"), ("k4", "question 4")]


async def test_what_is_deleted_is_gone_with_its_pictures_and_its_words(
    history: History, paths: Paths
) -> None:
    record(history, "k", timed([e.TextDelta(text="zebra"), DONE]), Prompt("stripes?", (PICTURE,)))
    record(history, "other", timed([DONE]), Prompt("also", (PICTURE, replace(PICTURE, data=b"two"))))
    history.save_draft("k", Draft("x", 0, (replace(PICTURE, data=b"three"),)))
    await history.flush()
    assert count(paths, "images") == 3
    history.delete("k")
    assert await history.search("zebra") == []
    assert await history.session("k") is None
    assert (await history.load("k")).items == {}
    assert count(paths, "images") == 2
    assert count(paths, "events") == 1


def count(paths: Paths, table: str) -> int:
    db = sqlite3.connect(paths.history_file)
    try:
        return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    finally:
        db.close()


async def test_an_ended_run_is_kept_in_few_rows(history: History, paths: Paths) -> None:
    history.begin_run("k", 0, Prompt("count"), START)
    for n in range(300):
        history.record("k", 0, n, START + n, e.TextDelta(text=f"{n} "))
        if n % 50 == 0:
            await history.flush()
    history.record("k", 0, 300, START + 300, DONE)
    await history.flush()
    assert count(paths, "events") == 2


async def test_half_characters_deep_nesting_and_odd_values_cost_nothing_else(history: History) -> None:
    deep: object = "bottom"
    for _ in range(3000):
        deep = [deep]
    said: list[AnyEvent] = [
        e.ToolStarted(call="c1", name="deep", args=deep),
        e.ToolStarted(call="c2", name="half \ud800", args={"x": "\udfff", "n": float("nan")}),
        e.ToolStarted(call="c3", name="set", args={1, 2}),
        e.TextDelta(text="a\ud83d"),
        e.TextDelta(text="\ude00b"),
        e.SessionInfo(title="T\ud800", session_id="\udfff"),
        DONE,
    ]
    record(history, "k\x00", timed(said), Prompt("nul \x00 and half \ud800"))
    held = await history.load("k\x00")
    tools = [item.name for item in held.items.values() if isinstance(item, ToolItem)]
    assert tools == ["deep", "half \ufffd", "set"]
    assert held.text_of(0) == "a\U0001f600b"
    assert held.runs[0].status == "completed"
    assert (await history.search("half"))[0].item == "r0/tool/c2"


async def test_search_finds_questions_answers_thoughts_and_tools(history: History) -> None:
    said: list[AnyEvent] = [
        e.TextDelta(channel="reasoning", text="Maybe a quokka?"),
        e.ToolStarted(call="c", name="look_up", args={"animal": "wombat"}),
        e.ToolEnded(call="c", status="ok", result={"found": ["numbat"]}),
        e.TextDelta(text="It is an "),
        e.TextDelta(text="échidna, of course. 它是針鼴。"),
        DONE,
    ]
    record(history, "k", timed(said), Prompt("Which animal has a pouch & spines?"))

    async def found(text: str) -> list[tuple[str, str]]:
        return [(hit.kind, hit.item) for hit in await history.search(text)]

    assert await found("spines pouch") == [("question", "r0/user")]
    assert await found("quok") == [("thought", "r0/thought/0")]
    assert await found("wombat") == await found("numbat") == [("tool", "r0/tool/c")]
    assert (
        await found("ECHIDNA")
        == await found('"of course"')
        == await found("針鼴")
        == [("answer", "r0/answer/0")]
    )
    assert await found('"course of"') == []
    for odd in (
        "",
        "  ",
        '"',
        '""',
        "*",
        "AND",
        "NEAR(",
        "a OR",
        "-",
        "text:",
        "(",
        "\ud800",
        "\x00",
        "c++ ",
    ):
        await history.search(odd)
    (hit,) = await history.search("is an")
    assert [hit.snippet[a:b] for a, b in hit.marks] == ["is", "an"] or hit.snippet[
        slice(*hit.marks[0])
    ] == "is an"
    assert hit.session == "k"


async def test_search_is_newest_first_and_names_each_item_once(history: History) -> None:
    for n in range(4):
        answer = e.TextDelta(text="badger\n" * 20_000 if n == 3 else f"badger {n}")
        record(history, f"k{n}", timed([answer, DONE]), Prompt(f"q{n}"))
        await history.flush()
    assert [hit.session for hit in await history.search("badger", limit=4)][:2] == ["k3", "k2"]
    listed = await history.listing("badger")
    assert {row[0] for row in listed} == {"k0", "k1", "k2", "k3"}
    assert all("badger" in row[3] for row in listed)


async def test_putting_in_never_waits_even_if_the_file_is_held_by_another(paths: Paths) -> None:
    said: list[str] = []
    history = History(paths, said.append)
    await history.flush()
    other = sqlite3.connect(paths.history_file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    began = time.perf_counter()
    record(history, "k", timed([e.TextDelta(text="x")] * 1000), Prompt("go"))
    history.save_draft("k", Draft("x"))
    assert time.perf_counter() - began < 0.5
    assert not await history.flush()
    assert said and "Another program" in said[0]
    other.execute("ROLLBACK")
    other.close()
    assert await history.flush()
    assert (await history.load("k")).text_of(0) == "x" * 1000
    await history.close()
    await asyncio.sleep(0)
    assert "saved again" in said[-1]


async def test_the_thread_ends_with_close_and_late_calls_do_nothing(paths: Paths) -> None:
    history = History(paths)
    assert await History(paths).close()  # one that was never used
    record(history, "k", timed([e.TextDelta(text="last words")]), Prompt("go"))
    began = time.monotonic()
    assert await history.close()
    assert time.monotonic() - began < 3
    assert not [t for t in threading.enumerate() if t.name == "history"]
    history.put_session("late")
    assert await history.close()
    history = History(paths)
    assert (await history.load("k")).text_of(0) == "last words"
    assert await history.session("late") is None
    await history.close()
    assert not paths.history_file.with_name("history.db-wal").exists()


async def test_files_are_for_the_person_alone(history: History, paths: Paths) -> None:
    if os.name != "posix":
        pytest.skip("permission bits are POSIX")
    before = os.umask(0)
    try:
        record(history, "k", timed([DONE]), Prompt("x"))
        await history.flush()
    finally:
        os.umask(before)
    names = {file.name: file.stat().st_mode & 0o777 for file in paths.data.glob("history.db*")}
    assert set(names) == {"history.db", "history.db-wal", "history.db-shm"}
    assert set(names.values()) == {0o600}
