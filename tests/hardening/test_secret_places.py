"""The page that shows where each secret lives: never the value, by keyboard, in words for a screen reader."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QListWidget, QPushButton

from desktop.core.requests import Connection, Secrets
from desktop.services.connections import Connections
from desktop.services.keys.secret_places import Held
from desktop.services.network import CLIENT_SECRET, PROXY_SECRET, Network, header_secret
from desktop.services.paths import Paths
from desktop.services.transport import Transport
from desktop.ui.connections.connections_dialog import ConnectionsDialog
from tests.hardening.test_secrets import accessible
from tests.loopback.faults import FaultServer
from tests.loopback.server import Server
from tests.services.keyrings import RealKeyring
from tests.ui.driving import Driven, drive, window

# keyring's own Secret Service backend leaves its socket to the garbage collector when a collection is locked
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
NETWORK = Network(
    "manual", "http://proxy.example:8080", "ada", client_cert="/x/c.pem", secret_headers=("X-Token", "X-Other")
)
SECRETS = Secrets("pl4nted-key", {PROXY_SECRET: "pl4nted-proxy", header_secret("X-Token"): "pl4nted-header"})
PLACE = Connection("openai", "http://127.0.0.1:9/v1", "m")


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    yield
    gc.collect()


def connections(folder: Path) -> Connections:
    paths = Paths(folder)
    paths.make()
    return Connections(paths, Transport(), lambda words: None)


def places(held: list[Held]) -> dict[str, str]:
    return {secret.label: secret.place for secret in held}


async def test_each_place_is_told_and_no_value(tmp_path: Path, real_keyring: RealKeyring) -> None:
    saved, _ = await connections(tmp_path).save(None, "office", PLACE, SECRETS, NETWORK)
    later = connections(tmp_path)
    held = await later.held(saved)
    assert places(held) == {
        "Key": "keyring",
        "Password for the proxy": "keyring",
        "Password of the client certificate": "none",
        "Header X-Token": "keyring",
        "Header X-Other": "none",
    }
    words = repr(held)
    assert "pl4nted" not in words
    assert "SecretService" in words, "which keyring it is"
    assert Paths(tmp_path).keyring_service in words, "and under which name it can be found there"
    real_keyring.lock()
    locked = await connections(tmp_path).held(saved)
    assert places(locked)["Key"] == "unknown"
    assert "locked" in locked[0].words


async def test_what_the_keyring_lost_is_told(tmp_path: Path, real_keyring: RealKeyring) -> None:
    first = connections(tmp_path)
    saved, _ = await first.save(None, "office", PLACE, SECRETS)
    await first._keychain.delete(saved.account())
    assert (await connections(tmp_path).held(saved))[0].words == "Gone from the keyring; set it anew"


async def test_without_a_keyring_and_for_this_run(tmp_path: Path) -> None:
    """The tests' machine has no keyring but the one that a fixture starts."""
    mine = connections(tmp_path)
    saved, trouble = await mine.save(None, "office", PLACE, SECRETS, NETWORK)
    assert "this run only" in trouble
    assert places(await mine.held(saved))["Key"] == "this run"
    given = mine.add_temporary(PLACE, Secrets("pl4nted-key"))
    assert places(await mine.held(given)) == {"Key": "this run"}
    assert places(await mine.held(mine.local())) == {"Key": "this run"}
    assert not (await mine.held(mine.local()))[0].can_be_changed
    assert await mine.forget_secret(given, "key") == ""
    assert places(await mine.held(given)) == {"Key": "none"}
    assert await mine.replace_secret(given, "key", "pl4nted-new") == ""
    assert (await mine.secrets(given)).key == "pl4nted-new"


async def test_a_proxy_password_of_the_environment_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://ada:pl4nted@proxy.example:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    mine = connections(tmp_path)
    given = mine.add_temporary(Connection("openai", "http://agent.example/v1", "m"), Secrets())
    held = await mine.held(given)
    assert places(held)["Password for the proxy"] == "environment"
    assert not any(secret.can_be_forgotten for secret in held)
    assert "pl4nted" not in repr(held) + repr(await mine.way(given))


