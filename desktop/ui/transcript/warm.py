"""What the first answer would otherwise wait for: imports and tables, in steps short enough for an idle window."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

_LANGUAGES = ("python", "javascript", "json", "bash", "html", "sql")


def steps() -> Iterator[None]:
    """Run it a step at a time, from a timer of 0 ms after the first paint; each takes a few frames at most."""
    import_module("markdown_it")
    yield
    from desktop.core.markdown.text import MarkdownText

    yield
    MarkdownText("# A\n\n- **b** `c` [d](https://e.example)\n\n| f |\n|---|\n| g |\n").plain()
    yield
    from desktop.ui.transcript.highlight import Colouring

    for language in _LANGUAGES:
        yield
        Colouring(language).update("x = 1", final=True)
