"""What people read, in their language.

The English sentence in the source is the key: `tr("Send")`, `tr("Saved as {name}.", name=path.name)`,
`trn("{n} file", "{n} files", n)`. A sentence without a translation is shown in English, and nothing fails. Values go
in by name only, so that a translator can order them as the language wants; never hand an f-string to `tr`. A constant
is marked where it stands and translated where it is shown: `WORDS = {"lost": mark("Lost.")}`, then `tr(WORDS[state])`.

The catalogue is set once, before the first window. Ids, log lines, the wire and `--json` stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


def _english(n: int) -> int:
    return int(n != 1)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A language: its `code` (`de`, `pt_BR`), the translations of each source sentence (one, or its plural forms in
    order), and which form a number takes."""

    code: str = "en"
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    plural: Callable[[int], int] = _english


_SAMPLE = "1,234.5"
_now = Catalogue()
_signs: dict[int, str] = {}


def use(catalogue: Catalogue) -> None:
    """Speak this language from now on. What is on screen already stays as it was said."""
    global _now, _signs
    _now = catalogue
    shown = tr("1,234.5")  # as numbers are written: the sign between thousands, the sign before fractions
    _signs = {ord(","): shown[1], ord("."): shown[-2]} if len(shown) == len(_SAMPLE) and shown != _SAMPLE else {}


def code() -> str:
    """The language that is spoken now."""
    return _now.code


def mark(source: str) -> str:
    """`source` itself: says to the script that collects sentences that this one is translated where it is shown."""
    return source


def tr(source: str, /, **values: object) -> str:
    """The sentence in the person's language, with `values` at its {names}. Without values, braces are plain text."""
    said = _now.words.get(source)
    return _filled(said[0] if said else source, source, values)


def trn(one: str, many: str, n: int, /, **values: object) -> str:
    """The form of the sentence that `n` takes; {n} is the number as it is written there."""
    values["n"] = number(n)
    source = one if n == 1 else many
    said = _now.words.get(one)
    form = _now.plural(n) if said else 0
    return _filled(said[form] if said and form < len(said) else source, source, values)


def number(value: float, digits: int = 0, form: str = "") -> str:
    """A number with its thousands apart and `digits` of a fraction, or as another format of Python's: 1,234.5."""
    written = format(value, form or f",.{digits}f")
    return written.translate(_signs) if _signs else written


def _filled(said: str, source: str, values: Mapping[str, object]) -> str:
    if not values:
        return said
    try:
        return said.format(**values)
    except (LookupError, ValueError, AttributeError):  # a translation that names what is not there
        return source.format(**values)
