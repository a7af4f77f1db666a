"""Every place of the interface that can show a server's string shows hostile ones literally; nothing is asked for,
opened or run because of them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices, QTextDocument
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLabel,
    QMessageBox,
    QTabBar,
    QTextBrowser,
    QTextEdit,
    QWidget,
)

from desktop.core import events as e
from desktop.core.conversation import ToolItem
from desktop.core.requests import Connection, Secrets
from desktop.services.doctor import Check, Doctor
from desktop.services.network import Network, Route
from desktop.services.profiles import Profile
from desktop.ui.doctor_dialog import DoctorDialog
from tests.loopback.faults import FaultServer
from tests.loopback.server import Exchange, Request, Server
from tests.ui.driving import Driven, drive, window

MARK = "h0stile"


def hostile(place: str, fifo: Path) -> str:
    """Markup, links, pictures at addresses and in pipes, Qt's own placeholders, and characters that turn text."""
    return (
        f'{MARK} & [*] %1 <b>b</b> <img src="{place}/a.png"> <a href="{place}/b">x</a> ![p]({place}/c.png) '
        f"![f](file://{fifo}) [l](javascript:alert(1)) <script>1</script> &lt; \u202egpj.exe \u2066\U000e0041"
    )


def everything(text: str) -> list[e.AnyEvent]:
    """Each kind of event with the text in each of its strings."""
    choice = e.Choice(text, text, "other")
    part = e.Part("text", text=text, name=text, media=text, url=text)
    return [
        e.RunStarted(run_id=text, session_id="s", agent=text, model=text),
        e.SessionInfo(title=text, suggestions=(text, f"{text} 2"), commands=(text,), modes=(text,), models=(text,)),
        e.TextDelta(channel="reasoning", text=text),
        e.TextDelta(text=f"{text}\n\n```{text}\n{text}\n```\n\n| {text} |\n|---|\n| {text} |\n\n# {text}\n"),
        e.AgentChanged(path=(text,), name=text, task=text, state="running"),
        e.TextDelta(path=(text,), text=text),
        e.ToolStarted(call="c1", name=text, title=text, verb=text, args={text: text}),
        e.ToolOutput(call="c1", delta=text),
        e.ToolEnded(call="c1", status="error", result={text: [text]}, error=text, parts=(part,)),
        e.Step(step=text, label=text, detail=text, state="failed"),
        e.FileShown(part="f", media=text, name=text, url=text),
        e.FileShown(part="g", media="image/svg+xml", name=text, data=f"<svg>{text}</svg>".encode()),
        e.Source(id="s", url=text, title=text, quote=text, doc=text),
        e.Notice(level="error", text=text, code=text),
        e.ContextChanged(state="compacted", before=1, after=2),
        e.Usage(input=1, output=2, cost=0.1, currency=text, context_pct=50.0),
        e.Raw(name=text, data=text),
        e.AskOpened(ask="a1", type="approve", call="c2", tool=text, args={text: text}, text=text, choices=(choice,)),
        e.AskOpened(ask="a2", type="question", text=text, choices=(choice,)),
        e.AskOpened(ask="a3", type="form", text=text, schema={"properties": {text: {"type": "string", "title": text}}}),
    ]  # fmt: skip


class Trap:
    """A server that nobody may ask."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def handle(self, request: Request, exchange: Exchange) -> None:
        self.asked.append(request.path)
        await exchange.reply(200, "")


def complaints(widget: QWidget) -> Iterator[str]:
    """What about this widget would show markup, or lose or run some of the text."""
    what = f"{type(widget).__name__} {widget.objectName()}"
    tip = widget.toolTip()
    if MARK in tip and not _is_literal(tip):
        yield f"{what}: tooltip {tip[:80]}"
    if isinstance(widget, QTextBrowser):
        yield f"{what}: a QTextBrowser opens links by itself"
    if isinstance(widget, QLabel) and MARK in widget.text() and widget.textFormat() != Qt.TextFormat.PlainText:
        yield f"{what}: label of format {widget.textFormat()}"
    if isinstance(widget, QMessageBox) and widget.textFormat() != Qt.TextFormat.PlainText:
        yield f"{what}: message box of format {widget.textFormat()}"
    if isinstance(widget, QTextEdit) and MARK in widget.toPlainText() and "<b>b</b>" not in widget.toPlainText():
        yield f"{what}: markup was read"
    yield from _texts(widget, what)


def _texts(widget: QWidget, what: str) -> Iterator[str]:
    if isinstance(widget, QAbstractButton) and MARK in widget.text() and not _is_escaped(widget.text()):
        yield f"{what}: an ampersand of the button {widget.text()[:60]} is a mnemonic"
    if isinstance(widget, QTabBar):
        for i in range(widget.count()):
            if MARK in widget.tabText(i) and not _is_escaped(widget.tabText(i)):
                yield f"{what}: an ampersand of the tab is a mnemonic"
            if MARK in widget.tabToolTip(i) and not _is_literal(widget.tabToolTip(i)):
                yield f"{what}: tab's tooltip {widget.tabToolTip(i)[:80]}"
    if widget.isWindow() and MARK in widget.windowTitle() and "[*]" in widget.windowTitle().replace("[*][*]", ""):
        yield f"{what}: the title's [*] is Qt's placeholder"
    view = widget.view() if isinstance(widget, QComboBox) else widget
    if isinstance(view, QAbstractItemView) and view.model() is not None:
        yield from _rows(view, what)


def _rows(view: QAbstractItemView, what: str) -> Iterator[str]:
    model = view.model()
    waiting = [model.index(row, 0) for row in range(min(model.rowCount(), 200))]
    while waiting:
        index = waiting.pop()
        waiting += [model.index(row, 0, index) for row in range(min(model.rowCount(index), 50))]
        tip = index.data(Qt.ItemDataRole.ToolTipRole)
        if isinstance(tip, str) and MARK in tip and not _is_literal(tip):
            yield f"{what}: row's tooltip {tip[:80]}"


def _is_literal(tip: str) -> bool:
    """Whether a tooltip, which Qt reads as markup if it looks like some, comes out as the text that it was."""
    if "<" not in tip:
        return True
    document = QTextDocument()
    document.setHtml(tip)
    return "<b>b</b>" in document.toPlainText()


def _is_escaped(text: str) -> bool:
    return "&" not in text.replace("&&", "")


def found() -> list[str]:
    return [words for widget in QApplication.allWidgets() for words in complaints(widget)]


def shown() -> set[str]:
    """The kinds of widgets that do show the string now: the walk must not be empty."""
    kinds = set()
    for widget in QApplication.allWidgets():
        text: Any = getattr(widget, "text", None) or getattr(widget, "toPlainText", None)
        if callable(text) and widget.isVisible() and MARK in str(text()):
            kinds.add(type(widget).__name__)
    return kinds


@pytest.fixture
def nothing_opens(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    return opened


async def pour(sluice: Driven, text: str) -> None:
    """All events through the session of the tab in front, as its server's."""
    session = sluice.page.session
    assert session.live is not None
    session.apply(session.live, session.live.run.emit(everything(text)))
    await sluice.until(lambda: MARK in sluice.text(), "the text")
    await sluice.until(lambda: sluice.shows("approval_dialog"), "the dialog")
    for item in session.conversation.items.values():
        if isinstance(item, ToolItem):
            sluice.page.box.activity.setChecked(True)
            sluice.page._side.activity.select(item.id)
    sluice.page.box.thinking.setChecked(True)
    await asyncio.sleep(0.1)


