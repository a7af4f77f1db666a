"""The history of all conversations, kept as they happen: one thread, one SQLite file.

The calls that write only put something into a queue and return at once. The thread writes what has come together every
quarter of a second at the latest, so that a killed process loses no more than that. The queue is kept small by joining,
never by dropping: pieces of the same text become one row, a newer draft replaces the one before. Times are in seconds
since 1970 (`clock.now`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from desktop.core.conversation import Conversation
from desktop.core.events import AnyEvent, Beat, RunEnded
from desktop.core.requests import Prompt
from desktop.services.history.fold import Folder
from desktop.services.history.records import Draft, Hit, SessionRecord
from desktop.services.history.thread import HistoryThread
from desktop.services.paths import Paths
from desktop.services.system.daemon import in_daemon

if TYPE_CHECKING:
    from desktop.services.history.replay import StoredRun
    from desktop.services.history.store import Store

__all__ = ["Draft", "History", "Hit", "SessionRecord"]

T = TypeVar("T")


@dataclass
class _Rows:
    """The events of one run that wait to be written."""

    key: str
    number: int
    folder: Folder = field(default_factory=Folder)

    def __call__(self, store: Store) -> None:
        store.add_rows(self.key, self.number, self.folder.rows)


@dataclass
class _Session:
    """Changes of one session that wait to be written."""

    key: str
    values: dict[str, Any]

    def __call__(self, store: Store) -> None:
        store.put_session(self.key, self.values)


class History:
    """Sessions, their runs and drafts. `trouble` hears one sentence for people when something is wrong with the store,
    in the event loop's thread; the program goes on in any case."""

    def __init__(self, paths: Paths, trouble: Callable[[str], None] = lambda words: None) -> None:
        self._thread = HistoryThread(paths.history_file, trouble)
        self._live: set[tuple[str, int]] = set()  # runs that began here and have not ended

    # ---- writing: returns at once

    def put_session(self, key: str, **values: Any) -> None:
        """Add a session as an open one, or change some of: title, profile_id, connection, server_session, open, pinned,
        archived."""
        self._merge(key, {"open": True, **values})

    def set_open(self, key: str, is_open: bool) -> None:
        """Whether the session is a tab. A run that is live in it when it closes is over."""
        if not is_open:
            self._live = {run for run in self._live if run[0] != key}
        self._merge(key, {"open": is_open})

    def set_flags(self, key: str, **values: Any) -> None:
        """Change some of: pinned, archived, named, view, title. Whether the session is open stays as it is."""
        self._merge(key, values)

    def set_order(self, keys: Sequence[str]) -> None:
        """The order of the open tabs."""
        order = list(keys)
        self._thread.put("order", lambda store: store.set_order(order))

    def delete(self, key: str) -> None:
        """Forget a session for good. Nothing of it may be recorded afterwards."""
        self._thread.put(object(), lambda store: store.delete(key))

    def copy(self, key: str, into: str, numbers: Sequence[int]) -> None:
        """Begin the session `into` with these runs of `key`, in this order, which then lie one after the other. Runs
        that go on are left out."""
        self._thread.put(object(), lambda store: store.copy(key, into, numbers))

    def begin_run(self, key: str, number: int, prompt: Prompt | None, at: float, after: int | None = None) -> None:
        """Run `number` (from 0) of a session starts; `prompt` is None if it answers an ask. It goes on from the run
        `after` (ROOT for the beginning), by default from the one before."""
        self._live.add((key, number))
        self._thread.put(object(), lambda store: store.begin_run(key, number, prompt, at, after))

    def record(self, key: str, number: int, seq: int, at: float, event: AnyEvent) -> None:
        """One event of a run, in order."""
        if isinstance(event, Beat):
            return
        if isinstance(event, RunEnded):
            self._live.discard((key, number))
        name = ("run", key, number)
        if not self._thread.join(name, lambda rows: rows.folder.add(seq, at, event)):
            rows = _Rows(key, number)
            rows.folder.add(seq, at, event)
            self._thread.put(name, rows)

    def save_draft(self, key: str, draft: Draft) -> None:
        """What the composer of a session holds; an earlier one that is still in the queue is forgotten."""
        self._thread.put(("draft", key), lambda store: store.save_draft(key, draft))

    # ---- reading: sees everything written before

    async def load(self, key: str) -> Conversation:
        """The conversation, as far as it is stored. A run that was left in the middle ends as interrupted. Raises
        StoreTrouble."""
        live = frozenset(self._live)
        self._thread.put(("interrupt", key), lambda store: store.interrupt(live, key))
        stored = await self._ask(lambda store: store.runs(key, live))
        from desktop.services.history.replay import replay

        return await in_daemon(lambda: replay(stored), "load conversation")

    async def runs(self, key: str) -> list[StoredRun]:
        """The session's runs as they are stored. Raises StoreTrouble."""
        return await self._ask(lambda store: store.runs(key))

    async def usage(self, since: float) -> list[tuple[int, float, str]]:
        """(run, its start, JSON) of the figures that servers told in runs since then. Raises StoreTrouble."""
        return await self._ask(lambda store: store.usage(since))

    async def session(self, key: str) -> SessionRecord | None:
        """What is known of a session, or None. Raises StoreTrouble."""
        return await self._ask(lambda store: store.session(key))

    async def draft(self, key: str) -> Draft:
        """What the composer of a session held. Raises StoreTrouble."""
        return await self._ask(lambda store: store.draft(key))

    async def open_keys(self) -> list[str]:
        """The sessions that were open, in their order. Raises StoreTrouble."""
        return await self._ask(lambda store: store.open_keys())

    async def sessions(
        self,
        limit: int = 200,
        before: float | None = None,
        archived: bool = False,
        profile: str | None = None,
        since: float | None = None,
    ) -> list[SessionRecord]:
        """The pinned sessions, then the others, newest first; with `before` (the `updated` of the last one shown) the
        next ones; of one connection or since a moment, if they are given. Raises StoreTrouble."""
        return await self._ask(lambda store: store.sessions(limit, before, archived, profile, since))

    async def titled(
        self, text: str, limit: int = 50, profile: str | None = None, since: float | None = None
    ) -> list[SessionRecord]:
        """The sessions with this text in their title, newest first. Raises StoreTrouble."""
        return await self._ask(lambda store: store.titled(text, limit, profile, since))

    async def search(
        self, text: str, limit: int = 50, profile: str | None = None, since: float | None = None
    ) -> list[Hit]:
        """Where these words stand in questions, answers, thoughts and tool calls, newest first. Raises StoreTrouble."""
        return await self._ask(lambda store: store.search(text, limit, profile, since))

    async def listing(self, text: str = "", limit: int = 500) -> list[tuple[str, str, float, str]]:
        """(key, title, updated, snippet) of the sessions, in the order of `sessions`; with `text` those that have it in
        their title or in what was said. Raises StoreTrouble."""
        if not text.strip():
            return [(s.key, s.title or s.question, s.updated, "") for s in await self.sessions(limit)]
        found: dict[str, tuple[str, str, float, str]] = {}
        for s in await self._ask(lambda store: store.titled(text, limit)):
            found[s.key] = (s.key, s.title, s.updated, "")
        for hit in reversed(await self.search(text, limit)):
            found[hit.session] = (hit.session, hit.title, hit.at, hit.snippet)
        return sorted(found.values(), key=lambda row: row[2], reverse=True)

    # ---- the end

    async def flush(self) -> bool:
        """Write everything now. Returns False if it could not be written; it is then tried again by itself."""
        return await self._thread.ask(lambda writer: not writer.stuck, urgent=True)

    async def close(self, seconds: float = 3.0) -> bool:
        """Write everything and end the thread. Returns False if that took too long; the thread is then left alone, and
        does not keep the process."""
        return await self._thread.close(seconds)

    # ---- inside

    def _merge(self, key: str, values: dict[str, Any]) -> None:
        name = ("session", key)
        if not self._thread.join(name, lambda session: session.values.update(values), last=True):
            self._thread.put(name, _Session(key, values))

    async def _ask(self, question: Callable[[Store], T]) -> T:
        return await self._thread.ask(lambda writer: writer.read(question))
