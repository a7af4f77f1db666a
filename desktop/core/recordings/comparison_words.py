"""A comparison in words: a report for a terminal, and as JSON for scripts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from desktop.core.asks.textdiff import Piece, pieces
from desktop.core.asks.visible import visible
from desktop.core.language import mark, tr, trn
from desktop.core.recordings.comparison import HOW, Comparison, Figure, How, Pair
from desktop.core.recordings.timeline_words import duration

_SIGNS: dict[How, str] = {"same": "=", "changed": "~", "moved": ">", "only a": "-", "only b": "+"}
_AROUND = 60  # characters of what is the same beside a difference
#: What a step is, and what can be said of it.
WHAT = (
    mark("message"), mark("answer"), mark("thought"), mark("tool"), mark("request"), mark("step"), mark("agent"),
    mark("notice"), mark("file"), mark("source"), mark("end"), mark("text"), mark("pictures"), mark("arguments"),
    mark("state"), mark("result"), mark("error"), mark("asks"), mark("detail"), mark("task"), mark("size"),
    mark("quote"), mark("reason"),
)  # fmt: skip


def as_text(found: Comparison, a: str, b: str) -> str:
    """A report for people, what differs only."""
    lines = [f"A  {visible(a)}", f"B  {visible(b)}", "", *_table(found), ""]
    for pair in found.pairs:
        if pair.how != "same":
            lines += [f"{_SIGNS[pair.how]} {visible(pair.step.title)}: {tr(HOW[pair.how])}", *_details(pair)]
    return "\n".join((*lines, verdict(found)))


def verdict(found: Comparison) -> str:
    """One sentence on all of it."""
    same = sum(pair.how == "same" for pair in found.pairs)
    if found.same:
        return tr("Nothing differs but the time.")
    return trn("{same} of {n} step is the same.", "{same} of {n} steps are the same.", len(found.pairs), same=same)


def as_json(found: Comparison, a: str, b: str) -> dict[str, Any]:
    """The same for scripts; words are in English."""
    figures = [{"name": f.name, "a": f.a, "b": f.b, "same": f.same} for f in found.figures]
    steps = [_step(pair) for pair in found.pairs if pair.how != "same"]
    return {"a": a, "b": b, "same": found.same, "figures": figures, "steps": steps}


def _step(pair: Pair) -> dict[str, Any]:
    step = pair.step
    differs = [{"what": what, "a": x, "b": y} for what, x, y in pair.differs]
    values = {"how": pair.how, "what": step.what, "name": step.name, "path": list(step.path), "differs": differs}
    return {name: value for name, value in values.items() if value}


def took(pair: Pair) -> tuple[str, str]:
    """How long the step took in each; empty where it takes no time or is not there."""
    first, second = (s.seconds if s is not None else None for s in (pair.a, pair.b))
    return ("" if first is None else duration(first)), ("" if second is None else duration(second))


def _table(found: Comparison) -> list[str]:
    names = max(len(f.name) for f in found.figures)
    width = max(len(visible(f.a)) for f in found.figures)
    return [f"  {_mark(f)} {f.name:<{names}}  {visible(f.a):<{width}}  {visible(f.b)}".rstrip() for f in found.figures]


def _mark(figure: Figure) -> str:
    return "=" if figure.same else " " if figure.timed else "~"


def _details(pair: Pair) -> Iterator[str]:
    for what, a, b in pair.differs:
        yield f"    {tr(what)}: {shown(pieces(a, b))}"


def shown(found: list[Piece]) -> str:
    """Both texts in one line: [-what only the first has-] {+what only the second has+}, and a little around them."""
    out = []
    for number, piece in enumerate(found):
        text = piece.text
        if piece.how == "same":
            out.append(_shortened(text, first=number == 0, last=number == len(found) - 1))
        else:
            out.append(f"[-{text}-]" if piece.how == "only a" else f"{{+{text}+}}")
    return visible("".join(out)).replace("\n", "\n    ")


def _shortened(text: str, first: bool, last: bool) -> str:
    if len(text) <= 2 * _AROUND:
        return text
    begin, end = ("" if first else text[:_AROUND]), ("" if last else text[-_AROUND:])
    return f"{begin} … {end}"
