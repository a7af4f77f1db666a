"""The proxy that the desktop's settings name: a real bus, a portal on it, and a real proxy where requests arrive."""

from __future__ import annotations

import asyncio
import logging
import shutil
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QLabel

from desktop.core.requests import Connection, HttpCall, Reply, Secrets
from desktop.services import logs
from desktop.services.connections import Connections
from desktop.services.network import Choice, Network, ProxyMode, Route
from desktop.services.network.desktop_proxies import DesktopProxies
from desktop.services.network.doctor import Doctor
from desktop.services.network.way import chosen_words
from desktop.services.paths import Paths
from desktop.services.transport import Transport
from desktop.ui.connections.connections_dialog import ConnectionsDialog
from tests.loopback.asking import ask
from tests.loopback.faults import FaultServer
from tests.loopback.proxies import Proxy
from tests.loopback.server import Server
from tests.ui.desktop_bus import DesktopBus, Service
from tests.ui.driving import drive, window

pytest.importorskip("jeepney")
pytestmark = pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="there is no message bus here")

PORTAL = ("org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop", "org.freedesktop.portal.ProxyResolver")
HOST = "agent.example.invalid"  # a name that only the proxy knows
URL = f"http://{HOST}/v1"
NOBODY = "http://127.0.0.1:1"
Answer = Callable[[str], Any]


@pytest.fixture(autouse=True)
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A program started from a desktop's menu: a session bus, and not a word of proxies in the environment."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    folder = tmp_path / "bus"
    folder.mkdir()
    made = DesktopBus(folder)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", made.address)
    yield made.address
    made.close()


@contextmanager
def portal(bus: str, *ways: str, answer: Answer | None = None) -> Iterator[Service]:
    """A desktop whose settings name these ways for every address, or `answer` for each."""
    made = Service(bus, *PORTAL, {"Lookup": answer or (lambda uri: ("as", (list(ways),)))})  # type: ignore[dict-item]
    try:
        yield made
    finally:
        made.close()


@contextmanager
def hung(bus: str, *ways: str) -> Iterator[tuple[Service, threading.Event]]:
    """One that answers only when it is let go."""
    go = threading.Event()

    def answer(uri: str) -> Any:
        go.wait(30)
        return "as", (list(ways),)

    with portal(bus, answer=answer) as desk:
        try:
            yield desk, go
        finally:
            go.set()


