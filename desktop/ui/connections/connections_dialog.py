"""Every connection: how it is reached, and where each of its secrets lives. Never a secret itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from desktop.core.language import tr
from desktop.services.connections import LOCAL, Connections
from desktop.services.keys.profiles import Profile
from desktop.services.keys.secret_places import Held
from desktop.services.network import place
from desktop.services.tasks import spawn
from desktop.ui.labels import PlainLabel, selectable
from desktop.ui.tab.notice_bar import NoticeBar

_PROFILE = Qt.ItemDataRole.UserRole


class ConnectionsDialog(QDialog):
    """Signals: `edit_wanted(profile)`; `changed()` after a connection or a secret of it is gone or another."""

    edit_wanted = Signal(object)
    changed = Signal()

    def __init__(self, connections: Connections, current: str | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("connections_dialog")
        self.setWindowTitle(tr("Connections and keys"))
        self._connections = connections
        self._looking: asyncio.Task[Any] | None = None
        self._build()
        self._fill(current)
        self.resize(860, 560)

    # ---- what is on screen

    def _build(self) -> None:
        self._list = QListWidget(objectName="connections_list")
        self._list.setAccessibleName(tr("Connections"))
        self._list.setFixedWidth(230)
        self._list.currentItemChanged.connect(lambda *_: self._show())
        self._area = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        middle = QHBoxLayout()
        middle.setSpacing(16)
        middle.addWidget(self._list)
        middle.addWidget(self._area, 1)
        self._bar = NoticeBar("connections_bar")
        self._words = PlainLabel(wrap=True, muted="true")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(PlainLabel(self._connections.key_note(), wrap=True, muted="true"))
        layout.addLayout(middle, 1)
        layout.addWidget(self._words)
        layout.addWidget(self._bar)
        layout.addLayout(self._buttons())

    def _buttons(self) -> QHBoxLayout:
        self._edit = _button(tr("Edit…"), "connections_edit", lambda: self.edit_wanted.emit(self._chosen()))
        self._remove = _button(tr("Delete this connection…"), "connections_delete", self._ask_to_remove)
        close = _button(tr("Close"), "connections_close", self.reject)
        line = QHBoxLayout()
        line.addWidget(self._edit)
        line.addWidget(self._remove)
        line.addStretch(1)
        line.addWidget(close)
        return line

    def _chosen(self) -> Profile | None:
        row = self._list.currentItem()
        return row.data(_PROFILE) if row is not None else None

    def _fill(self, current: str | None) -> None:
        self._list.clear()
        for profile in self._connections.all():
            row = QListWidgetItem(" ".join(profile.name.split()), self._list)
            row.setData(_PROFILE, profile)
            if profile.id == current or self._list.currentItem() is None:
                self._list.setCurrentItem(row)

    def refresh(self) -> None:
        """Show everything as it is now."""
        chosen = self._chosen()
        self._fill(chosen.id if chosen else None)

    def _show(self) -> None:
        profile = self._chosen()
        self._bar.dismiss()
        self._leave()
        saved = profile is not None and profile.id != LOCAL and not self._connections.is_temporary(profile)
        self._edit.setEnabled(profile is not None and profile.id != LOCAL)
        self._remove.setEnabled(saved)
        if profile is not None:
            self._looking = spawn(self._look(profile), "look for secrets")

    async def _look(self, profile: Profile) -> None:
        self._place(profile, (), None)
        way = await self._connections.way(profile)
        self._place(profile, way, None)
        self._place(profile, way, await self._connections.held(profile))

    def _place(self, profile: Profile, way: tuple[str, ...], held: list[Held] | None) -> None:
        """The details of a connection; `held` is None while the keyring is being asked."""
        inner = QWidget(objectName="connection_details")
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(6)
        column.addWidget(PlainLabel(profile.name, wrap=True, heading="true"))
        for words in filter(None, (_address(profile), *way, *profile.network.about_certificates())):
            column.addWidget(selectable(words))
        column.addSpacing(10)
        if held is None:
            column.addWidget(PlainLabel(tr("The keyring is being asked…"), muted="true"))
        else:
            column.addWidget(PlainLabel(tr("Secrets"), heading="true"))
            column.addLayout(self._rows(profile, held))
        column.addStretch(1)
        self._area.setWidget(inner)

    def _rows(self, profile: Profile, held: list[Held]) -> QVBoxLayout:
        """Each secret: what it is with its buttons, and below where it is."""
        column = QVBoxLayout()
        column.setSpacing(2)
        for secret in held:
            line = QHBoxLayout()
            line.addWidget(PlainLabel(secret.label), 1)
            for button in self._secret_buttons(profile, secret):
                line.addWidget(button)
            column.addLayout(line)
            column.addWidget(selectable(secret.words, muted="true"))
            column.addSpacing(8)
        return column

    def _secret_buttons(self, profile: Profile, secret: Held) -> list[QPushButton]:
        named = {"secret": secret.label, "connection": profile.name}
        buttons = []
        if secret.can_be_changed:
            text = tr("Set…") if secret.place == "none" else tr("Replace…")
            button = _button(text, f"replace_{secret.name}", lambda: self._ask_value(profile, secret))
            button.setAccessibleName(tr("Set or replace: {secret} of {connection}", **named))
            buttons.append(button)
        if secret.can_be_forgotten:
            button = _button(tr("Forget"), f"forget_{secret.name}", lambda: self._ask_to_forget(profile, secret))
            button.setAccessibleName(tr("Forget: {secret} of {connection}", **named))
            buttons.append(button)
        return buttons

    # ---- what it does

    def _ask_value(self, profile: Profile, secret: Held) -> None:
        dialog = _ValueDialog(profile.name, secret.label, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.given.connect(lambda value: spawn(self._replace(profile, secret.name, value), "replace secret"))
        dialog.open()

    async def _replace(self, profile: Profile, name: str, value: str) -> None:
        self._done(await self._connections.replace_secret(profile, name, value), tr("It is kept."))

    def _ask_to_forget(self, profile: Profile, secret: Held) -> None:
        words = tr("Forget “{secret}” of {connection}? It cannot be brought back from here.",
                   secret=secret.label, connection=profile.name)  # fmt: skip
        act = self._later(lambda: self._forget(profile, secret.name), "forget secret")
        self._bar.ask(words, (tr("Forget it"), act), (tr("Keep it"), lambda: None), focus=True)

    async def _forget(self, profile: Profile, name: str) -> None:
        self._done(await self._connections.forget_secret(profile, name), tr("It is forgotten."))

    def _ask_to_remove(self) -> None:
        profile = self._chosen()
        if profile is None:
            return
        words = tr("Delete {connection} and forget its secrets? Conversations with it stay.", connection=profile.name)
        act = self._later(lambda: self._delete(profile), "delete connection")
        self._bar.ask(words, (tr("Delete it"), act), (tr("Keep it"), lambda: None), focus=True)

    async def _delete(self, profile: Profile) -> None:
        self._done(await self._connections.remove(profile), tr("It is deleted."))

    def _later(self, work: Callable[[], Any], name: str) -> Callable[[], None]:
        return lambda: spawn(work(), name)

    def _done(self, trouble: str, words: str) -> None:
        self.changed.emit()
        if not isValid(self):  # it was closed meanwhile
            return
        self._words.setText(trouble or words)
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, trouble or words))
        self.refresh()

    def done(self, result: int) -> None:
        self._leave()
        super().done(result)

    def _leave(self) -> None:
        if self._looking is not None:
            self._looking.cancel()


class _ValueDialog(QDialog):
    """Asks for a secret. Signal `given(value)`."""

    given = Signal(str)

    def __init__(self, connection: str, secret: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("secret_dialog")
        self.setWindowTitle(tr("Set a secret"))
        self._line = QLineEdit(echoMode=QLineEdit.EchoMode.Password, objectName="secret_value")
        words = tr("{secret} of {connection}", secret=secret, connection=connection)
        self._line.setAccessibleName(words)
        keep = _button(tr("Keep it"), "secret_keep", self._give)
        keep.setEnabled(False)
        self._line.textChanged.connect(lambda text: keep.setEnabled(bool(text)))
        self._line.returnPressed.connect(self._give)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(_button(tr("Cancel"), "secret_cancel", self.reject))
        buttons.addWidget(keep)
        layout = QVBoxLayout(self)
        layout.addWidget(PlainLabel(words, wrap=True))
        layout.addWidget(self._line)
        layout.addLayout(buttons)
        self.resize(420, 0)

    def _give(self) -> None:
        if self._line.text():
            self.given.emit(self._line.text())
            self._line.clear()
            self.accept()


def _address(profile: Profile) -> str:
    """Where it is, without a login; the small model's changes with each start."""
    address = profile.connection.base_url
    return "" if profile.id == LOCAL else place(address) + urlsplit(address).path


def _button(text: str, name: str, act: Callable[[], object]) -> QPushButton:
    button = QPushButton(text, objectName=name, autoDefault=False)
    button.clicked.connect(lambda _=False: act())
    return button
