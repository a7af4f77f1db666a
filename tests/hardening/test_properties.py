"""The table of properties names tests that exist, and no test of this folder is missing from it."""

from __future__ import annotations

import re
from pathlib import Path

TABLE = Path(__file__).with_name("PROPERTIES.md")
TESTS = Path(__file__).parents[1]


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", TABLE.read_text("utf-8"))
    assert len(named) > 50
    gone = [f"{file}::{test}" for file, test in named if f"def {test}(" not in (TESTS / file).read_text("utf-8")]
    assert gone == []


def test_every_file_of_this_folder_stands_in_the_table() -> None:
    named = set(re.findall(r"`hardening/(\w+\.py)::", TABLE.read_text("utf-8")))
    here = {file.name for file in TABLE.parent.glob("test_*.py")} - {"test_properties.py"}
    assert here - named == set()


def test_every_property_has_a_test_or_says_that_it_has_none() -> None:
    rows = [line for line in TABLE.read_text("utf-8").splitlines() if line.startswith("| ") and "Property" not in line]
    assert len(rows) > 30
    assert [row for row in rows if "test_" not in row and "not yet" not in row] == []
