"""Where a person says how to reach an agent, and tests it. What the form shows follows the protocol's abilities."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from desktop.core.adapters import PROTOCOLS, adapter_class
from desktop.core.capabilities import Field
from desktop.core.errors import SluiceError
from desktop.core.language import mark, tr, trn
from desktop.core.requests import AgentInfo, Connection, Secrets
from desktop.services.connections import this_run
from desktop.services.keys.profiles import Profile
from desktop.services.network import is_open_to_others
from desktop.services.tasks import spawn
from desktop.services.workspace import Workspace
from desktop.ui.connections.doctor_dialog import DoctorDialog
from desktop.ui.connections.network_form import NetworkForm
from desktop.ui.labels import PlainLabel

_OPEN = mark(
    "This address is not encrypted: anybody between here and there can read the key and all that is said. Use https:// "
    "if the server has it, or press Save again."
)


class ConnectionEditor(QDialog):
    """Signal `saved(profile)`. Nothing is sent anywhere until Test connection or List is pressed."""

    saved = Signal(object)

    def __init__(self, workspace: Workspace, profile: Profile | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("connection_editor")
        self.setWindowTitle(tr("Connection") if profile else tr("Add a connection"))
        self._workspace = workspace
        self._profile = profile
        self._inputs: dict[str, QWidget] = {}
        self._task: asyncio.Task[Any] | None = None
        self._warned = ""  # the address whose openness was told
        self._build()
        self._protocol.currentIndexChanged.connect(self._rebuild_fields)
        self._fill(profile)
        self.resize(620, 660)

    # ---- the form

    def _build(self) -> None:
        self._name = QLineEdit(placeholderText=tr("What you call it"))
        self._protocol = QComboBox()
        for protocol in PROTOCOLS:
            self._protocol.addItem(tr(adapter_class(protocol).name), protocol)
        self._url = QLineEdit()
        self._agent = QComboBox(editable=True)
        self._agent.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self._list = _button(tr("List"))
        self._list.clicked.connect(lambda: self._start(self._list_agents(), "list agents"))
        self._key = QLineEdit(echoMode=QLineEdit.EchoMode.Password)
        self._key_note = _help("")
        form = self._form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        form.setVerticalSpacing(10)
        for label, widget in ((tr("Name"), self._name), (tr("Protocol"), self._protocol), (tr("Address"), self._url)):
            _row(form, label, widget)
        agent = QWidget()
        line = QHBoxLayout(agent)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self._agent, 1)
        line.addWidget(self._list)
        _row(form, tr("Agent or model"), agent, self._agent)
        _row(form, tr("Key"), self._key)
        form.addRow("", self._key_note)
        self._fields_at = form.rowCount()
        inner = QWidget()
        both = QVBoxLayout(inner)
        both.setContentsMargins(0, 0, 0, 0)
        both.addLayout(form)
        self._network = NetworkForm()
        self._network.doctor_wanted.connect(self.examine)
        both.addWidget(self._network)
        both.addStretch(1)
        area = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
        self._result = PlainLabel(wrap=True)
        self._result.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.addWidget(area, 1)
        layout.addWidget(self._result)
        layout.addLayout(self._buttons())

    def _buttons(self) -> QHBoxLayout:
        self._test = _button(tr("Test connection"))
        self._test.setObjectName("connection_test")
        self._test.clicked.connect(lambda: self._start(self._test_now(), "test connection"))
        save, cancel = _button(tr("Save")), _button(tr("Cancel"))
        save.setProperty("primary", "true")
        save.clicked.connect(lambda: self._start(self._save(), "save connection"))
        cancel.clicked.connect(self.reject)
        line = QHBoxLayout()
        line.addWidget(self._test)
        line.addStretch(1)
        line.addWidget(cancel)
        line.addWidget(save)
        return line

    def _fill(self, profile: Profile | None) -> None:
        place = profile.connection if profile else Connection(PROTOCOLS[-1], "")
        self._protocol.setCurrentIndex(PROTOCOLS.index(place.protocol))
        self._rebuild_fields()
        self._name.setText(profile.name.removesuffix(this_run("")) if profile else "")
        self._url.setText(place.base_url or self._can.default_url)
        self._agent.setEditText(place.agent or "")
        for name, value in place.options.items():
            if widget := self._inputs.get(name):
                _put(widget, value)
        if profile:
            self._network.show_network(profile.network)
            self._key.setPlaceholderText(tr("Unchanged"))

    @property
    def _can(self) -> Any:
        return adapter_class(self._protocol.currentData()).can

    def _rebuild_fields(self) -> None:
        while self._form.rowCount() > self._fields_at:
            self._form.removeRow(self._fields_at)
        self._inputs.clear()
        can = self._can
        self._url.setPlaceholderText(can.default_url or "http://")
        self._agent.lineEdit().setPlaceholderText("" if "agent" in can.needs else tr("The server's own choice"))
        self._list.setVisible(can.list_agents)
        for field in can.fields:
            widget = self._inputs[field.name] = _input(field)
            _row(self._form, tr(field.label), widget)
            if field.help:
                self._form.addRow("", _help(tr(field.help)))
        self._key_note.setText(self._workspace.connections.key_note())

    # ---- what it says

    def connection(self) -> Connection:
        """The connection as the form has it. Raises SluiceError with what is missing."""
        url = self._url.text().strip()
        if not url.startswith(("http://", "https://")):
            raise SluiceError(tr("The address begins with http:// or https://."))
        fields = {f.name: f for f in self._can.fields if f.kind != "secret"}
        options = {name: value for name, f in fields.items() if (value := _value(self._inputs[name], f)) != f.default}
        agent = self._agent.currentText().strip() or None
        if agent is None and "agent" in self._can.needs:
            raise SluiceError(tr("This protocol needs the name or id of an agent."))
        return Connection(self._protocol.currentData(), url, agent, options)

    def secrets(self) -> Secrets:
        """The secrets typed into the form; those left empty stay as they are kept."""
        typed = {
            f.name: text
            for f in self._can.fields
            if f.kind == "secret" and (text := self._inputs[f.name].text())  # type: ignore[attr-defined]
        }
        return Secrets(self._key.text() or None, {**typed, **self._network.secrets()})

    # ---- what it does

    def _start(self, work: Any, name: str) -> None:
        self._say("", good=True)
        if self._task is not None:
            self._task.cancel()
        self._task = spawn(self._guard(work), name)

    async def _guard(self, work: Any) -> None:
        try:
            await work
        except SluiceError as error:
            self._say(error.headline, good=False)

    async def _known_secrets(self) -> Secrets:
        typed = self.secrets()
        if self._profile is None:
            return typed
        kept = await self._workspace.connections.secrets(self._profile)
        return Secrets(typed.key or kept.key, {**kept.extra, **typed.extra})

    async def _test_now(self) -> None:
        self._say(tr("Testing…"), good=True)
        found = await self._workspace.connections.probe(
            self.connection(), await self._known_secrets(), self._network.network()
        )
        for name, value in found.options.items():
            widget = self._inputs.get(name)
            if widget is not None and not _is_set(widget):
                _put(widget, value)
        self._say(found.words, good=True)

    def examine(self) -> None:
        """Check the connection as the form has it, step by step."""
        self._start(self._examine(), "examine connection")

    async def _examine(self) -> None:
        known = await self._known_secrets()
        doctor = self._workspace.connections.doctor(self.connection(), known, self._network.network())
        dialog = DoctorDialog(doctor, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.pin_wanted.connect(self._network.pin)
        dialog.open()

    async def _list_agents(self) -> None:
        agent = self._agent.currentText()
        place = replace(self.connection(), agent=None) if agent else self._loose()
        agents: tuple[AgentInfo, ...] = await self._workspace.connections.agents(
            place, await self._known_secrets(), self._network.network()
        )
        self._agent.clear()
        for info in agents:
            self._agent.addItem(info.name if info.name == info.id else f"{info.id}", info.id)
        self._agent.setEditText(agent)
        found = trn("{n} found.", "{n} found.", len(agents))
        self._say(found if agents else tr("The server lists none; type its name."), good=True)

    def _loose(self) -> Connection:
        """The connection without its agent, which is what is being looked for."""
        return Connection(self._protocol.currentData(), self._url.text().strip())

    async def _save(self) -> None:
        connection = self.connection()
        name = self._name.text().strip() or self._workspace.connections.name_for(connection)
        secrets = self.secrets()
        if is_open_to_others(connection.base_url) and secrets.key and connection.base_url != self._warned:
            self._warned = connection.base_url
            raise SluiceError(tr(_OPEN))
        profile, trouble = await self._workspace.connections.save(
            self._profile, name, connection, secrets, self._network.network()
        )
        self._profile = profile
        self.saved.emit(profile)
        if trouble:
            self._say(trouble, good=False)
        else:
            self.accept()

    def _say(self, words: str, good: bool) -> None:
        self._result.setText(words)
        self._result.setProperty("trouble", "false" if good else "true")
        self._result.style().unpolish(self._result)
        self._result.style().polish(self._result)

    def done(self, result: int) -> None:
        if self._task is not None and result != QDialog.DialogCode.Accepted:
            self._task.cancel()
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.reject()
        event.accept()


def _button(text: str) -> QPushButton:
    button = QPushButton(text)
    button.setAutoDefault(False)
    return button


def _help(text: str) -> PlainLabel:
    label = PlainLabel(text, wrap=True, muted="true")
    label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
    return label


def _row(form: QFormLayout, label: str, widget: QWidget, buddy: QWidget | None = None) -> None:
    widget.setSizePolicy(QSizePolicy.Policy.Expanding, widget.sizePolicy().verticalPolicy())
    form.addRow(label, widget)
    (buddy or widget).setAccessibleName(label)
    caption = form.labelForField(widget)
    if caption is not None and buddy is not None:
        caption.setBuddy(buddy)  # type: ignore[attr-defined]


def _input(field: Field) -> QWidget:
    if field.kind == "bool":
        box = QCheckBox()
        box.setChecked(bool(field.default))
        return box
    if field.kind == "choice":
        combo = QComboBox()
        combo.addItems(list(field.choices))
        combo.setCurrentText(str(field.default))
        return combo
    line = QLineEdit()
    if field.kind == "secret":
        line.setEchoMode(QLineEdit.EchoMode.Password)
    _put(line, field.default)
    return line


def _put(widget: QWidget, value: Any) -> None:
    if isinstance(widget, QCheckBox):
        widget.setChecked(bool(value))
    elif isinstance(widget, QComboBox):
        widget.setCurrentText(str(value))
    elif isinstance(widget, QLineEdit):
        is_text = isinstance(value, str)
        widget.setText("" if value is None else value if is_text else json.dumps(value, ensure_ascii=False))


def _is_set(widget: QWidget) -> bool:
    return not isinstance(widget, QLineEdit) or bool(widget.text())


def _value(widget: QWidget, field: Field) -> Any:
    if isinstance(widget, QCheckBox):
        return widget.isChecked()
    if isinstance(widget, QComboBox):
        return widget.currentText()
    text = widget.text().strip()  # type: ignore[attr-defined]
    if not text:
        return field.default if field.kind == "text" and field.default is None else None
    try:
        return json.loads(text) if field.kind in ("json", "number") else text
    except ValueError:
        raise SluiceError(
            tr("“{label}” is no valid JSON.", label=tr(field.label))
            if field.kind == "json"
            else tr("“{label}” is no valid number.", label=tr(field.label))
        ) from None
