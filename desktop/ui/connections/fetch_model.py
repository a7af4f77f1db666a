"""Asks whether the small model may be fetched, shows how far it is, and can be stopped and gone on with."""

from __future__ import annotations

import asyncio
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from desktop.core.errors import SluiceError
from desktop.core.language import number, tr
from desktop.services.local_model.parts import ModelParts
from desktop.services.tasks import spawn
from desktop.ui.labels import PlainLabel, selectable

_MEGABYTE = 1_000_000
_WIDTH = 540  # pixels


def megabytes(size: int) -> str:
    """A size in bytes as people read it."""
    return tr("{number} MB", number=number(round(size / _MEGABYTE)))


class FetchModelDialog(QDialog):
    """Nothing is fetched before its button is pressed. Signal `fetched()`: the model is there; the dialog closes."""

    fetched = Signal()

    def __init__(self, parts: ModelParts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("fetch_model_dialog")
        self.setWindowTitle(tr("A small model on this computer"))
        self._parts = parts
        self._task: asyncio.Task[Any] | None = None
        self._bar = QProgressBar(objectName="fetch_model_progress", maximum=parts.size // _MEGABYTE, textVisible=False)
        self._bar.setAccessibleName(tr("Fetched so far"))
        self._bar.setFixedHeight(8)
        self._said = PlainLabel("", wrap=True, muted="true", objectName="fetch_model_words")
        self._begin = _button("fetch_model_begin", self.begin)
        self._begin.setProperty("primary", "true")
        self._leave = _button("fetch_model_leave", self.reject)
        self._build()
        self._show_rest()

    def begin(self) -> None:
        """Fetch it, from where an earlier fetch ended."""
        if self._task is None:
            self._task = spawn(self._fetch(), "fetch the small model")
            self._begin.setEnabled(False)
            self._leave.setText(tr("Stop"))
            self._leave.setFocus()
            self._bar.show()

    def reject(self) -> None:
        """Stop, if it is fetching; what has come is kept. Else close."""
        if self._task is None:
            super().reject()
        else:
            self._task.cancel()

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 18)
        layout.setSpacing(12)
        for words in (
            tr("Sluice can fetch a very small language model that works on this computer. It needs no account, and "
               "what you ask it goes nowhere. It is for trying the program out: fluent, often wrong, without tools."),
            tr("{size} come from {hosts}, once. Each file is used only if it is exactly the one that this version of "
               "Sluice knows. Nothing about you is sent.",
               size=megabytes(self._parts.size), hosts=", ".join(self._parts.hosts)),
        ):  # fmt: skip
            layout.addWidget(PlainLabel(words, wrap=True))
        place = selectable(tr("Kept in {folder}; the settings remove it again.", folder=self._parts.folder))
        place.setProperty("muted", "true")
        layout.addWidget(place)
        licences = tr("SmolLM2-135M-Instruct, under Apache-2.0, on llama.cpp and xllamacpp, under MIT.")
        layout.addWidget(PlainLabel(licences, wrap=True, muted="true"))
        layout.addWidget(self._bar)
        layout.addWidget(self._said)
        layout.addStretch(1)
        line = QHBoxLayout()
        line.addStretch(1)
        line.addWidget(self._leave)
        line.addWidget(self._begin)
        layout.addLayout(line)
        self.setMinimumWidth(_WIDTH)
        self.resize(_WIDTH, layout.totalHeightForWidth(_WIDTH))

    def _show_rest(self, words: str = "") -> None:
        """Not fetching: what the buttons do, and what happened before."""
        there = self._parts.there
        if there and not words:
            words = tr("{there} of {size} are here already.", there=megabytes(there), size=megabytes(self._parts.size))
        self._bar.setVisible(bool(there))
        self._bar.setValue(there // _MEGABYTE)
        self._said.setText(words)
        self._begin.setText(tr("Go on") if there else tr("Fetch {size}", size=megabytes(self._parts.size)))
        self._begin.setEnabled(True)
        self._begin.setFocus(Qt.FocusReason.OtherFocusReason)
        self._leave.setText(tr("Not now"))

    def _progress(self, there: int, size: int) -> None:
        done = there // _MEGABYTE
        if done != self._bar.value() or not self._said.text():
            self._bar.setValue(done)
            self._said.setText(tr("{there} of {size}", there=megabytes(there), size=megabytes(size)))
        if there == size:
            self._said.setText(tr("Checking and unpacking…"))

    async def _fetch(self) -> None:
        words = ""
        try:
            await self._parts.fetch(self._progress)
        except asyncio.CancelledError:  # by the button, or because the program ends
            pass
        except SluiceError as error:
            words = error.headline
        self._task = None
        if self._parts.place is not None and not words:
            self.fetched.emit()
            self.accept()
        else:
            self._show_rest(words)


def _button(name: str, pressed: Any) -> QPushButton:
    button = QPushButton(objectName=name, autoDefault=False)
    button.clicked.connect(pressed)
    return button
