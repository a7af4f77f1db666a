"""Pygments' tokens, from any line on and sooner: of a lexer's rules only those are tried that can begin with the
character at hand."""

from __future__ import annotations

import re
from functools import cache
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import TYPE_CHECKING, Any

from pygments.token import Error, Whitespace

if TYPE_CHECKING:
    from pygments.lexer import Lexer

Place = tuple[int, tuple[str, ...], int]  # offset, the lexer's open states, number of the line
START: Place = (0, ("root",), 0)

_ASCII = frozenset(range(128))
_CATEGORIES = {
    op.CATEGORY_DIGIT: frozenset(code for code in _ASCII if chr(code).isdigit()),
    op.CATEGORY_SPACE: frozenset(code for code in _ASCII if chr(code).isspace()),
    op.CATEGORY_WORD: frozenset(code for code in _ASCII if chr(code).isalnum() or chr(code) == "_"),
}
_CATEGORIES |= {
    op.CATEGORY_NOT_DIGIT: _ASCII - _CATEGORIES[op.CATEGORY_DIGIT],
    op.CATEGORY_NOT_SPACE: _ASCII - _CATEGORIES[op.CATEGORY_SPACE],
    op.CATEGORY_NOT_WORD: _ASCII - _CATEGORIES[op.CATEGORY_WORD],
}
_REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT)
_NOTHING = (op.AT, op.ASSERT, op.ASSERT_NOT)  # these take no character


@cache
def resumable(kind: type) -> bool:
    """Whether the lexer is a plain table of rules, so that it can go on from the middle."""
    from pygments.lexer import RegexLexer

    return issubclass(kind, RegexLexer) and kind.get_tokens_unprocessed is RegexLexer.get_tokens_unprocessed


def tokens(lexer: Lexer, text: str, start: Place, until: int) -> tuple[list[tuple[int, Any, str]], Place]:
    """The tokens from a place on, and the last place, not after `until`, where a line begins with a token of its own:
    from there the next call can go on. This is the library's own loop over its rules, which keeps no place."""
    place, (at, stack, line) = start, start
    open_states = list(stack)
    found: list[tuple[int, Any, str]] = []
    kind, end = type(lexer), len(text)
    while at < end:
        if at <= until and (not at or text[at - 1] == "\n"):
            place = (at, tuple(open_states), line)
        for rule, action, new_state in _rules(kind, open_states[-1], text[at]):  # noqa: B007 - used below
            if match := rule(text, at):
                break
        else:
            if text[at] == "\n":
                open_states = ["root"]
            found.append((at, Whitespace if text[at] == "\n" else Error, text[at]))
            line += text[at] == "\n"
            at += 1
            continue
        if action is not None:
            found += [(at, action, match[0])] if isinstance(action, type(Error)) else action(lexer, match)
        line += match[0].count("\n")
        at = match.end()
        if new_state is not None:
            _follow(open_states, new_state)
    return found, place


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


# ---- which rules can begin with a character


@cache
def _rules(lexer: Any, state: str, char: str) -> list[Any]:
    """The rules of a state that may match where this character stands, in order."""
    rules = lexer._tokens[state]
    if not char.isascii():
        return rules
    return [rule for rule, begins in zip(rules, _begins(lexer, state), strict=True) if ord(char) in begins]


@cache
def _begins(lexer: Any, state: str) -> list[frozenset[int]]:
    return [_first(getattr(rule[0], "__self__", None)) for rule in lexer._tokens[state]]


@cache
def _first(pattern: object) -> frozenset[int]:
    """The ASCII characters that a match can begin with: all of them, where that is not plain to see."""
    if not isinstance(pattern, re.Pattern):
        return _ASCII
    try:
        found, empty = _of_sequence(parser.parse(pattern.pattern, pattern.flags), pattern.flags)
    except (re.error, RecursionError):
        return _ASCII
    if empty:
        return _ASCII
    if pattern.flags & re.IGNORECASE:
        found |= {ord(chr(code).swapcase()) for code in found}
    return found


def _of_sequence(items: Any, flags: int) -> tuple[frozenset[int], bool]:
    """The first characters, and whether it can match nothing at all."""
    first: frozenset[int] = frozenset()
    for kind, value in items:
        found, empty = _of_item(kind, value, flags)
        first |= found
        if not empty:
            return first, False
    return first, True


def _of_item(kind: Any, value: Any, flags: int) -> tuple[frozenset[int], bool]:
    if kind in _NOTHING:
        return frozenset(), True
    if kind is op.LITERAL:
        return frozenset({value}), False
    if kind is op.NOT_LITERAL:
        return _ASCII - {value} if not flags & re.IGNORECASE else _ASCII, False
    if kind is op.ANY:
        return _ASCII, False
    if kind is op.IN:
        return _of_set(value, flags), False
    if kind is op.BRANCH:
        ways = [_of_sequence(way, flags) for way in value[1]]
        return frozenset().union(*(first for first, _ in ways)), any(empty for _, empty in ways)
    if kind is op.SUBPATTERN and not value[1]:
        return _of_sequence(value[3], flags)
    if kind in _REPEATS:
        first, empty = _of_sequence(value[2], flags)
        return first, empty or value[0] == 0
    return _ASCII, True


def _of_set(items: Any, flags: int) -> frozenset[int]:
    first: set[int] = set()
    for kind, value in items:
        if kind is op.LITERAL:
            first.add(value)
        elif kind is op.RANGE:
            first.update(range(value[0], min(value[1], 127) + 1))
        elif kind is op.CATEGORY and value in _CATEGORIES:
            first |= _CATEGORIES[value]
        elif kind is not op.NEGATE:
            return _ASCII
    if items[0][0] is not op.NEGATE:
        return frozenset(first)
    return _ASCII if flags & re.IGNORECASE else _ASCII - first
