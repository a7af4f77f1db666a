"""What an office's network needs, tried as a person would: typed into the connection editor and used by the window,
and by `sluice ask` from the environment; with a real proxy and a real TLS server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLabel

from desktop.services.network import CLIENT_SECRET, PROXY_SECRET
from desktop.ui.connections.editor import ConnectionEditor
from tests.loopback.asking import Asked, ask
from tests.loopback.faults import FaultServer
from tests.loopback.proxies import Proxy
from tests.loopback.server import Server
from tests.loopback.tls import Certificate, make, tls_server
from tests.ui.driving import Driven, drive, window

HOST = "agent.example.invalid"  # a name that only the proxy knows
KINDS = ("proxy", "tls by proxy", "bypass", "no proxy", "private authority", "client certificate", "headers")


@dataclass
class Office:
    """A server, how it is reached, and what a person types into the network section for that: `lines` by name."""

    url: str
    server: Server
    proxy: Proxy | None = None
    mode: str = "none"
    lines: dict[str, str] = field(default_factory=dict)
    headers: str = ""
    way: str = ""


@asynccontextmanager
async def office(kind: str, folder: Path) -> AsyncIterator[Office]:
    authority = make(folder, "office", authority=True)
    handle = FaultServer("openai").handle
    async with AsyncExitStack() as everything:
        enter = everything.enter_async_context
        if kind in ("private authority", "client certificate"):
            yield await _certified(kind, folder, authority, enter)
            return
        shown = make(folder, "far", by=authority, host=HOST)
        server = await enter(tls_server(handle, shown) if kind == "tls by proxy" else Server(handle))
        if kind == "headers":
            yield Office(server.url, server, headers="X-Team: blue\n*X-Token: t0ken")
            return
        there = ("127.0.0.1", int(server.url.rsplit(":", 1)[1]))
        proxy = await enter(Proxy("ada:p@ss/w:rd", target=there))
        made = Office(f"http://{HOST}/v1", server, proxy, "manual", way=f"By the proxy {proxy.url}")
        made.lines = {"proxy_url": proxy.url, "proxy_user": "ada", PROXY_SECRET: "p@ss/w:rd"}
        if kind == "tls by proxy":
            made.url = f"https://{HOST}/v1"
            made.lines["ca_file"] = str(authority.certificate)
        elif kind == "bypass":
            made.lines["bypass"] = f"intranet, {HOST}"
        elif kind == "no proxy":
            made.mode, made.lines = "none", {}
        yield made


async def _certified(kind: str, folder: Path, authority: Certificate, enter) -> Office:  # type: ignore[no-untyped-def]
    shown = make(folder, "shown", by=authority)
    strict = kind == "client certificate"
    server = await enter(tls_server(FaultServer("openai").handle, shown, client_ca=authority if strict else None))
    made = Office(server.url, server, way="Certificate for shown, issued by office")
    made.lines = {"ca_file": str(authority.certificate)}
    if strict:
        mine = make(folder, "mine", by=authority, password="pass word")
        made.lines |= {"client_cert": str(mine.certificate), "client_key": str(mine.key), CLIENT_SECRET: "pass word"}
    return made


async def typed(sluice: Driven, made: Office) -> None:
    """Fill the editor and save, as a person does."""
    editor = ConnectionEditor(sluice.workspace, None, sluice.window)
    editor.saved.connect(sluice.page.use)
    editor.open()
    editor._name.setText("office")
    editor._protocol.setCurrentIndex(editor._protocol.findData("openai"))
    editor._url.setText(made.url)
    editor._agent.setEditText("m")
    form = editor._network
    form._fold.click()
    form._proxy.setCurrentIndex(form._proxy.findData(made.mode))
    for name, value in made.lines.items():
        form._lines[name].setText(value)
    form._headers.setPlainText(made.headers)
    await editor._save()
    assert editor.isHidden() or any("this run only" in label.text() for label in editor.findChildren(QLabel))
    editor.close()


@pytest.mark.parametrize("kind", KINDS)
def test_the_window_reaches_the_server(qapp: QApplication, tmp_path: Path, kind: str) -> None:
    async def work() -> None:
        async with office(kind, tmp_path) as made, window(qapp, tmp_path / "data") as sluice:
            await typed(sluice, made)
            sluice.say("hello")
            if kind in ("bypass", "no proxy"):  # nobody but the proxy knows the name
                await sluice.until(lambda: f"No computer called {HOST}" in sluice.text(), "that it went directly")
                assert made.proxy is not None
                assert made.proxy.asked == []
                return
            await sluice.until(lambda: "Hello there." in sluice.text(), "the answer")
            assert made.way in sluice.find("status_line").accessibleDescription()
            if made.proxy is not None:
                assert any(HOST in asked for asked in made.proxy.asked)
            if kind == "headers":
                sent = made.server.requests[-1].headers
                assert (sent["x-team"], sent["x-token"]) == ("blue", "t0ken")

    drive(qapp, work)


def test_a_wrong_proxy_password_is_told_with_the_way_to_mend_it(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with office("tls by proxy", tmp_path) as made, window(qapp, tmp_path / "data") as sluice:
            made.lines[PROXY_SECRET] = "wrong"
            await typed(sluice, made)
            sluice.say("hello")
            await sluice.until(lambda: "wants a user name and password" in sluice.text(), "the words")
            await sluice.until(lambda: sluice.shows("remedy_connection"), "the way to the settings")
            assert "wrong" not in sluice.text()
            assert made.server.requests == []

    drive(qapp, work)


# ---- the same from outside: the environment says it


def told(asked: Asked) -> str:
    """Why it failed, in words."""
    return str(asked.end["error"]["text"])


async def test_ask_goes_by_the_environments_proxy(tmp_path: Path) -> None:
    async with office("proxy", tmp_path) as made:
        assert made.proxy is not None
        login = made.proxy.url.replace("http://", "http://ada:p%40ss%2Fw%3Ard@")
        by_proxy = {"HTTP_PROXY": login, "http_proxy": login, "NO_PROXY": "intranet", "no_proxy": "intranet"}
        asked = await ask("openai", made.url, "hello", "--agent", "m", key="key-1", environment=by_proxy)
        assert (asked.status, asked.answer) == (0, "Hello there."), asked.words
        assert ("not encrypted" in asked.events[0]["text"], asked.events[0]["level"]) == (True, "warning")
        assert HOST in made.proxy.asked[0]
        keyless = await ask("openai", made.url, "hello", "--agent", "m", environment=by_proxy)
        assert keyless.kinds("notice") == [], "there is no key that somebody could read"
        made.proxy.asked.clear()
        direct = by_proxy | {"NO_PROXY": HOST, "no_proxy": HOST}
        asked = await ask("openai", made.url, "hello", "--agent", "m", key="key-1", environment=direct)
        assert asked.status == 2
        assert f"No computer called {HOST}" in told(asked)
        assert made.proxy.asked == []
        wrong = by_proxy | {"http_proxy": made.proxy.url, "HTTP_PROXY": made.proxy.url}
        asked = await ask("openai", made.url, "hello", "--agent", "m", key="key-1", environment=wrong)
        assert asked.status == 2
        assert "proxy" in told(asked)


async def test_ask_trusts_the_environments_authorities(tmp_path: Path) -> None:
    async with office("private authority", tmp_path) as made:
        asked = await ask("openai", made.url, "hello", "--agent", "m", key="key-1")
        assert asked.status == 2
        assert "anyone this computer trusts" in told(asked)
        assert made.server.requests == [], "nothing was sent"
        trusting = {"SSL_CERT_FILE": made.lines["ca_file"]}
        asked = await ask("openai", made.url, "hello", "--agent", "m", key="key-1", environment=trusting)
        assert (asked.status, asked.answer) == (0, "Hello there."), asked.words
        gone = {"SSL_CERT_FILE": str(tmp_path / "none.pem")}
        asked = await ask("openai", made.url, "hello", "--agent", "m", key="key-1", environment=gone)
        assert asked.status == 2
        assert "SSL_CERT_FILE in the environment" in told(asked)
        assert "Traceback" not in asked.words
