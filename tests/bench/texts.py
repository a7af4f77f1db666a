"""Texts of the five shapes, of any size."""

from __future__ import annotations

import random

_TEXT = """
the parser reads a stream of words and gives each one a place in the tree while the window stays
quick calm and honest about what it knows so that nobody has to wait for an answer
"""
_TEXT = """
the parser reads a stream of words and gives each one a place in the tree while the window stays
quick calm and honest about what it knows so that nobody has to wait for an answer
"""
_WORDS = _TEXT.split()


def _sentence(rng: random.Random, rich: bool) -> str:
    words = [rng.choice(_WORDS) for _ in range(rng.randint(6, 16))]
    if rich and rng.random() < 0.5:
        at = rng.randrange(len(words))
        words[at] = rng.choice(["**{}**", "*{}*", "`{}`", "[{}](https://example.org/a)"]).format(words[at])
    return " ".join(words).capitalize() + "."


def paragraph(rng: random.Random, rich: bool = True) -> str:
    """A few sentences."""
    return " ".join(_sentence(rng, rich) for _ in range(rng.randint(3, 6))) + "\n\n"


def code(rng: random.Random, lines: int) -> str:
    """Python that means nothing."""
    out = []
    for number in range(lines):
        word, other = rng.choice(_WORDS), rng.choice(_WORDS)
        out.append(rng.choice([f"def {word}_{number}({other}: int) -> str:", f"    return '{other}' + str({number})",
                               f"    # {word} {other}", f"{word} = [{number}, {number + 1}]"]))  # fmt: skip
    return "\n".join(out) + "\n"


def item(rng: random.Random) -> str:
    return f"- {_sentence(rng, True)}\n"


def row(rng: random.Random) -> str:
    return f"| {rng.choice(_WORDS)} {rng.choice(_WORDS)} | {rng.randint(0, 9999)} | {_sentence(rng, False)[:30]} |\n"


def text(shape: str, size: int, seed: int = 1) -> str:
    """`size` characters of a shape: mixed, code, list, table or paragraph."""
    rng = random.Random(seed)
    out: list[str] = []
    length = 0
    if shape == "table":
        out.append("| what | count | note |\n|:-----|------:|------|\n")
    elif shape == "code":
        out.append("```python\n")
    while length < size:
        piece = _piece(rng, shape)
        out.append(piece)
        length += len(piece)
    return "".join(out)[:size]


def _piece(rng: random.Random, shape: str) -> str:
    if shape == "code":
        return code(rng, 10)
    if shape == "list":
        return item(rng)
    if shape == "table":
        return row(rng)
    if shape == "paragraph":
        return paragraph(rng).replace("\n\n", " ")
    kind = rng.random()
    if kind < 0.5:
        return paragraph(rng)
    if kind < 0.6:
        return f"## {_sentence(rng, False)[:40]}\n\n"
    if kind < 0.8:
        return "".join(item(rng) for _ in range(rng.randint(3, 7))) + "\n"
    if kind < 0.93:
        return f"```python\n{code(rng, rng.randint(4, 20))}```\n\n"
    return "| what | count | note |\n|:--|--:|--|\n" + "".join(row(rng) for _ in range(rng.randint(2, 6))) + "\n"
