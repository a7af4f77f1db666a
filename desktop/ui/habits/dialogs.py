"""The window's dialogs that show something or change the program's ways. Each is loaded when it is first wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QDialog

if TYPE_CHECKING:
    from desktop.ui.main_window import MainWindow
    from desktop.ui.session_page import SessionPage


class Dialogs(QObject):
    """Made by the window when it is populated."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    def settings(self) -> None:
        """The settings."""
        from desktop.ui.habits.settings_dialog import SettingsDialog

        dialog = SettingsDialog(self._window.workspace, self._window)
        dialog.looks_chosen.connect(self._window.looks_wanted)
        dialog.zoom_chosen.connect(self._window.set_zoom)
        dialog.model_changed.connect(self._window.connections.refresh)
        dialog.updates_wanted.connect(self._window.updates.look)
        dialog.wanted.connect(self._window.commands.run)
        _open(dialog)

    def snippets(self) -> None:
        """Write and change snippets."""
        from desktop.ui.habits.snippets_dialog import SnippetsDialog

        _open(SnippetsDialog(self._window.workspace.snippets, self._window))

    def palette(self) -> None:
        """Every command by name."""
        from desktop.ui.habits.command_palette import CommandPalette

        _open(CommandPalette(self._window.commands, self._window))

    def shortcuts(self) -> None:
        """The sheet of shortcuts."""
        from desktop.ui.habits.shortcuts_sheet import ShortcutsSheet

        _open(ShortcutsSheet(self._window.commands, self._window))

    def about(self) -> None:
        """The version, and the parts with their licences."""
        from desktop.ui.habits.about_dialog import AboutDialog

        window = self._window
        dialog = AboutDialog(window.theme, window.painted_at, window.workspace.updates.offered, window)
        dialog.updates_wanted.connect(window.updates.look)
        _open(dialog)

    def usage(self, page: SessionPage) -> None:
        """Tokens and cost of this conversation and of the last days."""
        from desktop.ui.history.usage_page import UsageDialog

        _open(UsageDialog(self._window.workspace, page.session.conversation, self._window))


def _open(dialog: QDialog) -> None:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
