"""One conversation's asks in the audit list: written as things happen, with its place; trouble is said once."""

from __future__ import annotations

from collections.abc import Callable

from desktop.core.conversation import AskItem
from desktop.core.events import AskClosed
from desktop.core.requests import Answer, HttpCall, Reply
from desktop.services.approvals.audit import AuditLog, Place
from desktop.services.approvals.decision_tap import PERSON


class AskRecord:
    """A `DecisionTap`. `place` tells where the conversation stands now; `say` hears that nothing could be written."""

    def __init__(self, log: AuditLog, place: Callable[[], Place], say: Callable[[str], None]) -> None:
        self._log, self._place, self._say = log, place, say
        self._known: set[str] = set()
        self._told = False

    def shown(self, item: AskItem, to: str = PERSON) -> None:
        """An ask came up for a person to read, or for a rule."""
        self._known.add(item.ask)
        self._tell(self._log.shown(self._place(), item, to))

    def decided(self, answer: Answer, by: str) -> None:
        self._known.add(answer.ask)
        self._tell(self._log.decided(self._place(), answer, by))

    def sent(self, ask: str, call: HttpCall) -> None:
        self._tell(self._log.sent(self._place(), ask, call))

    def came_back(self, ask: str, reply: Reply) -> None:
        words = reply.failure.text if reply.failure else ""
        self._tell(self._log.came_back(self._place(), ask, reply.status, words))

    def closed(self, event: AskClosed) -> None:
        """The ask is no longer open. One that nobody saw is not listed."""
        if event.ask in self._known:
            self._tell(self._log.closed(self._place(), event.ask, event.how, event.answer))

    def _tell(self, trouble: str | None) -> None:
        if trouble and not self._told:
            self._told = True
            self._say(trouble)
