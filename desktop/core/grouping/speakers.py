"""Whose words a text is: said where it is not the one who spoke before; at first that is the main agent."""

from __future__ import annotations

from desktop.core.conversation import Item, TextItem, UserTurn
from desktop.core.events import Path


class Speakers:
    """Fed with the items in their order."""

    def __init__(self) -> None:
        self._last: Path = ()
        self._changes: set[str] = set()

    def add(self, item: Item) -> None:
        """One more item of the conversation."""
        if isinstance(item, UserTurn):
            self._last = ()
        elif isinstance(item, TextItem) and item.path != self._last:
            self._last = item.path
            self._changes.add(item.id)

    def changes_at(self, name: str) -> bool:
        """Whether somebody else speaks from this text on."""
        return name in self._changes
