"""Proxies, certificates, extra headers and time-outs of one connection, over real sockets; and the doctor on each."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from desktop.core import endings
from desktop.core.events import Failure
from desktop.core.requests import Connection, HttpCall, Prompt, Reply, Secrets
from desktop.services.network import (
    CLIENT_SECRET,
    PROXY_SECRET,
    USUAL,
    Network,
    Route,
    bypassed,
    fingerprint_words,
    header_secret,
    network_from_json,
    network_to_json,
    route_of,
)
from desktop.services.network.doctor import Check, Doctor
from desktop.services.network.neterrors import tls_words
from desktop.services.network.way import chosen_words
from desktop.services.session import Session
from desktop.services.transport import Transport, warm
from tests.loopback.faults import FaultServer
from tests.loopback.proxies import Proxy
from tests.loopback.server import Server
from tests.loopback.tls import Certificate, make, tls_server

HOST = "agent.example.invalid"  # a name that only the proxy knows


@asynccontextmanager
async def transport() -> AsyncIterator[Transport]:
    made = Transport()
    try:
        yield made
    finally:
        await made.aclose()


async def fetched(url: str, route: Route) -> Reply:
    async with transport() as made:
        return await made.fetch(HttpCall("GET", url, {"Authorization": "Bearer key-1"}), route)


def trouble(reply: Reply) -> Failure:
    assert reply.failure is not None, reply
    return reply.failure


async def examined(url: str, route: Route, talk: bool = False, key: str = "key-1") -> tuple[dict[str, Check], Doctor]:
    async with transport() as made:
        doctor = Doctor(Connection("openai", url, "m"), Secrets(key), route, made, talk)
        return {check.name: check async for check in doctor.examine()}, doctor


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make(tmp_path_factory.mktemp("ca"), "office", authority=True)


# ---- certificates


async def test_a_certificate_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    own = make(tmp_path, "own")
    fault = FaultServer("openai")
    async with tls_server(fault.handle, own) as server:
        failure = trouble(await fetched(server.url, Route()))
        assert (failure.code, "anyone this computer trusts" in failure.text) == ("tls", True)
        assert server.requests == [], "nothing was sent"


@pytest.mark.parametrize(
    ("days", "host", "words"), [(-1, "127.0.0.1", "has expired"), (30, "other.example", "for another name")]
)
async def test_expired_and_misnamed(authority: Certificate, tmp_path: Path, days: int, host: str, words: str) -> None:
    shown = make(tmp_path, "shown", by=authority, days=days, host=host)
    route = Route(Network(ca_file=str(authority.certificate)))
    async with tls_server(FaultServer("openai").handle, shown) as server:
        assert words in trouble(await fetched(server.url, route)).text
        checks, _ = await examined(server.url, route)
        assert words in checks["Encryption"].words


async def test_a_private_authority_belongs_to_one_connection(authority: Certificate, tmp_path: Path) -> None:
    shown = make(tmp_path, "shown", by=authority)
    async with tls_server(FaultServer("openai").handle, shown) as server, transport() as made:
        trusting = Route(Network(ca_file=str(authority.certificate)))
        async with made.stream(HttpCall("GET", server.url), trusting) as opened:
            assert opened.way.issuer == "office"
            assert opened.way.fingerprint == shown.fingerprint
            assert opened.way.tls.startswith("TLSv1")
        told = made.way(server.url, trusting)
        assert told == opened.way
        words = "\n".join(told.lines())
        assert "Without a proxy" in words
        assert "Certificate for shown, issued by office, valid until" in words
        assert fingerprint_words(shown.fingerprint) in words
        checks, _ = await examined(server.url, trusting)
        assert "for shown, signed by office" in checks["Encryption"].words
        assert trouble(await made.fetch(HttpCall("GET", server.url))).code == "tls", "the others still do not"


async def test_a_pinned_exception_holds_for_that_certificate_alone(tmp_path: Path) -> None:
    own, other = make(tmp_path, "own", days=-5), make(tmp_path, "other")
    pinned = Route(Network(pinned=own.fingerprint))
    async with tls_server(FaultServer("openai").handle, own) as server:
        async with transport() as made:
            assert (await made.fetch(HttpCall("GET", server.url), pinned)).status == 404
            assert "accepted as an exception" in "\n".join(made.way(server.url, pinned).lines())
        checks, doctor = await examined(server.url, pinned)
        assert checks["Encryption"].state == "note"
        assert "exception" in doctor.report()
    fault = FaultServer("openai")
    async with tls_server(fault.handle, other) as server:
        failure = trouble(await fetched(server.url, pinned))
        assert "another certificate than the one" in failure.text
        assert server.requests == []


async def test_the_doctor_shows_what_could_be_accepted(tmp_path: Path) -> None:
    own = make(tmp_path, "own")
    async with tls_server(FaultServer("openai").handle, own) as server:
        checks, _ = await examined(server.url, Route())
        assert checks["Encryption"].certificate == own.fingerprint
        assert "the certificate is for own" in checks["Encryption"].words
        assert "Answer" not in checks, "nothing was sent to it"
        assert server.requests == []


async def test_a_client_certificate_with_a_password(authority: Certificate, tmp_path: Path) -> None:
    shown = make(tmp_path, "shown", by=authority)
    mine = make(tmp_path, "mine", by=authority, password="pass word")
    network = Network(ca_file=str(authority.certificate), client_cert=str(mine.certificate), client_key=str(mine.key))
    async with tls_server(FaultServer("openai").handle, shown, client_ca=authority) as server:
        assert (await fetched(server.url, route_of(network, {CLIENT_SECRET: "pass word"}))).status == 404
        wrong = trouble(await fetched(server.url, route_of(network, {CLIENT_SECRET: "no"})))
        assert (wrong.code, "password is wrong" in wrong.text) == ("certificate", True)
        assert "pass word" not in repr(route_of(network, {CLIENT_SECRET: "pass word"}))
        without = trouble(await fetched(server.url, Route(Network(ca_file=str(authority.certificate)))))
        assert without.code in ("tls", "network")


async def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    failure = trouble(await fetched("https://127.0.0.1:1", Route(Network(ca_file=str(tmp_path / "none.pem")))))
    assert failure.code == "certificate"
    assert "is not there" in failure.text


@asynccontextmanager
async def raw(said: bytes) -> AsyncIterator[str]:
    """A server that says this to whoever comes, and keeps the line open."""
    writers: list[asyncio.StreamWriter] = []

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        writer.write(said)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()


async def test_tls_on_a_plain_port_is_told() -> None:
    async with raw(b"HTTP/1.1 400 Bad Request\r\n\r\n") as url:
        failure = trouble(await fetched(url, Route()))
        assert (failure.code, "does not speak TLS" in failure.text) == ("tls", True)


def test_a_server_that_hangs_up_on_tls_is_not_blamed_for_its_certificate() -> None:
    words = tls_words("[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol (_ssl.c:1006)")
    assert "does not speak TLS" in words and "certificate" not in words


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_a_list_of_authorities_that_cannot_be_read_is_named_where_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    file = tmp_path / "authorities.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setattr("desktop.services.transport._tls", None)
    warm()
    failure = trouble(await fetched("https://127.0.0.1:1", Route()))
    assert failure.code == "certificate"
    assert "SSL_CERT_FILE" in failure.text
    assert str(file) in failure.text
    async with Server(FaultServer("openai").handle) as server:
        assert (await fetched(server.url, Route())).status == 404, "what is not encrypted needs no authorities"
        checks, _ = await examined(server.url.replace("http:", "https:"), Route())
        assert "SSL_CERT_FILE" in checks["Encryption"].words


# ---- proxies


async def test_the_proxy_is_used_and_logged_into() -> None:
    fault = FaultServer("openai")
    async with Server(fault.handle) as server:
        there = ("127.0.0.1", int(server.url.rsplit(":", 1)[1]))
        async with Proxy("ada:p@ss/w:rd", target=there) as proxy:
            network = Network(proxy="manual", proxy_url=proxy.url, proxy_user="ada")
            route = route_of(network, {PROXY_SECRET: "p@ss/w:rd"})
            assert (await fetched(f"http://{HOST}/v1", route)).status == 404
            assert HOST in proxy.asked[0]
            choice = route.choose(f"http://{HOST}/v1")
            assert chosen_words(choice.proxy, choice.why) == f"By the proxy {proxy.url}: it is set for this connection"
            assert "p@ss" not in repr(choice)
            failure = trouble(await fetched(f"http://{HOST}/v1", route_of(network, {PROXY_SECRET: "wrong"})))
            assert (failure.code, "user name and password" in failure.text) == ("proxy", True)
            checks, doctor = await examined(f"http://{HOST}/v1", route)
            assert "proxy" in checks["Answer"].words
            assert "p@ss" not in doctor.report()
            assert "ada:" not in doctor.report()


async def test_tls_through_a_proxy(authority: Certificate, tmp_path: Path) -> None:
    shown = make(tmp_path, "shown", by=authority, host=HOST)
    async with tls_server(FaultServer("openai").handle, shown) as server:
        there = ("127.0.0.1", int(server.url.rsplit(":", 1)[1]))
        async with Proxy(target=there) as proxy:
            network = Network(proxy="manual", proxy_url=proxy.url, ca_file=str(authority.certificate))
            assert (await fetched(f"https://{HOST}/v1", Route(network))).status == 404
            checks, _ = await examined(f"https://{HOST}/v1", Route(network))
            assert checks["Encryption"].state == "ok"
        async with Proxy("a:b", target=there) as proxy:
            failure = trouble(await fetched(f"https://{HOST}/v1", Route(replace(network, proxy_url=proxy.url))))
            assert (failure.code, "user name and password" in failure.text) == ("proxy", True)


@pytest.mark.parametrize("how", ["refuse", "hang up"])
async def test_a_proxy_that_does_not_work_is_named(how: str) -> None:
    async with Proxy(how=how) as proxy:
        failure = trouble(await fetched(f"https://{HOST}/", Route(Network(proxy="manual", proxy_url=proxy.url))))
        assert failure.code in ("proxy", "network")


async def test_no_proxy_there_and_a_kind_that_is_not_spoken() -> None:
    gone = Route(Network(proxy="manual", proxy_url="http://127.0.0.1:1"))
    assert "proxy http://127.0.0.1:1 does not answer" in trouble(await fetched(f"http://{HOST}/", gone)).text
    socks = Route(Network(proxy="manual", proxy_url="socks5://127.0.0.1:1"))
    assert "of a kind" in trouble(await fetched(f"http://{HOST}/", socks)).text


@pytest.mark.parametrize("mode", ["system", "environment", "manual"])
async def test_this_computer_is_never_reached_through_a_proxy(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Proxy(how="refuse") as proxy, Server(FaultServer("openai").handle) as server:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        route = Route(Network(proxy=mode, proxy_url=proxy.url))  # type: ignore[arg-type]
        assert (await fetched(server.url, route)).status == 404
        assert proxy.asked == []


async def test_the_environment_names_the_proxy_and_who_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "intranet,.corp.example,10.0.0.0/8")
    route = Route(Network(proxy="environment"))
    assert route.choose("http://a.example/").proxy == "http://proxy.example:3128"
    for direct in (
        "http://intranet/",
        "http://a.corp.example/",
        "http://10.1.2.3/",
        "http://localhost:1/",
        "http://[::1]/",
    ):
        assert route.choose(direct).proxy is None
    assert "NO_PROXY" in route.choose("http://10.1.2.3/").why
    assert "environment names it" in route.choose("http://a.example/").why
    assert Route(Network(proxy="none")).choose("http://a.example/").why == "this connection is set to use none"
    assert bypassed("a.example", ("*",))
    assert not bypassed("example.org.evil.net", ("example.org",))


# ---- headers, time-outs, one client for each


async def test_extra_headers_go_to_the_own_origin_only() -> None:
    network = Network(headers=(("X-Team", "blue"),), secret_headers=("X-Token",))
    route = route_of(network, {header_secret("x-token"): "t0ken"})
    async with Server(FaultServer("openai").handle) as server, transport() as made:
        session = Session(Connection("openai", server.url, "m"), made)
        session.route = route
        await session.send(Prompt("hello"))
        sent = server.requests[0].headers
        assert (sent["x-team"], sent["x-token"]) == ("blue", "t0ken")
        other = session.driver.checked(HttpCall("GET", "http://127.0.0.1:9/", {"Authorization": "k"}))
        assert dict(other.headers) == {}
        assert session.route.for_strangers().headers == {}
        assert "t0ken" not in repr(route)


async def test_a_time_limit_for_silence_is_an_ending_of_its_own() -> None:
    fault = FaultServer("openai", "hang mid stream")
    async with Server(fault.handle) as server, transport() as made:
        session = Session(Connection("openai", server.url, "m"), made)
        session.route = Route(Network(silence_timeout=0.2))
        await session.send(Prompt("hello"))
        run = session.conversation.runs[-1]
        assert (endings.kind_of(run), session.conversation.text_of(0)) == ("timed out", "Hello ")


async def test_a_server_that_never_takes_the_connection() -> None:
    async with raw(b"") as url:
        failure = trouble(await fetched(url, Route(Network(connect_timeout=0.2))))
        assert (failure.code, "Nothing was sent" in failure.text) == ("unreached", True)


async def test_equal_settings_share_a_client_and_others_do_not() -> None:
    async with Server(FaultServer("openai").handle) as server, transport() as made:
        for route in (Route(), Route(Network()), Route(Network(connect_timeout=3.0))):
            await made.fetch(HttpCall("GET", server.url), route)
        assert len(made._clients) == 2


# ---- the doctor where nothing is wrong, and in the profile


async def test_the_doctor_on_a_sound_connection() -> None:
    fault = FaultServer("openai")
    async with Server(fault.handle) as server:
        checks, doctor = await examined(server.url, Route(), talk=True)
        assert [c.state for c in checks.values() if c.name in ("Name", "Connection", "Answer")] == ["ok"] * 3
        assert "key-1" not in doctor.report()


async def test_the_doctor_where_nobody_listens() -> None:
    checks, _ = await examined("http://127.0.0.1:1/v1", Route())
    assert checks["Connection"].state == "failed"
    assert "refused" in checks["Connection"].words
    checks, _ = await examined("http://nobody.invalid/v1", Route(Network(proxy="none")))
    assert list(checks) == ["Proxy", "Name"]


def test_settings_survive_the_profile_file() -> None:
    network = Network("manual", "http://p:1", "ada", ("a", "b"), "ca", "cc", "ck", "ab" * 32, (("X", "y"),), ("Z",),
                      3.0, 4.0, 5.0, 1, 2, 300)  # fmt: skip
    assert network_from_json(network_to_json(network)) == network
    assert network_to_json(USUAL) == {}
    odd = {
        "proxy": 3,
        "bypass": "x",
        "headers": [["a"], ["b", 1]],
        "connect_timeout": -1,
        "max_items": "many",
        "new": 1,
    }
    assert network_from_json(odd) == USUAL
    assert network_from_json("nonsense") == USUAL


def test_there_is_no_switch_that_turns_verification_off() -> None:
    from desktop.services.network import context_for
    from desktop.services.transport import usual_context

    for network in (USUAL, Network(proxy="none"), Network(headers=(("a", "b"),))):
        context = context_for(Route(network), usual_context)
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


async def test_a_slow_doctor_can_be_left() -> None:
    fault = FaultServer("openai", "hang before head")
    async with Server(fault.handle) as server:
        task = asyncio.create_task(examined(server.url, Route(), talk=True))
        await asyncio.wait([task], timeout=1.0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
