"""Entries with ways of their own: questions, calls and agents that share a row, steps that share a line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from desktop.core.conversation import AgentItem, Item, StepItem, TextItem, ToolItem, UserTurn
from desktop.core.grouping import Grouping, Streak
from desktop.core.markdown.build import elements as slice_elements
from desktop.services.clock import now
from desktop.ui.transcript.blocks import Block, PictureBlock, RowBlock, TextBlock
from desktop.ui.transcript.details import agent_details, literal_slices, tool_details
from desktop.ui.transcript.entries import Entry, State, TextEntry
from desktop.ui.transcript.rows import Row, is_live, row_of, shared_row, steps_row


class QuestionEntry(Entry):
    """The person's words, as they typed them."""

    item: UserTurn

    def _body(self) -> list[Block]:
        blocks: list[Block] = [TextBlock(piece, slice_elements) for piece in literal_slices(self.item.text)]
        if self.item.images:
            blocks.append(PictureBlock([(image.name, image.data) for image in self.item.images], 96))
        return blocks

    def source(self) -> str:
        return self.item.text

    def update(self) -> None:
        self.load()


class WorkEntry(Entry):
    """A call, an agent, or both in one row. Where an agent works, the row folds what it does, and has its details."""

    item: ToolItem | AgentItem

    @property
    def agent(self) -> AgentItem | None:
        return self.item if isinstance(self.item, AgentItem) else self.grouping.agent_of(self.item)

    @property
    def heads(self) -> bool:
        return self.agent is not None

    @property
    def folded(self) -> bool:
        return self.state.folded if self.state.folded is not None else not self.heads

    @property
    def opened(self) -> bool:
        return self.state.more if self.heads else not self.folded

    @property
    def ticks(self) -> bool:
        agent = self.agent
        return is_live(self.item) or (agent is not None and is_live(agent))

    def say(self) -> Row | None:
        agent = self.agent
        if agent is None:
            return super().say()
        if isinstance(self.item, ToolItem):
            row = shared_row(self.item, agent, self.folded, now())
            return replace(row, more=self.state.more)
        told = super().say()
        has_more = bool(agent.result or agent.error or agent.task)
        return told and replace(told, more=self.state.more if has_more else None)

    def _body(self) -> list[Block]:
        agent = self.agent
        if agent is None:
            return tool_details(self.item)  # type: ignore[arg-type]
        return agent_details(self.item if isinstance(self.item, ToolItem) else None, agent)


class StepEntry(Entry):
    """A step, or the line of all the finished steps that it is the first of, with these under it."""

    item: StepItem

    @property
    def streak(self) -> Streak | None:
        """The steps it speaks for."""
        streak = self.grouping.streak(self.item.id)
        return streak if streak is not None and streak.lead is self.item else None

    @property
    def folded(self) -> bool:
        return self.state.folded is not False

    def say(self) -> Row | None:
        streak = self.streak
        return steps_row(streak, self.folded) if streak is not None else super().say()

    def _body(self) -> list[Block]:
        streak = self.streak
        return [RowBlock(_inside(step)) for step in streak.steps] if streak is not None else []

    def update(self) -> None:
        """Steps that came at the end are added; the others say what they say now."""
        streak, known = self.streak, len(self.blocks) - 1
        if streak is None or not known or len(streak) < known:
            self.load()
            return
        self.refresh_row()
        self.refresh_step(streak)
        for step in streak.steps[known:]:
            self.add(RowBlock(_inside(step)))

    def refresh_step(self, streak: Streak) -> None:
        """Say anew what the row of one of the steps says."""
        place = 1 + streak.at
        if place < len(self.blocks) and isinstance(block := self.blocks[place], RowBlock):
            block.show(_inside(streak.steps[streak.at]))


def _inside(step: StepItem) -> Row:
    row = row_of(step, False, False, 0.0)
    assert row is not None
    return replace(row, inside=True)


def entry_for(item: Item, state: State, ended: Callable[[], bool], grouping: Grouping) -> Entry:
    """The right kind of entry."""
    match item:
        case UserTurn():
            return QuestionEntry(item, state, ended, grouping)
        case TextItem():
            return TextEntry(item, state, ended, grouping)
        case ToolItem() | AgentItem():
            return WorkEntry(item, state, ended, grouping)
        case StepItem():
            return StepEntry(item, state, ended, grouping)
    return Entry(item, state, ended, grouping)
