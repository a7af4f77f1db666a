"""Compressed bodies, taken apart in small pieces: a bomb costs no more memory than any long answer."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Mapping

from desktop.core.errors import StreamBroken
from desktop.core.language import tr

_PIECE = 64 * 1024
_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


def plain(chunks: AsyncIterator[bytes], headers: Mapping[str, str]) -> AsyncIterator[bytes]:
    """The body without its compression. Raises StreamBroken for a coding nobody asked for, for bytes that are not
    what they claim, and for an end that comes too early."""
    coding = headers.get("content-encoding", "").strip().lower()
    return chunks if coding in ("", "identity") else _inflated(chunks, coding)


async def _inflated(chunks: AsyncIterator[bytes], coding: str) -> AsyncIterator[bytes]:
    if coding not in _WINDOWS:
        raise StreamBroken(
            tr("The server compressed its answer in a way that was not asked for ({coding}).", coding=coding[:40])
        )
    machine = None
    async for chunk in chunks:
        machine = machine or zlib.decompressobj(_window(coding, chunk))
        while chunk:
            yield _piece(machine, chunk)
            chunk = machine.unconsumed_tail
            if chunk:
                await asyncio.sleep(0)
        while rest := _piece(machine, b""):  # output that waits although all input is taken
            yield rest
    if machine is not None and not machine.eof:
        raise StreamBroken(tr("The server's compressed answer ended too early. The server may still be working."))


def _piece(machine: zlib._Decompress, chunk: bytes) -> bytes:
    try:
        return machine.decompress(chunk, _PIECE)
    except zlib.error as error:
        raise StreamBroken(tr("The server's answer says that it is compressed, and is not."), repr(error)) from error


def _window(coding: str, start: bytes) -> int:
    """zlib's number for the coding; some servers mean the bare form by `deflate`."""
    bare = coding == "deflate" and start[:1] and start[0] & 0x0F != 8
    return -15 if bare else _WINDOWS[coding]
