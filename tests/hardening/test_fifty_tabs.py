"""Fifty tabs that stream at once: the window answers, memory stays small, and each has its own text, whole."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QApplication

from desktop.core.requests import Connection, Secrets
from desktop.ui.session_page import SessionPage
from tests.hardening.probe import Probe, all_protocols
from tests.hardening.test_window_floods import MOST_MB, MOST_MS
from tests.loopback.faults import SHAPES
from tests.ui.driving import Driven, drive, window

TABS = 50


def words_of(tab: int) -> int:
    """How many words the server sends to this tab."""
    return 1_000 * (1 + tab % 4)


def opened(sluice: Driven, places: dict[str, str], tab: int) -> SessionPage:
    protocol = list(SHAPES)[tab % len(SHAPES)]
    place = Connection(protocol, places[protocol], SHAPES[protocol].agent)
    profile = sluice.workspace.connections.add_temporary(place, Secrets("key-1"))
    page = sluice.window.add_tab(sluice.workspace.new_tab(profile), current=False)
    page.put_draft(f"fault: many events x{words_of(tab)}.", ())
    return page


def test_fifty_tabs_stream_at_once(qapp: QApplication, tmp_path: Path) -> None:
    probe = Probe()

    async def work() -> None:
        async with all_protocols() as places, window(qapp, tmp_path) as sluice:
            pages = [opened(sluice, places, tab) for tab in range(TABS)]
            probe.begin()
            for page in pages:  # one press after the other
                page.send()
                await sluice.until(lambda page=page: page._outbox.busy or page.session.running, "its start")
            for page in pages:  # every one of them comes to the front while the others go on
                sluice.window.tabs.setCurrentWidget(page)
                await sluice.until(lambda page=page: bool(page.session.conversation.runs), "its run")
                await sluice.until(lambda page=page: not page.session.running, "its end", 120.0)
            probe.end()
            for tab, page in enumerate(pages):
                assert page.session.conversation.text_of(0) == "word " * words_of(tab) + "there.", f"tab {tab}"

    drive(qapp, work, 240.0)
    print(probe)
    assert probe.late(MOST_MS) <= TABS // 10, str(probe)  # each switch lays out all of a text that was hidden
    assert probe.worst < 3 * MOST_MS, str(probe)
    assert probe.peak < MOST_MB, str(probe)
