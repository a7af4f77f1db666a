"""A window that waits with an ask on screen, to be killed. Says on standard output what can be seen.

Run as: python -m tests.ui.asks_child DATA_DIR PROTOCOL URL AGENT KEY MESSAGE [allow]
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.core.requests import Connection
from tests.ui.driving import Driven, drive, window


def main(folder: str, protocol: str, url: str, agent: str, key: str, message: str, allow: str = "") -> None:
    app = QApplication(sys.argv[:1])

    async def work() -> None:
        place = Connection(protocol, url, agent or None)
        async with window(app, Path(folder), place, key or None) as sluice:
            sluice.say(message)
            await sluice.until(lambda: sluice.shows("approval_dialog"), "the dialog")
            if allow:
                await _allow(sluice)
            await sluice.workspace._history.flush()
            print("ready", flush=True)
            await asyncio.sleep(60)

    drive(app, work, 60)


async def _allow(sluice: Driven) -> None:
    button = sluice.find("approval_allow")
    await sluice.until(lambda: button.property("dead") is False and button.isEnabled(), "the end of the dead time")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    items = sluice.page.session.conversation
    await sluice.until(lambda: items.open_asks()[0].state == "sending", "the decision on its way")


if __name__ == "__main__":
    main(*sys.argv[1:])
