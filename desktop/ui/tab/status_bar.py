"""One quiet line below a conversation: who answers, how fast, how long silent, how full the context is."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from desktop.core.conversation import RunState
from desktop.core.describe import seconds_words
from desktop.core.endings import Kind, kind_of
from desktop.core.events import Usage
from desktop.core.language import mark, number, tr, trn
from desktop.services.session import Session
from desktop.ui.labels import ElidedLabel, announce, literal_tip

_SILENT = 3.0  # seconds after which silence is told
_TOLD: dict[Kind, str] = {
    "waiting": mark("waits for you"),
    "stopped": mark("stopped"),
    "failed": mark("failed"),
    "refused": mark("refused"),
    "limit": mark("stopped at a limit: too long"),
    "calls": mark("wants tools run"),
    "cut": mark("cut off"),
    "timed out": mark("timed out"),
    "unknown": mark("not known how it ended"),
    "interrupted": mark("interrupted"),
    "whole": mark("done"),
}


class StatusBar(QWidget):
    """Refreshes by itself twice a second while a run is live, and when told."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session: Session | None = None
        self._name = ""
        self._trouble = ""
        self._line = ElidedLabel(muted="true")
        self._line.setObjectName("status_line")
        self._meter = QProgressBar(maximum=100)
        self._meter.setObjectName("usage_meter")
        self._meter.setAccessibleName(tr("Context used"))
        self._meter.setFixedWidth(96)
        self._meter.setMaximumHeight(14)
        self._meter.hide()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 4, 16, 6)
        layout.addWidget(self._line, 1)
        layout.addWidget(self._meter)
        self._tick = QTimer(self, interval=500)
        self._tick.timeout.connect(self.refresh)

    def show_session(self, session: Session, name: str) -> None:
        """Tell of this session from now on; `name` is its connection's."""
        self._session, self._name = session, name
        self.refresh()

    def say(self, trouble: str) -> None:
        """Words that stay until the next call: why something could not be sent, or ""."""
        if trouble != self._trouble:
            announce(self, trouble)
        self._trouble = trouble
        self.refresh()

    def text(self) -> str:
        """The line as it stands."""
        return self._line.text()

    def refresh(self) -> None:
        """Write the line anew."""
        session = self._session
        if session is None:
            self._line.setText(self._trouble or self._name)
            return
        run = session.conversation.run
        of_run = _run_words(run, session.clock()) if run else ()
        told = _upload_words(session.upload) or (*of_run, *self._live_words(session))
        parts = [self._name, *told]
        self._meter_of(session.conversation.usage)
        usage = _usage_words(run.usage if run else None, session.conversation.usage)
        self._line.setText("  ·  ".join(filter(None, [self._trouble, *parts, *usage])))
        self._show_way(session)
        if session.running and not self._tick.isActive():
            self._tick.start()
        elif not session.running:
            self._tick.stop()

    def _show_way(self, session: Session) -> None:
        """How the answers come, for whoever asks by pointing, and for a screen reader."""
        way = session.driver.way
        words = "\n".join(way.lines()) if way is not None else ""
        if words != self._line.accessibleDescription():
            self._line.setToolTip(literal_tip(words) if words else "")
            self._line.setAccessibleDescription(words)

    def _live_words(self, session: Session) -> list[str]:
        if (seconds := session.next_try) is not None:
            return [tr("trying again in {time}", time=seconds_words(seconds))]
        if not session.running or session.silence < _SILENT:
            return []
        return [tr("silent for {time}", time=seconds_words(session.silence))]

    def _meter_of(self, usage: Usage | None) -> None:
        share = context_share(usage)
        self._meter.setVisible(share is not None)
        if share is not None:
            self._meter.setValue(round(share))
            self._meter.setFormat(tr("context {share} %", share=number(share)))


def context_share(usage: Usage | None) -> float | None:
    """How much of the context is used, 0 to 100, as the server tells it; None if it does not."""
    if usage is None:
        return None
    if usage.context_pct is not None:
        return min(100.0, max(0.0, usage.context_pct))
    if usage.context_used is not None and usage.context_size:
        return min(100.0, 100 * usage.context_used / usage.context_size)
    return None


def _upload_words(upload: tuple[int, int] | None) -> list[str]:
    if upload is None:
        return []
    gone, size = (number(count / 1_000_000, 1) for count in upload)
    return [tr("sending, {gone} of {size} MB", gone=gone, size=size)]


def _run_words(run: RunState, now: float) -> list[str]:
    words = []
    if run.status is not None:
        words.append(tr(_TOLD[kind_of(run)]))
    elif run.first_text is None:
        words.append(tr("waiting for the first word, {time}", time=seconds_words(now - run.at)))
    if run.first_text is None:
        return words
    words.append(tr("first word {seconds} s", seconds=number(run.first_text - run.at, 1)))
    span = (run.ended or run.last_event or run.first_text) - run.first_text
    if span > 0.2:
        output = run.usage.output if run.usage else None
        rate = round((output or run.characters) / span)
        words.append(
            trn("{n} token/s", "{n} tokens/s", rate) if output else trn("{n} character/s", "{n} characters/s", rate)
        )
    return words


def _usage_words(run: Usage | None, session: Usage | None) -> list[str]:
    words = []
    if run and (run.input is not None or run.output is not None):
        words.append(tr("{input} in, {output} out", input=number(run.input or 0), output=number(run.output or 0)))
    for usage in (run, session):
        if usage and usage.cost is not None:
            words.append(f"{number(usage.cost, form='.4g')} {usage.currency or 'USD'}")
            break
    return words
