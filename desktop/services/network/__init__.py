"""How one connection reaches its server in an office network: proxy, certificates, extra headers, time-outs, limits.

`Network` is kept in the profile and holds no secret. `Route` is the same with the secrets from the keyring, as a
request needs it. Secrets go by the names `PROXY_SECRET`, `CLIENT_SECRET` and `header_secret(name)`.
"""

from __future__ import annotations

import ssl
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from hashlib import sha256
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from desktop.core.bounds import MEGABYTE, Bounds
from desktop.core.errors import SluiceError
from desktop.core.language import mark, tr

ProxyMode = Literal["system", "environment", "manual", "none"]
PROXY_SECRET = "net.proxy"
CLIENT_SECRET = "net.client-key"
_HEADER = "net.header."
_USUAL = Bounds()


def header_secret(name: str) -> str:
    """The name under which the keyring holds a secret header's value."""
    return _HEADER + name.lower()


def is_header_secret(name: str) -> bool:
    """Whether a secret's name is that of a header."""
    return name.startswith(_HEADER)


def header_name(network: Network, secret: str) -> str:
    """The header whose value this secret is, written as the person did."""
    names = {header_secret(name): name for name in network.secret_headers}
    return names.get(secret, secret.removeprefix(_HEADER))


@dataclass(frozen=True, slots=True)
class Network:
    """What a person set. Times are in seconds, None is no limit; `pinned` is the SHA-256 of a certificate that is
    accepted although nobody vouches for it; `secret_headers` are names only. Limits are megabytes and counts."""

    proxy: ProxyMode = "system"
    proxy_url: str = ""
    proxy_user: str = ""
    bypass: tuple[str, ...] = ()
    ca_file: str = ""
    client_cert: str = ""
    client_key: str = ""
    pinned: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    secret_headers: tuple[str, ...] = ()
    connect_timeout: float = 15.0
    reply_timeout: float | None = None
    silence_timeout: float | None = None
    max_line_mb: int = _USUAL.line // MEGABYTE
    max_answer_mb: int = _USUAL.answer // MEGABYTE
    max_items: int = _USUAL.items

    def bounds(self) -> Bounds:
        """The limits of a run over this connection."""
        line = max(1, self.max_line_mb) * MEGABYTE
        return Bounds(line, 2 * line, max(1, self.max_answer_mb) * MEGABYTE, max(100, self.max_items))

    def secret_names(self) -> tuple[str, ...]:
        """The secrets that the keyring may hold for these settings."""
        return (PROXY_SECRET, CLIENT_SECRET, *(header_secret(name) for name in self.secret_headers))

    def about(self) -> tuple[str, ...]:
        """What differs from the usual and should stay in sight, one sentence each."""
        lines = {
            tr("Proxy: {proxy}", proxy=place(self.proxy_url)): self.proxy == "manual" and self.proxy_url,
            tr("No proxy is used"): self.proxy == "none",
        }
        return (*(words for words, holds in lines.items() if holds), *self.about_certificates())

    def about_certificates(self) -> tuple[str, ...]:
        """The part of it that is about certificates."""
        lines = {
            tr("Private CA: {file}", file=Path(self.ca_file).name): self.ca_file,
            tr("Client certificate: {file}", file=Path(self.client_cert).name): self.client_cert,
            tr("Certificate exception: {digest}…", digest=fingerprint_words(self.pinned[:12])): self.pinned,
        }
        return tuple(words for words, holds in lines.items() if holds)


