"""The person's settings: how it looks, what it tells, and where things are kept."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from desktop.core.language import mark, tr
from desktop.services.habits import languages
from desktop.services.habits.settings import ZOOM
from desktop.services.workspace import Workspace
from desktop.ui.connections.model_row import ModelRow
from desktop.ui.labels import PlainLabel, selectable

_THEMES = ((mark("As the system"), "system"), (mark("Light"), "light"), (mark("Dark"), "dark"))


class SettingsDialog(QDialog):
    """Signals: `looks_chosen()`, `zoom_chosen(float)`, `model_changed()`: the small model has come or gone,
    `updates_wanted()`: look for a new version now, `wanted(command)` for what is set elsewhere. Every change
    takes effect at once and is kept; the search field leaves the rows that have its words."""

    looks_chosen = Signal()
    zoom_chosen = Signal(float)
    model_changed = Signal()
    updates_wanted = Signal()
    wanted = Signal(str)

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("settings_dialog")
        self.setWindowTitle(tr("Settings"))
        self._workspace = workspace
        self._rows: list[tuple[str, QWidget]] = []  # the words of each row
        self._search = QLineEdit(placeholderText=tr("Search the settings"), clearButtonEnabled=True)
        self._search.setAccessibleName(tr("Search the settings"))
        self._search.textChanged.connect(self._filter)
        self._form = QFormLayout()
        self._form.setVerticalSpacing(12)
        self._nothing = PlainLabel(tr("No setting has these words."), muted="true")
        self._nothing.hide()
        self._told = PlainLabel(muted="true", wrap=True)
        self._told.hide()
        self._fill()
        close = QPushButton(tr("Close"))
        close.setAutoDefault(False)
        close.clicked.connect(self.accept)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.setSpacing(14)
        layout.addWidget(self._search)
        layout.addLayout(self._form)
        layout.addWidget(self._nothing)
        layout.addWidget(self._told)
        layout.addStretch(1)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
        self.resize(540, 440)

    def _fill(self) -> None:
        settings = self._workspace.settings
        self._row(tr("Colours"), self._themes(), tr("theme dark light system"))
        self._row(tr("Language"), self._languages(), tr("translation English German Deutsch"))
        self._row(tr("Text size"), self._size(), tr("zoom larger smaller font"))
        still = self._tick(tr("Reduce motion"), "reduced_motion", settings.reduced_motion)
        still.toggled.connect(self.looks_chosen)
        self._row("", still, tr("animation blink cursor"))
        words = tr("Tell me when an answer that I do not see ends")
        notify = self._tick(words, "show_notifications", settings.show_notifications)
        self._row("", notify, tr("notification alert badge"))
        for label, text, command, words in (
            (tr("Keys on the keyboard"), tr("Keyboard shortcuts…"), "shortcuts", tr("change keys")),
            (tr("Decisions"), tr("Rules…"), "rules", tr("approvals allow always")),
            (tr("Prompts"), tr("Snippets…"), "snippets", tr("slash texts templates")),
            (
                tr("Connections"),
                tr("Connections and keys…"),
                "secrets",
                tr("secret keyring password proxy certificate"),
            ),
        ):
            self._row(label, self._press(text, command), words)
        if self._workspace.updates.offered:
            newer = self._tick(
                tr("Look for a new version at each start"), "check_for_updates", settings.check_for_updates
            )
            newer.toggled.connect(lambda on: on and self.updates_wanted.emit())
            self._row("", newer, tr("update release check"))
        if self._workspace.connections.model_parts.offered:
            model = ModelRow(self._workspace.connections)
            model.changed.connect(self.model_changed)
            self._row(tr("Small model"), model, tr("local smollm2 remove fetch download"))
        self._row(tr("Kept in"), selectable(self._workspace.where_kept()), tr("folder history data"))
        self._row(tr("Keys"), selectable(self._workspace.connections.key_note()), tr("keyring secret password"))

    def _row(self, label: str, widget: QWidget, words: str) -> None:
        self._form.addRow(label, widget)
        own = widget.text() if isinstance(widget, QCheckBox | QPushButton) else ""
        self._rows.append((f"{label} {own} {words}".lower(), widget))
        if label and not widget.accessibleName() and not isinstance(widget, PlainLabel | QPushButton):
            widget.setAccessibleName(label)

    def _filter(self, text: str) -> None:
        wanted = text.lower().split()
        for words, widget in self._rows:
            self._form.setRowVisible(widget, all(word in words for word in wanted))
        self._nothing.setVisible(not any(self._form.isRowVisible(widget) for _, widget in self._rows))

    # ---- the rows

    def _themes(self) -> QComboBox:
        box = QComboBox()
        for text, value in _THEMES:
            box.addItem(tr(text), value)
        box.setCurrentIndex(box.findData(self._workspace.settings.theme))
        box.activated.connect(lambda index: self._choose_theme(box.itemData(index)))
        return box

    def _languages(self) -> QComboBox:
        box = QComboBox()
        box.addItem(tr("As the system"), None)
        for code, name in languages.offered().items():
            box.addItem(name, code)
        box.setCurrentIndex(max(0, box.findData(self._workspace.settings.language)))
        box.activated.connect(lambda index: self._choose_language(box.itemData(index)))
        return box

    def _size(self) -> QSpinBox:
        box = QSpinBox(minimum=round(ZOOM[0] * 100), maximum=round(ZOOM[1] * 100), singleStep=10, suffix=" %")
        box.setMinimumHeight(30)
        box.setValue(round(self._workspace.settings.zoom * 100))
        box.valueChanged.connect(lambda percent: self.zoom_chosen.emit(percent / 100))
        return box

    def _tick(self, text: str, name: str, on: bool) -> QCheckBox:
        box = QCheckBox(text)
        box.setChecked(on)
        box.toggled.connect(lambda now: self._keep(name, now))
        return box

    def _press(self, text: str, command: str) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: self.wanted.emit(command))
        return button

    def _choose_theme(self, choice: str) -> None:
        self._keep("theme", choice)
        self.looks_chosen.emit()

    def _choose_language(self, code: str | None) -> None:
        self._keep("language", code)
        self._told.setText(tr("The language changes when Sluice is started the next time."))
        self._told.show()

    def _keep(self, name: str, value: Any) -> None:
        self._workspace.change_settings(**{name: value})
