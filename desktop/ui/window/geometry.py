"""Where windows stand: Qt's own notes on it as text for the settings, and bringing one to the front."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtWidgets import QWidget


def packed(state: QByteArray) -> str:
    """Such a note as text."""
    return bytes(state.toBase64().data()).decode()


def unpacked(text: str | None) -> QByteArray:
    """Such a text as Qt's own; what is none restores nothing."""
    return QByteArray.fromBase64((text or "").encode("ascii", "ignore"))


def come_to_front(window: QWidget) -> None:
    """Show a window over the others, with the keyboard."""
    window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
    window.show()
    window.raise_()
    window.activateWindow()
