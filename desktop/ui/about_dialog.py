"""About: the version, and every part the program is made of with its licence."""

from __future__ import annotations

import platform
from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from desktop import __version__
from desktop.core.language import tr
from desktop.services.licences import Part, parts
from desktop.ui.app_icon import app_icon
from desktop.ui.labels import PlainLabel


def versions() -> str:
    """What a report of a fault should name, in lines."""
    qt = f"Qt {qVersion()}, {QGuiApplication.platformName()}"
    return f"Sluice {__version__}\n{qt}, Python {platform.python_version()}\n{platform.platform()}"


class AboutDialog(QDialog):
    """Shows the versions, `figures` (name, value) measured on this computer, and the licences."""

    def __init__(self, figures: Sequence[tuple[str, str]] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("about_dialog")
        self.setWindowTitle(tr("About Sluice"))
        self._parts = parts()
        picture = QLabel()
        picture.setPixmap(app_icon().pixmap(QSize(64, 64), self.devicePixelRatioF()))
        words = versions() + "".join(f"\n{name}: {value}" for name, value in figures)
        said = PlainLabel(words, wrap=True)
        said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        head = QHBoxLayout()
        head.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        head.addSpacing(12)
        head.addWidget(said, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 16)
        layout.setSpacing(12)
        layout.addLayout(head)
        layout.addWidget(PlainLabel(tr("Sluice is free software under the MIT licence. It contains these parts:")))
        layout.addWidget(self._licences(), 1)
        layout.addLayout(self._buttons(words))
        self.resize(760, 560)

    def _licences(self) -> QSplitter:
        self._list = QListWidget(objectName="about_parts")
        self._list.setAccessibleName(tr("Parts"))
        self._list.addItems([f"{part.name} {part.version}" for part in self._parts])
        self._text = QPlainTextEdit(objectName="about_licence", readOnly=True)
        self._text.setAccessibleName(tr("Licence of the part"))
        self._list.currentRowChanged.connect(lambda row: self._text.setPlainText(_words(self._parts[row])))
        self._list.setCurrentRow(0)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self._list)
        split.addWidget(self._text)
        split.setSizes([250, 510])
        return split

    def _buttons(self, words: str) -> QHBoxLayout:
        copy = QPushButton(tr("Copy versions"), autoDefault=False)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(words))
        close = QPushButton(tr("Close"), autoDefault=False)
        close.clicked.connect(self.accept)
        line = QHBoxLayout()
        line.addWidget(copy)
        line.addStretch(1)
        line.addWidget(close)
        return line


def _words(part: Part) -> str:
    return f"{part.name} {part.version}\n{part.licence}\n\n{part.text or 'The part carries no text of its licence.'}"
