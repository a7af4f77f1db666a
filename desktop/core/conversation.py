"""What the person sees: items with stable ids, and what changed about them.

Items are changed by the reducer only. Their ids are made from the run's number and the wire's own keys, so a replay
of the same events gives the same ids. Text grows as a list of pieces and is joined when somebody reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, Literal

from desktop.core.events import (
    AgentState,
    AskType,
    Channel,
    Choice,
    Failure,
    Level,
    Part,
    Path,
    RunStatus,
    StepState,
    StepType,
    ToolStatus,
    Usage,
)
from desktop.core.requests import Image

ROOT = -1  # the run before the first
PAUSE = 1.0  # seconds; when the server says nothing for longer, it counts as silence


@dataclass(slots=True)
class Item:
    """One thing in the transcript. `run` is the number of its run in the conversation, from 0; `at` the local time
    of its first event and `ended` that of its last word, in seconds of whatever clock the feeder uses."""

    id: str
    run: int
    at: float
    path: Path = ()
    ended: float | None = None


@dataclass(slots=True)
class UserTurn(Item):
    """What the person said. `images` are (name, media, data)."""

    text: str = ""
    images: tuple[Image, ...] = ()


@dataclass(slots=True)
class TextItem(Item):
    """Text that grows: an answer part or a thought. `version` counts replacements; while it stays the same, text was
    only appended."""

    part: str = "0"
    version: int = 0
    length: int = 0
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The whole text so far."""
        if len(self.pieces) > 1:
            self.pieces[:] = ["".join(self.pieces)]
        return self.pieces[0] if self.pieces else ""


@dataclass(slots=True)
class AnswerItem(TextItem):
    """A part of the answer, in Markdown."""


@dataclass(slots=True)
class ThoughtItem(TextItem):
    """A part of the reasoning."""


@dataclass(slots=True)
class ToolItem(Item):
    """A tool call. `args` is the parsed value, or None with the raw text in `args_text`. `ms` is the duration the
    server told; else `ended - at` is what was seen here."""

    call: str = ""
    name: str = ""
    title: str | None = None
    verb: str | None = None
    args: Any = None
    args_pieces: list[str] = field(default_factory=list)
    state: Literal["running"] | ToolStatus = "running"
    output: list[str] = field(default_factory=list)
    preview: Any = None
    result: Any = None
    parts: tuple[Part, ...] = ()
    error: str | None = None
    ms: float | None = None
    runs_on: str = "server"
    parent_call: str | None = None
    shows_agent: str | None = None
    ask: str | None = None  # the open ask about this call

    @property
    def args_text(self) -> str:
        """The argument text as it was streamed."""
        return "".join(self.args_pieces)


@dataclass(slots=True)
class StepItem(Item):
    """A workflow block, numbered step or plan item."""

    step: str = ""
    label: str = ""
    type: StepType = "step"
    state: StepState = "running"
    n: int | None = None
    of: int | None = None
    progress: float | None = None
    ms: float | None = None
    detail: Any = None


@dataclass(slots=True)
class AgentItem(Item):
    """A node of the delegation tree; its own path includes its name."""

    name: str = ""
    call: str | None = None
    task: str | None = None
    state: AgentState = "started"
    result: str | None = None
    error: str | None = None


@dataclass(slots=True)
class AskItem(Item):
    """A decision that a person must make. `trouble` says why sending an answer failed."""

    ask: str = ""
    type: AskType = "approve"
    call: str | None = None
    tool: str | None = None
    args: Any = None
    text: str = ""
    editable: bool = False
    choices: tuple[Choice, ...] = ()
    schema: Any = None
    multiple: bool = False
    expires: float | None = None
    group: str | None = None
    state: Literal["pending", "sending", "answered", "expired", "withdrawn", "superseded"] = "pending"
    answer: str | None = None
    trouble: str | None = None
    version: int = 0  # counts changes of what is asked: a decision is about one version


