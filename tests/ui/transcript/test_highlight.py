"""Colours of code, whole and while it is typed."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.ui.transcript.highlight import Colouring, lexer_of
from desktop.ui.transcript.lexing import START, resumable, tokens
from tests.bench.texts import code as bench_code

SAMPLES = {
    "python": 'def f(x):\n    """A\n    long text."""\n    return f"{x!r} é😀" + 1  # why\nclass A(B):\n    pass\n',
    "javascript": "/* one\n two */\nconst a = `x ${b + 1}\n y`;\nfunction f() { return /a[/]b/.test(c) }\n",
    "c": '#include <stdio.h>\n/* a\n * b */\nint main(void) {\n  printf("x\\n"); return 0x1f;\n}\n',
    "json": '{"a": [1, 2.5e3, true],\n "b": null}\n',
    "bash": 'for f in *.txt; do\n  echo "$f ${HOME}" | grep -v x\ndone\ncat <<EOF\nx $y\nEOF\n',
    "html": "<p class='a'>x</p>\n<script>let a = 1;\n</script>\n<!-- c\n d -->\n",
    "rust": 'fn main() {\n    let s: &\'static str = r#"a\nb"#;\n    // c\n}\n',
    "yaml": "a: 1\nb:\n  - x\n  - 'y'\n# c\n",
    "sql": "SELECT a, 'b''c' FROM t -- x\nWHERE d = 1;\n",
    "diff": "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n",
}


@pytest.mark.parametrize("language", SAMPLES)
def test_typed_code_ends_in_the_colours_of_the_whole(language: str) -> None:
    text = SAMPLES[language]
    whole, typed = Colouring(language), Colouring(language)
    whole.update(text, final=True)
    for at in range(1, len(text)):
        typed.update(text[:at], final=False)
    typed.update(text, final=True)
    assert typed.lines == whole.lines
    assert any(whole.lines)


@pytest.mark.parametrize("language", ["python", "json", "yaml", "sql", "diff"])
def test_going_on_from_the_middle_is_the_same_as_from_the_start(language: str) -> None:
    text = bench_code(random.Random(1), 60) if language == "python" else SAMPLES[language] * 3
    typed, fresh = Colouring(language), Colouring(language)
    for at in range(1, len(text), 7):
        typed.update(text[:at], final=False)
    fresh.update(text[:at], final=False)
    assert typed.lines == fresh.lines


def test_unknown_names_have_no_colours_and_ask_nobody() -> None:
    for name in ("", "javas", "no such language", "x" * 500):
        made = Colouring(name)
        made.update("let a = 1\n", final=True)
        assert made.lines == [[]]


_PARTS = sorted({word for sample in SAMPLES.values() for word in re.split(r"(\s+|\W)", sample) if word})


@pytest.mark.parametrize("language", SAMPLES)
@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from([*_PARTS, "'''", "/*", "*/", "<!--", "-->", "é", "ſ", "\x0b", "\\"])).map("".join))
def test_the_tokens_are_those_of_the_library(language: str, text: str) -> None:
    lexer = lexer_of(language)
    assert lexer is not None
    if resumable(type(lexer)):
        for source in (SAMPLES[language], text):
            assert tokens(lexer, source, START, len(source))[0] == list(lexer.get_tokens_unprocessed(source))
