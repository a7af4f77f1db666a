"""Where the rows of a timeline stand and what is in them. No painting here."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from desktop.core.recordings.timeline import Bar, Lane, Timeline, Track

LANE_GAP = 8  # pixels above each lane


@dataclass(frozen=True, slots=True)
class Row:
    """One line of bars. `lane` is None for the connection's silence; `first` marks the lane's own name."""

    lane: Lane | None
    track: Track
    top: int
    first: bool

    def around(self, start: float, end: float, apart: float = 0.0) -> Iterator[Bar]:
        """The bars that reach into this span; of those that begin less than `apart` seconds after one another only the
        first."""
        at = max(0, bisect_right(self.track, start, key=_begin) - 1)
        while at < len(self.track) and (bar := self.track[at]).start < end:
            if bar.end >= start:
                yield bar
            at = max(at + 1, bisect_left(self.track, bar.start + apart, at, key=_begin))


@dataclass(frozen=True, slots=True)
class Place:
    """A bar and the row in which it stands."""

    row: Row
    bar: Bar

    @property
    def key(self) -> tuple[object, ...]:
        """The same for the same bar when the timeline is made anew."""
        lane = self.row.lane
        return (lane.path if lane else None, self.bar.kind, self.bar.item, self.bar.start)


class Rows:
    """The rows of a timeline from above, and what is left, right, above and below."""

    def __init__(self, timeline: Timeline | None, height: int) -> None:
        self.height = height
        self.rows: list[Row] = []
        top = 0
        for lane, tracks in _tracks(timeline):
            top += LANE_GAP
            for number, track in enumerate(tracks):
                self.rows.append(Row(lane, track, top, number == 0))
                top += height
        self.total = top + LANE_GAP
        self.places = [Place(row, bar) for row in self.rows for one in row.track for bar in (one, *one.parts)]
        self._at = {place.key: n for n, place in enumerate(self.places)}

    def index(self, place: Place | None) -> int | None:
        """The number of a place, also of one in an earlier timeline."""
        return self._at.get(place.key) if place is not None else None

    def of_item(self, item: str) -> Place | None:
        """The bar that stands for an item."""
        own = (p for p in self.places if p.bar.item == item and p.bar.kind != "silence")
        return max(own, key=lambda place: place.bar.kind in ("thinking", "writing"), default=None)

    def beside(self, place: Place, by: int) -> Place | None:
        """The next bar of the same row, or the one before."""
        at = self.index(place)
        if at is None or not 0 <= at + by < len(self.places):
            return None
        found = self.places[at + by]
        return found if found.row is place.row else None

    def below(self, place: Place, by: int) -> Place | None:
        """The bar nearest in time in the next row that has any, or in the one before."""
        at = self.rows.index(place.row) + by
        while 0 <= at < len(self.rows):
            if self.rows[at].track:
                row, middle = self.rows[at], place.bar.start
                return Place(row, min(row.track, key=lambda bar: max(bar.start - middle, middle - bar.end, 0.0)))
            at += by
        return None

    def at(self, y: int) -> Row | None:
        """The row at this height."""
        place = bisect_right(self.rows, y, key=_top) - 1
        return self.rows[place] if place >= 0 and y < self.rows[place].top + self.height else None

    def between(self, top: int, bottom: int) -> list[Row]:
        """The rows that show between these heights."""
        first = bisect_right(self.rows, top - self.height, key=_top)
        return self.rows[first : bisect_left(self.rows, bottom, key=_top)]


def _tracks(timeline: Timeline | None) -> Iterator[tuple[Lane | None, tuple[Track, ...]]]:
    if timeline is None:
        return
    if timeline.silences:
        yield None, (timeline.silences,)
    for lane in timeline.lanes:
        yield lane, lane.tracks or ((),)


def _begin(bar: Bar) -> float:
    return bar.start


def _top(row: Row) -> int:
    return row.top


def ticks(timeline: Timeline, seconds: float) -> Iterator[float]:
    """Moments for the axis, at least so many seconds apart; none within a wait that is drawn short."""
    step = next((s for s in _STEPS if s >= seconds), seconds)
    at = timeline.begin
    while at <= timeline.end:
        squeezed = next((span for span in timeline.squeezed if span[0] < at < span[1]), None)
        if squeezed is None:
            yield at
            at += step
        else:
            at = timeline.begin + step * (1 + (squeezed[1] - timeline.begin) // step)


_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600,
          7200, 21600, 86400)  # fmt: skip
