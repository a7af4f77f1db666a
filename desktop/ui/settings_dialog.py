"""The person's settings: how it looks, and where things are kept."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QFormLayout, QPushButton, QVBoxLayout, QWidget

from desktop.services.workspace import Workspace
from desktop.ui.labels import PlainLabel

_THEMES = (("As the system", "system"), ("Light", "light"), ("Dark", "dark"))


class SettingsDialog(QDialog):
    """Signal `theme_chosen(str)`. Every change takes effect at once and is kept."""

    theme_chosen = Signal(str)

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("settings_dialog")
        self.setWindowTitle("Settings")
        self._workspace = workspace
        settings = workspace.settings
        self._theme = QComboBox()
        self._theme.setAccessibleName("Colours")
        for text, value in _THEMES:
            self._theme.addItem(text, value)
        self._theme.setCurrentIndex(self._theme.findData(settings.theme))
        self._theme.activated.connect(self._choose_theme)
        self._motion = QCheckBox("Reduce motion")
        self._motion.setChecked(settings.reduced_motion)
        self._motion.toggled.connect(self._choose_motion)
        form = QFormLayout()
        form.setVerticalSpacing(12)
        form.addRow("Colours", self._theme)
        form.addRow("", self._motion)
        form.addRow("Kept in", _selectable(workspace.where_kept()))
        form.addRow("Keys", _selectable(workspace.key_note()))
        close = QPushButton("Close")
        close.setAutoDefault(False)
        close.clicked.connect(self.accept)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 16)
        layout.addLayout(form)
        layout.addStretch(1)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
        self.resize(520, 300)

    def _choose_theme(self, index: int) -> None:
        choice = self._theme.itemData(index)
        self._workspace.change_settings(theme=choice)
        self.theme_chosen.emit(choice)

    def _choose_motion(self, on: bool) -> None:
        self._workspace.change_settings(reduced_motion=on)


def _selectable(text: str) -> PlainLabel:
    label = PlainLabel(text, wrap=True)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    return label
