"""What can happen to the history's file, and that the program goes on, says so, and loses nothing it need not lose."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import sqlite3
import string
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from desktop.core import events as e
from desktop.core.conversation import AskItem
from desktop.core.errors import StoreTrouble
from desktop.core.requests import Prompt
from desktop.services.history import Draft, History
from desktop.services.history import schema as history_schema
from desktop.services.history.schema import VERSION, open_store
from desktop.services.paths import Paths
from tests.services.histories import START, record, timed

DONE = e.RunEnded(status="completed")
ROOT = Path(__file__).parent.parent.parent


class Said(list[str]):
    """What the history told, and a way to wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self.news = asyncio.Event()

    def __call__(self, words: str) -> None:
        self.append(words)
        self.news.set()

    async def next(self, seconds: float = 10.0) -> str:
        """The words that come next."""
        await asyncio.wait_for(self.news.wait(), seconds)
        self.news.clear()
        return self[-1]


async def filled(paths: Paths, text: str = "kept") -> None:
    """A sound history with one conversation."""
    history = History(paths)
    record(history, "old", timed([e.TextDelta(text=text), DONE]), Prompt("old question"))
    assert await history.close()


async def works(paths: Paths, said: Said) -> History:
    """A history that takes and gives in this run, whatever is the matter with its file."""
    history = History(paths, said)
    record(history, "new", timed([e.TextDelta(text="today"), DONE]), Prompt("new question"))
    assert (await history.load("new")).text_of(0) == "today"
    assert [hit.kind for hit in await history.search("today")] == ["answer"]
    return history


def lines_of(process: subprocess.Popen[str]) -> Iterator[tuple[int, float]]:
    assert process.stdout is not None
    for line in process.stdout:
        number, at = line.split()
        yield int(number), float(at)


