"""While text is being written no raw mark shows that will be gone later."""

from __future__ import annotations

from itertools import pairwise

import pytest

from desktop.core.markdown.plain import plain
from desktop.core.markdown.text import MarkdownText
from tests.core.markdown.examples import EXAMPLES


def seen(source: str) -> list[str]:
    """What is read after each character."""
    text = MarkdownText(finished=False)
    out = []
    for char in source:
        text.feed(char)
        words = "\n".join(plain(text.elements(piece)) for piece in text.all())
        if not out or out[-1] != words:
            out.append(words)
    return out


@pytest.mark.parametrize(
    ("source", "marks"),
    [
        ("Some **bold words** here", "*"),
        ("Some *italic* here", "*"),
        ("Some `code` here", "`"),
        ("A ~~struck~~ word", "~"),
        ("A [link](https://a.example/long/path) here", "[]()"),
        ("A ![picture](https://a.example/p.png) here", "![]"),
        ("# Title\n\ntext", "#"),
        ("```python\ncode\n```\nafter", "`"),
        ("- one\n- two\n", "-"),
        ("1. one\n2. two\n", "#"),
        ("| a | b |\n|---|---|\n| 1 | 2 |\n\nafter", "|-"),
        ("text\n\n---\n\nmore", "-"),
        ("Title\n=====\n\nmore", "="),
        ("> quote\n> more", ">"),
        ("area $x^2$ done", "$"),
        ("$$\nx\n$$\nafter", "$"),
        ("a &amp; b", ";"),
        (r"a \* b", "\\"),
        ("***both*** done", "*"),
        ("**bold with `code` inside** done", "*`"),
        ("- [ ] to do\n- [x] done\n", "["),
    ],
)
def test_marks_never_show(source: str, marks: str) -> None:
    for words in seen(source):
        assert not set(words) & set(marks), words


def test_words_in_open_emphasis_show_at_once() -> None:
    assert any(words.endswith("very impor") for words in seen("This is **very important** now"))


def test_text_only_grows_for_plain_prose() -> None:
    steps = seen("Plain words, some **bold** ones and `code`; then a list:\n\n- one\n- two\n\nThe end.")
    for before, after in pairwise(steps):
        assert after.startswith(before.rstrip()) or before.rstrip() in after


@pytest.mark.parametrize(
    "source", ["a * b", "**never closed " + "word " * 300, "[" + "x" * 900, "$5 for " + "it " * 200]
)
def test_what_stays_open_is_shown_in_the_end(source: str) -> None:
    text = MarkdownText(finished=False)
    text.feed(source)
    assert len(text.tail()[-1].source) > 0.5 * len(source)


@pytest.mark.parametrize(("source", "expected"), EXAMPLES, ids=range(len(EXAMPLES)))
def test_finished_text_holds_nothing_back(source: str, expected: object) -> None:
    text = MarkdownText(finished=False)
    for char in source:
        text.feed(char)
    text.finished = True
    assert text.plain() == MarkdownText(source).plain()
