"""A person without an account: the welcome page's first button, a question, an answer that grows."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton

from desktop.core.conversation import AnswerItem
from desktop.services.local_model import LocalModel
from tests.ui.driving import drive, window

pytestmark = pytest.mark.skipif(LocalModel().available() is not None, reason="the extra `local` is not installed")


def test_the_small_model_answers_in_the_window(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with window(qapp, tmp_path) as sluice:
            words = "A small model on this computer"
            button = next(b for b in sluice.page.findChildren(QPushButton) if b.text() == words and b.isVisible())
            QTest.mouseClick(button, Qt.MouseButton.LeftButton)
            await sluice.until(lambda: sluice.page.tab.profile is not None, "the connection")
            lengths: list[int] = []
            sluice.page._bridge.flushed.connect(lambda _: lengths.append(answered(sluice.page.session.conversation)))
            sluice.say("Write three sentences about rivers.")
            held = sluice.page.session.conversation
            await sluice.until(lambda: bool(held.runs) and held.runs[-1].status is not None, "the end", seconds=60)
            assert held.runs[-1].status in ("completed", "limit")
            assert len({n for n in lengths if n}) > 2, "the text grows while it streams"
            answer = next(i.text for i in held.items.values() if isinstance(i, AnswerItem))
            assert answer.split()[0] in sluice.text()

    drive(qapp, work, seconds=90)


def answered(conversation) -> int:  # type: ignore[no-untyped-def]
    """How many characters of answer there are."""
    return sum(i.length for i in conversation.items.values() if isinstance(i, AnswerItem))
