"""Reads and writes of the history, in SQL. Used by the writer's thread only; every write is inside a transaction of its
caller."""

from __future__ import annotations

import json
import re
import sqlite3
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from desktop.core.events import AnyEvent, RunEnded, RunStarted, SessionInfo
from desktop.core.reducer import Reducer
from desktop.core.requests import Connection, Image, Prompt
from desktop.core.wire.jsontext import clean, clean_text, parse
from desktop.services.clock import now
from desktop.services.history import search as history_search
from desktop.services.history.fold import Folder, Row
from desktop.services.history.records import Draft, Hit, SessionRecord
from desktop.services.history.replay import StoredRun, closing, decode, encode, feed, rows_of
from desktop.services.keys.profiles import connection_from_json, connection_to_json

COLUMNS = (
    "title", "profile_id", "connection", "server_session", "open", "pinned", "archived", "named", "view", "created",
    "updated",
)  # fmt: skip

_SESSION = """
SELECT key, title, coalesce((SELECT substr(prompt, 1, 200) FROM runs WHERE session = s.id AND prompt <> ''
       ORDER BY number LIMIT 1), substr(draft, 1, 200)), profile_id, connection, server_session, open, position, pinned,
       archived, created, updated, (SELECT count(*) FROM runs WHERE session = s.id), named, view
FROM sessions s
"""
_LIKE = re.compile("[!%_]")  # what LIKE does not take literally
_LONG = 1_000  # characters of an event from which it is stored compressed
_SAID = "(EXISTS (SELECT 1 FROM runs WHERE session = s.id) OR draft <> '')"


