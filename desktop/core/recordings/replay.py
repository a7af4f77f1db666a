"""Play one recorded response through a run, without a network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from desktop.core.adapters.run import Run
from desktop.core.events import AnyEvent, RunEnded
from desktop.core.language import tr
from desktop.core.requests import HttpCall, Reply, Wait


def parse_http(recording: bytes) -> tuple[int, dict[str, str], bytes]:
    """(status, headers with names in lower case, body) of a `.http` recording: status line, headers, blank line, body
    with its transfer coding removed. Raises ValueError if it does not begin like one."""
    found = [(i, len(mark)) for mark in (b"\r\n\r\n", b"\n\n") if (i := recording.find(mark)) >= 0]
    index, length = min(found, default=(-1, 0))
    if not recording.startswith(b"HTTP/") or index < 0:
        raise ValueError(tr("This file is no recording of an HTTP answer: it does not begin with a status line."))
    lines = recording[:index].decode("latin-1").splitlines()
    words = lines[0].split(None, 2)
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return int(words[1]), headers, recording[index + length :]


def play(run: Run, status: int, headers: Mapping[str, str], chunks: Iterable[bytes]) -> Iterator[AnyEvent]:
    """The run's events for this one response; always ends with `run.ended`. A follow-up that the run would ask the
    server for is not made: what is missing then is cut off."""
    yield from run.open(status, headers)
    for chunk in chunks:
        yield from run.feed(chunk)
        if run.enough:
            break
    yield from run.close()
    for step in run.guarded(run.settle(Reply(status, headers, run.body))):
        if isinstance(step, HttpCall | Wait):
            break
        yield step
    if not run.ended:
        yield from run.emit([RunEnded(status="cut", reason="no-end")])
