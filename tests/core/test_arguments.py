"""Arguments as lines: the whole truth, in a form that content cannot imitate."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.core.asks.arguments import as_text, ask_digest, difference, lay_out, size
from desktop.core.conversation import AskItem
from tests.core.hostile import CASES, Hostile


def shown(args: Any) -> str:
    return "\n".join(line.text for line in lay_out(args))


def kinds(args: Any) -> list[tuple[str, str]]:
    return [(line.kind, line.text.strip()) for line in lay_out(args)]


def test_there_are_thirty_two() -> None:
    assert len(CASES) == 32 and len({case.name for case in CASES}) == 32


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_truth_can_be_read(case: Hostile) -> None:
    text = shown(case.args)
    for truth in case.truth:
        assert truth in text
    for hidden in case.never:
        assert hidden not in text


def test_small_values_are_json() -> None:
    args = {"path": "/a", "n": 3, "on": True, "none": None, "list": [1, 2], "empty": {}}
    assert shown(args) == '"path": "/a"\n"n": 3\n"on": true\n"none": null\n"list": [1, 2]\n"empty": {}'


def test_strings_of_several_lines_are_unfolded() -> None:
    assert shown({"text": 'one\ntwo "x"'}) == '"text": 2 lines, 11 characters\n  │ one\n  │ two "x"'


@pytest.mark.parametrize("name", ["command", "cmd", "shell", "script", "code", "sql", "Command"])
def test_commands_stand_on_their_own(name: str) -> None:
    assert kinds({name: "ls"}) == [("frame", f'"{name}":'), ("code", "│ ls")]


def test_an_edit_is_a_difference() -> None:
    args = {"file": "a.py", "old_string": "x = 1\ny = 2", "new_string": "x = 1\ny = 3"}
    assert kinds(args) == [
        ("frame", '"file": "a.py"'),
        ("frame", '"old_string" → "new_string":'),
        ("same", "x = 1"),
        ("removed", "- y = 2"),
        ("added", "+ y = 3"),
    ]


def test_an_edit_of_nothing_adds_all_the_blank_line_at_the_end_too() -> None:
    args = {"old_string": "", "new_string": "a\n"}
    assert [line.text for line in lay_out(args)][1:] == ["  + a", "  + "]


def test_a_patch_keeps_every_line() -> None:
    patch = "--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new\n\n same"
    lines = list(lay_out({"patch": patch}))[1:]
    assert [line.text.removeprefix("  │ ") for line in lines] == patch.split("\n")
    assert [line.kind for line in lines] == ["same", "same", "same", "removed", "added", "same", "same"]


@pytest.mark.parametrize(
    ("args", "words"), [(None, "without arguments"), ({}, "{}"), ([], "[]"), ("raw", "raw"), (0, "0")]
)
def test_nothing_is_said_as_what_it_is(args: Any, words: str) -> None:
    assert words in shown(args)


def test_long_lines_are_broken_and_nothing_is_lost() -> None:
    text = "".join(chr(97 + n % 26) for n in range(50_000))
    rows = [line.text.removeprefix("  │ ").removesuffix("↩") for line in lay_out({"x": text})][1:]
    assert "".join(rows) == text and max(map(len, rows)) <= 2_000


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab\n\"\\: ,{}"), lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text("abcd", min_size=1, max_size=3), inner, max_size=4), max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(st.text("abcd", min_size=1, max_size=3), json_values, max_size=5))
def test_every_string_can_be_read_whole(args: dict[str, Any]) -> None:
    text = shown(args)

    def walk(value: Any) -> None:
        if isinstance(value, str):
            written = json.dumps(value, ensure_ascii=False)
            assert written in text or all(line in text for line in value.split("\n"))
        elif isinstance(value, dict | list):
            for inner in value.values() if isinstance(value, dict) else value:
                walk(inner)

    walk(args)


@given(st.dictionaries(st.text(max_size=3), st.text(st.characters(exclude_categories=())), max_size=3))
def test_the_text_to_edit_is_the_same_value_with_nothing_hidden(args: dict[str, str]) -> None:
    text = as_text(args)
    assert json.loads(text) == args
    assert "\u202e" not in text and "\u200b" not in text


def test_what_was_changed_is_shown_as_a_difference() -> None:
    lines = [(line.kind, line.text.strip()) for line in difference({"a": 1, "b": 2}, {"a": 1, "b": 3})]
    assert ("removed", '-   "b": 2') in lines and ("added", '+   "b": 3') in lines


def test_size_in_words() -> None:
    assert size({"a": 1}) == (8, "8 characters in 1 field")
    assert size(None) == (0, "no arguments")


def test_the_digest_is_about_everything_that_is_decided() -> None:
    base = {"ask": "a", "tool": "t", "args": {"x": 1}, "text": "says"}
    items = [base, base | {"tool": "u"}, base | {"args": {"x": 2}}, base | {"text": "lies"}, base | {"ask": "b"}]
    digests = [ask_digest(AskItem("i", 0, 0.0, **fields)) for fields in items]
    assert len(set(digests)) == 5
    assert ask_digest(AskItem("other", 7, 9.0, **base)) == digests[0]
