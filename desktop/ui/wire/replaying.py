"""Open recordings in the window: from a file, and from the tour."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QFileDialog, QMenu

from desktop.core.errors import SluiceError
from desktop.core.language import tr
from desktop.core.recordings.recording import SUFFIX
from desktop.services.recording.files import load
from desktop.services.recording.replays import replay_tab
from desktop.services.recording.tour import scenes
from desktop.services.system.daemon import in_daemon
from desktop.services.tasks import spawn
from desktop.ui.labels import literal_title

if TYPE_CHECKING:
    from desktop.services.workspace import Workspace
    from desktop.ui.main_window import MainWindow
    from desktop.ui.wire.compare_dialog import CompareDialog


class Replaying(QObject):
    """Made by the window. Nothing here sends anything."""

    def __init__(self, window: MainWindow, workspace: Workspace) -> None:
        super().__init__(window)
        self._window, self._workspace = window, workspace

    def ask_which(self) -> None:
        """Let the person choose a file."""
        dialog = QFileDialog(
            self._window, tr("Open a recording"), str(self._workspace.paths.recordings), recording_kinds()
        )
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda path: self.open(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def compare(self) -> CompareDialog:
        """Hold two recordings against each other."""
        from desktop.ui.wire.compare_dialog import CompareDialog

        dialog = CompareDialog(self._workspace.paths.recordings, parent=self._window)
        dialog.open()
        return dialog

    def open(self, path: Path, protocol: str | None = None, name: str = "") -> None:
        """Play the recording in a new tab."""
        spawn(self._open(path, protocol, name), "open recording")

    def tour(self, at: QPoint | None = None) -> QMenu:
        """Offer the scenes of the tour."""
        menu = QMenu(self._window)
        menu.setObjectName("tour_menu")
        for scene in scenes():
            title = tr(scene.title)
            menu.addAction(literal_title(title), lambda p=scene.path, t=title: self.open(p, name=t))
        if menu.isEmpty():
            menu.addAction(tr("The tour was not installed")).setEnabled(False)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(at or QCursor.pos())
        return menu

    async def _open(self, path: Path, protocol: str | None, name: str) -> None:
        try:
            recording = await in_daemon(lambda: load(path, protocol), "read recording")
        except SluiceError as error:
            self._workspace.say(error.headline)
            return
        tab = replay_tab(recording, name or recording.title or path.stem, self._workspace.paths.recordings)
        self._window.add_tab(tab)
        assert tab.player is not None
        tab.player.play(1.0)


def recording_kinds() -> str:
    """The files that are recordings, for a file dialog."""
    return f"{tr('Recordings')} (*{SUFFIX} *.http);;{tr('All files')} (*)"
