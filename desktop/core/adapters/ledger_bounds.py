"""The limits of one run: what is over them is left out or ends the run, and it is said once."""

from __future__ import annotations

from typing import Any

from desktop.core.adapters.words import size_words
from desktop.core.bounds import USUAL, Bounds
from desktop.core.events import (
    AgentChanged,
    AnyEvent,
    AskOpened,
    Failure,
    FileShown,
    Notice,
    Raw,
    RunEnded,
    Source,
    Step,
    TextDelta,
    TextSet,
    ToolArgs,
    ToolEnded,
    ToolOutput,
    ToolStarted,
)
from desktop.core.language import number, tr

_HEAP = 1000  # unknown events that are told at once in a flood
_WEIGHTY = ToolStarted | ToolEnded | ToolOutput | Step | FileShown | Source | AskOpened | AgentChanged


class Meter:
    """Counts what a run holds. `bounds` may be set before it begins."""

    def __init__(self) -> None:
        self.bounds: Bounds = USUAL
        self._text = 0  # characters
        self._weight = 0  # bytes of the frames that brought results, files and the like
        self._unknown = 0
        self._unknown_size = 0
        self._untold = 0
        self._items: set[Any] = set()
        self._said: set[str] = set()

    def weigh(self, events: list[AnyEvent], size: int) -> None:
        """Note that a frame of `size` characters brought these events."""
        if any(isinstance(event, _WEIGHTY) for event in events):
            self._weight += size

    def text(self, more: int) -> None:
        """Note that the run's texts grew by so many characters."""
        self._text += more

    def passing(self, event: AnyEvent) -> list[AnyEvent]:
        """What goes on instead of the event: itself, less, or word of a limit."""
        match event:
            case Raw():
                return self._raw(event)
            case ToolArgs() | ToolOutput():
                self._text += len(event.delta or "")
        key = _key(event)
        if key is None or key in self._items:
            return [event]
        if len(self._items) >= self.bounds.items:
            words = tr(
                "The answer has more than {count} parts; those over the limit are left out.",
                count=number(self.bounds.items),
            )
            return self._once("items", words)
        self._items.add(key)
        return [event]

    def over(self) -> RunEnded | None:
        """The end of a run that has become too long to be held."""
        if max(self._text, self._weight) <= self.bounds.answer:
            return None
        words = tr(
            "The answer is longer than this connection's limit of {size}. What came until "
            "then is kept; the connection was closed.",
            size=size_words(self.bounds.answer),
        )
        return RunEnded(status="limit", reason="too-long", error=Failure(words, code="too-long"))

    def rest(self) -> list[AnyEvent]:
        """What was only counted and not told yet."""
        count, self._untold = self._untold, 0
        return [Raw(name="more", count=count)] if count else []

    def _raw(self, event: Raw) -> list[AnyEvent]:
        self._unknown += 1
        self._unknown_size += len(event.data) if isinstance(event.data, str) else 1
        if self._unknown <= self.bounds.unknown and self._unknown_size <= self.bounds.unknown_size:
            return [event]
        self._untold += 1
        words = tr("So many unknown events came that a limit was reached: from here on they are only counted.")
        said = self._once("unknown", words)
        return [*said, *(self.rest() if self._untold >= _HEAP else ())]

    def _once(self, what: str, words: str) -> list[AnyEvent]:
        if what in self._said:
            return []
        self._said.add(what)
        return [Notice(level="warning", text=words, code="too-many")]


def _key(event: AnyEvent) -> Any:
    """What makes one thing of its own in the conversation; None for events that make none."""
    match event:
        case TextDelta() | TextSet():
            return (event.channel, event.path, event.part)
        case ToolStarted() | ToolArgs() | ToolOutput() | ToolEnded():
            return ("tool", event.call)
        case Step():
            return ("step", event.path, event.step)
        case AgentChanged():
            return ("agent", event.path, event.name)
        case FileShown():
            return ("file", event.part)
        case Source():
            return ("source", event.id)
        case Notice():
            return object()  # each is a line of its own
    return None
