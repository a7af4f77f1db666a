"""An error of ours in one handler leaves the window alive; its tab is marked, once, with a report to copy.

Errors come from three places: slots (`sys.excepthook`), callbacks of the loop, and tasks. The same error again is only
counted. The report holds the traceback and versions; secrets are taken out of it as they are from the log.
"""

from __future__ import annotations

import asyncio
import logging
import platform
import sys
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from desktop import __version__
from desktop.core.language import mark, tr
from desktop.services import logs, tasks
from desktop.ui.labels import PlainLabel

_log = logging.getLogger(__name__)
_MOST = 50  # different errors that are kept
_WORDS = mark("Something in Sluice failed here. The rest goes on; what was said is kept.")
_LAST = mark(
    "Something in Sluice failed, and it cannot go on. What was said up to now is kept. Please start Sluice again. If "
    "it fails again, this report helps whoever looks into it; it holds no key and nothing of a conversation."
)


def _copies(report: str) -> QPushButton:
    button = QPushButton(tr("Copy the report"), objectName="crash_copy", autoDefault=False)
    button.clicked.connect(lambda: QGuiApplication.clipboard().setText(report))
    return button


class LastWords(QDialog):
    """Said before the program ends because it cannot go on."""

    def __init__(self, report: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("last_words")
        self.setWindowTitle(tr("Sluice cannot go on"))
        text = QPlainTextEdit(report, readOnly=True)
        text.setAccessibleName(tr("Report"))
        close = QPushButton(tr("Close Sluice"), autoDefault=False)
        close.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.addWidget(_copies(report))
        buttons.addStretch(1)
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(PlainLabel(tr(_LAST), wrap=True))
        layout.addWidget(text, 1)
        layout.addLayout(buttons)
        self.resize(620, 420)


class CrashBar(QFrame):
    """Says that something failed in this tab, and gives the report."""

    def __init__(self, report: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("crash_bar")
        self.report = report
        self._count = 0
        self._label = PlainLabel(wrap=True)
        close = QPushButton(tr("Close"), autoDefault=False)
        close.clicked.connect(self._close)
        line = QHBoxLayout(self)
        line.addWidget(self._label, 1)
        line.addWidget(_copies(report))
        line.addWidget(close)
        self.again()

    def again(self) -> None:
        """It happened once more."""
        self._count += 1
        words = tr(_WORDS)
        times = tr("{words} ({n} times)", words=words, n=self._count)
        self._label.setText(words if self._count == 1 else times)

    def _close(self) -> None:
        self.hide()
        if (page := self.parentWidget()) is not None:
            page.setProperty("crashed", False)


class Crashes:
    """Catches what nobody caught while it is installed. `page` gives the tab in front, for errors that belong to none;
    `is_page` tells a tab from other widgets."""

    def __init__(self, page: Callable[[], QWidget | None], is_page: Callable[[QObject], bool]) -> None:
        self._page, self._is_page = page, is_page
        self._seen: dict[tuple[str, ...], CrashBar | None] = {}
        self._before: Any = None

    def install(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on."""
        self._before = sys.excepthook
        sys.excepthook = self._slot
        loop.set_exception_handler(self._callback)
        tasks.failed = self._task

    def remove(self) -> None:
        """As it was."""
        sys.excepthook = self._before or sys.__excepthook__
        tasks.failed = tasks.log_failure

    # ---- where errors come from

    def _slot(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        self.take(error, "a handler")

    def _callback(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, BaseException):
            self.take(error, str(context.get("message", "a callback")))
        else:
            _log.error("%s", context.get("message"))

    def _task(self, name: str, error: BaseException) -> None:
        self.take(error, name)

    # ---- what becomes of them

    def take(self, error: BaseException, where: str) -> None:
        """Log it, mark its tab and keep the report; the same again is counted. Never raises."""
        try:
            self._take(error, where)
        except Exception:
            _log.exception("the report of an error failed")

    def _take(self, error: BaseException, where: str) -> None:
        last = traceback.extract_tb(error.__traceback__)[-3:]
        place = (type(error).__name__, *(f"{frame.filename}:{frame.lineno}" for frame in last))
        if place in self._seen:
            self._count(place)
            return
        if len(self._seen) >= _MOST:
            return
        self._seen[place] = None
        report = report_of(error, where)
        _log.error("%s", report)
        page = self._page_of(error) or self._front()
        layout = page.layout() if page is not None else None
        if page is not None and layout is not None:
            bar = self._seen[place] = CrashBar(report, page)
            layout.insertWidget(0, bar)  # type: ignore[attr-defined]
            page.setProperty("crashed", True)

    def _front(self) -> QWidget | None:
        try:
            return self._page()
        except RuntimeError:  # the window is gone already
            return None

    def _count(self, place: tuple[str, ...]) -> None:
        bar = self._seen[place]
        try:
            if bar is not None:
                bar.again()
        except RuntimeError:  # its tab was closed
            self._seen[place] = None

    def _page_of(self, error: BaseException) -> QWidget | None:
        """The tab whose code the error went through: the innermost one."""
        found: QWidget | None = None
        trace = error.__traceback__
        while trace is not None:
            found = self._climb(trace.tb_frame.f_locals.get("self")) or found
            trace = trace.tb_next
        return found

    def _climb(self, thing: Any) -> QWidget | None:
        try:
            while isinstance(thing, QObject):
                if isinstance(thing, QWidget) and self._is_page(thing):
                    return thing
                thing = thing.parent()
        except RuntimeError:  # already deleted on Qt's side
            return None
        return None


def report_of(error: BaseException, where: str) -> str:
    """What somebody needs who looks into it; no secret, no content of a conversation."""
    head = f"Sluice {__version__}, Python {platform.python_version()}, {platform.system()} {platform.release()}"
    frames = "".join(traceback.format_tb(error.__traceback__))
    return logs.clean(f"{head}\n{type(error).__name__} in {where}: {str(error)[:500]}\n{frames}")
