"""The connection doctor: each step as it is made, with its time, and a report to copy."""

from __future__ import annotations

import asyncio
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication
from PySide6.QtWidgets import QCheckBox, QDialog, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from desktop.core.describe import seconds_words
from desktop.core.language import tr
from desktop.services.network import fingerprint_words
from desktop.services.network.doctor import Check, Doctor
from desktop.services.tasks import spawn
from desktop.ui.labels import selectable

_MARKS = {"ok": "✓", "note": "!", "failed": "✗"}


class DoctorDialog(QDialog):
    """Starts by itself. Signal `pin_wanted(fingerprint)`: the person accepts the server's certificate."""

    pin_wanted = Signal(str)

    def __init__(self, doctor: Doctor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("doctor_dialog")
        self.setWindowTitle(tr("Check the connection"))
        self._doctor = doctor
        self._certificate = ""
        self._task: asyncio.Task[Any] | None = None
        self._build()
        self.resize(600, 460)
        self.start()

    def _build(self) -> None:
        self._rows = QVBoxLayout()
        self._rows.addStretch(1)
        inner = QWidget()
        inner.setLayout(self._rows)
        area = QScrollArea(widgetResizable=True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
        self._talk = QCheckBox(tr("Also send a short test message to the agent"))
        self._again = _button(tr("Check again"), "doctor_again", self.start)
        self._copy = _button(tr("Copy the report"), "doctor_copy", self._copy_report)
        self._accept = _button(tr("Accept this certificate…"), "doctor_pin", self._accept_it)
        buttons = QHBoxLayout()
        for button in (self._accept, self._copy, self._again):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(_button(tr("Close"), "doctor_close", self.reject))
        layout = QVBoxLayout(self)
        layout.addWidget(area, 1)
        layout.addWidget(self._talk)
        layout.addLayout(buttons)

    def start(self) -> None:
        """Examine from the beginning."""
        self._stop()
        while self._rows.count() > 1:
            if (row := self._rows.takeAt(0).widget()) is not None:
                row.deleteLater()
        self._certificate = ""
        self._accept.hide()
        self._doctor.talk = self._talk.isChecked()
        self._task = spawn(self._examine(), "examine connection")

    async def _examine(self) -> None:
        async for check in self._doctor.examine():
            self._show(check)
        if all(check.state != "failed" for check in self._doctor.checks):
            self._show(Check(tr("Result"), "ok", tr("The connection works.")))

    def _show(self, check: Check) -> None:
        took = f"  ({seconds_words(check.seconds)})" if check.seconds else ""
        label = selectable(f"{_MARKS[check.state]}  {check.name}: {check.words}{took}")
        label.setProperty("trouble", "true" if check.state == "failed" else "false")
        self._rows.insertWidget(self._rows.count() - 1, label)
        if check.certificate:
            self._certificate = check.certificate
            self._accept.show()

    def lines(self) -> list[str]:
        """What stands there."""
        widgets = (self._rows.itemAt(i).widget() for i in range(self._rows.count()))
        return [widget.text() for widget in widgets if isinstance(widget, QLabel)]

    def _copy_report(self) -> None:
        QGuiApplication.clipboard().setText(self._doctor.report())

    def _accept_it(self) -> None:
        """Twice, because everything that is sent can then be read by whoever holds that certificate."""
        if self._accept.property("asked") is None:
            self._accept.setProperty("asked", True)
            self._accept.setText(tr("Yes, trust it for this connection"))
            compare = tr("Compare this with what the server's owner tells you before you trust it:")
            words = f"{compare} {fingerprint_words(self._certificate)}"
            self._show(Check(tr("Certificate"), "note", words))
            return
        self.pin_wanted.emit(self._certificate)
        self.accept()

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def done(self, result: int) -> None:
        self._stop()
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.reject()
        event.accept()


def _button(text: str, name: str, act: Any) -> QPushButton:
    button = QPushButton(text, objectName=name, autoDefault=False)
    button.clicked.connect(lambda _=False: act())
    return button
