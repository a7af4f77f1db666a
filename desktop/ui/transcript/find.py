"""Find in the conversation: places by item, counted in the source, shown in the layout."""

from __future__ import annotations

import re
from typing import NamedTuple
from weakref import WeakKeyDictionary

from desktop.ui.transcript.pieces import DocPiece, Span, units
from desktop.ui.transcript.selection import Spot
from desktop.ui.transcript.stack import Stack

_MARKS = str.maketrans("", "", "*_`~")


class Place(NamedTuple):
    """The nth match of an entry."""

    entry: int
    nth: int


class Finder:
    """`places` are in reading order; `current` is an index into them, or -1."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.needle = ""
        self.places: list[Place] = []
        self.current = -1
        self._seen: WeakKeyDictionary[DocPiece, tuple[int, list[Span]]] = WeakKeyDictionary()

    def search(self, text: str) -> int:
        """Look for a text, without regard to case; the number of places."""
        self.needle = text.casefold()
        self.current = -1
        self._seen.clear()
        self.places = [] if not self.needle else list(self._places())
        return len(self.places)

    def _places(self) -> list[Place]:
        found: list[Place] = []
        stack, needle = self._stack, self.needle
        for index, name in enumerate(stack.ids):
            entry = stack.entries[index]
            item = stack.conversation.items[name]
            source = getattr(item, "text", None) if entry is None else entry.source()
            if not isinstance(source, str):
                source = stack.entry(index).source()
            low = source.lower()
            count = low.count(needle)
            if not count and any(mark in low for mark in "*_`~"):
                count = low.translate(_MARKS).count(needle)
            found += [Place(index, nth) for nth in range(count)]
        return found

    def step(self, back: bool = False) -> Spot | None:
        """Go to the next place, round at the end; where it is in the layout."""
        if not self.places:
            return None
        if self.current < 0:
            self.current = len(self.places) - 1 if back else self._first_below()
        else:
            self.current = (self.current + (-1 if back else 1)) % len(self.places)
        return self._locate(self.places[self.current])

    def _first_below(self) -> int:
        """The first place that is not above what is seen now."""
        at = self._stack.placed[0].entry if self._stack.placed else 0
        return next((n for n, place in enumerate(self.places) if place.entry >= at), 0)

    def _locate(self, place: Place) -> Spot | None:
        """The nth match in the laid-out entry; hidden ones (in an address, say) give way to the last one shown."""
        left, last = place.nth, None
        entry = self._stack.open(place.entry)
        for number in range(len(entry.shown)):
            if self.needle[:1] not in entry.shown[number].source.casefold() and entry.shown[number].source:
                continue
            for at, piece in enumerate(self._stack.build(place.entry, number).pieces):
                for begin, _ in self.spans(piece):
                    last = Spot(place.entry, number, at, begin)
                    if not left:
                        return last
                    left -= 1
        return last or Spot(place.entry, 0, 0, 0)

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
