"""What a standing decision covers, and above all what it does not."""

from __future__ import annotations

from typing import Any

import pytest

from desktop.core.asks.rules import Rule, as_pattern, can_cover, covers, fits, read_pattern
from desktop.core.conversation import AskItem
from desktop.core.events import Choice

HOME = "http://127.0.0.1:9"


def asked(args: Any = None, **more: Any) -> AskItem:
    more.setdefault("tool", "run")
    return AskItem("i", 0, 0.0, ask="a1", args={"command": "git status"} if args is None else args, **more)


def rule(args: dict[str, Any], **more: Any) -> Rule:
    return Rule("r", True, HOME, "run", args, **more)


def test_it_covers_exactly_what_it_names() -> None:
    exact = rule({"command": "git status"})
    assert covers(exact, HOME, "s", asked())
    assert not covers(exact, "http://127.0.0.1:10", "s", asked())
    assert not covers(exact, HOME, "s", asked(tool="Run"))
    assert not covers(exact, HOME, "s", asked({"command": "git status "}))
    assert not covers(exact, HOME, "s", asked({"command": "git status", "force": True}))


@pytest.mark.parametrize("args", [{"n": 1.0}, {"n": True}, {"n": "1"}, {"n": [1]}, {}])
def test_a_number_is_not_taken_for_anything_else(args: Any) -> None:
    assert not covers(rule({"n": 1}), HOME, "s", asked(args))
    assert not covers(rule({"n": 1}, pattern=True), HOME, "s", asked(args))


def test_a_rule_for_one_conversation_holds_in_no_other() -> None:
    mine = rule({"command": "git status"}, session="s")
    assert covers(mine, HOME, "s", asked())
    assert not covers(mine, HOME, "t", asked())


@pytest.mark.parametrize(
    "item",
    [
        AskItem("i", 0, 0.0, ask="a", tool="run", args=None),
        AskItem("i", 0, 0.0, ask="a", tool="run", args='{"command": "git sta'),
        AskItem("i", 0, 0.0, ask="a", tool=None, args={}),
        AskItem("i", 0, 0.0, ask="a", tool="run", args={}, type="question"),
        AskItem("i", 0, 0.0, ask="a", tool="run", args={}, type="form"),
        AskItem("i", 0, 0.0, ask="a", tool="run", args={}, choices=(Choice("1", "Only this", "other"),)),
    ],
    ids=["no arguments came", "cut arguments", "no tool", "question", "form", "no plain yes or no"],
)
def test_what_no_rule_may_answer(item: AskItem) -> None:
    assert not can_cover(item)
    assert not covers(rule({}), HOME, "s", item)


@pytest.mark.parametrize("command", ["git status", "git log --oneline", "git "])
def test_a_star_stands_for_some_text(command: str) -> None:
    assert fits({"command": "git *"}, {"command": command}, pattern=True)


@pytest.mark.parametrize(
    "command",
    [
        "git status; rm -rf ~", "git status && rm x", "git log | sh", "git log > ~/.bashrc", "git $(rm x)",
        "git `rm x`", "git log\nrm x", "git log\rrm x", "git show ../../secret", "git \u202egol", "git a\u200bb",
        "agit log", "GIT log", "git {a,b}", "git a\\b",
    ],
)  # fmt: skip
def test_a_star_never_passes_into_another_command(command: str) -> None:
    assert not fits({"command": "git *"}, {"command": command}, pattern=True)


def test_a_star_alone_stands_for_any_value() -> None:
    assert fits({"path": "/a", "body": "*"}, {"path": "/a", "body": "x; y\n../z"}, pattern=True)
    assert fits({"path": "/a", "body": "*"}, {"path": "/a", "body": {"deep": [1]}}, pattern=True)
    assert not fits({"path": "/a", "body": "*"}, {"path": "/b", "body": ""}, pattern=True)
    assert not fits({"path": "/a", "body": "*"}, {"path": "/a"}, pattern=True)


def test_a_pattern_begins_as_the_very_arguments() -> None:
    args = {"glob": "*.py", "n": 3, "deep": [{"a": "x*y"}]}
    pattern = read_pattern(as_pattern(args))
    assert fits(pattern, args, pattern=True)
    assert not fits(pattern, {**args, "glob": "a.py"}, pattern=True)


def test_arguments_with_stars_are_not_a_pattern() -> None:
    assert not fits({"glob": "*.py"}, {"glob": "a.py"}, pattern=False)


@pytest.mark.parametrize("text", ["", "[1]", '{"a": }', '"*"'])
def test_what_is_no_pattern_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"JSON|object"):
        read_pattern(text)


def test_endless_nesting_covers_nothing_and_costs_nothing() -> None:
    deep: Any = {}
    for _ in range(100_000):
        deep = {"a": deep}
    assert not fits({"a": {"a": "x"}}, deep, pattern=True)
    assert not fits({"a": 1}, deep, pattern=False)
