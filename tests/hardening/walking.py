"""What a walk over the interface needs: hostile strings, every event with them, and what would be wrong about a widget.

A server that nobody may ask stands by; whatever would ask it, open an address or read a pipe is found out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtGui import Qt as GuiQt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QGroupBox,
    QLabel,
    QMenu,
    QMessageBox,
    QTabBar,
    QTextBrowser,
    QTextEdit,
    QWidget,
)

from desktop.core import events as e
from desktop.core.conversation import ToolItem
from tests.loopback.server import Exchange, Request
from tests.ui.driving import Driven

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
    for role, tip in (("tooltip", widget.toolTip()), ("help", widget.whatsThis())):
        if MARK in tip and not _is_literal(tip):
            yield f"{what}: {role} {tip[:80]}"
    if isinstance(widget, QTextBrowser):
        yield f"{what}: a QTextBrowser opens links by itself"
    if isinstance(widget, QLabel) and MARK in widget.text() and widget.textFormat() != Qt.TextFormat.PlainText:
        yield f"{what}: label of format {widget.textFormat()}"
    if isinstance(widget, QMessageBox) and widget.textFormat() != Qt.TextFormat.PlainText:
        yield f"{what}: message box of format {widget.textFormat()}"
    if isinstance(widget, QTextEdit) and MARK in widget.toPlainText() and "<b>b</b>" not in widget.toPlainText():
        yield f"{what}: markup was read"
    if isinstance(widget, QGroupBox) and MARK in widget.title() and not _is_escaped(widget.title()):
        yield f"{what}: an ampersand of the group is a mnemonic"
    if isinstance(widget, QMenu):
        for action in widget.actions():
            if MARK in action.text() and not _is_escaped(action.text()):
                yield f"{what}: an ampersand of the entry {action.text()[:60]} is a mnemonic"
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
    """Whether a tooltip, which Qt reads as markup if it looks like some, is shown as the text that it is."""
    return not GuiQt.mightBeRichText(tip)


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
