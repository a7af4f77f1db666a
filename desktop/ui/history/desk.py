"""The sidebar's other side: what a person does with stored conversations, exports and imports included."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog

from desktop.core.errors import StoreTrouble
from desktop.core.exchange.chats import NotOurs
from desktop.core.language import tr, trn
from desktop.services.history.library import Entry
from desktop.services.tasks import spawn
from desktop.services.workspace import Workspace
from desktop.ui.history.sidebar import HistorySidebar

if TYPE_CHECKING:
    from desktop.ui.main_window import MainWindow


class LibraryDesk(QObject):
    """What is done here is done to open tabs too. Signal `words(str)`: something to say."""

    words = Signal(str)

    def __init__(self, workspace: Workspace, sidebar: HistorySidebar, window: MainWindow) -> None:
        super().__init__(window)
        self._workspace, self._library = workspace, workspace.library
        self._sidebar, self._window = sidebar, window
        self._asked = 0
        sidebar.search_wanted.connect(lambda _: self.refresh())
        sidebar.renamed.connect(self.rename)
        sidebar.action_wanted.connect(self._act)
        sidebar.undo_wanted.connect(self._undo)
        sidebar.forget_wanted.connect(self._library.forget)

    def refresh(self) -> None:
        """Fill the sidebar anew."""
        self._asked += 1
        spawn(self._fill(self._asked), "fill history")

    async def _fill(self, number: int) -> None:
        self._sidebar.set_connections([(p.id, p.name) for p in self._workspace.connections.all()])
        try:
            entries = await self._library.entries(self._sidebar.wanted())
        except StoreTrouble as error:
            self.words.emit(error.headline)
            return
        if number == self._asked:  # a later question was asked meanwhile: its answer counts
            self._sidebar.show_entries(entries)

    def bring_back(self, key: str, item: str = "") -> None:
        """Open a stored conversation in a tab in front, at this item if one is named."""
        spawn(self._bring_back(key, item), "open conversation")

    async def _bring_back(self, key: str, item: str) -> None:
        tab = await self._workspace.open_tab(key)
        if tab is not None and not self._window.pages_of(key):
            self._window.add_tab(tab).show_item(item)
            self._window.remember_tabs()

    def rename(self, key: str, title: str) -> None:
        """Give a conversation a title, wherever it is shown."""
        self._library.rename(key, title)
        for page in self._window.pages_of(key):
            self._window.rename(page, title)
        self.refresh()

    def _act(self, name: str, entry: Entry) -> None:
        if name == "pin":
            self._library.pin(entry.key, not entry.pinned)
            for page in self._window.pages_of(entry.key):
                self._window.pin(page, not entry.pinned)
        elif name == "archive":
            self._library.archive(entry.key, not entry.archived)
        elif name == "delete":
            self._library.delete(entry.key)
            for page in self._window.pages_of(entry.key):
                self._window.close_tab(page)
            self._sidebar.tell_deleted(entry.title)
        elif name == "export":
            self.export(entry.key)
            return
        self.refresh()

    def _undo(self) -> None:
        if (key := self._library.undo_delete()) is not None:
            self.refresh()
            self._window.open_session(key)

    # ---- out and in

    def export(self, key: str) -> None:
        """Ask what an export is to hold and where it goes."""
        from desktop.ui.history.export_dialog import ExportDialog

        for page in self._window.pages():
            if page.tab.key == key and page.tab.player is not None:
                self.words.emit(tr("A recording is a file already. Open the wire view to save a part of it."))
                return
        dialog = ExportDialog(self._workspace, key, self._window)
        dialog.words.connect(self.words)
        dialog.open()

    def choose_import(self) -> None:
        """Ask for a file."""
        dialog = QFileDialog(self._window, tr("Import conversations"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilter(f"{tr('Conversations')} (*.json *.zip)")
        dialog.filesSelected.connect(lambda paths: spawn(self.bring_in(paths), "import"))
        dialog.open()

    async def bring_in(self, paths: list[str]) -> None:
        """Add the conversations of these files; one alone is opened."""
        keys, odd = list[str](), 0
        for path in paths:
            self.words.emit(tr("Reading {name}…", name=Path(path).name))
            try:
                brought, more = await self._library.bring_in(Path(path))
            except (NotOurs, StoreTrouble) as error:
                self.words.emit(f"{Path(path).name}: {error}")
                return
            keys, odd = keys + brought, odd + more
        count = len(keys)
        words = [trn("{n} conversation imported.", "{n} conversations imported.", count)]
        if odd:
            words.append(trn("{n} could not be understood.", "{n} could not be understood.", odd))
        self.words.emit(" ".join(words))
        self.refresh()
        if count == 1:
            self._window.open_session(keys[0])
