"""The table of what works where is the same in the README as in the program."""

from __future__ import annotations

from pathlib import Path

from desktop.core.adapters import PROTOCOLS
from desktop.core.overview import as_markdown, as_text, table


def test_the_readme_holds_the_programs_own_table() -> None:
    assert as_markdown() in (Path(__file__).parents[2] / "README.md").read_text("utf-8")


def test_every_protocol_has_a_column_and_every_ability_a_word() -> None:
    for row in table():
        assert len(row) == len(PROTOCOLS) + 1
        assert all(cell for cell in row[1:])
    assert "Dockrion" in as_text()
