"""One JSON object a line, also when it is dressed as server-sent events."""

from __future__ import annotations

from desktop.core.wire.frames import AnyFrame, Comment, Frame, TooLong
from desktop.core.wire.lines import MAX_LINE, LineSplitter

_DRESSING = (b"event:", b"id:", b"retry:")


class NdjsonFramer:
    """Gives a `Frame` for each line that is not blank. A `data:` before the object is taken off; the other lines of
    the SSE dress are skipped, its comments kept: at least one server says one framing and sends the other."""

    def __init__(self, max_line: int = MAX_LINE, max_event: int = 0) -> None:
        """`max_event` is of no use here: an event is a line."""
        self._lines = LineSplitter(max_line)

    def feed(self, chunk: bytes) -> list[AnyFrame]:
        """What `chunk` completes."""
        out: list[AnyFrame] = []
        for line in self._lines.feed(chunk):
            if line is None:
                out.append(TooLong(self._lines.max_line))
            elif line:
                self._line(line, out)
        return out

    def close(self) -> list[AnyFrame]:
        """The last line if it had no end; whoever calls this must check that it is whole."""
        out: list[AnyFrame] = []
        line = self._lines.close()
        if line:
            self._line(line, out)
        return out

    def _line(self, line: bytes, out: list[AnyFrame]) -> None:
        line = line.strip()
        if line.startswith(b":"):
            out.append(Comment(line[1:].decode("utf-8", "replace").strip()))
        elif line and not line.startswith(_DRESSING):
            out.append(Frame(line.removeprefix(b"data:").strip().decode("utf-8", "replace")))
