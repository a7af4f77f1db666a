"""Open recordings: our own, and single answers in `.http` files, whose protocol is found out if nobody names it."""

from __future__ import annotations

from pathlib import Path

from desktop.core.adapters import PROTOCOLS, adapter_class
from desktop.core.events import Raw, RunEnded
from desktop.core.language import tr
from desktop.core.recordings.recording import SUFFIX, NoRecording, Recording, from_http, is_recording, read
from desktop.core.recordings.replay import parse_http, play
from desktop.core.requests import Connection, Prompt, Talk

_LARGEST = 1 << 30
_ENOUGH = 64 * 1024  # bytes to know a protocol by


def load(path: Path, protocol: str | None = None) -> Recording:
    """The recording in a file. `protocol` is for a `.http` file. Raises NoRecording, with words for people."""
    try:
        if path.stat().st_size > _LARGEST:
            raise NoRecording(tr("{name} is larger than 1 GB, which is too much for a recording.", name=path.name))
        data = path.read_bytes()
    except OSError as error:
        raise NoRecording(tr("{name} cannot be read: {reason}.", name=path.name, reason=error.strerror)) from error
    if not is_recording(data):
        return from_http(data, protocol or _guess(data, path.parent.name), path.stem)
    try:
        return read(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise NoRecording(tr("{name} is damaged: it is no text in UTF-8.", name=path.name)) from error


def default_name(title: str) -> str:
    """A file name of ours for a recording: the title's plain characters only."""
    words = "".join(c if c.isalnum() and c.isascii() else " " for c in title).split()
    return f"{'-'.join(words)[:60] or 'recording'}{SUFFIX}"


def _guess(data: bytes, folder: str) -> str:
    """The protocol that understands the most of an answer."""
    if folder in PROTOCOLS:
        return folder
    try:
        status, headers, body = parse_http(data[:_ENOUGH])
    except ValueError as error:
        raise NoRecording(str(error)) from error

    def score(protocol: str) -> tuple[int, int]:
        run = adapter_class(protocol)(Connection(protocol, "http://replay.invalid")).run(Prompt("?"), Talk("?"))
        events = list(play(run, status, headers, [body]))
        bad = sum(isinstance(e, Raw) or (isinstance(e, RunEnded) and e.reason == "no-stream") for e in events)
        return len(events) - 2 * bad, -bad

    return max(reversed(PROTOCOLS), key=score)  # the plainest one of equals
