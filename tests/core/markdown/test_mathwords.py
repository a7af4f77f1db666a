"""Formulas in a line as characters, or as TeX where characters cannot say it."""

from __future__ import annotations

import pytest

from desktop.core.markdown.mathwords import as_words


@pytest.mark.parametrize(
    ("tex", "words"),
    [
        (r"A = \pi r^2", "A = πr²"),
        (r"x_1 \le x_{12}", "x₁ ≤x₁₂"),
        (r"\frac{a}{b+1}", "a/(b+1)"),
        (r"\sqrt{2}", "√2"),
        (r"\alpha \to \infty", "α→∞"),
        (r"\text{rate} \times 2", "rate ×2"),
        (r"90^\circ", "90°"),
    ],
)
def test_said_in_characters(tex: str, words: str) -> None:
    assert as_words(tex).replace(" ", "") == words.replace(" ", "")


@pytest.mark.parametrize(
    "tex", [r"\unknown{x}", r"x^{a^b}", r"\frac{\frac{a}{b}}{c}", r"x_Q", r"\begin{matrix}a\end{matrix}"]
)
def test_the_rest_stays_tex(tex: str) -> None:
    assert as_words(tex) == tex
