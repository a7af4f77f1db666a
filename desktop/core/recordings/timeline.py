"""What happened when, for looking at: a turn as lanes by agent, with bars for model calls, tools, waiting and silence.

Made from a conversation when somebody looks, so that streaming pays nothing. Times are those of the conversation's
clock, in seconds; a live one, a stored one and a replayed one look the same.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal

from desktop.core import branches, describe
from desktop.core.asks.words import STATES
from desktop.core.conversation import (
    PAUSE,
    AgentItem,
    AskItem,
    Conversation,
    Item,
    RunState,
    StepItem,
    TextItem,
    ThoughtItem,
    ToolItem,
)
from desktop.core.events import Path, Usage
from desktop.core.language import tr

BarKind = Literal["model", "thinking", "writing", "step", "tool", "wait", "silence"]
Span = tuple[float, float]
_PHASES = ("step", "block", "node", "skill", "phase")  # a plan's items have no time of their own
_LEAST = 0.2  # seconds of text that a rate can be told of
_SAME = 1e-6  # seconds: what is no further apart happened together
_TIMED = (TextItem, ToolItem, StepItem, AskItem)
_SQUEEZE = 10.0  # seconds of waiting for a person that are shown in full


@dataclass(frozen=True, slots=True)
class Bar:
    """From `start` to `end`; `open` while it goes on. `item` is the id of what it stands for, `state` is in words.
    `told` says that the server named a model call; else it is worked out from what came. `parts` are the thoughts and
    answers within a model call."""

    kind: BarKind
    start: float
    end: float
    name: str
    item: str = ""
    state: str = ""
    open: bool = False
    told: bool = True
    failed: bool = False
    usage: Usage | None = None
    parts: tuple[Bar, ...] = ()

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.end - self.start


Track = tuple[Bar, ...]  # one beside the other, in order of time


@dataclass(frozen=True, slots=True)
class Lane:
    """What one agent did. `name` is "" for the main agent where the server does not tell its name."""

    path: Path
    name: str
    tracks: tuple[Track, ...]
    item: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """What can be counted of a turn. Seconds; `rate` is in `unit` a second; None where nothing is known."""

    seconds: float
    first_word: float | None
    rate: float | None
    unit: Literal["tokens", "characters"]
    gap: float | None
    waited: float
    usage: Usage | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """One turn. `silences` are when nothing came, and neither a person nor a tool was the reason. `squeezed` are the
    spans of waiting that are drawn shorter than they were: hours of it would leave no room for the rest."""

    begin: float
    end: float
    lanes: tuple[Lane, ...]
    silences: Track
    figures: Figures
    squeezed: tuple[Span, ...] = ()

    def place(self, at: float) -> float:
        """Where a moment stands, in seconds from the beginning with the squeezed spans made short."""
        return at - self.begin - sum(_lost(span, at) for span in self.squeezed)

    def moment(self, place: float) -> float:
        """The moment that stands in a place: the other way round."""
        at = self.begin + place
        for start, end in self.squeezed:
            if at <= start:
                break
            into = min(at - start, _SQUEEZE)
            at = start + into * (end - start) / _SQUEEZE + (at - start - into)
        return at


def _lost(span: Span, at: float) -> float:
    start, end = span
    share = min(1.0, max(0.0, (at - start) / (end - start)))
    return share * (end - start - _SQUEEZE)


def turns(conversation: Conversation) -> list[tuple[int, ...]]:
    """The runs of each turn, oldest first: a run that answers an ask, or looks one up, belongs to the turn before."""
    out: list[list[int]] = []
    for run in branches.path(conversation):
        if not out or f"r{run}/user" in conversation.items:
            out.append([])
        out[-1].append(run)
    return [tuple(runs) for runs in out]


def timeline(conversation: Conversation, runs: Sequence[int], now: float) -> Timeline:
    """The turn that these runs are. `now` is the end of what is still going on."""
    states = [conversation.runs[number] for number in runs]
    items = sorted(_items(conversation, runs), key=lambda item: item.at)
    begin = states[0].at
    end = max([_end_of(s, now) for s in states] + [_span(i, now, begin)[1] for i in items if isinstance(i, _TIMED)])
    waits = _joined(_span(item, now, begin) for item in items if isinstance(item, AskItem))
    quiet = _quiet(states, end)
    squeezed = [span for one in _joined(quiet) for span in _within(one, waits) if span[1] - span[0] > _SQUEEZE]
    return Timeline(
        begin,
        end,
        tuple(_lane(agent, mine, states, now) for agent, mine in _by_path(items).items()),
        tuple(_silences(quiet, items, waits, now)),
        _figures(states, quiet, waits, end - begin),
        tuple(squeezed),
    )


def _items(conversation: Conversation, runs: Sequence[int]) -> list[Item]:
    wanted = set(runs)
    out = []
    for item in reversed(conversation.items.values()):  # items lie run by run
        if item.run in wanted:
            out.append(item)
        elif item.run < runs[0]:
            break
    return out[::-1]


def _by_path(items: Iterable[Item]) -> dict[Path, list[Item]]:
    """The items of each agent, the agents each after the one that gave it its task, in the order in which they came
    up."""
    found: dict[Path, list[Item]] = {(): []}
    below: dict[Path, list[Path]] = {(): []}

    def enter(path: Path) -> list[Item]:
        if path not in found:
            enter(path[:-1])
            found[path], below[path] = [], []
            below[path[:-1]].append(path)
        return found[path]

    def ordered(path: Path) -> Iterator[Path]:
        yield path
        for one in below[path]:
            yield from ordered(one)

    for item in items:
        enter(item.path).append(item)
    return {path: found[path] for path in ordered(())}


# ---- one lane


def _lane(path: Path, mine: Sequence[Item], states: Sequence[RunState], now: float) -> Lane:
    agent = next((i for i in mine if isinstance(i, AgentItem)), None)
    begin = states[0].at if not path else mine[0].at if mine else states[0].at
    steps = [item for item in mine if isinstance(item, StepItem)]
    texts = [item for item in mine if isinstance(item, TextItem)]
    calls = [_bar("model", i, i.label, now, begin) for i in steps if i.type == "model-call"]
    calls = calls or _Models(begin, now).found(mine, states if not path else ())
    bars = (
        [_bar("step", i, i.label, now, begin, describe.step_state(i)) for i in steps if i.type in _PHASES],
        [_with_parts(call, texts, now) for call in _spent(calls, path, states)],
        [_tool(i, now, begin) for i in mine if isinstance(i, ToolItem)],
        [_wait(i, now, begin) for i in mine if isinstance(i, AskItem)],
    )
    name = path[-1] if path else next((s.agent for s in states if s.agent), "")
    return Lane(path, name, tuple(track for kind in bars for track in _packed(kind)), agent.id if agent else "")


def _bar(kind: BarKind, item: Item, name: str, now: float, begin: float, state: str = "") -> Bar:
    start, end = _span(item, now, begin)
    return Bar(kind, start, end, name, item.id, state, open=item.ended is None)


def _tool(item: ToolItem, now: float, begin: float) -> Bar:
    bar = _bar("tool", item, describe.tool_name(item), now, begin, describe.tool_state(item))
    return replace(bar, failed=item.state in ("error", "denied"))


def _wait(item: AskItem, now: float, begin: float) -> Bar:
    state = "" if item.state == "pending" else tr(STATES[item.state])
    return _bar("wait", item, item.tool or item.text, now, begin, state)


def _span(item: Item, now: float, begin: float) -> Span:
    """When it was. A duration that the server told counts where less was seen of it here."""
    end = now if item.ended is None else item.ended
    ms = getattr(item, "ms", None)
    return (max(begin, min(item.at, end - ms / 1000)) if ms is not None and item.ended else item.at), max(item.at, end)


def _packed(bars: Iterable[Bar]) -> list[Track]:
    """As few tracks as it takes for no two bars to lie over each other."""
    tracks: list[list[Bar]] = []
    for bar in sorted(bars, key=lambda bar: bar.start):
        free = next((track for track in tracks if track[-1].end <= bar.start), None)
        if free is None:
            tracks.append(free := [])
        free.append(bar)
    return [tuple(track) for track in tracks]


# ---- model calls


class _Models:
    """Where the server names no model calls: a model is at work from the moment when everything that it waited for is
    there until its last word, or until it has called its tools."""

    def __init__(self, begin: float, now: float) -> None:
        self._now = now
        self._spans: list[Span] = []
        self._free = begin  # since when nothing holds the model up
        self._open = False  # whether the last call may go on

    def found(self, mine: Iterable[Item], states: Sequence[RunState]) -> list[Bar]:
        """The calls that can be seen in the items of one agent; `states` are its runs, if it is the main one."""
        begun = [state.at for state in states]
        for item in mine:
            self._free = max([self._free, *(at for at in begun if at <= item.at)])
            if isinstance(item, TextItem):
                self._say(item.at, self._end(item), goes_on=True)
            elif isinstance(item, ToolItem):
                self._say(item.at, item.at, goes_on=False)
                self._free = max(self._free, self._end(item))
            elif isinstance(item, AskItem):
                self._free, self._open = max(self._free, self._end(item)), False
        if states and states[-1].status is None and self._free < self._now:
            self._say(self._now, self._now, goes_on=True)
        spans = [span for span in self._spans if span[1] > span[0]]
        return [Bar("model", a, b, "", open=bool(states) and b == self._now, told=False) for a, b in spans]

    def _say(self, start: float, end: float, goes_on: bool) -> None:
        """The model says something: in a call of its own if what it waited for had come by then."""
        if self._spans and (self._open or start < self._free):
            self._spans[-1] = self._spans[-1][0], max(self._spans[-1][1], end)
        else:
            self._spans.append((self._free, end))
        self._open = goes_on

    def _end(self, item: Item) -> float:
        return self._now if item.ended is None else item.ended


def _with_parts(model: Bar, texts: Sequence[TextItem], now: float) -> Bar:
    """With the thoughts and answers that it gave."""
    first = bisect_left(texts, model.start, key=_begin)
    last = bisect_right(texts, model.end, key=_begin)
    parts = tuple(
        _bar("thinking" if isinstance(i, ThoughtItem) else "writing", i, "", now, i.at) for i in texts[first:last]
    )
    return replace(model, parts=parts, item=model.item or (parts[0].item if parts else ""))


def _begin(item: Item) -> float:
    return item.at


def _spent(models: Sequence[Bar], path: Path, states: Iterable[RunState]) -> list[Bar]:
    """Each call's own figures, where the server tells them: they come at its end or soon after."""
    out = list(models)
    for at, usage in (one for state in states for one in state.spent if one[1].path == path):
        place = max((n for n, bar in enumerate(out) if bar.start <= at), default=None)
        if place is not None:
            out[place] = replace(out[place], usage=usage)
    return out


