"""The whole arrangement is there again: what was in windows of its own, beside the tabs, pinned, in front."""

from __future__ import annotations

import shutil
from pathlib import Path

from PySide6.QtCore import QRect, QSize
from PySide6.QtWidgets import QApplication, QSplitter

from desktop.services.habits.settings import SettingsFile
from desktop.services.paths import Paths
from desktop.ui.session_page import SessionPage
from tests.ui.driving import Driven, drive, window
from tests.ui.test_session_tabs import tab_names
from tests.ui.test_turns import counting, say

PLACE, OTHER = QRect(140, 90, 620, 540), QRect(60, 120, 640, 500)


def page_of(sluice: Driven, title: str) -> SessionPage:
    (found,) = [page for page in sluice.window.pages() if page.tab.title == title]
    return found


async def arrange(sluice: Driven) -> None:
    """Five conversations: two in the row, the first of them pinned and in front; one beside; two in windows."""
    for word in ("one", "two", "three", "four", "five"):
        if word != "one":
            sluice.window.new_tab()
        await say(sluice, word)
    sluice.window.outside.detach(page_of(sluice, "two"))
    page_of(sluice, "two").window().setGeometry(PLACE)
    sluice.window.outside.detach(page_of(sluice, "five"))
    page_of(sluice, "five").window().setGeometry(OTHER)
    sluice.window.outside.show_beside(page_of(sluice, "three"))
    sluice.window.pin(page_of(sluice, "four"), True)
    sluice.window.tabs.setCurrentWidget(page_of(sluice, "four"))


def look(sluice: Driven) -> dict[str, object]:
    """How everything stands."""
    own = [(p.tab.title, p.window().geometry()) for p in sluice.window.pages() if p.window() is not sluice.window]
    (split,) = [s for s in sluice.window.findChildren(QSplitter) if s.indexOf(sluice.window.tabs) >= 0]
    return {
        "row": tab_names(sluice),
        "windows": own,
        "beside": sluice.find("side_pane").isAncestorOf(page_of(sluice, "three")),
        "widths": split.sizes(),
        "front": sluice.window.tabs.page().tab.title,
        "pinned": [p.tab.title for p in sluice.window.pages() if p.tab.pinned],
    }


def test_everything_stands_where_it_stood(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, _):
            sluice.window.resize(1300, 760)
            await arrange(sluice)
            before = look(sluice)
            assert before["row"] == ["four", "one"]
            assert before["windows"] == [("two", PLACE), ("five", OTHER)]
        async with window(qapp, tmp_path) as sluice:
            sluice.window.resize(1300, 760)
            assert look(sluice) == before
            assert "Answer number 2." in page_of(sluice, "two")._transcript.plain_text()
            page_of(sluice, "two").window().close()
            assert tab_names(sluice) == ["four", "one", "two"], "closing brings it back"
            sluice.window.close_tab(page_of(sluice, "five"))
        async with window(qapp, tmp_path) as sluice:
            assert tab_names(sluice) == ["four", "one", "two"], "what was closed does not come back"
            assert [p.tab.title for p in sluice.window.outside.pages()] == ["three"]

    drive(qapp, work, 60)


def test_after_a_crash_too(qapp: QApplication, tmp_path: Path) -> None:
    """What is on the disk a moment later is all that a killed program leaves."""
    folder, left = tmp_path / "data", tmp_path / "left"

    def stored() -> bool:
        shutil.rmtree(left, ignore_errors=True)
        shutil.copytree(folder, left)
        kept = SettingsFile(Paths(left)).settings
        return len(kept.outside) == 3 and kept.current_tab is not None

    async def work() -> None:
        async with counting(qapp, folder) as (sluice, _):
            sluice.window.resize(1300, 760)
            await arrange(sluice)
            before = look(sluice)
            front = sluice.window.tabs.page().tab.key
            settings = sluice.workspace.settings
            await sluice.until(lambda: settings.current_tab == front and stored(), "the arrangement on the disk")
        async with window(qapp, left) as sluice:
            sluice.window.resize(1300, 760)
            assert look(sluice) == before

    drive(qapp, work, 60)


def test_when_everything_was_outside_there_is_still_one_row(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, _):
            await say(sluice, "one")
            sluice.window.outside.detach(sluice.page)
            assert tab_names(sluice) == ["Untitled"]
        for _ in range(2):  # it does not grow by one at each start
            async with window(qapp, tmp_path) as sluice:
                assert tab_names(sluice) == ["Untitled"]
                assert [p.tab.title for p in sluice.window.outside.pages()] == ["one"]

    drive(qapp, work)


def test_a_place_that_makes_no_sense_is_still_a_window(qapp: QApplication, tmp_path: Path) -> None:
    async def work() -> None:
        async with counting(qapp, tmp_path) as (sluice, _):
            await say(sluice, "one")
            sluice.workspace.change_settings(outside={sluice.page.tab.key: "no place at all", "gone": "beside"})
            sluice.workspace.settings_file.save()
            shutil.copytree(tmp_path, tmp_path.with_name("other"))
        async with window(qapp, tmp_path.with_name("other")) as sluice:
            (page,) = sluice.window.outside.pages()
            assert page.window() is not sluice.window
            assert page.window().size().expandedTo(QSize(300, 300)) == page.window().size()

    drive(qapp, work)
