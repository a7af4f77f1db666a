"""The dialog in which a person answers an agent: allow, deny, choose, fill in. It never decides by itself.

Why it is so careful: a dialog that comes up while somebody types takes the next key or click as its answer. So there
is no default button, no key but one chord allows, nothing counts for half a second after anything changed, and Allow
waits until the end of the arguments was on screen. Closing decides nothing.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from desktop.core.asks.arguments import ask_digest, lay_out_text
from desktop.core.asks.rules import can_cover
from desktop.core.asks.visible import look_alikes, one_line
from desktop.core.asks.words import HEADINGS, ending, title, verdict, ways
from desktop.core.capabilities import Capabilities
from desktop.core.conversation import AskItem
from desktop.core.events import Choice
from desktop.core.language import tr, trn
from desktop.core.requests import Answer
from desktop.services.clock import now
from desktop.ui.approvals.arguments_panel import ArgumentsPanel
from desktop.ui.approvals.arguments_view import LiteralView
from desktop.ui.approvals.decision import ALLOW, DENY, ChoiceRow, DeadTime, RuleButton, TimeLeft, dead_rules
from desktop.ui.approvals.form import AskForm
from desktop.ui.labels import PlainLabel, announce
from desktop.ui.theme import Theme

ALLOW_CHORD, DENY_CHORD = "Ctrl+Return", "Ctrl+D"


class ApprovalDialog(QDialog):
    """Signals: `decided(Answer)`, at most once for each version of an ask that was shown; `shown(AskItem)` when one
    came up or changed; `read(AskItem)` when the end of its arguments was on screen; `rule_wanted(AskItem, bool)` when
    a rule is wanted that always allows (or denies) it; `finished` when closed."""

    decided = Signal(object)
    shown = Signal(object)
    read = Signal(object)
    rule_wanted = Signal(object, bool)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("approval_dialog")
        self._item: AskItem | None = None
        self._can = Capabilities()
        self._shown: tuple[str, int] | None = None  # digest and version of what is on screen
        self._parts: tuple[object, ...] = ()
        self._sent = self._was_sending = self._closed = False
        self._tried = False  # an answer went out once, whatever came of it
        self._old_trouble: str | None = None
        self._form: AskForm | None = None
        self._dead = DeadTime(self)
        self._build()
        for keys, name in ((ALLOW_CHORD, ALLOW), ("Ctrl+Enter", ALLOW), (DENY_CHORD, DENY)):
            self._add_chord(keys, name)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Change the colours; what was read stays read."""
        self.setStyleSheet(
            dead_rules(theme.border.name(), theme.muted.name())
            + f'QLabel[warning="true"] {{ color: {theme.warning.name()}; }}'
            + f"QPlainTextEdit {{ background: {theme.page.name()}; border: 1px solid {theme.border.name()};"
            + " border-radius: 8px; padding: 4px; }"
            + f"QPlainTextEdit:focus {{ border-color: {theme.accent.name()}; }}"
        )

    def show_ask(self, item: AskItem, *, where: str, can: Capabilities, count: int) -> None:
        """Show an ask and open. `where` names session, connection and agent; `count` is how many asks wait in all."""
        self._item, self._can = item, can
        self._where.setText(one_line(where, 300))
        self.tell_waiting(count)
        self._fill(item)
        if not self.isVisible():
            self._fit()
            self.open()
            QTimer.singleShot(0, self, self._fit)  # what was hidden told its old size
        self._follow(item)

    def tell_waiting(self, count: int) -> None:
        """How many asks wait in all, this one with them."""
        self._waiting.setText(trn("1 of {n} waiting", "1 of {n} waiting", count))
        self._waiting.setVisible(count > 1)

    def refresh(self, item: AskItem) -> None:
        """Follow what became of the ask on screen. One that changed must be looked at anew."""
        if self._item is None or item.ask != self._item.ask or self._closed:
            return
        changed = _parts(item) != self._parts and self._shown != (ask_digest(item), item.version)
        self._item = item
        if changed and item.state in ("pending", "sending"):
            self._fill(item)
            self._say(tr("This request changed after it was shown. Please look at it again."), trouble=True)
        self._follow(item)

    def not_sent(self, trouble: str) -> None:
        """The answer did not get through, so the ask is open again: a new showing, a new decision."""
        if self._sent:
            self._sent = self._was_sending = False
            self._dead.begin()
        self._say(trouble, trouble=True)
        self._look()

    # ---- what is on screen

    def _fill(self, item: AskItem) -> None:
        self._shown, self._parts = (ask_digest(item), item.version), _parts(item)
        self._sent = self._was_sending = self._closed = self._tried = False
        self._time.start(None if item.expires is None else _deadline(item))
        tool = item.tool or (tr("something it gives no name to") if item.type == "approve" else "")
        self.setWindowTitle(title(item))
        self._heading.setText(tr(HEADINGS[item.type]))
        self._tool.setText(one_line(tool, 300))
        self._tool.setVisible(bool(tool))
        self._show_words(item)
        self._show_form(item)
        approve = item.type == "approve"
        self._arguments.setVisible(approve or item.args is not None)
        hints = [*look_alikes(tool), *look_alikes(item.text[:5_000])]
        self._arguments.show_args(item.args, editable=item.editable and approve, schema=item.schema, hints=hints)
        self._reason.clear()
        self._reason.setVisible(self._can.deny_note and approve)
        self._say("")
        self._ways.set_ways(ways(item))
        self._rule.setVisible(can_cover(item))
        self._set_quiet(True)
        self._later.setText(tr("Decide later") if item.type in ("approve", "sign-in") else tr("Answer later"))
        self._effect.setText(self._effect_words(item))
        self._effect.show()
        about = (self._heading.text(), tool, self._where.text())
        self.setAccessibleDescription(one_line(". ".join(filter(None, about)), 600))
        self._arguments.view.setAccessibleDescription(self._effect.text())
        self._dead.begin()
        self._first_focus().setFocus()
        self.shown.emit(item)

    def _end_shown(self) -> None:
        if self._item is not None and self._shown is not None and self._arguments.edited is None:
            self.read.emit(self._item)

    def _show_words(self, item: AskItem) -> None:
        self._says.setVisible(bool(item.text))
        for widget in (self._says_title, self._says_note):
            widget.setVisible(bool(item.text) and item.type == "approve")
        self._says.show_lines(partial(lay_out_text, item.text))

    def _show_form(self, item: AskItem) -> None:
        if self._form is not None:
            self._form.hide()
            self._form.deleteLater()
            self._form = None
        if item.type in ("question", "form"):
            self._form = AskForm(item)
            self._form.changed.connect(self._look)
            self._form_box.addWidget(self._form)

    def _first_focus(self) -> QWidget:
        if self._form is not None:
            return self._form.first()
        return self._arguments.view if self._arguments.isVisibleTo(self) else self._says

    def _follow(self, item: AskItem) -> None:
        """Put the ask's state into words, and the buttons into the state that goes with it."""
        if item.state == "sending":
            self._was_sending = True
            self._say(tr("Sending your answer…") if self._sent else tr("An answer is on its way."))
        elif item.state != "pending":
            self._show_end(item)
        elif item.trouble and (self._was_sending or not self._sent or item.trouble != self._old_trouble):
            self.not_sent(item.trouble)
        self._look()

    def _show_end(self, item: AskItem) -> None:
        if self._sent and item.state == "answered":
            self.accept()
            return
        self._closed = True
        self._time.start(None)
        self._ways.set_ways(())
        self._arguments.freeze()
        if self._form is not None:
            self._form.setEnabled(False)
        for widget in (self._reason, self._effect, self._rule):
            widget.hide()
        self._say(ending(item, self._tried))
        self._later.setText(tr("Close"))
        self._set_quiet(False)

    # ---- deciding

    def _choose(self, choice: Choice) -> None:
        """The person pressed. What was shown must still be what is asked."""
        item = self._item
        if item is None or self._sent or self._closed:
            return
        if item.state != "pending" or self._shown != (ask_digest(item), item.version):
            self.refresh(item)
            return
        self._sent = self._tried = True
        self._old_trouble = item.trouble
        self._say(tr("Sending your answer…"))
        self._look()
        self.decided.emit(self._answer(item, choice))

    def _answer(self, item: AskItem, choice: Choice) -> Answer:
        assert self._shown is not None
        if self._form is not None and choice.style == "allow":
            return replace(self._form.answer(), shown=self._shown[0])
        allow = verdict(choice)
        return Answer(
            item.ask,
            allow=allow,
            choices=(choice.id,) if choice.id else (),
            args=None if allow is False else self._arguments.edited,
            note=self._reason.text().strip() or None if self._can.deny_note else None,
            shown=self._shown[0],
        )

    # ---- the frame

    def _build(self) -> None:
        self._heading, self._waiting = PlainLabel(heading="true"), PlainLabel(muted="true")
        self._where = PlainLabel(wrap=True, muted="true")
        self._tool = PlainLabel(wrap=True)
        self._tool.setObjectName("approval_tool")
        self._tool.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._says_title = PlainLabel(tr("The agent says"), heading="true")
        self._says_note = PlainLabel(tr("Its own words. What counts is below."), muted="true")
        self._says = LiteralView(most_lines=5)
        self._says.setAccessibleName(tr("What the agent says"))
        self._says.setFont(self.font())
        self._arguments = ArgumentsPanel()
        self._arguments.changed.connect(self._look)
        self._arguments.renewed.connect(self._renewed)
        self._arguments.view.end_shown.connect(self._end_shown)
        self._reason = QLineEdit(placeholderText=tr("Reason, sent with your answer (optional)"))
        self._reason.setObjectName("approval_reason")
        self._reason.setAccessibleName(tr("Reason, sent with your answer"))
        self._time, self._state = TimeLeft(), PlainLabel(wrap=True)
        self._effect = PlainLabel(wrap=True, muted="true")
        self._ways = ChoiceRow(self._dead)
        self._ways.chosen.connect(self._choose)
        self._rule = RuleButton()
        self._rule.wanted.connect(lambda allow: self.rule_wanted.emit(self._item, allow))
        self._later = QPushButton(tr("Decide later"), autoDefault=False)
        self._later.setObjectName("approval_later")
        self._later.setProperty("quiet", True)
        self._later.clicked.connect(self.reject)
        for label, points, bold in ((self._heading, 3, True), (self._tool, 1, True)):
            font = label.font()
            font.setPointSize(font.pointSize() + points)
            font.setBold(bold)
            label.setFont(font)
        self._arrange()

    def _arrange(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(8)
        self._form_box = QVBoxLayout()
        column.addLayout(_row(self._heading, None, self._waiting))
        column.addWidget(self._where)
        column.addSpacing(4)
        column.addWidget(self._tool)
        column.addLayout(_row(self._says_title, self._says_note, None))
        column.addWidget(self._says)
        column.addLayout(self._form_box, 1)
        column.addWidget(self._arguments, 1)
        for widget in (self._reason, self._state, self._effect):
            column.addWidget(widget)
        column.addSpacing(4)
        column.addLayout(_row(self._later, self._time, None, self._rule, self._ways))

    def _look(self) -> None:
        """Which buttons can be pressed now, and why not."""
        open_ = self._item is not None and self._item.state == "pending" and not self._sent and not self._closed
        read = self._arguments.ready or not self._arguments.isVisibleTo(self)
        problem = self._form.problem() if self._form is not None else None
        self._ways.tell(open_, problem or ("" if read else tr("Available once the end of the arguments was shown.")))

    def _effect_words(self, item: AskItem) -> str:
        keys = QKeySequence(ALLOW_CHORD).toString(QKeySequence.SequenceFormat.NativeText)
        deny = QKeySequence(DENY_CHORD).toString(QKeySequence.SequenceFormat.NativeText)
        if self._form is not None:
            return tr("{keys} sends your answer. Escape only closes this window.", keys=keys)
        ends = tr("By keyboard: {keys} allows, {deny} denies. Escape decides nothing.", keys=keys, deny=deny)
        if item.type == "sign-in":
            return f"{tr('Nothing is opened for you. Say when you have signed in.')} {ends}"
        return f"{tr('Allow lets it run with exactly what is shown. Deny tells the agent no.')} {ends}"

    def _say(self, words: str, trouble: bool = False) -> None:
        self._state.setProperty("trouble", "true" if trouble else "false")
        self._state.style().unpolish(self._state)
        self._state.style().polish(self._state)
        if words != self._state.text():
            announce(self, words, urgent=trouble)
        self._state.setText(words)
        self._state.setVisible(bool(words))

    def _renewed(self) -> None:
        """Other content to read: nothing counts for a moment, and there is room for it."""
        self._dead.begin()
        if self.isVisible():
            QTimer.singleShot(0, self._fit)

    def _fit(self) -> None:
        """Grow to what there is to read, within the screen; never shrink under somebody's pointer."""
        screen = self.screen().availableGeometry()
        wide = min(max(640, self.width()), int(screen.width() * 0.9))
        wanted = max(self.layout().totalHeightForWidth(wide), self.sizeHint().height())
        self.resize(wide, min(max(self.height() if self.isVisible() else 0, wanted), int(screen.height() * 0.85)))

    def _set_quiet(self, quiet: bool) -> None:
        self._later.setProperty("quiet", quiet)
        self._later.style().unpolish(self._later)
        self._later.style().polish(self._later)

    def _add_chord(self, keys: str, name: str) -> None:
        chord = QShortcut(QKeySequence(keys), self, autoRepeat=False)
        chord.activated.connect(lambda: self._ways.press(name))


def _parts(item: AskItem) -> tuple[object, ...]:
    """What tells at once that nothing changed: the digest of megabytes is not for every tick of a stream."""
    return (item.version, id(item.args), item.tool, item.text, item.type, item.choices, id(item.schema), item.multiple)


def _deadline(item: AskItem) -> float:
    """When the ask expires. One that came again counts from now: its item keeps the time of the first."""
    return (item.expires or 0.0) + (item.at if item.version == 0 else now())


def _row(*widgets: QWidget | None) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(8)
    for widget in widgets:
        if widget is None:
            row.addStretch(1)
        else:
            row.addWidget(widget)
    return row


def _demo() -> None:
    """Try the dialog: `python -m desktop.ui.approvals.dialog [dark]`."""
    import sys

    from PySide6.QtWidgets import QApplication

    from desktop.ui.theme import DARK, LIGHT, apply

    app = QApplication(sys.argv)
    theme = DARK if "dark" in sys.argv else LIGHT
    apply(app, theme)
    args = {"path": "/home/me", "command": "rm -rf build/\u202eexe.txt\ngit push", "old": "red\n3", "new": "blue\n3"}
    item = AskItem("1", 0, now(), ask="a1", tool="run_command", args=args, text="I only tidy up.", expires=240.0)
    item.editable = True
    dialog = ApprovalDialog(theme)
    dialog.decided.connect(lambda answer: dialog.setWindowTitle(repr(answer)))
    dialog.finished.connect(app.quit)
    dialog.show_ask(item, where="Plan — Dockrion, researcher", can=Capabilities(deny_note=True), count=3)
    app.exec()


if __name__ == "__main__":
    _demo()
