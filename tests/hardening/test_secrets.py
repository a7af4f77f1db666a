"""A planted secret is in no file, log, report, window or accessible text, whatever was done with it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtGui import QAccessible, QAccessibleInterface, QGuiApplication
from PySide6.QtWidgets import QApplication, QLineEdit, QTableView

from desktop.core.exchange.sections import Parts
from desktop.core.requests import Connection, Secrets
from desktop.services import logs
from desktop.services.network import CLIENT_SECRET, PROXY_SECRET, Network, header_secret, route_of
from desktop.services.network.doctor import Doctor
from desktop.services.paths import Paths
from desktop.ui.connections.editor import ConnectionEditor
from desktop.ui.system.crash import report_of
from desktop.ui.wire.view import WireView
from tests.loopback.asking import ask
from tests.loopback.server import Exchange, Request, Server
from tests.ui.driving import Driven, drive, window

KEY = "sk-pl4nted/+= key"
EXTRA = {PROXY_SECRET: "pl4nted-proxy", CLIENT_SECRET: "pl4nted-client", header_secret("X-Token"): "pl4nted-header"}
HIDDEN = "pl4nted"


async def echo(request: Request, exchange: Exchange) -> None:
    """Repeats in its error what it was sent."""
    headers = ", ".join(f"{name}: {value}" for name, value in request.headers.items())
    await exchange.reply(401, {"error": {"message": f"refused {headers}"}})


def files_with(folder: Path, secret: str) -> list[str]:
    """The files below a folder that hold the secret, in whatever encoding a text would be found in."""
    forms = {secret.encode(), secret.encode("utf-16-le"), secret.encode("utf-16-be")}
    return [str(f) for f in folder.rglob("*") if f.is_file() and any(form in f.read_bytes() for form in forms)]


def accessible(interface: QAccessibleInterface | None, depth: int = 0) -> Iterator[str]:
    """Every text of the accessibility tree below an object."""
    if interface is None or not interface.isValid() or depth > 40:
        return
    for role in (QAccessible.Text.Name, QAccessible.Text.Value, QAccessible.Text.Description, QAccessible.Text.Help):
        yield interface.text(role)
    for i in range(interface.childCount()):
        yield from accessible(interface.child(i), depth + 1)


def seen(app: QApplication) -> str:
    windows = (w for w in app.topLevelWidgets() if w.isVisible())
    return "\n".join(text for w in windows for text in accessible(QAccessible.queryAccessibleInterface(w)))


def is_clean(text: str) -> bool:
    return HIDDEN not in text


def test_a_secret_is_nowhere_but_in_the_keyring(qapp: QApplication, tmp_path: Path, logged: Paths) -> None:
    network = Network(proxy="none", secret_headers=("X-Token",), proxy_user="ada")

    async def everything(sluice: Driven, url: str) -> None:
        workspace, page = sluice.workspace, sluice.page
        place = Connection("openai", url, "m")
        profile, _ = await workspace.connections.save(None, "saved", place, Secrets(KEY, EXTRA), network)
        page.use(profile)
        sluice.say("hello")
        held = page.session.conversation
        await sluice.until(lambda: bool(held.runs and held.runs[-1].status), "the refusal")
        await sluice.until(lambda: "refused" in sluice.text(), "its words")
        assert is_clean(sluice.text())
        editor = ConnectionEditor(workspace, profile, sluice.window)
        editor.open()
        for line in editor.findChildren(QLineEdit):
            if line.echoMode() == QLineEdit.EchoMode.Password:
                line.setText(KEY)
        assert is_clean(seen(qapp)), "a typed key is not read out"
        editor.close()
        doctor = Doctor(place, Secrets(KEY, EXTRA), route_of(network, EXTRA), workspace.transport)
        said = [check.words async for check in doctor.examine()]
        assert is_clean("\n".join(said) + doctor.report())
        assert is_clean(repr((profile, doctor.route, doctor.secrets, page.session.route)))
        try:
            raise RuntimeError(f"with {KEY} and {EXTRA}")
        except RuntimeError as error:
            logging.getLogger("desktop.test").exception("it failed with %s", KEY)
            assert is_clean(report_of(error, "a test"))
        assert is_clean(seen(qapp))
        assert is_clean(QGuiApplication.clipboard().text())
        await kept_elsewhere(sluice)

    async def kept_elsewhere(sluice: Driven) -> None:
        """Everything that leaves the program as a file or by the clipboard, and the page about secrets itself."""
        page, library = sluice.page, sluice.workspace.library
        page.box.wire.setChecked(True)
        await sluice.until(lambda: sluice.shows("wire_view"), "the wire")
        view = sluice.find("wire_view", WireView)
        await sluice.until(lambda: view.findChild(QTableView).model().rowCount() > 0, "its rows")
        page.tab.recorder.save(tmp_path / "saved.sluice-recording", "a title")
        view.findChild(QTableView).selectRow(1)
        view._curl.click()
        await sluice.until(lambda: "curl" in QGuiApplication.clipboard().text(), "the command")
        assert is_clean(QGuiApplication.clipboard().text())
        for form in ("html", "md", "json"):
            (tmp_path / f"export.{form}").write_text(await library.export(page.tab.key, form, Parts(), "Agent", str))
        sluice.window.commands.run("secrets")
        await sluice.until(lambda: sluice.shows("replace_key"), "the page")
        assert is_clean(seen(qapp))
        sluice.find("connections_dialog").close()

    async def work() -> None:
        async with Server(echo) as server:
            async with window(qapp, tmp_path, Connection("openai", server.url, "m"), KEY) as sluice:
                await everything(sluice, server.url)
            assert any(KEY in r.headers.get("authorization", "") for r in server.requests), "it did go to its server"
            assert any(r.headers.get("x-token") == "pl4nted-header" for r in server.requests)
        await asyncio.sleep(0)

    drive(qapp, work)
    logs.stop()
    assert files_with(tmp_path, HIDDEN) == []
    assert any(tmp_path.rglob("*.db")), "the history was written"
    assert any(tmp_path.rglob("*.log")), "the log was written"
    assert b"refused" in (tmp_path / "saved.sluice-recording").read_bytes(), "the recording has what was said"
    assert all("refused" in (tmp_path / f"export.{form}").read_text() for form in ("html", "md", "json"))


async def test_ask_says_no_key(tmp_path: Path) -> None:
    async with Server(echo) as server:
        asked = await ask("openai", server.url, "hello", "--agent", "m", "--verbose", key=KEY)
    assert asked.status == 2
    assert is_clean(asked.words)
    assert is_clean(str(asked.events))
