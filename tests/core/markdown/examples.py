"""Small Markdown texts of our own and what a person reads of them: role, containers, words."""

from __future__ import annotations

import json
from pathlib import Path

from tests.core.markdown.expected import Read

P, C, R, T = "paragraph", "code", "rule", "cell"

EXAMPLES: list[tuple[str, list[Read]]] = [
    ("plain words", [(P, "", "plain words")]),
    ("two\nlines", [(P, "", "two lines")]),
    ("two  \nlines", [(P, "", "two lines")]),
    ("one\n\ntwo", [(P, "", "one"), (P, "", "two")]),
    ("# Title\ntext", [("heading-1", "", "Title"), (P, "", "text")]),
    ("###### six ##", [("heading-6", "", "six")]),
    ("####### seven", [(P, "", "####### seven")]),
    ("#no space", [(P, "", "#no space")]),
    ("Title\n=====\nmore", [("heading-1", "", "Title"), (P, "", "more")]),
    ("Two\nlines\n---\n", [("heading-2", "", "Two lines")]),
    ("a\n\n---\n\nb", [(P, "", "a"), (R, "", ""), (P, "", "b")]),
    ("* * *", [(R, "", "")]),
    ("**bold** *it* ~~gone~~ `code`", [(P, "", "bold it gone code")]),
    ("snake_case_name and 2 * 3 * 4", [(P, "", "snake_case_name and 2 * 3 * 4")]),
    ("**open", [(P, "", "**open")]),
    ("a ** b", [(P, "", "a ** b")]),
    (r"\*not\* \`code\`", [(P, "", "*not* `code`")]),
    ("&amp; &copy; &#35; &nope;", [(P, "", "& © # &nope;")]),
    ("`` a`b ``", [(P, "", "a`b")]),
    ("[text](https://a.example/b 'title')", [(P, "", "text")]),
    ("[ref] and [other][ref]\n\n[ref]: https://a.example", [(P, "", "ref and other")]),
    ("[ref]: https://a.example\n'a title'\n\n[ref]", [(P, "", "ref")]),
    ("[nothing] here", [(P, "", "[nothing] here")]),
    ("![a picture](https://a.example/p.png)", [(P, "", "[a picture]")]),
    ("<https://a.example> www.b.example x@c.example", [(P, "", "https://a.example www.b.example x@c.example")]),
    ("see https://a.example/x_(y).", [(P, "", "see https://a.example/x_(y).")]),
    ("- a\n- b\n- c", [(P, "l", "a"), (P, "l", "b"), (P, "l", "c")]),
    ("- a\n\n- b\n\n  more\n", [(P, "l", "a"), (P, "l", "b"), (P, "l", "more")]),
    ("- a\n  - b\n    - c\n- d", [(P, "l", "a"), (P, "ll", "b"), (P, "lll", "c"), (P, "l", "d")]),
    ("text\n- item\n", [(P, "", "text"), (P, "l", "item")]),
    ("text\n2. no item", [(P, "", "text 2. no item")]),
    ("1. one\n2. two\n\ntext", [(P, "l", "one"), (P, "l", "two"), (P, "", "text")]),
    ("- a\nlazy\n\nend", [(P, "l", "a lazy"), (P, "", "end")]),
    ("- [ ] to do\n- [x] done", [(P, "l", "to do"), (P, "l", "done")]),
    ("- ```\n  code\n  ```\n- b", [(C, "l", "code"), (P, "l", "b")]),
    ("1. a\n\n   ```py\n   x = 1\n\n   y = 2\n   ```\n\n   b",
     [(P, "l", "a"), (C, "l", "x = 1\n\ny = 2"), (P, "l", "b")]),
    ("- ```\n  code\nout", [(C, "l", "code"), (P, "", "out")]),
    ("> a\n> b\n\nc", [(P, "q", "a b"), (P, "", "c")]),
    ("> - a\n> - b\n>> c", [(P, "ql", "a"), (P, "ql", "b"), (P, "qq", "c")]),
    ("> ```\n> a\n> ```\nb", [(C, "q", "a"), (P, "", "b")]),
    ("```python\nx = 1\n\ny = 2\n```\nafter", [(C, "", "x = 1\n\ny = 2"), (P, "", "after")]),
    ("~~~\n```\n~~~", [(C, "", "```")]),
    ("````\n```\n````", [(C, "", "```")]),
    ("```\nnever closed\n", [(C, "", "never closed")]),
    ("``` a`b\nno fence", [(P, "", "``` a`b no fence")]),
    ("    indented\n\n    code\n\ntext", [(C, "", "indented\n\ncode"), (P, "", "text")]),
    ("a | b\n--|--\n1 | 2", [(T, "", "a"), (T, "", "b"), (T, "", "1"), (T, "", "2")]),
    ("| a |\n|---|\n| `x\\|y` |\n\nend", [(T, "", "a"), (T, "", "x|y"), (P, "", "end")]),
    ("text\n| a | b |\n|--|--|\n| 1 |", [(P, "", "text"), (T, "", "a"), (T, "", "b"), (T, "", "1"), (T, "", "")]),
    ("a | b\n\nno table", [(P, "", "a | b"), (P, "", "no table")]),
    ("<b>bold</b> text", [(P, "", "<b>bold</b> text")]),
    ("<div>\n*kept*\n</div>\n\n*em*", [("literal", "", "<div> *kept* </div>"), (P, "", "em")]),
    ("<!-- a\n\nb -->\n\nc", [("literal", "", "<!-- a b -->"), (P, "", "c")]),
    ("List<int> foo; a<b", [(P, "", "List<int> foo; a<b")]),
    ("note[^1]\n\n[^1]: the *note*", [(P, "", "note1"), ("note", "l", "the note")]),
    ("$a+b$ costs $5 and $10", [(P, "", "a+b costs $5 and $10")]),
    ("$$\nx^2\n$$\nend", [("formula", "", "x^2"), (P, "", "end")]),
    (r"\[ x^2 \]", [("formula", "", "x^2")]),
    (r"in \(x\) line", [(P, "", "in x line")]),
    ("---\ntitle: x\nkey: y\n---\n# Text", [(C, "", "title: x\nkey: y"), ("heading-1", "", "Text")]),
    ("---\n\n## Part\n\n---\n", [(R, "", ""), ("heading-2", "", "Part"), (R, "", "")]),
    ("مرحبا\n\nhello", [(P, "", "مرحبا"), (P, "", "hello")]),
    ("中文 **粗体** 文字", [(P, "", "中文 粗体 文字")]),
    ("a\r\nb\rc\r\n\r\nd", [(P, "", "a b c"), (P, "", "d")]),
    ("nul\x00char", [(P, "", "nul\ufffdchar")]),
]  # fmt: skip


def specification() -> list[tuple[str, str]]:
    """All examples of CommonMark and of the extensions of GitHub's Markdown: source, HTML. See `specs/LICENSE`."""
    files = sorted((Path(__file__).parent / "specs").glob("*.json"))
    return [(source, html) for file in files for source, html in json.loads(file.read_text(encoding="utf-8"))]
