"""Where a search hit is cut, so that the word that was found can be read."""

from __future__ import annotations

import pytest

from desktop.ui.composing.snippet import _cut

TEXT = "The person asks about the new parser and what changed in it"
MARK = TEXT.index("parser")


@pytest.mark.parametrize("line", [0, 8, 12, 20, 30, 200])
def test_the_found_word_is_never_far_behind_the_beginning_of_the_line(line: int) -> None:
    cut = _cut(TEXT, MARK, line)
    assert cut <= MARK
    assert MARK - cut <= max(line, 4)
    assert cut == 0 or TEXT[cut - 1] == " ", "no word is broken"


def test_what_fits_is_not_cut_and_a_text_without_spaces_is_cut_anywhere() -> None:
    assert _cut("a parser", 2, 20) == 0
    assert _cut("x" * 60 + "parser", 60, 20) == 44
