"""A timeline in words: for tooltips, the line below it, screen readers and the figures above it."""

from __future__ import annotations

from desktop.core.asks.visible import one_line
from desktop.core.describe import seconds_words
from desktop.core.events import Usage
from desktop.core.language import mark, number, tr, trn
from desktop.core.recordings.timeline import Bar, BarKind, Figures, Lane

_LONG = 120  # characters of a name
KINDS: dict[BarKind, str] = {
    "model": mark("model call"),
    "thinking": mark("thinking"),
    "writing": mark("writing"),
    "step": mark("step"),
    "tool": mark("tool"),
    "wait": mark("waits for you"),
    "silence": mark("silence"),
}


def lane_name(lane: Lane | None) -> str:
    """Whose lane it is; the silence of the connection belongs to nobody."""
    if lane is None:
        return tr("Silence")
    return one_line(lane.name, _LONG) or tr("Main agent")


def duration(seconds: float) -> str:
    """A duration as exactly as somebody who measures wants it: 0.64 s, 12.3 s, 5 min 2 s."""
    if seconds < 1:
        return tr("{n} s", n=number(seconds, 2))
    return tr("{n} s", n=number(seconds, 1)) if seconds < 60 else seconds_words(seconds)


def tick_words(seconds: float) -> str:
    """A moment on the axis, without more than it needs: 0 s, 0.5 s, 2 min."""
    if 0 < seconds < 60 and seconds != round(seconds):
        return tr("{n} s", n=number(seconds, 3).rstrip("0"))
    return tr("{n} s", n="0") if seconds < 0.5 else seconds_words(seconds)


def bar_title(bar: Bar) -> str:
    """What stands on a bar."""
    if bar.kind == "silence":
        return duration(bar.seconds)
    named = bar.name if bar.kind in ("tool", "step", "model") else ""
    return one_line(named, _LONG) or tr(KINDS[bar.kind])


def bar_line(bar: Bar, lane: Lane | None, begin: float) -> str:
    """All of a bar: `read_file: tool, done, 0.64 s, from 3.20 s, by researcher, 120 in, 40 out`."""
    words = [tr(KINDS[bar.kind]) if bar.name else "", bar.state]
    if not bar.told:
        words.append(tr("as far as can be seen"))
    words.append(tr("{time} so far", time=duration(bar.seconds)) if bar.open else duration(bar.seconds))
    words.append(tr("from {time}", time=duration(bar.start - begin)))
    if lane is not None and lane.path:
        words.append(tr("by {name}", name=lane_name(lane)))
    if bar.usage is not None:
        words += usage_words(bar.usage)
    line = ", ".join(filter(None, words))
    return f"{one_line(bar.name, _LONG)}: {line}" if bar.name else f"{tr(KINDS[bar.kind])}: {line}"


def usage_words(usage: Usage) -> list[str]:
    """Tokens and cost as far as they are told."""
    words = []
    if usage.input is not None or usage.output is not None:
        words.append(tr("{into} in, {out} out", into=number(usage.input or 0), out=number(usage.output or 0)))
    if usage.cost is not None:
        words.append(f"{number(usage.cost, form='.4g')} {usage.currency or 'USD'}")
    return words


def figure_words(figures: Figures) -> list[tuple[str, str]]:
    """The figures as (name, value), those that are known."""
    out = [(tr("took"), duration(figures.seconds))]
    if figures.first_word is not None:
        out.append((tr("first word"), duration(figures.first_word)))
    if figures.rate is not None:
        unit = tr("tokens/s") if figures.unit == "tokens" else tr("characters/s")
        out.append((tr("speed"), f"{number(figures.rate, 1 if figures.rate < 10 else 0)} {unit}"))
    out.append((tr("longest gap"), duration(figures.gap) if figures.gap is not None else tr("under 1 s")))
    if figures.waited:
        out.append((tr("waited for you"), duration(figures.waited)))
    usage = figures.usage
    if usage is not None and (usage.input is not None or usage.output is not None):
        out.append((tr("tokens"), usage_words(usage)[0]))
    if usage is not None and usage.cost is not None:
        out.append((tr("cost"), usage_words(usage)[-1]))
    return out


def overview(figures: Figures, bars: int) -> str:
    """The whole in one sentence, for who cannot see it."""
    told = ", ".join(f"{name} {value}" for name, value in figure_words(figures))
    return f"{trn('{n} bar', '{n} bars', bars)}. {told}."
