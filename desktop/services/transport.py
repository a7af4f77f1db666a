"""The only place that speaks HTTP. httpx's errors become ours in `neterrors`, and bytes go up as they came.

Redirects are not followed and cookies not kept; no call leaves the origin it was allowed. httpx and the TLS context
take 80 ms and more to load, so `warm` does that in a thread before the first request needs them.
"""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from desktop import __version__
from desktop.core.errors import ConnectionFailed, SluiceError, StreamBroken
from desktop.core.events import Failure
from desktop.core.language import tr
from desktop.core.requests import HttpCall, Reply
from desktop.services import logs
from desktop.services.network import DIRECT, Choice, Route, context_for, inflate, place, speaks
from desktop.services.network.neterrors import no_address, ours, proxy_login
from desktop.services.network.upload import PIECE, Gone, unheard, upload_of
from desktop.services.network.way import Way, way_of
from desktop.services.turns import Turns

if TYPE_CHECKING:
    import httpx

    from desktop.services.network.desktop_proxies import DesktopProxies

_log = logging.getLogger(__name__)
_MAX_REPLY = 64 * 1024 * 1024  # of an answer that is read whole
_MAX_ERROR = 1024 * 1024  # of an error's body: enough to find its words in
_TRUSTS_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # for what is not encrypted
_tls: ssl.SSLContext | None = None
_tls_lock = Lock()


# What httpx itself loads only at the first request: in the window's thread that would be two or three frames.
_LAZY = ("httpcore", "httpcore._backends.anyio", "anyio._backends._asyncio", "anyio.streams.stapled", "anyio.to_thread")


def warm() -> None:
    """Load httpx and the TLS context once; safe from any thread. What is wrong with it is said when it is needed."""
    for name in _LAZY:
        with suppress(ImportError):
            import_module(name)
    with suppress(SluiceError):
        trusted()


def trusted() -> ssl.SSLContext:
    """The TLS context that connections share. Raises ConnectionFailed, as `usual_context`."""
    global _tls
    with _tls_lock:
        if _tls is None:
            _tls = usual_context()
        return _tls


def usual_context() -> ssl.SSLContext:
    """A TLS context that trusts the authorities that come with the program, and those that this computer trusts:
    an office's own authority is among the latter. SSL_CERT_FILE and SSL_CERT_DIR replace both. Raises ConnectionFailed
    where what they name cannot be used."""
    import httpx

    try:
        context = httpx.create_ssl_context()
        context.load_default_certs()
    except OSError as error:  # ssl.SSLError among them
        raise ConnectionFailed(_no_authorities(), repr(error), code="certificate") from error
    return context


