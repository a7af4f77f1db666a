"""A walk through every window, dialog and panel of the program, with hostile strings from the server in all of them.

A kind of widget that the walk does not meet must be named in `ELSEWHERE` with the reason, so that a new place is
either walked through or thought about.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import pkgutil
from html.parser import HTMLParser
from pathlib import Path

from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QWidget

import desktop.ui
from desktop.core.conversation import AskItem, Conversation
from desktop.core.exchange.sections import Parts
from desktop.core.requests import Answer, Connection, Prompt, Secrets
from desktop.services.recording.files import load
from desktop.services.recording.replays import replay_tab
from desktop.ui.system.crash import CrashBar, LastWords, report_of
from tests.hardening.test_secrets import accessible
from tests.hardening.walking import MARK, Trap, found, hostile, nothing_opens, pour
from tests.loopback.faults import SHAPES, FaultServer
from tests.loopback.server import Exchange, Request, Server
from tests.ui.driving import Driven, drive, window

__all__ = ["nothing_opens"]
ELSEWHERE = {
    "Marker": "draws over a screenshot, no text",
    "FetchModelDialog": "its words are the program's own; tests/ui/test_fetch_model.py",
    "ModelRow": "its words are the program's own; tests/ui/test_fetch_model.py",
    "SpeedPage": "its words are the program's own",
    "_ValueDialog": "names a connection; tests/hardening/test_secret_places.py",
    "ConnectionEditor": "tests/hardening/test_hostile_strings.py",
    "NetworkForm": "tests/hardening/test_hostile_strings.py",
    "DoctorDialog": "tests/hardening/test_hostile_strings.py",
    "Thumb": "names of the person's own files; tests/ui/test_pictures.py",
    "ChoiceCard": "the first start's own words",
    "RuleForm": "tests/ui/test_rules_dialog.py",
    "RuleButton": "its words are the program's own; tests/ui/test_rules_dialog.py",
    "ArgumentsEditor": "plain text by its kind; tests/ui/test_hostile_approvals.py",
    "TimeLeft": "a time, and nothing else",
    "AttachmentStrip": "the person's own pictures; tests/ui/test_attachment_strip.py",
    "SlashMenu": "the person's own snippets; tests/ui/test_habits.py",
    "TroubleBar": "what is wrong with the store, in the program's own words",
    "VersionBar": "numbers, and nothing else",
}


class Talker:
    """Streams the hostile text in every place of an answer that HTTP and the protocol have, in chunks."""

    def __init__(self, text: str) -> None:
        self.text = text

    async def handle(self, request: Request, exchange: Exchange) -> None:
        named = {"content-type": SHAPES["openai"].media, "server": MARK + " <b>b</b> & [*] %1"}
        await exchange.start(200, named)
        shape = SHAPES["openai"]
        await exchange.send(shape.start() + shape.text(self.text) + shape.strange(self.text) + shape.end())


class Walk:
    """What was met. `look` must be called wherever something new is on screen."""

    def __init__(self) -> None:
        self.met: set[str] = set()

    async def look(self) -> None:
        await asyncio.sleep(0.05)
        assert found() == []
        self.met |= {type(widget).__name__ for widget in QApplication.allWidgets() if widget.isVisible()}
        for place in QApplication.topLevelWidgets():
            if place.isVisible():
                for text in accessible(QAccessible.queryAccessibleInterface(place)):
                    assert MARK not in text or "&amp;" not in text, f"markup is read out: {text[:80]}"


def kinds() -> set[str]:
    """The names of all kinds of widgets that the program makes itself."""
    names = [info.name for info in pkgutil.walk_packages(desktop.ui.__path__, "desktop.ui.")]
    modules = [importlib.import_module(name) for name in names]
    made = {value for module in modules for value in vars(module).values() if isinstance(value, type)}
    return {kind.__name__ for kind in made if issubclass(kind, QWidget) and kind.__module__.startswith("desktop.ui")}


def test_every_place_is_walked_through(qapp: QApplication, tmp_path: Path, nothing_opens: list[str]) -> None:
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    walk = Walk()

    async def work() -> None:
        trap, fault = Trap(), FaultServer("openai", "hang mid stream")
        async with Server(trap.handle) as evil:
            text = hostile(evil.url, fifo)
            async with Server(fault.handle) as server, Server(Talker(text).handle) as talker:
                async with window(qapp, tmp_path / "data", Connection("openai", server.url, "m"), "key-1") as sluice:
                    await walk.look()
                    sluice.page.put_draft(text, ())
                    sluice.page.send()
                    await fault.waiting.wait()
                    await pour(sluice, text)
                    await walk.look()
                    await decided(sluice, walk, text)
                    await dialogs(sluice, walk)
                    sluice.page.stop()
                    await panels(sluice, walk, Connection("openai", talker.url, "m"), text, tmp_path)
                    await outside(sluice, walk)
                    await broken(sluice, walk, text)
                    await exported(sluice, evil.url)
            assert trap.asked == []

    drive(qapp, work, 120.0)
    assert nothing_opens == []
    unmet = kinds() - walk.met - set(ELSEWHERE)
    assert not unmet, f"neither walked through nor named: {sorted(unmet)}"
    gone = set(ELSEWHERE) - kinds()
    assert not gone, f"named, and no longer there: {sorted(gone)}"


async def decided(sluice: Driven, walk: Walk, text: str) -> None:
    """A rule and a decision with the text in them, so that their lists show it."""
    page, workspace = sluice.page, sluice.workspace
    workspace.rules.add(allow=False, server=text, tool=text, args={text: text}, pattern=False, session=None)
    ask = next(i for i in page.session.conversation.items.values() if isinstance(i, AskItem))
    tap = page.session.listeners.decisions
    assert tap is not None
    tap.decided(Answer(ask.ask, "deny", note=text), text)
    sluice.window.asks.toggle_queue()
    for item in page.pending_asks():
        page.ask_wanted.emit(item.ask)
        await walk.look()


async def dialogs(sluice: Driven, walk: Walk) -> None:
    """Everything that a command opens."""
    names = ("audit", "rules", "usage", "secrets", "export", "settings", "about", "shortcuts", "palette", "snippets")
    for name in names:
        before = {widget for widget in QApplication.topLevelWidgets() if widget.isVisible()}
        sluice.window.commands.run(name)
        await walk.look()
        opened = [w for w in QApplication.topLevelWidgets() if w.isVisible() and w not in before]
        assert opened, name
        for widget in opened:
            widget.close()


async def panels(sluice: Driven, walk: Walk, place: Connection, text: str, folder: Path) -> None:
    """The wire and the timeline of a run whose frames have the text, a recording of it, and that compared."""
    page = sluice.window.new_tab()
    page.use(sluice.workspace.connections.add_temporary(place, Secrets("key-1")))
    sluice.window.rename(page, text)
    for toggle in (page.box.wire, page.box.timeline, page.box.thinking, page.box.activity):
        toggle.setChecked(True)
    page.put_draft(text, ())
    page.send()
    held: Conversation = page.session.conversation
    await sluice.until(lambda: bool(held.runs and held.runs[-1].status), "the end")
    page.open_find()
    page._suggestions.show_suggestions((text, f"{text} 2"))
    await walk.look()
    file = folder / "walk.sluice-recording"
    page.tab.recorder.save(file, text)
    sluice.window.add_tab(replay_tab(load(file), text))
    await walk.look()
    compare = sluice.window.replaying.compare()
    for side in (0, 1):
        compare.use(side, file)
        await sluice.until(lambda side=side: compare._sides[side] is not None, "a side")
    await sluice.until(lambda: compare._found is not None, "the comparison")
    await walk.look()
    compare.close()


async def outside(sluice: Driven, walk: Walk) -> None:
    """Tabs in windows of their own and beside the others, the history and its search."""
    pages = sluice.window.tabs.pages()
    sluice.window.outside.detach(pages[1])
    sluice.window.outside.show_beside(pages[-1])
    sluice.window.fold.search()
    sluice.window.refresh_history()
    await walk.look()


async def broken(sluice: Driven, walk: Walk, text: str) -> None:
    """What is said of an error of ours that has the text in it, and of a person's message that waits."""
    report = report_of(RuntimeError(text), text)
    sluice.page.layout().insertWidget(0, CrashBar(report, sluice.page))
    last = LastWords(report, sluice.window)
    last.open()
    sluice.page._outbox.queue.add(Prompt(text))
    sluice.page._outbox.bar.ask(text, (text.replace("&", "&&"), lambda: None))
    await walk.look()
    last.close()


class Reader(HTMLParser):
    """What a browser would make of an export."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.places: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.places += [f"{tag} {value}" for name, value in attrs if name in ("src", "srcset", "background") and value]
        assert not any(name.startswith("on") for name, _ in attrs)
        assert not any(value and value.strip().lower().startswith("javascript:") for _, value in attrs)


async def exported(sluice: Driven, evil: str) -> None:
    """Nothing in a page that was exported asks for anything, and no tag of the server's is one."""
    reader = Reader()
    pages = [page for page in sluice.window.pages() if page.tab.player is None]
    written = [await sluice.workspace.library.export(p.tab.key, "html", Parts(), "Agent", str) for p in pages]
    assert all(MARK in text for text in written[:2])
    for text in written:
        reader.feed(text)
    assert not reader.tags & {"script", "iframe", "object", "embed", "form", "input", "link", "base"}
    assert not [place for place in reader.places if evil in place or "file:" in place]
