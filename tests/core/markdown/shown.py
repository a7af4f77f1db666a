"""What our elements show, in the same form as `expected.read` gives."""

from __future__ import annotations

import re

from desktop.core.markdown.flow import Code, Element, Formula, Mark, Paragraph, Rule, Run, Table
from desktop.core.markdown.text import MarkdownText
from tests.core.markdown.expected import Read


def shown(text: MarkdownText) -> list[Read]:
    """The reading of a whole text; slices of one code are put together again."""
    out: list[Read] = []
    for piece in text.all():
        for element in text.elements(piece):
            _add(out, element)
    return out


def _add(out: list[Read], element: Element) -> None:
    match element:
        case Code(first=False) if out and out[-1][0] == "code":
            role, nest, words = out.pop()
            out.append((role, nest, f"{words}\n{element.text}"))
        case Code():
            out.append(("code", element.nest, element.text))
        case Table():
            out.extend(("cell", element.nest, _words(cell)) for row in element.rows for cell in row)
        case Formula():
            out.append(("formula", element.nest, element.tex))
        case Rule():
            out.append(("rule", element.nest, ""))
        case Paragraph():
            words = _words(element.runs)
            if words or element.role.startswith("heading"):
                out.append((element.role, element.nest, words))


def _words(runs: tuple[Run, ...]) -> str:
    text = "".join(f"[{_alt(run)}]" if run.marks & Mark.PICTURE else run.text for run in runs)
    return " ".join(text.replace("\u2028", " ").split())


def _alt(run: Run) -> str:
    return re.sub(r" \([^()]*\)$", "", run.text)
