"""The frame at the bottom of a tab: pictures, the composer, and the row of buttons under it."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop.core.language import tr
from desktop.services.habits.snippets import Snippets
from desktop.ui.composing.composer import Composer
from desktop.ui.composing.slash_menu import SlashMenu
from desktop.ui.connections.picker import ConnectionPicker
from desktop.ui.icons import icon
from desktop.ui.pictures.attachment_strip import AttachmentStrip
from desktop.ui.theme import Theme
from desktop.ui.window.corners import tool_button

_WIDTH = 820  # pixels, at most


class ComposerBox(QFrame):
    """Its parts are used by the page: `composer`, `strip`, `picker`, the buttons `attach`, `send` and `stop`, and the
    toggles of the side panel, `thinking`, `activity`, `wire` and `timeline`."""

    def __init__(self, snippets: Snippets, theme: Theme) -> None:
        super().__init__(objectName="composer_box")
        self.composer = Composer()
        self.strip = AttachmentStrip()
        self._slash = SlashMenu(self.composer, snippets)
        self.picker = ConnectionPicker()
        self.attach = tool_button("attach_button", tr("Attach pictures"))
        self.attach.setMinimumWidth(48)  # it has a menu, whose arrow wants its own room
        self.thinking = tool_button("thinking_toggle", tr("Thinking"), checkable=True)
        self.activity = tool_button("activity_toggle", tr("Activity"), checkable=True)
        self.wire = tool_button("wire_toggle", tr("Wire"), checkable=True)
        self.timeline = tool_button("timeline_toggle", tr("Timeline"), checkable=True)
        self.send = QPushButton(tr("Send"), objectName="send_button")
        self.send.setProperty("primary", "true")
        self.stop = QPushButton(tr("Stop"), objectName="stop_button")
        self.stop.hide()
        inner = QVBoxLayout(self)
        inner.setContentsMargins(10, 8, 10, 8)
        inner.addWidget(self.strip)
        inner.addWidget(self.composer)
        inner.addLayout(self._row())
        self.set_theme(theme)

    def show_running(self, running: bool) -> None:
        """Offer Stop in Send's place while a run is live."""
        self.stop.setVisible(running)
        self.send.setVisible(not running)

    def set_theme(self, theme: Theme) -> None:
        """Change the colours."""
        icons = {"attach": self.attach, "thought": self.thinking, "panel": self.activity, "wire": self.wire}
        icons["time"] = self.timeline
        for name, button in icons.items():
            button.setIcon(icon(name, theme.muted, theme.border))
        self.setStyleSheet(
            f"#composer_box {{ background: {theme.page.name()}; border: 1px solid {theme.border.name()};"
            f" border-radius: 12px; }} QPlainTextEdit {{ background: transparent; }}"
        )

    def _row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.attach)
        row.addWidget(self.picker)
        row.addStretch(1)
        for button in (self.thinking, self.activity, self.wire, self.timeline, self.stop, self.send):
            row.addWidget(button)
        return row


def centred(*widgets: QWidget) -> QWidget:
    """Widgets one above the other in the middle, as wide as the composer at most."""
    outer = QWidget()
    line = QHBoxLayout(outer)
    line.setContentsMargins(16, 4 if len(widgets) == 1 else 0, 16, 4 if len(widgets) == 1 else 0)
    inner = QWidget() if len(widgets) > 1 else widgets[0]
    inner.setMaximumWidth(_WIDTH)
    if len(widgets) > 1:
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget in widgets:
            column.addWidget(widget)
    line.addStretch(0)
    line.addWidget(inner, 100)
    line.addStretch(0)
    return outer
