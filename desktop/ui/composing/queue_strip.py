"""Messages that wait for the run to end: each can be seen, taken back into the composer, or removed."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop.core.language import tr, trn
from desktop.core.requests import Prompt
from desktop.ui.labels import ElidedLabel, PlainLabel


class QueueStrip(QWidget):
    """Signals: `changed()`; `edit_wanted(Prompt)` for one that was taken out to be edited; `send_wanted()`."""

    changed = Signal()
    edit_wanted = Signal(object)
    send_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("message_queue")
        self.setAccessibleName(tr("Messages that wait"))
        self._prompts: list[Prompt] = []
        self._why = PlainLabel(wrap=True, muted="true")
        self._now = QPushButton(tr("Send now"), objectName="queue_send_button")
        self._now.setProperty("quiet", "true")
        self._now.clicked.connect(self.send_wanted)
        self._head = QHBoxLayout()
        self._head.addWidget(self._why, 1)
        self._head.addWidget(self._now)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 2, 4, 2)
        layout.setSpacing(2)
        layout.addLayout(self._head)
        layout.addLayout(self._rows)
        self.hold(False)
        self.hide()

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """What waits, in the order in which it will be sent."""
        return tuple(self._prompts)

    @property
    def held(self) -> bool:
        """Whether the person must say that it goes on."""
        return self._held

    def add(self, prompt: Prompt) -> None:
        """One more, at the end."""
        self._prompts.append(prompt)
        self._show()

    def remove(self, prompt: Prompt) -> None:
        """Take one out; nothing if it is not there any more."""
        if prompt in self._prompts:
            self._prompts.remove(prompt)
            self._show()

    def hold(self, on: bool) -> None:
        """Wait for the person, because the run did not end well."""
        self._held = on
        self._now.setVisible(on)
        self._why.setText(
            tr("The answer before did not end well, so these were not sent.")
            if on
            else tr("These are sent one by one when the answer is whole.")
        )

    def _take(self, prompt: Prompt) -> None:
        self.remove(prompt)
        self.edit_wanted.emit(prompt)

    def _show(self) -> None:
        while self._rows.count():
            if (row := self._rows.takeAt(0).widget()) is not None:
                row.hide()
                row.deleteLater()
        for prompt in self._prompts:
            self._rows.addWidget(self._row(prompt))
        if not self._prompts:
            self.hold(False)
        self.setVisible(bool(self._prompts))
        self.changed.emit()

    def _row(self, prompt: Prompt) -> QWidget:
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        many = len(prompt.images)
        pictures = f" ({trn('with {n} picture', 'with {n} pictures', many)})" if many else ""
        line.addWidget(ElidedLabel(f"{prompt.text}{pictures}"), 1)
        for text, name, act in (
            (tr("Edit"), tr("Edit the waiting message"), self._take),
            (tr("Remove"), tr("Remove the waiting message"), self.remove),
        ):
            button = QPushButton(text)
            button.setProperty("quiet", "true")
            button.setAccessibleName(name)
            button.clicked.connect(lambda _=False, act=act: act(prompt))
            line.addWidget(button)
        return row
