"""About: the version, every part the program is made of with its licence, and how fast it is here."""

from __future__ import annotations

import platform

from PySide6.QtCore import QSize, Qt, Signal, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from desktop import __version__
from desktop.core.language import tr
from desktop.services.system.licences import Part, parts
from desktop.ui.habits.speed_page import SpeedPage
from desktop.ui.labels import PlainLabel
from desktop.ui.system.app_icon import app_icon
from desktop.ui.theme import Theme


def versions() -> str:
    """What a report of a fault should name, in lines."""
    qt = f"Qt {qVersion()}, {QGuiApplication.platformName()}"
    return f"Sluice {__version__}\n{qt}, Python {platform.python_version()}\n{platform.platform()}"


class AboutDialog(QDialog):
    """`painted`: see SpeedPage. Signal `updates_wanted()`, where `updates` offers to look for a new version."""

    updates_wanted = Signal()

    def __init__(
        self, theme: Theme, painted: float = 0.0, updates: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("about_dialog")
        self.setWindowTitle(tr("About Sluice"))
        self._parts = parts()
        picture = QLabel()
        picture.setPixmap(app_icon().pixmap(QSize(64, 64), self.devicePixelRatioF()))
        said = PlainLabel(versions(), wrap=True)
        said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        head = QHBoxLayout()
        head.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        head.addSpacing(12)
        head.addWidget(said, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 16)
        layout.setSpacing(12)
        layout.addLayout(head)
        self._speed = SpeedPage(theme, painted)
        pages = QTabWidget(objectName="about_pages")
        pages.addTab(self._licences(), tr("Licences"))
        pages.addTab(self._speed, tr("Speed"))
        layout.addWidget(pages, 1)
        layout.addLayout(self._buttons(updates))
        self.resize(760, 560)

    def _licences(self) -> QWidget:
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
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 12, 0, 0)
        layout.addWidget(PlainLabel(tr("Sluice is free software under the MIT licence. It contains these parts:")))
        layout.addWidget(split, 1)
        return page

    def _buttons(self, updates: bool) -> QHBoxLayout:
        copy = QPushButton(tr("Copy versions and figures"), objectName="about_copy", autoDefault=False)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(f"{versions()}\n{self._speed.words()}"))
        look = QPushButton(tr("Look for a new version"), autoDefault=False)
        look.clicked.connect(self.updates_wanted)
        look.clicked.connect(self.accept)
        look.setVisible(updates)
        close = QPushButton(tr("Close"), autoDefault=False)
        close.clicked.connect(self.accept)
        line = QHBoxLayout()
        line.addWidget(copy)
        line.addWidget(look)
        line.addStretch(1)
        line.addWidget(close)
        return line


def _words(part: Part) -> str:
    return f"{part.name} {part.version}\n{part.licence}\n\n{part.text or 'The part carries no text of its licence.'}"