def _no_authorities() -> str:
    name = next((n for n in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(n)), None)
    if name is None:
        return tr("The list of certificate authorities that comes with Sluice cannot be read. Install Sluice anew.")
    return tr(
        "{name} in the environment names certificates that cannot be read: {path}. Correct or unset {name} and start "
        "Sluice again.", name=name, path=os.environ[name],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Opened:
    """A response whose body is still to come."""

    status: int
    headers: dict[str, str]
    chunks: AsyncIterator[bytes]
    way: Way = field(default_factory=Way)


@dataclass(slots=True)
class _Client:
    """A client with how many use it now. One that was left while it connected is `stale`: its pool never lets go of
    that connection, so it is closed after its last use."""

    http: httpx.AsyncClient
    users: int = 0
    stale: bool = False


class Transport:
    """The clients of all sessions, one for each route. `desktop` is asked for a proxy where nobody else names one, and
    closed with the rest."""

    def __init__(self, desktop: DesktopProxies | None = None) -> None:
        self._desktop = desktop
        self._clients: dict[tuple[Route, str | None, bool], _Client] = {}
        self.turns = Turns()  # of those who read what came over it
        self._ways: dict[tuple[Route, tuple[str, str, int | None]], Way] = {}

    def way(self, url: str, route: Route = DIRECT) -> Way | None:
        """How the last answer from this address's origin came; None if none did in this run of the program."""
        try:
            return self._ways.get((route, origin(url)))
        except ValueError:
            return None

    async def choose(self, url: str, route: Route = DIRECT) -> Choice:
        """The proxy for calls to `url`, and the rule. Raises ConnectionFailed for an address that is none, and for a
        proxy that Sluice does not speak to."""
        try:
            choice = route.choose(url)
        except ValueError as error:
            raise no_address(repr(error)) from error
        if choice.unsaid and self._desktop is not None:
            choice = await self._desktop.choose(url) or choice
        if choice.proxy is not None:
            _check(choice.proxy)
        return choice

    async def fetch(self, call: HttpCall, route: Route = DIRECT, gone: Gone = unheard) -> Reply:
        """One whole answer. Never raises for what the network does: `failure` says it. `gone` hears how much of a
        large body is on its way."""
        try:
            async with self.stream(call, route, gone) as opened:
                body = bytearray()
                most = _MAX_REPLY if opened.status < 400 else _MAX_ERROR
                async for chunk in opened.chunks:
                    body += chunk
                    if len(body) > most:
                        if opened.status >= 400:
                            break
                        raise StreamBroken(tr("The server's answer is longer than the limit of 64 MB."))
                return Reply(opened.status, opened.headers, bytes(body[:most]))
        except SluiceError as error:
            return Reply(0, {}, b"", failure_from(error))

    @asynccontextmanager
    async def stream(self, call: HttpCall, route: Route = DIRECT, gone: Gone = unheard) -> AsyncIterator[Opened]:
        """The answer as it comes. Raises ConnectionFailed before its head, StreamBroken after. `gone` as in `fetch`."""
        choice = await self.choose(call.url, route)
        client = await self._client(route, choice.proxy, _is_secure(call.url, choice.proxy), call.fresh)
        client.users += 1
        began = False
        import httpx

        try:
            request = await self._request(client.http, call, route, gone)
            response = await client.http.send(request, stream=True)
            try:
                if response.status_code == 407 and choice.proxy:
                    raise proxy_login(call.url, choice.proxy)
                began = True
                headers = {name.lower(): value for name, value in response.headers.items()}
                chunks = inflate.plain(response.aiter_raw(), headers)
                way = self._ways[route, origin(call.url)] = way_of(response, choice, bool(route.network.pinned))
                yield Opened(response.status_code, headers, chunks, way)
            finally:
                await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ssl.SSLError, UnicodeError) as error:
            _log.debug("%s %s: %r", call.method, urlsplit(call.url).path, error)
            raise ours(error, call.url, began, choice) from error
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
        if self._desktop is not None:
            self._desktop.close()

    async def _request(self, client: httpx.AsyncClient, call: HttpCall, route: Route, gone: Gone) -> httpx.Request:
        import httpx

        body, headers = await _encoded(call, gone)
        network = route.network
        read = network.silence_timeout if call.stream and call.timeout is None else call.timeout
        if not call.stream and network.reply_timeout is not None:
            read = network.reply_timeout
        timeout = httpx.Timeout(read, connect=network.connect_timeout, pool=None)
        return client.build_request(call.method, call.url, content=body, headers=headers, timeout=timeout)

    async def _client(self, route: Route, proxy: str | None, secure: bool, fresh: bool) -> _Client:
        """The client of a route, made once; or one for a single call."""
        if fresh:
            return _Client(await self._make(route, proxy, secure), stale=True)
        key = (route, proxy, secure)
        held = self._clients.get(key)
        if held is None or held.stale:
            made = _Client(await self._make(route, proxy, secure))
            held = self._clients.get(key)
            if held is not None and not held.stale:  # another call was quicker
                await made.http.aclose()
                return held
            held = self._clients[key] = made
        return held

    async def _make(self, route: Route, proxy: str | None, secure: bool) -> httpx.AsyncClient:
        context = await asyncio.to_thread(_context, route) if secure else _TRUSTS_NOBODY
        import httpx

        try:
            return httpx.AsyncClient(
                verify=context,
                proxy=proxy,
                trust_env=False,  # `choose` has looked already
                follow_redirects=False,
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                headers={
                    "User-Agent": f"Sluice/{__version__}",
                    "Accept-Encoding": "gzip, deflate",
                },
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
            )
        except httpx.InvalidURL as error:
            raise _no_proxy(error) from error


def _context(route: Route) -> ssl.SSLContext:
    network = route.network
    if not (network.ca_file or network.client_cert or network.pinned):
        return trusted()
    try:
        return context_for(route, usual_context)
    except SluiceError as error:
        raise ConnectionFailed(error.headline, error.detail, code="certificate") from error


def _check(proxy: str) -> None:
    """Keep its password out of the log. Raise ConnectionFailed if its address cannot be read or is of a kind that is
    not spoken."""
    try:
        password = urlsplit(proxy).password or ""
        spoken = speaks(proxy)
    except ValueError as error:
        raise _no_proxy(error) from error
    logs.redact(password)
    logs.redact(unquote(password))
    if not spoken:
        words = tr(
            "The proxy {proxy} is of a kind that Sluice does not speak; it takes http and https.", proxy=place(proxy)
        )
        raise ConnectionFailed(words, code="proxy")


def _no_proxy(error: Exception) -> ConnectionFailed:
    words = tr(
        "The address of the proxy cannot be read. Correct it where it is set: in this connection, the environment or "
        "the settings of this computer."
    )
    return ConnectionFailed(words, type(error).__name__, code="proxy")  # the error itself might tell the login


def _is_secure(url: str, proxy: str | None) -> bool:
    return any(address.startswith("https:") for address in (url.lower(), proxy or ""))


def origin(url: str) -> tuple[str, str, int | None]:
    """(scheme, host, port) of an address, the port's default filled in. Raises ValueError for nonsense."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def failure_from(error: SluiceError, code: str | None = None) -> Failure:
    """An error of ours as the failure of a reply."""
    return Failure(error.headline, code=code or error.code)


async def _encoded(call: HttpCall, gone: Gone) -> tuple[bytes | AsyncIterator[bytes] | None, dict[str, str]]:
    """Body and headers."""
    headers = dict(call.headers)
    if call.stream:
        headers["Accept-Encoding"] = "identity"  # compressed streams are held back by most encoders
    if call.json is None:
        return None, headers
    headers.setdefault("Content-Type", "application/json")
    upload = await upload_of(call.json)
    if upload.size <= PIECE:
        return b"".join(upload.pieces()), headers
    return upload.stream(gone), {**headers, "Content-Length": str(upload.size)}
