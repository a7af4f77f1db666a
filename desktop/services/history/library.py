"""The conversations as a person keeps them: found, named, pinned, put away, thrown away and brought back, taken out of
the program and into it."""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from desktop.core.errors import StoreTrouble
from desktop.core.events import AnyEvent, TextDelta, Usage
from desktop.core.exchange.html import as_html
from desktop.core.exchange.json import Saved, SavedRun, dump
from desktop.core.exchange.markdown import as_markdown
from desktop.core.exchange.sections import Parts
from desktop.core.language import tr
from desktop.core.reducer import Reducer
from desktop.services.history import History, Hit, SessionRecord
from desktop.services.history.importing import read_file
from desktop.services.paths import private_file

_LISTED, _HITS = 500, 30  # conversations, or places that were found, in one part of the list


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: words, one connection's id, a moment in seconds since 1970, or what is archived; and how many
    parts of the list, from the newest on."""

    text: str = ""
    profile: str | None = None
    since: float | None = None
    archived: bool = False
    parts: int = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One conversation in the list, or one place in it that was found: `item` then leads there, and `marks` are the
    (start, end) places of the words in `snippet`. `updated` is in seconds since 1970."""

    key: str
    title: str
    updated: float
    snippet: str = ""
    marks: tuple[tuple[int, int], ...] = ()
    item: str | None = None
    kind: str = ""
    pinned: bool = False
    archived: bool = False


class Library:
    """Reads and changes the history; a conversation that was deleted can be brought back until `forget`."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._deleted: list[str] = []

    # ---- finding

    async def entries(self, wanted: Wanted) -> list[Entry]:
        """Pinned first, then newest first; with words, the titles that have them, then the places, newest first. Raises
        StoreTrouble."""
        if wanted.text.strip():
            found = await self._found(wanted)
        else:
            most = _LISTED * wanted.parts
            of = await self._history.sessions(most, None, wanted.archived, wanted.profile, wanted.since)
            found = [_entry(record) for record in of]
        return [entry for entry in found if entry.key not in self._deleted]

    async def _found(self, wanted: Wanted) -> list[Entry]:
        titled = await self._history.titled(wanted.text.strip(), 20, wanted.profile, wanted.since)
        hits = await self._history.search(wanted.text, _HITS * wanted.parts, wanted.profile, wanted.since)
        return [*map(_entry, titled), *sorted(map(_place, hits), key=lambda place: -place.updated)]

    # ---- changing

    def rename(self, key: str, title: str) -> None:
        """Give a conversation a title of the person's own."""
        self._history.set_flags(key, title=title, named=True)

    def pin(self, key: str, pinned: bool) -> None:
        """Keep it at the top, or no longer."""
        self._history.set_flags(key, pinned=pinned)

    def archive(self, key: str, archived: bool) -> None:
        """Take it out of the list without losing it, or put it back."""
        self._history.set_flags(key, archived=archived)

    def delete(self, key: str) -> None:
        """Hide it; `forget` makes that final."""
        self._deleted.append(key)

    def is_deleted(self, key: str) -> bool:
        """Whether it was deleted and can still be brought back."""
        return key in self._deleted

    def undo_delete(self) -> str | None:
        """Bring back what was deleted last."""
        return self._deleted.pop() if self._deleted else None

    def forget(self) -> None:
        """What was deleted is gone for good."""
        while self._deleted:
            self._history.delete(self._deleted.pop())

    async def usage(self, since: float) -> list[tuple[float, Usage]]:
        """(start, figures) of each run since then of which a server told any. Raises StoreTrouble."""
        from desktop.services.history.replay import decode

        runs: dict[int, Reducer] = {}
        for run, started, text in await self._history.usage(since):
            if run not in runs:
                runs[run] = Reducer()
                runs[run].begin(None, started)
            runs[run].apply(decode(text), started)
        found = [reducer.conversation.runs[0] for reducer in runs.values()]
        return [(run.at, run.usage) for run in found if run.usage is not None]

    # ---- out and in

    async def saved(self, key: str, agent: str = "") -> Saved:
        """A conversation with all of its branches, for an export. Raises StoreTrouble."""
        from desktop.services.history.replay import decode

        record = await self._history.session(key)
        runs = [
            SavedRun(
                run.prompt,
                run.started,
                run.number - 1 if run.after is None else run.after,
                [(at, until, decode(text)) for at, until, text in run.rows],
            )
            for run in await self._history.runs(key)
        ]
        return Saved(_title(record), agent, runs)

    async def export(self, key: str, form: str, parts: Parts, agent: str, when: Callable[[float], str]) -> str:
        """The text of an export: `form` is md, html, json or paper (HTML for printing). Raises StoreTrouble."""
        if form == "json":
            saved = await self.saved(key, agent)
            return await asyncio.to_thread(lambda: json.dumps(dump(saved, parts), ensure_ascii=False, indent=1) + "\n")
        held = await self._history.load(key)
        title = _title(await self._history.session(key))
        if form == "md":
            return await asyncio.to_thread(as_markdown, title, held, parts, agent, when)
        return await asyncio.to_thread(as_html, title, held, parts, agent, when, form == "paper")

    async def bring_in(self, path: Path) -> tuple[list[str], int]:
        """Add the conversations of a file: our JSON, or an export of ChatGPT or Claude, as JSON or ZIP. Returns their
        keys, and how many more could not be understood. Raises NotOurs, whose words are for people."""
        found, odd = await asyncio.to_thread(read_file, path)
        keys = []
        for saved in found:
            if saved.runs:
                keys.append(self._add(saved))
                await asyncio.sleep(0)  # thousands may come; the window stays alive
        await self._history.flush()
        return keys, odd

    def _add(self, saved: Saved) -> str:
        key = str(uuid.uuid4())
        for number, run in enumerate(saved.runs):
            self._history.begin_run(key, number, run.prompt, run.started, run.after)
            for seq, (at, event) in enumerate(_moments(run)):
                self._history.record(key, number, seq, at, event)
        created = saved.runs[0].started
        last = max((run.events[-1][0] if run.events else run.started for run in saved.runs), default=created)
        named = {"title": saved.title, "named": bool(saved.title)}
        self._history.set_flags(key, **named, open=False, created=created, updated=last)
        return key


def _moments(run: SavedRun) -> Iterator[tuple[float, AnyEvent]]:
    """The events of a run; an empty piece gives folded text its last moment."""
    for at, until, event in run.events:
        yield at, event
        if until is not None and isinstance(event, TextDelta):
            yield until, replace(event, text="")


def write_file(path: Path, content: str | bytes) -> None:
    """Write an export whole or not at all, readable by its owner only. Raises StoreTrouble."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        private_file(temporary)
        temporary.write_bytes(content.encode("utf-8", "replace") if isinstance(content, str) else content)
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        words = tr("The file could not be written: {reason}.", reason=error.strerror or error)
        raise StoreTrouble(words) from error


def _title(record: SessionRecord | None) -> str:
    if record is None:
        return tr("Untitled")
    return record.title or " ".join(record.question.split()) or tr("Untitled")


def _entry(record: SessionRecord) -> Entry:
    return Entry(record.key, _title(record), record.updated, pinned=record.pinned, archived=record.archived)


def _place(hit: Hit) -> Entry:
    return Entry(hit.session, hit.title, hit.at, hit.snippet, hit.marks, hit.item, hit.kind)