# ---- silence


def _quiet(states: Sequence[RunState], end: float) -> list[Span]:
    """When nothing came, for whatever reason: within the runs, between them and at the end."""
    out = [pause for state in states for pause in state.pauses]
    out += [(_end_of(a, end), b.at) for a, b in pairwise(states) if b.at > _end_of(a, end)]
    last = states[-1].heard if states[-1].status is None else _end_of(states[-1], end)
    return [*out, (last, end)] if end - last > PAUSE else out


def _silences(quiet: Iterable[Span], items: Sequence[Item], waits: Iterable[Span], now: float) -> Iterator[Bar]:
    busy = _joined([*waits, *(_span(i, now, i.at) for i in items if isinstance(i, ToolItem))])
    for one in quiet:
        for a, b in _without(one, busy):
            if b - a > PAUSE:
                place = bisect_left(items, b - _SAME, key=_begin)
                yield Bar("silence", a, b, "", items[place].id if place < len(items) else "", open=b == now)


def _joined(spans: Iterable[Span]) -> list[Span]:
    """The same moments in as few spans as possible."""
    out: list[Span] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1] = out[-1][0], max(out[-1][1], end)
        else:
            out.append((start, end))
    return out


def _without(span: Span, others: Sequence[Span]) -> Iterator[Span]:
    """What is left of a span; the others are in order and do not touch."""
    start, end = span
    for a, b in _within(span, others):
        if a > start:
            yield start, a
        start = b
    if start < end:
        yield start, end


