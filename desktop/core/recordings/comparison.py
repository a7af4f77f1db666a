"""Two conversations side by side, as two recordings of the same task give them: what differs in text, tools, order and
time. Made from what was shown, not from the wire: ids and cuts differ in any two runs and mean nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from desktop.core import describe
from desktop.core.asks.textdiff import likeness, pieces
from desktop.core.asks.words import STATES
from desktop.core.conversation import (
    AgentItem,
    AnswerItem,
    AskItem,
    Conversation,
    EndItem,
    FileItem,
    Item,
    NoticeItem,
    SourceItem,
    StepItem,
    ThoughtItem,
    ToolItem,
    UserTurn,
)
from desktop.core.events import Path
from desktop.core.language import mark, number, tr, trn
from desktop.core.recordings.expectations import seen_in
from desktop.core.recordings.recording import pretty
from desktop.core.recordings.redaction import Redactor
from desktop.core.recordings.timeline import timeline, turns
from desktop.core.recordings.timeline_words import duration

How = Literal["same", "changed", "moved", "only a", "only b"]
HOW: dict[How, str] = {
    "same": mark("same"),
    "changed": mark("differs"),
    "moved": mark("in another place"),
    "only a": mark("only in A"),
    "only b": mark("only in B"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened. `name` says which step of the other recording it belongs to; `facts` are (what, text);
    `at` is in seconds since the conversation began, `seconds` how long it took, None for what takes no time."""

    what: str
    path: Path
    name: str
    facts: tuple[tuple[str, str], ...]
    at: float
    seconds: float | None = None

    @property
    def key(self) -> tuple[str, Path, str]:
        """What two steps that belong together have in common."""
        return self.what, self.path, self.name

    @property
    def title(self) -> str:
        """`tool search`, with who did it if that is not the main agent."""
        by = tr("by {name}", name=" › ".join(self.path)) if self.path else ""
        return " ".join(filter(None, (tr(self.what), self.name, by)))


@dataclass(frozen=True, slots=True)
class Pair:
    """A step of both, or of one. `differs` are (what, the first's text, the second's text)."""

    how: How
    a: Step | None
    b: Step | None
    differs: tuple[tuple[str, str, str], ...] = ()

    @property
    def step(self) -> Step:
        """Either of the two."""
        step = self.a or self.b
        assert step is not None
        return step


@dataclass(frozen=True, slots=True)
class Figure:
    """Something that can be said of either as a whole. `timed` ones never make two recordings different."""

    name: str
    a: str
    b: str
    same: bool
    timed: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """All of it."""

    figures: tuple[Figure, ...]
    pairs: tuple[Pair, ...]

    @property
    def same(self) -> bool:
        """Whether nothing differs but the time."""
        return all(f.same or f.timed for f in self.figures) and all(pair.how == "same" for pair in self.pairs)


def compare(a: Conversation, b: Conversation) -> Comparison:
    """What differs between two conversations."""
    return Comparison(tuple(_figures(a, b)), tuple(_pairs(steps_of(a), steps_of(b))))


# ---- steps


def steps_of(conversation: Conversation) -> list[Step]:
    """What happened, in order. Members that are called like secrets are left out."""
    start = conversation.runs[0].at if conversation.runs else 0.0
    redactor = Redactor()
    return [step for item in conversation.items.values() for step in _steps(item, start, redactor)]


def _steps(item: Item, start: float, redactor: Redactor) -> Iterator[Step]:
    at, took = item.at - start, None if item.ended is None else item.ended - item.at

    def step(what: str, name: str = "", seconds: float | None = None, **facts: Any) -> Step:
        told = ((what, _told(value, redactor)) for what, value in facts.items())
        return Step(what, item.path, name, tuple((n.replace("_", " "), t) for n, t in told if t), at, seconds)

    match item:
        case UserTurn():
            yield step("message", text=item.text, pictures=len(item.images) or None)
        case AnswerItem():
            yield step("answer", seconds=took, text=item.text)
        case ThoughtItem():
            yield step("thought", seconds=took, text=item.text)
        case ToolItem():
            args = item.args if item.args is not None else item.args_text
            given = item.result if item.result is not None else "\n".join(p.text for p in item.parts if p.text)
            seconds = describe.tool_seconds(item)
            state = describe.tool_state(item)
            yield step("tool", item.name, seconds, arguments=args, state=state, result=given, error=item.error)
        case AskItem():
            state = tr(STATES[item.state])
            yield step("request", item.tool or item.type, took, asks=item.text, arguments=item.args, state=state,
                       answer=item.answer)  # fmt: skip
        case StepItem():
            yield step("step", item.label or item.step, took, state=describe.step_state(item), detail=item.detail)
        case AgentItem():
            yield step("agent", item.name, took, task=item.task, state=describe.agent_state(item), result=item.result)
        case NoticeItem() if item.text:
            yield step("notice", text=item.text)
        case FileItem():
            yield step("file", item.name or item.media, size=None if item.data is None else len(item.data))
        case SourceItem():
            yield step("source", item.title or item.url or item.source, quote=item.quote)
        case EndItem():
            yield step("end", item.status, reason=item.error.text if item.error else item.reason)


