"""The small model in the settings: whether it is here, and the button that fetches or removes it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from desktop.core.errors import SluiceError
from desktop.core.language import tr
from desktop.services.connections import Connections
from desktop.services.tasks import spawn
from desktop.ui.connections.fetch_model import FetchModelDialog, megabytes
from desktop.ui.labels import PlainLabel


class ModelRow(QWidget):
    """Signal `changed()`: it has come or gone."""

    changed = Signal()

    def __init__(self, connections: Connections, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._connections = connections
        self._words = PlainLabel("", wrap=True)
        self._button = QPushButton(objectName="model_row_button", autoDefault=False)
        self._button.clicked.connect(self._press)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self._button)
        line.addWidget(self._words, 1)
        self.refresh()
        self.setMinimumHeight(self._button.sizeHint().height())  # the form would give it less

    def refresh(self, trouble: str = "") -> None:
        """Show how it is now."""
        size = megabytes(self._connections.model_parts.size)
        fetched = self._connections.model_parts.place is not None
        self._button.setText(tr("Remove") if fetched else tr("Fetch it ({size})…", size=size))
        self._button.setAccessibleName(tr("Remove the small model") if fetched else tr("Fetch the small model"))
        self._button.setEnabled(True)
        self._words.setText(trouble or (tr("It is on this computer.") if fetched else tr("It is not here.")))

    def _press(self) -> None:
        if self._connections.model_parts.place is None:
            dialog = FetchModelDialog(self._connections.model_parts, self.window())
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.fetched.connect(self.refresh)
            dialog.fetched.connect(self.changed)
            dialog.open()
        else:
            self._button.setEnabled(False)
            spawn(self._remove(), "remove the small model")

    async def _remove(self) -> None:
        trouble = ""
        try:
            await self._connections.remove_model()
        except SluiceError as error:
            trouble = error.headline
        self.refresh(trouble)
        self.changed.emit()
