"""Frames of a team at work, 500 events a second: steps, calls, agents and their texts: python -m tests.bench.teams

Prints, for the pane and for the activity list, what a frame costs and how long the whole takes to open anew."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterable, Iterator

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from desktop.core import events as e
from desktop.core.conversation import Change
from desktop.core.reducer import Reducer
from desktop.core.requests import Prompt
from desktop.ui.tab.tool_activity import ToolActivity
from desktop.ui.theme import LIGHT, apply
from desktop.ui.transcript import TranscriptView
from tests.bench.streaming import paint

EVENTS_PER_FRAME = 9  # at 500 a second


def team(count: int) -> Iterator[e.AnyEvent]:
    """Three agents side by side, who get work again and again."""
    for number in range(count):
        name, task = "abc"[number % 3], str(number // 50)
        if number % 50 < 3:
            yield e.ToolStarted(call=f"{name}{task}", name="ask", shows_agent=name, args={"task": task})
            yield e.AgentChanged(path=(name,), name=name, call=f"{name}{task}", task=task, state="started")
        elif number % 7 == 0:
            yield e.TextDelta(path=(name,), part=task, text="some words of an answer ")
        else:
            yield from _step(number, (name,))


def steps(count: int) -> Iterator[e.AnyEvent]:
    """Nothing but steps, one after the other."""
    for number in range(count):
        yield from _step(number)


def _step(number: int, path: e.Path = ()) -> Iterator[e.Step]:
    for state in ("running", "done"):
        yield e.Step(path=path, step=str(number), label=f"node {number % 5}", state=state)  # type: ignore[arg-type]


def run(name: str, panel: TranscriptView | ToolActivity, events: Iterable[e.AnyEvent]) -> None:
    reducer = Reducer()
    panel.resize(900, 760)
    panel.show_conversation(reducer.conversation)
    panel.show()
    panel.apply(reducer.begin(Prompt("go"), 0.0))
    frames: list[float] = []
    batch: list[Change] = []
    for number, event in enumerate(events):
        batch += reducer.apply(event, number / 500)
        if number % EVENTS_PER_FRAME == 0:
            begin = time.perf_counter()
            panel.apply(batch)
            paint(panel)
            frames.append((time.perf_counter() - begin) * 1000)
            batch = []
    frames.sort()
    begin = time.perf_counter()
    panel.show_conversation(reducer.conversation)
    paint(panel)
    anew = (time.perf_counter() - begin) * 1000
    figures = f"median {frames[len(frames) // 2]:5.1f}   p99 {frames[len(frames) * 99 // 100]:5.1f}"
    over = sum(frame > 16 for frame in frames)
    print(
        f"{name:20} {figures}   worst {frames[-1]:5.1f} ms   over 16 ms: {over} of {len(frames)}   anew {anew:5.1f} ms"
    )
    panel.hide()


def main() -> None:
    app = QApplication([])
    apply(app, LIGHT)
    gc.disable()  # the program collects when it has nothing to do
    for name, make in (("pane", TranscriptView), ("activity", ToolActivity)):
        run(f"{name}, team", make(LIGHT), team(6_000))
        gc.collect()
        run(f"{name}, steps", make(LIGHT), steps(4_000))


if __name__ == "__main__":
    main()
