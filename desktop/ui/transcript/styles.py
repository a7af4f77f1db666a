"""Fonts, formats and spaces of the transcript, made once for a theme and a zoom."""

from __future__ import annotations

from functools import cached_property

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontDatabase,
    QFontMetricsF,
    QTextBlockFormat,
    QTextCharFormat,
    QTextOption,
)

from desktop.core.markdown.flow import Mark, Paragraph, Run
from desktop.ui.theme import Theme

LINE_HEIGHT = 145  # per cent
COLUMN = 78  # characters
_SAMPLE = "the quick brown fox jumps over the lazy dog and then goes on to read a book "
_HEADINGS = {"heading-1": 1.5, "heading-2": 1.28, "heading-3": 1.12}


class Styles:
    """Everything a piece needs to know to lay itself out. A new one is made when theme, font or zoom change."""

    def __init__(self, theme: Theme, font: QFont, scale: float = 1.0, muted: bool = False) -> None:
        self.theme = theme
        self.scale = scale
        self.muted_text = muted
        self.text_colour = theme.muted if muted else theme.text
        self.font = QFont(font)
        size = font.pointSizeF() if font.pointSizeF() > 0 else 10.0
        self._size = size * scale * (0.95 if muted else 1.08)
        self.font.setPointSizeF(self._size)
        self.mono = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        self.mono.setStyleHint(QFont.StyleHint.Monospace)
        self.mono.setPointSizeF(self._size * 0.92)
        self.small = QFont(font)
        self.small.setPointSizeF(size * scale * 0.92)
        self.metrics = QFontMetricsF(self.font)
        self.small_metrics = QFontMetricsF(self.small)
        self.mono_metrics = QFontMetricsF(self.mono)
        self.line = self.metrics.height() * LINE_HEIGHT / 100
        self.em = self.metrics.height()
        self.indent = round(self.em * 1.6)
        self._formats: dict[tuple[str, int, bool], QTextCharFormat] = {}
        self._blocks: dict[tuple[str, str, bool, bool, bool], QTextBlockFormat] = {}

    @cached_property
    def column(self) -> float:
        """The width of the reading column: so many average characters."""
        return self.metrics.horizontalAdvance(_SAMPLE) / len(_SAMPLE) * COLUMN

    @cached_property
    def dim(self) -> Styles:
        """The same for thoughts: quieter and a little smaller."""
        base = QFont(self.font)
        base.setPointSizeF(self._size / (self.scale * 1.08))
        return Styles(self.theme, base, self.scale, muted=True)

    @cached_property
    def small_strong(self) -> QFont:
        """For the names over texts."""
        made = QFont(self.small)
        made.setWeight(QFont.Weight.DemiBold)
        return made

    @cached_property
    def small_strong_metrics(self) -> QFontMetricsF:
        return QFontMetricsF(self.small_strong)

    @cached_property
    def wrap(self) -> QTextOption:
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        return option

    @cached_property
    def no_wrap(self) -> QTextOption:
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.NoWrap)
        option.setTextDirection(Qt.LayoutDirection.LeftToRight)
        option.setTabStopDistance(self.mono_metrics.horizontalAdvance(" ") * 4)
        return option

    @cached_property
    def code(self) -> dict[str, QTextCharFormat]:
        """The look of each group of tokens."""
        made = {}
        for group, colour in self.theme.code.items():
            made[group] = QTextCharFormat()
            made[group].setForeground(colour)
        return made

    # ---- space

    def gap(self, role: str, apart: bool) -> float:
        """Space above an element; `apart` is False inside tight lists and where a block goes on."""
        if role.startswith("heading"):
            return round(self.em * (1.3 if role < "heading-3" else 1.0))
        return round(self.em * (0.72 if apart else 0.24))

    def left(self, nest: str) -> float:
        return self.indent * len(nest)

    # ---- formats

    def chars(self, role: str, run: Run) -> QTextCharFormat:
        """How a run looks in a paragraph of a role."""
        key = (role, run.marks, bool(run.link))
        made = self._formats.get(key)
        if made is None:
            made = self._formats[key] = self._make(role, run.marks, bool(run.link))
        return made

    def _make(self, role: str, marks: int, link: bool) -> QTextCharFormat:
        made = QTextCharFormat()
        font = QFont(self.font)
        colour = self.text_colour
        if role in _HEADINGS or role.startswith("heading"):
            font.setPointSizeF(self._size * _HEADINGS.get(role, 1.0))
            font.setWeight(QFont.Weight.DemiBold)
        if role == "note":
            font.setPointSizeF(self._size * 0.9)
            colour = self.theme.muted
        if marks & (Mark.CODE | Mark.MATH):
            size = font.pointSizeF()
            font = QFont(self.mono)
            font.setPointSizeF(size * 0.92)
        font.setItalic(bool(marks & (Mark.ITALIC | Mark.FORMULA)))
        if marks & Mark.BOLD:
            font.setWeight(QFont.Weight.Bold)
        made.setFont(font)
        if marks & Mark.CODE:
            made.setBackground(self._code_ground)
        if marks & Mark.STRIKE:
            made.setFontStrikeOut(True)
        if marks & Mark.RAISED:
            made.setVerticalAlignment(QTextCharFormat.VerticalAlignment.AlignSuperScript)
            colour = self.theme.link
        if marks & Mark.PICTURE or link:
            colour = self.theme.link
            made.setFontUnderline(True)
            made.setUnderlineColor(_faint(colour))
        made.setForeground(colour)
        return made

    @cached_property
    def _code_ground(self) -> QBrush:
        colour = QColor(self.theme.question if not self.muted_text else self.theme.code_bg)
        return QBrush(colour)

    def block(self, paragraph: Paragraph, first: bool) -> QTextBlockFormat:
        """How a paragraph stands. The first of a piece gets its space from the pane."""
        key = (paragraph.role, paragraph.nest, paragraph.gap, paragraph.rtl, first)
        made = self._blocks.get(key)
        if made is None:
            made = self._blocks[key] = self._make_block(paragraph, first)
        return made

    def _make_block(self, paragraph: Paragraph, first: bool) -> QTextBlockFormat:
        made = QTextBlockFormat()
        height = 125 if paragraph.role.startswith("heading") else LINE_HEIGHT
        made.setLineHeight(height, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        if not first:
            made.setTopMargin(self.gap(paragraph.role, paragraph.gap))
        if paragraph.rtl:
            made.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
            made.setRightMargin(self.left(paragraph.nest))
        else:
            made.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
            made.setLeftMargin(self.left(paragraph.nest))
        return made


def _faint(colour: QColor) -> QColor:
    made = QColor(colour)
    made.setAlphaF(0.45)
    return made