def test_hostile_strings_stay_literal_everywhere(qapp: QApplication, tmp_path: Path, nothing_opens: list[str]) -> None:
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)

    async def work() -> None:
        trap = Trap()
        fault = FaultServer("openai", "hang mid stream")
        async with Server(trap.handle) as evil, Server(fault.handle) as server:
            text = hostile(evil.url, fifo)
            place = Connection("openai", server.url, "m")
            async with window(qapp, tmp_path / "data", place, "key-1") as sluice:
                sluice.say("hello")
                await fault.waiting.wait()
                await pour(sluice, text)
                assert found() == []
                assert {"QPlainTextEdit", "PlainLabel"} & shown() or len(shown()) > 2, shown()
                await dialogs(sluice, text)
                fault.go.set()
                sluice.page.stop()
                sluice.page.ask_done(text)
                sluice.window.refresh_history()
                await asyncio.sleep(0.3)
                assert found() == []
                assert MARK in sluice.window.windowTitle() or MARK in sluice.page.tab.title
            assert trap.asked == []

    drive(qapp, work, 60.0)
    assert nothing_opens == []


async def dialogs(sluice: Driven, text: str) -> None:
    """The windows that show a server's or a connection's words."""
    from desktop.ui.connection_editor import ConnectionEditor

    place = Connection("openai", "http://127.0.0.1:1", text)
    profile = Profile("x", text, place, network=Network(headers=(("X-A", text.replace("\n", " ")),)))
    editor = ConnectionEditor(sluice.workspace, profile, sluice.window)
    editor.open()
    editor._say(text, good=False)
    doctor = DoctorDialog(Doctor(place, Secrets(), Route(), sluice.workspace.transport), sluice.window)
    doctor.open()
    doctor._show(Check(text, "failed", text))
    sluice.window._links.open(f"http://127.0.0.1:1/?{MARK}=<b>b</b>")
    sluice.window._links.open(f"javascript:{text}")
    await asyncio.sleep(0.1)
    assert found() == []
    for dialog in (editor, doctor, *sluice.window.findChildren(QMessageBox)):
        dialog.close()


def test_one_place_opens_addresses_and_none_reads_markup() -> None:
    """Names that must not come up in the program's own text, but for the files that may."""
    allowed = {
        "QDesktopServices.openUrl": {"links.py"},
        "QNetworkAccessManager": set(),
        "QTextBrowser": set(),
        "QWebEngine": set(),
        "setMarkdown": set(),
        "insertHtml": set(),
        "setHtml": {"export_dialog.py"},
        "setOpenExternalLinks(True": set(),
        "shell=True": set(),
        "os.system": set(),
        "webbrowser": set(),
        "eval(": set(),
        "pickle": set(),
    }
    for file in sorted(Path(__file__).parents[2].joinpath("desktop").rglob("*.py")):
        text = file.read_text("utf-8")
        for name, files in allowed.items():
            inside = any(name in line.split("#")[0] for line in text.splitlines() if not line.lstrip().startswith('"'))
            assert not inside or file.name in files, f"{name} in {file.name}"


def test_the_walk_itself_finds_what_is_wrong(qapp: QApplication) -> None:
    text = f"<b>b</b> {MARK} & more"
    label = QLabel(text)
    label.setToolTip(text)
    assert len(list(complaints(label))) == 2
    box = QMessageBox()
    assert list(complaints(box)) != []
    bar = QTabBar()
    bar.addTab(text)
    assert len(list(complaints(bar))) == 1
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setToolTip("")
    assert list(complaints(label)) == []
