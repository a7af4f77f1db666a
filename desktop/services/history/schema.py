"""The history's file: its tables, its versions, and what to do when it cannot be used.

A file is never deleted and never written over. Damaged: renamed, a new one begun. Newer, locked, read-only or out of
reach: left alone, and this run is kept in memory only.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from errno import EDQUOT, ENOSPC
from pathlib import Path
from urllib.parse import quote

from desktop.core.language import tr, trn
from desktop.services.history.salvage import salvage
from desktop.services.paths import private_file, set_aside

VERSION = 3
_OURS = 0x536C7563  # "Sluc", SQLite's application_id
_PATIENCE = 2.0  # seconds to wait for another program's lock
_COPY_LIMIT = 256 * 1024 * 1024  # bytes of a read-only file that are worth holding in memory
COMPANIONS = ("-wal", "-shm")

_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_SPACE = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)

_TABLES = """
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, title TEXT NOT NULL DEFAULT '', profile_id TEXT, connection TEXT,
    server_session TEXT, open INTEGER NOT NULL DEFAULT 1, position INTEGER NOT NULL DEFAULT 0,
    pinned INTEGER NOT NULL DEFAULT 0, archived INTEGER NOT NULL DEFAULT 0, created REAL NOT NULL,
    updated REAL NOT NULL, draft TEXT NOT NULL DEFAULT '', cursor INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX sessions_updated ON sessions (updated);
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, session INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE, number INTEGER NOT NULL,
    prompt TEXT, started REAL NOT NULL, run_id TEXT, status TEXT, folded INTEGER NOT NULL DEFAULT 0,
    UNIQUE (session, number)
);
CREATE INDEX runs_unfolded ON runs (session) WHERE folded = 0;
CREATE TABLE events (
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, seq INTEGER NOT NULL,
    at REAL NOT NULL, until REAL, json TEXT NOT NULL
);
CREATE INDEX events_run ON events (run, seq);
CREATE TABLE images (sha TEXT PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE run_images (
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, position INTEGER NOT NULL, name TEXT NOT NULL,
    media TEXT NOT NULL, sha TEXT NOT NULL, PRIMARY KEY (run, position)
) WITHOUT ROWID;
CREATE TABLE draft_images (
    session INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE, position INTEGER NOT NULL, name TEXT NOT NULL,
    media TEXT NOT NULL, sha TEXT NOT NULL, PRIMARY KEY (session, position)
) WITHOUT ROWID;
CREATE TABLE docs (
    id INTEGER PRIMARY KEY, session INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE, run INTEGER NOT NULL,
    item TEXT NOT NULL, kind TEXT NOT NULL, at REAL NOT NULL, text TEXT NOT NULL
);
CREATE INDEX docs_session ON docs (session, run);
CREATE VIRTUAL TABLE docs_fts USING fts5 (
    text, content = 'docs', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
CREATE TRIGGER docs_added AFTER INSERT ON docs BEGIN
    INSERT INTO docs_fts (rowid, text) VALUES (new.id, new.text);
END;
CREATE TRIGGER docs_removed AFTER DELETE ON docs BEGIN
    INSERT INTO docs_fts (docs_fts, rowid, text) VALUES ('delete', old.id, old.text);
END;
"""

_BRANCHES = """
ALTER TABLE runs ADD COLUMN after INTEGER;
ALTER TABLE sessions ADD COLUMN named INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN view TEXT NOT NULL DEFAULT '';
"""

# without them every start and every letter of a search would read all sessions, and the list of usage all runs
_LISTS = """
DROP INDEX sessions_updated;
CREATE INDEX sessions_titled ON sessions (updated DESC, title);
CREATE INDEX sessions_listed ON sessions (archived, pinned DESC, updated DESC, id DESC);
CREATE INDEX sessions_open ON sessions (position, created, id) WHERE open = 1;
CREATE INDEX runs_started ON runs (started);
"""

#: version -> the statements that lead to it from the one before
MIGRATIONS: Mapping[int, str] = {1: _TABLES, 2: _BRANCHES, 3: _LISTS}


@dataclass(frozen=True, slots=True)
class Opened:
    """An open store. `saved` is False if it is in memory only; `trouble` is for people."""

    db: sqlite3.Connection
    saved: bool = True
    trouble: str | None = None


class _Unusable(Exception):
    """The file is no history of ours, or of a newer version."""

    def __init__(self, words: str, damaged: bool) -> None:
        super().__init__(words)
        self.damaged = damaged


def open_store(path: Path, migrations: Mapping[int, str] = MIGRATIONS) -> Opened:
    """Open the store, whatever state its file is in. Never raises for it."""
    try:
        return Opened(_open_file(path, migrations))
    except _Unusable as error:
        return replace_store(path) if error.damaged else Opened(_memory(), False, _unsaved(str(error)))
    except (sqlite3.Error, OSError) as error:
        if is_damage(error):
            return replace_store(path)
        return _without_file(path, error)


def replace_store(path: Path) -> Opened:
    """Put a damaged file aside and begin a new one, with what can still be read of the old."""
    kept = set_aside(path, *COMPANIONS)
    if kept is None:
        return Opened(_memory(), False, _unsaved(tr("The history file is damaged and cannot be renamed.")))
    words = tr("The history file was damaged. Sluice kept it as {name} and began a new one.", name=kept.name)
    try:
        db = _open_file(path, MIGRATIONS)
    except (sqlite3.Error, OSError, _Unusable):
        return Opened(_memory(), False, _unsaved(words))
    saved = salvage(kept, db)
    if not saved:
        return Opened(db, True, words)
    found = trn("{n} conversation from it is still there.", "{n} conversations from it are still there.", saved)
    return Opened(db, True, f"{words} {found}")


def is_damage(error: Exception) -> bool:
    """Whether the error says that the file's content is broken."""
    return _code(error) in _DAMAGE


def write_trouble(error: Exception) -> str:
    """Why saving failed, what it means and what to do, for people."""
    return " ".join(_cause(error))


def _cause(error: Exception) -> tuple[str, str]:
    """What is wrong with the file, and when it can be written again."""
    code = _code(error)
    if code in _SPACE or (isinstance(error, OSError) and error.errno in (ENOSPC, EDQUOT)):
        return (
            tr("The disk is full or does not answer."),
            tr("Everything stays on screen, and saving goes on by itself once there is room again."),
        )
    if code in _BUSY:
        return (
            tr("Another program holds the history file."),
            tr("Everything stays on screen, and saving goes on by itself once it is free."),
        )
    return (
        tr("The history file cannot be written."),
        tr("Everything stays on screen, and saving goes on by itself once it can."),
    )


def _unsaved(words: str) -> str:
    return f"{words} {tr('What is said in this run of Sluice will not be saved.')}"


def _open_file(path: Path, migrations: Mapping[int, str]) -> sqlite3.Connection:
    if path.exists() and path.stat().st_size == 0:
        raise _Unusable(tr("The history file is empty."), damaged=True)
    private_file(path)
    db = _connect(str(path))
    try:
        _check(db)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        _migrate(db, path, migrations)
        db.execute("BEGIN IMMEDIATE")  # fails here, not later, if the file cannot be written
        db.execute("ROLLBACK")
    except BaseException:
        db.close()
        raise
    return db


def _connect(name: str, uri: bool = False) -> sqlite3.Connection:
    db = sqlite3.connect(name, timeout=_PATIENCE, isolation_level=None, uri=uri)
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA secure_delete = FAST")
    return db


def _check(db: sqlite3.Connection) -> None:
    """Refuse what is not ours before anything of it is changed."""
    tables = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if tables and _pragma(db, "application_id") != _OURS:
        raise _Unusable(tr("The history file is not one of Sluice."), damaged=True)
    if _pragma(db, "user_version") > VERSION:
        raise _Unusable(tr("The history was written by a newer Sluice and is left as it is."), damaged=False)


def _migrate(db: sqlite3.Connection, path: Path, migrations: Mapping[int, str]) -> None:
    version = _pragma(db, "user_version")
    due = [number for number in sorted(migrations) if number > version]
    if due and version:
        _copy_first(db, path.with_name(f"{path.name}.version-{version}"))
    for number in due:
        _step(db, number, migrations[number])


def _copy_first(db: sqlite3.Connection, copy: Path) -> None:
    """Copy the store as it is. Whatever bears the copy's name is whole: it is written under another."""
    unfinished = copy.with_name(f"{copy.name}.tmp")
    for left in (unfinished, unfinished.with_name(f"{unfinished.name}-journal")):
        left.unlink(missing_ok=True)  # of a process that was killed
    try:
        private_file(unfinished)
        with closing(sqlite3.connect(unfinished)) as into:
            db.backup(into)
        unfinished.replace(copy)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _step(db: sqlite3.Connection, number: int, statements: str) -> None:
    begin = f"BEGIN IMMEDIATE; PRAGMA application_id = {_OURS}; PRAGMA user_version = {number};"
    try:
        db.executescript(f"{begin}{statements};COMMIT;")
    except sqlite3.Error:
        with suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise


def _memory() -> sqlite3.Connection:
    db = _connect(":memory:")
    _renew(db)
    return db


def _renew(db: sqlite3.Connection) -> None:
    """Bring a store in memory to this version."""
    version = _pragma(db, "user_version")
    for number in sorted(MIGRATIONS):
        if number > version:
            _step(db, number, MIGRATIONS[number])


def _without_file(path: Path, error: Exception) -> Opened:
    """The file is sound but out of reach. What can be read of it is shown."""
    db = _memory()
    if _code(error) not in _BUSY:
        with suppress(sqlite3.Error, OSError, _Unusable):
            _copy(path, db)
    return Opened(db, False, _unsaved(_cause(error)[0]))


def _copy(path: Path, into: sqlite3.Connection) -> None:
    """What the file holds, if it is not too much. A folder without write access needs `immutable`."""
    if path.stat().st_size > _COPY_LIMIT:
        return
    for flags in ("mode=ro", "mode=ro&immutable=1"):
        with suppress(sqlite3.Error), closing(_connect(f"file:{quote(str(path))}?{flags}", uri=True)) as file:
            _check(file)
            file.backup(into)
            _renew(into)
            return


def _pragma(db: sqlite3.Connection, name: str) -> int:
    return int(db.execute(f"PRAGMA {name}").fetchone()[0])


def _code(error: Exception) -> int:
    return int(getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