async def test_forgetting_reaches_the_keyring(tmp_path: Path, real_keyring: RealKeyring) -> None:
    mine = connections(tmp_path)
    saved, _ = await mine.save(None, "office", PLACE, SECRETS, NETWORK)
    assert await mine.forget_secret(saved, "key") == ""
    later = connections(tmp_path)
    assert places(await later.held(saved))["Key"] == "none"
    assert (await later.secrets(later.get(saved.id) or saved)).key is None
    assert await mine.remove(saved) == ""
    assert connections(tmp_path).get(saved.id) is None
    assert await later._keychain.get(saved.account(PROXY_SECRET)) is None
    assert await later._keychain.get(saved.account(CLIENT_SECRET)) is None


# ---- the page


def labels(dialog: ConnectionsDialog) -> str:
    return "\n".join(label.text() for label in dialog.findChildren(QLabel))


async def opened(sluice: Driven) -> ConnectionsDialog:
    sluice.window.commands.run("secrets")
    dialog = sluice.find("connections_dialog", ConnectionsDialog)
    await sluice.until(lambda: sluice.shows("replace_key"), "the keyring's answer")
    return dialog


def press(sluice: Driven, name: str) -> None:
    button = sluice.find(name, QPushButton)
    button.setFocus()
    QTest.keyClick(button, Qt.Key.Key_Space)


def test_the_page_shows_replaces_forgets_and_deletes(
    qapp: QApplication, tmp_path: Path, real_keyring: RealKeyring
) -> None:
    async def work() -> None:
        async with Server(FaultServer("openai").handle) as server, window(qapp, tmp_path) as sluice:
            place = Connection("openai", server.url, "m")
            saved, _ = await sluice.workspace.connections.save(None, "<b>office</b> & co", place, Secrets("pl4nted"))
            sluice.page.use(saved)
            sluice.say("hello")
            await sluice.until(lambda: "Hello there." in sluice.text(), "an answer")
            dialog = await opened(sluice)
            assert "this computer is never reached through one" in labels(dialog), "how it was reached"
            assert "In SecretService Keyring, under the service" in labels(dialog)
            texts = list(accessible(QAccessible.queryAccessibleInterface(dialog)))
            assert any("SecretService" in text for text in texts), "a screen reader is told"
            assert not any("pl4nted" in text for text in texts)
            assert sluice.find("replace_key").accessibleName() == "Set or replace: Key of <b>office</b> & co"
            assert sluice.find("forget_key").accessibleName() == "Forget: Key of <b>office</b> & co"
            await replace(sluice, "another-one")
            sluice.say("again")
            await sluice.until(lambda: len(server.requests) == 2, "another question")
            assert server.requests[-1].headers["authorization"] == "Bearer another-one"
            await forget(sluice, dialog)
            await delete(sluice, dialog, saved.id)

    drive(qapp, work)


async def replace(sluice: Driven, value: str) -> None:
    press(sluice, "replace_key")
    line = sluice.find("secret_value", QLineEdit)
    assert line.echoMode() == QLineEdit.EchoMode.Password
    QTest.keyClicks(line, value)
    QTest.keyClick(line, Qt.Key.Key_Return)
    await sluice.until(
        lambda: "It is kept." in labels(sluice.find("connections_dialog", ConnectionsDialog)), "the word"
    )
    await sluice.until(lambda: sluice.shows("replace_key"), "the page anew")


async def forget(sluice: Driven, dialog: ConnectionsDialog) -> None:
    press(sluice, "forget_key")
    bar = sluice.find("connections_bar")
    keep = next(b for b in bar.findChildren(QPushButton) if b.text() == "Keep it")
    assert dialog.focusWidget() is keep, "a stray Return forgets nothing"
    act = next(b for b in bar.findChildren(QPushButton) if b.text() == "Forget it")
    QTest.mouseClick(act, Qt.MouseButton.LeftButton)
    await sluice.until(lambda: "None is set" in labels(dialog), "that it is gone")


async def delete(sluice: Driven, dialog: ConnectionsDialog, key: str) -> None:
    await sluice.until(lambda: sluice.shows("replace_key"), "the page anew")
    press(sluice, "connections_delete")
    act = next(b for b in sluice.find("connections_bar").findChildren(QPushButton) if b.text() == "Delete it")
    QTest.mouseClick(act, Qt.MouseButton.LeftButton)
    await sluice.until(lambda: sluice.workspace.connections.get(key) is None, "that it is gone")
    await sluice.until(lambda: sluice.page.tab.profile is None, "the tab that talks to nothing")
    names = [dialog.findChild(QListWidget).item(i).text() for i in range(dialog.findChild(QListWidget).count())]
    assert not any("office" in name for name in names)
    dialog.close()
