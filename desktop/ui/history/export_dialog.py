"""What an export holds, in which form, and where it goes."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QStandardPaths, QUrl, Signal
from PySide6.QtGui import QImage, QPageLayout, QPageSize, QPdfWriter, QTextDocument
from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QFileDialog, QFormLayout, QHBoxLayout, QPushButton, QWidget

from desktop.core.errors import StoreTrouble
from desktop.core.exchange.sections import Parts
from desktop.core.language import mark, tr
from desktop.services.history.library import write_file
from desktop.services.tasks import spawn
from desktop.services.workspace import Workspace
from desktop.ui.labels import PlainLabel
from desktop.ui.pictures.thumbnails import thumbnail

_FORMS = (
    ("Markdown", "md"),
    (mark("Web page in one file"), "html"),
    ("PDF", "pdf"),
    (mark("JSON, which Sluice can import again"), "json"),
)
_TICKS = (
    ("thinking", mark("Thinking")),
    ("tools", mark("Tools and steps")),
    ("approvals", mark("Requests and decisions")),
    ("timings", mark("Times")),
)
_PICTURE = 440  # pixels of a side on paper, at most


class ExportDialog(QDialog):
    """Signal `words(str)`: what became of it."""

    words = Signal(str)

    def __init__(self, workspace: Workspace, key: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("export_dialog")
        self.setWindowTitle(tr("Export this conversation"))
        self._workspace, self._key = workspace, key
        self._form = QComboBox()
        self._form.setAccessibleName(tr("Format"))
        for text, value in _FORMS:
            self._form.addItem(tr(text), value)
        self._ticks = {name: QCheckBox(tr(text), checked=True) for name, text in _TICKS}
        note = PlainLabel(
            tr("Keys are never in an export. The conversation is: look through it before you give it away."),
            wrap=True,
            muted="true",
        )
        save, cancel = QPushButton(tr("Save…")), QPushButton(tr("Cancel"))
        save.setProperty("primary", "true")
        save.clicked.connect(self._ask_where)
        cancel.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(cancel)
        row.addWidget(save)
        form = QFormLayout(self)
        form.setContentsMargins(20, 20, 20, 16)
        form.setVerticalSpacing(10)
        form.addRow(tr("Format"), self._form)
        for number, tick in enumerate(self._ticks.values()):
            form.addRow(tr("Holds") if not number else "", tick)
        form.addRow(note)
        form.addRow(row)
        self.resize(460, self.sizeHint().height())

    def parts(self) -> Parts:
        """What is ticked."""
        return Parts(**{name: tick.isChecked() for name, tick in self._ticks.items()})

    def _ask_where(self) -> None:
        form = self._form.currentData()
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        name = f"{tr('Conversation')} {datetime.now().astimezone():%Y-%m-%d %H.%M}.{form}"  # no word of a server
        dialog = QFileDialog(self, tr("Save the export"), str(Path(folder) / name))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(form)
        dialog.fileSelected.connect(lambda path: spawn(self._save(Path(path), form), "export"))
        dialog.open()

    async def _save(self, path: Path, form: str) -> None:
        try:
            await save(self._workspace, self._key, path, form, self.parts())
        except StoreTrouble as error:
            self.words.emit(error.headline)
        else:
            self.words.emit(tr("Saved as {name}.", name=path.name))
        self.accept()


async def save(workspace: Workspace, key: str, path: Path, form: str, parts: Parts) -> None:
    """Write an export: md, html, json or pdf. Raises StoreTrouble."""
    agent = await workspace.agent_name(key)
    text = await workspace.library.export(key, "paper" if form == "pdf" else form, parts, agent, when_words)
    content = await asyncio.to_thread(as_pdf, text) if form == "pdf" else text
    await asyncio.to_thread(write_file, path, content)


def when_words(at: float) -> str:
    """A moment in the words of this computer's zone."""
    return f"{datetime.fromtimestamp(at).astimezone():%Y-%m-%d %H:%M}"


def as_pdf(html: str) -> bytes:
    """HTML of our own making, printed."""
    held = QBuffer()
    held.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(held)
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0), QPageLayout.Unit.Millimeter)
    writer.setTitle(tr("Conversation"))
    writer.setCreator("Sluice")
    document = _Paper()
    document.setHtml(html)
    document.print_(writer)
    return bytes(held.data().data())


class _Paper(QTextDocument):
    """Loads the pictures that are in the text itself, and nothing else."""

    def loadResource(self, kind: int, name: QUrl) -> QImage | QByteArray:
        head, _, data = name.toString().partition(";base64,")
        if not head.startswith("data:image/"):
            return QByteArray()
        return thumbnail(b64decode(data), _PICTURE)[0]
