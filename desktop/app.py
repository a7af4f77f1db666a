"""Starts the window and ends it in order; the one place that knows all rooms.

The window is painted before anything heavy is loaded: pydantic, httpx, Markdown and the keyring come after it.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shiboken6
from PySide6.QtWidgets import QApplication

from desktop import __version__
from desktop.services import tasks
from desktop.services.habits.settings import SettingsFile
from desktop.services.paths import Paths
from desktop.ui import theme as themes
from desktop.ui.main_window import MainWindow
from desktop.ui.system import event_loop
from desktop.ui.system.app_icon import app_icon
from desktop.ui.system.collecting import Collector
from desktop.ui.system.file_opening import Application
from desktop.ui.system.first_start import FirstStart
from desktop.ui.system.motion import Motion
from desktop.ui.system.speech import speak
from desktop.ui.window.geometry import come_to_front

if TYPE_CHECKING:
    from desktop.core.requests import Connection, Secrets
    from desktop.services.system.session_bus import SessionBus
    from desktop.services.workspace import Workspace
    from desktop.ui.system.crash import Crashes
    from desktop.ui.system.notifier import Notifier

_log = logging.getLogger(__name__)
_SHUTDOWN = 2.5  # seconds, of the three that SIGTERM leaves


def main(
    data_dir: Path | None,
    given: tuple[Connection, Secrets] | None,
    file: Path | None,
    protocol: str | None = None,
    self_test: bool = False,
) -> int:
    """Show the window until it is closed. `protocol` is for an answer in `file`. Returns the exit status."""
    QApplication.setApplicationName("sluice")
    QApplication.setApplicationDisplayName("Sluice")
    QApplication.setApplicationVersion(__version__)
    QApplication.setDesktopFileName(os.environ.get("FLATPAK_ID", "sluice"))
    app = Application(sys.argv[:1])
    app.setWindowIcon(app_icon())
    app.setQuitOnLastWindowClosed(False)  # it would end the loop in the middle of an await
    paths = Paths(data_dir) if data_dir else Paths.default()
    first = FirstStart(paths.data)
    if not first.is_first and first.hand_over(_message(given, file, protocol)):
        return 0
    collector = Collector(app)
    try:
        return event_loop.run(app, lambda: _Program(app, paths, given, (file, protocol), self_test, first).run())
    finally:
        collector.stop()
        shiboken6.delete(app)  # while Python still lives: Qt's accessibility cache holds objects that Python made


class _Program:
    def __init__(
        self,
        app: Application,
        paths: Paths,
        given: tuple[Connection, Secrets] | None,
        file: tuple[Path | None, str | None],
        self_test: bool,
        first: FirstStart,
    ) -> None:
        self._app, self._first = app, first
        self._paths, self._given, self._file, self._self_test = paths, given, file, self_test
        self._ended = asyncio.Event()
        self._troubles = 0
        self._settings = SettingsFile(paths)
        speak(app, self._settings.settings.language)
        self._window = MainWindow(themes.decide(self._settings.settings.theme), self._settings.settings.window_geometry)
        self._workspace: Workspace | None = None
        self._bus: SessionBus | None = None
        self._crashes: Crashes | None = None
        self._motion = Motion(app)

    async def run(self) -> int:
        """Until the window is closed, or cannot go on. Returns the exit status."""
        try:
            await self._start()
            await self._ended.wait()
            await self._end()
        except Exception as error:
            await self._last_words(error)
        if self._crashes is not None:
            self._crashes.remove()
        self._window.hide()
        self._first.leave()
        if self._bus is not None:
            self._bus.close()
        shiboken6.delete(self._window)
        return 1 if self._troubles else 0

    async def _start(self) -> None:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(NotImplementedError, ValueError):  # Windows
                loop.add_signal_handler(name, self._ended.set)
        window, settings = self._window, self._settings
        themes.apply(self._app, window.theme)
        window.close_wanted.connect(self._ended.set)
        window.show()
        await window.painted.wait()
        trouble = await asyncio.to_thread(_load, self._paths)
        from desktop.services.system.daemon import in_daemon
        from desktop.services.system.session_bus import SessionBus
        from desktop.services.workspace import Workspace
        from desktop.ui.session_page import SessionPage
        from desktop.ui.system.crash import Crashes
        from desktop.ui.system.notifier import Notifier
        from desktop.ui.system.portal import Portal
        from desktop.ui.transcript.warm import warm

        self._crashes = Crashes(window.page, lambda thing: isinstance(thing, SessionPage))
        self._crashes.install(loop)
        self._workspace = Workspace(self._paths, settings)
        if trouble is not None:
            self._workspace.warn(trouble)
        self._bus = SessionBus()
        self._portal = Portal(self._bus)
        for changed in (self._app.styleHints().colorSchemeChanged, self._portal.dark_changed,
                        self._portal.still_changed, window.looks_wanted):  # fmt: skip
            changed.connect(lambda *_: self._looks())
        self._looks()
        await window.populate(self._workspace, self._given)
        tasks.spawn(in_daemon(warm, "warm"), "warm")
        if self._file[0] is not None:
            window.replaying.open(*self._file)
        notifier = Notifier(self._bus, window)
        window.tell_by(notifier)
        self._tray(notifier)
        self._app.files.opened.connect(window.replaying.open)
        self._app.files.begin()
        window.updates.started()
        self._first.listen(lambda message: _take_over(window, message))
        if self._self_test:
            self._troubles = _self_test()
            self._ended.set()

    async def _end(self) -> None:
        self._first.close()
        tabs = self._window.put_away()
        assert self._workspace is not None
        try:
            await asyncio.wait_for(self._workspace.close(tabs), _SHUTDOWN)
        except TimeoutError:
            _log.warning("not everything ended in time: %s", tasks.running())

    async def _last_words(self, error: Exception) -> None:
        """Say that the program cannot go on, and why, before it ends."""
        from desktop.ui.system.crash import LastWords, report_of

        self._troubles += 1
        report = report_of(error, "the program itself")
        _log.critical("%s", report)
        print(report, file=sys.stderr)  # noqa: T201
        if not self._self_test and not self._ended.is_set():
            words = LastWords(report, self._window)
            words.finished.connect(self._ended.set)
            words.open()
            await self._ended.wait()
        if self._workspace is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self._workspace.close([]), _SHUTDOWN)

    def _looks(self) -> None:
        """Colours and motion, as the person chose or their desktop has them now."""
        chosen = self._settings.settings
        theme = themes.decide(chosen.theme, self._portal.dark)
        if theme is not self._window.theme:
            themes.apply(self._app, theme)
            self._window.set_theme(theme)
        self._motion.set_still(chosen.reduced_motion or self._portal.still)

    def _tray(self, notifier: Notifier) -> None:
        """The icon in the desktop's tray, where there is one; it speaks where the desktop has no notifications."""
        from desktop.ui.system.tray import make_tray

        window = self._window
        tray = make_tray(window.theme.warning, window)
        if tray is None:
            return
        window.counted.connect(tray.count)
        notifier.unshown.connect(lambda _, title, body: tray.message(title, body))
        for wanted in (tray.show_wanted, tray.next_wanted):
            wanted.connect(lambda: come_to_front(window))
        tray.next_wanted.connect(window.next_ask)
        tray.quit_wanted.connect(self._ended.set)


