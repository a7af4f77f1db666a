"""Two lines of found text with the words marked."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QTextCharFormat, QTextLayout, QTextOption

from desktop.ui.theme import Theme

_LINES = 2
_BEFORE = 40  # letters that are kept before the first mark


def snippet_height(font: QFont) -> int:
    """How much room the lines take."""
    return _LINES * QFontMetrics(_small(font)).lineSpacing() + 2


def draw_snippet(
    painter: QPainter,
    rect: QRect,
    head: str,
    text: str,
    marks: Sequence[tuple[int, int]],
    theme: Theme,
    font: QFont,
) -> None:
    """Paint `head` and the text around its first mark; `marks` are (start, end) places in `text`."""
    letters = rect.width() // QFontMetrics(_small(font)).averageCharWidth() - len(head)
    cut = _cut(text, marks[0][0], letters) if marks else 0
    shown = head + ("…" if cut else "") + text[cut:]
    shift = len(head) + (1 if cut else 0) - cut
    layout = QTextLayout(shown, _small(font))
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    layout.setFormats([_marked(shown, start + shift, end + shift, theme) for start, end in marks if start >= cut])
    painter.setPen(theme.muted)
    layout.beginLayout()
    y = 0.0
    for _ in range(_LINES):
        line = layout.createLine()
        if not line.isValid():
            break
        line.setLineWidth(rect.width())
        line.setPosition(QPointF(0, y))
        y += line.height()
    layout.endLayout()
    layout.draw(painter, QPointF(rect.topLeft()))


def _cut(text: str, mark: int, line: int) -> int:
    """Where to begin, so that the mark is in a first line of so many letters, or soon after it."""
    cut = mark - min(_BEFORE, max(0, line - 4))
    return 0 if cut <= 0 else text.find(" ", cut, mark) + 1 or cut


def _marked(text: str, start: int, end: int, theme: Theme) -> QTextLayout.FormatRange:
    """A stretch in bold; Qt counts in UTF-16 units."""
    found = QTextLayout.FormatRange()
    found.start = len(text[:start].encode("utf-16-le", "surrogatepass")) // 2
    found.length = len(text[start:end].encode("utf-16-le", "surrogatepass")) // 2
    look = QTextCharFormat()
    look.setFontWeight(QFont.Weight.DemiBold)
    look.setForeground(theme.text)
    found.format = look
    return found


def _small(font: QFont) -> QFont:
    small = QFont(font)
    small.setPointSizeF(font.pointSizeF() * 0.88)
    return small
