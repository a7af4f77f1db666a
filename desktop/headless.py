"""The commands without a window: `ask`, `replay`, `protocols`. Never imports Qt."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TextIO

from desktop.core import overview
from desktop.core.adapters import PROTOCOLS, adapter_class
from desktop.core.conversation import Conversation
from desktop.core.errors import SluiceError
from desktop.core.events import AnyEvent, AskOpened, Beat, Failure, Notice, Raw, RunEnded, TextDelta, TextSet
from desktop.core.language import mark, tr
from desktop.core.recordings.eventjson import to_json
from desktop.core.requests import Answer, Connection, Image, Prompt, Secrets
from desktop.core.wire.jsontext import clean, compact
from desktop.services import tasks
from desktop.services.clock import now
from desktop.services.recording.expecting import Tested
from desktop.services.recording.recorder import Recorder
from desktop.services.session import Session
from desktop.services.transport import Transport

_STATUS = {"completed": 0, "waiting": 4, "cut": 5, "limit": 6, "calls": 6}
_ENDINGS = {
    "waiting": mark("The run waits for a person to decide."),
    "cancelled": mark("The run was stopped."),
    "failed": mark("The run failed."),
    "refused": mark("The agent refused to answer."),
    "limit": mark("The answer stopped at a limit of the server: it is too long or took too many steps."),
    "calls": mark("The model wants its caller to run tools, which Sluice does not do."),
    "cut": mark("The answer was cut off: the stream stopped with no sign of an end. The server may still be working."),
}
_NO_EVENT = ("connect", "unreached", "address", "proxy", "certificate", "tls", "timeout", "network", "http")


class Printer:
    """Shows events: as JSON lines, or the answer as text on `out` and the rest in words on `err`."""

    def __init__(
        self, as_json: bool, verbose: bool, out: TextIO, err: TextIO, clock: Callable[[], float] = now
    ) -> None:
        self._json, self._verbose, self._out, self._err = as_json, verbose, out, err
        self._clock, self._start = clock, clock()
        self._seq = 0
        self._parts: dict[str, str] = {}
        self._last = ""
        self._any = False  # something but a notice came
        self.end: RunEnded | None = None

    def show(self, event: AnyEvent) -> None:
        """One event, in order. A pipe that was closed does not stop the run."""
        with suppress(BrokenPipeError):
            if self._json:
                line = {"seq": self._seq, "t": round(self._clock() - self._start, 4), **clean(to_json(event))}
                print(compact(line), file=self._out, flush=True)
            else:
                self._text(event)
        self._seq += 1
        if isinstance(event, RunEnded):
            self.end = event
        elif not isinstance(event, Notice | Beat):
            self._any = True

    def status(self) -> int:
        """The exit status for how the run ended."""
        end = self.end
        if end is None:
            return 5
        early = end.status == "failed" and not self._any and end.error is not None
        if early and end.error and (end.error.http or end.error.code in _NO_EVENT):
            return 2
        return _STATUS.get(end.status, 3)

    def _text(self, event: AnyEvent) -> None:
        match event:
            case TextDelta(channel="answer", path=()):
                self._answer(event.part, event.text)
            case TextSet(channel="answer", path=()):
                self._replace(event)
            case Notice():
                self._say(event.text)
            case Raw() if self._verbose:
                self._say(tr("unknown event {name}: {data}", name=event.name, data=compact(event.data)[:300]))
            case AskOpened():
                waits = tr("{tool} waits for a person:", tool=event.tool or tr("The agent"))
                self._say(f"{waits} {event.text} {_args(event)}".rstrip())
            case RunEnded():
                self._ending(event)

    def _answer(self, part: str, text: str) -> None:
        if self._parts and part != self._last and text:
            text = "\n\n" + text if not self._parts.get(part) else text
        self._parts[part] = self._parts.get(part, "") + text
        self._last = part
        self._out.write(clean(text))
        self._out.flush()

    def _replace(self, event: TextSet) -> None:
        old = self._parts.get(event.part, "").removeprefix("\n\n")
        if not old:
            self._answer(event.part, event.text)
        elif event.text.startswith(old):
            self._answer(event.part, event.text[len(old) :])
        elif event.text and event.text != old:
            self._parts[event.part] = event.text
            self._out.write("\n\n" + clean(event.text))
            self._say(tr("The server replaced what it had said; the last version stands above."))

    def _ending(self, event: RunEnded) -> None:
        if self._parts:
            self._out.write("\n")
        self._out.flush()
        if event.status != "completed":
            self._say(ending_words(event))

    def _say(self, words: str) -> None:
        print(f"sluice: {' '.join(clean(words).split())}", file=self._err, flush=True)


def ending_words(event: RunEnded) -> str:
    """One line for an ending that is not a plain success."""
    if event.error is not None:
        return event.error.text
    return tr(_ENDINGS[event.status]) if event.status in _ENDINGS else ""


def ask(connection: Connection, secrets: Secrets, options: argparse.Namespace) -> int:
    """One turn. Returns the exit status of the outside contract."""
    try:
        test = Tested.of(options)
        prompt = Prompt(_message(options.message), _images(options.image))
        asking = _Ask(connection, secrets, options)
        status = asyncio.run(asking.run(prompt))
        return status if status == 130 else test.verdict({"ask": asking.conversation}, status)
    except SluiceError as error:
        print(f"sluice: {error.headline}", file=sys.stderr)
        if options.verbose and error.detail:
            print(error.detail, file=sys.stderr)
        return 1


class _Ask:
    def __init__(self, connection: Connection, secrets: Secrets, options: argparse.Namespace) -> None:
        self._options = options
        self._transport = Transport()
        uuid = options.session if adapter_class(connection.protocol).can.session_from == "us" else None

        async def given(place: Connection) -> tuple[Connection, Secrets]:
            return place, secrets

        self._session = Session(connection, self._transport, given, session_uuid=uuid)
        self._session.conversation.session_id = options.session
        self._printer = Printer(options.json, options.verbose, sys.stdout, sys.stderr)
        self._session.listeners.event = self._event
        self._asked: list[AskOpened] = []
        self._stopped = False
        self._recorder = Recorder() if options.record else None
        self._session.listeners.wire = self._recorder

    @property
    def conversation(self) -> Conversation:
        """What was said."""
        return self._session.conversation

    async def run(self, prompt: Prompt) -> int:
        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(signal.SIGINT, self._stop)
            loop.add_signal_handler(signal.SIGTERM, self._stop)
        timer = loop.call_later(self._options.timeout, self._give_up) if self._options.timeout else None
        try:
            await self._session.send(prompt)
            while (asked := self._next_ask()) is not None:
                answer = await self._decide(asked)
                if answer is None:
                    break
                await self._session.answer(answer)
        finally:
            if timer:
                timer.cancel()
            await tasks.finish(5.0)
            await self._transport.aclose()
            self._keep()
        return 130 if self._stopped else self._printer.status()

    def _keep(self) -> None:
        """Write the recording, also of a run that was stopped."""
        if self._recorder is None or self._recorder.empty:
            return
        try:
            self._recorder.save(self._options.record)
        except OSError as error:
            raise SluiceError(tr("The recording cannot be written: {error}.", error=error)) from error
        finally:
            self._recorder.close()

    def _event(self, run: int, seq: int, at: float, event: AnyEvent) -> None:
        self._printer.show(event)
        if isinstance(event, AskOpened):
            self._asked.append(event)
            if self._session.live is not None and not self._session.live.run.asks_outlive:
                tasks.spawn(self._decide_live(event), "decide")

    def _next_ask(self) -> AskOpened | None:
        """The next open ask of a run that ended with it."""
        open_now = {item.ask for item in self._session.conversation.open_asks()}
        while self._asked:
            asked = self._asked.pop(0)
            if asked.ask in open_now:
                return asked
        return None

    async def _decide_live(self, asked: AskOpened) -> None:
        answer = await self._decide(asked)
        if answer is None:
            self._session.leave()
        elif trouble := await self._session.answer(answer):
            print(f"sluice: {trouble}", file=sys.stderr)

    async def _decide(self, asked: AskOpened) -> Answer | None:
        """The decision, or None where there is nobody to ask and no plain yes or no."""
        how = self._options.decide
        if how == "ask" and sys.stdin.isatty():
            return await asyncio.get_running_loop().run_in_executor(None, _from_terminal, asked)
        if asked.type != "approve":
            return None
        allow = how == "allow"
        wanted = ("allow", "allow-always") if allow else ("deny", "deny-always")
        choice = next((c.id for style in wanted for c in asked.choices if c.style == style), None)
        return Answer(asked.ask, allow, (choice,) if choice else ())

    def _stop(self) -> None:
        self._stopped = True
        self._session.stop()

    def _give_up(self) -> None:
        seconds = f"{self._options.timeout:g}"
        words = tr("No end came within {seconds} seconds. The server may still be working.", seconds=seconds)
        self._session.give_up(Failure(words, code="timeout"))


def protocols(as_json: bool) -> int:
    """The table of protocols and what each can do; as JSON, one object a line."""
    if not as_json:
        print(overview.as_text())
        return 0
    for protocol in PROTOCOLS:
        cls = adapter_class(protocol)
        print(compact({"id": protocol, "name": cls.name, **cls.can.as_json()}))
    return 0


def _message(text: str) -> str:
    return sys.stdin.read() if text == "-" else text


def _images(files: Sequence[Any]) -> tuple[Image, ...]:
    if not files:
        return ()
    from desktop.services.pictures.attachments import load_image

    return tuple(load_image(file) for file in files)


def _from_terminal(asked: AskOpened) -> Answer | None:
    """Ask on the terminal. An empty line decides nothing."""
    asks = tr("{tool} asks:", tool=asked.tool or tr("The agent"))
    print(f"\n{asks} {asked.text}\n{_args(asked)}", file=sys.stderr)
    for choice in asked.choices:
        print(f"  {choice.id}: {choice.label}", file=sys.stderr)
    prompt = tr("Allow? Type yes or no:") if asked.type == "approve" else tr("Your answer:")
    print(f"{prompt} ", end="", file=sys.stderr, flush=True)
    said = sys.stdin.readline().strip()
    if not said:
        return None
    if asked.type != "approve":
        return Answer(asked.ask, text=said, choices=(said,) if asked.choices else ())
    return Answer(asked.ask, allow=said.lower() in ("y", "yes", tr("yes")))


def _args(asked: AskOpened) -> str:
    return json.dumps(asked.args, ensure_ascii=False, indent=2) if asked.args is not None else ""
