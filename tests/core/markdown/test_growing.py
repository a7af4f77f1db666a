"""The slice that is being written reads at every moment as if it were parsed whole."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.core.markdown.build import elements, hostile, parsed
from desktop.core.markdown.flow import Code
from desktop.core.markdown.text import MarkdownText
from tests.bench.texts import text as bench_text
from tests.core.markdown.examples import EXAMPLES, specification

SOURCES = [source for source, _ in EXAMPLES] + [source for source, _ in specification()]
_MARKS = "a b word  *_~`[]()<>$\\!&;:|-+#=1.\n\n\t \u00a0é😀م/@w"
SOUP = st.lists(
    st.one_of(
        st.sampled_from(_MARKS),
        st.sampled_from(["**", "~~", "``", "[a](b)", "[^1]", " word", " *it* ", " `c` ", "\n- ", "\n> ", "\n\n", "$$",
                         r"\(", r"\)", "www.a.b ", "<b>", "&amp;", " and so on ", "[x]: /y\n", "\n1. ", "| a | b |"]),
    ),
    max_size=60,
).map("".join)  # fmt: skip


def check(source: str, cuts: list[int]) -> None:
    text = MarkdownText(finished=False)
    for begin, end in pairwise([0, *sorted(cuts), len(source)]):
        text.feed(source[begin:end])
        for piece in text.tail():
            whole = elements(piece, text._env())
            assert text.elements(piece) == whole, (piece, source[:end])
            if piece.kind == "blocks" and not hostile(piece.source):
                assert whole == parsed(piece, text._env()) or isinstance(whole[0], Code), piece


@settings(max_examples=300, deadline=None)
@given(SOUP)
def test_any_marks_letter_by_letter(source: str) -> None:
    check(source, list(range(len(source))))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(SOURCES), min_size=1, max_size=4), st.sampled_from(["\n\n", " ", "\n"]), st.data())
def test_examples_cut_anywhere(parts: list[str], between: str, data: st.DataObject) -> None:
    source = between.join(parts)
    check(source, data.draw(st.lists(st.integers(0, len(source)), max_size=60)))


@pytest.mark.parametrize("shape", ["mixed", "list", "paragraph"])
def test_shapes(shape: str) -> None:
    source = bench_text(shape, 6_000)
    check(source, list(range(0, len(source), 7)))
