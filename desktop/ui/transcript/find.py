"""Find in the conversation: places by item, counted in the source, shown in the layout."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from weakref import WeakKeyDictionary

from desktop.ui.transcript.pieces import DocPiece, Span, units
from desktop.ui.transcript.selection import Spot
from desktop.ui.transcript.stack import Stack

_MARKS = str.maketrans("", "", "*_`~")


class Finder:
    """`count` places are known by entry; `current` is one of them, or -1."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.needle = ""
        self.current = -1
        self._entries: list[int] = []  # those with a match
        self._ends: list[int] = []  # how many places there are up to each of them
        self._seen: WeakKeyDictionary[DocPiece, tuple[int, list[Span]]] = WeakKeyDictionary()

    @property
    def count(self) -> int:
        return self._ends[-1] if self._ends else 0

    def search(self, text: str) -> int:
        """Look for a text, without regard to case; the number of places."""
        self.needle = text.lower()
        self.current = -1
        self._seen.clear()
        self._entries, self._ends = [], []
        if self.needle:
            self._count_all()
        return self.count

    def _count_all(self) -> None:
        total = 0
        for index, name in enumerate(self._stack.ids):
            if count := self._count(self._source(index, name)):
                total += count
                self._entries.append(index)
                self._ends.append(total)

    def _source(self, index: int, name: str) -> str:
        """The searched text of an item. Most are searched without making an entry of them."""
        grouping = self._stack.grouping
        if grouping.row_of(name) != name:
            return ""  # it is said in another's row
        text = getattr(self._stack.conversation.items[name], "text", None)
        if not isinstance(text, str):
            return self._stack.entry(index).source()
        return f"{speaker}\n{text}" if (speaker := grouping.speaker(name)) else text

    def _count(self, source: str) -> int:
        """Matches in the source; where there are none, in the source without the marks of emphasis and code."""
        low = source.lower()
        count = low.count(self.needle)
        if not count and " " in self.needle and self._words_in(low):
            count = low.translate(_MARKS).count(self.needle)
        return count

    def _words_in(self, low: str) -> bool:
        return all(word in low for word in self.needle.split())

    def step(self, back: bool = False) -> Spot | None:
        """Go to the next place, round at the end; where it is in the layout."""
        if not self.count:
            return None
        if self.current < 0:
            self.current = self.count - 1 if back else self._first_below()
        else:
            self.current = (self.current + (-1 if back else 1)) % self.count
        at = bisect_right(self._ends, self.current)
        return self._locate(self._entries[at], self.current - (self._ends[at - 1] if at else 0))

    def _first_below(self) -> int:
        """The first place that is not above what is seen now."""
        seen = self._stack.placed[0].entry if self._stack.placed else 0
        at = bisect_left(self._entries, seen)
        return self._ends[at - 1] if 0 < at < len(self._entries) else 0

    def _locate(self, index: int, nth: int) -> Spot:
        """The nth match in the laid-out entry; hidden ones (in an address, say) give way to the last one shown."""
        left, last = nth, None
        entry = self._stack.open(index)
        for number, block in enumerate(entry.shown):
            if block.source and self.needle[0] not in block.source.lower():
                continue
            for at, piece in enumerate(self._stack.build(index, number).pieces):
                for begin, _ in self.spans(piece):
                    last = Spot(index, number, at, begin)
                    if not left:
                        return last
                    left -= 1
        return last or Spot(index, 0, 0, 0)

    def spans(self, piece: object) -> list[Span]:
        """The matches inside a piece."""
        if not self.needle:
            return []
        if isinstance(piece, DocPiece):
            revision = piece.doc.revision()
            seen = self._seen.get(piece)
            if seen is None or seen[0] != revision:
                text = piece.doc.toRawText()
                seen = self._seen[piece] = (revision, self._spans(text))
            return seen[1]
        return self._spans(getattr(piece, "words", ""))

    def _spans(self, text: str) -> list[Span]:
        spans = [match.span() for match in re.finditer(re.escape(self.needle), text.lower())]
        if spans and max(text) > "\uffff":
            spans = [(units(text[:begin]), units(text[:end])) for begin, end in spans]
        return spans
