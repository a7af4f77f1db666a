"""What of a half-written slice can be shown without a mark jumping away later.

Two things are done to the end of a text that still grows: what cannot be read yet is held back (a half-typed fence,
a table's head before its second line, `**` with nothing after it, an address), and emphasis or code that is open is
closed for the time being, so that its words show in their look at once. Held text is short by construction; what
stays undecided for long is shown as it is.
"""

from __future__ import annotations

import re

from desktop.core.markdown.slicer import Slicer

_LIMIT = 300  # characters of an open construct that are waited for
_BLOCK_START = re.compile(
    r"(?:[ \t>]|[-+*][ \t]+|\d{1,9}[.)][ \t]+)*"
    r"(?:`{1,2}|`{3,}[^`]*|~{1,}[^~]*|\#{1,6}[ \t]*|[-+*=_][-+*=_ \t]*|\d{1,9}[.)]?|\[[ xX]?\]?|\$\$?|:|)[ \t]*$"
)
_MARK = re.compile(r"[\\`*_~!\[\]$]")  # where `_OPENED` can match: a search for one of a set is much faster
_OPENED = re.compile(r"\\.|`+|\*+|_+|~~|!?\[|\]\(?|\$\$?", re.S)
_TAIL = re.compile(r"(?:\\|!|&#?\w{0,30}|<[A-Za-z/!?][^<>\s]{0,200}|[*_~`$]+|!?\[\^?)\Z")


def visible(slicer: Slicer, lines: str) -> str:
    """The part of the slicer's tail that can be shown now, as Markdown. `lines` are its whole lines, or those of them
    that the half-typed one may still belong to."""
    partial = slicer.partial
    if slicer.in_code:
        return lines + _code_line(partial)
    if slicer.in_table and lines:
        return lines
    if len(partial) <= _LIMIT and _BLOCK_START.match(partial):
        partial = ""
    return _paragraph(_without_head(lines + partial))


def _code_line(partial: str) -> str:
    """A line that may become the closing fence is not code yet."""
    body = partial.strip()
    return "" if body and not body.strip("`~") and len(set(body)) == 1 else partial


def _without_head(text: str) -> str:
    """Hold a line that looks like a table's head until the line under it tells."""
    if text.endswith("\n\n"):
        return text
    body = text.rstrip("\n")
    at = body.rfind("\n") + 1
    before = body.rfind("\n", 0, max(at - 1, 0)) + 1
    last = body[at:]
    if len(last) > 4 * _LIMIT:
        return text
    if "|" in body[before:at] and not text.endswith("\n") and not last.strip("|:- \t"):
        return text[:before]
    if last.lstrip().startswith("|") or ("|" in last and text.endswith("\n") and not last.lstrip().startswith("#")):
        return text[:at]
    return text


def _paragraph(text: str) -> str:
    """The last paragraph with its open ends held back or closed."""
    begin = _paragraph_start(text)
    body = text[begin:]
    if not body.strip():
        return text
    if body.lstrip().startswith("$$") and body.count("$$") < 2 and len(body) < 10 * _LIMIT:
        return text[:begin]
    body = _without_tail(body)
    return text[:begin] + _closed(body)


def _without_tail(body: str) -> str:
    """Hold back a mark, an entity or a tag that is not whole yet."""
    end = body[-_LIMIT:]
    if end[-1] not in "\\!*_~`$[^" and "&" not in end and "<" not in end:
        return body
    cut = _TAIL.search(body, len(body) - len(end))
    if cut and len(body) - cut.start() < _LIMIT and not _ends_escaped(body):
        return body[: cut.start()]
    return body


def _ends_escaped(body: str) -> bool:
    """Whether the last character is a mark that a backslash makes plain."""
    before = body[:-1]
    slashes = len(before) - len(before.rstrip("\\"))
    return slashes % 2 == 1 and not (body[-1].isalnum() or body[-1].isspace() or body[-1] == "_")


def _paragraph_start(text: str) -> int:
    at = max(text.rfind("\n\n") + 2, 1) if "\n\n" in text else 0
    return max(at, len(text) - 10 * _LIMIT)


