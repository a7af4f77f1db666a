"""Cut a body into the frames that a person reads, without losing a byte: joined, they are the body again."""

from __future__ import annotations

import re

_EVENT_END = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r)+")
_LINE_END = re.compile(rb"(?:\r\n|\n|\r)+")
_SSE_STARTS = (b"data", b"event", b"id:", b"retry", b":")
_BOM = b"\xef\xbb\xbf"


class Cutter:
    """Fed the bytes of one body, gives pieces that end where a frame ends. How frames end is seen from the first
    bytes: server-sent events by blank lines, lines of JSON by line ends; anything else is one frame. `lines` says that
    the protocol sends lines, whatever the media type."""

    def __init__(self, media: str = "", lines: bool = False) -> None:
        self._end: re.Pattern[bytes] | None = None
        self._media = media
        self._lines = lines or any(name in media for name in ("ndjson", "jsonl", "json-seq"))
        self._sniffed = False
        self._tail = b""

    def feed(self, chunk: bytes) -> list[tuple[bytes, bool]]:
        """(piece, whole) of the chunk; joined, the pieces are the chunk. `whole` says that a frame ends with it."""
        if not self._sniffed:
            self._sniff(chunk)
        if self._end is None:
            return [(chunk, False)] if chunk else []
        pieces: list[tuple[bytes, bool]] = []
        start = self._over(chunk, pieces)
        for match in self._end.finditer(chunk, start):
            pieces.append((chunk[start : match.end()], True))
            start = match.end()
        if start < len(chunk):
            pieces.append((chunk[start:], False))
        self._tail = chunk[-2:] if chunk else self._tail
        return pieces

    def _over(self, chunk: bytes, pieces: list[tuple[bytes, bool]]) -> int:
        """An end that the border between two chunks cuts. Returns where the rest begins."""
        tail = self._tail
        if not tail or tail[-1] not in b"\r\n" or chunk[:1] not in (b"\r", b"\n"):
            return 0
        joined = tail + chunk[:2]
        for match in self._end.finditer(joined) if self._end else ():
            if match.end() > len(tail) and match.start() < len(tail):
                cut = match.end() - len(tail)
                pieces.append((chunk[:cut], True))
                return cut
        return 0

    def _sniff(self, chunk: bytes) -> None:
        first = chunk.removeprefix(_BOM).lstrip(b" \r\n\t")
        if not first:
            return
        self._sniffed = True
        if first.startswith(_SSE_STARTS) or ("event-stream" in self._media and not self._lines):
            self._end = _EVENT_END
        elif self._lines:
            self._end = _LINE_END


def frames_of(body: bytes, media: str = "", lines: bool = False) -> list[bytes]:
    """The frames of a whole body; joined, they are the body."""
    frames: list[bytes] = []
    open_ = b""
    for piece, whole in Cutter(media, lines).feed(body):
        open_ += piece
        if whole:
            frames.append(open_)
            open_ = b""
    return [*frames, open_] if open_ else frames
