"""The entries of a conversation, kept up to date: what they are, how high, and what is folded."""

from __future__ import annotations

from collections.abc import Sequence

from desktop.core.conversation import (
    Added,
    Change,
    Conversation,
    Grew,
    Item,
    RunChanged,
    SessionChanged,
    Updated,
)
from desktop.ui.transcript.entries import Entry, State, TextEntry
from desktop.ui.transcript.folds import Folds, space
from desktop.ui.transcript.heights import Heights
from desktop.ui.transcript.kinds import StepEntry, entry_for
from desktop.ui.transcript.styles import Styles

TOP = 24
_GUESS = 90  # height of an entry nobody has looked at


class Pile:
    """Entries are made when they are first looked at. `changed` tells whether anything may look different."""

    def __init__(self, styles: Styles) -> None:
        self.styles = styles
        self.changed = True
        self.visible = False  # while it is not, changes only collect
        self.states: dict[str, State] = {}
        self.load(Conversation())

    def load(self, conversation: Conversation) -> None:
        """Begin anew with all items of a conversation."""
        self.conversation = conversation
        self.folds = Folds(conversation)
        self.grouping = self.folds.grouping
        self.ids = list(conversation.items)
        self.index = {name: number for number, name in enumerate(self.ids)}
        self.entries: list[Entry | None] = [None] * len(self.ids)
        self.heights = Heights([0 if self.folds.is_hidden(name) else _GUESS for name in self.ids])
        self._stale: set[str] = set()
        self.behind: set[int] = set()  # entries with text that was too much for one frame
        self.changed = True

    def apply(self, changes: Sequence[Change]) -> None:
        """Take changes; `changed` tells afterwards whether anything may look different."""
        for change in changes:
            match change:
                case Grew(item, text):
                    self._grow(item, text)
                case RunChanged(run):
                    self._run_changed(run)
                case SessionChanged():
                    pass
                case _:
                    self._take(change)

    def _take(self, change: Added | Updated) -> None:
        """An item came or is another: so may be those that it shares a row with."""
        new = change.item not in self.index
        touched = self.grouping.take(change)
        if new:
            self._add(change.item)
        for name in dict.fromkeys((*(() if new else (change.item,)), *touched)):
            self._update(name)

    def take_stale(self) -> None:
        """Take what happened while nobody looked."""
        stale, self._stale = self._stale, set()
        for name in stale:
            self._update(name)

    def entry(self, index: int) -> Entry:
        """The entry of an item, made on first use."""
        entry = self.entries[index]
        if entry is None:
            item = self.conversation.items[self.ids[index]]
            state = self.states.setdefault(item.id, State())
            entry = entry_for(item, state, lambda: self._ended(item), self.grouping)
            before = self.conversation.items[self.ids[index - 1]] if index else None
            entry.space = round(self.styles.em * space(before, item)) if before else TOP
            entry.hidden = self.folds.is_hidden(item.id)
            self.entries[index] = entry
            if entry.behind:
                self.behind.add(index)
        return entry

    def _ended(self, item: Item) -> bool:
        runs = self.conversation.runs
        return item.run >= len(runs) or runs[item.run].status is not None

    def _add(self, name: str) -> None:
        item = self.conversation.items[name]
        self.index[name] = len(self.ids)
        self.ids.append(name)
        self.entries.append(None)
        self.heights.append(0 if self.folds.is_hidden(name) else _GUESS)
        self.changed = True
        self._close_text_before(item)

    def _close_text_before(self, item: Item) -> None:
        """What was being written in the same place is whole: something else follows it."""
        for index in range(len(self.ids) - 2, max(len(self.ids) - 12, -1), -1):
            entry = self.entries[index]
            if isinstance(entry, TextEntry) and entry.item.path == item.path and entry.item.run == item.run:
                if not entry.over:
                    entry.over = True
                    entry.finish()
                    self.touch(index)
                return

    def _grow(self, name: str, text: str) -> None:
        entry = self._known(name)
        if entry is not None and entry.grow(text):
            self.touch(self.index[name])

    def _update(self, name: str) -> None:
        index = self.index.get(name)
        if index is None:
            return
        self._follow_streak(name)
        entry = self._known(name)
        if entry is not None:
            entry.hidden = self.folds.is_hidden(name)
            entry.update()
        if entry is not None or self.entries[index] is None:
            self.touch(index)

    def _follow_streak(self, name: str) -> None:
        """A step that stands in another's line: that line may have to say so, or was opened by the person here."""
        streak = self.grouping.streak(name)
        if streak is None or not streak.at:
            return
        mine, leads = (self.states.setdefault(one, State()) for one in (name, streak.lead.id))
        opened = mine.folded is False and leads.folded is None
        if opened:
            mine.folded, leads.folded = None, False
        lead = self._known(streak.lead.id)
        if isinstance(lead, StepEntry):
            lead.load() if opened else lead.refresh_step(streak)
            self.touch(self.index[streak.lead.id])

    def _known(self, name: str) -> Entry | None:
        """The entry, if it is laid out and somebody looks."""
        index = self.index.get(name)
        entry = None if index is None else self.entries[index]
        if entry is not None and not self.visible:
            self._stale.add(name)
            return None
        return entry

    def _run_changed(self, run: int) -> None:
        if run >= len(self.conversation.runs) or self.conversation.runs[run].status is None:
            return
        for index in range(len(self.ids) - 1, -1, -1):
            if self.conversation.items[self.ids[index]].run < run:
                break
            if (entry := self.entries[index]) is not None:
                entry.finish()
                self.touch(index)

    def touch(self, index: int) -> None:
        """An entry is different now."""
        self.changed = True
        entry = self.entries[index]
        if entry is not None and entry.behind:
            self.behind.add(index)
        if entry is not None and entry.styles is not None:
            self.heights[index] = entry.height
        elif self.folds.is_hidden(self.ids[index]):
            self.heights[index] = 0
        else:
            self.heights[index] = self.heights[index] or _GUESS

    def catch_up(self) -> None:
        """Go on with texts that were too long for one frame."""
        waiting, self.behind = self.behind, set()
        for index in waiting:
            entry = self.entries[index]
            if entry is not None:
                entry.catch_up()
                self.touch(index)

    # ---- folding

    def toggle(self, index: int) -> None:
        """The person opens or folds an entry; an agent takes with it all that is under it."""
        entry = self.entry(index)
        entry.toggle()
        self.touch(index)
        if entry.heads:
            self.folds.fold(entry.item.id, entry.folded)
            for number in range(index + 1, len(self.ids)):
                if (other := self.entries[number]) is not None:
                    other.hidden = self.folds.is_hidden(other.item.id)
                self.touch(number)

    def reveal(self, name: str) -> tuple[int, int] | None:
        """Open what hides an item; the places of the entry and the block that show it. None for one not known."""
        if name not in self.index:
            return None
        row = self.grouping.row_of(name)
        for above in self.folds.hiding(row):
            self.toggle(self.index[above])
        streak = self.grouping.streak(name)
        if streak is not None and streak.at and self.entry(self.index[row]).folded:
            self.toggle(self.index[row])
        return self.index[row], 1 + streak.at if streak is not None and streak.at else 0
