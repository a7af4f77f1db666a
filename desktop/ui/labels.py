"""Labels for text from anywhere: always literal, never markup. And words for those who cannot see them change."""

from __future__ import annotations

import textwrap

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QPainter, QPaintEvent
from PySide6.QtGui import Qt as GuiQt
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

_WIDE = 90  # characters of a tooltip's line
_JOINER = "\u2060"  # of no width, and no place to break


class PlainLabel(QLabel):
    """A label that shows its text as it is: no markup, no links, no mnemonics."""

    def __init__(self, text: str = "", parent: QWidget | None = None, *, wrap: bool = False, **properties: str) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wrap)
        for name, value in properties.items():
            self.setProperty(name, value)
        self.setText(text)


class ElidedLabel(PlainLabel):
    """One line that is shortened at its end to fit."""

    def __init__(self, text: str = "", parent: QWidget | None = None, **properties: str) -> None:
        super().__init__(text, parent, **properties)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:
        return QSize(20, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        line = " ".join(self.text().split())
        shown = self.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, self.width())
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)


def selectable(text: str, **properties: str) -> PlainLabel:
    """A label whose text can be marked and copied, by mouse and by keyboard."""
    label = PlainLabel(text, wrap=True, **properties)
    flags = Qt.TextInteractionFlag
    label.setTextInteractionFlags(flags.TextSelectableByMouse | flags.TextSelectableByKeyboard)
    return label


def announce(widget: QWidget, words: str, urgent: bool = False) -> None:
    """Have a screen reader say what appeared where the focus is not; with `urgent` before what it reads now."""
    if words and widget.isVisible() and QAccessible.isActive():
        event = QAccessibleAnnouncementEvent(widget, words)
        if urgent:
            event.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
        QAccessible.updateAccessibility(event)


def literal_tip(text: str) -> str:
    """Text for a tooltip, in lines of a fair width. It stays plain, because Qt hands it to screen readers too; what Qt
    would take for markup is kept from that by a character that nobody sees."""
    lines = [part for line in text.split("\n") for part in textwrap.wrap(line, _WIDE, drop_whitespace=False) or [""]]
    plain = "\n".join(lines)
    if not GuiQt.mightBeRichText(plain):
        return plain
    return plain.replace("<", f"<{_JOINER}").replace("&lt;", f"&{_JOINER}lt;")


def literal_title(text: str) -> str:
    """Text for a tab or a menu entry, where an ampersand would become a mnemonic."""
    return " ".join(text.split()).replace("&", "&&")
