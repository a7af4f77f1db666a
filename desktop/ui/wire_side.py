"""What the wire and a replay add to a tab: the panel with its toggle, and the bar in the composer's place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop.ui.theme import Theme

if TYPE_CHECKING:
    from desktop.ui.session_page import SessionPage
    from desktop.ui.wire_view import WireView

_WIDTH = 540  # pixels that the panel wants
_LEAST = 380  # pixels that the conversation keeps


class WireSide(QObject):
    """Made by the page when it is complete. The panel is made when it is first wanted."""

    def __init__(self, page: SessionPage) -> None:
        super().__init__(page)
        self._page = page
        self._view: WireView | None = None
        page.box.wire.toggled.connect(self._show)
        if page.tab.player is not None:
            self._begin_replay()

    def select(self, item: str) -> None:
        """The person chose an item of the transcript: show its frames if the panel is open."""
        if self._view is not None and self._view.isVisible():
            self._view.select_item(item)

    def set_theme(self, theme: Theme) -> None:
        """Change the colours."""
        if self._view is not None:
            self._view.set_theme(theme)

    def _show(self, on: bool) -> None:
        page = self._page
        if on and self._view is None:
            self._view = self._made()
            page._side.addWidget(self._view)
        if self._view is not None:
            self._view.title = page.tab.title
            page._side.show_panel(self._view, on)
        if on and page._side.width() < _WIDTH:
            total = sum(page._split.sizes()) or page.width()
            side = max(0, min(_WIDTH, total - _LEAST))
            page._split.setSizes([total - side, side])

    def _made(self) -> WireView:
        from desktop.ui.wire_view import WireView

        page = self._page
        view = WireView(page.tab.recorder, page._theme, page.tab.title)
        view.folder = page._workspace.paths.recordings
        view.item_activated.connect(page._transcript.scroll_to_item)
        view.said.connect(page.ask_done)
        return view

    # ---- replays

    def _begin_replay(self) -> None:
        from desktop.ui.replay_bar import ReplayBar

        page, player = self._page, self._page.tab.player
        assert player is not None
        bar = ReplayBar(player, page.tab.title.removeprefix("Replay: "))
        bar.restarted.connect(self._anew)
        outer = page.box.parentWidget().layout()
        page.box.hide()
        outer.insertWidget(1, bar, 100)  # type: ignore[union-attr]
        bar.add_tools(page.box.thinking, page.box.activity, page.box.wire)

    def _anew(self) -> None:
        self._page._bridge.clear()
        self._page._load()
        if self._view is not None:
            self._view.use(self._page.tab.recorder)
