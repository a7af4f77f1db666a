"""Whose words a text is: said where it is not the one who spoke before; at first that is the main agent."""

from __future__ import annotations

from desktop.core.conversation import Item, TextItem, UserTurn
from desktop.core.events import Path


class Speakers:
    """Fed with the items in their order."""

    def __init__(self) -> None:
        self._last: Path = ()
        self._changes: dict[str, Path] = {}

    def add(self, item: Item) -> None:
        """One more item of the conversation."""
        if isinstance(item, UserTurn):
            self._last = ()
        elif isinstance(item, TextItem) and item.path != self._last:
            self._last = self._changes[item.id] = item.path

    def change(self, name: str) -> Path | None:
        """Who speaks from this text on, or None if nothing changes there."""
        return self._changes.get(name)
