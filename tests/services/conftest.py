"""Parts that several of these tests need."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from desktop.services.paths import Paths
from tests.services.keyrings import RealKeyring, missing


def wait_until(condition: Callable[[], bool], seconds: float = 10.0, what: str = "the condition") -> None:
    """Poll for something that happens in another process or thread."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} did not come in {seconds} s"
        time.sleep(0.005)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = Paths(tmp_path / "data")
    assert paths.make() is None
    return paths


@pytest.fixture
def real_keyring(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RealKeyring]:
    """gnome-keyring, running and unlocked, as the keyring of this process."""
    if lacking := missing():
        pytest.skip(f"not installed: {', '.join(lacking)}")
    import keyring
    from keyring.backends import SecretService

    daemon = RealKeyring(tmp_path_factory.mktemp("keyring"))
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "PYTHON_KEYRING_BACKEND"):
        monkeypatch.delenv(name, raising=False)
    for name, value in daemon.env.items():
        monkeypatch.setenv(name, value)
    before = keyring.get_keyring()
    try:
        wait_until(daemon.unlocked, what="the keyring")
        keyring.set_keyring(SecretService.Keyring())
        yield daemon
    finally:
        keyring.set_keyring(before)
        daemon.close()
