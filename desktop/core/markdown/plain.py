"""What a person reads, without marks: plain text, table text and simple HTML of elements."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from desktop.core.markdown.flow import Code, Element, Formula, Mark, Paragraph, Rule, Runs, Table

_TAGS = ((Mark.CODE, "code"), (Mark.STRIKE, "s"), (Mark.ITALIC, "em"), (Mark.BOLD, "strong"), (Mark.RAISED, "sup"))


def plain(elements: Iterable[Element]) -> str:
    """The words of the elements, a line or more each, as they are read."""
    return "\n".join(_line(element) for element in elements)


def _line(element: Element) -> str:
    match element:
        case Paragraph():
            text = element.text.replace("\u2028", "\n")
            return f"{element.marker} {text}" if element.marker else text
        case Code():
            return element.shown
        case Table():
            return tsv(element)
        case Formula():
            return element.tex
        case Rule():
            return ""


def words(runs: Runs) -> str:
    """The text of runs."""
    return "".join(run.text for run in runs)


def tsv(table: Table) -> str:
    """A table as lines of cells with tabs between."""
    return "\n".join("\t".join(words(cell).replace("\t", " ") for cell in row) for row in table.rows)


def html(elements: Iterable[Element]) -> str:
    """Simple HTML for the clipboard. Pictures are words here too: what is pasted asks for nothing."""
    return "\n".join(_block(element) for element in elements)


def _block(element: Element) -> str:
    match element:
        case Paragraph(role="literal"):
            return f"<pre>{escape(element.text)}</pre>"
        case Paragraph():
            tag = f"h{element.role[-1]}" if element.role.startswith("heading") else "p"
            marker = f"{escape(element.marker)} " if element.marker else ""
            way = ' dir="rtl"' if element.rtl else ""
            return _nested(f"<{tag}{way}>{marker}{_runs(element.runs)}</{tag}>", element.nest)
        case Code():
            return _nested(f"<pre><code>{escape(element.text)}</code></pre>", element.nest)
        case Table():
            return _table(element)
        case Formula():
            return f"<p><code>{escape(element.tex)}</code></p>"
        case Rule():
            return "<hr>"


def _nested(block: str, nest: str) -> str:
    for kind in reversed(nest):
        block = f"<blockquote>{block}</blockquote>" if kind == "q" else f'<div style="margin-left:2em">{block}</div>'
    return block


def _table(table: Table) -> str:
    rows = []
    for number, row in enumerate(table.rows):
        tag = "th" if table.header and not number else "td"
        rows.append("<tr>" + "".join(f"<{tag}>{_runs(cell)}</{tag}>" for cell in row) + "</tr>")
    return "<table>" + "".join(rows) + "</table>"


def _runs(runs: Runs) -> str:
    out = []
    for run in runs:
        text = escape(run.text).replace("\u2028", "<br>")
        for flag, tag in _TAGS:
            if run.marks & flag:
                text = f"<{tag}>{text}</{tag}>"
        if run.link.startswith(("https://", "http://")) and not run.marks & Mark.PICTURE:
            text = f'<a href="{escape(run.link)}">{text}</a>'
        out.append(text)
    return "".join(out)
