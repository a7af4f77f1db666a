"""The bridge: one signal a frame, nothing lost, nothing twice."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from desktop.core.conversation import Added, Grew, RunChanged, Updated
from desktop.ui.session_bridge import SessionBridge


def test_a_thousand_events_are_one_signal(qtbot: QtBot) -> None:
    bridge = SessionBridge()
    seen: list[list[object]] = []
    bridge.flushed.connect(seen.append)
    with qtbot.waitSignal(bridge.flushed):
        for i in range(1000):
            bridge.take([Grew("r0/answer/0", f"{i} ")])
    assert len(seen) == 1
    assert seen[0] == [Grew("r0/answer/0", "".join(f"{i} " for i in range(1000)))]


def test_an_item_that_is_new_is_added_once_and_read_whole(qtbot: QtBot) -> None:
    bridge = SessionBridge()
    seen: list[object] = []
    bridge.flushed.connect(seen.extend)
    bridge.take([Added("a"), Grew("a", "x"), Updated("a"), Added("b"), RunChanged(0), Grew("a", "y"), RunChanged(0)])
    bridge.flush()
    assert seen == [Added("a"), Added("b"), RunChanged(0)]


def test_a_replacement_wins_over_what_grew_before_it(qtbot: QtBot) -> None:
    bridge = SessionBridge()
    seen: list[object] = []
    bridge.flushed.connect(seen.extend)
    bridge.take([Grew("a", "x"), Updated("a"), Grew("a", "y")])
    bridge.flush()
    assert seen == [Updated("a")]


def test_hidden_it_only_collects(qtbot: QtBot) -> None:
    bridge = SessionBridge()
    seen: list[object] = []
    bridge.flushed.connect(seen.extend)
    bridge.set_visible(False)
    bridge.take([Grew("a", "x")])
    bridge.take([Grew("a", "y")])
    with qtbot.assertNotEmitted(bridge.flushed, wait=60):
        pass
    bridge.set_visible(True)
    assert seen == [Grew("a", "xy")]
