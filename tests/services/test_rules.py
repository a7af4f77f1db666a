"""Where rules are kept: privately, whole, and off until they are turned on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from desktop.core.asks.rules import Rule
from desktop.core.conversation import AskItem
from desktop.services.approvals.rules import Rules

HOME = "http://127.0.0.1:9"
ASKED = AskItem("i", 0, 0.0, ask="a1", tool="run", args={"command": "ls"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "rules.json"


def add(rules: Rules, allow: bool = True, session: str | None = None, **args: Any) -> Rule:
    args = args or {"command": "ls"}
    return rules.add(allow=allow, server=HOME, tool="run", args=args, pattern=False, session=session)


def test_rules_are_off_until_they_are_turned_on(path: Path) -> None:
    rules = Rules(path)
    rule = add(rules)
    assert rules.decide(HOME, "s", ASKED) is None
    rules.turn(True)
    assert rules.decide(HOME, "s", ASKED) == rule


def test_they_are_there_again_with_their_counts(path: Path) -> None:
    rules = Rules(path, clock=lambda: 50.0)
    rules.turn(True)
    for _ in range(3):
        rules.count(rule := add(rules) if not rules.all() else rules.all()[0])
    rules.close()
    again = Rules(path)
    assert (again.on, again.all(), again.trouble) == (True, (rule,), None)
    assert (again.all()[0].hits, again.all()[0].last) == (3, 50.0)


def test_a_revoked_rule_is_gone_for_good(path: Path) -> None:
    rules = Rules(path)
    rules.turn(True)
    rules.remove(add(rules))
    assert rules.decide(HOME, "s", ASKED) is None
    assert Rules(path).all() == ()


def test_a_refusal_goes_before_a_permission(path: Path) -> None:
    rules = Rules(path)
    rules.turn(True)
    add(rules)
    no = add(rules, allow=False)
    assert rules.decide(HOME, "s", ASKED) == no


def test_a_rule_for_one_conversation_is_never_written(path: Path) -> None:
    rules = Rules(path)
    rules.turn(True)
    add(rules, session="s")
    assert rules.decide(HOME, "s", ASKED) is not None
    assert rules.decide(HOME, "t", ASKED) is None
    assert Rules(path).all() == ()


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_nobody_else_can_read_them(path: Path) -> None:
    add(Rules(path))
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["rules.json"]


@pytest.mark.parametrize("text", ["", "{", '{"on": "yes", "rules": 3}', '{"on": true, "rules": [{"allow": true}, 7]}'])
def test_a_damaged_file_allows_nothing_and_says_so(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text)
    rules = Rules(path)
    assert rules.all() == ()
    assert rules.decide(HOME, "s", ASKED) is None
    assert rules.trouble


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_said(path: Path) -> None:
    path.parent.mkdir(mode=0o500)
    rules = Rules(path)
    add(rules)
    assert rules.trouble and "rules" in rules.trouble