@dataclass(frozen=True, slots=True)
class Choice:
    """The proxy that a request takes, its login included, or None for the direct way; `why` is the rule, in words.
    `unsaid`: nobody has said anything so far, and the desktop's settings, which Python does not read, still may."""

    proxy: str | None = field(repr=False)
    why: str
    unsaid: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """A network with its secrets. Equal routes share their connections."""

    network: Network = Network()
    proxy_password: str = field(default="", repr=False)
    client_password: str = field(default="", repr=False)
    secret_headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """The extra headers of every request to the connection's own origin."""
        return dict((*self.network.headers, *self.secret_headers))

    def for_strangers(self) -> Route:
        """The way to another origin: the same proxy and authorities, but nothing that says who we are there."""
        kept = {name: getattr(self.network, name) for name in _FOR_ALL}
        return Route(Network(**kept), self.proxy_password)

    def choose(self, url: str) -> Choice:
        """The proxy for `url`, and the rule. Loopback is always direct."""
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        if is_loopback(host):
            return Choice(None, tr("this computer is never reached through one"))
        if self.network.proxy == "none" or (self.network.proxy == "manual" and not self.network.proxy_url.strip()):
            return Choice(None, tr("this connection is set to use none"))
        if self.network.proxy != "manual":
            return ambient_proxy(parts.scheme, host, self.network.proxy == "environment")
        if bypassed(host, self.network.bypass):
            return Choice(None, tr("{host} is on this connection's list of hosts that need none", host=host))
        return Choice(self._manual(), tr("it is set for this connection"))

    def _manual(self) -> str:
        address = self.network.proxy_url.strip()
        parts = urlsplit(address if "://" in address else f"http://{address}")
        login = ""
        if self.network.proxy_user:
            login = f"{quote(self.network.proxy_user, safe='')}:{quote(self.proxy_password, safe='')}@"
        return f"{parts.scheme}://{login}{parts.netloc.rpartition('@')[2]}"


_FOR_ALL = (
    "proxy", "proxy_url", "proxy_user", "bypass", "ca_file", "connect_timeout", "reply_timeout", "silence_timeout"
)  # fmt: skip
USUAL = Network()
DIRECT = Route()


def route_of(network: Network, secrets: Mapping[str, str]) -> Route:
    """The route of these settings with the secrets that the keyring gave."""
    named = ((name, secrets.get(header_secret(name), "")) for name in network.secret_headers)
    headers = tuple((name, value) for name, value in named if value)
    return Route(network, secrets.get(PROXY_SECRET, ""), secrets.get(CLIENT_SECRET, ""), headers)


def is_loopback(host: str) -> bool:
    """Whether a host name is this computer."""
    host = host.strip("[]").rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_open_to_others(url: str) -> bool:
    """Whether what is sent to this address can be read by anybody between: plain http to another computer."""
    try:
        parts = urlsplit(url)
    except ValueError:  # this is no address, so nothing is sent to it
        return False
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


def bypassed(host: str, patterns: tuple[str, ...]) -> bool:
    """Whether a host is on a list of names that need no proxy: `intranet`, `example.org` and all below it,
    `10.0.0.0/8`, `*`."""
    return any(_matches(host, pattern.strip().lower()) for pattern in patterns if pattern.strip())


def _matches(host: str, pattern: str) -> bool:
    bare = pattern.lstrip("*.")
    if pattern == "*" or host == bare or (bare and host.endswith(f".{bare}")):
        return True
    try:
        return ip_address(host) in ip_network(pattern, strict=False)
    except ValueError:
        return False


_READS_NO_SETTINGS = urllib.request.getproxies is urllib.request.getproxies_environment  # all but Windows and macOS


def ambient_proxy(scheme: str, host: str, environment_only: bool) -> Choice:
    """The proxy that the system's settings (or only the environment) name for a host."""
    known = urllib.request.getproxies_environment() if environment_only else urllib.request.getproxies()
    from_environment = environment_only or known == urllib.request.getproxies_environment()
    if bypassed(host, tuple(known.get("no", "").split(","))) or _system_bypasses(host, environment_only):
        if from_environment:
            return Choice(None, tr("NO_PROXY in the environment names {host}", host=host))
        return Choice(None, tr("this computer's settings say that {host} needs none", host=host))
    found = known.get(scheme) or known.get("all")
    if not found:
        words = tr("none is set in the environment") if from_environment else tr("this computer has none")
        return Choice(None, words, unsaid=_READS_NO_SETTINGS and not environment_only)
    where = tr("the environment names it") if from_environment else tr("this computer's settings name it")
    return Choice(found if "://" in found else f"http://{found}", where)


def _system_bypasses(host: str, environment_only: bool) -> bool:
    bypass: Callable[[str], Any] | None = getattr(urllib.request, "proxy_bypass", None)
    try:
        return bool(bypass and not environment_only and bypass(host))
    except (OSError, ValueError):
        return False


