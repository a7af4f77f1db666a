"""The icon in the desktop's tray: how many runs go on and how many wait for the person. Only where there is a tray."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from desktop.core.language import tr, trn
from desktop.ui.system.app_icon import app_icon


class Tray(QObject):
    """Signals `show_wanted()`, `next_wanted()`: the next request that waits, and `quit_wanted()`."""

    show_wanted = Signal()
    next_wanted = Signal()
    quit_wanted = Signal()

    def __init__(self, waits: QColor, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waits = waits
        self._menu = QMenu()  # a tray's menu has no parent widget; held here
        self._menu.addAction(tr("Show Sluice")).triggered.connect(self.show_wanted)
        self._next = self._menu.addAction(tr("Next request that waits for you"))
        self._next.triggered.connect(self.next_wanted)
        self._menu.addSeparator()
        self._menu.addAction(tr("Quit")).triggered.connect(self.quit_wanted)
        self.icon = QSystemTrayIcon(app_icon(), self)
        self.icon.setContextMenu(self._menu)
        self.icon.activated.connect(self._pressed)
        self.icon.messageClicked.connect(self.show_wanted)
        self.count(0, 0)
        self.icon.show()

    def count(self, running: int, waiting: int) -> None:
        """Show the numbers, in words too: not every tray draws the icon's mark."""
        parts = [trn("{n} running", "{n} running", running)] if running else []
        parts += [trn("{n} waiting for you", "{n} waiting for you", waiting)] if waiting else []
        self.icon.setToolTip(" — ".join(["Sluice", ", ".join(parts)] if parts else ["Sluice"]))
        self.icon.setIcon(_marked(waiting, self._waits) if waiting else app_icon())
        self._next.setEnabled(waiting > 0)

    def message(self, title: str, body: str) -> None:
        """A bubble, where the desktop has no other notifications."""
        self.icon.showMessage(title, body, app_icon())

    def _pressed(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in (QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick):
            self.show_wanted.emit()


def make_tray(waits: QColor, parent: QObject | None = None) -> Tray | None:
    """The tray's icon, or None where there is no tray: then nothing may be hidden into it."""
    return Tray(waits, parent) if QSystemTrayIcon.isSystemTrayAvailable() else None


def _marked(number: int, colour: QColor) -> QIcon:
    """The icon with a number in its lower right corner."""
    made = QIcon()
    for size in (16, 22, 24, 32, 48, 64):
        picture = QPixmap(app_icon().pixmap(size, size))
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side = size * 0.6
        spot = QRectF(picture.width() - side, picture.height() - side, side, side)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(spot)
        font = QFont()
        font.setPixelSize(max(7, round(side * 0.75)))
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(Qt.GlobalColor.white)
        painter.drawText(spot, Qt.AlignmentFlag.AlignCenter, str(number) if number < 10 else "9+")
        painter.end()
        made.addPixmap(picture)
    return made
