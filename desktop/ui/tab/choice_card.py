"""A button with a picture, a title and a sentence under it, for the few choices of a first page."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QPushButton, QSizePolicy, QStyle, QStyleOptionButton, QWidget

from desktop.ui.icons import draw

WIDEST = 560
_PAD, _PICTURE, _GAP = 14, 24, 14  # pixels
_WRAP = Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap


class ChoiceCard(QPushButton):
    """As wide as there is room, as high as its words need. `lead` marks the choice that suits most people."""

    def __init__(self, picture: str, title: str, words: str, lead: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self._picture, self._words = picture, words
        self.setAccessibleDescription(words)
        self.setProperty("lead", "true" if lead else "false")
        self.setMaximumWidth(WIDEST)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        title, words = self._places(width)
        return words.bottom() + 1 + _PAD if self._words else title.bottom() + 1 + _PAD

    def sizeHint(self) -> QSize:
        return QSize(WIDEST, self.heightForWidth(WIDEST))

    def minimumSizeHint(self) -> QSize:
        return QSize(200, self.heightForWidth(WIDEST))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.text = ""
        self.style().drawControl(QStyle.ControlElement.CE_PushButton, option, painter, self)
        colours = self.window().palette()  # a style sheet gives the button a palette of its own
        title, words = self._places(self.width())
        side = QRect(_PAD, 0, _PICTURE, self.height())
        where = QRectF(side.x(), (self.height() - _PICTURE) / 2, _PICTURE, _PICTURE)
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            where.moveRight(self.width() - _PAD)
            title.moveLeft(_PAD)
            words.moveLeft(_PAD)
        draw(painter, self._picture, where, colours.color(QPalette.ColorRole.Accent))
        painter.setPen(colours.color(QPalette.ColorRole.WindowText))
        painter.setFont(self._title_font())
        painter.drawText(title, _WRAP, self.text())
        painter.setPen(colours.color(QPalette.ColorRole.PlaceholderText))
        painter.setFont(self.font())
        painter.drawText(words, _WRAP, self._words)

    def _title_font(self) -> QFont:
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold)
        return font

    def _places(self, width: int) -> tuple[QRect, QRect]:
        """Where title and words stand in a card of that width."""
        left = _PAD + _PICTURE + _GAP
        room = QRect(left, _PAD, max(60, width - left - _PAD), 10_000)
        title = QFontMetrics(self._title_font()).boundingRect(room, _WRAP, self.text())
        title.setWidth(room.width())
        words = QFontMetrics(self.font()).boundingRect(room.translated(0, title.height() + 3), _WRAP, self._words)
        words.setWidth(room.width())
        return title, words
