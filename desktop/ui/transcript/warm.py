"""What the first answer would otherwise wait for: imports, the parser, and the lexers of the common languages."""

from __future__ import annotations

_LANGUAGES = {
    "python": "def f(x):\n    # a\n    return 'b' + 1\n",
    "javascript": "const f = (x) => { return `b` + 1; } // a\n",
    "json": '{"a": [1, true, null]}\n',
    "bash": "for f in *.txt; do echo \"$f\"; done # a\n",
    "html": "<p class='a'>b</p>\n",
    "sql": "SELECT a FROM b WHERE c = 'd';\n",
}


def warm() -> None:
    """Run it in a thread once the window stands: it takes a second or so, and touches nothing of Qt's."""
    from desktop.core.markdown.text import MarkdownText
    from desktop.ui.transcript.highlight import Colouring

    MarkdownText("# A\n\n- **b** `c` [d](https://e.example)\n\n| f |\n|---|\n| g |\n").plain()
    for language, sample in _LANGUAGES.items():
        Colouring(language).update(sample, final=True)
