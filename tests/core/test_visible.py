"""Text made visible: what hides gets a mark, what is ordinary stays as it is."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.core.asks.visible import (
    CLOSE,
    MARK,
    OPEN,
    digest,
    json_text,
    length,
    look_alikes,
    marks,
    one_line,
    visible,
)


@pytest.mark.parametrize(
    "text",
    ["plain & <b>text</b> [*] %1", "two\nlines\tand a tab", "Grüße, 北京, مرحبا, שלום", "👩‍👩‍👧 ⚠️ 👍🏽", "a  b", "é"],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x00b\x1b[0m", "a⟦NUL⟧b⟦ESC⟧[0m"),
        ("a\x85b\x01", "a⟦control 85⟧b⟦control 01⟧"),
        ("a\u202eb\u200c", "a⟦bidi RLO⟧b⟦zero-width non-joiner⟧"),
        ("\U000e0068\U000e0069", "⟦hidden tags: hi⟧"),
        ("⟦x⟧", "⟦U+27E6⟧x⟦U+27E7⟧"),
        ("\ud800", "⟦U+D800⟧"),
        ("a\u200db", "a⟦zero-width joiner⟧b"),
        ("x" + " " * 50 + "y", "x ⟦48 more spaces⟧ y"),
        ("x" + "\n" * 10 + "y", "x\n⟦9 blank lines⟧\ny"),
        ("a" + "\u0300" * 10, "a\u0300\u0300\u0300⟦7 more stacked marks⟧"),
        ("x\ufe0f", "x⟦U+FE0F⟧"),
    ],
)
def test_what_hides_gets_a_mark(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(st.characters(exclude_categories=())))
def test_no_hidden_character_is_left(text: str) -> None:
    for char in visible(text).replace("\n", "").replace("\t", ""):
        hides = unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") or "\u202a" <= char <= "\u202e"
        assert not hides and not "\u2066" <= char <= "\u2069"


@given(st.text())
def test_brackets_are_always_ours(text: str) -> None:
    shown = visible(text)
    assert shown.count(OPEN) == shown.count(CLOSE) == marks(shown) == len(MARK.findall(shown))


def test_different_texts_of_hidden_characters_look_different() -> None:
    hidden = ["\u200b", "\u200c", "\u2060", "\u202e", "\x00", "\x7f", "\u00a0", "\U000e0041", "\ue000", ""]
    assert len({visible(f"a{char}b") for char in hidden}) == len(hidden)


def test_one_line_says_how_long_it_was() -> None:
    assert one_line("a\nb") == "a ⏎ b"
    assert one_line("x" * 1_300, 10) == "xxxxxxxxxx… (1,300 characters)"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("abc", "3 characters"),
        ("a", "1 character"),
        ("a\nb", "2 lines, 3 characters"),
        ("x" * 1_204, "1,204 characters"),
    ],
)
def test_length_in_words(text: str, said: str) -> None:
    assert length(text) == said


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("p\u0430ypal.com", "Cyrillic"),
        ("\u0430\u0440\u0440\u04cf\u0435", "looks Latin"),
        ("\u0391lice", "Greek"),
        ("\uff41\uff42", "letter-like"),
        ("\U0001d41a\U0001d41b", "letter-like"),
        ("https:\u2215\u2215x", "U+2215"),
    ],
)
def test_look_alikes_are_named(text: str, word: str) -> None:
    assert any(word in hint for hint in look_alikes(text))


@pytest.mark.parametrize(
    "text", ["plain", "Привет мир, как дела", "Ελλάδα", "naïve café Łódź", "北京abc", "日本語テスト"]
)
def test_honest_words_raise_no_hint(text: str) -> None:
    assert look_alikes(text) == []


def test_digests_tell_apart_what_differs_and_only_that() -> None:
    assert digest("a", {"x": 1, "y": 2}) == digest("a", {"y": 2, "x": 1})
    assert len({digest("a", "b"), digest("ab", ""), digest("a", ["b"]), digest("a", None, "b"), digest()}) == 5


def test_json_of_any_depth_and_size() -> None:
    deep: list[object] = []
    for _ in range(5_000):
        deep = [deep]
    assert json_text(deep).count("[") == 5_001
    assert json_text({"n": 10**5_000, "ok": True}).startswith('{"n": 0x')
    assert len(digest(deep)) == 64
