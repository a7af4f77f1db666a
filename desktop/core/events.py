"""What servers say, normalised: a closed union of small frozen events.

An adapter turns each wire frame into these; everything above the adapters knows nothing else. Events are past
facts. Times are not part of an event: whoever feeds an adapter knows when the bytes came and passes that on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

Path = tuple[str, ...]  # agent names from the root; () is the main agent itself
Channel = Literal["answer", "reasoning"]
RunStatus = Literal["completed", "waiting", "cancelled", "failed", "refused", "limit", "calls", "cut"]
ToolStatus = Literal["ok", "error", "denied", "cancelled", "unknown"]
StepState = Literal["pending", "running", "done", "failed", "skipped", "waiting"]
StepType = Literal["step", "block", "node", "model-call", "skill", "plan-item", "phase"]
AgentState = Literal["started", "running", "waiting", "done", "failed", "closed"]
AskType = Literal["approve", "question", "form", "sign-in"]
ChoiceStyle = Literal["allow", "allow-always", "deny", "deny-always", "other"]
AskEnd = Literal["answered", "expired", "withdrawn", "superseded"]
Level = Literal["info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something failed: `text` is for people; `retry_after` is in seconds."""

    text: str
    code: str | None = None
    http: int | None = None
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to answer an ask that the protocol offers by id."""

    id: str
    label: str
    style: ChoiceStyle = "other"


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a tool's result. `data` holds bytes of pictures and files; `old`/`new` the sides of a diff."""

    type: Literal["text", "image", "diff", "file"]
    text: str | None = None
    media: str | None = None
    name: str | None = None
    data: bytes | None = None
    url: str | None = None
    old: str | None = None
    new: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The envelope that every event has. `source_id` and `source_time` are the wire's own, where it has them."""

    kind: ClassVar[str] = ""
    path: Path = ()
    source_id: str | None = None
    source_time: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Event):
    """The server took the request. `continues` names the asks that this run answers."""

    kind: ClassVar[str] = "run.started"
    run_id: str | None = None
    session_id: str | None = None
    agent: str | None = None
    model: str | None = None
    continues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded(Event):
    """The end of a run, exactly one a run. `reason` is a short word such as "stopped", "timeout" or "network"."""

    kind: ClassVar[str] = "run.ended"
    status: RunStatus
    reason: str | None = None
    error: Failure | None = None
    final_text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionInfo(Event):
    """Anything about the conversation itself; may come at any time."""

    kind: ClassVar[str] = "session"
    session_id: str | None = None
    title: str | None = None
    commands: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    state: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta(Event):
    """Append `text` to a part. A part never heard of starts a new paragraph or drawer section."""

    kind: ClassVar[str] = "text.delta"
    channel: Channel = "answer"
    part: str = "0"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSet(Event):
    """Replace what a part holds so far."""

    kind: ClassVar[str] = "text.set"
    channel: Channel = "answer"
    part: str = "0"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolStarted(Event):
    """A call is announced; idempotent by `call`. `args` is the parsed argument value, when it is known whole."""

    kind: ClassVar[str] = "tool.started"
    call: str
    name: str
    title: str | None = None
    verb: str | None = None
    args: Any = None
    runs_on: Literal["server", "client", "provider"] = "server"
    parent_call: str | None = None
    shows_agent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolArgs(Event):
    """A piece of a call's argument text; pieces are joined and parsed once, at the end."""

    kind: ClassVar[str] = "tool.args"
    call: str
    delta: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOutput(Event):
    """Progress of a call before its end: `delta` appends to console output, `preview` replaces it."""

    kind: ClassVar[str] = "tool.output"
    call: str
    delta: str | None = None
    preview: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolEnded(Event):
    """The end of a call. `ms` is the duration that the server told."""

    kind: ClassVar[str] = "tool.ended"
    call: str
    status: ToolStatus
    result: Any = None
    parts: tuple[Part, ...] = ()
    error: str | None = None
    ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Event):
    """A workflow block, numbered step or plan item. `n` of `of` counts from 1; `progress` is 0.0 to 1.0."""

    kind: ClassVar[str] = "step"
    step: str
    label: str
    type: StepType = "step"
    state: StepState = "running"
    n: int | None = None
    of: int | None = None
    progress: float | None = None
    ms: float | None = None
    detail: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentChanged(Event):
    """A node of the delegation tree. `path` is the node's own path, its name included."""

    kind: ClassVar[str] = "agent"
    name: str
    parent: str | None = None
    call: str | None = None
    task: str | None = None
    state: AgentState = "running"
    result: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskOpened(Event):
    """A person must decide. Several may be open. `expires` is in seconds from now; `schema` is a JSON schema."""

    kind: ClassVar[str] = "ask.opened"
    ask: str
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AskClosed(Event):
    """An ask that is no longer to be answered. `answer` is a word such as "approved" or what the person chose."""

    kind: ClassVar[str] = "ask.closed"
    ask: str
    how: AskEnd
    answer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage(Event):
    """Figures as the server reported them, never computed from text. Counts are tokens; `context_pct` is 0 to 100."""

    kind: ClassVar[str] = "usage"
    scope: Literal["call", "run", "session"] = "run"
    input: int | None = None
    output: int | None = None
    reasoning: int | None = None
    cached: int | None = None
    cache_write: int | None = None
    cost: float | None = None
    currency: str | None = None
    context_used: int | None = None
    context_size: int | None = None
    context_pct: float | None = None
    calls: int | None = None
    by_model: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextChanged(Event):
    """The history was shortened. `before` and `after` count messages or tokens, as the server does."""

    kind: ClassVar[str] = "context"
    state: Literal["compacting", "compacted", "truncated"]
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileShown(Event):
    """A picture, sound or document in the output. A `preview` is replaced by a later one of the same part."""

    kind: ClassVar[str] = "file"
    part: str
    media: str
    name: str | None = None
    data: bytes | None = None
    url: str | None = None
    preview: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(Event):
    """A citation or a retrieved document."""

    kind: ClassVar[str] = "source"
    id: str
    url: str | None = None
    title: str | None = None
    quote: str | None = None
    doc: str | None = None
    part: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Event):
    """Something to see that does not end the run. `retry_in` is in seconds."""

    kind: ClassVar[str] = "notice"
    level: Level = "info"
    text: str
    code: str | None = None
    retry_in: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat(Event):
    """A sign of life; draws nothing."""

    kind: ClassVar[str] = "beat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw(Event):
    """A frame that the adapter does not know: kept, counted, shown on request. In a flood one event stands for
    `count` of them."""

    kind: ClassVar[str] = "raw"
    name: str
    data: Any = None
    count: int = 1


AnyEvent = (
    RunStarted | RunEnded | SessionInfo | TextDelta | TextSet | ToolStarted | ToolArgs | ToolOutput | ToolEnded | Step
    | AgentChanged | AskOpened | AskClosed | Usage | ContextChanged | FileShown | Source | Notice | Beat | Raw
)  # fmt: skip

KINDS: dict[str, type[Event]] = {cls.kind: cls for cls in AnyEvent.__args__}
