"""The operating system's keyring, and nothing else: no file, no log, no argument list ever holds a secret.

Every call runs in a daemon thread of its own, because a keyring may wait for a person's password, or hang, for as
long as it likes. `keyring` is imported there too, on the first call.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any, Literal, TypeVar

from desktop.core.errors import KeyringTrouble
from desktop.core.language import mark, tr
from desktop.services.logs import redact
from desktop.services.system.daemon import in_daemon

Where = Literal["keyring", "this run only", "none"]
T = TypeVar("T")

_SAFE = {f"keyring.backends.{name}" for name in ("SecretService", "macOS", "Windows", "libsecret")}
_SILENT = ("keyring.backends.fail", "keyring.backends.chainer")
_WAIT = 1.0  # seconds after which the person is told what is being waited for
_WAITING = mark("Waiting for the keyring. It may be asking for your password in a window of its own.")
_KEPT_HERE = mark("Keys are kept in the keyring of this computer, never in a file.")


class Keychain:
    """Secrets by account, under one service name. `on_waiting` hears words when the keyring takes longer than a
    second, and "" when it has answered after all."""

    def __init__(self, service: str, on_waiting: Callable[[str], None] = lambda words: None) -> None:
        self.service = service
        self.on_waiting = on_waiting
        self._kept: dict[str, str] = {}
        self._seen: set[str] = set()  # accounts that the keyring is known to hold
        self.backend = ""  # what the keyring that answered last calls itself
        self._trouble = ""  # words of the last call; the error itself holds frames, and they the secret

    def __repr__(self) -> str:
        return f"Keychain({self.service!r})"

    async def get(self, account: str) -> str | None:
        """The secret, or None if there is none. Raises KeyringTrouble; there is no time limit."""
        if account in self._kept:
            return self._kept[account]
        found: str | None = await self._call(lambda ring: ring.get_password(self.service, account))
        redact(found or "")
        self._note(account, found is not None)
        return found

    async def set(self, account: str, value: str) -> None:
        """Store the secret in the keyring. Raises KeyringTrouble: then offer `keep_for_this_run`."""
        redact(value)
        await self._call(lambda ring: ring.set_password(self.service, account, value))
        self._kept.pop(account, None)
        self._note(account, True)

    async def delete(self, account: str) -> None:
        """Forget the secret, here and in the keyring. Raises KeyringTrouble; an unknown account is no trouble."""
        if self._kept.pop(account, None) is not None and account not in self._seen:
            return
        await self._call(lambda ring: _delete(ring, self.service, account))
        self._note(account, False)

    def keep_for_this_run(self, account: str, value: str) -> None:
        """Hold the secret in memory until the program ends; it wins over what the keyring has."""
        redact(value)
        self._kept[account] = value

    def where(self, account: str) -> Where:
        """Where the secret is, as far as this run has seen: the keyring itself is not asked."""
        if account in self._kept:
            return "this run only"
        return "keyring" if account in self._seen else "none"

    def note(self) -> str:
        """Where keys are kept, in words for people."""
        if not self._trouble:
            return tr(_KEPT_HERE)
        return f"{self._trouble} {tr('Until then keys are kept for this run only and forgotten when Sluice ends.')}"

    def _note(self, account: str, held: bool) -> None:
        (self._seen.add if held else self._seen.discard)(account)

    async def _call(self, work: Callable[[Any], T]) -> T:
        told: list[str] = []  # whether the wait was told; qasync's handles do not say when they are due

        def tell() -> None:
            told.append(tr(_WAITING))
            self.on_waiting(tr(_WAITING))

        waiting = asyncio.get_running_loop().call_later(_WAIT, tell)
        try:
            self.backend, result = await in_daemon(lambda: _guarded(work), "keyring")
            self._trouble = ""
            return result
        except KeyringTrouble as trouble:
            self._trouble = trouble.headline
            raise
        finally:
            waiting.cancel()
            if told:
                self.on_waiting("")


def _guarded(work: Callable[[Any], T]) -> tuple[str, T]:
    """Run in the thread. Returns what the keyring calls itself, and the work's result. Whatever is raised becomes
    words. The backend's own error is let go of, with its frames: they hold what it was given."""
    try:
        ring = _backend()
        if ring is not None:
            return str(ring.name), work(ring)
        trouble = _no_keyring("no backend")
    except Exception as error:
        trouble = _trouble(error)
    raise trouble


def _backend() -> Any:
    """The keyring to use. One that may have been started since the last look is found; one that keeps secrets in the
    clear is not used, even if it was configured."""
    import keyring
    from keyring.backend import KeyringBackend

    found = keyring.get_keyring()
    if _module(type(found)) in _SAFE:
        return found
    if _module(type(found)) not in _SILENT:
        return None
    safe = [cls for cls in KeyringBackend.get_viable_backends() if _module(cls) in _SAFE]
    return max(safe, key=lambda cls: cls.priority)() if safe else None


def _module(cls: type) -> str:
    return cls.__module__


def _delete(ring: Any, service: str, account: str) -> None:
    from keyring.errors import PasswordDeleteError

    try:
        ring.delete_password(service, account)
    except PasswordDeleteError:
        if ring.get_password(service, account) is not None:
            raise


def _no_keyring(detail: str) -> KeyringTrouble:
    words = tr("There is no keyring to keep the key in.")
    if sys.platform == "linux":
        words = f"{words} {tr('Install the package gnome-keyring (or KWallet) and log in again.')}"
    return KeyringTrouble(words, detail)


def _trouble(error: Exception) -> KeyringTrouble:
    name = type(error).__name__
    if name in ("NoKeyringError", "ImportError", "ModuleNotFoundError"):
        return _no_keyring(name)
    if name in ("KeyringLocked", "InitError"):
        return KeyringTrouble(tr("The keyring is locked. Unlock it and try again."), name)
    return KeyringTrouble(tr("The keyring refused. Try again, or look at the keyring's own settings."), name)
