"""Heights of many things in a row, with sums and look-up in logarithmic time (a Fenwick tree).

Heights are whole pixels, so the sums are exact and do not depend on the order in which heights became known.
"""

from __future__ import annotations

from collections.abc import Sequence


class Heights:
    """Non-negative heights by index."""

    def __init__(self, values: Sequence[int] = ()) -> None:
        self._values: list[int] = []
        self._sums: list[int] = [0]
        self.reset(values)

    def reset(self, values: Sequence[int]) -> None:
        """Replace all, in linear time."""
        self._values = list(values)
        sums = [0, *self._values]
        for i in range(1, len(sums)):
            up = i + (i & -i)
            if up < len(sums):
                sums[up] += sums[i]
        self._sums = sums

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, index: int) -> int:
        return self._values[index]

    def __setitem__(self, index: int, value: int) -> None:
        change = value - self._values[index]
        if not change:
            return
        self._values[index] = value
        i = index + 1
        while i < len(self._sums):
            self._sums[i] += change
            i += i & -i

    def append(self, value: int) -> None:
        """One more at the end."""
        self._values.append(value)
        i = len(self._values)
        low = i - (i & -i)
        self._sums.append(value + self._sum(i - 1) - self._sum(low))

    def pop(self) -> None:
        """Take the last one away."""
        self._values.pop()
        self._sums.pop()

    def before(self, index: int) -> int:
        """The sum of the heights before `index`."""
        return self._sum(index)

    @property
    def total(self) -> int:
        return self._sum(len(self._values))

    def at(self, y: float) -> int:
        """The index that covers `y`: the last one whose top is not below it; 0 for an empty row."""
        at, step = 0, 1 << max(len(self._values).bit_length() - 1, 0)
        while step:
            if at + step <= len(self._values) and self._sums[at + step] <= y:
                at += step
                y -= self._sums[at]
            step >>= 1
        return min(at, max(len(self._values) - 1, 0))

    def last_before(self, index: int) -> int:
        """The last one before `index` that takes any room, however many between take none; -1 if there is none."""
        if index and self._values[index - 1]:
            return index - 1
        above = self._sum(index)
        return self.at(above - 1) if above else -1

    def first_after(self, index: int) -> int:
        """The first one after `index` that takes any room; their number if there is none."""
        index += 1
        if index >= len(self._values) or self._values[index]:
            return min(index, len(self._values))
        above = self._sum(index)
        return self.at(above) if above < self.total else len(self._values)

    def _sum(self, i: int) -> int:
        total = 0
        while i > 0:
            total += self._sums[i]
            i -= i & -i
        return total
