"""An entry of the audit list in words: one headline, and the whole as lines that nothing in them can imitate."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from desktop.core.arguments import Line, lay_out, lay_out_text
from desktop.core.describe import arguments_line
from desktop.core.visible import json_text, one_line, visible
from desktop.services.audit import AuditEntry
from desktop.services.decision_tap import PERSON

_VERDICTS = {"allow": "allowed", "deny": "denied", "answer": "answered"}
_ENDINGS = {
    "answered": "The agent took the answer.",
    "expired": "The time to decide ran out.",
    "withdrawn": "The agent no longer waited for an answer.",
    "superseded": "A newer request took its place.",
}


def verdict(entry: AuditEntry) -> str:
    """What became of it, in a word or two."""
    if entry.decision is None:
        return "not decided" if entry.how is None else entry.how
    word = _VERDICTS.get(entry.decision, entry.decision)
    return word if entry.by in (None, PERSON) else f"{word} by a rule"


def headline(entry: AuditEntry) -> str:
    """Two lines for a list."""
    about = one_line(entry.tool or entry.text or entry.type or "a request", 60)
    first = f"{about}  {one_line(arguments_line(entry.args), 60)}" if entry.args is not None else about
    when, where = _when(entry.decided_at or entry.shown_at), one_line(entry.place.title, 40)
    return f"{first}\n{when} · {verdict(entry)} · {where}"


def matches(entry: AuditEntry, words: str) -> bool:
    """Whether every word occurs in the entry, in any case."""
    place = entry.place
    held = (entry.tool, entry.text, place.title, place.server, verdict(entry), entry.by, entry.digest)
    text = " ".join(filter(None, held)).casefold()
    wanted = words.casefold().split()
    return all(word in text or word in json_text(entry.args).casefold() for word in wanted)


def lines(entry: AuditEntry) -> Iterator[Line]:
    """Everything that is known, in the order in which it happened."""
    yield Line("note", f"Conversation: {one_line(entry.place.title, 200)}")
    yield Line("note", f"Server: {one_line(entry.place.server, 200)}")
    yield Line("note", f"Request: {one_line(entry.ask, 200)}")
    yield Line("note", _shown(entry))
    if entry.digest:
        yield Line("note", f"Digest of what was shown: {entry.digest}")
    if entry.tool:
        yield Line("said", f"Tool: {visible(entry.tool)}")
    if entry.text:
        yield Line("note", "The agent said:")
        yield from lay_out_text(entry.text)
    yield Line("note", "Arguments:")
    yield from lay_out(entry.args)
    yield from _decision(entry)
    for at, method, address, body in entry.sent:
        yield Line("note", f"{_when(at)} Sent: {one_line(f'{method} {address}', 300)}")
        if body is not None:
            yield from lay_out(body)
    for at, status, words in entry.came_back:
        said = f"{_when(at)} The server answered {status}." if status else f"{_when(at)} No answer came back."
        yield Line("note", f"{said} {one_line(words, 300)}".strip())
    if entry.sent and not entry.came_back:
        yield Line("note", "It is not known whether it arrived: nothing came back while Sluice was running.")
    if entry.how:
        yield Line("note", _ENDINGS.get(entry.how, entry.how))


def as_text(entry: AuditEntry) -> str:
    """The whole entry as text to paste."""
    return "\n".join(line.text for line in lines(entry))


def _shown(entry: AuditEntry) -> str:
    if entry.shown_at is None:
        return "It is not known when this was shown."
    if entry.shown_to != PERSON:
        return f"{_when(entry.shown_at)} Not shown: it came to a {one_line(entry.shown_to, 200)}"
    return f"{_when(entry.shown_at)} Shown to a person"


def _decision(entry: AuditEntry) -> Iterator[Line]:
    if entry.decision is None or entry.decided_at is None:
        yield Line("note", "Nothing was decided here.")
        return
    who = "a person" if entry.by in (None, PERSON) else f"a {one_line(entry.by or '', 200)}"
    what = _VERDICTS.get(entry.decision, entry.decision).capitalize()
    yield Line("note", f"{_when(entry.decided_at)} {what} by {who}")
    if entry.answer:
        yield Line("note", "With:")
        yield from lay_out(entry.answer)


def _when(at: float | None) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S") if at is not None else ""
