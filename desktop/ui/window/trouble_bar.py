"""What is wrong with the program's own files, over the whole window, until the person has taken note of it."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from desktop.core.language import tr
from desktop.ui.tab.notice_bar import NoticeBar

_MOST = 4  # sentences at a time; the newest stay


class TroubleBar(NoticeBar):
    """Hidden until something is told. A sentence that is told again is not shown twice."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("trouble_bar", parent)
        self._told: list[str] = []

    def tell(self, words: str) -> None:
        """One more sentence, below those that nobody has closed yet."""
        self._told = [*(told for told in self._told if told != words), words][-_MOST:]
        self.ask("\n".join(self._told), (tr("Close"), self._told.clear), cancelled=self._told.clear)
