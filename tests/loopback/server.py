"""A small HTTP/1.1 server for tests: streams in chunks, notices when the client leaves, can break off hard."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Request:
    """What a client asked. Header names are in lower case; `connection` counts the connections from 1."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> Any:
        """The body as JSON, or None."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


class Exchange:
    """The answer to one request. Either `reply`, or `start`, `send`..., and at its end `end` or `break_off`; a
    handler that returns without an end is ended for it."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.gone = asyncio.Event()  # the client closed the connection
        self.state = "new"

    async def reply(self, status: int, body: Any = b"", headers: dict[str, str] | None = None) -> None:
        """A whole answer; what is neither bytes nor text goes out as JSON."""
        named = {name.lower(): value for name, value in (headers or {}).items()}
        if not isinstance(body, bytes | str):
            named.setdefault("content-type", "application/json")
            body = json.dumps(body)
        data = body.encode() if isinstance(body, str) else body
        await self._head(status, {**named, "content-length": str(len(data))})
        await self._write(data)
        self.state = "ended"

    async def start(self, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """The head of a streamed answer."""
        await self._head(status, {**(headers or {}), "transfer-encoding": "chunked"})
        self.state = "streaming"

    async def send(self, data: bytes | str) -> None:
        """One chunk. Raises ConnectionError when the client is gone."""
        if self.gone.is_set():
            raise ConnectionResetError("the client is gone")
        data = data.encode() if isinstance(data, str) else data
        if data:
            await self._write(b"%x\r\n%b\r\n" % (len(data), data))

    async def end(self) -> None:
        """The regular end of a streamed answer."""
        await self._write(b"0\r\n\r\n")
        self.state = "ended"

    def break_off(self) -> None:
        """Close in the middle, as a network does."""
        self.state = "broken"
        self._writer.transport.abort()

    async def _head(self, status: int, headers: dict[str, str]) -> None:
        try:
            phrase = HTTPStatus(status).phrase
        except ValueError:
            phrase = "Unknown"
        lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
        await self._write("\r\n".join([*lines, "", ""]).encode("latin-1"))

    async def _write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()


Handler = Callable[[Request, Exchange], Awaitable[None]]


@dataclass
class Server:
    """Listens on a free port of this machine while used as an async context manager. `requests` keeps all that was
    asked; an error in a handler is raised again at the end. While `takes` is clear, no body is read. A body of more
    than `most` bytes is refused unread, with 413."""

    handler: Handler
    requests: list[Request] = field(default_factory=list)
    takes: asyncio.Event = field(default_factory=asyncio.Event)
    most: int | None = None
    tls: ssl.SSLContext | None = None
    url: str = ""

    async def __aenter__(self) -> Server:
        self._connections = 0
        self.takes.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._errors: list[Exception] = []
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: Any, trace: TracebackType | None) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._errors and kind is None:
            raise self._errors[0]

    def asked(self, method: str, path: str) -> list[Request]:
        """The requests of this method to this path, oldest first."""
        return [request for request in self.requests if (request.method, request.path) == (method, path)]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._connections += 1
        try:
            await self._talk(reader, writer, self._connections)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client left, or the test is over
        except Exception as error:
            self._errors.append(error)
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        early = b""
        while (head := await _head(early, reader)) is not None:
            exchange = Exchange(writer)
            size = int(head[1].get("content-length", "0"))
            if self.most is not None and size > self.most:
                await exchange.reply(413, {"error": {"message": "too large"}}, {"connection": "close"})
                await reader.read(-1)  # to close over unread bytes would reset, and lose the answer
                return
            request = _request(head, await self._body(reader, size), number)
            self.requests.append(request)
            watch = asyncio.create_task(_watch(reader, exchange))
            try:
                await self.handler(request, exchange)
                if exchange.state == "new":
                    await exchange.reply(500, "the handler said nothing")
                elif exchange.state == "streaming":
                    await exchange.end()
            finally:
                early = await _stopped(watch)
            if exchange.state == "broken":
                return

    async def _body(self, reader: asyncio.StreamReader, size: int) -> bytes:
        body = b""
        while len(body) < size:
            await self.takes.wait()
            piece = await reader.read(min(size - len(body), 1 << 20))
            if not piece:
                raise ConnectionResetError("the client left in mid-body")
            body += piece
        return body


async def _watch(reader: asyncio.StreamReader, exchange: Exchange) -> bytes:
    """Wait for the client to leave. Returns the first byte of its next request if that came instead."""
    data = b""
    with suppress(ConnectionError):
        data = await reader.read(1)
    if not data:
        exchange.gone.set()
    return data


async def _stopped(watch: asyncio.Task[bytes]) -> bytes:
    """End the watch. Returns what it read too early."""
    watch.cancel()
    try:
        return await watch
    except asyncio.CancelledError:
        return b""


async def _head(early: bytes, reader: asyncio.StreamReader) -> tuple[str, dict[str, str]] | None:
    """The first line and the headers; None if the client left."""
    try:
        head = (early + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.rstrip().split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return first, {name.strip().lower(): value.strip() for name, _, value in pairs}


def _request(head: tuple[str, dict[str, str]], body: bytes, number: int) -> Request:
    first, headers = head
    method, target, _ = first.split(" ", 2)
    parts = urlsplit(target)
    return Request(method, parts.path, dict(parse_qsl(parts.query)), headers, body, number)
