"""The audit list: what was shown, what was decided and by whom, what was sent, what came back.

One JSON object a line, only ever appended, each with one write: what was written survives a kill of the program, and a
line cut by a power failure is left out when reading and never joined with the next. No header, so no key, is in it.
"""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from desktop.core.asks.arguments import ask_digest
from desktop.core.asks.visible import json_text
from desktop.core.conversation import AskItem
from desktop.core.language import tr
from desktop.core.requests import Answer, HttpCall
from desktop.core.wire.jsontext import clean
from desktop.services.approvals.decision_tap import PERSON
from desktop.services.paths import private_file


@dataclass(frozen=True, slots=True)
class Place:
    """Whose ask it is: the session's key and title, and the server's address without credentials."""

    session: str
    title: str = ""
    server: str = ""


@dataclass(slots=True)
class AuditEntry:
    """One ask as it was shown (`shown_to` a person or a rule), and what became of it. Times are seconds since 1970;
    `decision` is allow, deny or answer; `by` is "person" or the words of a rule; `sent` are (time, method, address,
    body); `came_back` are (time, status, words)."""

    place: Place
    ask: str
    type: str = ""
    tool: str | None = None
    args: Any = None
    text: str = ""
    digest: str = ""
    shown_at: float | None = None
    shown_to: str = PERSON
    decision: str | None = None
    decided_at: float | None = None
    by: str | None = None
    answer: dict[str, Any] = field(default_factory=dict)
    sent: list[tuple[float, str, str, Any]] = field(default_factory=list)
    came_back: list[tuple[float, int, str]] = field(default_factory=list)
    how: str | None = None


class AuditLog:
    """Writes and reads the list in one file. Every method that writes returns None, or one sentence for people if the
    line could not be written; nothing is raised, because a full disk must not take a decision away."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path, self._clock = path, clock
        self._handle: int | None = None
        self._shown: set[tuple[str, str, int, str]] = set()
        self.damaged = 0  # lines that the last reading left out

    # ---- writing

    def shown(self, place: Place, item: AskItem, to: str = PERSON) -> str | None:
        """An ask came up for a person to read, or for the rule whose words are `to`; once for each version of it."""
        digest = ask_digest(item)
        key = (place.session, item.ask, item.version, digest)
        if key in self._shown:
            return None
        trouble = self._write(
            "shown", place, item.ask, digest=digest, title=place.title, server=place.server, path=list(item.path),
            type=item.type, tool=item.tool, args=item.args, text=item.text, version=item.version,
            to=to,
        )  # fmt: skip
        if trouble is None:
            self._shown.add(key)
        return trouble

    def decided(self, place: Place, answer: Answer, by: str = PERSON) -> str | None:
        """A person or a rule decided; `answer.shown` says about what."""
        decision = "answer" if answer.allow is None else "allow" if answer.allow else "deny"
        given = {"choices": list(answer.choices), "text": answer.text, "args": answer.args, "note": answer.note}
        kept = {name: value for name, value in given.items() if value not in (None, [])}
        return self._write("decided", place, answer.ask, digest=answer.shown, decision=decision, by=by, answer=kept)

    def sent(self, place: Place, ask: str, call: HttpCall) -> str | None:
        """A decision went out: its method, address without query, and body."""
        at = urlsplit(call.url)
        address = f"{at.scheme}://{at.hostname or ''}{f':{at.port}' if at.port else ''}{at.path}"
        return self._write("sent", place, ask, method=call.method, url=address, body=call.json)

    def came_back(self, place: Place, ask: str, status: int, words: str = "") -> str | None:
        """What the server said to it; status 0 if nothing came back."""
        return self._write("came back", place, ask, status=status, words=words)

    def closed(self, place: Place, ask: str, how: str, answer: str | None = None) -> str | None:
        """The ask is no longer open: `how` it ended, with the server's word for the answer."""
        return self._write("closed", place, ask, how=how, answer=answer)

    def close(self) -> None:
        """Let go of the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    # ---- reading

    def entries(self) -> list[AuditEntry]:
        """Everything in the file, oldest first. Lines that cannot be read are counted in `damaged`."""
        entries: list[AuditEntry] = []
        newest: dict[tuple[str, str], AuditEntry] = {}
        self.damaged = 0
        for line in self._lines():
            try:
                self._take(line, entries, newest)
            except (KeyError, TypeError, ValueError):
                self.damaged += 1
        return entries

    def _lines(self) -> Iterator[dict[str, Any]]:
        try:
            file = self._path.open("rb")
        except OSError:
            return
        with file:
            for raw in file:
                try:
                    line = json.loads(raw)
                except (ValueError, RecursionError):
                    line = None
                if isinstance(line, dict):
                    yield line
                else:
                    self.damaged += 1

    def _take(self, line: dict[str, Any], entries: list[AuditEntry], newest: dict[tuple[str, str], AuditEntry]) -> None:
        key, at = (str(line["session"]), str(line["ask"])), float(line["at"])
        entry = newest.get(key)
        if line["what"] == "shown" or entry is None:
            place = Place(key[0], str(line.get("title", "")), str(line.get("server", "")))
            entry = newest[key] = AuditEntry(place, key[1])
            entries.append(entry)
        match line["what"]:
            case "shown":
                entry.type, entry.tool, entry.args = line["type"], line["tool"], line["args"]
                entry.text, entry.digest, entry.shown_at = line["text"], line["digest"], at
                entry.shown_to = str(line.get("to", PERSON))
            case "decided":
                entry.decision, entry.by, entry.answer = line["decision"], line["by"], line["answer"]
                entry.decided_at = at
                entry.digest = entry.digest or line["digest"] or ""
            case "sent":
                entry.sent.append((at, line["method"], line["url"], line["body"]))
            case "came back":
                entry.came_back.append((at, int(line["status"]), line["words"]))
            case "closed":
                entry.how = line["how"]
            case _:
                raise ValueError(line["what"])

    # ---- the file

    def _write(self, what: str, place: Place, ask: str, **more: Any) -> str | None:
        line = {"at": self._clock(), "what": what, "session": place.session, "ask": ask, **more}
        try:
            text = json.dumps(clean(line), ensure_ascii=False, default=repr)
        except RecursionError:
            text = json.dumps({name: value if _flat(value) else json_text(value) for name, value in line.items()})
        try:
            self._append(text.encode("utf-8", "replace") + b"\n")
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else tr("the disk reported an error")
            return tr(
                "The list of decisions could not be written ({why}). Deciding still works, but is not listed.", why=why
            )
        return None

    def _append(self, data: bytes) -> None:
        if self._handle is None:
            private_file(self._path)
            self._handle = os.open(self._path, os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0))
            if _is_cut(self._handle):
                data = b"\n" + data
        if os.write(self._handle, data) < len(data):
            self.close()  # so that the next line does not join what is half written
            raise OSError(errno.ENOSPC, "")


def _is_cut(handle: int) -> bool:
    """Whether the file ends in the middle of a line."""
    if os.lseek(handle, 0, os.SEEK_END) == 0:
        return False
    os.lseek(handle, -1, os.SEEK_END)
    return os.read(handle, 1) != b"\n"


def _flat(value: Any) -> bool:
    return not isinstance(value, dict | list)
