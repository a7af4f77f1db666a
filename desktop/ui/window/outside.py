"""The conversations outside of the tabs: in windows of their own, and beside the tabs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QSplitter

from desktop.ui.theme import Theme
from desktop.ui.window.detached import DetachedWindow, SidePane

if TYPE_CHECKING:
    from desktop.ui.main_window import MainWindow
    from desktop.ui.session_page import SessionPage


class Outside(QObject):
    """Made by the window when it is populated. Signals: `left(SessionPage)`, for a page that went out of the tabs;
    `returned(SessionPage)`, for one that is back; `changed()`, when a place came, went or moved."""

    left = Signal(object)
    returned = Signal(object)
    changed = Signal()

    def __init__(self, window: MainWindow, split: QSplitter) -> None:
        super().__init__(window)
        self._window, self._split = window, split
        self._places: list[DetachedWindow | SidePane] = []

    def pages(self) -> list[SessionPage]:
        """What is outside, in the order in which it left."""
        return [place.page for place in self._places]

    def front(self) -> SessionPage | None:
        """The page in which the person works, if it is one of these."""
        return next((place.page for place in self._places if place.is_front()), None)

    def show_titles(self) -> None:
        """After a conversation was renamed."""
        for place in self._places:
            place.show_title()

    def places(self) -> dict[str, str]:
        """Where each page is, by its tab's key, for `put`."""
        return {place.page.tab.key: place.place() for place in self._places}

    def put(self, page: SessionPage, place: str) -> None:
        """Move a tab to a place of `places`."""
        if place == SidePane.PLACE:
            self.show_beside(page)
        else:
            self.detach(page, place)

    def hide(self) -> None:
        """Take all of it off the screen: the program ends."""
        for place in self._places:
            place.hide()

    def set_theme(self, theme: Theme) -> None:
        """Change the colours."""
        for place in self._places:
            place.set_theme(theme)

    def detach(self, page: SessionPage, place: str = "") -> None:
        """Move a tab to a window of its own; closing that brings it back. `place` is where it stood before."""
        if self._left_tabs(page):
            window = DetachedWindow(page, self._window, place)
            window.moved.connect(self.changed)
            self._keep(window)
            window.show()

    def show_beside(self, page: SessionPage) -> None:
        """Show a tab beside the others; closing it brings it back."""
        if not self._left_tabs(page):
            return
        pane, tabs, split = SidePane(page, self._window), self._window.tabs, self._split
        for other in filter(None, (page, tabs.page())):
            other.make_room(tabs.width() // 2)
        split.insertWidget(split.indexOf(tabs) + 1, pane)
        split.setStretchFactor(split.indexOf(pane), 1)
        sizes = split.sizes()
        sizes[split.indexOf(tabs)] = sizes[split.indexOf(pane)] = tabs.width() // 2
        split.setSizes(sizes)
        self._keep(pane)

    def take_out(self, page: SessionPage) -> None:
        """Forget a page that is being closed."""
        for place in [one for one in self._places if one.page is page]:
            self._out_of(place).setParent(None)

    def _left_tabs(self, page: SessionPage) -> bool:
        if self._window.tabs.indexOf(page) < 0:
            return False
        self._window.tabs.take(page)
        return True

    def _keep(self, place: DetachedWindow | SidePane) -> None:
        place.left.connect(lambda: self._bring_back(place))
        self._places.append(place)
        self.left.emit(place.page)
        self.changed.emit()

    def _bring_back(self, place: DetachedWindow | SidePane) -> None:
        if place in self._places:
            self.returned.emit(self._out_of(place))

    def _out_of(self, place: DetachedWindow | SidePane) -> SessionPage:
        self._places.remove(place)
        page = place.give_back()
        place.hide()
        place.deleteLater()
        self.changed.emit()
        return page
