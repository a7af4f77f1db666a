"""Where text is cut does not depend on how it came, and what is cut means what it meant."""

from __future__ import annotations

import random
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.core.markdown.parser import parse
from desktop.core.markdown.slicer import HARD, SOFT, Slicer
from desktop.core.markdown.text import MarkdownText
from tests.bench.texts import text as bench_text
from tests.core.markdown.examples import EXAMPLES, specification
from tests.core.markdown.shown import shown

SOURCES = [source for source, _ in EXAMPLES] + [source for source, _ in specification()]
SHAPES = ("mixed", "code", "list", "table", "paragraph")


def sliced(source: str, cuts: list[int]) -> Slicer:
    """Feed a source in pieces."""
    slicer = Slicer()
    places = [0, *sorted(cuts), len(source)]
    for begin, end in pairwise(places):
        slicer.feed(source[begin:end])
    return slicer


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(SOURCES), min_size=1, max_size=6), st.data())
def test_cuts_do_not_depend_on_how_the_text_came(parts: list[str], data: st.DataObject) -> None:
    source = "\n\n".join(parts)
    cuts = data.draw(st.lists(st.integers(0, len(source)), max_size=30))
    whole, pieces = sliced(source, []), sliced(source, cuts)
    assert pieces.slices == whole.slices
    assert pieces.tail == whole.tail


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_are_cut_alike_and_stay_small(shape: str) -> None:
    source = bench_text(shape, 60_000)
    rng = random.Random(3)
    pieces = sliced(source, [rng.randrange(len(source)) for _ in range(3_000)])
    assert pieces.slices == sliced(source, []).slices
    assert max(len(one.source) for one in pieces.slices) <= HARD + 500
    assert "".join(one.source for one in pieces.slices) + pieces.tail.source == source


@pytest.mark.parametrize("shape", ["mixed", "list", "code"])
def test_slices_read_as_the_whole(shape: str) -> None:
    """Parsing slice by slice gives the same words in the same containers as parsing all at once."""
    source = bench_text(shape, 20_000)
    text = MarkdownText(source)
    expected = [token.content for token in parse(source) if token.type in ("inline", "fence")]
    got = [words for _, _, words in shown(text)]
    assert len(got) == len(expected)


def test_a_long_table_keeps_its_columns() -> None:
    rows = "".join(f"| {n} | b{n} | c |\n" for n in range(100))
    text = MarkdownText("| x | y | z |\n|---|---|---|\n" + rows)
    cells = [words for role, _, words in shown(text) if role == "cell"]
    assert cells == ["x", "y", "z"] + [word for n in range(100) for word in (str(n), f"b{n}", "c")]
    assert len(text.all()) > 3


def test_long_code_in_a_list_item_stays_there() -> None:
    body = "".join(f"      line {n}\n" for n in range(200))
    text = MarkdownText(f"1. first\n   - inner\n\n     ```py\n{body}     ```\n\n     after\n2. second\n")
    read = shown(text)
    code = next(words for role, nest, words in read if role == "code" and nest == "ll")
    assert code == "\n".join(f" line {n}" for n in range(200))
    assert ("paragraph", "ll", "after") in read
    assert ("paragraph", "l", "second") in read


def test_a_long_list_item_goes_on_under_the_same_markers() -> None:
    inner = "".join(f"  - point {n} {'word ' * 20}\n" for n in range(200))
    text = MarkdownText(f"- top\n{inner}- next\n")
    read = shown(text)
    assert [nest for _, nest, words in read if words.startswith("point")] == ["ll"] * 200
    assert read[-1] == ("paragraph", "l", "next")


def test_a_line_without_end_is_cut() -> None:
    slicer = Slicer()
    for _ in range(100):
        slicer.feed("word " * 1_000)
    assert max(len(one.source) for one in slicer.slices) <= SOFT
    assert len(slicer.partial) < SOFT


def test_definitions_reach_earlier_slices() -> None:
    text = MarkdownText(finished=False)
    text.feed("see [a] and [b]\n\nmore\n\n")
    before = text.definitions
    text.feed("[a]: https://a.example\n[b]: https://b.example\n\nend\n\n")
    assert text.definitions > before
    links = [run.link for one in text.all() for element in text.elements(one) for run in getattr(element, "runs", ())]
    assert "https://a.example" in links and "https://b.example" in links


PATHOLOGICAL = {
    "brackets": "[" * 100_000,
    "bracket pairs": "[]" * 50_000,
    "links": "[a](" * 30_000,
    "pictures": "![" * 50_000,
    "stars": "*a **b " * 20_000,
    "mixed stars": "*_" * 50_000,
    "ticks": "".join("`" * (n % 80) + "a" for n in range(2_500)),
    "quotes": ">" * 100_000,
    "bullets": "- " * 50_000,
    "numbers": "1. " * 30_000,
    "nested list": "".join("  " * n + "- a\n" for n in range(400)),
    "angle": "<a " * 30_000,
    "entities": "&#" * 50_000,
    "pipes": "|" * 50_000 + "\n" + "|-" * 20_000,
    "dollars": "$a " * 30_000,
    "escapes": "\\(" * 50_000,
    "one line": "x" * 1_000_000,
    "addresses": "www.a" * 20_000,
    "mails": "a@" * 50_000,
    "fences": "```\n" * 20_000,
    "quoted lines": "> " * 20 + "a\n" + ("> " * 20 + "a\n") * 2_000,
    "rules": "-\n" * 30_000,
    "definitions": "".join(f"[{n}]: /u\n" for n in range(10_000)),
}


@pytest.mark.parametrize("name", PATHOLOGICAL)
def test_nothing_takes_long(name: str) -> None:
    """Each slice, and each step of a stream, is far below what a person would notice; so is the text kept whole."""
    source = PATHOLOGICAL[name]
    text = MarkdownText(finished=False)
    worst = 0.0
    for at in range(0, len(source), 1_300):
        worst = max(worst, _timed(lambda at=at: (text.feed(source[at : at + 1_300]), _show_tail(text))))  # type: ignore[misc]
    text.finished = True
    for piece in random.Random(1).sample(text.all(), min(len(text.all()), 12)):
        worst = max(worst, _timed(lambda piece=piece: text.elements(piece)))  # type: ignore[misc]
    assert worst < 0.3  # twenty times what it takes here: a loaded machine must not fail it, a quadratic rule must


def _show_tail(text: MarkdownText) -> None:
    for piece in text.tail():
        text.elements(piece)


def _timed(work: object) -> float:
    begin = time.thread_time()
    work()  # type: ignore[operator]
    return time.thread_time() - begin
