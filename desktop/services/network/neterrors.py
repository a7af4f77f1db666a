"""httpx's errors as ours, in words for people: what happened, what it means, what to do.

Codes: "connect" nothing was sent and trying again is harmless; "proxy", "tls", "certificate", "address", "unreached"
nothing was sent either, but a second try would end the same; "timeout" and "network" it may have arrived; "silence"
the time-out that the person set passed in the middle of an answer.
"""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit

from desktop.core.adapters.words import with_said
from desktop.core.errors import ConnectionFailed, SluiceError, StreamBroken, TimedOut, TlsFailed
from desktop.core.language import tr
from desktop.services.network import Choice, place


def ours(error: Exception, url: str, began: bool, choice: Choice) -> SluiceError:
    """Our error for one of httpx's. `choice` is the way that was taken, and `began` says whether the head of the answer
    had come."""
    return _in_answer(error, repr(error)) if began else _before(error, url, choice, repr(error))


def no_address(detail: str) -> ConnectionFailed:
    """Our error for an address that is none."""
    return ConnectionFailed(tr("The address is not complete. It begins with http:// or https://."), detail, "address")


def proxy_login(url: str, proxy: str) -> SluiceError:
    """Our error for a proxy that wants to know who we are, told by the status 407 of a plain request."""
    return ConnectionFailed(_proxy_words("407", _place(url), proxy), "HTTP 407", code="proxy")


def _in_answer(error: Exception, detail: str) -> SluiceError:
    import httpx

    if isinstance(error, httpx.ReadTimeout):
        words = tr("Nothing came any more for the time that this connection allows. The server may still be working.")
        return StreamBroken(words, detail, code="silence")
    words = tr("The connection broke in the middle of the answer. The server may still be working.")
    return StreamBroken(words, detail)


def _before(error: Exception, url: str, choice: Choice, detail: str) -> SluiceError:
    import httpx

    where, proxy = _place(url), choice.proxy
    if isinstance(error, UnicodeEncodeError | httpx.LocalProtocolError):
        words = tr("The key, or a header of this connection, holds a character that cannot be sent. Nothing was sent.")
        return ConnectionFailed(words, type(error).__name__, code="key")  # the error itself would tell the key
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol | UnicodeError):
        return no_address(detail)
    if isinstance(error, httpx.ProxyError):
        return ConnectionFailed(_proxy_words(str(error), where, proxy), detail, code="proxy")
    if isinstance(error, httpx.ConnectTimeout):
        words = tr("{where} did not answer in time. Nothing was sent.", where=_reached(where, proxy))
        return TimedOut(words, detail, code="unreached")
    if isinstance(error, httpx.TimeoutException):
        return TimedOut(tr("{where} did not answer in time. The server may still be working.", where=where), detail)
    text = reasons(error)
    if is_tls(error, text):
        return TlsFailed(tr("The secure connection to {where} failed: {why}", where=where, why=tls_words(text)), detail)
    if isinstance(error, httpx.ConnectError):
        return _unreached(text.lower(), url, choice, detail)
    words = tr("{where} closed the connection without an answer. The server may still be working.", where=where)
    return StreamBroken(words, detail)


def _unreached(text: str, url: str, choice: Choice, detail: str) -> SluiceError:
    if choice.proxy:
        words = tr(
            "The proxy {proxy} does not answer ({why}). Correct it there, or choose another way in this connection's "
            "network settings.", proxy=place(choice.proxy), why=choice.why,
        )  # fmt: skip
        return ConnectionFailed(words, detail)
    if any(sign in text for sign in ("name or service not known", "getaddrinfo", "name resolution", "nodename")):
        name = urlsplit(url).hostname
        return ConnectionFailed(tr("No computer called {name} was found. Check the address.", name=name), detail)
    words = tr("Nothing answers at {where}. Is the server running, and is the address right?", where=_place(url))
    return ConnectionFailed(words, detail)


def _proxy_words(text: str, where: str, proxy: str | None) -> str:
    named = place(proxy) if proxy else tr("on the way")
    if text.startswith("407"):
        return tr(
            "The proxy {proxy} wants a user name and password. Set them in this connection's network settings.",
            proxy=named,
        )
    words = tr("The proxy {proxy} refused the way to {where}.", proxy=named, where=where)
    return with_said(words, " ".join(text.split())[:120])


def _reached(where: str, proxy: str | None) -> str:
    return tr("The proxy {proxy}", proxy=place(proxy)) if proxy else where


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def reasons(error: BaseException) -> str:
    """The texts of the error and of what caused it."""
    texts: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(texts) < 6:
        texts.append(str(cause))
        cause = cause.__cause__ or cause.__context__
    return " / ".join(texts)


def is_tls(error: BaseException, text: str) -> bool:
    """Whether it was TLS that failed."""
    return "certificate" in text.lower() or isinstance(error, ssl.SSLError) or "[SSL" in text


def tls_words(text: str) -> str:
    """Why TLS failed, and what can be done."""
    low = text.lower()
    if "not the pinned one" in low:
        return tr("the server shows another certificate than the one that was accepted as an exception.")
    if "expired" in low:
        return tr("the certificate has expired.")
    if "hostname mismatch" in low or "doesn't match" in low or "not valid for" in low:
        return tr("the certificate is for another name.")
    if "self-signed" in low or "self signed" in low or "unable to get local issuer" in low:
        return tr("the certificate was not issued by anyone this computer trusts.")
    if "certificate required" in low or "handshake failure" in low:
        return tr("the server wants a client certificate. Set it in this connection's network settings.")
    if "wrong version number" in low or "record layer" in low or "eof occurred" in low:
        return tr("the server does not speak TLS there. Perhaps the address begins with http://.")
    return tr("the certificate was not accepted.")
