"""All open asks of all tabs: the one dialog, the inbox, the rules, and what the person has put aside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from desktop.core.adapters import adapter_class
from desktop.core.asks.arguments import ask_digest
from desktop.core.asks.words import plain_answer
from desktop.core.conversation import AskItem
from desktop.core.errors import SluiceError
from desktop.core.language import tr
from desktop.core.requests import Answer
from desktop.services.approvals.decision_tap import PERSON, RULE
from desktop.services.tasks import spawn
from desktop.ui.approvals.dialog import ApprovalDialog
from desktop.ui.approvals.notices import AskNotices
from desktop.ui.approvals.queue import ApprovalQueue
from desktop.ui.theme import Theme

if TYPE_CHECKING:
    from desktop.services.workspace import Workspace
    from desktop.ui.main_window import MainWindow
    from desktop.ui.session_page import SessionPage

_Name = tuple[str, str, int]  # tab, ask, version
_ELSEWHERE = 2  # how the dialog ends when it was not the person who closed it


class AskDesk(QObject):
    """Signals: `jump_wanted(tab key, ask id)`; `changed()` when the dialog was closed, or a rule could not answer.

    A person's decision comes from the dialog or the inbox, a rule's from here; both go the same way to the session of
    the ask, with the digest of what it was about."""

    jump_wanted = Signal(str, str)
    changed = Signal()

    def __init__(self, theme: Theme, window: MainWindow, workspace: Workspace) -> None:
        super().__init__(window)
        self._window, self._workspace = window, workspace
        self.queue = ApprovalQueue()
        self.queue.open_requested.connect(self.jump_wanted)
        self.queue.decide_many.connect(self._decide_many)
        self.queue.hide()
        self._dialog = ApprovalDialog(theme, window)
        self._dialog.shown.connect(self._was_shown)
        self._dialog.read.connect(self._was_read)
        self._dialog.decided.connect(self._decided)
        self._dialog.rule_wanted.connect(self._offer_rule)
        self._dialog.finished.connect(self._closed)
        self._dialog.rejected.connect(self._put_off)
        self._shown: tuple[SessionPage, str] | None = None
        self._put_aside: set[_Name] = set()  # whose dialog the person closed
        self._met: set[_Name] = set()  # came up already: a rule looks at each only once
        self._ruled: set[_Name] = set()  # a rule's answer is on its way
        self._pages: dict[str, SessionPage] = {}
        self.notices = AskNotices(window)
        self.notices.wanted.connect(self.jump_wanted)
        self.notices.inbox_wanted.connect(self.queue.show)

    def refresh(self, pages: Sequence[SessionPage], front: SessionPage | None) -> int:
        """Follow what changed; the front tab's next ask opens its dialog. Returns how many wait."""
        self._pages = {page.tab.key: page for page in pages}
        asks = [(page, item) for page in pages for item in page.pending_asks()]
        self._met &= {_name(page, item) for page, item in asks}
        for page, item in asks:
            self._meet(page, item)
        entries = [(p.tab.key, p.tab.title, item) for p, item in asks if _name(p, item) not in self._ruled]
        self.queue.set_entries(entries)
        self.notices.look({(key, item.ask) for key, _, item in entries if item.state == "pending"})
        if not entries:
            self.queue.hide()
        if self._shown is not None:
            self._dialog.tell_waiting(len(entries))
            self._follow(*self._shown)
        elif front is not None:
            self._open_next(front, len(entries))
        return len(entries)

    def open(self, page: SessionPage, ask: str) -> None:
        """Show an ask because the person wants to see it."""
        item = _find(page, ask)
        if item is None:
            return
        if item.state == "pending" and not page.session.running and not page.session.can_answer(ask):
            spawn(self._find_out(page, item), "look up an ask")
            return
        self._put_aside.discard(_name(page, item))
        if self._shown is not None and self._shown != (page, ask):
            self._dialog.done(_ELSEWHERE)
        self._show(page, item, 1)

    def toggle_queue(self) -> None:
        """Fold the inbox in or out."""
        self.queue.setVisible(not self.queue.isVisible())

    def open_rules(self) -> None:
        """The list of rules."""
        self._rules_dialog(None)

    def open_audit(self) -> None:
        """The list of what was shown, decided, sent and answered."""
        from desktop.ui.approvals.audit_dialog import AuditDialog

        AuditDialog(self._workspace.audit, self._window).open()

    def close(self) -> None:
        """The program ends: a notification that leads nowhere is taken back."""
        self.notices.look(())

    def set_theme(self, theme: Theme) -> None:
        """Change the colours."""
        self._dialog.set_theme(theme)

    # ---- the dialog

    def _follow(self, page: SessionPage, ask: str) -> None:
        """What became of the ask on screen. Closing its tab decides nothing and takes the dialog away."""
        if self._pages.get(page.tab.key) is not page:
            self._dialog.done(_ELSEWHERE)
        elif (item := _find(page, ask)) is not None:
            self._dialog.refresh(item)

    def _open_next(self, page: SessionPage, count: int) -> None:
        for item in page.pending_asks():
            name = _name(page, item)
            can = item.state == "pending" and page.session.can_answer(item.ask)
            if can and name not in self._put_aside and name not in self._ruled:
                self._show(page, item, count)
                return

    def _show(self, page: SessionPage, item: AskItem, count: int) -> None:
        self._shown = (page, item.ask)
        profile = page.tab.profile
        names = (page.tab.title, profile.name if profile else "", " › ".join(item.path))
        can = adapter_class(page.session.connection.protocol).can
        self._dialog.show_ask(item, where=" — ".join(filter(None, names)), can=can, count=count)
        if not self._dialog.isVisible():
            self._dialog.open()

    def _was_shown(self, item: AskItem) -> None:
        if self._shown is not None and (record := self._shown[0].tab.asks) is not None:
            record.shown(item)

    def _was_read(self, item: AskItem) -> None:
        if self._shown is not None:
            self.queue.mark_read(self._shown[0].tab.key, item)

    def _put_off(self) -> None:
        """The person wants to go on with something else: no request comes up by itself, however many wait. Those that
        do are in the inbox."""
        shown = _find(*self._shown) if self._shown is not None else None
        if shown is None or shown.state != "pending":
            return
        open_ = [(page, item) for page in self._pages.values() for item in page.pending_asks()]
        self._put_aside |= {_name(page, item) for page, item in open_}
        if len(open_) > 1:
            self.queue.show()

    def _closed(self, _: int) -> None:
        if self._shown is not None:
            page, ask = self._shown
            self._shown = None
            if (item := _find(page, ask)) is not None:
                self._put_aside.add(_name(page, item))
            if self._pages.get(page.tab.key) is page:
                page.focus_composer()
        self.changed.emit()

    async def _find_out(self, page: SessionPage, item: AskItem) -> None:
        """An ask from before a restart: the server is asked, and asks again if it still waits."""
        page.ask_done(tr("Asking the server whether this request still waits…"))
        words = tr("This request can no longer be answered from here: the run that asked is over.")
        try:
            if await page.session.look_up():
                self._put_aside.discard(_name(page, item))
                waits = item.state == "pending"
                words = "" if page.session.can_answer(item.ask) and waits else tr("This request no longer waits.")
        except SluiceError as error:
            words = error.headline
        page.ask_done(words)
        self.changed.emit()

    # ---- decisions

    def _decided(self, answer: Answer) -> None:
        if self._shown is not None:
            spawn(self._send(self._shown[0], answer), "answer")

    def _decide_many(self, answers: Sequence[tuple[str, Answer]]) -> None:
        for key, answer in answers:
            page = self._pages.get(key)
            item = _find(page, answer.ask) if page else None
            if page is not None and item is not None:
                if page.tab.asks is not None:
                    page.tab.asks.shown(item)
                spawn(self._send(page, answer), "answer")

    async def _send(self, page: SessionPage, answer: Answer, by: str = PERSON) -> bool:
        """Bring a decision to its session, once. What went wrong is said where the person looks."""
        try:
            trouble = await page.session.answer(answer, by)
        except SluiceError as error:
            trouble = error.headline
        if trouble and self._pages.get(page.tab.key) is page:
            item = _find(page, answer.ask)
            if self._shown == (page, answer.ask) and item is not None and item.state == "pending":
                self._dialog.not_sent(trouble)
            else:
                page.ask_done(trouble)
        return not trouble

    # ---- rules

    def _meet(self, page: SessionPage, item: AskItem) -> None:
        """An ask, or a new version of one, comes up: a rule answers it, or the person is told."""
        name, tab = _name(page, item), page.tab
        if name in self._met:
            return
        self._met.add(name)
        if item.state != "pending" or not page.session.can_answer(item.ask):
            return
        rule = self._workspace.rules.decide(tab.server, tab.key, item) if tab.asks is not None else None
        if rule is None or tab.asks is None:
            self.notices.tell(tab, item)
            return
        by = f"{RULE}{rule.words}"
        tab.asks.shown(item, by)
        self._workspace.rules.count(rule)
        self._ruled.add(name)
        answer = plain_answer(item, rule.allow, ask_digest(item))
        spawn(self._send_by_rule(page, answer, by, name), "answer by rule")

    async def _send_by_rule(self, page: SessionPage, answer: Answer, by: str, name: _Name) -> None:
        try:
            await self._send(page, answer, by)
        finally:
            self._ruled.discard(name)
            self.changed.emit()

    def _offer_rule(self, item: AskItem, allow: bool) -> None:
        from desktop.ui.approvals.rules_dialog import Offer

        if self._shown is not None:
            tab = self._shown[0].tab
            self._rules_dialog(Offer(allow, tab.server, tab.key, tab.title, item.tool or "", item.args))

    def _rules_dialog(self, offer: Any) -> None:
        from desktop.ui.approvals.rules_dialog import RulesDialog

        parent = self._dialog if self._dialog.isVisible() else self._window
        RulesDialog(self._workspace.rules, self._workspace.audit, offer, parent).open()


def _name(page: SessionPage, item: AskItem) -> _Name:
    return page.tab.key, item.ask, item.version


def _find(page: SessionPage, ask: str) -> AskItem | None:
    items = page.session.conversation.items.values()
    return next((i for i in reversed(items) if isinstance(i, AskItem) and i.ask == ask), None)