class Store:
    """One open database."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        db.create_function("casefold", 1, str.casefold, deterministic=True)

    # ---- sessions

    def put_session(self, key: str, values: Mapping[str, Any]) -> None:
        """Add the session, or change the columns that `values` names. One that is closed with nothing in it goes."""
        session = self._session(key)
        for name, value in values.items():
            if name not in COLUMNS:
                raise ValueError(f"no such column: {name}")
            self.db.execute(f"UPDATE sessions SET {name} = ? WHERE id = ?", (_column(value), session))
        if values.get("open") is False:
            self.db.execute(f"DELETE FROM sessions AS s WHERE id = ? AND NOT {_SAID}", (session,))

    def set_order(self, keys: Sequence[str]) -> None:
        """The places of the open tabs."""
        places = [(place, key) for place, key in enumerate(keys)]
        self.db.executemany("UPDATE sessions SET position = ? WHERE key = ?", places)

    def copy(self, key: str, into: str, numbers: Sequence[int]) -> None:
        """Begin the session `into` with these runs of `key`, one after the other. Runs that go on are left out."""
        of = self._session(key)
        self.db.execute(
            "UPDATE sessions SET (profile_id, connection) = (SELECT profile_id, connection FROM sessions WHERE id = ?) "
            "WHERE id = ?",
            (of, self._session(into)),
        )
        place = 0
        for number in numbers:
            sql = "SELECT id, prompt, started FROM runs WHERE session = ? AND number = ? AND status IS NOT NULL"
            for run, text, started in self.db.execute(sql, (of, number)).fetchall():
                prompt = None if text is None else Prompt(text, self._images("run_images", run))
                self.begin_run(into, place, prompt, started)
                self.add_rows(into, place, rows_of(self._rows(run)))
                place += 1

    def delete(self, key: str) -> None:
        """Forget a session and everything in it."""
        self.db.execute("DELETE FROM sessions WHERE key = ?", (key,))
        self._drop_images()

    def session(self, key: str) -> SessionRecord | None:
        """One session, or None."""
        row = self.db.execute(f"{_SESSION} WHERE key = ?", (key,)).fetchone()
        return _record(row) if row else None

    def open_keys(self) -> list[str]:
        """The keys of the open sessions, in the tabs' order."""
        found = self.db.execute("SELECT key FROM sessions WHERE open = 1 ORDER BY position, created, id")
        return [key for (key,) in found]

    def sessions(
        self,
        limit: int,
        before: float | None,
        archived: bool,
        profile: str | None = None,
        since: float | None = None,
    ) -> list[SessionRecord]:
        """Sessions in which something was said, the pinned ones first, then newest first. `before` is the `updated` of
        the last one seen; what is pinned is then left out. `profile` and `since` leave out others and older ones."""
        found = self.db.execute(
            f"{_SESSION} WHERE (:before IS NULL OR (pinned = 0 AND updated < :before)) AND archived = :archived "
            f"AND (:profile IS NULL OR profile_id = :profile) AND updated >= :since AND {_SAID} "
            "ORDER BY pinned DESC, updated DESC, id DESC LIMIT :limit",
            {"before": before, "archived": archived, "profile": profile, "since": since or 0.0, "limit": limit},
        )
        return [_record(row) for row in found]

    def titled(
        self, text: str, limit: int, profile: str | None = None, since: float | None = None
    ) -> list[SessionRecord]:
        """Sessions with the text in their title, in capitals or not, newest first."""
        plain = clean_text(text)
        like = "%" + _LIKE.sub(r"!\g<0>", plain) + "%"
        within = "title LIKE :like ESCAPE '!'" if plain.isascii() else "instr(casefold(title), casefold(:text))"
        of = "" if profile is None else "AND profile_id = :profile"  # unasked, the index alone is read
        found = self.db.execute(
            f"{_SESSION} WHERE {within} AND updated >= :since {of} AND {_SAID} ORDER BY updated DESC LIMIT :limit",
            {"like": like, "text": plain, "profile": profile, "since": since or 0.0, "limit": limit},
        )
        return [_record(row) for row in found]

    def search(
        self, text: str, limit: int, profile: str | None = None, since: float | None = None
    ) -> list[Hit]:
        """The newest places with these words."""
        return history_search.search(self.db, text, limit, profile, since)

    # ---- drafts

    def save_draft(self, key: str, draft: Draft) -> None:
        """What the composer holds."""
        session = self._session(key)
        self.db.execute(
            "UPDATE sessions SET draft = ?, cursor = ? WHERE id = ?",
            (clean_text(draft.text), draft.cursor, session),
        )
        had = self.db.execute("DELETE FROM draft_images WHERE session = ?", (session,)).rowcount
        self._put_images("draft_images", session, draft.images)
        if had:
            self._drop_images()

    def draft(self, key: str) -> Draft:
        """What the composer held."""
        row = self.db.execute("SELECT id, draft, cursor FROM sessions WHERE key = ?", (key,)).fetchone()
        return Draft(row[1], row[2], self._images("draft_images", row[0])) if row else Draft()

    # ---- runs

    def begin_run(
        self, key: str, number: int, prompt: Prompt | None, at: float, after: int | None = None
    ) -> None:
        """A run starts; its question can be found at once."""
        session = self._session(key)
        text = None if prompt is None else clean_text(prompt.text)
        self.db.execute(
            "INSERT OR IGNORE INTO runs (session, number, prompt, started, after) VALUES (?, ?, ?, ?, ?)",
            (session, number, text, at, after),
        )
        self.db.execute("UPDATE sessions SET updated = max(updated, ?) WHERE id = ?", (at, session))
        if prompt is not None:
            self._put_images("run_images", self._run(session, number, at), prompt.images)
            self._index(
                session, number, [(f"r{number}/user", "question", at, history_search.indexed(prompt.text))]
            )

    def add_rows(self, key: str, number: int, rows: Iterable[Row]) -> None:
        """What a run said since the last time."""
        session = self._session(key)
        rows = list(rows)
        run = self._run(session, number, rows[0].at if rows else now())
        self._insert(run, rows)
        for row in rows:
            self._note(session, run, row.event, row.at)

    def unfolded(self) -> list[int]:
        """The runs that have ended and are not folded yet."""
        found = self.db.execute("SELECT id FROM runs WHERE folded = 0 AND status IS NOT NULL")
        return [run for (run,) in found]

    def fold(self, run: int) -> None:
        """Rewrite an ended run in as few rows as it needs, and make it searchable."""
        session, number, started = self.db.execute(
            "SELECT session, number, started FROM runs WHERE id = ?", (run,)
        ).fetchone()
        stored = self._rows(run)
        folded = Folder(rows_of(stored)).rows
        if len(folded) < len(stored):
            self.db.execute("DELETE FROM events WHERE run = ?", (run,))
            self._insert(run, folded)
        self._index(session, number, _docs(folded, number, started))
        self.db.execute("UPDATE runs SET folded = 1 WHERE id = ?", (run,))

    def interrupt(self, live: Collection[tuple[str, int]] = (), key: str | None = None) -> None:
        """End the runs that were left in the middle, but for those that are `live` in this process: (key, number)."""
        left = self.db.execute(
            "SELECT r.id, s.key, s.id, r.number, r.started FROM runs r JOIN sessions s ON s.id = r.session "
            "WHERE r.folded = 0 AND r.status IS NULL AND s.key = coalesce(?, s.key)",
            (key,),
        ).fetchall()
        for run, of, session, number, started in left:
            if (of, number) not in live:
                self._interrupt(session, run, started)

    def runs(self, key: str, live: Collection[tuple[str, int]] = ()) -> list[StoredRun]:
        """The session's runs, oldest first."""
        found = self.db.execute(
            "SELECT r.id, number, prompt, started, after FROM runs r JOIN sessions s ON s.id = r.session "
            "WHERE s.key = ? ORDER BY number",
            (key,),
        ).fetchall()
        out = []
        for run, number, text, started, after in found:
            prompt = None if text is None else Prompt(text, self._images("run_images", run))
            rows = [(at, until, json) for _, at, until, json in self._rows(run)]
            out.append(StoredRun(number, prompt, started, (key, number) in live, rows, after))
        return out

    def usage(self, since: float) -> list[tuple[int, float, str]]:
        """(run, its start, JSON) of the figures that servers told in runs since then, in order."""
        return self.db.execute(
            "SELECT r.id, r.started, e.json FROM runs r JOIN events e ON e.run = r.id "
            "WHERE r.started >= ? AND e.json LIKE '{\"kind\":\"usage\"%' ORDER BY r.id, e.seq, e.id",
            (since,),
        ).fetchall()

    # ---- inside

    def _session(self, key: str) -> int:
        found = self.db.execute("SELECT id FROM sessions WHERE key = ?", (key,)).fetchone()
        if found is None:
            at = now()
            found = self.db.execute(
                "INSERT INTO sessions (key, created, updated, position) "
                "SELECT ?, ?, ?, coalesce(max(position), -1) + 1 FROM sessions RETURNING id",
                (key, at, at),
            ).fetchone()
        return int(found[0])

    def _run(self, session: int, number: int, at: float) -> int:
        sql = "SELECT id FROM runs WHERE session = ? AND number = ?"
        found = self.db.execute(sql, (session, number)).fetchone()
        if found is None:
            self.db.execute(
                "INSERT INTO runs (session, number, started) VALUES (?, ?, ?)", (session, number, at)
            )
            found = self.db.execute(sql, (session, number)).fetchone()
        return int(found[0])

    def _rows(self, run: int) -> list[tuple[int, float, float | None, str]]:
        found = self.db.execute("SELECT seq, at, until, json FROM events WHERE run = ? ORDER BY seq, id", (run,))
        return [(seq, at, until, _unpacked(json)) for seq, at, until, json in found]

    def _insert(self, run: int, rows: Iterable[Row]) -> None:
        self.db.executemany(
            "INSERT INTO events (run, seq, at, until, json) VALUES (?, ?, ?, ?, ?)",
            [(run, r.seq, r.at, r.until if r.until != r.at else None, _packed(encode(r.event))) for r in rows],
        )

    def _note(self, session: int, run: int, event: AnyEvent, at: float) -> None:
        """What the lists show of an event."""
        match event:
            case RunStarted():
                self.db.execute(
                    "UPDATE runs SET run_id = coalesce(?, run_id) WHERE id = ?", (clean(event.run_id), run)
                )
                self._learn(session, event.session_id, None)
            case SessionInfo():
                self._learn(session, event.session_id, event.title)
            case RunEnded():
                self.db.execute(
                    "UPDATE runs SET status = ? WHERE id = ? AND status IS NULL", (event.status, run)
                )
                self.db.execute("UPDATE sessions SET updated = max(updated, ?) WHERE id = ?", (at, session))

    def _learn(self, session: int, server_session: str | None, title: str | None) -> None:
        self.db.execute(
            "UPDATE sessions SET server_session = coalesce(?, server_session), "
            "title = CASE WHEN title = '' THEN coalesce(?, '') ELSE title END WHERE id = ?",
            (clean(server_session), clean(title), session),
        )

    def _interrupt(self, session: int, run: int, started: float) -> None:
        stored = self._rows(run)
        seq, at = (stored[-1][0] + 1, stored[-1][2] or stored[-1][1]) if stored else (0, started)
        events = closing(decode(text) for *_, text in stored)
        self._insert(run, [Row(seq + i, at, at, event) for i, event in enumerate(events)])
        self._note(session, run, events[-1], at)

    def _index(self, session: int, number: int, docs: Iterable[tuple[str, str, float, str]]) -> None:
        self.db.executemany(
            "INSERT INTO docs (session, run, item, kind, at, text) VALUES (?, ?, ?, ?, ?, ?)",
            [(session, number, *doc) for doc in docs if doc[3].strip()],
        )

    def _put_images(self, table: str, owner: int, images: Sequence[Image]) -> None:
        for place, image in enumerate(images):
            self.db.execute("INSERT OR IGNORE INTO images VALUES (?, ?)", (image.sha256, image.data))
            row = (owner, place, clean_text(image.name), image.media, image.sha256)
            self.db.execute(f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?, ?, ?)", row)

    def _images(self, table: str, owner: int) -> tuple[Image, ...]:
        column = "run" if table == "run_images" else "session"
        found = self.db.execute(
            f"SELECT name, media, data FROM {table} JOIN images USING (sha) WHERE {column} = ? ORDER BY position",
            (owner,),
        )
        return tuple(Image(*row) for row in found)

    def _drop_images(self) -> None:
        """Remove the pictures that nothing shows any more."""
        self.db.execute(
            "DELETE FROM images WHERE sha NOT IN (SELECT sha FROM run_images UNION SELECT sha FROM draft_images)"
        )


