"""The branches of a conversation: which run follows which, and what is shown of them.

Runs lie in the order in which they happened; `RunState.after` names the run that each one goes on from, `ROOT` for the
beginning. Saying a turn once more begins a second run after the same one. What is shown, and what a protocol whose
client keeps the history is told, is one path from the root to `tip`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from desktop.core.conversation import ROOT, Added, Change, Conversation, Item, RunChanged, ToolItem, UserTurn


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions of one turn, by their runs' numbers, oldest first; `at` is the place of the one that is meant."""

    runs: tuple[int, ...]
    at: int

    def __len__(self) -> int:
        return len(self.runs)


def path(conversation: Conversation, tip: int | None = None) -> tuple[int, ...]:
    """The runs from the root to `tip` (as shown now, if it is not given), oldest first."""
    run = conversation.tip if tip is None else tip
    out: list[int] = []
    while run != ROOT:
        out.append(run)
        run = conversation.runs[run].after
    return tuple(reversed(out))


def is_straight(conversation: Conversation) -> bool:
    """Whether there is one branch only."""
    return all(run.after == run.number - 1 for run in conversation.runs) and conversation.leaf is None


def shown(conversation: Conversation) -> Conversation:
    """The conversation as one path: the same items and runs, without those of other branches. It is `conversation`
    itself while there is only one branch."""
    if is_straight(conversation):
        return conversation
    wanted = frozenset(path(conversation))
    return replace(conversation, items={i.id: i for i in conversation.items.values() if i.run in wanted})


class Shown:
    """What is shown of a conversation, kept up to date while that grows: `conversation`, one path."""

    def __init__(self, conversation: Conversation) -> None:
        self._whole = conversation
        self._path = path(conversation)
        self.conversation = shown(conversation)

    def is_left_by(self, changes: Sequence[Change]) -> bool:
        """Whether a run began that does not go on from what is shown."""
        if not any(isinstance(change, RunChanged) for change in changes):
            return False
        return path(self._whole)[: len(self._path)] != self._path

    def follow(self, changes: Sequence[Change]) -> None:
        """Take in what the conversation gained."""
        self._path = path(self._whole)
        if self.conversation is not self._whole:
            for change in changes:
                if isinstance(change, Added):
                    self.conversation.items[change.item] = self._whole.items[change.item]


def turn_of(conversation: Conversation, item: Item) -> UserTurn | None:
    """The person's words that led to an item: those of its run, or of the run that it continues."""
    run = item.run
    while run != ROOT:
        said = next((i for i in conversation.of_run(run) if isinstance(i, UserTurn)), None)
        if said is not None:
            return said
        run = conversation.runs[run].after
    return None


def versions(conversation: Conversation, run: int) -> Versions:
    """The turns that were said at the same place as the one of `run`."""
    after = conversation.runs[run].after
    asked = {item.run for item in conversation.items.values() if isinstance(item, UserTurn)}
    same = tuple(r.number for r in conversation.runs if r.after == after and r.number in asked)
    return Versions(same, same.index(run) if run in same else 0)


def newest_tip(conversation: Conversation, run: int) -> int:
    """The end of the branch that `run` is on: from it always to the run that came last."""
    tip = run
    for later in conversation.runs[run + 1 :]:
        if later.after == tip or run in path(conversation, later.number):
            tip = later.number
    return tip


def choose(conversation: Conversation, run: int) -> None:
    """Show the branch that goes through `run`."""
    tip = newest_tip(conversation, run)
    conversation.leaf = None if tip == len(conversation.runs) - 1 else tip


def tools_since(conversation: Conversation, run: int) -> tuple[str, ...]:
    """The names of the tools that ran in the turn of `run` and after it, on what is shown; each name once."""
    later = set(path(conversation)) & set(range(run, len(conversation.runs)))
    items = (i for i in conversation.items.values() if isinstance(i, ToolItem) and i.run in later)
    ran = (i.title or i.name or "a tool" for i in items if i.state not in ("denied", "cancelled"))
    return tuple(dict.fromkeys(ran))
