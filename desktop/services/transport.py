"""The only place that speaks HTTP. httpx's errors become ours here, and bytes go up exactly as they came.

Redirects are not followed and cookies not kept; no call leaves the origin it was allowed. httpx and the TLS context
take 80 ms and more to load, so `warm` does that in a thread before the first request needs them.
"""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from desktop import __version__
from desktop.core.errors import ConnectionFailed, SluiceError, StreamBroken, TimedOut, TlsFailed
from desktop.core.events import Failure
from desktop.core.requests import HttpCall, Reply
from desktop.core.wire.jsontext import clean

if TYPE_CHECKING:
    import httpx

_log = logging.getLogger(__name__)
_CONNECT = 15.0  # seconds
_MAX_REPLY = 64 * 1024 * 1024  # of an answer that is read whole
_LOOPBACK = ("all://localhost", "all://127.0.0.1", "all://[::1]")
_tls: ssl.SSLContext | None = None
_tls_lock = Lock()


def warm() -> ssl.SSLContext:
    """Load httpx and the TLS context once; safe from any thread."""
    global _tls
    with _tls_lock:
        if _tls is None:
            import httpx

            _tls = httpx.create_ssl_context()
        return _tls


@dataclass(frozen=True, slots=True)
class Opened:
    """A response whose body is still to come."""

    status: int
    headers: dict[str, str]
    chunks: AsyncIterator[bytes]


class Transport:
    """One shared client for all sessions. `http` lets tests put their own httpx transport below it."""

    def __init__(self, http: httpx.AsyncBaseTransport | None = None) -> None:
        self._http = http
        self._client: httpx.AsyncClient | None = None

    async def fetch(self, call: HttpCall) -> Reply:
        """One whole answer. Never raises for what the network does: `failure` says it."""
        opened: Opened | None = None
        try:
            async with self.stream(call) as opened:
                body = bytearray()
                async for chunk in opened.chunks:
                    body += chunk
                    if len(body) > _MAX_REPLY:
                        raise StreamBroken("The server's answer is too large.")
                return Reply(opened.status, opened.headers, bytes(body))
        except SluiceError as error:
            return Reply(0, {}, b"", failure_from(error))

    @asynccontextmanager
    async def stream(self, call: HttpCall) -> AsyncIterator[Opened]:
        """The answer as it comes. Raises ConnectionFailed before its head, StreamBroken after."""
        client = await self._ready()
        if call.fresh:
            client = self._make()
        head: Opened | None = None
        import httpx

        try:
            body, headers = await _encoded(call)
            timeout = httpx.Timeout(call.timeout, connect=_CONNECT, pool=None)
            request = client.build_request(call.method, call.url, content=body, headers=headers, timeout=timeout)
            response = await client.send(request, stream=True)
            try:
                plain = {name.lower(): value for name, value in response.headers.items()}
                head = Opened(response.status_code, plain, response.aiter_bytes())
                yield head
            finally:
                await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ssl.SSLError, UnicodeError) as error:
            _log.debug("%s %s: %r", call.method, urlsplit(call.url).path, error)
            raise _ours(error, call.url, head is not None) from error
        finally:
            if call.fresh:
                await client.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _ready(self) -> httpx.AsyncClient:
        if _tls is None:
            await asyncio.to_thread(warm)
        if self._client is None:
            self._client = self._make()
        return self._client

    def _make(self) -> httpx.AsyncClient:
        import httpx

        jar = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        options: dict[str, Any] = {"transport": self._http} if self._http else {"mounts": dict.fromkeys(_LOOPBACK)}
        return httpx.AsyncClient(
            verify=warm(),
            follow_redirects=False,
            cookies=jar,
            headers={"User-Agent": f"Sluice/{__version__}"},
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
            **options,
        )


def origin(url: str) -> tuple[str, str, int | None]:
    """(scheme, host, port) of an address, the port's default filled in. Raises ValueError for nonsense."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def failure_from(error: SluiceError, code: str | None = None) -> Failure:
    """An error of ours as the failure of a reply."""
    return Failure(error.headline, code=code or error.code)


async def _encoded(call: HttpCall) -> tuple[bytes | None, dict[str, str]]:
    """Body and headers. A large body (pictures) is encoded in a thread."""
    headers = dict(call.headers)
    if call.stream:
        headers["Accept-Encoding"] = "identity"  # compressed streams are held back by most encoders
    if call.json is None:
        return None, headers
    headers.setdefault("Content-Type", "application/json")
    return await asyncio.to_thread(_dump, call.json) if _is_large(call.json) else _dump(call.json), headers


def _dump(value: Any) -> bytes:
    return json.dumps(clean(value), ensure_ascii=False, separators=(",", ":")).encode()


def _is_large(value: Any, limit: int = 100_000) -> bool:
    if isinstance(value, str):
        return len(value) > limit
    if isinstance(value, dict):
        return any(_is_large(v, limit) for v in value.values())
    return isinstance(value, list) and any(_is_large(v, limit) for v in value)


def _ours(error: Exception, url: str, began: bool) -> SluiceError:
    """Our error for one of httpx's, in words for people."""
    import httpx

    where = _place(url)
    detail = repr(error)
    if began:
        words = "The connection broke in the middle of the answer. The server may still be working."
        return StreamBroken(words, detail)
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol | UnicodeError):
        return ConnectionFailed("The address is not complete. It begins with http:// or https://.", detail)
    if isinstance(error, httpx.ProxyError):
        return ConnectionFailed(f"The proxy on the way to {where} refused or did not answer.", detail)
    if isinstance(error, httpx.TimeoutException):
        return TimedOut(f"{where} did not answer in time.", detail)
    text = _reasons(error)
    if "certificate" in text.lower() or isinstance(error, ssl.SSLError) or "[SSL" in text:
        return TlsFailed(f"The secure connection to {where} failed: {_tls_words(text)}", detail)
    if "name or service not known" in text.lower() or "getaddrinfo" in text or "name resolution" in text.lower():
        return ConnectionFailed(f"No computer called {urlsplit(url).hostname} was found. Check the address.", detail)
    if isinstance(error, httpx.ConnectError):
        return ConnectionFailed(f"Nothing answers at {where}. Is the server running, and is the address right?", detail)
    return StreamBroken(f"{where} closed the connection without an answer.", detail)


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _reasons(error: BaseException) -> str:
    """The texts of the error and of what caused it."""
    texts: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(texts) < 6:
        texts.append(str(cause))
        cause = cause.__cause__ or cause.__context__
    return " / ".join(texts)


def _tls_words(text: str) -> str:
    low = text.lower()
    if "expired" in low:
        return "the certificate has expired."
    if "hostname mismatch" in low or "doesn't match" in low or "not valid for" in low:
        return "the certificate is for another name."
    if "self-signed" in low or "self signed" in low or "unable to get local issuer" in low:
        return "the certificate was not issued by anyone this computer trusts."
    if "wrong version number" in low or "record layer" in low:
        return "the server does not speak TLS there. Perhaps the address begins with http://."
    return "the certificate was not accepted."
