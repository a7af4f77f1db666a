"""New versions of the program, as the window tells of them: one line that goes away when the person has seen it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop.core.errors import SluiceError
from desktop.core.language import tr
from desktop.services.system.updates import Release
from desktop.services.tasks import spawn
from desktop.ui.tab.notice_bar import NoticeBar

if TYPE_CHECKING:
    from desktop.ui.main_window import MainWindow
    from desktop.ui.system.links import LinkOpener

_log = logging.getLogger(__name__)


class UpdateDesk(QObject):
    """Made by the window when it is populated. Asks nobody unless the person has agreed or presses for it."""

    def __init__(self, window: MainWindow, notice: NoticeBar, links: LinkOpener) -> None:
        super().__init__(window)
        self._updates, self._settings = window.workspace.updates, window.workspace.settings
        self._notice, self._links = notice, links

    def started(self) -> None:
        """The program has started: look, if the person wants that."""
        if self._updates.offered and self._settings.check_for_updates:
            spawn(self._look(wanted=False), "look for a new version")

    def look(self) -> None:
        """The person wants to know now."""
        spawn(self._look(wanted=True), "look for a new version")

    async def _look(self, wanted: bool) -> None:
        try:
            release = await self._updates.look()
        except SluiceError as error:
            _log.info("new versions: %s (%s)", error.headline, error.detail)
            if wanted:
                self._say(error.headline)
            return
        if release is not None:
            self._tell(release)
        elif wanted:
            self._say(tr("This is the newest version of Sluice."))

    def _tell(self, release: Release) -> None:
        words = tr("Sluice {version} is out.", version=release.version)
        self._notice.ask(
            f"{words} {release.words}".strip(),
            (tr("Open its page"), lambda: self._links.open(release.page)),
            (tr("Close"), lambda: None),
        )

    def _say(self, words: str) -> None:
        self._notice.ask(words, (tr("Close"), lambda: None))
