"""Text as it truly is: everything that hides, moves or imitates text becomes a mark that can be read.

A mark stands between ⟦ and ⟧. Those two brackets are marked themselves where a text contains them, so that a mark can
never be imitated. The sources are Unicode's Default_Ignorable_Code_Point and Bidi_Control properties (in its file
DerivedCoreProperties) and the spaces and blanks that look like an ordinary space or like nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

from desktop.core.language import mark, tr, trn

OPEN, CLOSE = "⟦", "⟧"
MARK = re.compile("⟦[^⟧]*⟧")
_SPACES_SHOWN = 32  # a longer run is counted: it pushes what follows out of sight
_BLANKS_SHOWN = 4

_NAMES = {
    0x00: "NUL", 0x07: "BEL", 0x08: "BS", 0x0D: "CR", 0x1B: "ESC", 0x7F: "DEL", 0xA0: mark("no-break space"),
    0xAD: mark("soft hyphen"), 0x061C: "bidi ALM", 0x2007: mark("figure space"), 0x2009: mark("thin space"),
    0x200A: mark("hair space"), 0x200B: mark("zero-width space"), 0x200C: mark("zero-width non-joiner"),
    0x200D: mark("zero-width joiner"), 0x200E: "bidi LRM", 0x200F: "bidi RLM", 0x2028: mark("line separator"),
    0x2029: mark("paragraph separator"), 0x202A: "bidi LRE", 0x202B: "bidi RLE", 0x202C: "bidi PDF",
    0x202D: "bidi LRO", 0x202E: "bidi RLO", 0x202F: mark("narrow no-break space"), 0x2060: mark("word joiner"),
    0x2066: "bidi LRI", 0x2067: "bidi RLI", 0x2068: "bidi FSI", 0x2069: "bidi PDI", 0x2800: mark("blank U+2800"),
    0x3164: mark("blank U+3164"), 0xFEFF: mark("byte order mark"),
}  # fmt: skip

_HIDDEN = (
    "\x00-\x08\x0b-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f"
    "\u2028-\u202f\u205f-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ud800-\udfff"
    "\ue000-\uf8ff\ufdd0-\ufdef\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "\U000f0000-\U0010ffff⟦⟧"
)
_STACKED = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{4,}"
_TAGS = "(?P<tags>[\U000e0020-\U000e007f]+)"
_SUSPECT = re.compile(
    f"{_TAGS}|(?P<stack>{_STACKED})|(?P<one>[{_HIDDEN}])"
    f"|(?P<spaces> {{{_SPACES_SHOWN + 1},}})|(?P<blanks>\n(?:[ \t]*\n){{{_BLANKS_SHOWN + 1},}})"
)
_HIDING = re.compile(
    f"{_TAGS}|(?P<one>[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff])"
)
_WORD = re.compile(r"[^\W\d_]{2,}(?:[.\-][^\W\d_]+)*")
#: Letters of other alphabets that cannot be told from Latin ones in common fonts.
_TWINS = frozenset("аеорсухіјѕһԁԛԝӏвмнткАВЕКМНОРСТХІЈЅԌԜΑΒΕΖΗΙΚΜΝΟΡΤΥΧονυρικαı")
_SIGNS = {
    "∕": "/", "⁄": "/", "╱": "/", "⧸": "/", "／": "/", "․": ".", "．": ".", "꞉": ":", "：": ":", "ː": ":",
    "∶": ":", "＠": "@", "；": ";", "\u037e": ";", "｜": "|", "ǀ": "|", "＆": "&", "＄": "$", "＞": ">",
}  # fmt: skip
_SIGN = re.compile("[" + "".join(_SIGNS) + "]")
_SCRIPTS = {
    "LATIN": mark("Latin"), "CYRILLIC": mark("Cyrillic"), "GREEK": mark("Greek"), "ARMENIAN": mark("Armenian"),
    "CHEROKEE": mark("Cherokee"),
}  # fmt: skip
_MOST_HINTS = 5


def visible(text: str) -> str:
    """`text` with every hidden, moving or stacked character as a mark, and long runs of blanks counted.

    Line feeds and tabs stay, and so do the joiners inside an emoji."""
    return _SUSPECT.sub(_mark, text)


def marked(text: str) -> str:
    """`text` with what hides, steers or turns text around as marks, for code and for calls of tools in the
    conversation: there blanks mean what they say, and brackets are common. Marking it again changes nothing."""
    return _HIDING.sub(_mark, text)


def one_line(text: str, limit: int = 120) -> str:
    """`text` for a label of one line: marked, line breaks as ⏎, cut at `limit` characters with its length."""
    cut = text[:limit]
    shown = visible(cut).replace("\n", " ⏎ ").replace("\t", " ")
    return shown if len(text) <= limit else f"{shown}… ({_characters(text)})"


def marks(shown: str) -> int:
    """How many marks a shown text has."""
    return shown.count(OPEN)


def length(text: str) -> str:
    """How long a text is, in words: "48 lines, 1,204 characters"."""
    lines = text.count("\n") + 1
    return _characters(text) if lines == 1 else f"{trn('{n} line', '{n} lines', lines)}, {_characters(text)}"


def _characters(text: str) -> str:
    return trn("{n} character", "{n} characters", len(text))


def look_alikes(text: str) -> list[str]:
    """Hints about letters and signs that pass for others, as sentences; at most five, in order."""
    if text.isascii():
        return []
    hints: dict[str, None] = {}
    honest = {_script(c) for c in set(text) if c.isalpha() and c not in _TWINS}
    for match in _WORD.finditer(text):
        if len(hints) >= _MOST_HINTS:
            break
        if not match[0].isascii() and (hint := _word_hint(match[0], honest)):
            hints[hint] = None
    for sign in dict.fromkeys(_SIGN.findall(text)):
        hints[tr("“{sign}” is {code}, not “{plain}”.", sign=sign, code=_code(sign), plain=_SIGNS[sign])] = None
    return list(hints)[:_MOST_HINTS]


def digest(*parts: Any) -> str:
    """SHA-256, in hex, of what was shown: strings and JSON values, in order. Equal parts give equal digests in
    any run of the program; a value that is no JSON counts by its `repr`."""
    return hashlib.sha256(json_text(list(parts), compact=True).encode()).hexdigest()


def json_text(value: Any, *, compact: bool = False) -> str:
    """A value as JSON on one line, however deep it is; compact: ASCII only, keys sorted, no spaces."""
    try:
        if compact:
            return json.dumps(value, sort_keys=True, separators=(",", ":"), default=repr)
        return json.dumps(value, ensure_ascii=False, default=repr)
    except (RecursionError, ValueError, TypeError):
        return "".join(_tokens(value))


def _tokens(value: Any) -> Iterator[str]:
    """JSON without recursion: slower, for what is nested too deeply or holds a number of ten thousand digits."""
    todo: list[Any] = [value]
    while todo:
        match todo.pop():
            case _Token() as token:
                yield token
            case dict() as members:
                pairs = [(_Token(f"{json.dumps(str(k))}: "), v, _Token(", ")) for k, v in members.items()]
                yield "{"
                todo += [_Token("}"), *reversed([x for pair in pairs for x in pair][:-1])]
            case list() as items:
                yield "["
                todo += [_Token("]"), *reversed([x for item in items for x in (item, _Token(", "))][:-1])]
            case int() as number if not isinstance(number, bool):
                yield hex(number) if number.bit_length() > 10_000 else str(number)
            case other:
                yield json.dumps(other, default=repr)


class _Token(str):
    """A piece of JSON that is written already."""

    __slots__ = ()


def _mark(match: re.Match[str]) -> str:
    found = match[0]
    match match.lastgroup:
        case "tags":
            said = "".join(chr(ord(c) - 0xE0000) for c in found).replace("\x7f", "")
            return f"{OPEN}{tr('hidden tags: {said}', said=said)}{CLOSE}"
        case "stack":
            more = trn("{n} more stacked mark", "{n} more stacked marks", len(found) - 3)
            return f"{found[:3]}{OPEN}{more}{CLOSE}"
        case "spaces":
            return f" {OPEN}{trn('{n} more space', '{n} more spaces', len(found) - 2)}{CLOSE} "
        case "blanks":
            return f"\n{OPEN}{trn('{n} blank line', '{n} blank lines', found.count(chr(10)) - 1)}{CLOSE}\n"
        case _:
            return found if _in_emoji(match) else f"{OPEN}{_name(ord(found))}{CLOSE}"


def _name(code: int) -> str:
    if name := _NAMES.get(code):
        return tr(name)
    return tr("control {code}", code=f"{code:02X}") if code < 0xA0 else f"U+{code:04X}"


def _code(char: str) -> str:
    return f"U+{ord(char):04X}"


def _in_emoji(match: re.Match[str]) -> bool:
    """A variation selector right after a picture, or a joiner between two, is part of what is seen."""
    if match[0] not in "\u200d\ufe0f" or match.start() == 0:
        return False
    text, at = match.string, match.start()
    if match[0] == "\ufe0f":
        return _pictorial(text[at - 1])
    after = text[at + 1] if at + 1 < len(text) else " "
    return _pictorial(after) and (_pictorial(text[at - 1]) or text[at - 1] == "\ufe0f")


def _pictorial(char: str) -> bool:
    return (unicodedata.category(char) == "So" and char != "\u2800") or "\U0001f3fb" <= char <= "\U0001f3ff"


def _word_hint(word: str, honest: set[str]) -> str | None:
    """What is odd about a word. `honest` are the alphabets that the text uses openly, with letters that could be
    no other: there a word that happens to look Latin is nothing odd."""
    letters = sorted({c for c in word if c.isalpha()}, key=word.index)
    scripts = sorted({_script(c) for c in letters})
    odd = next((c for c in letters if _script(c) != "Latin"), letters[0])
    code, shown = _code(odd), one_line(word, 40)
    if "Styled" in scripts:
        return tr("“{word}” is written with letter-like symbols ({code}).", word=shown, code=code)
    if len(scripts) > 1 and "Latin" in scripts and "Other" not in scripts:
        mixed = _joined([tr(script) for script in scripts])
        return tr("“{word}” mixes {scripts} letters ({code} is not Latin).", word=shown, scripts=mixed, code=code)
    if all(c in _TWINS for c in letters) and scripts[0] not in honest:
        return tr("“{word}” looks Latin but is {script} ({code}).", word=shown, script=tr(scripts[0]), code=code)
    return None


def _script(char: str) -> str:
    name = unicodedata.name(char, "")
    for start, script in _SCRIPTS.items():
        if name.startswith(start):
            return script
    return "Styled" if name.startswith(("FULLWIDTH LATIN", "MATHEMATICAL")) else "Other"


def _joined(words: Iterable[str]) -> str:
    return tr(" and ").join(words)
