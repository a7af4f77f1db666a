"""A small HTTP proxy: forwards, tunnels, wants a login, refuses, or hangs up."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from contextlib import suppress
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit


class Proxy:
    """`asked` keeps the first line of every request. `how` is "work", "refuse" or "hang up"; every name leads to
    `target` if that is set."""

    def __init__(self, login: str = "", how: str = "work", target: tuple[str, int] | None = None) -> None:
        self.login, self.how, self.target = login, how, target
        self.asked: list[str] = []
        self.url = ""
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: Any, trace: TracebackType | None) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._answer(reader, writer)
        writer.transport.abort()
        self._tasks.discard(task)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        self.asked.append(first)
        method, where, _ = first.split(" ")
        if self.how == "hang up":
            return None
        wanted = f"Basic {b64encode(self.login.encode()).decode()}"
        if self.login and not any(line.lower() == f"proxy-authorization: {wanted}".lower() for line in lines):
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return await writer.drain()
        if self.how == "refuse":
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return await writer.drain()
        parts = urlsplit(where if "://" in where else f"//{where}")
        host, port = self.target or (parts.hostname or "", parts.port or 80)
        there, back = await asyncio.open_connection(host, port)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            path = f"{parts.path}?{parts.query}" if parts.query else parts.path
            kept = [line for line in lines if not line.lower().startswith("proxy-")]
            back.write("\r\n".join([f"{method} {path or '/'} HTTP/1.1", *kept]).encode("latin-1"))
        try:
            await asyncio.gather(_pump(reader, back), _pump(there, writer))
        finally:
            back.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