@dataclass(slots=True)
class NoticeItem(Item):
    """A quiet line: warnings, compaction, the count of unknown events."""

    level: Level = "info"
    text: str = ""
    code: str | None = None
    count: int = 1


@dataclass(slots=True)
class FileItem(Item):
    """A file in the output."""

    part: str = ""
    media: str = ""
    name: str | None = None
    data: bytes | None = None
    url: str | None = None
    preview: bool = False


@dataclass(slots=True)
class SourceItem(Item):
    """A citation or retrieved document."""

    source: str = ""
    url: str | None = None
    title: str | None = None
    quote: str | None = None
    doc: str | None = None


@dataclass(slots=True)
class EndItem(Item):
    """How a run ended, where that needs words (everything but `completed`)."""

    status: RunStatus = "completed"
    reason: str | None = None
    error: Failure | None = None


@dataclass(slots=True)
class RunState:
    """One run of the conversation. `after` is the run that it goes on from, or ROOT. `status` is None while it
    is live. Times are those of the feeder's clock. `heard` is when the last event came that was more than a sign of
    life, `pauses` are the (begin, end) of silences, and `spent` the figures that single
    calls of a model reported, with when they came."""

    number: int
    at: float
    after: int = -1
    run_id: str | None = None
    agent: str | None = None
    model: str | None = None
    continues: tuple[str, ...] = ()
    status: RunStatus | None = None
    reason: str | None = None
    error: Failure | None = None
    ended: float | None = None
    first_text: float | None = None
    last_event: float | None = None
    characters: int = 0
    usage: Usage | None = None
    unknown: int = 0
    heard: float = 0.0
    pauses: list[tuple[float, float]] = field(default_factory=list)
    spent: list[tuple[float, Usage]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Added:
    """An item was added at the end of the transcript."""

    item: str


@dataclass(frozen=True, slots=True)
class Grew:
    """Text was appended to an item."""

    item: str
    text: str


@dataclass(frozen=True, slots=True)
class Updated:
    """Something about an item changed; its text may have been replaced."""

    item: str


@dataclass(frozen=True, slots=True)
class RunChanged:
    """The state of a run changed: it began, ended, or its figures came."""

    run: int


@dataclass(frozen=True, slots=True)
class SessionChanged:
    """The title, the suggestions or the session's figures changed."""


Change = Added | Grew | Updated | RunChanged | SessionChanged


@dataclass(slots=True)
class Conversation:
    """All of one session: items in the order in which they came, and the runs that made them."""

    items: dict[str, Item] = field(default_factory=dict)
    runs: list[RunState] = field(default_factory=list)
    session_id: str | None = None
    title: str | None = None
    suggestions: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    state: Any = None
    usage: Usage | None = None  # of the session: context budget, cost
    leaf: int | None = None  # the run whose branch is shown; None for the newest

    @property
    def run(self) -> RunState | None:
        """The newest run."""
        return self.runs[-1] if self.runs else None

    @property
    def tip(self) -> int:
        """The number of the last run of the branch that is shown; ROOT before the first."""
        return len(self.runs) - 1 if self.leaf is None else self.leaf

    def of_run(self, number: int) -> Iterator[Item]:
        """The items of one run, in order. Items lie run by run, so this costs no more than the runs since."""
        since = takewhile(lambda item: item.run >= number, reversed(self.items.values()))
        return reversed([item for item in since if item.run == number])

    def open_asks(self) -> list[AskItem]:
        """The asks that wait for a person, oldest first."""
        return [i for i in self.items.values() if isinstance(i, AskItem) and i.state in ("pending", "sending")]

    def text_of(self, run: int, channel: Channel = "answer") -> str:
        """The root's text of one run, its parts a blank line apart."""
        wanted = AnswerItem if channel == "answer" else ThoughtItem
        parts = (i.text for i in self.of_run(run) if isinstance(i, wanted) and not i.path)
        return "\n\n".join(filter(None, parts))
