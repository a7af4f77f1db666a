"""Full-text search: what of a conversation is searched, and how a person's words become a query."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any

from desktop.core import conversation as c
from desktop.core.wire.jsontext import clean_text, compact
from desktop.services.history.records import Hit

_PIECE = 32 * 1024  # characters of one indexed text: a snippet must read all of it
_BEGIN, _END = "\x01", "\x02"  # marks around what was found; taken out of indexed text
_SEAM = "\u200b"  # put between characters of scripts without spaces, so that each is a word
_SCRIPT = "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
_AFTER_SCRIPT = re.compile(f"({_SCRIPT})(?=\\w)")
_BEFORE_SCRIPT = re.compile(f"(\\w)(?={_SCRIPT})")
_CONTROL = re.compile(f"[\x00{_BEGIN}{_END}{_SEAM}]")
_WORDS = re.compile(r'"([^"]*)"?|(\S+)')

_HIT = f"s.key, s.title, d.run, d.item, d.kind, d.at, snippet(docs_fts, 0, '{_BEGIN}', '{_END}', '…', 24)"
_FROM = """
FROM docs_fts JOIN docs d ON d.id = docs_fts.rowid JOIN sessions s ON s.id = d.session WHERE docs_fts MATCH :words
"""
_FILTER = "AND (:profile IS NULL OR s.profile_id = :profile) AND d.at >= :since"


def texts_of(item: c.Item) -> Iterator[tuple[str, str]]:
    """(kind, text) pieces of an item that are searched; none for what is not."""
    match item:
        case c.UserTurn():
            kind, text = "question", item.text
        case c.AnswerItem():
            kind, text = "answer", item.text
        case c.ThoughtItem():
            kind, text = "thought", item.text
        case c.ToolItem():
            kind, text = "tool", _tool_text(item)
        case _:
            return
    for piece in _pieces(text):
        yield kind, indexed(piece)


def indexed(text: str) -> str:
    """The text as it is indexed."""
    plain = _CONTROL.sub(" ", clean_text(text))
    return _BEFORE_SCRIPT.sub(rf"\1{_SEAM}", _AFTER_SCRIPT.sub(rf"\1{_SEAM}", plain))


def query_of(text: str) -> tuple[str, bool]:
    """An FTS5 query for what a person typed, and whether its last word may be unfinished: all words, in any order, and
    "in quotes" as they stand. Empty if there is no word in it."""
    phrases = [quoted or word for quoted, word in _WORDS.findall(text)]
    phrases = [indexed(p).replace('"', " ") for p in phrases if re.search(r"\w", p)]
    growing = bool(phrases) and len(phrases[-1]) > 1 and not text.rstrip().endswith('"')
    return " ".join(f'"{phrase}"' for phrase in phrases), growing


@dataclass(frozen=True, slots=True)
class _Query:
    """A query with what narrows it: one connection's id, a moment in seconds since 1970."""

    db: sqlite3.Connection
    limit: int
    profile: str | None
    since: float | None

    def find(self, words: str) -> list[Hit]:
        """The newest places, each item once."""
        sql = f"SELECT {_HIT} {self._places()} ORDER BY docs_fts.rowid DESC"
        hits: dict[tuple[str, int, str], Hit] = {}
        with closing(self.db.execute(sql, self._values(words))) as rows:  # each row costs a snippet
            for key, title, run, item, kind, at, marked in islice(rows, 10 * self.limit):
                hits.setdefault((key, run, item), Hit(key, title, run, item, kind, at, *_unmark(marked)))
                if len(hits) == self.limit:
                    break
        return list(hits.values())

    def is_enough(self, words: str) -> bool:
        """Whether there may be as many places as are wanted; far cheaper than finding them."""
        sql = f"SELECT count(*) FROM (SELECT 1 {self._places()} LIMIT :limit)"
        return bool(self.db.execute(sql, self._values(words)).fetchone()[0] == self.limit)

    def _places(self) -> str:
        return _FROM if self.profile is None and self.since is None else _FROM + _FILTER

    def _values(self, words: str) -> dict[str, Any]:
        return {"words": words, "profile": self.profile, "since": self.since or 0.0, "limit": self.limit}


def search(
    db: sqlite3.Connection, text: str, limit: int, profile: str | None = None, since: float | None = None
) -> list[Hit]:
    """The newest places with these words, each item of a conversation once. Words that only begin like the last one
    are looked for if there are too few with the word itself: that takes longer."""
    words, growing = query_of(text)
    if not words:
        return []
    query = _Query(db, limit, profile, since)
    hits = query.find(words) if not growing or query.is_enough(words) else []
    return query.find(words + "*") if growing and len(hits) < limit else hits


def _tool_text(item: c.ToolItem) -> str:
    args = item.args_text or ("" if item.args is None else compact(item.args))
    result = (
        item.result if isinstance(item.result, str) else "" if item.result is None else compact(item.result)
    )
    parts = [part.text or part.new or "" for part in item.parts]
    return "\n".join(
        filter(None, (item.title or item.name, args, "".join(item.output), result, *parts, item.error))
    )


def _pieces(text: str) -> Iterator[str]:
    """The text in pieces that end at a line's end, where there is one."""
    while len(text) > _PIECE:
        cut = text.rfind("\n", _PIECE // 2, _PIECE) + 1 or _PIECE
        yield text[:cut]
        text = text[cut:]
    if text.strip():
        yield text


def _unmark(marked: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    text, marks, length = [], [], 0
    for piece in re.split(f"({_BEGIN}[^{_END}]*{_END})", marked.replace(_SEAM, "")):
        found = piece.startswith(_BEGIN)
        plain = piece.strip(_BEGIN + _END) if found else piece
        if found:
            marks.append((length, length + len(plain)))
        text.append(plain)
        length += len(plain)
    return " ".join("".join(text).split("\n")), tuple(marks)
