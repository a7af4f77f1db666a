"""What somebody who tests an agent expects of a run, held against what came. For `ask --expect` and `replay --expect`.

The file is TOML. Every key is optional; a file that is empty expects a completed run without unknown events:

    answer = ["Oslo", "7 degrees"]     # each is part of the answer
    answer_not = "I cannot"
    answer_matches = "\\d+ degrees"     # a regular expression, found anywhere
    tools = ["search", "read_file"]    # called in this order; others may come between
    tools_only = true                  # ...and no others
    tools_not = ["delete_file"]
    asks = ["delete_file"]             # a person was asked about these tools, in this order
    ended = "completed"                # or a list of endings, see `run.ended`
    unknown = 0                        # at most so many events that Sluice does not know
    within = 20.0                      # seconds that the runs took, added up
    first_word_within = 2.0            # seconds from the request to the first text
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from desktop.core.conversation import AskItem, Conversation, RunState, ToolItem
from desktop.core.errors import SluiceError


class BadExpectations(SluiceError):
    """The file cannot be read; the words say where."""

    code = "expectations"


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation held against a run. `got` says what came instead, for people; empty where it held."""

    name: str
    held: bool
    got: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """The runs of a conversation as one: what the tests look at."""

    answer: str
    tools: tuple[str, ...]
    asks: tuple[str, ...]
    ended: str
    unknown: int
    seconds: float
    first_word: float | None


def seen_in(conversation: Conversation) -> Seen:
    """What came of the conversation. Runs that go on after a decision count together; the last one's end is the end."""
    runs = conversation.runs
    items = conversation.items.values()
    first = next((r.first_text for r in runs if r.first_text is not None), None)
    return Seen(
        "\n\n".join(filter(None, (conversation.text_of(r.number) for r in runs))),
        tuple(i.name for i in items if isinstance(i, ToolItem)),
        tuple(i.tool or i.text for i in items if isinstance(i, AskItem)),
        runs[-1].status or "cut" if runs else "cut",
        sum(r.unknown for r in runs),
        _lasted(runs),
        None if first is None else first - runs[0].at,
    )


def parse_expectations(text: str) -> dict[str, Any]:
    """The expectations in a file's text. Raises BadExpectations for what is no TOML, an unknown key or a wrong type."""
    try:
        wanted = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadExpectations(f"The expectations are no TOML: {error}.") from error
    for key, value in wanted.items():
        if key not in _KEYS:
            raise BadExpectations(f"There is no expectation called “{key}”. There are: {', '.join(_KEYS)}.")
        kinds, words = _KEYS[key]
        listed = value if isinstance(value, list) and kinds is str else [value]
        if not all(isinstance(v, kinds) and (kinds is bool or not isinstance(v, bool)) for v in listed):
            raise BadExpectations(f"“{key}” has to be {words}.")
    try:
        re.compile(wanted.get("answer_matches", ""))
    except (re.error, TypeError) as error:
        raise BadExpectations(f"“answer_matches” is no regular expression: {error}.") from error
    return wanted


def check(wanted: dict[str, Any], seen: Seen) -> list[Check]:
    """Each expectation, held or not, in the order of the file; a good ending and no unknown events if it names none."""
    every = {**wanted, "ended": wanted.get("ended", "completed"), "unknown": wanted.get("unknown", 0)}
    return [one for key, value in every.items() for one in _CHECKS[key](value, seen, every)]


def as_text(checks: Sequence[Check], name: str = "") -> str:
    """A report for people."""
    failed = sum(not one.held for one in checks)
    lines = [f"  {'ok  ' if one.held else 'FAIL'}  {one.name}{f': {one.got}' if one.got else ''}" for one in checks]
    end = f"{len(checks) - failed} of {len(checks)} expectations held"
    return "\n".join(filter(None, (name, *lines, end)))


def as_junit(suites: Iterable[tuple[str, float, Sequence[Check]]]) -> str:
    """JUnit's XML for (name, seconds, checks) of each run."""
    out = ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>"]
    for name, seconds, checks in suites:
        failed = sum(not one.held for one in checks)
        counts = f'tests="{len(checks)}" failures="{failed}" errors="0" time="{seconds:.3f}"'
        out.append(f"  <testsuite name={_quoted(name)} {counts}>")
        for one in checks:
            case = f"    <testcase classname={_quoted(name)} name={_quoted(one.name)}"
            fail = f"<failure message={_quoted(one.got)}>{escape(_legal(one.got))}</failure>"
            out.append(f"{case}/>" if one.held else f"{case}>{fail}</testcase>")
        out.append("  </testsuite>")
    return "\n".join((*out, "</testsuites>", ""))


# ---- the checks

