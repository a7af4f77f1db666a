"""What is wrong with a connection: proxy, name, TCP, TLS, HTTP, key, and how the answer streams; with times.

Each step gives a `Check`; the first that fails ends the examination, except where the next may still say something.
No check holds a secret: headers are never shown, and what servers say passes through `scrub`.
"""

from __future__ import annotations

import asyncio
import platform
import socket
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote, urlsplit

from desktop import __version__
from desktop.core.adapters import adapter_class
from desktop.core.adapters.words import media_type
from desktop.core.endings import kind_of
from desktop.core.errors import SluiceError
from desktop.core.events import AnyEvent, RunEnded
from desktop.core.language import mark, number, tr, trn
from desktop.core.requests import Connection, HttpCall, Prompt, Secrets
from desktop.services import logs
from desktop.services.clock import now
from desktop.services.network import Route, context_for, fingerprint_of, fingerprint_words, is_loopback, place
from desktop.services.network.neterrors import no_address, reasons, tls_words
from desktop.services.network.way import Way, chain_of, chosen_words
from desktop.services.session import Session
from desktop.services.transport import Transport, usual_context

State = Literal["ok", "note", "failed"]
_PATIENCE = 15.0  # seconds for each step
_TEST = "This is a test of the connection. Answer with the one word: ready."
_AT_ONCE = 0.02  # seconds within which pieces count as having come together
_REFUSED = mark("{host} refused the connection at port {port}. Is the server running, and is the port right?")
_SILENT = mark("{host} does not answer at port {port}. Is the server running, and is the port right?")
_MARKS = {"ok": "✓", "note": "!", "failed": "✗"}


@dataclass(frozen=True, slots=True)
class Check:
    """One step. `seconds` is how long it took; `certificate` is the SHA-256 of one that could be accepted as an
    exception."""

    name: str
    state: State
    words: str
    seconds: float = 0.0
    certificate: str = ""


