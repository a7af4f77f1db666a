"""Whether things may move by themselves. Nothing of our own does; what Qt moves, its effects and the blinking cursor,
stands still when the person or their desktop says so."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

_EFFECTS = (
    Qt.UIEffect.UI_AnimateMenu, Qt.UIEffect.UI_FadeMenu, Qt.UIEffect.UI_AnimateCombo, Qt.UIEffect.UI_AnimateTooltip,
    Qt.UIEffect.UI_FadeTooltip, Qt.UIEffect.UI_AnimateToolBox,
)  # fmt: skip


class Motion:
    """Made before anything is changed: it knows how the desktop had it."""

    def __init__(self, app: QApplication) -> None:
        self._app = app
        self._effects = {effect: app.isEffectEnabled(effect) for effect in _EFFECTS}
        self._flash = app.cursorFlashTime()  # milliseconds
        self.still = False

    def set_still(self, still: bool) -> None:
        """Let nothing move, or what the desktop lets move."""
        if still == self.still:
            return
        self.still = still
        for effect, usual in self._effects.items():
            self._app.setEffectEnabled(effect, usual and not still)
        self._app.setCursorFlashTime(0 if still else self._flash)
