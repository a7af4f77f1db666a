"""The window's commands: menus, shortcuts, the palette, the sheet."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence

from desktop.core.language import mark, tr
from desktop.ui.habits.shortcuts import COMMANDS, Shortcuts

if TYPE_CHECKING:
    from desktop.ui.main_window import MainWindow
    from desktop.ui.session_page import SessionPage

_MENUS = (mark("Chat"), mark("Turn"), mark("View"))
_NEW_GROUP = {
    "rename_tab", "export", "connections", "open_recording", "snippets", "older_version", "next_ask", "palette",
    "sidebar", "zoom_in",
}  # fmt: skip


class Commands(QObject):
    """Makes the menus once. `run(id)` does what a menu entry does."""

    def __init__(self, window: MainWindow, own: dict[str, str]) -> None:
        super().__init__(window)
        self._window = window
        self.shortcuts = Shortcuts(own)
        self._does = self._handlers()
        self.actions: dict[str, QAction] = {}
        self._fill_menus()

    def run(self, name: str) -> None:
        """Do a command."""
        self._does[name]()

    def _edit_connection(self, page: SessionPage) -> None:
        if page.tab.player is not None:
            page.ask_done(tr("This is a replay. It talks to nobody, so there is no connection to change."))
        else:
            self._window.connections.edit(page.tab.profile)

    def apply_shortcuts(self) -> None:
        """Use the keys as they are now."""
        for name, action in self.actions.items():
            keys = self.shortcuts.keys(name)
            if action.shortcut() != keys:
                action.setShortcut(keys)

    def change(self, name: str, keys: QKeySequence) -> None:
        """Give a command other keys and keep that."""
        self.shortcuts.change(name, keys)
        self.apply_shortcuts()
        self._window.workspace.change_settings(shortcuts=dict(self.shortcuts.own))

    def _fill_menus(self) -> None:
        bar = self._window.menuBar()
        bar.setNativeMenuBar(True)
        menus = {name: bar.addMenu(f"&{tr(name)}") for name in _MENUS}
        for command in COMMANDS:
            action = QAction(command.said, self._window)
            action.setObjectName(f"command_{command.id}")
            action.triggered.connect(lambda _=False, name=command.id: self.run(name))
            if command.id in _NEW_GROUP:
                menus[command.menu].addSeparator()
            menus[command.menu].addAction(action)
            self.actions[command.id] = action
        self.apply_shortcuts()

    def _handlers(self) -> dict[str, Callable[[], object]]:
        window = self._window

        def front(act: Callable[[SessionPage], object]) -> Callable[[], object]:
            def do() -> None:
                if (page := window.page()) is not None:
                    act(page)

            return do

        return {
            "new_tab": window.new_tab,
            "close_tab": front(window.close_tab),
            "reopen_tab": window.reopen_tab,
            "rename_tab": front(window.tabs.begin_rename),
            "pin_tab": front(lambda page: window.pin(page, not page.tab.pinned)),
            "duplicate_tab": front(window.copies.duplicate),
            "close_others": front(window.close_others),
            "detach_tab": front(window.outside.detach),
            "beside": front(window.outside.show_beside),
            "export": front(lambda page: window.library_desk.export(page.tab.key)),
            "import": window.library_desk.choose_import,
            "connections": front(self._edit_connection),
            "add_connection": lambda: window.connections.edit(None),
            "secrets": window.connections.manage,
            "rules": window.asks.open_rules,
            "audit": window.asks.open_audit,
            "open_recording": window.replaying.ask_which,
            "compare": window.replaying.compare,
            "tour": window.replaying.tour,
            "snippets": window.dialogs.snippets,
            "settings": window.dialogs.settings,
            "quit": window.close,
            "stop": front(lambda page: page.stop()),
            "resend": front(lambda page: page.resend_last()),
            "edit_last": front(lambda page: page.edit_last()),
            "older_version": front(lambda page: page.step_version(-1)),
            "newer_version": front(lambda page: page.step_version(1)),
            "next_ask": window.next_ask,
            "write": front(lambda page: page.focus_composer()),
            "find": front(lambda page: page.open_find()),
            "search_all": window.fold.search,
            "palette": window.dialogs.palette,
            "next_tab": lambda: window.tabs.step(1),
            "previous_tab": lambda: window.tabs.step(-1),
            "sidebar": window.fold.toggle,
            "thinking": front(lambda page: page.toggle_thinking()),
            "activity": front(lambda page: page.toggle_activity()),
            "wire": front(lambda page: page.box.wire.click()),
            "timeline": front(lambda page: page.box.timeline.click()),
            "zoom_in": lambda: window.zoom(1),
            "zoom_out": lambda: window.zoom(-1),
            "zoom_reset": lambda: window.zoom(0),
            "usage": front(window.dialogs.usage),
            "shortcuts": window.dialogs.shortcuts,
            "about": window.dialogs.about,
        }
