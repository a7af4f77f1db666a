"""Server-sent events, after the WHATWG specification, from bytes cut anywhere."""

from __future__ import annotations

from desktop.core.wire.frames import AnyFrame, Comment, Frame, TooLong
from desktop.core.wire.lines import MAX_LINE, MEGABYTE, LineSplitter

MAX_EVENT = 64 * MEGABYTE


class SseFramer:
    """Gives a `Frame` per dispatched event and a `Comment` per comment line. `last_id` and `retry` (milliseconds)
    hold what the stream said last. An event of more than `max_event` bytes is left out, with a `TooLong`."""

    def __init__(self, max_line: int = MAX_LINE, max_event: int = MAX_EVENT) -> None:
        self._lines = LineSplitter(max_line)
        self._max_event = max_event
        self.last_id: str | None = None
        self.retry: int | None = None
        self._reset()

    def feed(self, chunk: bytes) -> list[AnyFrame]:
        """What `chunk` completes."""
        out: list[AnyFrame] = []
        for line in self._lines.feed(chunk):
            if line is None:
                self._spoilt = True
                out.append(TooLong(self._lines.max_line))
            elif not line:
                self._dispatch(out)
            else:
                self._field(line, out)
        return out

    def close(self) -> list[AnyFrame]:
        """The last event if the body ended before its blank line. The specification drops it; whoever calls this
        must check that its data is whole."""
        out: list[AnyFrame] = []
        line = self._lines.close()
        if line:
            self._field(line, out)
        self._dispatch(out)
        return out

    def _reset(self) -> None:
        self._name = ""
        self._data: list[bytes] = []
        self._size = 0
        self._spoilt = False

    def _field(self, line: bytes, out: list[AnyFrame]) -> None:
        name, colon, value = line.partition(b":")
        if colon and not name:
            out.append(Comment(_text(value).strip()))
            return
        value = value.removeprefix(b" ")
        if name == b"data":
            self._add(value, out)
        elif name == b"event":
            self._name = _text(value)
        elif name == b"id" and b"\0" not in value:
            self.last_id = _text(value)
        elif name == b"retry" and value.isdigit():
            self.retry = int(value[:12])

    def _add(self, value: bytes, out: list[AnyFrame]) -> None:
        self._size += len(value) + 1
        if self._size > self._max_event:
            if not self._spoilt:
                out.append(TooLong(self._max_event))
            self._spoilt = True
            self._data.clear()
        elif not self._spoilt:
            self._data.append(value)

    def _dispatch(self, out: list[AnyFrame]) -> None:
        if self._data and not self._spoilt:
            data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
            out.append(Frame(_text(data), self._name or "message", self.last_id))
        self._reset()


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
