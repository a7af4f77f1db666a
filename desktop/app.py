"""The start, up to the first painted window; `program` goes on from there.

Nothing is loaded before that paint which it does not need. That goes for asyncio too: with qasync it would take as long
as the window itself.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import shiboken6
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from desktop import __version__
from desktop.services.habits.settings import SettingsFile
from desktop.services.paths import Paths
from desktop.ui import theme as themes
from desktop.ui.main_window import MainWindow
from desktop.ui.system.app_icon import app_icon
from desktop.ui.system.asked import Asked
from desktop.ui.system.collecting import Collector
from desktop.ui.system.file_opening import Application
from desktop.ui.system.first_start import FirstStart
from desktop.ui.system.speech import speak

_UNSEEN_MS = 1000  # after which a window that nobody can see, on another desktop say, is filled all the same


def main(data_dir: Path | None, asked: Asked, self_test: bool = False) -> int:
    """Show the window until it is closed. Returns the exit status."""
    QApplication.setApplicationName("sluice")
    QApplication.setApplicationDisplayName("Sluice")
    QApplication.setApplicationVersion(__version__)
    QApplication.setDesktopFileName(os.environ.get("FLATPAK_ID", "sluice"))
    app = Application([*sys.argv[:1], *themes.FUSION])
    app.setWindowIcon(app_icon())
    app.setQuitOnLastWindowClosed(False)  # it would end the loop in the middle of an await
    paths = Paths(data_dir) if data_dir else Paths.default()
    first = FirstStart(paths.data)
    if not first.is_first and first.hand_over(asked.to_json()):
        return 0
    collector = Collector(app)
    try:
        settings = SettingsFile(paths)
        speak(app, settings.settings.language)
        window = _first_window(app, settings)
        from desktop.program import Program
        from desktop.ui.system import event_loop

        return event_loop.run(app, lambda: Program(app, window, paths, settings, first).run(asked, self_test))
    finally:
        collector.stop()
        shiboken6.delete(app)  # while Python still lives: Qt's accessibility cache holds objects that Python made


def _first_window(app: QApplication, settings: SettingsFile) -> MainWindow:
    """The window, empty, on the screen. Keys and clicks wait until it is filled."""
    theme = themes.decide(settings.settings.theme)
    themes.apply(app, theme)  # first: what exists already would be polished a second time
    window = MainWindow(theme, settings.settings.window_geometry)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: window.close())  # until the loop takes them over
    waiting = QEventLoop()
    window.painted.connect(waiting.quit)
    QTimer.singleShot(_UNSEEN_MS, waiting.quit)
    window.show()
    waiting.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
    return window
