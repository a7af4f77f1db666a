"""The look beforehand says one plain sentence for each thing that stops Qt, and agrees with Qt itself."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.services.system import preflight

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Qt needs nothing from outside here")

QT = "import sys; from PySide6.QtGui import QGuiApplication as G; a = G(sys.argv); print(a.platformName())"


@pytest.fixture
def everything_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "missing", lambda names: [])


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[str]:
    """A real X11 screen of its own; its name, like ":4"."""
    if shutil.which("Xvfb") is None or preflight.missing(preflight.X11):
        pytest.skip("Xvfb or the X11 libraries are not installed")
    ready, tell = os.pipe()
    # -displayfd takes a free number and writes it when the screen answers: no race, and no waiting by the clock.
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(tell), "-screen", "0", "640x480x24", "-nolisten", "tcp"],
        pass_fds=[tell],
        stderr=subprocess.DEVNULL,
    )
    os.close(tell)
    with os.fdopen(ready) as told:
        number = told.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait(10)


def qt_starts(environ: dict[str, str]) -> bool:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LD_LIBRARY_PATH")}
    run = subprocess.run([sys.executable, "-c", QT], env=kept | environ, capture_output=True, check=False)
    return run.returncode == 0


def test_no_screen() -> None:
    words = preflight.trouble({})
    assert words is not None
    assert words.startswith("No screen is set")


def test_a_platform_without_a_screen_needs_none(everything_there: None) -> None:
    assert preflight.trouble({"QT_QPA_PLATFORM": "offscreen:size=10x10"}) is None


@pytest.mark.parametrize(
    ("environ", "tried"),
    [
        ({}, []),
        ({"DISPLAY": ":0"}, ["xcb"]),
        ({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, ["wayland", "xcb"]),
        ({"DISPLAY": ":0", "QT_QPA_PLATFORM": "offscreen"}, ["offscreen"]),
        ({"QT_QPA_PLATFORM": "wayland-egl;xcb"}, ["wayland-egl", "xcb"]),
    ],
)
def test_which_platforms(environ: dict[str, str], tried: list[str]) -> None:
    assert preflight.platforms(environ) == tried


def test_missing_libraries_are_said_at_once_with_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = {"libGL.so.1", "libxcb-cursor.so.0"}
    monkeypatch.setattr(preflight, "_loads", lambda name: name not in absent)
    words = preflight.trouble({"DISPLAY": ":0"})
    assert words is not None
    assert "(libGL.so.1, libxcb-cursor.so.0)" in words
    assert words.endswith("sudo apt-get install -y --no-install-recommends libgl1 libxcb-cursor0")
    assert "\n" not in words


def test_the_loader_decides_what_is_missing() -> None:
    assert preflight.missing(["libc.so.6", "libsluice-nowhere.so.9"]) == ["libsluice-nowhere.so.9"]


def test_an_x11_platform_without_display(everything_there: None) -> None:
    words = preflight.trouble({"QT_QPA_PLATFORM": "xcb"})
    assert words is not None
    assert "DISPLAY is empty" in words


def test_a_screen_that_answers(screen: str) -> None:
    environ = {"DISPLAY": screen}
    assert preflight.trouble(environ) is None
    assert qt_starts(environ)


def test_a_screen_that_does_not_answer() -> None:
    if preflight.missing(preflight.BASE | preflight.X11):
        pytest.skip("the X11 libraries are not installed")
    environ = {"DISPLAY": ":987654"}
    words = preflight.trouble(environ)
    assert words is not None
    assert words.startswith("The X11 screen :987654")
    assert not qt_starts(environ)


def test_a_dead_wayland_names_itself(everything_there: None, tmp_path: Path) -> None:
    words = preflight.trouble({"WAYLAND_DISPLAY": "wl-9", "XDG_RUNTIME_DIR": str(tmp_path)})
    assert words is not None
    assert words.startswith("The Wayland screen wl-9")


def test_a_dead_wayland_beside_a_good_x11_is_no_trouble(screen: str, tmp_path: Path) -> None:
    environ = {"WAYLAND_DISPLAY": "wl-9", "XDG_RUNTIME_DIR": str(tmp_path), "DISPLAY": screen}
    assert preflight.trouble(environ) is None
    assert qt_starts(environ)


def test_a_wayland_socket_that_answers(everything_there: None, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "wl-1"))
        listener.listen()
        assert preflight.trouble({"WAYLAND_DISPLAY": "wl-1", "XDG_RUNTIME_DIR": str(tmp_path)}) is None
        assert preflight.trouble({"WAYLAND_DISPLAY": str(tmp_path / "wl-1")}) is None


def test_windows_and_mac_need_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert preflight.trouble({}) is None


def test_standard_library_only() -> None:
    # -S: no site-packages, so an import from there would fail
    code = "from desktop.services.system.preflight import trouble; trouble({'QT_QPA_PLATFORM': 'offscreen'})"
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-S", "-c", code], cwd=root, check=True)