def _docs(rows: Iterable[Row], number: int, started: float) -> list[tuple[str, str, float, str]]:
    """(item, kind, at, text) of everything in a run that is searched, the question excepted."""
    reducer = Reducer()
    reducer.begin(None, started)
    feed(reducer, ((row.at, row.until, row.event) for row in rows))
    docs = []
    for item in reducer.conversation.items.values():
        name = f"r{number}/{item.id.partition('/')[2]}"
        docs += [(name, kind, item.at, text) for kind, text in history_search.texts_of(item)]
    return docs


def _column(value: Any) -> Any:
    if isinstance(value, Connection):
        return json.dumps(clean(connection_to_json(value)), ensure_ascii=False)
    return clean(value)


def _record(row: Sequence[Any]) -> SessionRecord:
    key, title, question, profile, connection, server_session, *rest = row
    is_open, position, pinned, archived, created, updated, runs, named, view = rest
    flags = bool(is_open), position, bool(pinned), bool(archived)
    place = _connection(connection)
    return SessionRecord(
        key, title, question, profile, place, server_session, *flags, created, updated, runs, bool(named), view
    )


def _connection(text: str | None) -> Connection | None:
    try:
        return connection_from_json(parse(text)) if text else None
    except ValueError:
        return None


def _packed(text: str) -> str | bytes:
    """A long event compressed: what was said is in the file for the search as well, and the two together are to be
    less than twice the text."""
    return text if len(text) < _LONG else zlib.compress(text.encode())


def _unpacked(stored: str | bytes) -> str:
    """The event's JSON. "" for what is damaged: an event that is not understood costs itself alone."""
    if isinstance(stored, str):
        return stored
    try:
        return zlib.decompress(stored).decode()
    except (zlib.error, UnicodeDecodeError):
        return ""
