"""What shows how a conversation came about: the panels "Wire" and "Timeline" with their toggles, and the bar of a
replay in the composer's place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from desktop.services.recording.replays import replay_title
from desktop.ui.theme import Theme

if TYPE_CHECKING:
    from desktop.ui.session_page import SessionPage
    from desktop.ui.timeline.view import TimelineView
    from desktop.ui.wire.view import WireView

_WIDTH = 600  # pixels that a panel wants
_LEAST = 380  # pixels that the conversation keeps


class WireSide(QObject):
    """Made by the page when it is complete. Each panel is made when it is first wanted."""

    def __init__(self, page: SessionPage) -> None:
        super().__init__(page)
        self._page = page
        self._view: WireView | None = None
        self._timeline: TimelineView | None = None
        page.box.wire.toggled.connect(self._show_wire)
        page.box.timeline.toggled.connect(self._show_timeline)
        if page.tab.player is not None:
            self._begin_replay()

    def select(self, item: str) -> None:
        """The person chose an item of the transcript: show where it is in the panels that are open."""
        for panel in (self._view, self._timeline):
            if panel is not None and panel.isVisible():
                panel.select_item(item)

    def set_theme(self, theme: Theme) -> None:
        """Change the colours."""
        for panel in (self._view, self._timeline):
            if panel is not None:
                panel.set_theme(theme)

    def _show_wire(self, on: bool) -> None:
        if on and self._view is None:
            self._view = self._made_wire()
            self._page._side.addWidget(self._view)
        if self._view is not None:
            self._view.title = self._page.tab.title
            self._show(self._view, on)

    def _show_timeline(self, on: bool) -> None:
        if on and self._timeline is None:
            self._timeline = self._made_timeline()
            self._page._side.addWidget(self._timeline)
        if self._timeline is not None:
            self._show(self._timeline, on)

    def _show(self, panel: QWidget, on: bool) -> None:
        page = self._page
        page._side.show_panel(panel, on)
        if on and page._side.width() < _WIDTH:
            total = sum(page._split.sizes()) or page.width()
            side = max(0, min(_WIDTH, total - _LEAST))
            page._split.setSizes([total - side, side])

    def _made_wire(self) -> WireView:
        from desktop.ui.wire.view import WireView

        page = self._page
        view = WireView(page.tab.recorder, page._theme, page.tab.title)
        view.folder = page._workspace.paths.recordings
        view.item_activated.connect(page._transcript.scroll_to_item)
        view.said.connect(page.ask_done)
        return view

    def _made_timeline(self) -> TimelineView:
        from desktop.ui.timeline.view import TimelineView

        page = self._page
        view = TimelineView(lambda: page.session, page._theme)
        view.item_activated.connect(page.show_item)
        return view

    # ---- replays

    def _begin_replay(self) -> None:
        from desktop.ui.wire.replay_bar import ReplayBar

        page, player = self._page, self._page.tab.player
        assert player is not None
        bar = ReplayBar(player, page.tab.title.removeprefix(replay_title("")))
        bar.restarted.connect(self._anew)
        bar.compare_wanted.connect(self._compare)
        outer = page.box.parentWidget().layout()
        page.box.hide()
        outer.insertWidget(1, bar, 100)  # type: ignore[union-attr]
        bar.add_tools(page.box.thinking, page.box.activity, page.box.wire, page.box.timeline)

    def _compare(self) -> None:
        from desktop.ui.wire.compare_dialog import CompareDialog

        page, player = self._page, self._page.tab.player
        assert player is not None
        first = page.tab.title.removeprefix(replay_title("")), player.recording
        dialog = CompareDialog(page._workspace.paths.recordings, first, page.window())
        dialog.open()
        dialog.ask_which(1)

    def _anew(self) -> None:
        self._page._bridge.clear()
        self._page._load()
        if self._view is not None:
            self._view.use(self._page.tab.recorder)
