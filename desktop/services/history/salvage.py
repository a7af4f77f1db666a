"""What can still be read of a damaged history, copied into a new one."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

_TABLES = ("sessions", "runs", "events", "images", "run_images", "draft_images", "docs")
_ORPHANS = (
    "DELETE FROM runs WHERE session NOT IN (SELECT id FROM sessions)",
    "DELETE FROM events WHERE run NOT IN (SELECT id FROM runs)",
    "DELETE FROM run_images WHERE run NOT IN (SELECT id FROM runs)",
    "DELETE FROM draft_images WHERE session NOT IN (SELECT id FROM sessions)",
    "DELETE FROM docs WHERE session NOT IN (SELECT id FROM sessions)",
)


def salvage(damaged: Path, into: sqlite3.Connection) -> int:
    """Copy every row that can be reached into an empty store of the same version; `damaged` itself is only read.
    Returns how many sessions were found."""
    into.execute("PRAGMA foreign_keys = OFF")  # a row may have lost what it belongs to
    into.execute("BEGIN IMMEDIATE")
    try:
        for flags in ("mode=ro", "mode=ro&immutable=1"):
            with suppress(sqlite3.Error), closing(_open(damaged, flags)) as old:
                for table in _TABLES:
                    _copy(old, into, table)
                break
        for statement in _ORPHANS:
            into.execute(statement)
        into.execute("COMMIT")
    except sqlite3.Error:
        into.execute("ROLLBACK")
        return 0
    finally:
        into.execute("PRAGMA foreign_keys = ON")
    return int(into.execute("SELECT count(*) FROM sessions").fetchone()[0])


def _open(path: Path, flags: str) -> sqlite3.Connection:
    old = sqlite3.connect(f"file:{quote(str(path))}?{flags}", uri=True)
    try:
        old.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error:
        old.close()
        raise
    return old


def _copy(old: sqlite3.Connection, into: sqlite3.Connection, table: str) -> None:
    """From both ends up to the damage; a row that is found twice is kept once."""
    for order in ("ASC", "DESC"):
        with suppress(sqlite3.DatabaseError):
            found = old.execute(f"SELECT * FROM {table} ORDER BY 1 {order}")
            names = ",".join(column[0] for column in found.description)  # an older version has fewer
            for row in found:
                _insert(into, f"{table} ({names})", row)
            return


def _insert(into: sqlite3.Connection, table: str, row: tuple[object, ...]) -> None:
    with suppress(sqlite3.IntegrityError):  # a damaged row may lack what every row has
        into.execute(f"INSERT OR IGNORE INTO {table} VALUES ({','.join('?' * len(row))})", row)
