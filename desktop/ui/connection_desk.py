"""Connections, as the window handles them: the editor, and the search on this computer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt

from desktop.services.tasks import spawn

if TYPE_CHECKING:
    from desktop.services.profiles import Profile
    from desktop.ui.main_window import MainWindow
    from desktop.ui.session_page import SessionPage


class ConnectionDesk(QObject):
    """Made by the window when it is populated."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    def want(self, page: SessionPage, how: str) -> None:
        """What a page asks for: "add", "look" (on this computer), "doctor", or to see the connection's settings."""
        if how == "look":
            spawn(self._look_around(page), "look on this computer")
        else:
            self.edit(None if how == "add" else page.tab.profile, page, check=how == "doctor")

    def edit(self, profile: Profile | None, page: SessionPage | None = None, check: bool = False) -> None:
        """Open the editor on a connection, or on a new one; with `check` the connection is examined at once."""
        from desktop.ui.connection_editor import ConnectionEditor

        editor = ConnectionEditor(self._window.workspace, profile, self._window)
        editor.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        target = page or self._window.page()
        editor.saved.connect(lambda saved: self._saved(saved, target))
        editor.open()
        if check:
            editor.examine()

    def _saved(self, profile: Profile, page: SessionPage | None) -> None:
        self._refresh()
        if page is not None:
            page.use(profile)

    async def _look_around(self, page: SessionPage) -> None:
        page.ask_done("Looking on this computer…")
        found = await self._window.workspace.connections.look_on_this_computer()
        self._refresh()
        if found:
            page.use(found[0])
            page.ask_done(f"Found: {', '.join(profile.name for profile in found)}")
        else:
            page.ask_done("No server of a known kind answers on this computer.")

    def _refresh(self) -> None:
        for page in self._window.pages():
            page.refresh_connections()
