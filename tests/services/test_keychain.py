"""The keyring: a real one where there is one, and everything that can be wrong with it."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator

import keyring
import keyring.backend
import pytest
from keyring.errors import KeyringLocked

from desktop.core.errors import KeyringTrouble
from desktop.services.keys.keychain import Keychain
from tests.services.keyrings import RealKeyring

# keyring's own Secret Service backend leaves its socket to the garbage collector when a collection is locked
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """The socket that a locked keyring's backend leaves open is collected here, where that is no error."""
    yield
    gc.collect()
SECRET = "sk-ü-never-seen-7731"


async def test_a_secret_comes_back_and_goes(real_keyring: RealKeyring) -> None:
    chain = Keychain("sluice-test")
    assert await chain.get("a") is None
    assert chain.where("a") == "none"
    await chain.set("a", SECRET)
    assert chain.where("a") == "keyring"
    other_run = Keychain("sluice-test")
    assert await other_run.get("a") == SECRET
    assert await Keychain("sluice-other").get("a") is None
    await chain.delete("a")
    assert await other_run.get("a") is None
    assert other_run.where("a") == "none"


async def test_deleting_what_is_not_there_is_no_trouble(real_keyring: RealKeyring) -> None:
    await Keychain("sluice-test").delete("never")


async def test_nothing_readable_is_left_on_disk(real_keyring: RealKeyring) -> None:
    await Keychain("sluice-test").set("a", SECRET)
    written = [file for file in real_keyring.folder.rglob("*") if file.is_file()]
    assert written
    assert not [file for file in written if SECRET.encode() in file.read_bytes()]


async def test_a_locked_keyring_is_told_in_words(real_keyring: RealKeyring) -> None:
    chain = Keychain("sluice-test")
    await chain.set("a", SECRET)
    real_keyring.lock()
    assert "keyring of this computer" in chain.note()
    with pytest.raises(KeyringTrouble, match="locked"):
        await chain.get("a")
    assert "locked" in chain.note()


async def test_a_frozen_keyring_is_waited_for_aloud_and_answers_later(real_keyring: RealKeyring) -> None:
    said: list[str] = []
    told = asyncio.Event()

    def on_waiting(words: str) -> None:
        said.append(words)
        told.set()

    chain = Keychain("sluice-test", on_waiting)
    await chain.set("a", SECRET)
    assert said == []
    real_keyring.freeze()
    reading = asyncio.ensure_future(chain.get("a"))
    await asyncio.wait_for(told.wait(), 5)
    assert "Waiting for the keyring" in said[0]
    assert not reading.done()
    real_keyring.thaw()
    assert await reading == SECRET
    assert said[-1] == ""


async def test_giving_up_on_a_frozen_keyring_goes_on_at_once(real_keyring: RealKeyring) -> None:
    chain = Keychain("sluice-test")
    await chain.set("a", SECRET)
    real_keyring.freeze()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(chain.get("a"), 0.2)
    chain.keep_for_this_run("a", "typed again")
    assert await chain.get("a") == "typed again"
    real_keyring.thaw()
    for thread in threading.enumerate():
        if thread.name == "keyring":
            thread.join(5)


def test_a_frozen_keyring_does_not_keep_the_process(real_keyring: RealKeyring) -> None:
    program = """
        import asyncio
        from desktop.services.keys.keychain import Keychain
        async def main():
            try:
                await asyncio.wait_for(Keychain("sluice-test").get("a"), 0.5)
            except TimeoutError:
                print("gave up")
        asyncio.run(main())
    """
    real_keyring.freeze()
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        check=False,
        text=True,
        timeout=10,
        env={**os.environ, **real_keyring.env},
    )
    assert (done.stdout, done.returncode) == ("gave up\n", 0), done.stderr


class FakeRing(keyring.backend.KeyringBackend):
    """A backend of this module, so none of the accepted ones."""

    priority = 0.5  # type: ignore[assignment]

    def get_password(self, service: str, username: str) -> str | None:
        raise AssertionError("a backend that is not accepted was asked")

    set_password = delete_password = get_password  # type: ignore[assignment]


class Raising:
    """What an accepted backend does when something is wrong."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def get_password(self, service: str, username: str) -> str | None:
        raise self.error

    def set_password(self, service: str, username: str, value: str) -> None:
        raise self.error


@pytest.fixture
def no_bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine without any keyring."""
    from keyring.backends import fail

    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/nonexistent")
    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())
    yield
    keyring.set_keyring(before)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a keyring")
async def test_without_a_keyring_the_words_say_what_to_install(no_bus: None) -> None:
    chain = Keychain("sluice-test")
    with pytest.raises(KeyringTrouble, match="gnome-keyring"):
        await chain.set("a", SECRET)
    assert chain.where("a") == "none"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a keyring")
async def test_a_secret_can_be_kept_for_this_run_only(no_bus: None) -> None:
    chain = Keychain("sluice-test")
    chain.keep_for_this_run("a", SECRET)
    assert chain.where("a") == "this run only"
    assert await chain.get("a") == SECRET
    await chain.delete("a")
    assert chain.where("a") == "none"


async def test_a_backend_that_is_not_accepted_counts_as_none() -> None:
    before = keyring.get_keyring()
    keyring.set_keyring(FakeRing())
    try:
        with pytest.raises(KeyringTrouble, match="no keyring"):
            await Keychain("sluice-test").set("a", SECRET)
    finally:
        keyring.set_keyring(before)


@pytest.mark.parametrize("error", [RuntimeError(SECRET), KeyringLocked(SECRET), UnicodeError(SECRET)])
async def test_whatever_a_backend_raises_becomes_words_without_the_secret(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr("desktop.services.keys.keychain._backend", lambda: Raising(error))
    with pytest.raises(KeyringTrouble) as caught:
        await Keychain("sluice-test").set("a", SECRET)
    assert SECRET not in f"{caught.value.headline} {caught.value.detail} {caught.value!r}"


def test_the_secret_is_not_in_the_repr() -> None:
    chain = Keychain("sluice-test")
    chain.keep_for_this_run("a", SECRET)
    assert SECRET not in repr(chain)


def test_nothing_of_keyring_is_imported_before_it_is_asked() -> None:
    program = "import sys, desktop.services.keys.keychain; print('keyring' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
