"""A tool's arguments as lines that a person reads before deciding: literal, whole, and impossible to imitate.

The frame is JSON. Strings that are long, have several lines, are commands or are parts of an edit are unfolded: each of
their lines stands on its own, behind a bar, so that content can never pass for another argument. Lines are made one
by one, because arguments may be megabytes long and the window must not wait for their end.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from desktop.core.asks.visible import digest, json_text, length, visible
from desktop.core.conversation import AskItem
from desktop.core.language import tr, trn

#: frame: JSON around the values; note: words of ours; said: free text; text: an unfolded string; code: a command;
#: same, added, removed: a line of an edit.
Kind = Literal["frame", "note", "said", "text", "code", "same", "added", "removed"]


class Line(NamedTuple):
    """One line to show. Its text is marked already (see `visible`)."""

    kind: Kind
    text: str


COMMANDS = frozenset(("command", "cmd", "shell", "script", "code", "sql", "query", "commands", "bash", "python"))
DIFFS = frozenset(("diff", "patch"))
EDITS = (
    ("old_string", "new_string"), ("old_str", "new_str"), ("old_text", "new_text"), ("oldText", "newText"),
    ("old", "new"),
)  # fmt: skip
BAR = {"text": "│ ", "code": "│ ", "same": "  ", "added": "+ ", "removed": "- ", "said": "", "note": "", "frame": ""}
_FOLDED = 72  # characters: longer strings are unfolded
_WIDE = 2_000  # characters of one line: a longer one takes seconds to lay out
_SLICE = 16_384
_DEEP = 24
_MOST_COMPARED = 600  # lines of each side of an edit


def lay_out(args: Any) -> Iterator[Line]:
    """The lines of a call's arguments, in the order in which they were sent."""
    if args is None:
        yield Line("note", tr("The request came without arguments."))
    elif isinstance(args, dict) and args:
        yield from _members(args, 0)
    elif isinstance(args, str):
        yield from _unfold(args, "text", 0)
    else:
        yield from _value("", args, 0)


def lay_out_text(text: str) -> Iterator[Line]:
    """Free text, such as what the agent says, line by line."""
    for line in _rows(text):
        yield Line("said", line)


def difference(old: Any, new: Any) -> Iterator[Line]:
    """What a person changed in the arguments, as an edit of their JSON."""
    yield from _edit(as_text(old), as_text(new), 0)


def as_text(args: Any, indent: int | None = 2) -> str:
    """Arguments as JSON to read and edit, hidden characters as escapes. Parses to the same value."""
    written = json.dumps(args, ensure_ascii=False, indent=indent, default=repr)
    return "".join(c if visible(c) == c else _escaped(c) for c in written) if not written.isascii() else written


def size(args: Any) -> tuple[int, str]:
    """How long the arguments are: in characters of JSON, and in words."""
    if args is None:
        return 0, tr("no arguments")
    written = args if isinstance(args, str) else json_text(args)
    characters = trn("{n} character", "{n} characters", len(written))
    if isinstance(args, dict):
        return len(written), trn(
            "{characters} in {n} field", "{characters} in {n} fields", len(args), characters=characters
        )
    return len(written), characters


def ask_digest(item: AskItem) -> str:
    """The digest of everything that a decision about this ask is about."""
    choices = [[choice.id, choice.label, choice.style] for choice in item.choices]
    return digest(item.ask, item.type, item.tool, item.args, item.text, choices, item.schema, item.multiple)


def _members(args: dict[Any, Any], depth: int) -> Iterator[Line]:
    edit = next((pair for pair in EDITS if all(isinstance(args.get(name), str) for name in pair)), None)
    for name, value in args.items():
        if edit and name == edit[0]:
            yield Line("frame", f"{_pad(depth)}{_quoted(name)} → {_quoted(edit[1])}:")
            yield from _edit(args[edit[0]], args[edit[1]], depth + 1)
        elif edit and name == edit[1]:
            continue
        else:
            yield from _member(str(name), value, depth)


def _member(name: str, value: Any, depth: int) -> Iterator[Line]:
    label, low = f"{_quoted(name)}: ", name.lower()
    if isinstance(value, str) and low in DIFFS:
        yield Line("frame", f"{_pad(depth)}{label}{length(value)}")
        yield from _patch(value, depth + 1)
    elif isinstance(value, str) and low in COMMANDS:
        yield Line("frame", f"{_pad(depth)}{label}".rstrip())
        yield from _unfold(value, "code", depth + 1)
    else:
        yield from _value(label, value, depth)


