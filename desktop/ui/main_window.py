"""The window: history on the left, tabs in the middle, and the one approval dialog for all of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QSplitter, QTabBar, QTabWidget, QToolButton, QWidget

from desktop.services.tasks import spawn
from desktop.ui.icons import icon
from desktop.ui.labels import literal_tip, literal_title
from desktop.ui.theme import Theme

if TYPE_CHECKING:  # loaded after the first paint, see `populate`
    from desktop.core.requests import Connection, Secrets
    from desktop.services.profiles import Profile
    from desktop.services.workspace import Tab, Workspace
    from desktop.ui.ask_desk import AskDesk
    from desktop.ui.session_page import SessionPage

_BADGES = {"waits": "!", "running": "●", "failed": "×"}
_BADGE_WORDS = {"waits": "waits for you", "running": "is answering", "failed": "ended with an error"}


class MainWindow(QMainWindow):
    """Signal `close_wanted()`: the person closes the window; the program then shuts down in order.
    `theme_wanted(str)`: the person chose system, light or dark."""

    close_wanted = Signal()
    theme_wanted = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.setWindowTitle("Sluice")
        self.theme = theme
        self.painted = asyncio.Event()
        self._workspace: Workspace | None = None
        self._asks: AskDesk | None = None
        self._waiting = 0  # requests, in all tabs
        self._states = QTimer(self, interval=0, singleShot=True)
        self._states.timeout.connect(self._show_states)
        self._build()

    async def populate(self, workspace: Workspace, given: tuple[Connection, Secrets] | None) -> None:
        """Fill the painted window: what was open comes back, a connection given on the command line in front."""
        from desktop.ui.ask_desk import AskDesk
        from desktop.ui.history_sidebar import HistorySidebar
        from desktop.ui.links import LinkOpener
        from desktop.ui.replaying import Replaying

        self._workspace = workspace
        self._links = LinkOpener(self)
        self.replaying = Replaying(self, workspace)
        self._asks = AskDesk(self.theme, self, workspace)
        self._asks.jump_wanted.connect(self._show_ask)
        self._asks.changed.connect(self._states.start)
        self._sidebar = HistorySidebar()
        self._sidebar.open_wanted.connect(self.open_session)
        self._sidebar.search_wanted.connect(lambda _: self.refresh_history())
        self._sidebar.setVisible(workspace.settings.sidebar and self.width() > 900)
        self._split.insertWidget(0, self._sidebar)
        self._split.addWidget(self._asks.queue)
        self._split.setStretchFactor(1, 1)
        self._split.setSizes([220, 900, 300])
        self._actions()
        workspace.say = self._say
        await self._open_tabs(workspace, given)
        self.refresh_history()

    async def _open_tabs(self, workspace: Workspace, given: tuple[Connection, Secrets] | None) -> None:
        for tab in await workspace.restore():
            self.add_tab(tab, current=False)
        if given is not None:
            connection, secrets = given
            profile = workspace.add_temporary(connection, secrets)
            same = [p for p in self.pages() if p.session.connection.base_url == connection.base_url]
            page = same[0] if same else self.add_tab(workspace.new_tab(profile))
            page.refresh_connections()
            page.use(profile)
            self._tabs.setCurrentWidget(page)
        elif not self._tabs.count():
            self.add_tab(workspace.new_tab(workspace.usual_profile()))
        self._remember_tabs()
        if page := self.page():
            page.focus_composer()

    def put_away(self) -> list[Tab]:
        """Store what is typed and how the window stands, and return the tabs for closing."""
        for page in self.pages():
            page.save_draft()
        if self._workspace is not None:
            geometry = bytes(self.saveGeometry().toBase64().data()).decode()
            self._workspace.change_settings(sidebar=self._sidebar.isVisible(), window_geometry=geometry)
        return [page.tab for page in self.pages()]

    # ---- building

    def _build(self) -> None:
        self._tabs = QTabWidget(objectName="session_tabs", movable=True, documentMode=True)
        self._tabs.tabBar().setAccessibleName("Conversations open")
        self._tabs.tabBar().setExpanding(False)
        self._tabs.tabBar().setDrawBase(False)
        self._tabs.tabBar().setElideMode(Qt.TextElideMode.ElideRight)
        self._tabs.currentChanged.connect(self._tab_changed)
        self._tabs.tabBar().tabMoved.connect(lambda *_: self._remember_tabs())
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.setHandleWidth(1)
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(self._tabs)
        self.setCentralWidget(self._split)
        self._corner()
        screen = QGuiApplication.primaryScreen()
        room = screen.availableSize() if screen else QSize(1280, 800)
        self.resize(min(1180, room.width() - 40), min(800, room.height() - 60))

    def _corner(self) -> None:
        self._new = _tool("new_tab_button", "New tab")
        self._new.clicked.connect(self.new_tab)
        self._fold = _tool("sidebar_toggle", "Conversations")
        self._fold.clicked.connect(lambda: self._sidebar.setVisible(not self._sidebar.isVisible()))
        self._inbox = _tool("inbox_button", "Waiting for you")
        self._inbox.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self._inbox.clicked.connect(lambda: self._asks and self._asks.toggle_queue())
        self._inbox.hide()
        self._set = _tool("settings_button", "Settings")
        self._set.clicked.connect(self.open_settings)
        right = QWidget()
        line = QHBoxLayout(right)
        line.setContentsMargins(4, 2, 8, 2)
        line.setSpacing(2)
        for button in (self._new, self._inbox, self._set):
            line.addWidget(button)
        self._tabs.setCornerWidget(right, Qt.Corner.TopRightCorner)
        self._tabs.setCornerWidget(self._fold, Qt.Corner.TopLeftCorner)
        self._tint()

    def _tint(self) -> None:
        for button, name in ((self._new, "plus"), (self._fold, "sidebar"), (self._set, "settings")):
            button.setIcon(icon(name, self.theme.muted, self.theme.border))

    def _actions(self) -> None:
        self._menu = self.menuBar()
        self._menu.setNativeMenuBar(True)
        chat = self._menu.addMenu("&Chat")
        for text, keys, act in (
            ("New tab", QKeySequence.StandardKey.AddTab, self.new_tab),
            ("Close tab", QKeySequence.StandardKey.Close, lambda: self.close_tab(self.page())),
            ("Reopen closed tab", "Ctrl+Shift+T", self.reopen_tab),
            ("Open a recording…", None, self.replaying.ask_which),
            ("See what agents do", None, self.replaying.tour),
            ("Stop", "Ctrl+.", lambda: self.page() and self.page().stop()),
            ("Connections…", "Ctrl+K", lambda: self.edit_connection(self.page().tab.profile if self.page() else None)),
            ("Add a connection…", None, lambda: self.edit_connection(None)),
            ("Rules…", None, self._asks.open_rules),
            ("List of decisions…", None, self._asks.open_audit),
            ("Settings…", QKeySequence.StandardKey.Preferences, self.open_settings),
            ("Quit", QKeySequence.StandardKey.Quit, self.close),
        ):
            self._add_action(chat, text, keys, act)
        view = self._menu.addMenu("&View")
        for text, keys, act in (
            ("Find in conversation", QKeySequence.StandardKey.Find, lambda: self.page() and self.page().open_find()),
            ("Search all conversations", "Ctrl+Shift+F", self._search_all),
            ("Next tab", "Ctrl+Tab", lambda: self._step(1)),
            ("Previous tab", "Ctrl+Shift+Tab", lambda: self._step(-1)),
            ("Larger text", QKeySequence.StandardKey.ZoomIn, lambda: self.page() and self.page().zoom(1)),
            ("Smaller text", QKeySequence.StandardKey.ZoomOut, lambda: self.page() and self.page().zoom(-1)),
            ("Ordinary text size", "Ctrl+0", lambda: self.page() and self.page().zoom(0)),
            ("Write a message", "Ctrl+L", lambda: self.page() and self.page().focus_composer()),
            ("Next request that waits for you", "Ctrl+J", self.next_ask),
            ("Conversations", "Ctrl+B", self._fold.click),
        ):
            self._add_action(view, text, keys, act)

    def _add_action(self, menu, text: str, keys, act) -> None:  # type: ignore[no-untyped-def]
        action = QAction(text, self)
        if keys is not None:
            action.setShortcut(QKeySequence(keys))
        action.triggered.connect(lambda _=False: act())
        menu.addAction(action)

    # ---- tabs

    def page(self) -> SessionPage | None:
        """The tab in front."""
        return self._page(self._tabs.currentIndex())

    def pages(self) -> list[SessionPage]:
        """All tabs, in order."""
        return [page for i in range(self._tabs.count()) if (page := self._page(i)) is not None]

    def add_tab(self, tab: Tab, current: bool = True) -> SessionPage:
        """Show a tab of the workspace."""
        from desktop.ui.session_page import SessionPage

        page = SessionPage(self._workspace, tab, self.theme)
        page.title_changed.connect(lambda _: self._retitle(page))
        page.state_changed.connect(self._states.start)
        page.connection_wanted.connect(lambda how: self._connect(page, how))
        page.link_activated.connect(self._links.open)
        page.ask_wanted.connect(lambda ask: self._show_ask(tab.key, ask))
        index = self._tabs.addTab(page, literal_title(tab.title))
        self._tabs.tabBar().setTabButton(index, QTabBar.ButtonPosition.RightSide, self._close_button(page))
        self._retitle(page)
        if current:
            self._tabs.setCurrentIndex(index)
            page.focus_composer()
        return page

    def _close_button(self, page: SessionPage) -> QToolButton:
        button = QToolButton(autoRaise=True, toolTip="Close tab")
        button.setAccessibleName("Close tab")
        button.setIcon(icon("close", self.theme.muted))
        button.setIconSize(QSize(12, 12))
        button.clicked.connect(lambda: self.close_tab(page))
        return button

    def new_tab(self) -> SessionPage:
        """An empty conversation with the connection of the tab in front."""
        front = self.page()
        page = self.add_tab(self._workspace.new_tab(front.tab.profile if front else self._workspace.usual_profile()))
        self._remember_tabs()
        return page

    def close_tab(self, page: SessionPage | None) -> None:
        """Close a tab; its conversation stays in the history. The last one is replaced by an empty one."""
        if page is None:
            return
        page.save_draft()
        self._tabs.removeTab(self._tabs.indexOf(page))
        spawn(self._workspace.close_tab(page.tab), "close tab")
        page.deleteLater()
        if not self._tabs.count():
            self.new_tab()
        self._remember_tabs()
        self.refresh_history()

    def reopen_tab(self) -> None:
        """Bring back the tab that was closed last."""
        if key := self._workspace.last_closed():
            self.open_session(key)

    def open_session(self, key: str) -> None:
        """Bring a conversation of the history to the front."""
        for page in self.pages():
            if page.tab.key == key:
                self._tabs.setCurrentWidget(page)
                return
        spawn(self._open_stored(key), "open conversation")

    async def _open_stored(self, key: str) -> None:
        tab = await self._workspace.open_tab(key)
        if tab is not None:
            self.add_tab(tab)
            self._remember_tabs()

    def _page(self, index: int) -> SessionPage | None:
        return self._tabs.widget(index)  # type: ignore[return-value]

    def _step(self, by: int) -> None:
        self._tabs.setCurrentIndex((self._tabs.currentIndex() + by) % max(1, self._tabs.count()))

    def _tab_changed(self, _: int) -> None:
        page = self.page()
        if page is not None:
            self._show_title()
            self._workspace.current = page.tab.key
            self._states.start()

    def _remember_tabs(self) -> None:
        self._workspace.remember_order([page.tab.key for page in self.pages()])

    def _retitle(self, page: SessionPage) -> None:
        index = self._tabs.indexOf(page)
        badge = page.badge()
        title = page.tab.title if len(page.tab.title) <= 28 else page.tab.title[:27] + "…"
        text = f"{literal_title(title)} {_BADGES.get(badge, '')}".strip()
        if self._tabs.tabText(index) != text:
            self._tabs.setTabText(index, text)
        words = f"{page.tab.title} — {_BADGE_WORDS[badge]}" if badge else page.tab.title
        self._tabs.setTabToolTip(index, literal_tip(words))
        if page is self.page():
            self._show_title()

    def _show_title(self) -> None:
        """The title of the tab in front, and how many requests wait. Qt takes [*] there for a mark of its own."""
        title = " ".join(self.page().tab.title.split()).replace("[*]", "[*][*]")
        self.setWindowTitle(f"({self._waiting}) {title} — Sluice" if self._waiting else f"{title} — Sluice")

    # ---- connections, settings, history

    def _connect(self, page: SessionPage, how: str) -> None:
        if how == "add":
            self.edit_connection(None, page)
        elif how == "tour":
            self.replaying.tour()
        elif how != "look":
            self.edit_connection(page.tab.profile, page, check=how == "doctor")
        else:
            spawn(self._look_around(page), "look on this computer")

    async def _look_around(self, page: SessionPage) -> None:
        page.ask_done("Looking on this computer…")
        found = await self._workspace.look_on_this_computer()
        for other in self.pages():
            other.refresh_connections()
        if found:
            page.use(found[0])
            page.ask_done(f"Found: {', '.join(profile.name for profile in found)}")
        else:
            page.ask_done("No server of a known kind answers on this computer.")

    def edit_connection(self, profile: Profile | None, page: SessionPage | None = None, check: bool = False) -> None:
        """Open the editor on a connection, or on a new one; with `check` the connection is examined at once."""
        from desktop.ui.connection_editor import ConnectionEditor

        editor = ConnectionEditor(self._workspace, profile, self)
        editor.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        target = page or self.page()
        editor.saved.connect(lambda saved: self._saved(saved, target))
        editor.open()

    def _saved(self, profile: Profile, page: SessionPage | None) -> None:
        for other in self.pages():
            other.refresh_connections()
        if page is not None:
            page.use(profile)

    def open_settings(self) -> None:
        """The settings."""
        from desktop.ui.settings_dialog import SettingsDialog

        dialog = SettingsDialog(self._workspace, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.theme_chosen.connect(self.theme_wanted)
        dialog.open()

    def refresh_history(self) -> None:
        """Fill the sidebar anew."""
        spawn(self._fill_history(), "fill history")

    async def _fill_history(self) -> None:
        if check:
            editor.examine()
        from desktop.ui.history_sidebar import Entry

        rows = await self._workspace.conversations(self._sidebar.search_text())
        self._sidebar.show_entries([Entry(*row) for row in rows])

    def _search_all(self) -> None:
        self._sidebar.show()
        self._sidebar.focus_search()

    def set_theme(self, theme: Theme) -> None:
        """Change the colours of everything."""
        self.theme = theme
        self._tint()
        for page in self.pages():
            page.set_theme(theme)

    # ---- asks

    def _show_states(self) -> None:
        """Badges, inbox and dialog, after something about a run or an ask changed."""
        for page in self.pages():
            self._retitle(page)
        self._waiting = self._asks.refresh(self.pages(), self.page()) if self._asks else 0
        self._inbox.setVisible(self._waiting > 0)
        self._inbox.setText(f"{self._waiting} waiting")
        self._show_title()
        if not any(page.session.running for page in self.pages()):
            self.refresh_history()

    def _show_ask(self, key: str, ask: str) -> None:
        """Bring the tab and the dialog of an ask to the front."""
        for page in self.pages():
            if page.tab.key == key:
                self._tabs.setCurrentWidget(page)
                self._asks.open(page, ask)

    def next_ask(self) -> None:
        """Show the next request that waits, wherever it is."""
        for page in self.pages():
            for item in page.pending_asks():
                self._show_ask(page.tab.key, item.ask)
                return

    # ---- Qt's own

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() == QEvent.Type.Paint and not self.painted.is_set():
            QTimer.singleShot(0, self.painted.set)
        return done

    def closeEvent(self, event: QCloseEvent) -> None:
        """The window stays until the program has put everything away."""
        event.ignore()
        self.close_wanted.emit()

    def _say(self, words: str) -> None:
        if page := self.page():
            page.ask_done(words)


def _tool(name: str, text: str) -> QToolButton:
    button = QToolButton(objectName=name, autoRaise=True)
    button.setText(text)
    button.setAccessibleName(text)
    button.setToolTip(text)
    button.setMinimumSize(30, 30)
    button.setIconSize(QSize(18, 18))
    return button
