"""The slice that is being written: of its last line, only what follows a safe place is parsed again."""

from __future__ import annotations

import re
from typing import Any

from desktop.core.markdown.build import elements, hostile, is_plain, join, rtl_of, runs_of
from desktop.core.markdown.flow import Element, Mark, Paragraph, Run, Runs
from desktop.core.markdown.parser import parse_inline
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
        self._elements: list[Element] = []  # of the source up to there

    def forget(self) -> None:
        """Parse all of it the next time."""
        self._before = ""

    def elements(self, piece: Slice, env: dict[str, Any]) -> list[Element]:
        """What the slice shows now."""
        rest = piece.source[len(self._before) :]
        if not (self._before and self._goes_on(piece, rest)):
            self._before = ""
            found = elements(piece, env)
            old: Runs = ()
        else:
            old = self._elements[-1].runs  # type: ignore[union-attr]
            found = self._grown(rest if piece.kind == "inline" else rest.rstrip(), env)
        self._advance(piece, found, max(len(old) - 1, 0))
        return found

    def _goes_on(self, piece: Slice, rest: str) -> bool:
        same = piece[1:] == self._frame and piece.source.startswith(self._before)
        return same and "\n" not in rest and not ("[" in rest and hostile(piece.source))

    def _grown(self, rest: str, env: dict[str, Any]) -> list[Element]:
        last = self._elements[-1]
        assert isinstance(last, Paragraph)
        runs = last.runs
        if rest:
            words = (Run(rest[1:]),) if is_plain(rest[1:]) else runs_of(parse_inline(rest[1:], env)[0])
            runs = join((*runs, Run(" "), *words))
        return [*self._elements[:-1], last._replace(runs=runs, rtl=rtl_of(runs))]

    def _advance(self, piece: Slice, found: list[Element], known: int) -> None:
        """Move the safe place to the last space, if it is one. Runs before `known` have no open marks."""
        source, last = piece.source, found[-1] if found else None
        at = source.rfind(" ")
        if at <= len(self._before) or not isinstance(last, Paragraph) or last.role not in ("paragraph", "note"):
            return
        run = last.runs[-1] if last.runs else Run("", Mark.CODE)
        end = source[at:]
        if run.marks or run.link or len(end) < 2 or not run.text.endswith(end) or source[at - 1] in " \t":
            return
        if "\\" in source[len(self._before) : at] or not _WORD.search(source, source.rfind("\n") + 1, at):
            return  # a bracket of mathematics; or a line that can still become an item, a rule, or a table's
        head = run._replace(text=run.text[: -len(end)])
        runs = (*last.runs[:-1], head) if head.text else last.runs[:-1]
        if not runs or any(map(_is_open, runs[known:])):
            return
        self._before, self._frame = source[:at], piece[1:]
        self._elements = [*found[:-1], last._replace(runs=runs)]


def _is_open(run: Run) -> bool:
    return not run.marks & _CLOSED and bool(_OPEN.search(run.text))