def start_child(paths: Paths) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.services.history_child", str(paths.data)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("seed", range(5))
async def test_a_killed_program_loses_at_most_a_moment(paths: Paths, seed: int) -> None:
    pause = random.Random(seed).uniform(0.05, 1.2)
    child = start_child(paths)
    handed: list[float] = []
    began = None
    for _, at in lines_of(child):
        began = began or time.monotonic()
        handed.append(at)
        if time.monotonic() - began > pause:
            break
    child.kill()
    handed += [at for _, at in lines_of(child)]
    child.wait()
    assert child.stdout is not None
    child.stdout.close()
    copy = shutil.copytree(paths.data, paths.data.with_name("copy"))
    with closing(sqlite3.connect(copy / "history.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    said = Said()
    history = History(paths, said)
    held = await history.load("k")
    texts = held.text_of(1).split()
    assert texts == [str(n) for n in range(len(texts))]
    lost = handed[-1] - handed[len(texts)] if len(texts) < len(handed) else 0.0
    print(f"\nkilled after {pause:.2f} s: {lost * 1000:.0f} ms of text lost")
    assert lost <= 1.0
    assert (held.text_of(0), held.runs[0].status) == ("whole", "completed")
    assert (held.runs[1].status, held.runs[1].reason) == ("cut", "interrupted")
    assert [i.state for i in held.items.values() if isinstance(i, AskItem)] == ["withdrawn"]
    draft = await history.draft("k")
    assert (draft.text, draft.cursor, len(draft.images[0].data)) == ("a thought", 3, 1000)
    await history.close()
    assert said == []


def empty(file: Path) -> None:
    file.write_bytes(b"")


def garbage(file: Path) -> None:
    file.write_bytes(os.urandom(20_000))


def bad_head(file: Path) -> None:
    with file.open("r+b") as handle:
        handle.seek(20)
        handle.write(b"\xff" * 400)


def half(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2 // 4096 * 4096 - 100])


def middle(file: Path) -> None:
    """Three pages amid the conversations."""
    with closing(sqlite3.connect(file)) as db:
        found = db.execute(
            "SELECT pageno FROM dbstat WHERE name = 'events' AND pagetype = 'leaf' ORDER BY pageno"
        )
        pages = [number for (number,) in found]
    with file.open("r+b") as handle:
        for number in pages[len(pages) // 2 :][:3]:
            handle.seek(4096 * (number - 1))
            handle.write(os.urandom(4096))


def other_program(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as db:
        db.execute("CREATE TABLE recipes (cake TEXT)")


@pytest.mark.parametrize("harm", [empty, garbage, bad_head, half, other_program])
async def test_a_damaged_file_is_kept_and_a_new_one_begun(paths: Paths, harm: Callable[[Path], None]) -> None:
    await filled(paths)
    harm(paths.history_file)
    before = paths.history_file.read_bytes()
    said = Said()
    history = await works(paths, said)
    await history.close()
    kept = [f for f in paths.data.glob("history.db.damaged-*") if not f.name.endswith(("-wal", "-shm"))]
    assert len(kept) == 1
    assert kept[0].read_bytes() == before
    assert len(said) == 1
    assert kept[0].name in said[0]
    again = Said()
    history = History(paths, again)
    assert (await history.load("new")).text_of(0) == "today"
    await history.close()
    assert again == []


async def test_damage_found_while_running_costs_what_is_damaged_and_no_more(paths: Paths) -> None:
    history = History(paths)
    for n in range(200):
        record(
            history, f"old{n}", timed([e.TextDelta(text=f"answer {n} " * 200), DONE]), Prompt(f"question {n}")
        )
    await history.close()
    middle(paths.history_file)
    said = Said()
    history = History(paths, said)
    record(history, "new", timed([e.TextDelta(text="today"), DONE]), Prompt("q"))
    with suppress(StoreTrouble):  # the one reading that hits the damage
        for n in range(200):
            await history.load(f"old{n}")
    assert "damaged" in await said.next()
    assert (await history.load("new")).text_of(0) == "today"
    left = [n for n in range(200) if (await history.load(f"old{n}")).text_of(0) == f"answer {n} " * 200]
    assert len(left) > 100
    assert {hit.session for hit in await history.search("today")} == {"new"}
    assert await history.search(f'"answer {left[0]}"')
    await history.close()
    assert len(said) == 1
    with closing(sqlite3.connect(paths.history_file)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []


async def test_a_newer_file_is_left_as_it_is(paths: Paths) -> None:
    await filled(paths)
    with closing(sqlite3.connect(paths.history_file)) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    before = paths.history_file.read_bytes()
    said = Said()
    history = await works(paths, said)
    await history.close()
    assert "newer Sluice" in said[0]
    assert "not be saved" in said[0]
    assert paths.history_file.read_bytes() == before
    assert not list(paths.data.glob("*damaged*"))


async def test_a_locked_file_is_left_alone(paths: Paths) -> None:
    await filled(paths)
    with closing(sqlite3.connect(paths.history_file, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        said = Said()
        history = await works(paths, said)
        assert "Another program" in said[0]
        await history.close()
    assert not list(paths.data.glob("*damaged*"))
    history = History(paths)
    assert (await history.load("old")).text_of(0) == "kept"
    await history.close()


async def test_a_folder_in_place_of_the_file_or_no_folder_at_all(paths: Paths, tmp_path: Path) -> None:
    paths.history_file.mkdir()
    said = Said()
    await (await works(paths, said)).close()
    assert "cannot be written" in said[0]
    (tmp_path / "file").touch()
    said = Said()
    await (await works(Paths(tmp_path / "file"), said)).close()
    assert len(said) == 1
    missing = Paths(tmp_path / "not" / "there" / "yet")
    said = Said()
    await (await works(missing, said)).close()
    assert said == []
    assert missing.history_file.exists()


READ_ONLY = """
    import asyncio, os, sys, tempfile
    from desktop.core.events import RunEnded, TextDelta
    from desktop.core.requests import Prompt
    from desktop.services.history import replay as history_replay
    from desktop.services.history import writer as history_writer
    from desktop.services.history import History
    from desktop.services.paths import Paths

    async def use(folder, said):
        history = History(Paths(folder), said.append)
        history.begin_run("new", 0, Prompt("q"), 1.0)
        history.record("new", 0, 0, 1.0, TextDelta(text="today"))
        history.record("new", 0, 1, 1.0, RunEnded(status="completed"))
        print((await history.load("old")).text_of(0), (await history.load("new")).text_of(0), len(said), *said[:1])
        await history.close()

    with tempfile.TemporaryDirectory() as folder:  # loads all that is loaded late
        asyncio.run(use(folder, []))
    if os.getuid() == 0:  # root may write everywhere; whoever it becomes may not even see this Python
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    asyncio.run(use(sys.argv[1], []))
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that is not below pytest's own, which nobody else may enter."""
    folder = Path(tempfile.mkdtemp())
    yield folder
    folder.chmod(0o700)
    shutil.rmtree(folder)


@pytest.mark.skipif(os.name != "posix", reason="permission bits are POSIX")
@pytest.mark.parametrize("mode", [0o555, 0o777])
async def test_a_read_only_file_can_still_be_read(open_folder: Path, mode: int) -> None:
    paths = Paths(open_folder)
    await filled(paths)
    paths.history_file.chmod(0o444)
    paths.data.chmod(mode)
    before = paths.history_file.read_bytes()
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", textwrap.dedent(READ_ONLY), str(paths.data), cwd=ROOT, stdout=subprocess.PIPE
    )
    out, _ = await child.communicate()
    assert out.splitlines()[1].startswith(b"kept today 1 The history file cannot be written.")
    assert paths.history_file.read_bytes() == before


@contextmanager
def no_room(file: Path, more: int) -> Iterator[None]:
    """From here on no file of this process grows past the size of `file` and `more` bytes."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + more, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def noise(seed: int) -> str:
    """A thousand letters that cannot be made shorter: long events are stored compressed."""
    return "".join(random.Random(seed).choices(string.ascii_letters, k=1000))


needs_limits = pytest.mark.skipif(os.name != "posix", reason="a size limit for files is POSIX")


@needs_limits
async def test_a_full_disk_is_told_once_and_saving_goes_on_when_there_is_room(paths: Paths) -> None:
    said = Said()
    history = History(paths, said)
    record(history, "k", timed([e.TextDelta(text="before ")]), Prompt("go"))
    await history.flush()
    wal = paths.history_file.with_name("history.db-wal")
    words = [noise(n) for n in range(1, 200)]
    with no_room(wal, 20_000):
        for n, text in enumerate(words, 1):
            history.record("k", 0, n, START + n, e.TextDelta(text=text))
        assert "disk is full" in await said.next()
        history.record("k", 0, 200, START + 200, e.TextDelta(text=" after"))
        assert not await history.flush()
        assert len(said) == 1
    assert "saved again" in await said.next()
    history.record("k", 0, 201, START + 201, DONE)
    expected = "before " + "".join(words) + " after"
    assert (await history.load("k")).text_of(0) == expected
    await history.close()
    history = History(paths)
    assert (await history.load("k")).text_of(0) == expected
    await history.close()
    assert len(said) == 2


@needs_limits
async def test_an_end_with_a_full_disk_takes_no_longer_than_three_seconds(paths: Paths) -> None:
    said = Said()
    history = History(paths, said)
    await history.flush()
    with no_room(paths.history_file, 0):
        record(history, "k", timed([e.TextDelta(text="".join(map(noise, range(500))))]), Prompt("go"))
        await history.flush()
        began = time.monotonic()
        await history.close()
        assert time.monotonic() - began < 3
    assert "could not be saved" in await said.next()


@pytest.mark.skipif(os.name != "posix", reason="an open file cannot be removed elsewhere")
@pytest.mark.parametrize("which", ["history.db", "history.db*"])
async def test_a_file_removed_while_running_is_written_again(paths: Paths, which: str) -> None:
    await filled(paths)
    said = Said()
    history = History(paths, said)
    history.save_draft("old", Draft("x"))
    await history.flush()
    for file in paths.data.glob(which):
        file.unlink()
    record(history, "new", timed([e.TextDelta(text="today"), DONE]), Prompt("q"))
    await history.flush()
    assert "removed" in await said.next()
    assert await history.draft("old") == Draft("x")
    await history.close()
    history = History(paths, said)
    assert (await history.load("old")).text_of(0) == "kept"
    assert (await history.load("new")).text_of(0) == "today"
    await history.close()
    assert len(said) == 1
    assert [f.name for f in paths.data.glob("history.db*")] == ["history.db"]


@pytest.mark.skipif(os.name != "posix", reason="an open file cannot be exchanged elsewhere")
async def test_a_file_exchanged_while_running_is_used_and_the_old_one_kept(
    paths: Paths, tmp_path: Path
) -> None:
    backup = Paths(tmp_path / "backup")
    await filled(backup, "from the backup")
    await filled(paths, "before")
    said = Said()
    history = History(paths, said)
    await history.flush()
    backup.history_file.replace(paths.history_file)
    record(history, "new", timed([e.TextDelta(text="today"), DONE]), Prompt("q"))
    assert (await history.load("old")).text_of(0) == "from the backup"
    assert (await history.load("new")).text_of(0) == "today"
    (kept,) = paths.data.glob("history.db.rescued-*")
    assert kept.name in await said.next()
    await history.close()
    with closing(sqlite3.connect(kept)) as db:
        assert "before" in str(db.execute("SELECT json FROM events").fetchall())


async def test_a_migration_copies_the_file_first_and_one_that_fails_changes_nothing(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(paths)
    monkeypatch.setattr(history_schema, "VERSION", VERSION + 1)
    broken = {
        **history_schema.MIGRATIONS,
        VERSION + 1: "ALTER TABLE sessions ADD COLUMN colour TEXT; SELECT nonsense FROM nowhere",
    }
    opened = open_store(paths.history_file, broken)
    opened.db.close()
    assert not opened.saved
    assert opened.trouble is not None
    assert columns(paths.history_file) == columns(paths.history_file.with_name(f"history.db.version-{VERSION}"))
    good = {
        **history_schema.MIGRATIONS,
        VERSION + 1: "ALTER TABLE sessions ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue'",
    }
    opened = open_store(paths.history_file, good)
    assert opened.saved
    assert opened.db.execute("SELECT key, colour FROM sessions").fetchall() == [("old", "blue")]
    opened.db.close()
    assert "colour" not in columns(paths.history_file.with_name(f"history.db.version-{VERSION}"))


def columns(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as db:
        return [row[1] for row in db.execute("PRAGMA table_info(sessions)")]
