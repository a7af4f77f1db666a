"""The window: history on the left, tabs in the middle, and the one approval dialog for all of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QMoveEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QSplitter, QToolButton, QWidget

from desktop.services.settings import ZOOM
from desktop.services.tasks import spawn
from desktop.ui.icons import icon
from desktop.ui.session_tabs import SessionTabs
from desktop.ui.theme import Theme

if TYPE_CHECKING:  # loaded after the first paint, see `populate`
    from desktop.core.requests import Connection, Image, Secrets
    from desktop.services.profiles import Profile
    from desktop.services.workspace import Tab, Workspace
    from desktop.ui.ask_desk import AskDesk
    from desktop.ui.commands import Commands
    from desktop.ui.detached import DetachedWindow, SidePane
    from desktop.ui.library_desk import LibraryDesk
    from desktop.ui.notifier import Notifier
    from desktop.ui.replaying import Replaying
    from desktop.ui.session_page import SessionPage

_NARROW = 860  # pixels of a window that has no room for the conversations
_ARRANGED_MS = 1000  # after the last move, before the arrangement is stored


class MainWindow(QMainWindow):
    """Signal `close_wanted()`: the person closes the window; the program then shuts down in order.
    `theme_wanted(str)`: the person chose system, light or dark."""

    close_wanted = Signal()
    theme_wanted = Signal(str)

    commands: Commands  # these are made by `populate`
    library_desk: LibraryDesk
    replaying: Replaying

    def __init__(self, theme: Theme, geometry: str | None = None) -> None:
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
        self._arranged = QTimer(self, interval=_ARRANGED_MS, singleShot=True)
        self._arranged.timeout.connect(self._store_arrangement)
        self._detached: list[DetachedWindow | SidePane] = []
        self._was_narrow = self._narrow_fold = False  # the sidebar was folded by the program
        self._build(geometry)

    async def populate(self, workspace: Workspace, given: tuple[Connection, Secrets] | None) -> None:
        """Fill the painted window: what was open comes back, a connection given on the command line in front."""
        from desktop.ui.ask_desk import AskDesk
        from desktop.ui.commands import Commands
        from desktop.ui.history_sidebar import HistorySidebar
        from desktop.ui.library_desk import LibraryDesk
        from desktop.ui.links import LinkOpener
        from desktop.ui.replaying import Replaying

        self._workspace = workspace
        self._links = LinkOpener(self)
        self.replaying = Replaying(self, workspace)
        self._asks = AskDesk(self.theme, self, workspace)
        self._asks.jump_wanted.connect(self._show_ask)
        self._asks.changed.connect(self._states.start)
        self._sidebar = HistorySidebar(self.theme)
        self._sidebar.open_wanted.connect(self.open_session)
        self._sidebar.setVisible(workspace.settings.sidebar)
        self._split.insertWidget(0, self._sidebar)
        self._split.addWidget(self._asks.queue)
        self._split.setStretchFactor(1, 1)
        self._split.setSizes([220, 900, 300])
        self._make_room()
        self.library_desk = LibraryDesk(workspace, self._sidebar, self)
        self.library_desk.renamed.connect(self._renamed_outside)
        self.library_desk.pinned.connect(self._pinned_outside)
        self.library_desk.deleted.connect(self._deleted_outside)
        self.library_desk.words.connect(self._say)
        self.commands = Commands(self, workspace.settings.shortcuts)
        workspace.say = self._say
        await self._open_tabs(workspace, given)
        self.refresh_history()

    @property
    def workspace(self) -> Workspace:
        """What the window works with; there once it is populated."""
        assert self._workspace is not None
        return self._workspace

    @property
    def asks(self) -> AskDesk:
        """Where decisions are made; there once the window is populated."""
        assert self._asks is not None
        return self._asks

    async def _open_tabs(self, workspace: Workspace, given: tuple[Connection, Secrets] | None) -> None:
        for tab in await workspace.restore():
            self.add_tab(tab, current=False)
        if given is not None:
            self.open_given(*given)
        elif not self.tabs.count():
            self.add_tab(workspace.new_tab(workspace.usual_profile()))
        else:
            keys = [page.tab.key for page in self.pages()]
            front = workspace.settings.current_tab
            self.tabs.setCurrentIndex(keys.index(front) if front in keys else 0)
        self._remember_tabs()
        if page := self.page():
            page.focus_composer()

    def open_given(self, connection: Connection, secrets: Secrets) -> None:
        """A tab in front on a connection for this run only: the one that talks to this address, or a new one."""
        profile = self.workspace.add_temporary(connection, secrets)
        same = [p for p in self.pages() if p.session.connection.base_url == connection.base_url]
        page = same[0] if same else self.add_tab(self.workspace.new_tab(profile))
        page.refresh_connections()
        page.use(profile)
        self._bring_up(page)
        self._remember_tabs()

    def put_away(self) -> list[Tab]:
        """Store what is typed and how the window stands, and return the tabs for closing."""
        for page in self.pages():
            page.save_draft()
        if self._workspace is not None:
            self._store_arrangement()
        return [page.tab for page in self.pages()]

    # ---- building

    def _build(self, geometry: str | None) -> None:
        self.tabs = SessionTabs(self.theme)
        self.tabs.currentChanged.connect(self._tab_changed)
        self.tabs.order_changed.connect(self._remember_tabs)
        self.tabs.new_wanted.connect(self.new_tab)
        self.tabs.renamed.connect(self.rename)
        self.tabs.action_wanted.connect(self._tab_action)
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.setHandleWidth(1)
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(self.tabs)
        self.setCentralWidget(self._split)
        self._corner()
        screen = QGuiApplication.primaryScreen()
        room = screen.availableSize() if screen else QSize(1280, 800)
        self.resize(min(1180, room.width() - 40), min(800, room.height() - 60))
        if geometry:
            self.restoreGeometry(QByteArray.fromBase64(geometry.encode()))

    def _corner(self) -> None:
        self._new = _tool("new_tab_button", "New tab")
        self._new.clicked.connect(lambda: self.new_tab())  # noqa: PLW0108 - not the button's bool
        self._fold = _tool("sidebar_toggle", "Conversations")
        self._fold.clicked.connect(self.toggle_sidebar)
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
        self.tabs.setCornerWidget(right, Qt.Corner.TopRightCorner)
        self.tabs.setCornerWidget(self._fold, Qt.Corner.TopLeftCorner)
        self._tint()

    def _tint(self) -> None:
        for button, name in ((self._new, "plus"), (self._fold, "sidebar"), (self._set, "settings")):
            button.setIcon(icon(name, self.theme.muted, self.theme.border))

    # ---- tabs

    def page(self) -> SessionPage | None:
        """The tab in front, or the one outside of the tabs in which the person works."""
        own = next((place.page for place in self._detached if place.is_front()), None)
        return own or self.tabs.page()

    def pages(self) -> list[SessionPage]:
        """All tabs, in order, and what is in windows of its own."""
        return self.tabs.pages() + [place.page for place in self._detached]

    def add_tab(self, tab: Tab, current: bool = True, at: int | None = None) -> SessionPage:
        """Show a tab of the workspace."""
        from desktop.ui.session_page import SessionPage

        page = SessionPage(self._workspace, tab, self.theme)
        page.title_changed.connect(lambda _: self._retitle(page))
        page.state_changed.connect(self._states.start)
        page.run_ended.connect(lambda: self._notify(page))
        page.connection_wanted.connect(lambda how: self._connect(page, how))
        page.link_activated.connect(self._links.open)
        page.ask_wanted.connect(lambda ask: self._show_ask(tab.key, ask))
        page.turns.fork_wanted.connect(lambda run: spawn(self._fork(page, run), "fork"))
        page.turns.ask_wanted.connect(lambda text, images: self._ask_elsewhere(page, text, images))
        self.tabs.add(page, at)
        if current:
            self.tabs.setCurrentWidget(page)
            page.focus_composer()
        return page

    def new_tab(self, like: SessionPage | None = None) -> SessionPage:
        """An empty conversation with the connection of the tab in front, or of `like`."""
        front = like or self.page()
        page = self.add_tab(self.workspace.new_tab(front.tab.profile if front else self.workspace.usual_profile()))
        self._remember_tabs()
        return page

    def close_tab(self, page: SessionPage) -> None:
        """Close a tab; its conversation stays in the history. The last one is replaced by an empty one."""
        page.save_draft()
        self._take_out(page)
        self.workspace.close_tab(page.tab)
        if not self.tabs.count():
            self.new_tab(page)
        page.deleteLater()
        self._remember_tabs()
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
        self._retitle(page)
        self.refresh_history()

    def pin(self, page: SessionPage, pinned: bool) -> None:
        """Keep a tab at the left, and its conversation at the top."""
        self.workspace.pin(page.tab, pinned)
        self.tabs.show_state(page)
        self.tabs.sort_pinned()
        self.refresh_history()

    def duplicate(self, page: SessionPage) -> None:
        """A tab with the same conversation, to go on otherwise. A recording has no other."""
        if page.tab.player is not None:
            return
        if page.turns.branching:
            spawn(self._fork(page, None), "duplicate")
        else:  # the server would not know what was said: the same agent, the same draft
            draft = page.tab.draft
            self._ask_elsewhere(page, draft.text, draft.images)

    async def _fork(self, page: SessionPage, run: int | None) -> None:
        page.save_draft()
        tab = await self.workspace.fork(page.tab, run)
        if tab is not None:
            self.add_tab(tab, at=self.tabs.indexOf(page) + 1)
            self._remember_tabs()
            self.refresh_history()

    def _ask_elsewhere(self, page: SessionPage, text: str, images: tuple[Image, ...]) -> None:
        """The same words in a new conversation with the same agent, not sent."""
        fresh = self.add_tab(self.workspace.new_tab(page.tab.profile), at=self.tabs.indexOf(page) + 1)
        fresh.put_draft(text, images)
        self._remember_tabs()

    def detach(self, page: SessionPage) -> None:
        """Move a tab to a window of its own; closing that brings it back."""
        from desktop.ui.detached import DetachedWindow

        if self._may_leave(page):
            window = DetachedWindow(page, self)
            self._place_outside(window)
            window.show()

    def show_beside(self, page: SessionPage) -> None:
        """Show a tab beside the others; closing it brings it back."""
        from desktop.ui.detached import SidePane

        if self._may_leave(page):
            pane = SidePane(page, self)
            self._split.insertWidget(self._split.indexOf(self.tabs) + 1, pane)
            self._split.setStretchFactor(self._split.indexOf(pane), 1)
            both = self.tabs.width() // 2
            sizes = self._split.sizes()
            sizes[self._split.indexOf(self.tabs)] = sizes[self._split.indexOf(pane)] = both
            self._split.setSizes(sizes)
            self._place_outside(pane)

    def _may_leave(self, page: SessionPage) -> bool:
        if self.tabs.indexOf(page) < 0:
            return False
        self.tabs.take(page)
        return True

    def _place_outside(self, place: DetachedWindow | SidePane) -> None:
        place.left.connect(lambda: self._attach_again(place))
        self._detached.append(place)
        if not self.tabs.count():
            self.new_tab(place.page)

    def _attach_again(self, place: DetachedWindow | SidePane) -> None:
        if place in self._detached:
            page = self._out_of(place)
            self.tabs.add(page)
            self.tabs.setCurrentWidget(page)
            self._remember_tabs()

    def _out_of(self, place: DetachedWindow | SidePane) -> SessionPage:
        self._detached.remove(place)
        page = place.give_back()
        place.hide()
        place.deleteLater()
        return page

    def _take_out(self, page: SessionPage) -> None:
        for place in [one for one in self._detached if one.page is page]:
            self._out_of(place).setParent(None)
        self.tabs.take(page)

    def open_session(self, key: str, item: str = "") -> None:
        """Bring a conversation of the history to the front, at this item if one is named."""
        for page in self.pages():
            if page.tab.key == key:
                self._bring_up(page)
                page.show_item(item)
                return
        spawn(self._open_stored(key, item), "open conversation")

    async def _open_stored(self, key: str, item: str) -> None:
        tab = await self.workspace.open_tab(key)
        if tab is not None and all(page.tab.key != key for page in self.pages()):
            self.add_tab(tab).show_item(item)
            self._remember_tabs()

    def _bring_up(self, page: SessionPage) -> None:
        if self.tabs.indexOf(page) >= 0:
            self.tabs.setCurrentWidget(page)
        else:
            page.window().activateWindow()
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
                self.duplicate(page)
            case "export":
                self.library_desk.export(page.tab.key)
            case "detach":
                self.detach(page)
            case "beside":
                self.show_beside(page)

    def _renamed_outside(self, key: str, title: str) -> None:
        for page in self._of(key):
            self.rename(page, title)

    def _pinned_outside(self, key: str, pinned: bool) -> None:
        for page in self._of(key):
            self.pin(page, pinned)

    def _deleted_outside(self, key: str) -> None:
        for page in self._of(key):
            self.close_tab(page)

    def _of(self, key: str) -> list[SessionPage]:
        return [page for page in self.pages() if page.tab.key == key]

    def _tab_changed(self, _: int) -> None:
        page = self.tabs.page()
        if page is not None and self._workspace is not None:
            self._show_title()
            self._workspace.current = page.tab.key
            self._states.start()
            self._arranged.start()

    def _remember_tabs(self) -> None:
        if self._workspace is not None:
            self._workspace.remember_order([page.tab.key for page in self.pages()])

    def _retitle(self, page: SessionPage) -> None:
        self.tabs.show_state(page)
        if page is self.tabs.page():
            self._show_title()
        for place in self._detached:
            place.show_title()

    def _show_title(self) -> None:
        """The title of the tab in front, and how many requests wait. Qt takes [*] there for a mark of its own."""
        if (page := self.tabs.page()) is None:
            return
        title = " ".join(page.tab.title.split()).replace("[*]", "[*][*]")
        self.setWindowTitle(f"({self._waiting}) {title} — Sluice" if self._waiting else f"{title} — Sluice")

    def _notify(self, page: SessionPage) -> None:
        """The system marks the window when something ended that nobody was looking at."""
        if self.workspace.settings.show_notifications and not (page.isVisible() and page.isActiveWindow()):
            QApplication.alert(page.window() if page.isVisible() else self)

    def _store_arrangement(self) -> None:
        """Where the window stands and what is in front, for the next start."""
        self._arranged.stop()
        if self._workspace is None:
            return
        page = self.tabs.page()
        self._workspace.change_settings(
            sidebar=not self._sidebar.isHidden() or self._narrow_fold,
            window_geometry=bytes(self.saveGeometry().toBase64().data()).decode(),
            current_tab=page.tab.key if page else None,
        )

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
        if check:
            editor.examine()

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
        dialog.zoom_chosen.connect(self.set_zoom)
        dialog.wanted.connect(self.commands.run)
        dialog.open()

    def open_snippets(self) -> None:
        """Write and change snippets."""
        from desktop.ui.snippets_dialog import SnippetsDialog

        dialog = SnippetsDialog(self.workspace.snippets, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def zoom(self, steps: int) -> None:
        """Larger or smaller text by tenths, in all tabs; 0 is the ordinary size."""
        self.set_zoom(self.workspace.settings.zoom * 1.1**steps if steps else 1.0)

    def set_zoom(self, factor: float) -> None:
        """The size of the text, 1.0 being the system's."""
        self.workspace.change_settings(zoom=round(min(max(factor, ZOOM[0]), ZOOM[1]), 3))
        for page in self.pages():
            page.show_zoom()

    def open_palette(self) -> None:
        """Every command by name."""
        from desktop.ui.command_palette import CommandPalette

        palette = CommandPalette(self.commands, self)
        palette.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        palette.open()

    def open_shortcuts(self) -> None:
        """The sheet of shortcuts."""
        from desktop.ui.shortcuts_sheet import ShortcutsSheet

        sheet = ShortcutsSheet(self.commands, self)
        sheet.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        sheet.open()

    def open_about(self) -> None:
        """The version, and the parts with their licences."""
        from desktop.ui.about_dialog import AboutDialog

        dialog = AboutDialog(parent=self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def tell_by(self, notifier: Notifier) -> None:
        """Requests that come while nobody looks are told by the desktop's notifications; pressing one comes here."""
        self._asks.tell_by(notifier)

    def open_usage(self, page: SessionPage) -> None:
        """Tokens and cost of this conversation and of the last days."""
        from desktop.ui.usage_page import UsageDialog

        dialog = UsageDialog(self.workspace, page.session.conversation, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def refresh_history(self) -> None:
        """Fill the sidebar anew."""
        self.library_desk.refresh()

    def search_all(self) -> None:
        """Put the keyboard into the search over everything."""
        self._sidebar.show()
        self._sidebar.focus_search()

    def toggle_sidebar(self) -> None:
        """Fold the conversations in or out."""
        self._sidebar.setVisible(not self._sidebar.isVisible())
        self._narrow_fold = False
        self._arranged.start()

    def _make_room(self) -> None:
        """In a narrow window the conversations fold away, and come back when there is room again."""
        narrow = self.width() < _NARROW
        if narrow and not self._was_narrow and not self._sidebar.isHidden():
            self._sidebar.hide()
            self._narrow_fold = True
        elif not narrow and self._narrow_fold:
            self._sidebar.show()
            self._narrow_fold = False
        self._was_narrow = narrow

    def set_theme(self, theme: Theme) -> None:
        """Change the colours of everything."""
        self.theme = theme
        self._tint()
        self.tabs.set_theme(theme)
        if self._workspace is not None:
            self._sidebar.set_theme(theme)
            self._asks.set_theme(theme)
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
                self._bring_up(page)
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

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arranged.start()
        if self._workspace is not None:
            self._make_room()

    def moveEvent(self, event: QMoveEvent) -> None:
        super().moveEvent(event)
        self._arranged.start()

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
