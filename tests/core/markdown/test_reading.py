"""What a person reads of Markdown."""

from __future__ import annotations

import pytest

from desktop.core.markdown.parser import parse
from desktop.core.markdown.text import MarkdownText
from tests.core.markdown.examples import EXAMPLES, specification
from tests.core.markdown.expected import Read, read
from tests.core.markdown.shown import shown


@pytest.mark.parametrize(("source", "expected"), EXAMPLES, ids=range(len(EXAMPLES)))
def test_words_roles_and_nesting(source: str, expected: list[Read]) -> None:
    assert shown(MarkdownText(source)) == expected


def test_every_example_of_the_specification() -> None:
    wrong = []
    assert len(specification()) == 652 + 24
    for number, (source, html) in enumerate(specification(), 1):
        expected = [one for one in read(html) if one[2] or not one[0].startswith("heading")]
        if not _has_html(source) and shown(MarkdownText(source)) != expected:
            wrong.append(number)
    assert wrong == []


def test_html_loses_no_character() -> None:
    """Markup is shown as it was written: every word of the source is there."""
    for source, _ in specification():
        if _has_html(source):
            text = " ".join(words for _, _, words in shown(MarkdownText(source)))
            assert "<" in text


def _has_html(source: str) -> bool:
    tokens = parse(source)
    return any(t.type == "html_block" or any(c.type == "html_inline" for c in t.children or ()) for t in tokens)


def test_plain_text_has_no_marks() -> None:
    text = MarkdownText("# A\n\n**b** `c`\n\n1. x\n2. y\n\n| p | q |\n|---|---|\n| 1 | 2 |\n\n```py\nz\n```\n")
    assert text.plain() == "A\nb c\n1. x\n2. y\np\tq\n1\t2\nz"


def test_numbers_go_on_over_slices() -> None:
    text = MarkdownText("3. a\n3. b\n\n3. c\n- x\n1. d")
    assert text.plain() == "3. a\n4. b\n5. c\n• x\n1. d"


def test_deep_nesting_is_shown_as_written() -> None:
    source = ">" * 500 + " deep"
    assert "deep" in MarkdownText(source).plain()
    assert "deep" in MarkdownText("- " * 300 + "deep").plain()


def test_plain_text_in_portions_is_the_same() -> None:
    source = "".join(f"**{n}** words\n\n" for n in range(50))
    text = MarkdownText(source)
    first = text.plain(most=100)
    assert "0 words" in first and "**48**" in first  # the rest as it was written
    for _ in range(20):
        text.plain(most=100)
    assert text.plain(most=0) == MarkdownText(source).plain()