def _told(value: Any, redactor: Redactor) -> str:
    if value is None or value == "":
        return ""
    clean = redactor.value(value)
    return clean if isinstance(clean, str) else pretty(clean)


# ---- pairs


def _pairs(a: Sequence[Step], b: Sequence[Step]) -> list[Pair]:
    """In the order of the first; what only the second has stands where it stands there."""
    left: list[Pair] = []
    for how, a1, a2, b1, b2 in SequenceMatcher(None, [s.key for s in a], [s.key for s in b], False).get_opcodes():
        if how == "equal":
            left += (_pair(x, y) for x, y in zip(a[a1:a2], b[b1:b2], strict=True))
        else:
            left += (Pair("only a", x, None) for x in a[a1:a2])
            left += (Pair("only b", None, y) for y in b[b1:b2])
    return _with_moved(left)


def _pair(a: Step, b: Step, moved: bool = False) -> Pair:
    facts_a, facts_b = dict(a.facts), dict(b.facts)
    names = dict.fromkeys((*facts_a, *facts_b))
    differs = tuple((n, x, y) for n in names if (x := facts_a.get(n, "")) != (y := facts_b.get(n, "")))
    return Pair("moved" if moved else "changed" if differs else "same", a, b, differs)


def _with_moved(pairs: Sequence[Pair]) -> list[Pair]:
    """A step that each has alone, but by the same name, is in another place."""
    free: dict[object, list[Step]] = {}
    for pair in pairs:
        if pair.b is not None and pair.a is None:
            free.setdefault(pair.b.key, []).append(pair.b)
    out, taken = [], set[int]()
    for pair in pairs:
        found = free.get(pair.a.key) if pair.a is not None and pair.b is None else None
        if pair.a is not None and found:
            other = found.pop(0)
            taken.add(id(other))
            out.append(_pair(pair.a, other, moved=True))
        else:
            out.append(pair)
    return [pair for pair in out if pair.a is not None or id(pair.b) not in taken]


# ---- figures


def _figures(a: Conversation, b: Conversation) -> Iterator[Figure]:
    one, two = seen_in(a), seen_in(b)
    plain = (
        (tr("ended"), one.ended, two.ended),
        (tr("tools"), ", ".join(one.tools) or "–", ", ".join(two.tools) or "–"),
        (tr("requests to a person"), ", ".join(one.asks) or "–", ", ".join(two.asks) or "–"),
        (tr("events that Sluice does not know"), str(one.unknown), str(two.unknown)),
    )
    yield from (Figure(name, x, y, x == y) for name, x, y in plain)
    yield _answers(one.answer, two.answer)
    for name, x, y in zip(_TIMES, _times(a), _times(b), strict=True):
        yield Figure(tr(name), x, y, x == y, timed=True)


def _answers(a: str, b: str) -> Figure:
    first, second = (trn("{n} word", "{n} words", len(text.split())) for text in (a, b))
    if a != b:
        second += ", " + tr("{n} % the same", n=number(100 * likeness(pieces(a, b))))
    return Figure(tr("answer"), first, second, a == b)


_TIMES = (mark("took"), mark("first word"), mark("longest gap"), mark("tokens"), mark("cost"))


def _times(conversation: Conversation) -> list[str]:
    lines = [timeline(conversation, runs, conversation.runs[runs[-1]].heard) for runs in turns(conversation)]
    seen, figures = seen_in(conversation), [line.figures for line in lines]
    usages = [f.usage for f in figures if f.usage is not None]
    cost = [u.cost for u in usages if u.cost is not None]
    gaps = [f.gap for f in figures if f.gap is not None]
    return [
        duration(seen.seconds),
        "–" if seen.first_word is None else duration(seen.first_word),
        duration(max(gaps)) if gaps else tr("under 1 s"),
        tr("{into} in, {out} out", into=_count(u.input for u in usages), out=_count(u.output for u in usages)),
        number(sum(cost), form=".4g") if cost else "–",
    ]


def _count(values: Iterable[int | None]) -> str:
    known = [value for value in values if value is not None]
    return number(sum(known)) if known else "–"
