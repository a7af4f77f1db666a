"""The program behind its window: fills it, lets it live, and ends it in order; the one place that knows all rooms."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import signal
import sys
from typing import TYPE_CHECKING, Any

import shiboken6

from desktop.services import tasks
from desktop.services.habits.settings import SettingsFile
from desktop.services.paths import Paths
from desktop.ui import theme as themes
from desktop.ui.main_window import MainWindow
from desktop.ui.system.asked import Asked
from desktop.ui.system.file_opening import Application
from desktop.ui.system.first_start import FirstStart
from desktop.ui.system.motion import Motion
from desktop.ui.window.geometry import come_to_front

if TYPE_CHECKING:
    from desktop.services.system.session_bus import SessionBus
    from desktop.services.workspace import Workspace
    from desktop.ui.system.crash import Crashes
    from desktop.ui.system.notifier import Notifier

_log = logging.getLogger(__name__)
_SHUTDOWN = 2.5  # seconds, of the three that SIGTERM leaves


class Program:
    """Made when the window was painted and the loop runs."""

    def __init__(
        self, app: Application, window: MainWindow, paths: Paths, settings: SettingsFile, first: FirstStart
    ) -> None:
        self._app, self._window, self._first = app, window, first
        self._paths, self._settings = paths, settings
        self._ended = asyncio.Event()
        self._troubles = 0
        self._self_test = False
        self._workspace: Workspace | None = None
        self._bus: SessionBus | None = None
        self._crashes: Crashes | None = None
        self._motion = Motion(app)
        window.close_wanted.connect(self._ended.set)
        if window.closing:
            self._ended.set()

    async def run(self, asked: Asked, self_test: bool = False) -> int:
        """Until the window is closed, or cannot go on. Returns the exit status."""
        self._self_test = self_test
        try:
            await self._start(asked)
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

    async def _start(self, asked: Asked) -> None:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(NotImplementedError, ValueError):  # Windows
                loop.add_signal_handler(name, self._ended.set)
        window, settings = self._window, self._settings
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
        await window.populate(self._workspace, asked.given)
        tasks.spawn(in_daemon(warm, "warm"), "warm")
        if asked.file is not None:
            window.replaying.open(asked.file, asked.protocol)
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
        window.states.counted.connect(tray.count)
        notifier.unshown.connect(lambda _, title, body: tray.message(title, body))
        for wanted in (tray.show_wanted, tray.next_wanted):
            wanted.connect(lambda: come_to_front(window))
        tray.next_wanted.connect(window.next_ask)
        tray.quit_wanted.connect(self._ended.set)


def _take_over(window: MainWindow, message: dict[str, Any]) -> None:
    """Do in this program what a second start was asked for."""
    try:
        asked = Asked.from_json(message)
    except (ValueError, TypeError):
        _log.warning("another start handed over something that cannot be understood")
    else:
        if asked.given is not None:
            window.open_given(*asked.given)
        if asked.file is not None:
            window.replaying.open(asked.file, asked.protocol)
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
