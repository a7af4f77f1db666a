"""The window: history on the left, tabs in the middle, and the one approval dialog for all of them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QMoveEvent, QResizeEvent
from PySide6.QtWidgets import QMainWindow

from desktop.services.habits.settings import ZOOM
from desktop.ui.theme import Theme
from desktop.ui.window.geometry import come_to_front, unpacked

if TYPE_CHECKING:  # loaded after the first paint, see `populate`
    from desktop.core.requests import Connection, Secrets
    from desktop.services.workspace import Tab, Workspace
    from desktop.ui.approvals.desk import AskDesk
    from desktop.ui.connections.desk import ConnectionDesk
    from desktop.ui.habits.commands import Commands
    from desktop.ui.habits.dialogs import Dialogs
    from desktop.ui.history.desk import LibraryDesk
    from desktop.ui.history.sidebar_fold import SidebarFold
    from desktop.ui.session_page import SessionPage
    from desktop.ui.system.notifier import Notifier
    from desktop.ui.system.run_notices import RunNotices
    from desktop.ui.system.update_desk import UpdateDesk
    from desktop.ui.window.arrangement import Arrangement
    from desktop.ui.window.copies import Copies
    from desktop.ui.window.outside import Outside
    from desktop.ui.window.states import States
    from desktop.ui.wire.replaying import Replaying


class MainWindow(QMainWindow):
    """Signals: `close_wanted()`, the person closes the window; the program then shuts down in order. `painted()`, once,
    with the first paint. `looks_wanted()`, the person chose other colours, or whether things move."""

    close_wanted = Signal()
    painted = Signal()
    looks_wanted = Signal()

    arrangement: Arrangement  # these are made by `populate`
    asks: AskDesk
    commands: Commands
    connections: ConnectionDesk
    copies: Copies
    dialogs: Dialogs
    fold: SidebarFold
    library_desk: LibraryDesk
    notices: RunNotices
    outside: Outside
    replaying: Replaying
    states: States
    updates: UpdateDesk

    def __init__(self, theme: Theme, geometry: str | None = None) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.setWindowTitle("Sluice")
        self.theme = theme
        self.painted_at = 0.0  # by the monotonic clock
        self.closing = False
        self._workspace: Workspace | None = None
        screen = QGuiApplication.primaryScreen()
        room = screen.availableSize() if screen else QSize(1280, 800)
        self.resize(min(1180, room.width() - 40), min(800, room.height() - 60))
        if geometry:
            self.restoreGeometry(unpacked(geometry))

    async def populate(self, workspace: Workspace, given: tuple[Connection, Secrets] | None) -> None:
        """Fill the painted window: what was open comes back, a connection given on the command line in front."""
        from desktop.ui.approvals.desk import AskDesk
        from desktop.ui.connections.desk import ConnectionDesk
        from desktop.ui.habits.commands import Commands
        from desktop.ui.habits.dialogs import Dialogs
        from desktop.ui.history.desk import LibraryDesk
        from desktop.ui.history.sidebar import HistorySidebar
        from desktop.ui.history.sidebar_fold import SidebarFold
        from desktop.ui.system.links import LinkOpener
        from desktop.ui.system.run_notices import RunNotices
        from desktop.ui.system.update_desk import UpdateDesk
        from desktop.ui.window.arrangement import Arrangement
        from desktop.ui.window.copies import Copies
        from desktop.ui.window.frame import Frame
        from desktop.ui.window.outside import Outside
        from desktop.ui.window.states import States
        from desktop.ui.wire.replaying import Replaying

        self._workspace = workspace
        frame = self._frame = Frame(self.theme)
        self.tabs = frame.tabs
        self.setCentralWidget(frame)
        self._links = LinkOpener(self)
        self.replaying = Replaying(self, workspace)
        self.dialogs, self.connections, self.copies = Dialogs(self), ConnectionDesk(self), Copies(self)
        self.updates = UpdateDesk(self, frame.notice, self._links)
        self.outside, self.states = Outside(self, frame.split), States(self, frame.corners)
        self.outside.left.connect(self._left_tabs)
        self.outside.returned.connect(self._back_in_tabs)
        self.asks = AskDesk(self.theme, self, workspace)
        self.asks.jump_wanted.connect(self._show_ask)
        self.asks.changed.connect(lambda: self.states.changed(*self.pages()))
        self._sidebar = HistorySidebar(self.theme)
        self._sidebar.open_wanted.connect(self.open_session)
        self.fold = SidebarFold(self._sidebar, self, workspace.settings.sidebar)
        self.arrangement, self.notices = Arrangement(self, frame.split, self.outside), RunNotices(self)
        frame.split.insertWidget(0, self._sidebar)
        frame.split.addWidget(self.asks.queue)
        frame.split.setStretchFactor(1, 1)
        frame.split.setSizes([220, 900, 300])
        self.fold.make_room()
        self.library_desk = LibraryDesk(workspace, self._sidebar, self)
        self.library_desk.words.connect(self._say)
        self.commands = Commands(self, workspace.settings.shortcuts)
        self._connect()
        workspace.say = self._say
        workspace.listen_to_warnings(frame.trouble.tell)
        await self._open_tabs(workspace, given)
        self.refresh_history()

    def _connect(self) -> None:
        """What is pressed in the row of tabs and in its corners."""
        tabs, corners = self._frame.tabs, self._frame.corners
        tabs.currentChanged.connect(self._tab_changed)
        tabs.order_changed.connect(self.remember_tabs)
        tabs.new_wanted.connect(self.new_tab)
        tabs.renamed.connect(self.rename)
        tabs.action_wanted.connect(self._tab_action)
        corners.new_wanted.connect(self.new_tab)
        corners.sidebar_wanted.connect(self.fold.toggle)
        corners.queue_wanted.connect(self.asks.toggle_queue)
        corners.settings_wanted.connect(self.dialogs.settings)

    @property
    def workspace(self) -> Workspace:
        """What the window works with; there once it is populated."""
        assert self._workspace is not None
        return self._workspace

    async def _open_tabs(self, workspace: Workspace, given: tuple[Connection, Secrets] | None) -> None:
        for tab in await workspace.restore():
            self.add_tab(tab, current=False)
        self.arrangement.restore()
        if given is not None:
            self.open_given(*given)
        elif not self.tabs.count():
            self.add_tab(workspace.new_tab(workspace.usual_profile()))
        self.remember_tabs()
        if page := self.page():
            page.focus_composer()

    def open_given(self, connection: Connection, secrets: Secrets) -> None:
        """A tab in front on a connection for this run only: the one that talks to this address, or a new one."""
        profile = self.workspace.connections.add_temporary(connection, secrets)
        same = [p for p in self.pages() if p.session.connection.base_url == connection.base_url]
        page = same[0] if same else self.add_tab(self.workspace.new_tab(profile))
        page.refresh_connections()
        page.use(profile)
        self._bring_up(page)
        self.remember_tabs()

    def put_away(self) -> list[Tab]:
        """Store what is typed and how the window stands, leave the screen, so that nothing more is typed, and return
        the tabs for closing."""
        for page in self.pages():
            page.save_draft()
        if self._workspace is not None:
            self.arrangement.store()
            self.outside.hide()
            self.notices.close()
            self.asks.close()
        self.hide()
        return [page.tab for page in self.pages()]

    # ---- tabs

    def page(self) -> SessionPage | None:
        """The tab in front, or the one outside of the tabs in which the person works."""
        if self._workspace is None:
            return None
        return self.outside.front() or self.tabs.page()

    def pages(self) -> list[SessionPage]:
        """All tabs, in order, and what is in windows of its own."""
        return self.tabs.pages() + self.outside.pages() if self._workspace is not None else []

    def add_tab(self, tab: Tab, current: bool = True, at: int | None = None) -> SessionPage:
        """Show a tab of the workspace."""
        from desktop.ui.session_page import SessionPage

        page = SessionPage(self._workspace, tab, self.theme)
        page.title_changed.connect(lambda _: self.states.retitle(page))
        page.state_changed.connect(lambda: self.states.changed(page))
        page.run_ended.connect(lambda: self.notices.ended(page))
        page.connection_wanted.connect(lambda how: self._wanted(page, how))
        page.link_activated.connect(self._links.open)
        page.ask_wanted.connect(lambda ask: self._show_ask(tab.key, ask))
        page.turns.fork_wanted.connect(lambda run: self.copies.fork(page, run))
        page.turns.ask_wanted.connect(lambda text, images: self.copies.ask_elsewhere(page, text, images))
        self.tabs.add(page, at)
        if current:
            self.tabs.setCurrentWidget(page)
            page.focus_composer()
        return page

    def new_tab(self, like: SessionPage | None = None) -> SessionPage:
        """An empty conversation with the connection of the tab in front, or of `like`."""
        front = like or self.page()
        page = self.add_tab(self.workspace.new_tab(front.tab.profile if front else self.workspace.usual_profile()))
        self.remember_tabs()
        return page

    def close_tab(self, page: SessionPage) -> None:
        """Close a tab; its conversation stays in the history. The last one is replaced by an empty one."""
        page.save_draft()
        self.outside.take_out(page)
        self.tabs.take(page)
        self.workspace.close_tab(page.tab)
        if not self.tabs.count():
            self.new_tab(page)
        page.deleteLater()
        self.remember_tabs()
        self.refresh_history()

    def close_others(self, page: SessionPage) -> None:
        """Close all other tabs, but the pinned ones."""
        for other in self.tabs.pages():
            if other is not page and not other.tab.pinned:
                self.close_tab(other)

    def reopen_tab(self) -> None:
        """Bring back the tab that was closed last."""
        if key := self.workspace.last_closed():
            self.open_session(key)

    def rename(self, page: SessionPage, title: str) -> None:
        """Give a conversation a title; an empty one is made from what was said again."""
        self.workspace.rename(page.tab, title)
        self.states.retitle(page)
        self.refresh_history()

    def pin(self, page: SessionPage, pinned: bool) -> None:
        """Keep a tab at the left, and its conversation at the top."""
        self.workspace.pin(page.tab, pinned)
        self.tabs.show_state(page)
        self.tabs.sort_pinned()
        self.refresh_history()

    def open_session(self, key: str, item: str = "") -> None:
        """Bring a conversation of the history to the front, at this item if one is named."""
        if not (open_already := self.pages_of(key)):
            self.library_desk.bring_back(key, item)
        for page in open_already:
            self._bring_up(page)
            page.show_item(item)

    def _bring_up(self, page: SessionPage) -> None:
        if self.tabs.indexOf(page) >= 0:
            self.tabs.setCurrentWidget(page)
        else:
            come_to_front(page.window())
            page.focus_composer()

    def _tab_action(self, name: str, page: SessionPage) -> None:
        match name:
            case "close":
                self.close_tab(page)
            case "close_others":
                self.close_others(page)
            case "pin":
                self.pin(page, not page.tab.pinned)
            case "duplicate":
                self.copies.duplicate(page)
            case "export":
                self.library_desk.export(page.tab.key)
            case "detach":
                self.outside.detach(page)
            case "beside":
                self.outside.show_beside(page)

    def pages_of(self, key: str) -> list[SessionPage]:
        """Where a conversation is open: once at most."""
        return [page for page in self.pages() if page.tab.key == key]

    def _tab_changed(self, _: int) -> None:
        if (page := self.tabs.page()) is not None:
            self.states.show_title()
            self._workspace.current = page.tab.key
            self.states.changed()
            self.arrangement.changed()

    def remember_tabs(self) -> None:
        """Store which tabs there are, in their order."""
        self.workspace.remember_order([page.tab.key for page in self.pages()])

    def _wanted(self, page: SessionPage, how: str) -> None:
        if how == "tour":
            self.replaying.tour()
        else:
            self.connections.want(page, how)

    def _left_tabs(self, page: SessionPage) -> None:
        if not self.tabs.count():
            self.new_tab(page)

    def _back_in_tabs(self, page: SessionPage) -> None:
        self.tabs.add(page)
        self.tabs.setCurrentWidget(page)
        self.remember_tabs()

    # ---- the whole window

    def zoom(self, steps: int) -> None:
        """Larger or smaller text by tenths, in all tabs; 0 is the ordinary size."""
        self.set_zoom(self.workspace.settings.zoom * 1.1**steps if steps else 1.0)

    def set_zoom(self, factor: float) -> None:
        """The size of the text, 1.0 being the system's."""
        self.workspace.change_settings(zoom=round(min(max(factor, ZOOM[0]), ZOOM[1]), 3))
        for page in self.pages():
            page.show_zoom()

    def tell_by(self, notifier: Notifier) -> None:
        """What comes or ends while nobody looks is told by the desktop's notifications; pressing one comes here."""
        self.asks.notices.tell_by(notifier)
        self.notices.tell_by(notifier)

    def refresh_history(self) -> None:
        """Fill the sidebar anew."""
        self.library_desk.refresh()

    def set_theme(self, theme: Theme) -> None:
        """Change the colours of everything."""
        self.theme = theme
        if self._workspace is not None:
            self._frame.set_theme(theme)
            self._sidebar.set_theme(theme)
            self.asks.set_theme(theme)
            self.outside.set_theme(theme)
        for page in self.pages():
            page.set_theme(theme)

    # ---- asks

    def _show_ask(self, key: str, ask: str) -> None:
        """Bring the tab and the dialog of an ask to the front."""
        for page in self.pages_of(key):
            self._bring_up(page)
            self.asks.open(page, ask)

    def next_ask(self) -> None:
        """Show the next request that waits, wherever it is."""
        for page in self.pages():
            for item in page.pending_asks():
                self._show_ask(page.tab.key, item.ask)
                return

    # ---- Qt's own

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() == QEvent.Type.Paint and not self.painted_at:
            self.painted_at = time.monotonic()
            self.painted.emit()
        return done

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._workspace is not None:
            self.arrangement.changed()
            self.fold.make_room()

    def moveEvent(self, event: QMoveEvent) -> None:
        super().moveEvent(event)
        if self._workspace is not None:
            self.arrangement.changed()

    def closeEvent(self, event: QCloseEvent) -> None:
        """The window stays until the program has put everything away."""
        event.ignore()
        self.closing = True
        self.close_wanted.emit()

    def _say(self, words: str) -> None:
        if page := self.page():
            page.ask_done(words)
