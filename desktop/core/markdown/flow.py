"""What a slice of Markdown looks like to a person: a flat list of elements, made of runs of text.

The form is deliberately flat. Nesting is a string of containers, outermost first: "q" for a quote, "l" for a list
item (or another indented container). A growing slice can then be compared with itself, element by element.
"""

from __future__ import annotations

from typing import NamedTuple

from desktop.core.asks.visible import marked


class Mark:
    """How a run of text is set: flags, as plain integers because they are joined once a word."""

    BOLD = 1
    ITALIC = 2
    STRIKE = 4
    CODE = 8
    RAISED = 16  # a footnote's number
    MATH = 32  # TeX source
    FORMULA = 256  # mathematics in ordinary characters
    PICTURE = 64  # words that stand for a picture; `link` is its address
    HTML = 128  # markup that is shown as it was written


class Run(NamedTuple):
    """Text of one look. `link` is an address as the author wrote it, never to be opened without asking."""

    text: str
    marks: int = 0
    link: str = ""


Runs = tuple[Run, ...]


class Paragraph(NamedTuple):
    """Text that wraps. `role` is paragraph, heading-1 to heading-6, literal or note; `marker` what stands before it."""

    role: str
    runs: Runs
    nest: str = ""
    marker: str = ""
    gap: bool = True  # half a line of space before it
    rtl: bool = False

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)


class Code(NamedTuple):
    """Lines of code, without the last newline. `first` shows the title bar, `last` that nothing follows."""

    text: str
    language: str = ""
    nest: str = ""
    first: bool = True
    gap: bool = True
    indented: bool = False

    @property
    def shown(self) -> str:
        """The code as it is shown and read out: what hides in it can be seen. `text` is what is copied."""
        return marked(self.text)


class Table(NamedTuple):
    """Rows of cells; the first row is the head when `header`. `aligns` holds "", left, center or right."""

    rows: tuple[tuple[Runs, ...], ...]
    aligns: tuple[str, ...]
    header: bool = True
    nest: str = ""
    gap: bool = True


class Formula(NamedTuple):
    """Display mathematics: TeX source."""

    tex: str
    nest: str = ""
    gap: bool = True


class Rule(NamedTuple):
    """A line across the column."""

    nest: str = ""
    gap: bool = True


Element = Paragraph | Code | Table | Formula | Rule
