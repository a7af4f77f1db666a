"""The rules: which there are, how often each answered, revoking them, and making one out of a request."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop.core.asks.rules import Rule
from desktop.core.asks.visible import one_line
from desktop.core.describe import arguments_line
from desktop.core.language import mark, tr, trn
from desktop.services.approvals.audit import AuditLog
from desktop.services.approvals.rules import Rules
from desktop.services.tasks import spawn
from desktop.ui.approvals.rule_form import Offer, RuleForm
from desktop.ui.labels import PlainLabel, literal_tip

__all__ = ["Offer", "RulesDialog"]
_RULE = Qt.ItemDataRole.UserRole
_ABOUT = {  # (allow, by pattern)
    (True, False): mark("Allow {tool} on {server}, exactly: {arguments}"),
    (True, True): mark("Allow {tool} on {server}, fitting: {arguments}"),
    (False, False): mark("Deny {tool} on {server}, exactly: {arguments}"),
    (False, True): mark("Deny {tool} on {server}, fitting: {arguments}"),
}


class RulesDialog(QDialog):
    """Every change takes effect at once. With an `offer` it begins with the form for a new rule."""

    def __init__(
        self, rules: Rules, audit: AuditLog, offer: Offer | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("rules_dialog")
        self.setWindowTitle(tr("Rules"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._rules, self._audit, self._offer = rules, audit, offer
        self._form: RuleForm | None = None
        self._build()
        self._fill()
        if offer is not None:
            self._past = spawn(self._look_back(offer), "look at earlier requests")
            self.finished.connect(self._past.cancel)

    async def _look_back(self, offer: Offer) -> None:
        entries = await asyncio.to_thread(self._audit.entries)
        same = [e for e in reversed(entries) if (e.place.server, e.tool) == (offer.server, offer.tool)]
        if self._form is not None:
            self._form.show_past([entry.args for entry in same if isinstance(entry.args, dict)])

    def _made(self, args: Any, pattern: bool, session: str | None) -> None:
        offer = self._offer
        if offer is None or self._form is None:
            return
        self._rules.add(
            allow=offer.allow, server=offer.server, tool=offer.tool, args=args, pattern=pattern, session=session
        )
        self._form.hide()
        self._form = None
        self._fill()
        self._list.setCurrentRow(self._list.count() - 1)

    def _turn(self, on: bool) -> None:
        self._rules.turn(on)
        self._tell()

    def _revoke(self) -> None:
        row = self._list.currentItem()
        if row is not None:
            self._rules.remove(row.data(_RULE))
            self._fill()

    # ---- what is on screen

    def _fill(self) -> None:
        self._list.clear()
        for rule in self._rules.all():
            row = QListWidgetItem(f"{_about(rule)}\n{_use(rule)}", self._list)
            row.setData(_RULE, rule)
            row.setToolTip(literal_tip(f"{rule.server}\n{arguments_line(rule.args)}"))
        self._list.setVisible(self._list.count() > 0)
        self._tell()

    def _tell(self) -> None:
        self._revoker.setEnabled(self._list.currentItem() is not None)
        self._revoker.setVisible(self._list.count() > 0)
        words = tr("There are no rules: every request waits for you.")
        if self._list.count():
            words = tr(
                "The first refusal that fits goes before any permission. Each answer is in the list of decisions."
            )
            if not self._rules.on:
                words = tr("Rules are off: every request waits for you.")
        self._state.setText(" ".join(filter(None, (words, self._rules.trouble))))

    def _build(self) -> None:
        self._on = QCheckBox(tr("Let rules answer requests"))
        self._on.setObjectName("rules_on")
        self._on.setChecked(self._rules.on)
        self._on.toggled.connect(self._turn)
        self._state = PlainLabel(wrap=True, muted="true")
        self._list = QListWidget()
        self._list.setObjectName("rules_list")
        self._list.setAccessibleName(tr("Rules"))
        self._list.setWordWrap(True)
        self._list.currentRowChanged.connect(lambda _: self._tell())
        self._revoker = QPushButton(tr("Revoke"), autoDefault=False)
        self._revoker.setObjectName("rule_revoke")
        self._revoker.clicked.connect(self._revoke)
        close = QPushButton(tr("Close"), autoDefault=False)
        close.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.addWidget(self._revoker)
        row.addStretch(1)
        row.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(8)
        for widget in (self._on, self._state, self._list):
            column.addWidget(widget)
        column.addStretch(1)
        if self._offer is not None:
            line = QFrame()
            line.setFrameShape(QFrame.Shape.HLine)
            self._form = RuleForm(self._offer)
            self._form.made.connect(self._made)
            column.addWidget(line)
            column.addWidget(self._form, 1)
        column.addLayout(row)
        self.resize(620, 360 if self._offer is None else 720)


def _about(rule: Rule) -> str:
    return tr(
        _ABOUT[rule.allow, rule.pattern],
        tool=one_line(rule.tool, 60),
        server=one_line(rule.server, 80),
        arguments=one_line(arguments_line(rule.args), 120),
    )


def _use(rule: Rule) -> str:
    scope = tr("always") if rule.session is None else tr("one conversation, until Sluice ends")
    if rule.last is None:
        return tr("{scope} · not used yet", scope=scope)
    last = datetime.fromtimestamp(rule.last).astimezone().strftime("%Y-%m-%d %H:%M")
    used = trn("used {n} time, last on {when}", "used {n} times, last on {when}", rule.hits, when=last)
    return f"{scope} · {used}"
