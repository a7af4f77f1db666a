"""Cut a byte stream into lines, wherever the chunks were cut."""

from __future__ import annotations

MEGABYTE = 1 << 20
MAX_LINE = 32 * MEGABYTE


class LineSplitter:
    """Feed it bytes, get whole lines without their ends (LF, CRLF, CR, mixed). A byte order mark before the first
    line is dropped. A line longer than `max_line` bytes comes out as None, once, as soon as it is too long."""

    def __init__(self, max_line: int = MAX_LINE) -> None:
        self.max_line = max_line
        self._tail: list[bytes] = []
        self._tail_size = 0
        self._too_long = False
        self._after_cr = False
        self._first = True

    def feed(self, chunk: bytes) -> list[bytes | None]:
        """The lines that `chunk` completes."""
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk[0] == 10:  # the LF of a CRLF whose CR came in the chunk before
                chunk = chunk[1:]
        if not chunk:
            return []
        lines: list[bytes | None] = list(chunk.splitlines())
        self._after_cr = chunk[-1] == 13
        rest = None if chunk[-1] in (10, 13) else lines.pop()
        if lines:
            told = self._too_long
            lines[0] = self._finish(lines[0] or b"")
            if told:
                del lines[0]
            if any(line is not None and len(line) > self.max_line for line in lines):
                lines = [None if line is not None and len(line) > self.max_line else line for line in lines]
        if rest is not None:
            told = self._too_long
            self._keep(rest)
            if self._too_long and not told:
                lines.append(None)
        return lines

    def close(self) -> bytes | None:
        """The last line if it had no end; None if there is nothing, or it was too long."""
        line = self._finish(b"")
        return line or None

    def _keep(self, piece: bytes) -> None:
        self._tail_size += len(piece)
        if self._tail_size > self.max_line:
            self._too_long = True
            self._tail.clear()
        if not self._too_long:
            self._tail.append(piece)

    def _finish(self, piece: bytes) -> bytes | None:
        self._keep(piece)
        line = None if self._too_long else b"".join(self._tail)
        self._tail.clear()
        self._tail_size, self._too_long = 0, False
        if self._first and line is not None:
            line = line.removeprefix(b"\xef\xbb\xbf")
        self._first = False
        return line
