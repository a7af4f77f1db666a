"""Making a rule out of one request: how much it covers, where it holds, and what it would have answered before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QRadioButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop.core.asks.arguments import lay_out
from desktop.core.asks.rules import as_pattern, fits, read_pattern
from desktop.core.asks.visible import one_line
from desktop.core.describe import arguments_line
from desktop.core.language import mark, number, tr, trn
from desktop.ui.approvals.arguments_view import LiteralView
from desktop.ui.labels import PlainLabel

_HELP = mark(
    "Put a star where any text may stand. A star passes no line break, no “..” and nothing that begins another command "
    "(; & | < > $ ( ) { } ` \\). A star that is a whole value stands for any value; \\* is a star itself."
)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a rule is wanted about: the verdict, the server's origin, the conversation, the tool and its arguments."""

    allow: bool
    server: str
    session: str
    title: str
    tool: str
    args: Any


class RuleForm(QWidget):
    """Signal `made(args, pattern, session or None)`. Nothing is chosen beforehand; a pattern must have been tried."""

    made = Signal(object, bool, object)

    def __init__(self, offer: Offer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._offer = offer
        self._past: Sequence[Any] = ()
        self._tried: str | None = None  # the pattern whose coverage is on screen
        self._build()
        self._look()

    def show_past(self, past: Sequence[Any]) -> None:
        """The arguments of earlier requests for this tool of this server, newest first."""
        self._past = past
        self._tried = None
        self._look()

    # ---- what it would cover

    def _chosen(self) -> tuple[Any, bool] | None:
        """(arguments, whether they are a pattern), or None while that is not settled."""
        if self._exact.isChecked():
            return self._offer.args, False
        if not self._like.isChecked() or self._tried != self._pattern.toPlainText():
            return None
        return read_pattern(self._tried), True

    def _try(self) -> None:
        text = self._pattern.toPlainText()
        try:
            wanted = read_pattern(text)
        except ValueError as error:
            self._say(str(error))
            return
        if not fits(wanted, self._offer.args, pattern=True):
            self._say(tr("This pattern does not cover the request that you came from."))
            return
        self._tried = text
        self._look()

    def _show_coverage(self, wanted: Any, pattern: bool) -> None:
        found = [args for args in self._past if fits(wanted, args, pattern=pattern)]
        self._covered.clear()
        self._covered.addItems([one_line(arguments_line(args), 120) for args in found[:50]])
        self._covered.setVisible(bool(found))
        self._say(
            trn(
                "Of {n} earlier request of this tool in the list of decisions, it would have answered {answered}.",
                "Of {n} earlier requests of this tool in the list of decisions, it would have answered {answered}.",
                len(self._past),
                answered=number(len(found)),
            )
        )

    def _say(self, words: str) -> None:
        self._found.setText(words)

    def _look(self) -> None:
        self._pages.setCurrentIndex(1 if self._like.isChecked() else 0)
        self._pages.setVisible(self._scope.checkedButton() is not None)
        chosen = self._chosen()
        if chosen is not None:
            self._show_coverage(*chosen)
        else:
            self._covered.hide()
            self._say(tr("Try the pattern on earlier requests first.") if self._like.isChecked() else "")
        self._add.setEnabled(chosen is not None and self._where.checkedButton() is not None)

    def _make(self) -> None:
        chosen = self._chosen()
        if chosen is not None and self._where.checkedButton() is not None:
            self.made.emit(*chosen, self._offer.session if self._here.isChecked() else None)

    # ---- the frame

    def _build(self) -> None:
        offer = self._offer
        self._exact = QRadioButton(tr("With exactly these arguments"))
        self._like = QRadioButton(tr("With arguments that fit a pattern of mine"))
        self._here = QRadioButton(tr("In this conversation, until Sluice ends"))
        self._always = QRadioButton(tr("Always, in every conversation"))
        self._scope = self._group(self._exact, self._like)
        self._where = self._group(self._here, self._always)
        self._found = PlainLabel(wrap=True)
        self._covered = QListWidget()
        self._covered.setAccessibleName(tr("Earlier requests that it would have answered"))
        self._covered.setMaximumHeight(96)
        self._add = QPushButton(tr("Add the rule"), autoDefault=False)
        self._add.setObjectName("rule_add")
        self._add.clicked.connect(self._make)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(PlainLabel(tr("New rule"), heading="true"))
        column.addWidget(PlainLabel(_offered(offer), wrap=True))
        for widget in (self._exact, self._like, self._arguments(), self._found, self._covered):
            column.addWidget(widget)
        column.addSpacing(4)
        column.addWidget(PlainLabel(tr("It holds:")))
        column.addWidget(self._here)
        column.addWidget(self._always)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self._add)
        column.addLayout(row)

    def _group(self, *buttons: QRadioButton) -> QButtonGroup:
        group = QButtonGroup(self)
        for button in buttons:
            group.addButton(button)
            button.toggled.connect(self._look)
        return group

    def _arguments(self) -> QStackedWidget:
        view = LiteralView(most_lines=8)
        view.setAccessibleName(tr("The arguments"))
        view.show_lines(partial(lay_out, self._offer.args))
        self._pattern = QPlainTextEdit(as_pattern(self._offer.args))
        self._pattern.setObjectName("rule_pattern")
        self._pattern.setAccessibleName(tr("The pattern, as JSON"))
        self._pattern.setTabChangesFocus(True)
        self._pattern.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._pattern.textChanged.connect(self._look)
        self._attempt = QPushButton(tr("Try it on earlier requests"), autoDefault=False)
        self._attempt.setObjectName("rule_try")
        self._attempt.clicked.connect(self._try)
        editing, column = QWidget(), QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._pattern, 1)
        column.addWidget(PlainLabel(tr(_HELP), wrap=True, muted="true"))
        column.addWidget(self._attempt)
        editing.setLayout(column)
        self._pages = QStackedWidget()
        self._pages.addWidget(view)
        self._pages.addWidget(editing)
        return self._pages


def _offered(offer: Offer) -> str:
    what = {"tool": one_line(offer.tool, 80), "server": one_line(offer.server, 120)}
    if offer.allow:
        return tr("Without asking, allow “{tool}” on {server}:", **what)
    return tr("Without asking, deny “{tool}” on {server}:", **what)