def speaks(proxy: str) -> bool:
    """Whether a proxy's address is of a kind that Sluice speaks."""
    return urlsplit(proxy).scheme in ("http", "https")


def place(address: str) -> str:
    """An address without login, for showing."""
    parts = urlsplit(address if "://" in address else f"http://{address}")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


# ---- TLS


def context_for(route: Route, usual: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """The TLS context of a route: `usual` plus its private CA, client certificate or pinned exception. Raises
    SluiceError, in words, for files that cannot be used."""
    network = route.network
    context = usual()
    if network.pinned:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # the fingerprint is checked instead, before anything is sent
        context.sslobject_class = _pinned(network.pinned)
    _load(network.ca_file, _CA_TROUBLE, context.load_verify_locations)
    key = network.client_key or None
    # without a function OpenSSL would ask for the password on the terminal, and wait there for good
    _load(network.client_cert, _CLIENT_TROUBLE, lambda file: context.load_cert_chain(
        file, key, lambda: route.client_password))  # fmt: skip
    return context


_CA_TROUBLE = (mark("The file of the private CA is not there: {file}"), mark("The private CA cannot be used: {file}."))
_CLIENT_TROUBLE = (
    mark("The file of the client certificate is not there: {file}"),
    mark("The client certificate cannot be used: {file}. Perhaps its password is wrong."),
)


def _load(file: str, troubles: tuple[str, str], act: Callable[[str], None]) -> None:
    if not file:
        return
    try:
        act(file)
    except FileNotFoundError as error:
        raise SluiceError(tr(troubles[0], file=error.filename or file)) from error
    except (ssl.SSLError, OSError, ValueError) as error:
        raise SluiceError(tr(troubles[1], file=Path(file).name), repr(error)) from error


def _pinned(fingerprint: str) -> type[ssl.SSLObject]:
    """A TLS connection whose handshake fails unless the server shows exactly this certificate."""

    class Pinned(ssl.SSLObject):
        def do_handshake(self) -> None:
            super().do_handshake()
            shown = self.getpeercert(binary_form=True) or b""
            if fingerprint_of(shown) != fingerprint.lower():
                raise ssl.SSLCertVerificationError("certificate is not the pinned one")

    return Pinned


def fingerprint_of(certificate: bytes) -> str:
    """The SHA-256 of a certificate in DER, 64 hexadecimal digits."""
    return sha256(certificate).hexdigest()


def fingerprint_words(fingerprint: str) -> str:
    """A fingerprint for people: pairs of digits, with a place in the middle where a line may break."""
    halves = (fingerprint[i : i + 32] for i in range(0, len(fingerprint), 32))
    return ": ".join(":".join(half[i : i + 2] for i in range(0, len(half), 2)) for half in halves).upper()


# ---- in the profile's file


def network_to_json(network: Network) -> dict[str, Any]:
    """What differs from the usual."""
    usual = asdict(Network())
    return {name: value for name, value in asdict(network).items() if value != usual[name]}


def network_from_json(data: Any) -> Network:
    """The settings of such an object; what makes no sense has its usual value."""
    if not isinstance(data, dict):
        return Network()
    usual = Network()
    given = {f.name: _fit(getattr(usual, f.name), data[f.name], f.name) for f in fields(Network) if f.name in data}
    return Network(**{name: value for name, value in given.items() if value is not None})


def _fit(usual: Any, value: Any, name: str) -> Any:
    """The value if it has the type of the usual one, else None."""
    number = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    if name == "proxy":
        return value if value in ("system", "environment", "manual", "none") else None
    if name == "headers":
        pairs = [tuple(p) for p in value if isinstance(p, list | tuple) and len(p) == 2] if _is_list(value) else []
        return tuple(p for p in pairs if all(isinstance(text, str) for text in p)) or None
    if isinstance(usual, tuple):
        return tuple(v for v in value if isinstance(v, str)) if _is_list(value) else None
    if isinstance(usual, str):
        return value if isinstance(value, str) else None
    return value if number and (not isinstance(usual, int) or isinstance(value, int)) else None


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)
