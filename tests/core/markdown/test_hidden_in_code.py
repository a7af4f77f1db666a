"""What hides in code is shown; the code that is copied is the code as it came."""

from __future__ import annotations

import pytest

from desktop.core.asks.visible import marked
from desktop.core.markdown.flow import Code
from desktop.core.markdown.text import MarkdownText

HIDDEN = "a\u202egnp.exe\u202c\u200b\x1b[2J\x9b\U000e0041"
SHOWN = "a⟦bidi RLO⟧gnp.exe⟦bidi PDF⟧⟦zero-width space⟧⟦ESC⟧[2J⟦control 9B⟧⟦hidden tags: A⟧"


@pytest.mark.parametrize("source", [f"```sh\n{HIDDEN}\n```\n", f"    {HIDDEN}\n", f"`{HIDDEN}`", f"```\n{HIDDEN}"])
def test_it_is_shown_and_read_out(source: str) -> None:
    assert MarkdownText(source).plain() == SHOWN


def test_the_copied_code_is_as_it_came() -> None:
    held = MarkdownText(f"```sh\n{HIDDEN}\n```\n")
    (code,) = (element for piece in held.all() for element in held.elements(piece))
    assert isinstance(code, Code) and code.text == HIDDEN


@pytest.mark.parametrize(
    "text", ["x = ⟦e⟧", "a" + " " * 60 + "# far", "\tif x:\n\n\n\n\n\n\n\n\ny", "👩\u200d💻 ☀\ufe0f", "مرحبا"]
)
def test_what_code_is_made_of_stays(text: str) -> None:
    assert marked(text) == text


def test_marking_twice_changes_nothing() -> None:
    assert marked(marked(HIDDEN)) == marked(HIDDEN)
