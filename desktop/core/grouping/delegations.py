"""Who works for whom: which call brought which agent, and under whose row an item stands."""

from __future__ import annotations

from desktop.core.conversation import AgentItem, Item, ToolItem
from desktop.core.events import Path

_Call = tuple[int, str]  # run, call
_Place = tuple[int, Path]  # run, path of an agent


class Delegations:
    """Pairs of a call and the agent that works on it, and the tree below them. Fed with the items in their order.

    An agent names the newest call that gave it work, and a call the agent that it shows: each is enough, since an agent
    that gets work again forgets the call before."""

    def __init__(self) -> None:
        self._calls: dict[_Call, ToolItem] = {}
        self._known: dict[_Place, AgentItem] = {}
        self._early: dict[_Call, AgentItem] = {}  # agents whose call is not known yet
        self._awaited: dict[_Place, ToolItem] = {}  # calls whose agent is not known yet
        self._agents: dict[str, AgentItem] = {}  # by the id of their call's item
        self._rows: dict[str, str] = {}  # agent's item -> the call that first brought it
        self._heads: dict[_Place, str] = {}  # the newest row of an agent
        self._above: dict[str, str] = {}

    def add(self, item: Item) -> list[str]:
        """One more item of the conversation; the ids of those whose rows are others now."""
        if (head := self._head(item)) is not None:
            self._above[item.id] = head
        if isinstance(item, AgentItem):
            return self._add_agent(item)
        return self._add_call(item) if isinstance(item, ToolItem) else []

    def _head(self, item: Item) -> str | None:
        path = item.path[:-1] if isinstance(item, AgentItem) else item.path
        for depth in range(len(path), 0, -1):
            if (head := self._heads.get((item.run, path[:depth]))) is not None:
                return head
        return None

    def _add_agent(self, agent: AgentItem) -> list[str]:
        place = agent.run, agent.path
        self._known[place], self._heads[place] = agent, agent.id
        tool = self._awaited.pop(place, None)
        touched = self._pair(tool, agent) if tool is not None else []
        return touched + self.follow_agent(agent)

    def _add_call(self, tool: ToolItem) -> list[str]:
        self._calls[tool.run, tool.call] = tool
        agent = self._early.pop((tool.run, tool.call), None)
        touched = self._pair(tool, agent) if agent is not None else []
        return touched + self.follow_call(tool)

    def follow_agent(self, agent: AgentItem) -> list[str]:
        """Something about an agent changed; the ids of those whose rows are others now."""
        if agent.call is None:
            return []
        tool = self._calls.get((agent.run, agent.call))
        if tool is None:
            self._early[agent.run, agent.call] = agent
            return []
        return self._pair(tool, agent)

    def follow_call(self, tool: ToolItem) -> list[str]:
        """Something about a call changed; the ids of those whose rows are others now."""
        if tool.shows_agent is None or tool.id in self._agents:
            return []
        place = tool.run, (*tool.path, tool.shows_agent)
        agent = self._known.get(place)
        if agent is None:
            self._awaited[place] = tool
            return []
        return self._pair(tool, agent)

    def _pair(self, tool: ToolItem, agent: AgentItem) -> list[str]:
        if tool.id not in self._agents and not self._is_below(tool, agent):
            self._agents[tool.id] = agent
            self._rows.setdefault(agent.id, tool.id)
            self._heads[agent.run, agent.path] = tool.id
        return [tool.id, agent.id]

    def _is_below(self, tool: ToolItem, agent: AgentItem) -> bool:
        """Whether a call is the agent's own doing: then it cannot have brought the agent."""
        row: str | None = tool.id
        while row is not None and row != agent.id and row != self._rows.get(agent.id):
            row = self.above(row)
        return row is not None and row != tool.id

    def agent(self, tool: str) -> AgentItem | None:
        """The agent that a call brought."""
        return self._agents.get(tool)

    def row(self, agent: str) -> str | None:
        """The call in whose row an agent is shown."""
        return self._rows.get(agent)

    def above(self, name: str) -> str | None:
        """The row of the agent that did this."""
        head = self._above.get(name)
        return None if head is None else self._rows.get(head, head)
