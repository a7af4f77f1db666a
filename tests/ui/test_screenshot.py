"""Marking a part of the screen: in the picture's own pixels, and never by a slip of the hand."""

from __future__ import annotations

import asyncio

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.ui.pictures.screenshot import Marker
from tests.ui.driving import drive, until

LEFT = Qt.MouseButton.LeftButton


def marked(app: QApplication, *acts: object) -> QRect | None:
    """What comes of these presses and keys on a screen whose pixels are twice as fine."""
    found: list[QRect | None] = []

    async def work() -> None:
        screen = app.primaryScreen()
        picture = QPixmap(screen.size() * 2)
        picture.fill(QColor("white"))
        marker = Marker(screen, picture)
        wanted = asyncio.create_task(marker.chosen())
        await until(marker.isVisible, "the frozen screen")
        for act in acts:
            if isinstance(act, QRect):
                QTest.mousePress(marker, LEFT, pos=act.topLeft())
                QTest.mouseMove(marker, act.bottomRight())
                QTest.mouseRelease(marker, LEFT, pos=act.bottomRight())
            else:
                QTest.keyClick(marker, act)  # type: ignore[call-overload]
        found.append(await wanted)

    drive(app, work, 10)
    return found[0]


def test_a_part_is_told_in_the_pictures_own_pixels(qapp: QApplication) -> None:
    part = marked(qapp, QRect(QPoint(10, 20), QPoint(110, 70)))
    assert part is not None
    assert (part.topLeft(), part.width(), part.height()) == (QPoint(20, 40), 202, 102)


def test_a_click_marks_nothing_and_escape_leaves(qapp: QApplication) -> None:
    assert marked(qapp, QRect(QPoint(10, 10), QPoint(11, 11)), Qt.Key.Key_Escape) is None


def test_return_takes_all_of_it(qapp: QApplication) -> None:
    size = qapp.primaryScreen().size() * 2
    assert marked(qapp, Qt.Key.Key_Return) == QRect(QPoint(0, 0), size)
