"""Connections, as the window handles them: the editor, and the search on this computer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt

from desktop.core.language import tr
from desktop.services.tasks import spawn

if TYPE_CHECKING:
    from desktop.services.keys.profiles import Profile
    from desktop.ui.connections.connections_dialog import ConnectionsDialog
    from desktop.ui.main_window import MainWindow
    from desktop.ui.session_page import SessionPage


class ConnectionDesk(QObject):
    """Made by the window when it is populated."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    def want(self, page: SessionPage, how: str) -> None:
        """What a page asks for: "add", "look" (on this computer), "model" (fetch the small one), "doctor", or the
        connection's settings."""
        if how == "look":
            spawn(self._look_around(page), "look on this computer")
        elif how == "model":
            self.fetch_model(page)
        else:
            self.edit(None if how == "add" else page.tab.profile, page, check=how == "doctor")

    def manage(self) -> None:
        """Every connection, how it is reached and where its secrets are."""
        from desktop.ui.connections.connections_dialog import ConnectionsDialog

        page = self._window.page()
        current = page.tab.profile.id if page is not None and page.tab.profile is not None else None
        dialog = ConnectionsDialog(self._window.workspace.connections, current, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.edit_wanted.connect(lambda profile: self._edit_in(dialog, profile))
        dialog.changed.connect(self.refresh)
        dialog.open()

    def _edit_in(self, dialog: ConnectionsDialog, profile: Profile) -> None:
        from desktop.ui.connections.editor import ConnectionEditor

        editor = ConnectionEditor(self._window.workspace, profile, dialog)
        editor.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        editor.saved.connect(lambda _: self.refresh())
        editor.saved.connect(lambda _: dialog.refresh())
        editor.open()

    def edit(self, profile: Profile | None, page: SessionPage | None = None, check: bool = False) -> None:
        """Open the editor on a connection, or on a new one; with `check` the connection is examined at once."""
        from desktop.ui.connections.editor import ConnectionEditor

        editor = ConnectionEditor(self._window.workspace, profile, self._window)
        editor.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        target = page or self._window.page()
        editor.saved.connect(lambda saved: self._saved(saved, target))
        editor.open()
        if check:
            editor.examine()

    def fetch_model(self, page: SessionPage | None = None) -> None:
        """Offer to fetch the small model; the page then talks to it."""
        from desktop.ui.connections.fetch_model import FetchModelDialog

        dialog = FetchModelDialog(self._window.workspace.connections.model_parts, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fetched.connect(lambda: self._model_is_here(page))
        dialog.open()

    def _model_is_here(self, page: SessionPage | None) -> None:
        self.refresh()
        if page is not None:
            page.use_local_model()

    def _saved(self, profile: Profile, page: SessionPage | None) -> None:
        self.refresh()
        if page is not None:
            page.use(profile)

    async def _look_around(self, page: SessionPage) -> None:
        page.ask_done(tr("Looking on this computer…"))
        found = await self._window.workspace.connections.look_on_this_computer()
        self.refresh()
        if found:
            page.use(found[0])
            page.ask_done(tr("Found: {names}", names=", ".join(profile.name for profile in found)))
        else:
            page.ask_done(tr("No server of a known kind answers on this computer."))

    def refresh(self) -> None:
        """Every tab talks to its connection as that is now, and to none that is gone."""
        workspace = self._window.workspace
        for page in self._window.pages():
            profile = page.tab.profile
            now = workspace.connections.get(profile.id) if profile is not None else None
            if now != profile:
                workspace.connect(page.tab, now)
            page.refresh_connections()
