"""A history of many years: what it costs to start and to search does not grow with it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from desktop.core.requests import Prompt
from desktop.services.history import History
from desktop.services.history import schema as history_schema
from desktop.services.history.library import Library, Wanted
from desktop.services.history.schema import open_store
from desktop.services.paths import Paths

MANY = 10_000  # conversations, of ten messages each
STEP = 100  # of SQLite's machine, of which one is counted
FILL = """
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :sessions - 1)
INSERT INTO sessions (key, title, open, created, updated)
SELECT 's' || i, 'Title ' || i, i < 3, 1e9 + i * 60, 1e9 + i * 60 FROM n;
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 5 * :sessions - 1)
INSERT INTO runs (session, number, prompt, started, status, folded)
SELECT i / 5 + 1, i % 5, 'question ' || i, 1e9 + i * 10, 'completed', 1 FROM n;
INSERT INTO events (run, seq, at, json) SELECT id, 0, started, '{"kind":"text.delta","text":"answer"}' FROM runs;
INSERT INTO docs (session, run, item, kind, at, text)
SELECT session, number, 'r' || number || '/user', 'question', started,
       prompt || ' common w' || (id % 997) || CASE id % 10000 WHEN 0 THEN ' rare' ELSE '' END FROM runs;
INSERT INTO docs (session, run, item, kind, at, text)
SELECT session, number, 'r' || number || '/answer', 'answer', started, 'answer common x' || (id % 1009) FROM runs;
"""


def fill(folder: Path, sessions: int) -> Paths:
    """A store with so many conversations, three of them open."""
    paths = Paths(folder)
    db = open_store(paths.history_file).db
    db.execute("PRAGMA synchronous = OFF")
    db.executescript(f"BEGIN;{FILL.replace(':sessions', str(sessions))}COMMIT;")
    db.close()
    return paths


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    return fill(tmp_path_factory.mktemp("many"), MANY)


@pytest.fixture
async def history(paths: Paths) -> AsyncIterator[History]:
    history = History(paths)
    yield history
    await history.close()


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """What SQLite does meanwhile, in hundreds of its machine's steps: the same on a slow and on a busy computer."""
    steps = [0]
    connect = history_schema._connect

    def watched(name: str, uri: bool = False) -> sqlite3.Connection:
        def one_more() -> int:
            steps[0] += 1
            return 0

        db = connect(name, uri)
        db.set_progress_handler(one_more, STEP)
        return db

    with monkeypatch.context() as patch:
        patch.setattr(history_schema, "_connect", watched)
        yield steps


async def start(paths: Paths) -> int:
    """What a start asks of the history. Returns how many conversations are listed."""
    history = History(paths)
    for key in await history.open_keys():
        await history.load(key)
    listed = len(await Library(history).entries(Wanted()))
    await history.close()
    return listed


async def test_a_start_costs_the_same_with_a_hundred_thousand_messages(
    many: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cost = []
    for paths in (fill(tmp_path, MANY // 10), many):
        with counted(monkeypatch) as steps:
            for _ in range(2):  # at the end of the first, SQLite learns what is in the tables
                listed = await start(paths)
            cost.append(steps[0])
    few, lots = cost
    print(f"{few} and {lots} hundreds of steps: {lots / few:.2f} times for ten times the messages")
    assert listed == 500
    assert few > 10, "something was counted"
    assert lots <= 1.1 * few


@pytest.mark.parametrize(
    "words", ["common", "rare", "com", "w12", "common x7", "nothing", "common nothing", "Title 99"]
)
async def test_search_among_a_hundred_thousand_messages(many: Paths, words: str) -> None:
    history = History(many)
    library = Library(history)
    times = []
    for _ in range(7):
        began = time.process_time()
        found = await library.entries(Wanted(words))
        times.append(time.process_time() - began)
    await history.close()
    places = [entry.updated for entry in found if entry.item is not None]
    assert places == sorted(places, reverse=True), "newest first"
    assert bool(found) == ("nothing" not in words)
    print(f"{words}: {min(times) * 1000:.1f} ms of processor")
    assert min(times) < 0.05, "ten times the goal, for slow computers"


async def test_titles_are_found_in_capitals_or_not_and_literally(history: History) -> None:
    titles = ["Über Öfen", "100% of a_b", "Straße!"]
    for n, title in enumerate(titles):
        history.begin_run(f"k{n}", 0, Prompt("q"), 1.0 + n)
        history.set_flags(f"k{n}", title=title)
    wanted = {"über": ["k0"], "ÖFEN": ["k0"], "0%": ["k1"], "A_B": ["k1"], "straße": ["k2"], "%": ["k1"], "e!": ["k2"]}
    for words, found in {**wanted, "STRASSE!": [], "a-b": []}.items():
        assert [s.key for s in await history.titled(words)] == found, words