def _message(given: tuple[Connection, Secrets] | None, file: Path | None, protocol: str | None) -> dict[str, Any]:
    """What a second start hands over: what it was asked to open."""
    message: dict[str, Any] = {"file": str(file.absolute()) if file else None, "protocol": protocol}
    if given is not None:
        from desktop.services.keys.profiles import connection_to_json

        connection, secrets = given
        message["connection"] = connection_to_json(connection)
        message["key"], message["extra"] = secrets.key, dict(secrets.extra)
    return message


def _take_over(window: MainWindow, message: dict[str, Any]) -> None:
    """Do in this program what a second start was asked for."""
    from desktop.core.requests import Secrets
    from desktop.services.keys.profiles import connection_from_json

    try:
        if message.get("connection"):
            place = connection_from_json(message["connection"])
            window.open_given(place, Secrets(message.get("key"), message.get("extra") or {}))
        if message.get("file"):
            window.replaying.open(Path(message["file"]), message.get("protocol"))
    except (ValueError, TypeError):
        _log.warning("another start handed over something that cannot be understood")
    come_to_front(window)


def _self_test() -> int:
    """Print what this program is made of and whether its parts are there. Returns the number of troubles."""
    from PySide6.QtCore import qVersion
    from PySide6.QtGui import QGuiApplication

    from desktop.services.system import self_check

    lines, troubles = self_check.report()
    print(*lines, f"window: Qt {qVersion()} on {QGuiApplication.platformName()}", sep="\n")  # noqa: T201
    print(*troubles, sep="\n", end="\n" if troubles else "", file=sys.stderr)  # noqa: T201
    return len(troubles)


def _load(paths: Paths) -> str | None:
    """What is heavy and holds no Qt, in a thread while the first window stands there already. Returns None, or what is
    wrong with the program's folders."""
    from desktop.services import logs, transport

    trouble = paths.make()
    logs.start(paths)
    for name in ("pydantic", "markdown_it", "pygments.lexers"):
        importlib.import_module(name)
    transport.warm()
    return trouble