_Rule = Callable[[Any, Seen, dict[str, Any]], list[Check]]


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _answer(value: Any, seen: Seen, _: dict[str, Any]) -> list[Check]:
    held = {part: part in seen.answer for part in _list(value)}
    return [Check(f"the answer contains “{part}”", ok, "" if ok else _said(seen)) for part, ok in held.items()]


def _answer_not(value: Any, seen: Seen, _: dict[str, Any]) -> list[Check]:
    held = {part: part not in seen.answer for part in _list(value)}
    return [Check(f"the answer does not contain “{part}”", ok, "" if ok else _said(seen)) for part, ok in held.items()]


def _matches(value: Any, seen: Seen, _: dict[str, Any]) -> list[Check]:
    held = re.search(value, seen.answer) is not None
    return [Check(f"the answer matches {value}", held, "" if held else _said(seen))]


def _tools(value: Any, seen: Seen, wanted: dict[str, Any]) -> list[Check]:
    names = _list(value)
    only = bool(wanted.get("tools_only"))
    held = list(seen.tools) == names if only else _in_order(names, seen.tools)
    listed = ", ".join(names) or "none"
    words = f"the tools called are only {listed}" if only else f"the tools called are {listed}, in this order"
    return [Check(words, held, "" if held else f"called were {', '.join(seen.tools) or 'none'}")]


def _tools_only(value: Any, seen: Seen, wanted: dict[str, Any]) -> list[Check]:
    return [] if "tools" in wanted or not value else _tools([], seen, {"tools_only": True})


def _tools_not(value: Any, seen: Seen, _: dict[str, Any]) -> list[Check]:
    return [
        Check(f"the tool {name} is not called", name not in seen.tools, "it was" if name in seen.tools else "")
        for name in _list(value)
    ]


def _asks(value: Any, seen: Seen, _: dict[str, Any]) -> list[Check]:
    names = _list(value)
    held = _in_order(names, seen.asks)
    words = f"a person was asked about {', '.join(names)}"
    return [Check(words, held, "" if held else f"asked was about {', '.join(seen.asks) or 'nothing'}")]


def _ended(value: Any, seen: Seen, _: dict[str, Any]) -> list[Check]:
    held = seen.ended in _list(value)
    return [Check(f"the run ended {' or '.join(_list(value))}", held, "" if held else f"it ended {seen.ended}")]


def _unknown(value: Any, seen: Seen, _: dict[str, Any]) -> list[Check]:
    held = seen.unknown <= value
    words = "no unknown events" if not value else f"at most {value} unknown events"
    return [Check(words, held, "" if held else f"there were {seen.unknown}")]


def _within(value: Any, seen: Seen, _: dict[str, Any]) -> list[Check]:
    held = seen.seconds <= value
    return [Check(f"it ended within {value:g} s", held, "" if held else f"it took {seen.seconds:.2f} s")]


def _first_word(value: Any, seen: Seen, _: dict[str, Any]) -> list[Check]:
    held = seen.first_word is not None and seen.first_word <= value
    got = "there was no text" if seen.first_word is None else f"it took {seen.first_word:.2f} s"
    return [Check(f"the first word came within {value:g} s", held, "" if held else got)]


_CHECKS: dict[str, _Rule] = {
    "answer": _answer,
    "answer_not": _answer_not,
    "answer_matches": _matches,
    "tools": _tools,
    "tools_only": _tools_only,
    "tools_not": _tools_not,
    "asks": _asks,
    "ended": _ended,
    "unknown": _unknown,
    "within": _within,
    "first_word_within": _first_word,
}
_TEXTS = (str, "text, or a list of texts")
_KEYS: dict[str, tuple[Any, str]] = {
    **dict.fromkeys(("answer", "answer_not", "tools", "tools_not", "asks", "ended"), _TEXTS),
    "answer_matches": (str, "text"),
    "tools_only": (bool, "true or false"),
    "unknown": (int, "a whole number"),
    "within": ((int, float), "a number of seconds"),
    "first_word_within": ((int, float), "a number of seconds"),
}


def _in_order(wanted: Sequence[str], got: Sequence[str]) -> bool:
    left = iter(got)
    return all(name in left for name in wanted)


def _lasted(runs: Sequence[RunState]) -> float:
    """Seconds that the runs took; between them a person may have thought about a decision."""
    return sum((r.ended or r.last_event or r.at) - r.at for r in runs)


def _said(seen: Seen) -> str:
    words = " ".join(seen.answer.split())
    return f"it says “{words[:200]}{'…' if len(words) > 200 else ''}”" if words else "there is no answer"


def _legal(text: str) -> str:
    return re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)


def _quoted(text: str) -> str:
    return quoteattr(_legal(text))