def _value(label: str, value: Any, depth: int) -> Iterator[Line]:
    if isinstance(value, str) and _is_long(value):
        yield Line("frame", f"{_pad(depth)}{label}{length(value)}")
        yield from _unfold(value, "text", depth + 1)
    elif isinstance(value, dict | list) and value and (short := _short(value)) is None:
        yield from _container(label, value, depth)
    elif isinstance(value, dict | list) and value:
        yield Line("frame", f"{_pad(depth)}{label}{short}")
    else:
        yield Line("frame", f"{_pad(depth)}{label}{_scalar(value)}")


def _container(label: str, value: dict[Any, Any] | list[Any], depth: int) -> Iterator[Line]:
    if depth >= _DEEP:
        words = tr("nested deeper than {levels} levels, on one line:", levels=_DEEP)
        yield Line("note", f"{_pad(depth)}{label}{words}")
        yield from _unfold(json_text(value), "text", depth)
        return
    is_map = isinstance(value, dict)
    yield Line("frame", f"{_pad(depth)}{label}{'{' if is_map else '['}")
    if isinstance(value, dict):
        yield from _members(value, depth + 1)
    else:
        for one in value:
            yield from _value("", one, depth + 1)
    yield Line("frame", f"{_pad(depth)}{'}' if is_map else ']'}")


def _unfold(text: str, kind: Kind, depth: int) -> Iterator[Line]:
    if not text:
        yield Line("note", f"{_pad(depth)}{tr('(empty)')}")
    for line in _rows(text) if text else ():
        yield Line(kind, _pad(depth) + BAR[kind] + line)


def _rows(text: str) -> Iterator[str]:
    """The marked lines of a text; a line too long to be laid out at once is broken, which is marked too."""
    start, end = 0, len(text)
    while end - start > _SLICE:
        cut = text.rfind("\n", start, start + _SLICE)
        rows = visible(text[start : cut if cut > start else start + _SLICE]).split("\n")
        if cut <= start:
            rows[-1] += "↩"
        for row in rows:
            yield from _broken(row)
        start = cut + 1 if cut > start else start + _SLICE
    for row in visible(text[start:]).split("\n"):
        yield from _broken(row)


def _broken(row: str) -> Iterator[str]:
    while len(row) > _WIDE:
        yield row[:_WIDE] + "↩"
        row = row[_WIDE:]
    yield row


def _edit(old: str, new: str, depth: int) -> Iterator[Line]:
    before, after = _split(old), _split(new)
    if max(len(before), len(after)) > _MOST_COMPARED:
        yield from _side(before, "removed", depth)
        yield from _side(after, "added", depth)
        return
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        yield from _side(before[i1:i2], "same" if tag == "equal" else "removed", depth)
        if tag != "equal":
            yield from _side(after[j1:j2], "added", depth)


def _split(text: str) -> list[str]:
    return text.split("\n") if text else []


def _side(lines: list[str], kind: Kind, depth: int) -> Iterator[Line]:
    for row in _rows("\n".join(lines)) if lines else ():
        yield Line(kind, _pad(depth) + BAR[kind] + row)


def _patch(text: str, depth: int) -> Iterator[Line]:
    for line in text.split("\n"):
        head = line[:1] if not line.startswith(("+++", "---")) else ""
        kind: Kind = "added" if head == "+" else "removed" if head == "-" else "same"
        for row in _rows(line):
            yield Line(kind, f"{_pad(depth)}│ {row}")


def _is_long(text: str) -> bool:
    return len(text) > _FOLDED or "\n" in text or '"' in text or "\\" in text


def _short(value: Any) -> str | None:
    """A small container on one line, or None if it is not small or holds something to unfold."""
    inner = value.values() if isinstance(value, dict) else value
    if len(value) > 12 or any(isinstance(v, dict | list) or (isinstance(v, str) and _is_long(v)) for v in inner):
        return None
    if isinstance(value, dict) and (len(value) > 4 or not COMMANDS.isdisjoint(map(str, value))):
        return None
    written = _scalar(value)
    return written if len(written) <= _FOLDED else None


def _scalar(value: Any) -> str:
    return visible(json_text(value))


def _quoted(name: str) -> str:
    return _scalar(name)


def _pad(depth: int) -> str:
    return "  " * min(depth, _DEEP)


def _escaped(char: str) -> str:
    return json.dumps(char)[1:-1]
