"""A sample conversation of all kinds of items, to look at: python -m desktop.ui.transcript.demo"""

# ruff: noqa: E501

from __future__ import annotations

import sys

from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from desktop.core import events as e
from desktop.core.conversation import Conversation
from desktop.core.reducer import Reducer
from desktop.core.requests import Image, Prompt
from desktop.ui.theme import DARK, LIGHT, apply
from desktop.ui.transcript.view import TranscriptView

TEXT = """# What changed in the parser

Three things changed, and one of them is **worth your attention**. The `parse()` function now takes an *iterator*
instead of a list, see [the notes](https://example.org/notes) or www.example.org. ~~The old way~~ is gone.[^1]

1. The tokenizer is a generator.
2. Errors carry a position:
   - line and column
   - the offending text, cut to 40 characters
3. `strict=True` is the default.

- [x] written
- [ ] reviewed

> A parser should be boring. If it is exciting, it is wrong.

## An example

```python
from collections.abc import Iterator

def tokens(text: str, *, strict: bool = True) -> Iterator[str]:
    \"\"\"Words of a text, lower case.\"\"\"
    for number, word in enumerate(text.split(), 1):  # counted from one
        if strict and not word.isalpha():
            raise ValueError(f"word {number}: {word!r} is not a word, and this line is long enough to scroll sideways")
        yield word.lower()
```

| Input | Before | After | Note |
|:------|-------:|------:|:----:|
| 1 KB  | 2.1 ms | 0.4 ms | warm |
| 1 MB  | 1,900 ms | 31 ms | **linear** |
| 100 MB | never | 3.2 s | `mmap` |

It is also correct for other scripts:

中文段落也应该有舒适的行距，标点符号不应该出现在行首。这是一个比较长的句子，用来检查换行是否正确，以及与 English words 混排的效果。

هذه فقرة عربية تبدأ من اليمين، وفيها كلمة code واحدة ورقم 42 في الوسط.

- عنصر أول
- عنصر ثان

Emoji 👩‍💻 🎉 and averyveryveryverylongwordthatdoesnotfitintothecolumnandmustbebrokensomewhereotherwiseitwouldrunoutofthepage.

The area is $A = \\pi r^2$, and

$$
\\int_0^\\infty e^{-x^2}\\,dx = \\frac{\\sqrt{\\pi}}{2}
$$

![a diagram](https://pictures.example.org/diagram.png)

---

<div class="note">HTML is shown as it was written</div>

[^1]: It was deprecated for two years.
"""


def picture() -> bytes:
    """A small picture of our own."""
    image = QImage(320, 200, QImage.Format.Format_RGB32)
    for y in range(200):
        for x in range(0, 320, 8):
            colour = QColor.fromHsv((x + y) % 360, 120, 220)
            for dx in range(8):
                image.setPixelColor(x + dx, y, colour)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data().data())


def sample() -> Conversation:
    """Items of every kind."""
    reducer = Reducer()
    data = picture()
    reducer.begin(
        Prompt(
            "What changed in the parser last week?\nHere is a picture.", images=(Image("shot.png", "image/png", data),)
        ),
        0,
    )
    for at, event in (
        (0.1, e.RunStarted()),
        (
            0.2,
            e.TextDelta(
                channel="reasoning", text="The person asks about the parser. I should look at the **log** first."
            ),
        ),
        (8.2, e.TextDelta(channel="reasoning", text=" Then answer.")),
        (
            8.3,
            e.ToolStarted(call="1", name="read_file", verb="Read", args={"path": "src/parser.py", "lines": [1, 200]}),
        ),
        (8.5, e.ToolEnded(call="1", status="ok", result={"text": "def tokens(text): ...", "size": 4096}, ms=210)),
        (8.6, e.ToolStarted(call="2", name="search", args={"query": "parser", "since": "2026-11-14"})),
        (9.6, e.ToolEnded(call="2", status="error", error="the index is being rebuilt", ms=3100)),
        (9.6, e.ToolStarted(call="9", name="delete_file", args={"path": "old_parser.py"})),
        (9.6, e.ToolEnded(call="9", status="denied")),
        (9.7, e.Step(step="s1", label="Compare the versions", state="done", n=1, of=3, ms=1200)),
        (9.7, e.Step(step="s2", label="Write the summary", state="running", n=2, of=3)),
        (9.8, e.AgentChanged(name="researcher", path=("researcher",), state="running", task="find who changed what")),
        (9.9, e.ToolStarted(call="3", name="git_log", args={"n": 20}, path=("researcher",))),
        (9.95, e.ToolEnded(call="3", status="ok", path=("researcher",), ms=40)),
        (9.97, e.TextDelta(text="Most commits are from **two people**.", path=("researcher",))),
        (9.98, e.AgentChanged(name="researcher", path=("researcher",), state="done")),
        (10.0, e.TextDelta(text=TEXT, part="a")),
        (12.0, e.Source(id="s", url="https://example.org/changes", title="Change log")),
        (12.0, e.FileShown(part="f", media="image/png", name="chart.png", data=data)),
        (
            12.0,
            e.FileShown(
                part="g", media="application/pdf", name="report.pdf", url="https://files.example.org/report.pdf"
            ),
        ),
        (12.1, e.Notice(level="warning", text="The agent shortened the conversation from 120 to 40 messages")),
        (12.2, e.AskOpened(ask="q", tool="delete_file", args={"path": "old_parser.py"})),
        (12.3, e.RunEnded(status="cut", reason="network", error=e.Failure("The connection was closed in mid-answer."))),
    ):
        reducer.apply(event, at)
    reducer.begin(Prompt("Go on."), 20)
    reducer.apply(e.TextDelta(text="Nothing else changed. The last thing to say is **half"), 21)
    return reducer.conversation


def main() -> None:
    app = QApplication(sys.argv)
    theme = DARK if "--dark" in sys.argv else LIGHT
    apply(app, theme)
    view = TranscriptView(theme)
    view.resize(960, 900)
    view.show_conversation(sample())
    view.link_activated.connect(print)
    view.item_activated.connect(print)
    view.show()
    app.exec()


if __name__ == "__main__":
    main()
