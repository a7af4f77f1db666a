"""A history of an earlier version: copied first, then brought up to date, whatever happens in between.

SLUICE_KILLS sets how often it is killed, 4 times by default.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from desktop.services.history import Draft, History
from desktop.services.history.schema import MIGRATIONS, VERSION, open_store
from desktop.services.paths import Paths
from tests.services.test_history_faults import ROOT, Said, needs_limits, no_room

KILLS = int(os.environ.get("SLUICE_KILLS", "4"))
OLD = VERSION - 1
RUNS = 60_000
FILL = f"""
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999)
INSERT INTO sessions (key, title, open, created, updated, draft, cursor)
SELECT 's' || i, 'Title ' || i, i < 2, i, i, 'a thought', 3 FROM n;
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {RUNS - 1})
INSERT INTO runs (session, number, prompt, started, status, folded)
SELECT i % 1000 + 1, i / 1000, 'question ' || i, i, 'completed', 1 FROM n;
INSERT INTO events (run, seq, at, json) SELECT id, 0, started,
'{{"kind":"text.delta","text":"answer ' || (id - 1) || ' ' || hex(randomblob(150)) || '"}}' FROM runs;
"""


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a program of the version before, with a long history."""
    paths = Paths(tmp_path_factory.mktemp("earlier"))
    with closing(sqlite3.connect(paths.history_file)) as db:
        for number in range(1, OLD + 1):
            db.executescript(MIGRATIONS[number])
        db.executescript(FILL)
        db.execute(f"PRAGMA application_id = {0x536C7563}")
        db.execute(f"PRAGMA user_version = {OLD}")
        db.commit()
    return paths.data


def whole(file: Path) -> int:
    """That a store is sound and has everything; its version."""
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT count(*) FROM runs JOIN events ON run = runs.id").fetchone() == (RUNS,)
        return int(db.execute("PRAGMA user_version").fetchone()[0])


def copy_of(paths: Paths) -> Path:
    return paths.history_file.with_name(f"history.db.version-{OLD}")


def run(folder: Path, kill_after: float | None) -> float:
    """Start the program on this folder, and kill it so many seconds after it opens the file. Returns how long it took
    from there to its end."""
    command = [sys.executable, "-m", "tests.services.migration_child", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "begins\n"
        began = time.monotonic()
        if kill_after is not None:
            try:
                child.wait(kill_after)  # the moment is to be any moment
            except subprocess.TimeoutExpired:
                child.kill()
        else:
            assert child.stdout.readline() == "done\n"
        took = time.monotonic() - began
        child.wait()
    return took


async def complete(paths: Paths) -> None:
    """A start after all that: nothing is missing and nothing has to be said."""
    said = Said()
    history = History(paths, said)
    assert await history.open_keys() == ["s0", "s1"]
    held = await history.load("s1")
    assert [held.text_of(n).split()[1] for n in range(RUNS // 1000)] == [str(n) for n in range(1, RUNS, 1000)]
    assert await history.draft("s1") == Draft("a thought", 3)
    assert len(await history.sessions(2000)) == 1000
    await history.close()
    assert said == []
    assert whole(paths.history_file) == VERSION
    assert whole(copy_of(paths)) == OLD


async def test_killed_at_any_moment_of_a_migration_nothing_is_lost(earlier: Path, tmp_path: Path) -> None:
    longest = run(shutil.copytree(earlier, tmp_path / "whole"), None)
    reached = []
    for seed in range(KILLS):
        paths = Paths(shutil.copytree(earlier, tmp_path / str(seed)))
        run(paths.data, random.Random(seed).uniform(0.0, longest))
        found = Paths(shutil.copytree(paths.data, tmp_path / f"found{seed}"))  # looking repairs: a copy is looked at
        version = whole(found.history_file)
        if version == VERSION or copy_of(found).exists():
            assert whole(copy_of(found)) == OLD, "what bears the copy's name is whole"
        reached.append((version, copy_of(found).exists()))
        await complete(paths)
        assert not list(paths.data.glob("*.tmp*"))
    print(f"{longest:.2f} s; (version, copied) when killed: {reached}")


async def test_every_earlier_version_is_brought_up_to_date(tmp_path: Path) -> None:
    for version in range(1, VERSION):
        paths = Paths(tmp_path / str(version))
        opened = open_store(paths.history_file, {n: MIGRATIONS[n] for n in range(1, version + 1)})
        opened.db.execute(
            "INSERT INTO sessions (key, title, created, updated, draft, cursor) VALUES ('k', 'Kept', 1, 2, 'words', 2)"
        )
        opened.db.close()
        said = Said()
        history = History(paths, said)
        assert await history.open_keys() == ["k"]
        assert [(s.title, s.updated) for s in await history.sessions()] == [("Kept", 2.0)]
        assert await history.draft("k") == Draft("words", 2)
        await history.close()
        assert said == []


@needs_limits
async def test_without_room_for_the_copy_all_can_be_read_and_the_file_is_left_as_it_is(
    earlier: Path, tmp_path: Path
) -> None:
    paths = Paths(shutil.copytree(earlier, tmp_path / "data"))
    said = Said()
    with no_room(paths.history_file, -1_000_000):
        history = History(paths, said)
        assert await history.open_keys() == ["s0", "s1"]
        assert (await history.load("s0")).text_of(0).startswith("answer 0 ")
        await history.close()
    assert len(said) == 1
    assert "disk is full" in said[0]
    assert "not be saved" in said[0]
    assert whole(paths.history_file) == OLD
    assert not copy_of(paths).exists()
    assert not list(paths.data.glob("*.tmp"))
    await complete(paths)
