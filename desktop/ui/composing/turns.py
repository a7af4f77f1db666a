"""What can be done with a turn: say it again, edit it, go on from it elsewhere, see its versions, quote it.

Where the client keeps the history, a turn that is said again begins a branch and the old one is kept. Where the server
keeps it, earlier turns cannot be taken back: there the same words go out as a new message, and that is what is offered.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from desktop.core import branches
from desktop.core.adapters import adapter_class
from desktop.core.conversation import AnswerItem, Item, UserTurn
from desktop.core.language import tr
from desktop.services.workspace import Tab
from desktop.ui.composing.outbox import Outbox, confirm_tools

Offer = tuple[str, str]  # words, action


class Turns(QObject):
    """Signals: `fork_wanted(run)`: a new tab with everything up to the end of this run; `ask_wanted(str, tuple)`: a new
    tab with this message, not sent; `branch_chosen()`: another branch is to be shown."""

    fork_wanted = Signal(int)
    ask_wanted = Signal(str, object)
    branch_chosen = Signal()

    def __init__(self, tab: Tab, outbox: Outbox, parent: QObject) -> None:
        super().__init__(parent)
        self._tab, self._outbox = tab, outbox

    @property
    def branching(self) -> bool:
        """Whether earlier turns can be said otherwise: the client tells the history."""
        return adapter_class(self._tab.session.connection.protocol).can.history == "client"

    def offers(self, item: Item) -> list[Offer]:
        """What a menu on this item offers."""
        held = self._tab.session.conversation
        turn = branches.turn_of(held, item)
        if self._tab.player is not None:
            return []  # a recording is only looked at
        out: list[Offer] = []
        if isinstance(item, UserTurn | AnswerItem):
            out += [(tr("Copy this part"), "copy"), (tr("Quote in the message"), "quote")]
        if turn is None:
            return out
        over = held.runs[item.run].status is not None
        if self.branching:
            out.append((tr("Send again") if isinstance(item, UserTurn) else tr("Answer again"), "resend"))
            out.append((tr("Edit and send again"), "edit"))
            out += [(tr("Go on from here in a new tab"), "fork")] if over else []
            seen = branches.versions(held, turn.run)
            if seen.at > 0:
                out.append((tr("Show the version before ({at} of {count})", at=seen.at, count=len(seen)), "older"))
            if seen.at + 1 < len(seen):
                out.append((tr("Show the next version ({at} of {count})", at=seen.at + 2, count=len(seen)), "newer"))
        else:
            out += [(tr("Send again as a new message"), "resend"), (tr("Edit as a new message"), "edit")]
            out.append((tr("Ask this in a new tab"), "fork"))
        return out

    def act(self, action: str, name: str) -> None:
        """Do what was chosen on an item."""
        item = self._tab.session.conversation.items.get(name)
        if item is None:
            return
        if action in ("copy", "quote"):
            text = getattr(item, "text", "")
            self._outbox.quote(text) if action == "quote" else QGuiApplication.clipboard().setText(text)
            return
        turn = branches.turn_of(self._tab.session.conversation, item)
        acts: dict[str, Callable[[UserTurn], None]] = {
            "resend": self.resend,
            "edit": self.edit,
            "older": lambda turn: self.step(turn, -1),
            "newer": lambda turn: self.step(turn, 1),
        }
        if turn is not None and action == "fork":
            self.fork(turn, item.run)
        elif turn is not None and action in acts:
            acts[action](turn)

    def last(self) -> UserTurn | None:
        """The last thing said on what is shown; None in a recording."""
        if self._tab.player is not None:
            return None
        said = [i for i in branches.shown(self._tab.session.conversation).items.values() if isinstance(i, UserTurn)]
        return said[-1] if said else None

    def resend(self, turn: UserTurn) -> None:
        """Say a turn once more; a warning first where tools ran."""
        held = self._tab.session.conversation
        after = held.runs[turn.run].after if self.branching else None
        ran = branches.tools_since(held, turn.run)
        confirm_tools(self._outbox.bar, ran, lambda: self._outbox.again(turn, after))

    def edit(self, turn: UserTurn) -> None:
        """Put a turn into the composer, to be sent in another form."""
        held = self._tab.session.conversation
        if not self.branching:
            self._outbox.put(turn.text, turn.images)
            return
        after = held.runs[turn.run].after
        confirm_tools(self._outbox.bar, branches.tools_since(held, turn.run), lambda: self._outbox.edit(turn, after))

    def fork(self, turn: UserTurn, run: int) -> None:
        """Go on in a new tab: with everything said up to here, or with the question alone where the server keeps the
        history and would not know it."""
        if self.branching:
            self.fork_wanted.emit(run)
        else:
            self.ask_wanted.emit(turn.text, turn.images)

    def step(self, turn: UserTurn, by: int) -> None:
        """Show the version before or after."""
        session = self._tab.session
        seen = branches.versions(session.conversation, turn.run)
        place = seen.at + by
        if session.running or not 0 <= place < len(seen):
            return
        branches.choose(session.conversation, seen.runs[place])
        self.branch_chosen.emit()
