"""What belongs together in a conversation, kept up to date change by change without looking at the whole again."""

from __future__ import annotations

from desktop.core.asks.visible import one_line
from desktop.core.conversation import Added, AgentItem, Change, Conversation, Item, StepItem, ToolItem, Updated
from desktop.core.grouping.delegations import Delegations
from desktop.core.grouping.speakers import Speakers
from desktop.core.grouping.stretches import Streak, Stretches
from desktop.core.language import tr


class Grouping:
    """Some items have no row of their own: an agent stands in the row of the call that brought it, and finished steps
    in that of the first of them. `take` follows the conversation."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._stretches = Stretches()
        self._delegations = Delegations()
        self._speakers = Speakers()
        self._known: set[str] = set()
        for name in conversation.items:
            self._add(name)

    def take(self, change: Change) -> list[str]:
        """Follow one change; the ids of the items whose rows may be others now, beside that of the change."""
        match change:
            case Added(name) if name not in self._known:
                touched = self._add(name)
                new = self._conversation.items[name]
                return self._stretches.settle(new) if isinstance(new, StepItem) else touched
            case Added(name) | Updated(name):
                item = self._conversation.items.get(name)
                if isinstance(item, StepItem):
                    return self._stretches.settle(item)
                if isinstance(item, AgentItem):
                    return self._delegations.follow_agent(item)
                if isinstance(item, ToolItem):
                    return self._delegations.follow_call(item)
        return []

    def _add(self, name: str) -> list[str]:
        self._known.add(name)
        item = self._conversation.items[name]
        self._stretches.add(item)
        self._speakers.add(item)
        return self._delegations.add(item)

    def row_of(self, name: str) -> str:
        """The id of the item in whose row this one is shown: mostly itself."""
        streak = self._stretches.streak(name)
        if streak is not None:
            return streak.lead.id
        return self._delegations.row(name) or name

    def streak(self, name: str) -> Streak | None:
        """The finished steps that share a line with this one, two or more."""
        return self._stretches.streak(name)

    def agent_of(self, tool: ToolItem) -> AgentItem | None:
        """The agent that a call brought, which stands in its row."""
        return self._delegations.agent(tool.id)

    def above(self, name: str) -> str | None:
        """The id of the item in whose row the agent stands that did this; None for what the main agent did."""
        return self._delegations.above(name)

    def speaker(self, name: str) -> str:
        """Who speaks from this text on, in words; empty where nobody else spoke before."""
        return self.name_of(self._conversation.items[name]) if self._speakers.changes_at(name) else ""

    def name_of(self, item: Item, main: str = "") -> str:
        """Whose item it is, in words; `main` is what the main agent is called where the server does not say."""
        run = self._conversation.runs[item.run]
        return one_line(" › ".join(item.path)) or run.agent or main or tr("Main agent")
