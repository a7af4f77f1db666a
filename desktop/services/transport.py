"""The only place that speaks HTTP. httpx's errors become ours in `neterrors`, and bytes go up as they came.

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
from desktop.core.errors import ConnectionFailed, SluiceError, StreamBroken
from desktop.core.events import Failure
from desktop.core.requests import HttpCall, Reply
from desktop.core.wire.jsontext import clean
from desktop.services import inflate
from desktop.services.neterrors import ours
from desktop.services.network import DIRECT, Route, context_for, fingerprint_of, place

if TYPE_CHECKING:
    import httpx

_log = logging.getLogger(__name__)
_MAX_REPLY = 64 * 1024 * 1024  # of an answer that is read whole
_MAX_ERROR = 1024 * 1024  # of an error's body: enough to find its words in
_tls: ssl.SSLContext | None = None
_tls_lock = Lock()


def warm() -> ssl.SSLContext:
    """Load httpx and the TLS context once; safe from any thread."""
    global _tls
    with _tls_lock:
        if _tls is None:
            _tls = usual_context()
        return _tls


def usual_context() -> ssl.SSLContext:
    """A TLS context that trusts the authorities that come with the program, and those that this computer trusts:
    an office's own authority is among the latter. SSL_CERT_FILE and SSL_CERT_DIR replace both."""
    import httpx

    context = httpx.create_ssl_context()
    context.load_default_certs()
    return context


@dataclass(frozen=True, slots=True)
class Way:
    """How an answer came: the proxy (without its login) or None, and of TLS the version, who vouched for the server,
    and the SHA-256 of its certificate; empty over plain HTTP."""

    proxy: str | None = None
    tls: str = ""
    issuer: str = ""
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """A response whose body is still to come."""

    status: int
    headers: dict[str, str]
    chunks: AsyncIterator[bytes]
    way: Way = Way()


@dataclass(slots=True)
class _Client:
    """A client with how many use it now. One that was left while it connected is `stale`: its pool never lets go of
    that connection, so it is closed after its last use."""

    http: httpx.AsyncClient
    users: int = 0
    stale: bool = False


class Transport:
    """The clients of all sessions, one for each route. `http` lets tests put their own httpx transport below."""

    def __init__(self, http: httpx.AsyncBaseTransport | None = None) -> None:
        self._http = http
        self._clients: dict[tuple[Route, str | None], _Client] = {}

    async def fetch(self, call: HttpCall, route: Route = DIRECT) -> Reply:
        """One whole answer. Never raises for what the network does: `failure` says it."""
        try:
            async with self.stream(call, route) as opened:
                body = bytearray()
                most = _MAX_REPLY if opened.status < 400 else _MAX_ERROR
                async for chunk in opened.chunks:
                    body += chunk
                    if len(body) > most:
                        if opened.status >= 400:
                            break
                        raise StreamBroken("The server's answer is longer than the limit of 64 MB.")
                return Reply(opened.status, opened.headers, bytes(body[:most]))
        except SluiceError as error:
            return Reply(0, {}, b"", failure_from(error))

    @asynccontextmanager
    async def stream(self, call: HttpCall, route: Route = DIRECT) -> AsyncIterator[Opened]:
        """The answer as it comes. Raises ConnectionFailed before its head, StreamBroken after."""
        proxy = _proxy(route, call.url)
        client = await self._client(route, proxy, call.fresh)
        client.users += 1
        began = False
        import httpx

        try:
            request = await self._request(client.http, call, route)
            response = await client.http.send(request, stream=True)
            try:
                began = True
                headers = {name.lower(): value for name, value in response.headers.items()}
                chunks = inflate.plain(response.aiter_raw(), headers)
                yield Opened(response.status_code, headers, chunks, _way(response, proxy))
            finally:
                await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ssl.SSLError, UnicodeError) as error:
            _log.debug("%s %s: %r", call.method, urlsplit(call.url).path, error)
            raise ours(error, call.url, began, proxy) from error
        except asyncio.CancelledError:
            client.stale = client.stale or not began
            raise
        finally:
            client.users -= 1
            if client.stale and not client.users:
                await self._forget(client)

    async def _forget(self, client: _Client) -> None:
        for key in [key for key, held in self._clients.items() if held is client]:
            del self._clients[key]
        await client.http.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        clients = tuple(self._clients.values())
        self._clients.clear()
        for client in clients:
            await client.http.aclose()

    async def _request(self, client: httpx.AsyncClient, call: HttpCall, route: Route) -> httpx.Request:
        import httpx

        body, headers = await _encoded(call)
        network = route.network
        read = network.silence_timeout if call.stream and call.timeout is None else call.timeout
        if not call.stream and network.reply_timeout is not None:
            read = network.reply_timeout
        timeout = httpx.Timeout(read, connect=network.connect_timeout, pool=None)
        return client.build_request(call.method, call.url, content=body, headers=headers, timeout=timeout)

    async def _client(self, route: Route, proxy: str | None, fresh: bool) -> _Client:
        """The client of a route, made once; or one for a single call."""
        if fresh:
            return _Client(await self._make(route, proxy), stale=True)
        key = (route, proxy)
        held = self._clients.get(key)
        if held is None or held.stale:
            made = _Client(await self._make(route, proxy))
            held = self._clients.get(key)
            if held is not None and not held.stale:  # another call was quicker
                await made.http.aclose()
                return held
            held = self._clients[key] = made
        return held

    async def _make(self, route: Route, proxy: str | None) -> httpx.AsyncClient:
        context = await asyncio.to_thread(_context, route)
        import httpx

        try:
            return httpx.AsyncClient(
                verify=context,
                proxy=proxy,
                transport=self._http,
                trust_env=False,  # `Route.proxy_for` has looked already
                follow_redirects=False,
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                headers={"User-Agent": f"Sluice/{__version__}", "Accept-Encoding": "gzip, deflate"},
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
            )
        except (ImportError, ValueError) as error:
            words = f"The proxy {place(proxy or '')} is of a kind that Sluice does not speak; it takes http and https."
            raise ConnectionFailed(words, repr(error), code="proxy") from error


def _context(route: Route) -> ssl.SSLContext:
    network = route.network
    if not (network.ca_file or network.client_cert or network.pinned):
        return warm()
    try:
        return context_for(route, usual_context)
    except SluiceError as error:
        raise ConnectionFailed(error.headline, error.detail, code="certificate") from error


def _proxy(route: Route, url: str) -> str | None:
    try:
        return route.proxy_for(url)
    except ValueError as error:
        raise ConnectionFailed("The address is not complete.", repr(error), code="address") from error


def _way(response: httpx.Response, proxy: str | None) -> Way:
    shown = place(proxy) if proxy else None
    stream = response.extensions.get("network_stream")
    tls: ssl.SSLObject | None = stream.get_extra_info("ssl_object") if stream is not None else None
    if tls is None:
        return Way(shown)
    return Way(shown, tls.version() or "", issuer_of(tls.getpeercert()), fingerprint_of(tls.getpeercert(True) or b""))


def issuer_of(certificate: Any) -> str:
    """Who issued a certificate, from what ssl tells of it; "" if it tells nothing."""
    parts = dict(pair for entry in (certificate or {}).get("issuer", ()) for pair in entry)
    return str(parts.get("organizationName") or parts.get("commonName") or "")


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
