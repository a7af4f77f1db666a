"""Finished steps that follow one another: they share one line.

Each agent's steps are a thread of their own: what an agent does that works beside it does not part them, what it does
itself (a text, a call), what is done for it and what is said above it does.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from itertools import islice

from desktop.core.conversation import AgentItem, Item, StepItem
from desktop.core.events import Path

_SAMPLE = 100  # steps that are read to say what a streak was about


@dataclass(slots=True)
class Stretch:
    """Steps with nothing between them. `apart` are the places, in order, of those that stand by themselves because
    they are not done."""

    steps: list[StepItem] = field(default_factory=list)
    apart: list[int] = field(default_factory=list)

    def streak(self, place: int) -> Streak | None:
        """The finished steps around a place, or None if what is there is not done."""
        after = bisect_left(self.apart, place)
        end = self.apart[after] if after < len(self.apart) else len(self.steps)
        if end == place or not 0 <= place < len(self.steps):
            return None
        first = self.apart[after - 1] + 1 if after else 0
        return Streak(self, first, end, place - first)

    def settle(self, place: int) -> None:
        """Take note of the state of the step in a place."""
        after = bisect_left(self.apart, place)
        known = after < len(self.apart) and self.apart[after] == place
        if self.steps[place].state == "done":
            if known:
                del self.apart[after]
        elif not known:
            insort(self.apart, place)


@dataclass(frozen=True, slots=True)
class Streak:
    """Finished steps one after the other, as they are at this moment: those of `stretch` from `first` to before `end`.
    The first of them speaks for all; `at` is the number, from 0, of the one that was asked about."""

    stretch: Stretch
    first: int
    end: int
    at: int = 0

    def __len__(self) -> int:
        return self.end - self.first

    @property
    def lead(self) -> StepItem:
        return self.stretch.steps[self.first]

    @property
    def steps(self) -> list[StepItem]:
        return self.stretch.steps[self.first : self.end]

    @property
    def labels(self) -> list[str]:
        """What the steps are called, each name once; of very many steps those of the first."""
        some = islice(self.stretch.steps, self.first, min(self.end, self.first + _SAMPLE))
        return list(dict.fromkeys(step.label or step.step for step in some))

    @property
    def is_sampled(self) -> bool:
        """Whether there are more steps than `labels` tells of."""
        return len(self) > _SAMPLE

    @property
    def seconds(self) -> float:
        """From the begin of the first step to the last word about the newest ones."""
        newest = islice(self.stretch.steps, max(self.first, self.end - _SAMPLE), self.end)
        return max(0.0, max(_end(step) for step in newest) - _begin(self.lead))


def _end(step: StepItem) -> float:
    return step.at if step.ended is None else step.ended


def _begin(step: StepItem) -> float:
    """When a step began; of one that is only told of when it is over, from the duration that the server tells."""
    return step.at if step.ms is None else min(step.at, _end(step) - step.ms / 1000)


class Stretches:
    """Every step's place. Fed with the items in their order; nothing is looked at twice."""

    def __init__(self) -> None:
        self._places: dict[str, tuple[Stretch, int]] = {}
        self._run = -1
        self._count = 0
        self._newest: dict[Path, tuple[Stretch, int]] = {}  # of each thread, and the count when it was last longer
        self._here: dict[Path, int] = {}  # the count of the last item in a thread,
        self._below: dict[Path, int] = {}  # and of the last one in it or in one that it gave work to

    def add(self, item: Item) -> None:
        """One more item of the conversation."""
        if item.run != self._run:
            self._run = item.run
            self._newest, self._here, self._below = {}, {}, {}
        thread = item.path[:-1] if isinstance(item, AgentItem) else item.path
        stretch = self._joined(item, thread) if isinstance(item, StepItem) else None
        self._count += 1
        self._here[thread] = self._count
        for depth in range(len(thread) + 1):
            self._below[thread[:depth]] = self._count
        if stretch is not None:
            self._newest[thread] = stretch, self._count

    def _joined(self, step: StepItem, thread: Path) -> Stretch:
        stretch, count = self._newest.get(thread, (None, 0))
        if stretch is None or self._parted(thread) > count:
            stretch = Stretch()
        self._places[step.id] = stretch, len(stretch.steps)
        stretch.steps.append(step)
        stretch.settle(len(stretch.steps) - 1)
        return stretch

    def _parted(self, thread: Path) -> int:
        """The count of the last item that no step of the thread reaches over."""
        above = (self._here.get(thread[:depth], 0) for depth in range(len(thread)))
        return max(self._below.get(thread, 0), *above, 0)

    def settle(self, step: StepItem) -> list[str]:
        """The state of a step changed, or it is new; the ids of the steps whose line may be another now."""
        stretch, place = self._places[step.id]
        stretch.settle(place)
        around = [stretch.streak(place - 1), stretch.streak(place), stretch.streak(place + 1)]
        leads = [streak.lead.id for streak in around if streak is not None]
        after = [stretch.steps[place + 1].id] if place + 1 < len(stretch.steps) else []
        return list(dict.fromkeys([*leads, step.id, *after]))

    def streak(self, name: str) -> Streak | None:
        """The two or more finished steps that this one is among."""
        if name not in self._places:
            return None
        stretch, place = self._places[name]
        streak = stretch.streak(place)
        return streak if streak is not None and streak.end - streak.first > 1 else None
