"""Standing decisions of a person: "always allow exactly this". What a rule covers; where rules are kept is elsewhere.

A rule names the server, the tool and the arguments: exactly, or as a pattern. A pattern is the arguments' JSON in which
a star in a string stands for some text. Such a star is narrow on purpose: it passes no line break, no hidden character,
no way up a folder and nothing that begins another command, so that `git *` does not cover `git status; rm -rf ~`.
A star that is a whole value stands for any value; `\\*` is a star itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from desktop.core.asks.arguments import as_text
from desktop.core.asks.visible import digest, one_line, visible
from desktop.core.asks.words import is_plain
from desktop.core.conversation import AskItem
from desktop.core.language import mark, tr

_STAR = re.compile(r"(?<!\\)\*")
_SOME_TEXT = r"(?P<star{}>[^\n\r;&|<>$`(){{}}\\]*)"
_WORDS = {  # (allow, by pattern)
    (True, False): mark("allow {tool} with exactly this"),
    (True, True): mark("allow {tool} as the pattern says"),
    (False, False): mark("deny {tool} with exactly this"),
    (False, True): mark("deny {tool} as the pattern says"),
}


@dataclass(slots=True)
class Rule:
    """`server` is a connection's origin. `session` is the key of the one conversation that it holds in, None for all.
    `made` and `last` are seconds since 1970."""

    id: str
    allow: bool
    server: str
    tool: str
    args: Mapping[str, Any]
    pattern: bool = False
    session: str | None = None
    made: float = 0.0
    hits: int = 0
    last: float | None = None

    @property
    def words(self) -> str:
        """The rule in one line."""
        words = tr(_WORDS[self.allow, self.pattern], tool=one_line(self.tool, 60))
        return words if self.session is None else tr("{words}, in one conversation", words=words)


def can_cover(item: AskItem) -> bool:
    """Whether any rule may answer this ask: a yes or no about a tool whose arguments came whole."""
    return item.type == "approve" and bool(item.tool) and isinstance(item.args, dict) and is_plain(item)


def covers(rule: Rule, server: str, session: str, item: AskItem) -> bool:
    """Whether the rule is about this ask of this session on this server."""
    if not can_cover(item) or rule.session not in (None, session):
        return False
    return (rule.server, rule.tool) == (server, item.tool) and fits(rule.args, item.args, pattern=rule.pattern)


def fits(wanted: Any, args: Any, *, pattern: bool) -> bool:
    """Whether arguments are those of a rule. Numbers, yes and no, and text are never taken for each other."""
    if not pattern:
        return digest(wanted) == digest(args)
    try:
        return _fits(wanted, args)
    except RecursionError:
        return False


def as_pattern(args: Any) -> str:
    """Arguments as a pattern that covers nothing else: to begin with, before a person puts stars in."""
    return as_text(_escaped(args))


def read_pattern(text: str) -> dict[str, Any]:
    """A pattern that a person wrote. Raises ValueError, in words."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        where = {"line": error.lineno, "column": error.colno}
        raise ValueError(tr("Line {line}, column {column}: this is not valid JSON.", **where)) from None
    except RecursionError:
        raise ValueError(tr("This is nested too deeply.")) from None
    if not isinstance(found, dict):
        raise ValueError(tr("The pattern must be an object: { … }."))
    return found


def _fits(wanted: Any, value: Any) -> bool:
    match wanted:
        case "*":
            return True
        case dict():
            same = isinstance(value, dict) and wanted.keys() == value.keys()
            return same and all(_fits(part, value[name]) for name, part in wanted.items())
        case list():
            same = isinstance(value, list) and len(wanted) == len(value)
            return same and all(_fits(part, other) for part, other in zip(wanted, value, strict=True))
        case str():
            return isinstance(value, str) and _text_fits(wanted, value)
        case _:
            return digest(wanted) == digest(value)


def _text_fits(wanted: str, value: str) -> bool:
    parts = [re.escape(part.replace("\\*", "*")) for part in _STAR.split(wanted)]
    stars = [_SOME_TEXT.format(n) for n in range(len(parts) - 1)]
    whole = "".join(part + star for part, star in zip(parts, [*stars, ""], strict=True))
    found = re.fullmatch(whole, value)
    if found is None:
        return False
    return all(visible(text) == text and ".." not in text for text in found.groupdict().values())


def _escaped(value: Any) -> Any:
    match value:
        case dict():
            return {name: _escaped(part) for name, part in value.items()}
        case list():
            return [_escaped(part) for part in value]
        case str():
            return value.replace("*", "\\*")
        case _:
            return value
