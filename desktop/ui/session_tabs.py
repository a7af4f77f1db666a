"""The row of tabs: moving, naming, pinning, badges, menus. What a tab holds is `SessionPage`; what happens to its
conversation is the window's matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QLineEdit, QMenu, QTabBar, QTabWidget, QToolButton, QWidget

from desktop.core.language import mark, tr
from desktop.ui.icons import icon
from desktop.ui.labels import literal_tip, literal_title
from desktop.ui.theme import Theme

if TYPE_CHECKING:  # it takes long to load, and the row of tabs is painted at once
    from desktop.ui.session_page import SessionPage

_BADGES = {
    "waits": ("wait", "accent", mark("waits for you")),
    "running": ("run", "accent", mark("is answering")),
    "failed": ("error", "error", mark("ended with an error")),
    "unread": ("unread", "accent", mark("has something new")),
}
_WIDE, _PINNED_WIDE = 28, 14  # letters


class SessionTabs(QTabWidget):
    """Signals: `order_changed()`; `action_wanted(str, page)` with close, close_others, pin, duplicate, export, detach,
    beside;
    `renamed(page, str)`; `new_wanted()`. Pinned tabs stay at the left."""

    order_changed = Signal()
    action_wanted = Signal(str, object)
    renamed = Signal(object, str)
    new_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("session_tabs")
        self.setMovable(True)
        self.setDocumentMode(True)
        self.setIconSize(QSize(14, 14))
        self._theme = theme
        self._editor: QLineEdit | None = None
        self._sorting = False
        bar = self.tabBar()
        bar.setAccessibleName(tr("Conversations open"))
        bar.setExpanding(False)
        bar.setDrawBase(False)
        bar.setUsesScrollButtons(True)
        bar.setElideMode(Qt.TextElideMode.ElideRight)
        bar.tabMoved.connect(lambda *_: self._moved())
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        bar.customContextMenuRequested.connect(self._open_menu)
        bar.installEventFilter(self)

    # ---- what is there

    def page(self) -> SessionPage | None:
        """The tab in front."""
        return self.currentWidget()  # type: ignore[return-value]

    def pages(self) -> list[SessionPage]:
        """All tabs, in order."""
        return [self.widget(i) for i in range(self.count())]  # type: ignore[misc]

    def add(self, page: SessionPage, at: int | None = None) -> None:
        """Add a tab, at the end of its kind."""
        pinned = sum(other.tab.pinned for other in self.pages())
        place = pinned if page.tab.pinned else self.count() if at is None else max(at, pinned)
        self.insertTab(place, page, "")
        self.show_state(page)

    def take(self, page: SessionPage) -> None:
        """Take a tab out."""
        self._end_rename()
        self.removeTab(self.indexOf(page))

    def step(self, by: int) -> None:
        """Bring the next tab, or the one before, to the front."""
        self.setCurrentIndex((self.currentIndex() + by) % max(1, self.count()))

    # ---- what a tab shows

    def show_state(self, page: SessionPage) -> None:
        """Title, badge, tooltip and the close button, as they are now."""
        index = self.indexOf(page)
        if index < 0:
            return
        tab, badge = page.tab, page.badge()
        most = _PINNED_WIDE if tab.pinned else _WIDE
        title = literal_title(tab.title if len(tab.title) <= most else tab.title[: most - 1] + "…")
        if self.tabText(index) != title:
            self.setTabText(index, title)
        words = [tr(_BADGES[badge][2])] if badge else []
        words += [tr("is pinned")] if tab.pinned else []
        told = f"{tab.title} — {', '.join(words)}" if words else tab.title
        if self.tabBar().accessibleTabName(index) != told:
            self.tabBar().setAccessibleTabName(index, told)
            self.setTabToolTip(index, literal_tip(told))
            self._show_icon(index, page, badge)
        side = QTabBar.ButtonPosition.RightSide
        if (self.tabBar().tabButton(index, side) is None) != tab.pinned:
            self.tabBar().setTabButton(index, side, None if tab.pinned else self._close_button(page))  # type: ignore[arg-type]

    def _show_icon(self, index: int, page: SessionPage, badge: str) -> None:
        name, colour, _ = _BADGES.get(badge, ("pin", "muted", ""))
        if badge or page.tab.pinned:
            self.setTabIcon(index, icon(name, getattr(self._theme, colour)))
        else:
            self.setTabIcon(index, QIcon())

    def set_theme(self, theme: Theme) -> None:
        """Change the colours."""
        self._theme = theme
        for index, page in enumerate(self.pages()):
            self._show_icon(index, page, page.badge())
            if (button := self.tabBar().tabButton(index, QTabBar.ButtonPosition.RightSide)) is not None:
                button.setIcon(icon("close", theme.muted))  # type: ignore[attr-defined]

    def _close_button(self, page: SessionPage) -> QToolButton:
        button = QToolButton(autoRaise=True, toolTip=tr("Close tab"))
        button.setAccessibleName(tr("Close tab"))
        button.setIcon(icon("close", self._theme.muted))
        button.setIconSize(QSize(12, 12))
        button.clicked.connect(lambda: self.action_wanted.emit("close", page))
        return button

    # ---- order

    def sort_pinned(self) -> None:
        """Pinned tabs first, else in the order in which they are."""
        self._sorting = True
        wanted = sorted(self.pages(), key=lambda page: not page.tab.pinned)
        for place, page in enumerate(wanted):
            if (now := self.indexOf(page)) != place:
                self.tabBar().moveTab(now, place)
        self._sorting = False
        self.order_changed.emit()

    def _moved(self) -> None:
        if self._sorting:
            return
        pinned = [page.tab.pinned for page in self.pages()]
        if pinned == sorted(pinned, reverse=True):
            self.order_changed.emit()
        else:
            self.sort_pinned()

    # ---- names

    def begin_rename(self, page: SessionPage) -> None:
        """Let the person type another title, in the tab itself."""
        self._end_rename()
        index = self.indexOf(page)
        if index < 0:
            return
        editor = self._editor = QLineEdit(page.tab.known_title, self.tabBar())
        editor.setObjectName("tab_title_editor")
        editor.setAccessibleName(tr("Title of this conversation"))
        editor.setPlaceholderText(tr("Title"))
        rect = self.tabBar().tabRect(index)
        width = min(max(rect.width(), 180), self.tabBar().width() - rect.left())
        editor.setGeometry(rect.left(), 0, width, rect.height())
        editor.selectAll()
        editor.installEventFilter(self)
        editor.editingFinished.connect(lambda: self._renamed(page))
        editor.show()
        editor.setFocus()

    def _renamed(self, page: SessionPage) -> None:
        editor = self._editor
        if editor is not None:
            self._end_rename()
            self.renamed.emit(page, " ".join(editor.text().split())[:200])

    def _end_rename(self) -> None:
        editor, self._editor = self._editor, None
        if editor is not None:
            editor.hide()
            editor.deleteLater()

    # ---- mouse and keys

    def _open_menu(self, point: QPoint) -> None:
        index = self.tabBar().tabAt(point)
        if index >= 0:
            menu = self.menu(self.widget(index))  # type: ignore[arg-type]
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(self.tabBar().mapToGlobal(point))

    def menu(self, page: SessionPage) -> QMenu:
        """What can be done with a tab."""
        menu = QMenu(self)
        menu.addAction(tr("Rename"), lambda: self.begin_rename(page))
        for words, action in (
            (tr("Unpin") if page.tab.pinned else tr("Pin"), "pin"),
            (tr("Duplicate"), "duplicate"),
            (tr("Export…"), "export"),
            (tr("Show beside the tabs"), "beside"),
            (tr("Move to a window of its own"), "detach"),
        ):
            menu.addAction(words, lambda action=action: self.action_wanted.emit(action, page))
        menu.addSeparator()
        menu.addAction(tr("Close"), lambda: self.action_wanted.emit("close", page))
        others = menu.addAction(tr("Close the others"), lambda: self.action_wanted.emit("close_others", page))
        others.setEnabled(self.count() > 1)
        return menu

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._editor and isinstance(event, QKeyEvent):
            if event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Escape:
                self._end_rename()
                return True
        elif watched is self.tabBar() and isinstance(event, QMouseEvent):
            return self._mouse(event)
        return super().eventFilter(watched, event)

    def _mouse(self, event: QMouseEvent) -> bool:
        index = self.tabBar().tabAt(event.position().toPoint())
        if event.type() == QEvent.Type.MouseButtonDblClick and event.button() == Qt.MouseButton.LeftButton:
            self.begin_rename(self.widget(index)) if index >= 0 else self.new_wanted.emit()  # type: ignore[arg-type]
            return True
        if event.type() == QEvent.Type.MouseButtonRelease and event.button() == Qt.MouseButton.MiddleButton:
            if index >= 0 and not self.widget(index).tab.pinned:  # type: ignore[attr-defined]
                self.action_wanted.emit("close", self.widget(index))
            return True
        return False
