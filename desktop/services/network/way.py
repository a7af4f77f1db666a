"""How an answer came: by which proxy and why, over which TLS, shown whose certificate. In words, for people."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from desktop.core.language import tr
from desktop.services.network import Choice, fingerprint_of, fingerprint_words, place

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, slots=True)
class Way:
    """`proxy` is its address without the login, None for the direct way, and `why` the rule that chose it. Of the
    server's certificate: the TLS version, whom it names, who issued it, until when it holds, and its SHA-256; all
    empty over plain HTTP. Of one that is `pinned` only the SHA-256 is known, because nobody vouches for the rest."""

    proxy: str | None = None
    why: str = ""
    tls: str = ""
    subject: str = ""
    issuer: str = ""
    until: str = ""
    fingerprint: str = ""
    pinned: bool = False

    def lines(self) -> tuple[str, ...]:
        """What a person wants to know of it, one sentence each."""
        return (chosen_words(self.proxy, self.why), *self._encryption())

    def _encryption(self) -> Iterator[str]:
        if not self.tls:
            yield tr("Not encrypted")
            return
        yield tr("Encrypted with {version}", version=self.tls)
        if self.pinned:
            yield tr("The certificate is accepted as an exception of this connection; nobody vouches for it")
        else:
            words = tr("Certificate for {name}, issued by {issuer}, valid until {date}")
            yield words.format(name=self.subject or "?", issuer=self.issuer or "?", date=self.until or "?")
        yield tr("Its SHA-256: {fingerprint}", fingerprint=fingerprint_words(self.fingerprint))


def chosen_words(proxy: str | None, why: str) -> str:
    """Which proxy is used, and by what rule."""
    if proxy is None:
        return tr("Without a proxy: {why}", why=why)
    return tr("By the proxy {proxy}: {why}", proxy=place(proxy), why=why)


def way_of(response: httpx.Response, choice: Choice, pinned: bool) -> Way:
    """The way that this response came."""
    shown = place(choice.proxy) if choice.proxy else None
    stream = response.extensions.get("network_stream")
    tls: ssl.SSLObject | None = stream.get_extra_info("ssl_object") if stream is not None else None
    if tls is None:
        return Way(shown, choice.why)
    known: Any = tls.getpeercert() or {}
    return Way(
        shown,
        choice.why,
        tls.version() or "",
        named(known.get("subject"), "commonName") or _first_name(known),
        named(known.get("issuer"), "organizationName", "commonName"),
        str(known.get("notAfter", "")),
        fingerprint_of(tls.getpeercert(True) or b""),
        pinned,
    )


def named(entries: Any, *names: str) -> str:
    """The first of these attributes that a subject or issuer has, as ssl tells of them; "" if none."""
    parts = dict(pair for entry in entries or () for pair in entry)
    return next((str(parts[name]) for name in names if parts.get(name)), "")


def chain_of(tls: ssl.SSLObject) -> tuple[str, ...]:
    """Whom the certificates of a connection name: the server's first, the one that signed it next, and so on; those
    that were checked, or else those that were shown. Empty where Python does not tell."""
    inner = getattr(tls, "_sslobj", None)  # public only since Python 3.13, and there without the names
    for name in ("get_verified_chain", "get_unverified_chain"):
        found = getattr(inner, name, lambda: None)()
        if found:
            infos = (certificate.get_info() for certificate in found)
            return tuple(named(info.get("subject"), "commonName", "organizationName") or "?" for info in infos)
    return ()


def _first_name(certificate: Any) -> str:
    return next((str(value) for _, value in certificate.get("subjectAltName", ())), "")
