"""The slice that is being written: of its last line, only what follows a safe place is parsed again."""

from __future__ import annotations

import re
from typing import Any

from desktop.core.markdown.build import elements, hostile, inline, join, rtl_of
from desktop.core.markdown.flow import Element, Mark, Paragraph, Run, Runs
from desktop.core.markdown.slicer import Slice

_OPEN = re.compile(r"[*~\[<$`\\]|(?<![^\W_])_|_(?![^\W_])")  # what a later character could pair with
_WORD = re.compile(r"[^\W_]")
_CLOSED = Mark.CODE | Mark.HTML | Mark.MATH | Mark.FORMULA | Mark.RAISED


class GrowingSlice:
    """Gives the same elements as `build.elements`, sooner. A safe place is a space in the last line of a paragraph,
    with no mark before it that is still open: no character after it can change what stands before it."""

    def __init__(self) -> None:
        self._before = ""  # the source up to the safe place
        self._frame: tuple[Any, ...] = ()  # what else the slice is made of
        self._above: list[Element] = []  # what is shown of the source up to there, the last paragraph apart
        self._paragraph = Paragraph("", ())
        self._runs: Runs = ()

    def forget(self) -> None:
        """Parse all of it the next time."""
        self._before = ""

    def elements(self, piece: Slice, env: dict[str, Any], grows: bool) -> list[Element]:
        """What the slice shows now. `grows`: this is the slice that will be asked for again."""
        rest = piece.source[len(self._before) :]
        if piece.kind != "inline":
            rest = rest.rstrip()
        if not (self._before and self._goes_on(piece, rest)):
            if grows:
                self._before = ""
            found, known = elements(piece, env), 0
        else:
            found, known = self._grown(rest, env), len(self._runs) - 1
        if grows:
            self._advance(piece, found, known)
        return found

    def _goes_on(self, piece: Slice, rest: str) -> bool:
        same = piece[1:] == self._frame and piece.source.startswith(self._before)
        return same and rest[:1] in ("", " ") and "\n" not in rest and not ("[" in rest and hostile(piece.source))

    def _grown(self, rest: str, env: dict[str, Any]) -> list[Element]:
        runs = join((*self._runs, Run(" "), *inline(rest[1:], env))) if rest else self._runs
        last = self._paragraph
        return [*self._above, Paragraph(last.role, runs, last.nest, last.marker, last.gap, rtl_of(runs))]

    def _advance(self, piece: Slice, found: list[Element], known: int) -> None:
        """Move the safe place to the last space, if it is one. Runs before `known` have no open marks."""
        source, last = piece.source.rstrip(" "), found[-1] if found else None
        at = source.rfind(" ")
        if at <= len(self._before) or not isinstance(last, Paragraph) or last.role != "paragraph":
            return
        run = last.runs[-1] if last.runs else Run("", Mark.CODE)
        end = source[at:]
        if run.marks or run.link or len(end) < 2 or not run.text.endswith(end) or source[at - 1] in " \t":
            return
        if "\\" in source[len(self._before) : at] or "]:" in source or "$$" in source:
            return  # perhaps mathematics, or a title that makes a definition of the lines above
        if not _WORD.search(source, source.rfind("\n") + 1, at):
            return  # it can still become an item, a rule, or the line under a table's head
        head = Run(run.text[: -len(end)])
        runs = (*last.runs[:-1], head) if head.text else last.runs[:-1]
        if not runs or any(map(_is_open, runs[max(known, 0) :])):
            return
        self._before, self._frame = source[:at], piece[1:]
        self._above, self._paragraph, self._runs = found[:-1], last, runs


def _is_open(run: Run) -> bool:
    return not run.marks & _CLOSED and bool(_OPEN.search(run.text))
