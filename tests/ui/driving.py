"""Drive the real window in this process, on a real event loop, against real loopback servers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from desktop.core.requests import Connection, Secrets
from desktop.services import tasks
from desktop.services.habits.settings import SettingsFile
from desktop.services.paths import Paths
from desktop.services.workspace import Workspace
from desktop.ui import theme as themes
from desktop.ui.main_window import MainWindow
from desktop.ui.session_page import SessionPage
from desktop.ui.system import event_loop
from desktop.ui.system.collecting import Collector

W = TypeVar("W", bound=QWidget)


def drive(app: QApplication, work: Callable[[], Awaitable[Any]], seconds: float = 30.0) -> None:
    """Run a coroutine on qasync's loop, as the program does."""
    app.setQuitOnLastWindowClosed(False)
    collector = Collector()
    try:
        event_loop.run(app, lambda: asyncio.wait_for(work(), seconds))
    finally:
        collector.stop()


class Driven:
    """The window with its workspace. `find` looks only among what shows."""

    def __init__(self, window: MainWindow, workspace: Workspace) -> None:
        self.window = window
        self.workspace = workspace

    @property
    def page(self) -> SessionPage:
        """The tab in front."""
        page = self.window.page()
        assert page is not None
        return page

    def find(self, name: str, kind: type[W] = QWidget) -> W:  # type: ignore[assignment]
        """The one widget of that object name that shows."""
        found = [w for w in QApplication.allWidgets() if w.objectName() == name and w.isVisible()]
        assert len(found) == 1, f"{name}: {found}"
        assert isinstance(found[0], kind)
        return found[0]

    def shows(self, name: str) -> bool:
        """Whether a widget of that name shows."""
        return any(w.objectName() == name and w.isVisible() for w in QApplication.allWidgets())

    def say(self, text: str) -> None:
        """Type into the composer and press Return."""
        composer = self.find("composer")
        QTest.keyClicks(composer, text)
        QTest.keyClick(composer, Qt.Key.Key_Return)

    def text(self) -> str:
        """The transcript of the tab in front, as a person reads it."""
        return self.page._transcript.plain_text()

    async def until(self, condition: Callable[[], bool], what: str = "the condition", seconds: float = 15.0) -> None:
        """Wait for something to become true while the window lives."""
        await until(condition, what, seconds)


async def until(condition: Callable[[], bool], what: str = "the condition", seconds: float = 15.0) -> None:
    """Let the loop turn until the condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} did not come in {seconds} s"
        await asyncio.sleep(0.005)


@asynccontextmanager
async def window(
    app: QApplication, folder: Path, connection: Connection | None = None, key: str | None = None
) -> AsyncIterator[Driven]:
    """A window on the data folder `folder`, closed in order at the end; nothing may be left running."""
    paths = Paths(folder)
    settings = SettingsFile(paths)
    themes.apply(app, themes.LIGHT)
    made = MainWindow(themes.LIGHT)
    made.resize(1000, 760)
    made.show()
    workspace = Workspace(paths, settings)
    await made.populate(workspace, (connection, Secrets(key)) if connection else None)
    try:
        yield Driven(made, workspace)
    finally:
        await workspace.close(made.put_away())
        made.hide()
        made.deleteLater()
        await asyncio.sleep(0)
        assert tasks.running() == ()
