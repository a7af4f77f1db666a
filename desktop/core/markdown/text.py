"""One Markdown text: its slices, what is shown of its tail, and the addresses its links share."""

from __future__ import annotations

import re
from collections import ChainMap
from typing import Any

from desktop.core.markdown.flow import Element
from desktop.core.markdown.growing import GrowingSlice
from desktop.core.markdown.holdback import visible
from desktop.core.markdown.parser import parse
from desktop.core.markdown.plain import plain
from desktop.core.markdown.slicer import Slice, Slicer

_DEFINES = re.compile(r"\]:")
_REFERS = re.compile(r"\](?!:)")


class MarkdownText:
    """Grows by `feed`. `finished` says that nothing will follow, so nothing is held back. `definitions` counts the
    addresses and footnotes known: when it rises, slices that `refers` names may look different."""

    def __init__(self, text: str = "", finished: bool = True) -> None:
        self._finished = finished
        self.length = 0
        self.definitions = 0
        self._slicer = Slicer()
        self._words: list[str] = []  # of the first slices
        self._worded = 0
        self._read = 0  # slices looked through for definitions
        self._references: dict[str, Any] = {}
        self._footnotes: dict[str, int] = {}
        self._last: Slice | None = None  # the one that grows
        self._growing = GrowingSlice()
        if text:
            self.feed(text)
            self.finished = finished

    def feed(self, text: str) -> None:
        """Append."""
        self.length += len(text)
        self._slicer.feed(text)
        slices = self._slicer.slices
        while self._read < len(slices):
            self._define(slices[self._read])
            self._read += 1

    @property
    def finished(self) -> bool:
        return self._finished

    @finished.setter
    def finished(self, finished: bool) -> None:
        self._finished = finished
        if finished:
            for piece in self.tail():
                self._define(piece)

    @property
    def slices(self) -> list[Slice]:
        """Those that never change again, in order."""
        return self._slicer.slices

    def tail(self) -> list[Slice]:
        """What is shown of the rest: at most two slices, of which the last still grows."""
        decided, sliced = self._slicer.parts()
        lines = "" if decided else self._slicer.lines
        rest = sliced(lines + self._slicer.partial if self.finished else visible(self._slicer, lines))
        shown = [decided] if decided else []
        if rest.source.strip() or (rest.opener and not (decided and not self.finished)):
            shown.append(rest)
        self._last = rest
        return shown

    def all(self) -> list[Slice]:
        """Every slice that is shown."""
        return [*self.slices, *self.tail()]

    def elements(self, piece: Slice) -> list[Element]:
        """What a slice shows, with the links of the whole text."""
        return self._growing.elements(piece, self._env(), grows=piece is self._last)

    def plain(self, most: int | None = None) -> str:
        """The words of the whole text. Those of finished slices are kept. With `most`, only so many characters more are
        read now, and what is left is given as it was written."""
        slices = self._slicer.slices
        while self._worded < len(slices) and (most is None or most > 0):
            piece = slices[self._worded]
            if words := plain(self.elements(piece)):
                self._words.append(words)
            self._worded += 1
            most = None if most is None else most - len(piece.source)
        self._words[:] = ["\n".join(self._words)] if self._words else []
        rest = [piece.source for piece in slices[self._worded :]]
        end = [plain(self.elements(piece)) for piece in self.tail()]
        return "\n".join(filter(None, (*self._words, *rest, *end)))

    def refers(self, piece: Slice) -> bool:
        """Whether later definitions can change how the slice looks."""
        return bool(_REFERS.search(piece.source))

    def _env(self) -> dict[str, Any]:
        if not self.definitions:
            return {}
        # what the parser adds of its own goes into the empty maps: a half-typed address must not become known
        return {
            "references": ChainMap({}, self._references),
            "footnotes": {"refs": ChainMap({}, self._footnotes), "list": {}},
        }

    def _define(self, piece: Slice) -> None:
        """Take the definitions of a finished slice; the first of a name holds."""
        if piece.kind != "blocks" or not _DEFINES.search(piece.source):
            return
        env: dict[str, Any] = {}
        parse(piece.opener + piece.source, env)
        for name, reference in env.get("references", {}).items():
            self._references.setdefault(name, reference)
        for name in env.get("footnotes", {}).get("refs", {}):
            self._footnotes.setdefault(name, -1)
        self._growing.forget()
        self.definitions = len(self._references) + len(self._footnotes)
