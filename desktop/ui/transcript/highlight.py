"""Colours for code: Pygments tokens as ranges by line. Only its built-in lexers, by the name in the fence."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from desktop.ui.transcript.lexing import START, resumable, tokens

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
    ("Token.Generic.Inserted", "string"),
    ("Token.Generic.Deleted", "keyword"),
    ("Token.Generic.Heading", "name"),
    ("Token.Generic.Subheading", "comment"),
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
def lexer_of(language: str) -> Lexer | None:
    """The built-in lexer of a name as it stands at a fence."""
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


class Colouring:
    """The colours of a text that grows. `lines` holds, for each line, the ranges that have a colour, in the units of
    Qt's strings. What was coloured stays, but for the last line: only from there on the lexer is asked again."""

    def __init__(self, language: str) -> None:
        self.lines: list[Ranges] = [[]]
        self._lexer = lexer_of(language) if language else None
        self._from = START

    def update(self, text: str, final: bool) -> None:
        """Colour the lines of `text`, of which all but the last are whole. `final` colours everything anew: a token
        over several lines can look different when its end is known."""
        if self._lexer is None or len(text) > _MOST:
            self.lines = [[]]
            return
        if not resumable(type(self._lexer)):
            self.lines = [[]]
            self._take(self._lexer.get_tokens_unprocessed(text))
            return
        if not final:
            text = text[: text.rfind("\n") + 1]
        start = START if final else self._from
        self.lines[start[2] :] = [[]]
        found, self._from = tokens(self._lexer, text, start, text.rfind("\n", 0, max(len(text) - 1, 0)) + 1)
        self._take(found)

    def _take(self, tokens: Iterable[tuple[int, Any, str]]) -> None:
        lines = self.lines
        column = 0
        for _, kind, value in tokens:
            group = _known.get(kind)
            if group is None:
                group = _known[kind] = _group(str(kind))
            for number, part in enumerate(value.split("\n") if "\n" in value else (value,)):
                if number:
                    lines.append([])
                    column = 0
                if part:
                    width = len(part) if part.isascii() else len(part.encode("utf-16-le", "surrogatepass")) // 2
                    if group:
                        lines[-1].append((column, width, group))
                    column += width


_known: dict[Any, str] = {}