def _within(span: Span, others: Sequence[Span]) -> Iterator[Span]:
    for at in range(bisect_right(others, span[0], key=lambda other: other[1]), len(others)):
        a, b = others[at]
        if a >= span[1]:
            return
        yield max(a, span[0]), min(b, span[1])


# ---- figures


def _figures(states: Sequence[RunState], quiet: Iterable[Span], waits: Sequence[Span], seconds: float) -> Figures:
    first = next((s.first_text for s in states if s.first_text is not None), None)
    rate, unit = _rate(states)
    return Figures(
        seconds=seconds,
        first_word=None if first is None else first - states[0].at,
        rate=rate,
        unit=unit,
        gap=max((b - a for one in quiet for a, b in _without(one, waits)), default=None),
        waited=sum(b - a for a, b in waits),
        usage=_sum([s.usage for s in states if s.usage is not None]),
    )


def _rate(states: Iterable[RunState]) -> tuple[float | None, Literal["tokens", "characters"]]:
    """From the first text to the last word, as the status line counts it."""
    spoke = [s for s in states if s.first_text is not None]
    span = sum((s.ended or s.last_event or 0.0) - (s.first_text or 0.0) for s in spoke)
    if span <= _LEAST:
        return None, "tokens"
    made = [s.usage.output for s in spoke if s.usage is not None and s.usage.output]
    if len(made) == len(spoke):
        return sum(made) / span, "tokens"
    return sum(s.characters for s in spoke) / span, "characters"


def _sum(usages: Sequence[Usage]) -> Usage | None:
    if len(usages) < 2:
        return usages[0] if usages else None
    names = ("input", "output", "reasoning", "cached", "cost")
    known = {name: [n for u in usages if (n := getattr(u, name)) is not None] for name in names}
    totals: dict[str, Any] = {name: sum(counts) for name, counts in known.items() if counts}
    return Usage(**totals, currency=next((u.currency for u in usages if u.currency), None))


def _end_of(state: RunState, now: float) -> float:
    return now if state.status is None else state.ended or state.last_event or state.at
