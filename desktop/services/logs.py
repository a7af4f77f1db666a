"""The log: one rotating file, for this person alone, in which no secret ever stands.

Secrets are taken out when a record is made, before any handler sees it: from its message and from its traceback.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from collections.abc import Iterable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any
from urllib.parse import quote

from desktop.services.paths import Paths, private_file

FILE = "sluice.log"
_SIZE = 1_000_000  # bytes of one file
_KEPT = 3  # older files
_HIDDEN = "[secret]"
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_CHATTY = ("httpx", "httpcore", "asyncio", "PIL", "markdown_it")

_secrets: set[str] = set()


def redact(value: str) -> None:
    """From now on this value is replaced wherever it would be logged, also in the spellings of URLs and JSON."""
    if value.strip():
        _secrets.update(
            (value, quote(value, safe=""), quote(value), json.dumps(value)[1:-1], repr(value)[1:-1])
        )


def clean(text: str) -> str:
    """The text without secrets, the longest first: one may begin like another."""
    for secret in sorted(_secrets, key=len, reverse=True):
        if secret in text:
            text = text.replace(secret, _HIDDEN)
    return text


class Record(logging.LogRecord):
    """A record that holds no secret."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.msg, self.args = clean(_message(self)), ()
        if self.exc_info and self.exc_info[0] is not None:
            self.exc_text = clean("".join(traceback.format_exception(*self.exc_info))).rstrip()
            self.exc_info = None  # a handler would print the error itself anew
        if self.stack_info:
            self.stack_info = clean(self.stack_info)


class _File(RotatingFileHandler):
    """A file of mode 0600 that is not opened before there is something to log, and never stops the program."""

    def _open(self) -> Any:
        private_file(Path(self.baseFilename))
        return super()._open()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """A full disk costs the record."""


def start(paths: Paths, level: str | None = None) -> Path:
    """Log to a file from now on, "debug" or "info"; by default what SLUICE_LOG says. Returns the file's path."""
    stop()
    wanted = level or os.environ.get("SLUICE_LOG", "info")
    debug = wanted.strip().lower() == "debug"
    file = paths.logs / FILE
    handler = _File(
        file, maxBytes=_SIZE, backupCount=_KEPT, encoding="utf-8", errors="backslashreplace", delay=True
    )
    handler.setFormatter(logging.Formatter(_FORMAT))
    logging.setLogRecordFactory(Record)
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if debug else logging.INFO)
    _set_levels(_CHATTY, logging.INFO if debug else logging.WARNING)
    return file


def stop() -> None:
    """Close the file."""
    root = logging.getLogger()
    for handler in [h for h in root.handlers if isinstance(h, _File)]:
        root.removeHandler(handler)
        handler.close()


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # a wrong format string is no reason to lose what was to be said
        print(f"log call with wrong arguments: {record.pathname}:{record.lineno}", file=sys.stderr)  # noqa: T201
        return f"{record.msg} {record.args!r}"


def _set_levels(names: Iterable[str], level: int) -> None:
    for name in names:
        logging.getLogger(name).setLevel(level)
