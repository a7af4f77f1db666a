"""Standard input and output for the commands without a window: UTF-8 whatever the system's language settings say, and
nothing of a server's in them that steers a terminal (erases what was shown, writes what was never said).
"""

from __future__ import annotations

import io
import logging
import os
import re
import sys
from typing import TextIO

from desktop.core.asks.visible import visible
from desktop.core.wire.jsontext import clean
from desktop.services import logs
from desktop.services.system.daemon import in_daemon

_STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_LINE = 4096  # bytes that a terminal gives at once


def prepare(verbose: bool) -> None:
    """Called once, before anything is read or written. What fails inside is told on standard error if `verbose`."""
    for stream, errors in ((sys.stdin, "replace"), (sys.stdout, "replace"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors=errors)
    logging.setLogRecordFactory(logs.Record)
    logging.getLogger().addHandler(logging.StreamHandler() if verbose else logging.NullHandler())


def unsteered(text: str) -> str:
    """Prose for a terminal: what would move its cursor or turn its text around comes as a mark."""
    return _STEERS.sub(lambda found: visible(found[0]), text.replace("\r\n", "\n"))


class Output:
    """A standard stream to which writing never raises. A terminal gets no characters that steer it, a file or a pipe
    gets the text as it is. `trouble` says why nothing more can be written; a pipe that was closed is no trouble."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.is_terminal = stream is not None and stream.isatty()
        self.trouble = "" if stream is not None else "closed"

    def write(self, text: str) -> None:
        """Write at once."""
        if self._stream is None:
            return
        try:
            self._stream.write(clean(unsteered(text) if self.is_terminal else text))
            self._stream.flush()
        except BrokenPipeError:
            self._give_up(self._stream)
        except OSError as error:
            self.trouble = error.strerror or str(error)
            self._give_up(self._stream)

    def _give_up(self, stream: TextIO) -> None:
        """What is still held back would fail once more when Python ends."""
        self._stream = None
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def has_person() -> bool:
    """Whether somebody sees what is asked and can type an answer."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


async def typed() -> str:
    """The next line that a person types, without its end."""
    line = await in_daemon(lambda: os.read(sys.stdin.fileno(), _LINE), "terminal")
    return line.decode("utf-8", "replace").strip()


if sys.platform == "win32":
    import msvcrt

    def forget_typed() -> None:
        """What was typed before a question is no answer to it."""
        while msvcrt.kbhit():
            msvcrt.getwch()

else:
    import termios

    def forget_typed() -> None:
        """What was typed before a question is no answer to it."""
        termios.tcflush(sys.stdin, termios.TCIFLUSH)
