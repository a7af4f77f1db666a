"""The bytes of recorded answers: in memory while they are few, in private files when they are many."""

from __future__ import annotations

import os
import tempfile
from array import array
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from desktop.services.paths import private_folder


class Body:
    """The bytes of one answer, with where its chunks end. Masked places keep their length."""

    def __init__(self) -> None:
        self.ends = array("Q")
        self.size = 0
        self.in_memory = 0  # bytes
        self._bytes = bytearray()
        self._file: BinaryIO | None = None
        self._path: Path | None = None

    def append(self, data: bytearray, ends: Sequence[int]) -> None:
        """More chunks, joined, and where in them each ends. Raises OSError if the disk takes no more."""
        if self._file is not None:
            self._file.seek(0, os.SEEK_END)
            self._file.write(data)
        else:
            self._bytes += data
            self.in_memory += len(data)
        before = self.size
        self.ends.extend([before + end for end in ends])
        self.size += len(data)

    def read(self, start: int, end: int) -> bytes:
        """The bytes from `start` up to `end`."""
        if self._file is None:
            return bytes(self._bytes[start:end])
        self._file.seek(start)
        return self._file.read(max(0, end - start))

    def chunk(self, index: int) -> bytes:
        """One chunk as it came."""
        return self.read(self.start_of(index), self.ends[index])

    def start_of(self, index: int) -> int:
        """Where a chunk begins."""
        return self.ends[index - 1] if index else 0

    def mask(self, start: int, end: int) -> None:
        """Overwrite what turned out to be secret."""
        if self._file is None:
            self._bytes[start:end] = b"*" * (end - start)
        else:
            self._file.seek(start)
            self._file.write(b"*" * (end - start))

    def spill(self, folder: Path) -> None:
        """Move to a file that only this person can read. Raises OSError."""
        if self._file is not None:
            return
        private_folder(folder)
        number, name = tempfile.mkstemp(prefix="ring-", suffix=".bytes", dir=folder)  # 0600 from the start
        file = os.fdopen(number, "w+b", buffering=1 << 16)
        try:
            file.write(self._bytes)
        except OSError:
            file.close()
            os.unlink(name)
            raise
        self._file, self._path = file, Path(name)
        self._bytes, self.in_memory = bytearray(), 0

    def drop(self) -> None:
        """Forget the bytes."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink()
        self._bytes, self.in_memory = bytearray(), 0


def sweep(folder: Path) -> None:
    """Remove what an earlier start that was killed left behind."""
    with suppress(OSError):
        for left in folder.glob("ring-*.bytes"):
            with suppress(OSError):
                left.unlink()
