"""A second start hands over to the first one of its data folder."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from desktop.services.history import History
from desktop.services.paths import Paths
from tests.ui.driving import until

ROOT = Path(__file__).parent.parent.parent
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")


async def start(folder: Path, url: str) -> asyncio.subprocess.Process:
    arguments = ("--data-dir", str(folder), "--protocol", "openai", "--url", url)
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "desktop", *arguments, cwd=ROOT, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    )


def there(path: Path) -> bool:
    return path.exists()


async def places(folder: Path) -> list[str]:
    """The addresses of the open tabs, as the store has them."""
    history = History(Paths(folder))
    found = [await history.session(key) for key in await history.open_keys()]
    await history.close()
    return [s.connection.base_url for s in found if s and s.connection]


async def test_a_second_start_opens_its_tab_in_the_first(tmp_path: Path) -> None:
    first = await start(tmp_path, "http://127.0.0.1:9/one")
    await until(lambda: there(tmp_path / "sluice.lock"), "the first start", 30)
    second = await start(tmp_path, "http://127.0.0.1:9/two")
    assert await asyncio.wait_for(second.wait(), 30) == 0
    assert first.returncode is None
    assert (tmp_path / "sluice.lock").stat().st_mode & 0o077 == 0, "nobody else reads who runs it"
    first.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(first.wait(), 3.0) in (0, 143)
    assert await places(tmp_path) == ["http://127.0.0.1:9/one", "http://127.0.0.1:9/two"]


async def test_after_a_crash_the_next_start_is_the_first(tmp_path: Path) -> None:
    crashed = await start(tmp_path, "http://127.0.0.1:9/one")
    await until(lambda: there(tmp_path / "history.db"), "the first start", 30)
    crashed.kill()
    await crashed.wait()
    two = [await start(tmp_path, f"http://127.0.0.1:9/{name}") for name in ("one", "two")]
    await until(lambda: any(one.returncode is not None for one in two), "the second's leaving", 30)
    left, stays = sorted(two, key=lambda one: one.returncode is None)
    assert left.returncode == 0
    assert stays.returncode is None, "whoever came first"
    stays.terminate()
    await stays.wait()


async def test_another_folder_is_another_program(tmp_path: Path) -> None:
    one = await start(tmp_path / "a", "http://127.0.0.1:9/one")
    two = await start(tmp_path / "b", "http://127.0.0.1:9/two")
    for folder in ("a", "b"):
        await until(lambda folder=folder: there(tmp_path / folder / "history.db"), "the start", 30)
    assert one.returncode is None
    assert two.returncode is None
    for process in (one, two):
        process.terminate()
        assert await process.wait() in (0, 143, -signal.SIGTERM)
