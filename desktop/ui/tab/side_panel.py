"""What stands beside the transcript: thoughts, activity, wire and timeline, each folded in and out by its toggle."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QSplitter, QWidget

from desktop.core.conversation import ThoughtItem, ToolItem
from desktop.ui.composing.composer_box import ComposerBox
from desktop.ui.tab.thinking_drawer import ThinkingDrawer
from desktop.ui.tab.tool_activity import ToolActivity
from desktop.ui.theme import Theme

_NARROW = 860  # pixels of a page in which nothing unfolds by itself


class SidePanel(QSplitter):
    """`toggles` are the buttons of the composer's box. Hidden while nothing in it shows."""

    def __init__(self, theme: Theme, toggles: ComposerBox) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self.thinking = ThinkingDrawer()
        self.activity = ToolActivity(theme)
        self._toggles = toggles
        self._chosen = False  # the person folded something in or out
        self.setChildrenCollapsible(False)
        self.setMinimumWidth(240)
        self.setHandleWidth(1)
        for panel, toggle in ((self.thinking, toggles.thinking), (self.activity, toggles.activity)):
            self.addWidget(panel)
            panel.hide()
            self._fold_by(toggle, panel)
        self.setStretchFactor(0, 2)
        self.setStretchFactor(1, 3)
        self.hide()

    def show_panel(self, panel: QWidget, on: bool) -> None:
        """Fold one of the panels in or out."""
        panel.setVisible(on)
        toggles = self._toggles
        shown = (toggles.thinking, toggles.activity, toggles.wire, toggles.timeline)
        self.setVisible(any(toggle.isChecked() for toggle in shown))

    def unfold_for(self, item: object, width: int) -> None:
        """The first thought and the first tool open their panel, unless the person folded one or the page, which is
        this many pixels wide, has no room."""
        if self._chosen or width < _NARROW:
            return
        if isinstance(item, ThoughtItem):
            self._toggles.thinking.setChecked(True)
        elif isinstance(item, ToolItem):
            self._toggles.activity.setChecked(True)

    def make_room(self, width: int) -> None:
        """Fold thoughts and activity away in a page that becomes so narrow that nothing else would fit."""
        if width < _NARROW:
            self._toggles.thinking.setChecked(False)
            self._toggles.activity.setChecked(False)

    def show_tool(self, item: str) -> None:
        """Open the activity at an item."""
        self._toggles.activity.setChecked(True)
        self.activity.select(item)

    def _fold_by(self, toggle: QAbstractButton, panel: QWidget) -> None:
        toggle.toggled.connect(lambda on: self.show_panel(panel, on))
        toggle.clicked.connect(self._choose)

    def _choose(self) -> None:
        self._chosen = True