@dataclass
class Doctor:
    """Examines one connection as it is set up, saved or not. With `talk` it also sends a short message to the agent,
    which may cost what a message costs."""

    connection: Connection
    secrets: Secrets
    route: Route
    transport: Transport
    talk: bool = False
    checks: list[Check] = field(default_factory=list)
    _proxy: str | None = field(default=None, init=False, repr=False)  # the first step finds it

    async def examine(self) -> AsyncIterator[Check]:
        """The checks, as they are made."""
        self.checks.clear()
        for step in (self._proxy_rule, self._name, self._tcp, self._tls, self._http, self._key, self._stream):
            began = now()
            try:
                async with asyncio.timeout(_PATIENCE if step is not self._stream else 8 * _PATIENCE):
                    check = await step()
            except SluiceError as error:
                check = Check(step.__name__[1:], "failed", error.headline)
            except TimeoutError:
                check = Check(step.__name__[1:], "failed", tr("No answer came in time."))
            if check is None:
                continue
            name = tr(_NAMES.get(check.name, check.name))
            check = Check(name, check.state, self.scrub(check.words), now() - began, check.certificate)
            self.checks.append(check)
            yield check
            if check.state == "failed":
                return

    def report(self) -> str:
        """All of it as text for somebody who helps. It names the server, and no secret."""
        lines = [
            f"Sluice {__version__}, {platform.system()} {platform.release()}, Python {platform.python_version()}",
            f"{tr(adapter_class(self.connection.protocol).name)}, {place(self.connection.base_url)}",
            *self.route.network.about(),
            *(f"{_MARKS[c.state]} {c.name} ({number(c.seconds, 2)} s): {c.words}" for c in self.checks),
        ]
        return self.scrub("\n".join(lines))

    def scrub(self, text: str) -> str:
        """The text without any of this connection's secrets."""
        mine = (self.secrets.key, *self.secrets.extra.values(), self.route.proxy_password, self.route.client_password)
        for secret in sorted(filter(None, (*mine, *dict(self.route.secret_headers).values())), key=len, reverse=True):
            text = text.replace(secret, "[secret]")
        return logs.clean(text)

    # ---- the steps

    async def _proxy_rule(self) -> Check:
        choice = await self.transport.choose(self.connection.base_url, self.route)
        self._proxy = choice.proxy
        return Check("proxy", "ok", f"{chosen_words(choice.proxy, choice.why)}.")

    def _target(self) -> tuple[str, int]:
        """Host and port that the first connection goes to."""
        parts = urlsplit(self._proxy or self.connection.base_url)
        usual = 443 if parts.scheme == "https" else 80
        try:
            return parts.hostname or "", parts.port or usual
        except ValueError:
            return parts.hostname or "", usual

    async def _name(self) -> Check:
        host, port = self._target()
        if not host:
            raise no_address("no host")
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            words = tr(
                "No computer called {host} was found. Check the address, and whether a VPN is needed.", host=host
            )
            return Check("name", "failed", words)
        places = dict.fromkeys(str(entry[4][0]) for entry in found)
        words = tr("{host} is {addresses}.", host=host, addresses=", ".join(list(places)[:4]))
        if self._proxy:
            its = tr("It is the proxy; the server's own name is left to it. ({proxy})", proxy=place(self._proxy))
            words = f"{words} {its}"
        return Check("name", "ok", words)

    async def _tcp(self) -> Check:
        host, port = self._target()
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError as error:
            refused = isinstance(error, ConnectionRefusedError)
            words = _REFUSED if refused else _SILENT
            return Check("tcp", "failed", tr(words, host=host, port=port))
        writer.transport.abort()
        words = mark("Port {port} of the proxy answers.") if self._proxy else mark("Port {port} answers.")
        return Check("tcp", "ok", tr(words, port=port))

    async def _tls(self) -> Check | None:
        if urlsplit(self.connection.base_url).scheme != "https":
            host = urlsplit(self.connection.base_url).hostname or ""
            if is_loopback(host):
                return None
            return Check("tls", "note", tr("The connection is not encrypted. Anybody between can read the key."))
        context = await asyncio.to_thread(context_for, self.route, usual_context)
        try:
            shown = await self._handshake(context)
        except (ssl.SSLError, OSError) as error:
            return await self._untrusted(error)
        tls = shown.version()
        pinned = self.route.network.pinned
        if pinned:
            words = tr("{tls}; accepted as an exception: {digest}.", tls=tls, digest=fingerprint_words(pinned))
            return Check("tls", "note", words)
        until = (shown.getpeercert() or {}).get("notAfter", tr("unknown"))
        words = tr("{tls}; {chain}, valid until {until}.", tls=tls, chain=_chain_words(shown), until=until)
        return Check("tls", "ok", words)

    async def _untrusted(self, error: Exception) -> Check:
        """Why the certificate was not accepted, and which it is."""
        words = tr("The secure connection failed: {why}", why=tls_words(reasons(error)))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # nothing is sent over it
        try:
            tls = await self._handshake(context)
        except (ssl.SSLError, OSError):
            return Check("tls", "failed", words)
        shown = fingerprint_of(tls.getpeercert(True) or b"")
        digest = fingerprint_words(shown)
        about = tr("As it says, {chain}. Its SHA-256 is {digest}.", chain=_chain_words(tls), digest=digest)
        return Check("tls", "failed", f"{words} {about}", certificate=shown)

    async def _handshake(self, context: ssl.SSLContext) -> ssl.SSLObject:
        """TLS with the server, through the proxy if there is one; closed again without sending anything."""
        parts = urlsplit(self.connection.base_url)
        host, port = parts.hostname or "", parts.port or 443
        proxy = self._proxy
        if proxy is None:
            _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
        else:
            reader, writer = await asyncio.open_connection(*self._target())
            writer.write(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{_login(proxy)}\r\n".encode())
            answer = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0].decode("latin-1")
            if " 200" not in answer:
                writer.transport.abort()
                refused = tr("The proxy {proxy} refused the way: {answer}", proxy=place(proxy), answer=answer[:100])
                raise SluiceError(refused)
            await writer.start_tls(context, server_hostname=host)
        shown: ssl.SSLObject = writer.get_extra_info("ssl_object")
        writer.transport.abort()
        return shown

    async def _http(self) -> Check:
        call = HttpCall("GET", self.connection.base_url, self.route.headers, timeout=_PATIENCE)
        way = Way()
        async with self.transport.stream(call, self.route) as opened:
            way, status, headers = opened.way, opened.status, opened.headers
        moved = 300 <= status < 400
        about = [tr("HTTP status {status}", status=status), media_type(headers) or tr("no content type")]
        about += [tr("by {server}", server=headers["server"][:60])] if headers.get("server") else []
        about += [tr("through {server}", server=headers["via"][:60])] if headers.get("via") else []
        about += [tr("proxy {proxy}", proxy=way.proxy)] if way.proxy else []
        words = f"{', '.join(about)}. {tr('This is the bare address; the agent is below it.')}"
        words = f"{words} {tr('It points elsewhere, which is not followed.')}" if moved else words
        return Check("http", "note" if moved or status >= 500 else "ok", words)

    async def _key(self) -> Check:
        found = await self._session().ask_server(adapter_class(self.connection.protocol)(
            self.connection, self.secrets).probe())  # fmt: skip
        return Check("key", "ok", str(found.words))

    async def _stream(self) -> Check | None:
        if not self.talk:
            return None
        session = self._session()
        times: list[float] = []
        events: list[AnyEvent] = []

        def heard(run: int, seq: int, at: float, event: AnyEvent) -> None:
            times.append(now())
            events.append(event)

        session.listeners.event = heard
        began = now()
        await session.send(Prompt(_TEST))
        run = session.conversation.runs[-1]
        end = events[-1]
        if kind_of(run) not in ("whole", "waiting"):
            said = end.error.text if isinstance(end, RunEnded) and end.error else kind_of(run)
            return Check("stream", "failed", tr("The test message did not end well: {said}", said=said))
        first, last = times[0] - began, times[-1] - began
        words = trn(
            "First event after {first} s, {n} event, the last after {last} s.",
            "First event after {first} s, {n} events, the last after {last} s.",
            len(events),
            first=number(first, 2),
            last=number(last, 2),
        )
        if len(events) > 4 and last - first < _AT_ONCE and first > 0.5:
            held = tr(
                "Everything came at once: something between holds the stream back. Proxies and compression do that."
            )
            return Check("stream", "note", f"{words} {held}")
        return Check("stream", "ok", words)

    def _session(self) -> Session:
        session = Session(self.connection, self.transport, self._resolved)
        session.route, session.bounds = self.route, self.route.network.bounds()
        return session

    async def _resolved(self, connection: Connection) -> tuple[Connection, Secrets]:
        return connection, self.secrets


_NAMES = {
    "proxy": mark("Proxy"),
    "proxy_rule": mark("Proxy"),
    "name": mark("Name"),
    "tcp": mark("Connection"),
    "tls": mark("Encryption"),
    "http": mark("Answer"),
    "key": mark("Key and agent"),
    "stream": mark("Streaming"),
}


def _chain_words(tls: ssl.SSLObject) -> str:
    names = chain_of(tls)
    if not names:
        return ""
    return ", ".join(
        [tr("the certificate is for {name}", name=names[0]), *(tr("signed by {name}", name=n) for n in names[1:])]
    )


def _login(proxy: str) -> str:
    parts = urlsplit(proxy)
    if not parts.username:
        return ""
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return f"Proxy-Authorization: Basic {b64encode(login.encode()).decode()}\r\n"
