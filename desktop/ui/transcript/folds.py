"""What cannot be seen of a conversation because it stands in another's row, or under an agent that is folded."""

from __future__ import annotations

from collections.abc import Iterator

from desktop.core.conversation import Conversation, Item, TextItem, ThoughtItem, UserTurn
from desktop.core.grouping import Grouping


class Folds:
    """`grouping` says what belongs together; `fold` is what the person did."""

    def __init__(self, conversation: Conversation) -> None:
        self.grouping = Grouping(conversation)
        self._folded: set[str] = set()  # rows of agents

    def fold(self, row: str, folded: bool) -> None:
        """Fold what an agent did away, or open it."""
        (self._folded.add if folded else self._folded.discard)(row)

    def is_hidden(self, name: str) -> bool:
        """Whether an item has no row of its own to be seen."""
        if self.grouping.row_of(name) != name:
            return True
        return bool(self._folded) and any(row in self._folded for row in self._above(name))

    def hiding(self, name: str) -> list[str]:
        """The folded rows that an item is under."""
        return [row for row in self._above(name) if row in self._folded]

    def _above(self, name: str) -> Iterator[str]:
        row = self.grouping.above(name)
        while row is not None:
            yield row
            row = self.grouping.above(row)


def space(before: Item, item: Item) -> float:
    """Space between two items, in line heights."""
    if isinstance(item, UserTurn):
        return 1.8
    if isinstance(before, UserTurn):
        return 0.9
    rows = [not isinstance(one, TextItem) or isinstance(one, ThoughtItem) for one in (before, item)]
    return 0.1 if all(rows) else 0.75
