"""Colours for code: Pygments tokens as ranges by line. Only its built-in lexers, by the name in the fence."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from pygments.token import Error, Whitespace

if TYPE_CHECKING:
    from pygments.lexer import Lexer

Place = tuple[int, tuple[str, ...], int]  # offset, the lexer's open states, number of the line
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


class Colouring:
    """The colours of a text that grows. `lines` holds, for each line, the ranges that have a colour, in the units of
    Qt's strings. What was coloured stays, but for the last line: only from there on the lexer is asked again."""

    def __init__(self, language: str) -> None:
        self.lines: list[Ranges] = [[]]
        self._lexer = _lexer(language) if language else None
        self._from: Place = (0, ("root",), 0)

    def update(self, text: str, final: bool) -> None:
        """Colour the lines of `text`, of which all but the last are whole. `final` colours everything anew: a token
        over several lines can look different when its end is known."""
        if self._lexer is None or len(text) > _MOST:
            self.lines = [[]]
            return
        if final or not _resumable(type(self._lexer)):
            self.lines = [[]]
            self._take(self._lexer.get_tokens_unprocessed(text))
            return
        text = text[: text.rfind("\n") + 1]
        at, stack, line = self._from
        self.lines[line:] = [[]]
        last_line = text.rfind("\n", 0, max(len(text) - 1, 0)) + 1
        tokens, self._from = _tokens(self._lexer, text, at, stack, line, last_line)
        self._take(tokens)

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


@cache
def _resumable(kind: type) -> bool:
    """Whether the lexer is a plain table of rules, so that it can go on from the middle."""
    from pygments.lexer import RegexLexer

    return issubclass(kind, RegexLexer) and kind.get_tokens_unprocessed is RegexLexer.get_tokens_unprocessed


def _tokens(
    lexer: Any, text: str, at: int, stack: tuple[str, ...], line: int, until: int
) -> tuple[list[tuple[int, Any, str]], Place]:
    """The tokens from a place on, and the last place, not after `until`, where a line begins with a token of its own:
    from there the next call can go on. This is the library's own loop over its rules, which keeps no place."""
    states = lexer._tokens
    place, open_states = (at, stack, line), list(stack)
    tokens: list[tuple[int, Any, str]] = []
    while at < len(text):
        if at <= until and (not at or text[at - 1] == "\n"):
            place = (at, tuple(open_states), line)
        for match_rule, action, new_state in states[open_states[-1]]:  # noqa: B007 - used after the loop
            if found := match_rule(text, at):
                break
        else:
            if text[at] == "\n":
                open_states = ["root"]
            tokens.append((at, Whitespace if text[at] == "\n" else Error, text[at]))
            line += text[at] == "\n"
            at += 1
            continue
        if action is not None:
            simple = isinstance(action, type(Whitespace))
            tokens += [(at, action, found[0])] if simple else action(lexer, found)
        line += found[0].count("\n")
        at = found.end()
        if new_state is not None:
            _follow(open_states, new_state)
    return tokens, place


def _follow(states: list[str], change: Any) -> None:
    """Open or close states, as a rule says."""
    for one in change if isinstance(change, tuple) else (change,):
        if one == "#pop":
            if len(states) > 1:
                states.pop()
        elif one == "#push":
            states.append(states[-1])
        elif isinstance(one, int):
            del states[one if abs(one) < len(states) else 1 :]
        else:
            states.append(one)
