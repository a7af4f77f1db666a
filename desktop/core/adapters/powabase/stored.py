"""A run as Powabase keeps it: asked for after a cut, and after a team's stream, which mixes its members' texts."""

from __future__ import annotations

from collections.abc import Iterable

from desktop.core.adapters.powabase.content import Obj, rows, spoken
from desktop.core.adapters.powabase.stream import Reader
from desktop.core.adapters.powabase.team import child_state
from desktop.core.adapters.words import first_text
from desktop.core.events import AnyEvent, Path, TextSet
from desktop.core.language import mark, tr

_LISTS = {
    "agents": mark("a list of agents"),
    "orchestrations": mark("a list of teams"),
    "workflows": mark("a list of workflows"),
    "sessions": mark("a list of sessions"),
    "messages": mark("the messages of a session"),
    "runs": mark("the runs of a session"),
    "executions": mark("a list of a workflow's executions"),
}


def is_run(row: Obj) -> bool:
    """Whether this is a run's state, as `GET /runs/ID` and the unstreamed run give it."""
    return "run_id" in row and "status" in row and "content" in row


def stored(reader: Reader, row: Obj) -> Iterable[AnyEvent]:
    """A whole run: its events, which hold no deltas, then what `complete` would say."""
    yield from reader.begin(row)
    for event in rows(row.get("events")):
        yield from reader.read({**event, "event": first_text(event, ("event", "type"))})
    reader.team.active = reader.team.active or "child_runs" in row
    yield from reader.complete(row)
    if reader.team.active and reader.last is not None:
        yield from children(reader, row)
        yield reader.last


def children(reader: Reader, row: Obj) -> Iterable[AnyEvent]:
    """The clean texts of a team's members, from the team's stored run."""
    texts: dict[Path, list[str]] = {}
    for child, run in reader.team.stored(row.get("child_runs")):
        if child not in reader.team.children or not reader.said:
            yield child_state(child, run)
        yield from reader.tools.recorded(run.get("tool_calls"), child.path)
        texts.setdefault(child.path, []).append(spoken(run.get("content"))[0])
    for path, held in texts.items():
        if "".join(held) != reader.run.text_of(path):
            yield from reader.run.whole_text("\n\n".join(filter(None, held)), path)
    if not reader.said:
        yield from _own_text(reader, [text for held in texts.values() for text in held])
    elif reader.team.mixture and texts:
        yield from _unmix(reader, texts)


def other_words(row: Obj) -> str:
    """What an answer is that is no run."""
    if what := next((words for key, words in _LISTS.items() if isinstance(row.get(key), list)), ""):
        return tr("The server sent {what}, not an agent's answer. The address may be wrong.", what=tr(what))
    if row.get("status") == "resumed":
        return tr("The server says that it took a decision; this is no agent's answer.")
    if "session_id" in row:
        return tr("The server sent the data of a session, not an agent's answer. The address may be wrong.")
    return ""


def _own_text(reader: Reader, others: list[str]) -> Iterable[AnyEvent]:
    """What a stored team itself said: its content less that of its members; a sequence's is its last one's."""
    own = reader.run.text_of(())
    if reader.team.strategy == "sequential" and others:
        own = others[-1]
    elif reader.team.strategy != "parallel":
        for text in filter(None, others):
            own = "\n\n".join(filter(None, (half.strip() for half in own.split(text, 1))))
    if own:
        yield from reader.run.whole_text(own)


def _unmix(reader: Reader, texts: dict[Path, list[str]]) -> Iterable[AnyEvent]:
    """The mixture gives way to the members' own texts; the merge, which came after it, stays."""
    parts, run = reader.team.voice(()).parts, reader.run
    merged = any(run.part_text(part) for part in parts[reader.team.mixture :])
    instead = "" if merged else "\n\n".join(f"**{path[-1]}**\n\n{''.join(held)}" for path, held in texts.items())
    for part in parts[: reader.team.mixture]:
        yield TextSet(part=part, text=instead)
        instead = ""
