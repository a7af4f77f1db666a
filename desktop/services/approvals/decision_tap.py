"""Who hears what becomes of a decision: which requests carried it, and what came back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from desktop.core.events import AskClosed, RunEnded
from desktop.core.requests import Answer, HttpCall, Reply, Steps

PERSON = "person"
RULE = "rule: "  # goes before the words of the rule that decided
_OVER = ("completed", "cancelled", "refused", "limit")  # endings after which the server waits for nobody


class DecisionTap(Protocol):
    """Hears of the decisions of one session, each before the next thing happens to it."""

    def decided(self, answer: Answer, by: str) -> None:
        """`by` decided: a person, or the words of a rule."""

    def sent(self, ask: str, call: HttpCall) -> None:
        """A request that carries the decision goes out now."""

    def came_back(self, ask: str, reply: Reply) -> None:
        """What came back of it."""


def overheard(steps: Steps[Any], ask: str, tap: DecisionTap | None) -> Steps[Any]:
    """A dialogue that brings a decision, told to `tap`. Log-ins and look-ups, which decide nothing, are left out."""
    reply: Reply | None = None
    while True:
        try:
            step = steps.send(reply)
        except StopIteration as stop:
            return stop.value
        decides = tap is not None and isinstance(step, HttpCall) and step.sends and step.method != "GET"
        if tap is not None and decides and isinstance(step, HttpCall):
            tap.sent(ask, step)
        reply = yield step
        if tap is not None and decides and reply is not None:
            tap.came_back(ask, reply)


def settling(steps: Steps[Any], left: Callable[[], Iterable[str]]) -> Steps[Any]:
    """A look at a run of the server. Once it says that the run is over, the asks of that run which are `left` open here
    wait for nothing any more."""
    reply: Reply | None = None
    while True:
        try:
            step = steps.send(reply)
        except StopIteration as stop:
            return stop.value
        if isinstance(step, RunEnded) and step.status in _OVER:
            for ask in list(left()):
                yield AskClosed(ask=ask, how="withdrawn")
        reply = yield step
