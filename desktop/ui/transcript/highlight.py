"""Colours for code: Pygments tokens as ranges by line. Only its built-in lexers, by the name in the fence."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pygments.lexer import Lexer

Ranges = list[tuple[int, int, str]]  # start, length, group

_MOST = 20_000  # characters of one slice that are coloured
_GROUPS = (
    ("Token.Keyword", "keyword"),
    ("Token.Name.Tag", "keyword"),
    ("Token.Operator.Word", "keyword"),
    ("Token.Literal.String", "string"),
    ("Token.Literal.Number", "number"),
    ("Token.Comment", "comment"),
    ("Token.Name.Function", "name"),
    ("Token.Name.Class", "name"),
    ("Token.Name.Decorator", "name"),
    ("Token.Name.Builtin", "name"),
    ("Token.Name.Attribute", "name"),
    ("Token.Operator", "operator"),
)


@cache
def _names() -> dict[str, tuple[str, str]]:
    """Aliases of the built-in lexers: module and class. The library's own look-up scans every installed package."""
    from pygments.lexers._mapping import LEXERS

    found: dict[str, tuple[str, str]] = {}
    for name, (module, _, aliases, _, _) in LEXERS.items():
        for alias in aliases:
            found.setdefault(alias.lower(), (module, name))
    return found


@cache
def _lexer(language: str) -> Lexer | None:
    from importlib import import_module

    place = _names().get(language.lower())
    if place is None or place[1] in ("TextLexer", "RawTokenLexer"):
        return None
    made: Lexer = getattr(import_module(place[0]), place[1])(stripnl=False, ensurenl=False)
    return made


@cache
def _group(kind: str) -> str:
    for prefix, group in _GROUPS:
        if kind == prefix or kind.startswith(prefix + "."):
            return group
    return ""


def colour(text: str, language: str) -> list[Ranges]:
    """For each line of the text the ranges that have a colour, in the units of Qt's strings."""
    lines: list[Ranges] = [[]]
    lexer = _lexer(language) if language and len(text) <= _MOST else None
    if lexer is None:
        return lines
    column = 0
    for kind, value in lexer.get_tokens(text):
        group = _group(str(kind))
        for number, part in enumerate(value.split("\n")):
            if number:
                lines.append([])
                column = 0
            if part:
                width = len(part) if part.isascii() else len(part.encode("utf-16-le", "surrogatepass")) // 2
                if group:
                    lines[-1].append((column, width, group))
                column += width
    return lines
