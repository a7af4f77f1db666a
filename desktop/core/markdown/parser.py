"""The one Markdown parser: CommonMark with GFM's tables, strikethrough and autolinks, footnotes and mathematics."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

NESTING = 60  # levels of tokens; deeper text is shown as it was written
_DOLLARS = re.compile(
    r"\$\$(?!\$)((?:[^$\\]|\\.){1,2000})\$\$|\$(?![\s$])((?:[^$\\]|\\.){1,500})(?<!\s)\$(?![\d$])", re.DOTALL
)
_WORTH = re.compile(r"[A-Za-z0-9]")


def parse(source: str, env: dict[str, Any] | None = None) -> list[Token]:
    """The tokens of a source."""
    return _parser().parse(source, {} if env is None else env)


def parse_inline(source: str, env: dict[str, Any] | None = None) -> list[Token]:
    """One inline token, whatever the lines begin with."""
    return _parser().parseInline(source, {} if env is None else env)


@cache
def _parser() -> MarkdownIt:
    """Made on first use: the import alone costs more than a frame."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin
    from mdit_py_plugins.footnote import footnote_plugin
    from mdit_py_plugins.gfm_autolink import gfm_autolink_plugin

    parser = MarkdownIt("commonmark", {"html": True, "maxNesting": NESTING})
    parser.enable(["table", "strikethrough"])
    gfm_autolink_plugin(parser)
    footnote_plugin(parser, inline=False, move_to_end=False)
    dollarmath_plugin(parser, allow_labels=False, allow_blank_lines=False)
    parser.inline.ruler.at("math_inline", _dollar_math)  # the plugin's looks at the last character for the one before
    parser.inline.ruler.before("escape", "math_bracket", _bracket_math)
    return parser


def _dollar_math(state: StateInline, silent: bool) -> bool:
    """$inline$ and $$display$$, but no prices: no space inside the marks, no letter before and no digit after them."""
    found = _DOLLARS.match(state.src, state.pos)
    if not found or (state.pos and state.src[state.pos - 1].isalnum()):
        return False
    if not silent:
        token = state.push("math_inline_double" if found[1] else "math_inline", "math", 0)
        token.content = found[1] or found[2]
        token.markup = "$$" if found[1] else "$"
    state.pos = found.end()
    return True


def _bracket_math(state: StateInline, silent: bool) -> bool:
    r"""\( inline \) and \[ display \]. Without a letter or digit inside they are escaped brackets."""
    opening = state.src[state.pos : state.pos + 2]
    if opening not in (r"\(", r"\["):
        return False
    end = state.src.find(r"\)" if opening == r"\(" else r"\]", state.pos + 2)
    content = state.src[state.pos + 2 : end] if end > 0 else ""
    if not _WORTH.search(content) or "](" in content:
        return False
    if not silent:
        token = state.push("math_inline" if opening == r"\(" else "math_inline_double", "math", 0)
        token.content = content
        token.markup = opening
    state.pos = end + 2
    return True
