"""What the tests of the window share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from desktop.services.system.session_bus import SessionBus
from desktop.ui import theme as themes
from tests.ui.desktop_bus import NOTIFICATIONS, DesktopBus, Service

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture
def theme(qapp: QApplication) -> themes.Theme:
    """The light theme, applied as the program does."""
    themes.apply(qapp, themes.LIGHT)
    return themes.LIGHT


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Where a session bus of the test's own listens."""
    pytest.importorskip("jeepney")
    if shutil.which("dbus-daemon") is None:
        pytest.skip("dbus-daemon is not installed")
    bus = DesktopBus(tmp_path)
    yield bus.address
    bus.close()


@pytest.fixture
def bus(address: str) -> Iterator[SessionBus]:
    """The program's side of it."""
    made = SessionBus({"DBUS_SESSION_BUS_ADDRESS": address})
    yield made
    made.close()


@pytest.fixture
def desk(address: str) -> Iterator[Service]:
    answers = {
        "GetCapabilities": ("as", (["actions", "body", "body-markup"],)),
        "Notify": ("u", (7,)),
        "CloseNotification": ("", ()),
    }
    made = Service(address, *NOTIFICATIONS, answers)
    yield made
    made.close()