def _closed(body: str) -> str:
    """Close what is open, or cut before it where that cannot be done."""
    stack: list[tuple[str, int]] = []
    at = 0
    while found := _next_mark(body, at):
        mark, at = found[0], found.end()
        if mark[0] == "\\":
            math = mark in (r"\(", r"\[")
            if math:
                end = body.find(r"\)" if mark == r"\(" else r"\]", at)
                if end < 0 and len(body) - found.start() < 10 * _LIMIT:
                    return _closed_by(body[: found.start()], stack)
                at = end + 2 if end > 0 else at
        elif mark[0] == "`":
            end = _code_end(body, mark, at)
            if end < 0:
                return _closed_by(body + mark, stack) if len(body) - at < _LIMIT else body
            at = end
        elif mark in ("![", "["):
            stack.append(("[", found.start()))
        elif mark in ("]", "]("):
            at = _link_end(body, stack, mark, at)
            if at < 0:
                return _closed_by(body[: -at - 1], stack)
        elif mark[0] == "$":
            end = body.find(mark, at)
            if end < 0 and not body[at : at + 1].isspace() and len(body) - at < _LIMIT // 4:
                return _closed_by(body[: found.start()], stack)
            at = end + len(mark) if 0 <= end - at < _LIMIT else at
        elif mark[0] in "*_~":
            _emphasis(body, found, stack)
    opened = next((start for mark, start in stack if mark == "["), -1)
    if opened >= 0 and len(body) - opened < _LIMIT:
        outer = [one for one in stack if one[1] < opened]
        begin = opened - 1 if opened and body[opened - 1] == "!" else opened
        return _closed_by(body[:begin], outer)
    return _closed_by(body, stack)


def _next_mark(body: str, at: int) -> re.Match[str] | None:
    while start := _MARK.search(body, at):
        if found := _OPENED.match(body, start.start()):
            return found
        at = start.end()
    return None


def _code_end(body: str, mark: str, at: int) -> int:
    closing = re.compile(rf"(?<!`){mark}(?!`)")
    found = closing.search(body, at)
    return found.end() if found else -1


def _link_end(body: str, stack: list[tuple[str, int]], mark: str, at: int) -> int:
    """Where reading goes on after a "]"; negative: hold back from there (minus one)."""
    start = next((i for i in range(len(stack) - 1, -1, -1) if stack[i][0] == "["), None)
    if start is None:
        return at
    begin = stack[start][1]
    del stack[start:]
    if mark == "](":
        end = body.find(")", at)
        if end < 0 and len(body) - begin < 2 * _LIMIT and "\n" not in body[at:]:
            return -begin - 1
        return end + 1 if end > 0 else at
    if at == len(body) and len(body) - begin < _LIMIT:
        return -begin - 1
    return at


def _emphasis(body: str, found: re.Match[str], stack: list[tuple[str, int]]) -> None:
    """Follow a run of delimiters, much simplified: it closes what is open of its kind, or opens."""
    mark, start, end = found[0], found.start(), found.end()
    before, after = body[start - 1 : start], body[end : end + 1]
    closes = bool(before) and not before.isspace()
    opens = bool(after) and not after.isspace()
    if mark[0] == "_" and before.isalnum():
        opens = False
    left = len(mark)
    if closes:
        while left and stack and stack[-1][0][0] == mark[0] and len(stack[-1][0]) <= left:
            left -= len(stack.pop()[0])
    if left and opens and len(mark) <= 3 and (not closes or not before.isalnum()):
        for size in (2, 1) if left == 3 else (left,):
            stack.append((mark[0] * size, start))


def _closed_by(body: str, stack: list[tuple[str, int]]) -> str:
    """The body with the closing marks of what is open and short enough. White space before them would undo them."""
    closing = "".join(mark for mark, start in reversed(stack) if mark != "[" and len(body) - start < 2 * _LIMIT)
    if not closing:
        return body
    kept = body.rstrip()
    if kept and kept[-1] in "*_~":
        return kept.rstrip("*_~")
    return kept + closing
