"""What a session tells to whoever records its wire. See `recorder.Recorder`."""

from __future__ import annotations

from collections.abc import Callable, MutableSequence, Sequence
from typing import Literal, Protocol

from desktop.core.adapters.run import Run
from desktop.core.conversation import Change
from desktop.core.events import AnyEvent, Failure
from desktop.core.requests import Answer, HttpCall, Prompt, Reply
from desktop.services.network import Route

Hear = Callable[[Sequence[AnyEvent], Sequence[Sequence[Change]]], None]
Stop = Literal["stop", "give-up", "leave"]


class WireTap(Protocol):
    """Hears, in order, what goes over the wire and what came of it. Times are those of the session's clock. Whoever
    keeps any of it takes the secrets out first. `heard` is told the events that came of what came last, and what each
    of them changed."""

    heard: Hear

    def begin(self, run: Run, prompt: Prompt | None, patient: bool, route: Route, at: float) -> None:
        """A run of the conversation starts; `prompt` is None where it answers an ask or looks up a run. `patient`
        says that a request that cannot have run is made again by itself."""

    def request(self, call: HttpCall, at: float) -> int:
        """A request goes out. Returns the number of the exchange."""
        ...

    def head(self, exchange: int, status: int, headers: dict[str, str], run: Run, at: float) -> MutableSequence[int]:
        """A streamed answer begins. Returns where the run notes how many events each of its frames gave."""
        ...

    def chunk(self, exchange: int, data: bytes, at: float) -> None:
        """Bytes of a streamed answer, before they are decoded."""

    def end(self, exchange: int, failure: Failure | None, at: float) -> None:
        """The streamed answer ended, or broke. Not told where the person's stop cut it off."""

    def whole(self, exchange: int, reply: Reply, at: float) -> None:
        """The answer to a request that does not stream."""

    def decided(self, answer: Answer, at: float) -> None:
        """The person answered an ask."""

    def stopped(self, how: Stop, at: float) -> None:
        """The person stopped the run, or it was given up."""
