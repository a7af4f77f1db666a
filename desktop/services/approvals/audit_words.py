"""An entry of the audit list in words: one headline, and the whole as lines that nothing in them can imitate."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from desktop.core.asks.arguments import Line, lay_out, lay_out_text
from desktop.core.asks.visible import json_text, one_line, visible
from desktop.core.describe import arguments_line
from desktop.core.language import mark, tr
from desktop.services.approvals.audit import AuditEntry
from desktop.services.approvals.decision_tap import PERSON, RULE

_VERDICTS = {"allow": mark("allowed"), "deny": mark("denied"), "answer": mark("answered")}
_BY_RULE = {
    "allow": mark("allowed by a rule"),
    "deny": mark("denied by a rule"),
    "answer": mark("answered by a rule"),
}
_BY_PERSON = {
    "allow": mark("{when} Allowed by a person"),
    "deny": mark("{when} Denied by a person"),
    "answer": mark("{when} Answered by a person"),
}
_BY_THIS = {
    "allow": mark("{when} Allowed by a {rule}"),
    "deny": mark("{when} Denied by a {rule}"),
    "answer": mark("{when} Answered by a {rule}"),
}
_STATES = {
    "answered": mark("answered"),
    "expired": mark("expired"),
    "withdrawn": mark("withdrawn"),
    "superseded": mark("superseded"),
}
_ENDINGS = {
    "answered": mark("The agent took the answer."),
    "expired": mark("The time to decide ran out."),
    "withdrawn": mark("The agent no longer waited for an answer."),
    "superseded": mark("A newer request took its place."),
}


def verdict(entry: AuditEntry) -> str:
    """What became of it, in a word or two."""
    if entry.decision is None:
        return tr("not decided") if entry.how is None else tr(_STATES.get(entry.how, entry.how))
    words = _VERDICTS if entry.by in (None, PERSON) else _BY_RULE
    return tr(words.get(entry.decision, entry.decision))


def headline(entry: AuditEntry) -> str:
    """Two lines for a list."""
    about = one_line(entry.tool or entry.text or entry.type or tr("a request"), 60)
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
    yield Line("note", tr("Conversation: {title}", title=one_line(entry.place.title, 200)))
    yield Line("note", tr("Server: {server}", server=one_line(entry.place.server, 200)))
    yield Line("note", tr("Request: {request}", request=one_line(entry.ask, 200)))
    yield Line("note", _shown(entry))
    if entry.digest:
        yield Line("note", tr("Digest of what was shown: {digest}", digest=entry.digest))
    if entry.tool:
        yield Line("said", tr("Tool: {tool}", tool=visible(entry.tool)))
    if entry.text:
        yield Line("note", tr("The agent said:"))
        yield from lay_out_text(entry.text)
    yield Line("note", tr("Arguments:"))
    yield from lay_out(entry.args)
    yield from _decision(entry)
    for at, method, address, body in entry.sent:
        yield Line("note", tr("{when} Sent: {what}", when=_when(at), what=one_line(f"{method} {address}", 300)))
        if body is not None:
            yield from lay_out(body)
    for at, status, words in entry.came_back:
        said = tr("The server answered {status}.", status=status) if status else tr("No answer came back.")
        yield Line("note", f"{_when(at)} {said} {one_line(words, 300)}".strip())
    if entry.sent and not entry.came_back:
        yield Line("note", tr("It is not known whether it arrived: nothing came back while Sluice was running."))
    if entry.how:
        yield Line("note", tr(_ENDINGS.get(entry.how, entry.how)))


def as_text(entry: AuditEntry) -> str:
    """The whole entry as text to paste."""
    return "\n".join(line.text for line in lines(entry))


def _shown(entry: AuditEntry) -> str:
    if entry.shown_at is None:
        return tr("It is not known when this was shown.")
    when = _when(entry.shown_at)
    if entry.shown_to != PERSON:
        return tr("{when} Not shown: it came to a {rule}", when=when, rule=_rule(entry.shown_to))
    return tr("{when} Shown to a person", when=when)


def _decision(entry: AuditEntry) -> Iterator[Line]:
    if entry.decision is None or entry.decided_at is None:
        yield Line("note", tr("Nothing was decided here."))
        return
    words = _BY_PERSON if entry.by in (None, PERSON) else _BY_THIS
    who = {"when": _when(entry.decided_at), "rule": _rule(entry.by)}
    yield Line("note", tr(words.get(entry.decision, words["answer"]), **who))
    if entry.answer:
        yield Line("note", tr("With:"))
        yield from lay_out(entry.answer)


def _when(at: float | None) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S") if at is not None else ""


def _rule(by: str | None) -> str:
    return tr("rule: {words}", words=one_line((by or "").removeprefix(RULE), 200))
