"""The command `replay`: recordings instead of a server. Never imports Qt."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterator
from typing import Any

from desktop.core.adapters import adapter_class
from desktop.core.conversation import Conversation
from desktop.core.errors import SluiceError
from desktop.core.events import AnyEvent
from desktop.core.recordings.comparison_words import as_json, as_text
from desktop.core.recordings.recording import Chunk, Head, Recording, Requested
from desktop.core.recordings.replay import play
from desktop.core.reducer import Reducer
from desktop.core.requests import Connection, Prompt, Talk
from desktop.core.wire.jsontext import clean, compact
from desktop.headless import Printer, say
from desktop.services import tasks
from desktop.services.recording.comparing import DIFFERS, compared
from desktop.services.recording.expecting import Tested
from desktop.services.recording.files import load
from desktop.services.recording.player import MAX_SPEED, Player
from desktop.services.system import console

_PIECE = 16 * 1024  # bytes a replay gives at once
_PROMPT = Prompt("(replay)")


def replay(options: argparse.Namespace) -> int:
    """Play recordings. Returns the exit status of the last run, or the verdict on all where something is expected."""
    console.prepare(options.verbose)
    try:
        if options.compare is not None:
            return _compare(options)
        test = Tested.of(options)
        speed = speed_of(options.speed)
        status, seen = 0, {}
        for file in options.files:
            status, seen[file.name] = _one(load(file, options.protocol), options, speed)
        return test.verdict(seen, status)
    except SluiceError as error:
        say(error.headline)
        return 1


def _compare(options: argparse.Namespace) -> int:
    """Hold each recording against the one that `--compare` names. Returns 0 if nothing but time differs, else 8."""
    other = load(options.compare, options.protocol)
    status = 0
    for file in options.files:
        found = asyncio.run(compared(load(file, options.protocol), other))
        names = file.name, options.compare.name
        sys.stdout.write((compact(clean(as_json(found, *names))) if options.json else as_text(found, *names)) + "\n")
        status = status if found.same else DIFFERS
    return status


def speed_of(text: str) -> float:
    """The factor that `--speed` names. Raises SluiceError."""
    if text in ("max", "real"):
        return MAX_SPEED if text == "max" else 1.0
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0 < factor < MAX_SPEED:
        raise SluiceError(f"--speed {text}: wanted max, real, or a number such as 2.")
    return factor


def _one(recording: Recording, options: argparse.Namespace, speed: float) -> tuple[int, Conversation]:
    if any(isinstance(entry, Requested) and entry.method for entry in recording.entries):
        return asyncio.run(_Played(recording, options).run(speed))
    return _answer(recording, options)


def _answer(recording: Recording, options: argparse.Namespace) -> tuple[int, Conversation]:
    """A single answer, whose times are not known."""
    printer = _printer(options)
    reducer = Reducer()
    reducer.begin(_PROMPT, 0.0)
    protocol = recording.connection.protocol
    run = adapter_class(protocol)(Connection(protocol, "http://replay.invalid")).run(
        _PROMPT, Talk(uuid="00000000-0000-4000-8000-000000000000")
    )
    head = next(e for e in recording.entries if isinstance(e, Head))
    for event in play(run, head.status, head.headers, _pieces(recording)):
        printer.show(event)
        reducer.apply(event, 0.0)
    return printer.status(), reducer.conversation


class _Played:
    def __init__(self, recording: Recording, options: argparse.Namespace) -> None:
        self._recording, self._options = recording, options

    async def run(self, speed: float) -> tuple[int, Conversation]:
        player = Player(self._recording, decide=True)
        self._printer = _printer(self._options, player.clock)
        player.session.listeners.begin = self._begin
        player.session.listeners.event = self._event
        player.play(speed)
        await player.ended()
        conversation = player.session.conversation
        await player.close()
        await tasks.finish(1.0)
        return self._printer.status(), conversation

    def _begin(self, run: int, prompt: Prompt | None, at: float) -> None:
        self._printer.begin()

    def _event(self, run: int, seq: int, at: float, event: AnyEvent) -> None:
        self._printer.show(event)


def _printer(options: argparse.Namespace, *clock: Any) -> Printer:
    return Printer(options.json, options.verbose, *clock)


def _pieces(recording: Recording) -> Iterator[bytes]:
    body = b"".join(e.data for e in recording.entries if isinstance(e, Chunk))
    return (body[i : i + _PIECE] for i in range(0, len(body), _PIECE))