class Clock:
    """Time that stands until the test moves it."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@asynccontextmanager
async def transport(patience: float = 20.0, clock: Callable[[], float] | None = None) -> AsyncIterator[Transport]:
    made = Transport(DesktopProxies(patience, clock or Clock()))
    try:
        yield made
    finally:
        await made.aclose()


@asynccontextmanager
async def proxied(login: str = "") -> AsyncIterator[Proxy]:
    """A proxy that leads every name to a server of ours."""
    async with Server(FaultServer("openai").handle) as server:
        async with Proxy(login, target=("127.0.0.1", int(server.url.rsplit(":", 1)[1]))) as proxy:
            yield proxy


async def fetched(made: Transport, url: str = URL, route: Route | None = None) -> Reply:
    return await made.fetch(HttpCall("GET", url, {"Authorization": "Bearer key-1"}), route or Route())


def words(choice: Choice) -> str:
    return chosen_words(choice.proxy, choice.why)


def connections(folder: Path, made: Transport) -> Connections:
    paths = Paths(folder)
    paths.make()
    return Connections(paths, made, lambda words: None)


# ---- it is used


async def test_a_request_arrives_at_the_proxy_that_the_desktop_names(bus: str) -> None:
    async with proxied() as proxy, transport() as made:
        with portal(bus, proxy.url) as desk:
            url = f"http://ada:pl4nted@{HOST}/v1/chats?token=pl4nted"
            for _ in range(3):
                assert (await fetched(made, url)).status == 404
            assert HOST in proxy.asked[0]
            assert desk.called("Lookup") == [(f"http://{HOST}:80/",)], "once, and nothing of what is sent there"
            way = made.way(url)
            assert way is not None
            assert f"By the proxy {proxy.url}: the desktop's settings name it" in way.lines()


async def test_each_origin_has_an_answer_of_its_own_for_a_while(bus: str) -> None:
    clock = Clock()

    def script(uri: str) -> Any:
        return "as", (["direct://"] if "intranet" in uri else ["http://proxy.example:3128"],)

    with portal(bus, answer=script) as desk:
        async with transport(clock=clock) as made:
            urls = ("http://a.example/x", "https://a.example/y", "http://[2001:db8::1]:8080/z?q", "http://intranet/")
            many = await asyncio.gather(*(made.choose(url) for url in urls * 5))
            assert [choice.proxy for choice in many[:4]] == ["http://proxy.example:3128"] * 3 + [None]
            assert words(many[3]) == "Without a proxy: the desktop's settings name none for intranet"
            asked = {body[0] for body in desk.called("Lookup")}
            assert asked == {
                "http://a.example:80/", "https://a.example:443/", "http://[2001:db8::1]:8080/", "http://intranet:80/"
            }  # fmt: skip
            assert len(desk.called("Lookup")) == 4
            clock.at += 16
            await made.choose(urls[0])
            assert desk.called("Lookup", 5)[4] == ("http://a.example:80/",), "settings change"


async def test_the_doctor_says_who_names_it(bus: str) -> None:
    async with proxied() as proxy, transport() as made:
        with portal(bus, proxy.url):
            doctor = Doctor(Connection("openai", URL, "m"), Secrets("key-1"), Route(), made)
            checks = {check.name: check async for check in doctor.examine()}
            assert checks["Proxy"].words == f"By the proxy {proxy.url}: the desktop's settings name it."
            assert "It is the proxy" in checks["Name"].words
            assert "of the proxy answers" in checks["Connection"].words
            assert f"proxy {proxy.url}" in checks["Answer"].words


async def test_a_proxy_that_is_gone_is_named_with_who_named_it(bus: str) -> None:
    async with transport() as made:
        with portal(bus, NOBODY):
            failure = (await fetched(made)).failure
            assert failure is not None
            assert f"The proxy {NOBODY} does not answer (the desktop's settings name it)" in failure.text


async def test_the_way_of_a_host_that_is_no_ascii(bus: str) -> None:
    async with transport() as made:
        with portal(bus, "http://proxy.example:3128") as desk:
            assert (await made.choose("http://bücher.example/")).proxy
            assert desk.called("Lookup") == [("http://xn--bcher-kva.example:80/",)]


# ---- it is not asked


@pytest.mark.parametrize(
    "url", ["http://localhost:8/", "http://127.0.0.1:8/", "http://[::1]:8/", "http://a.localhost/"]
)
async def test_this_computer_is_not_asked_about(bus: str, url: str) -> None:
    async with transport() as made:
        with portal(bus, "http://proxy.example:3128") as desk:
            choice = await made.choose(url)
            assert words(choice) == "Without a proxy: this computer is never reached through one"
            assert desk.calls == []


async def test_the_environment_comes_first(bus: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with transport() as made:
        with portal(bus, "http://proxy.example:3128") as desk:
            monkeypatch.setenv("http_proxy", "http://environment.example:1")
            monkeypatch.setenv("no_proxy", "intranet")
            assert words(await made.choose(URL)).endswith("http://environment.example:1: the environment names it")
            assert "NO_PROXY" in words(await made.choose("https://intranet/"))
            assert desk.calls == []
            monkeypatch.delenv("http_proxy")
            assert (await made.choose(URL)).proxy == "http://proxy.example:3128"


@pytest.mark.parametrize("mode", ["environment", "manual", "none"])
async def test_only_a_connection_that_follows_the_computer_asks(bus: str, mode: ProxyMode) -> None:
    async with transport() as made:
        with portal(bus, "http://proxy.example:3128") as desk:
            assert (await made.choose(URL, Route(Network(proxy=mode)))).proxy is None
            assert desk.calls == []


async def test_where_python_reads_the_settings_itself_nothing_changes(
    bus: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.services.network._READS_NO_SETTINGS", False)  # Windows and macOS
    async with transport() as made:
        with portal(bus, "http://proxy.example:3128") as desk:
            assert (await made.choose(URL)).proxy is None
            assert desk.calls == []


@pytest.mark.parametrize(
    "url", ["http://a\x00b.example/", "http://a b.example/", "http://a\udc80.example/", "ftp://a/"]
)
async def test_what_no_bus_can_carry_is_not_said(bus: str, url: str) -> None:
    async with transport() as made:
        with portal(bus, "http://proxy.example:3128") as desk:
            assert (await made.choose(url)).proxy is None
            assert (await made.choose(URL)).proxy == "http://proxy.example:3128", "and the bus is still there"
            assert len(desk.calls) == 1


# ---- it fails: everything is as it was before


AS_BEFORE = "Without a proxy: none is set in the environment"


async def test_a_hung_desktop_holds_nobody_up_for_long(bus: str) -> None:
    clock = Clock()
    with hung(bus, "http://proxy.example:3128") as (desk, go):
        async with transport(0.05, clock) as made:
            many = await asyncio.gather(*(made.choose(URL) for _ in range(10)))
            assert {words(choice) for choice in many} == {AS_BEFORE}
            clock.at += 30
            assert words(await made.choose(URL)) == AS_BEFORE
            clock.at += 31
            await made.choose(URL)
            await made.choose("http://last.example/")
            go.set()
            asked = [body[0] for body in desk.called("Lookup", 3)]
            assert asked == [f"http://{HOST}:80/"] * 2 + ["http://last.example:80/"], "it was left alone for a while"


async def test_an_answer_that_comes_late_is_there_for_the_next(bus: str) -> None:
    clock = Clock()
    desktop = DesktopProxies(0.05, clock)
    with hung(bus, "http://proxy.example:3128") as (desk, go):
        assert await desktop.choose(URL) is None
        clock.at += 5
        go.set()
        (question,) = desktop._questions.values()
        await asyncio.wait([question.answer], timeout=20)
        choice = await desktop.choose(URL)
        assert choice is not None
        assert choice.proxy == "http://proxy.example:3128"
        assert len(desk.calls) == 1
    desktop.close()


async def test_who_stops_waiting_does_not_spoil_it_for_the_others(bus: str) -> None:
    with hung(bus, "http://proxy.example:3128") as (desk, go):
        async with transport() as made:
            first, second = (asyncio.create_task(made.choose(URL)) for _ in range(2))
            await asyncio.to_thread(desk.called, "Lookup")
            first.cancel()
            await asyncio.wait([first])
            go.set()
            assert (await second).proxy == "http://proxy.example:3128"


async def test_without_a_desktop_or_a_bus(bus: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for address in (bus, f"unix:path={tmp_path}/none", "nonsense", ""):
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        async with transport() as made:
            assert words(await made.choose(URL)) == AS_BEFORE


@pytest.mark.parametrize(
    "body",
    [
        ("s", ("http://proxy.example:3128",)),
        ("u", (3128,)),
        ("", ()),
        ("as", ([],)),
        ("au", ([1, 2],)),
        ("av", ([("s", "http://proxy.example:3128")],)),
        ("a{ss}", ({"http": "proxy"},)),
        ("ay", (b"http://proxy.example:3128",)),
        (
            "as",
            (["", "proxy.example", "http://", "http://[bad", "http://p:many", "http://p:0", "://", "\x1b]0;x\x07"],),
        ),
        None,
    ],
    ids=repr,
)
async def test_an_answer_that_makes_no_sense_is_none(bus: str, body: Any) -> None:
    with portal(bus, answer=lambda uri: body if uri.startswith("http:") else ("as", (["http://p.example:1"],))):
        async with transport() as made:
            assert words(await made.choose(URL)) == AS_BEFORE
            assert (await made.choose(f"https://{HOST}/")).proxy == "http://p.example:1", "the next one is heard"


# ---- kinds that are not spoken


@pytest.mark.parametrize(
    ("ways", "proxy"),
    [
        (("socks5://s:1080", "http://p:3128", "direct://"), "http://p:3128"),
        (("socks5://s:1080", "direct://", "http://p:3128"), None),
        (("http://[bad", "https://p:443"), "https://p:443"),
    ],
)
async def test_the_first_way_that_can_be_gone_is_taken(bus: str, ways: tuple[str, ...], proxy: str | None) -> None:
    with portal(bus, *ways):
        async with transport() as made:
            choice = await made.choose(URL)
            assert choice.proxy == proxy
            assert "desktop's settings" in choice.why


async def test_socks_alone_is_told_in_plain_words(bus: str, tmp_path: Path) -> None:
    with portal(bus, "socks5://ada:p4ssw0rd@socks.example:1080", "socks4://socks.example:1080"):
        async with transport() as made:
            failure = (await fetched(made)).failure
            assert failure is not None
            said = "The proxy socks5://socks.example:1080 is of a kind that Sluice does not speak"
            assert (failure.code, said in failure.text, "p4ssw0rd" in repr(failure)) == ("proxy", True, False)
            doctor = Doctor(Connection("openai", URL, "m"), Secrets(None), Route(), made)
            checks = [check async for check in doctor.examine()]
            assert [(check.name, check.state, said in check.words) for check in checks] == [("Proxy", "failed", True)]
            mine = connections(tmp_path / "data", made)
            way = await mine.way(mine.add_temporary(Connection("openai", URL, "m"), Secrets()))
            assert said in "".join(way)


# ---- a login in the answer


async def test_a_login_is_used_and_never_shown(bus: str, tmp_path: Path, logged: Paths) -> None:
    async with proxied("ada:h1dden/w:rd") as proxy, transport() as made:
        with portal(bus, proxy.url.replace("//", "//ada:h1dden%2Fw%3ard@")):
            assert (await fetched(made)).status == 404
            assert proxy.asked
            choice = await made.choose(URL)
            doctor = Doctor(Connection("openai", URL, "m"), Secrets("key-1"), Route(), made)
            checks = [check async for check in doctor.examine()]
            mine = connections(tmp_path / "data", made)
            given = mine.add_temporary(Connection("openai", URL, "m"), Secrets("key-1"))
            held = await mine.held(given)
            assert [h.place for h in held if h.label == "Password for the proxy"] == ["environment"]
            shown = repr((choice, checks, doctor, held)) + doctor.report() + repr(await mine.way(given))
            proxy.login = "other:login"
            refused = await fetched(made, URL.replace("http:", "https:"))
            assert "user name and password" in repr(refused)
            shown += repr(refused)
    logging.getLogger("somebody").warning("the way is %s", choice.proxy)
    assert ("h1dden" in shown, "ada" in shown) == (False, False)
    log = (logged.logs / logs.FILE).read_text("utf-8")
    assert ("the way is" in log, "h1dden" in log) == (True, False)


# ---- as a person meets it


async def test_ask_goes_by_the_desktops_proxy(bus: str) -> None:
    async with proxied() as proxy:
        with portal(bus, proxy.url) as desk:
            unsaid = {"NO_PROXY": "", "no_proxy": ""}
            asked = await ask("openai", URL, "hello", "--agent", "m", key="key-1", environment=unsaid)
            assert (asked.status, asked.answer) == (0, "Hello there."), asked.words
            assert HOST in proxy.asked[0]
            assert len(desk.calls) == 1
        asked = await ask("openai", URL, "hello", "--agent", "m", key="key-1", environment=unsaid)
        assert asked.status == 2
        assert f"No computer called {HOST}" in str(asked.end["error"]["text"])


def test_the_window_goes_by_it_and_says_so(bus: str, qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with proxied() as proxy, window(qapp, tmp_path / "d", Connection("openai", URL, "m"), "k-1") as sluice:
            with portal(bus, proxy.url):
                named = f"By the proxy {proxy.url}: the desktop's settings name it"
                sluice.window.commands.run("secrets")
                dialog = sluice.find("connections_dialog", ConnectionsDialog)
                await sluice.until(lambda: named in shown(dialog), "who names the proxy")
                assert "Not reached yet" in shown(dialog)
                dialog.close()
                sluice.say("hello")
                await sluice.until(lambda: "Hello there." in sluice.text(), "the answer")
                assert HOST in proxy.asked[0]
                assert named in sluice.find("status_line").accessibleDescription()

    drive(qapp, work)


def test_a_hung_desktop_does_not_stop_the_window(bus: str, qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with window(qapp, tmp_path / "d", Connection("openai", URL, "m"), "k-1") as sluice:
            with hung(bus, NOBODY):
                sluice.say("hello")
                await sluice.until(lambda: f"No computer called {HOST}" in sluice.text(), "that it went directly")

    drive(qapp, work)


def shown(dialog: ConnectionsDialog) -> str:
    return "\n".join(label.text() for label in dialog.findChildren(QLabel))
