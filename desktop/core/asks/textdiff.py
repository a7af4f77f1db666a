"""What differs between two texts: by lines first, and by words within lines that changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

_WORDS = re.compile(r"\S+\s*|\s+")
_MOST_LINES = 20_000  # of one text; longer ones are only told to differ
_MOST_WORDS = 3_000  # of a changed part that is looked into

How = Literal["same", "only a", "only b"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of text that stands in both, or in one only."""

    how: How
    text: str


def pieces(a: str, b: str) -> list[Piece]:
    """Both texts, cut into what they share and what one of them has alone; pieces of the first come before those of the
    second that stand in their place."""
    begin, end = _shared(a, b)
    middle = _lines(a[begin : len(a) - end], b[begin : len(b) - end])
    return _joined([Piece("same", a[:begin]), *middle, Piece("same", a[len(a) - end :])])


def likeness(found: Sequence[Piece]) -> float:
    """How much of both is the same, from 0.0 to 1.0."""
    same = sum(len(piece.text) for piece in found if piece.how == "same")
    alone = sum(len(piece.text) for piece in found if piece.how != "same")
    return 2 * same / (2 * same + alone) if same or alone else 1.0


def _shared(a: str, b: str) -> tuple[int, int]:
    """How many characters both begin with, up to a line's end, and how many they end with, from a line's beginning."""
    lines_a, lines_b = a.splitlines(keepends=True), b.splitlines(keepends=True)
    most = min(len(lines_a), len(lines_b))
    first = next((n for n in range(most) if lines_a[n] != lines_b[n]), most)
    left = most - first
    last = next((n for n in range(left) if lines_a[-1 - n] != lines_b[-1 - n]), left)
    return sum(map(len, lines_a[:first])), sum(map(len, lines_a[len(lines_a) - last :]))


def _lines(a: str, b: str) -> Iterator[Piece]:
    lines_a, lines_b = a.splitlines(keepends=True), b.splitlines(keepends=True)
    if max(len(lines_a), len(lines_b)) > _MOST_LINES:
        yield from (Piece("only a", a), Piece("only b", b))
        return
    for same, old, new in _matched(lines_a, lines_b):
        yield from [Piece("same", old)] if same else _words(old, new)


def _words(a: str, b: str) -> Iterator[Piece]:
    words_a, words_b = _WORDS.findall(a), _WORDS.findall(b)
    if not words_a or not words_b or max(len(words_a), len(words_b)) > _MOST_WORDS:
        yield from (Piece("only a", a), Piece("only b", b))
        return
    for same, old, new in _matched(words_a, words_b):
        yield from [Piece("same", old)] if same else [Piece("only a", old), Piece("only b", new)]


def _matched(a: list[str], b: list[str]) -> Iterator[tuple[bool, str, str]]:
    for how, a1, a2, b1, b2 in SequenceMatcher(None, a, b).get_opcodes():
        yield how == "equal", "".join(a[a1:a2]), "".join(b[b1:b2])


def _joined(found: Sequence[Piece]) -> list[Piece]:
    out: list[Piece] = []
    for piece in found:
        if not piece.text:
            continue
        if out and out[-1].how == piece.how:
            out[-1] = Piece(piece.how, out[-1].text + piece.text)
        else:
            out.append(piece)
    return out
