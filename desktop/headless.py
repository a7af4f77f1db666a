"""The commands without a window: `ask`, `replay`, `protocols`. Never imports Qt."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from desktop.core import overview
from desktop.core.adapters import PROTOCOLS, adapter_class
from desktop.core.asks.arguments import BAR, as_text, ask_digest, lay_out, lay_out_text
from desktop.core.asks.visible import json_text, visible
from desktop.core.conversation import AskItem, Conversation
from desktop.core.errors import SluiceError
from desktop.core.events import AnyEvent, AskOpened, Beat, Failure, Notice, Raw, RunEnded, TextDelta, TextSet
from desktop.core.language import mark, tr
from desktop.core.recordings.eventjson import to_json
from desktop.core.requests import Answer, Connection, Image, Prompt, Secrets
from desktop.core.wire.jsontext import clean, compact
from desktop.services import tasks
from desktop.services.clock import now
from desktop.services.network.desktop_proxies import DesktopProxies
from desktop.services.recording.expecting import Tested
from desktop.services.recording.recorder import Recorder
from desktop.services.session import Session
from desktop.services.system import console
from desktop.services.transport import Transport

_STATUS = {"completed": 0, "waiting": 4, "cut": 5, "limit": 6, "calls": 6}
_ENDINGS = {
    "waiting": mark("The run waits for a person to decide."),
    "cancelled": mark("The run was stopped."),
    "failed": mark("The run failed."),
    "refused": mark("The agent refused to answer; the answer is unfinished."),
    "limit": mark("The answer stopped at a limit of the server: it is too long or took too many steps."),
    "calls": mark("Unfinished: the model wants its caller to run tools, which Sluice does not do."),
    "cut": mark("The answer was cut off: the stream stopped with no sign of an end. The server may still be working."),
}
_NO_EVENT = ("connect", "unreached", "address", "proxy", "certificate", "tls", "timeout", "network", "http", "key")


class Printer:
    """Shows events: as JSON lines, or the answer as text on standard output; the rest in words on standard error."""

    def __init__(self, as_json: bool, verbose: bool, clock: Callable[[], float] = now) -> None:
        self._json, self._verbose = as_json, verbose
        self._out = console.Output(sys.stdout)
        self._clock = clock
        self._any = False  # something but a notice came, in any run
        self.begin()

    def begin(self) -> None:
        """A run begins: its events are counted from 0, and its seconds from now."""
        self._start = self._clock()
        self._seq = 0
        self._parts: dict[str, str] = {}
        self._last = ""
        self.end: RunEnded | None = None

    def show(self, event: AnyEvent) -> None:
        """One event, in order. A pipe that was closed does not stop the run."""
        if self._json:
            self._line(event)
        else:
            self._text(event)
        self._seq += 1
        if isinstance(event, RunEnded):
            self.end = event
            if event.status != "completed":
                say(ending_words(event))
        elif not isinstance(event, Notice | Beat):
            self._any = True

    def status(self) -> int:
        """The exit status for how the run ended, and for what could not be told of it."""
        end = self.end
        if trouble := self._out.trouble:
            say(tr("The answer cannot be written: {error}.", error=trouble))
            return 1
        code = end.error.code if end is not None and end.error else None
        if end is None or code == "internal":
            return 1
        early = end.status == "failed" and not self._any and end.error is not None
        if early and end.error and (end.error.http or code in _NO_EVENT):
            return 2
        return _STATUS.get(end.status, 3)

    def _line(self, event: AnyEvent) -> None:
        line = {"seq": self._seq, "t": round(self._clock() - self._start, 4), **clean(to_json(event))}
        self._out.write((as_text(line, indent=None) if self._out.is_terminal else compact(line)) + "\n")

    def _text(self, event: AnyEvent) -> None:
        match event:
            case TextDelta(channel="answer", path=()):
                self._answer(event.part, event.text)
            case TextSet(channel="answer", path=()):
                self._replace(event)
            case Notice():
                say(event.text)
            case Raw() if self._verbose:
                say(tr("unknown event {name}: {data}", name=event.name, data=compact(event.data)[:300]))
            case AskOpened():
                waits = tr("{tool} waits for a person:", tool=event.tool or tr("The agent"))
                say(f"{waits} {event.text} {'' if event.args is None else json_text(event.args)}")
            case RunEnded() if self._parts:
                self._out.write("\n")

    def _answer(self, part: str, text: str) -> None:
        if self._parts and part != self._last and text:
            text = "\n\n" + text if not self._parts.get(part) else text
        self._parts[part] = self._parts.get(part, "") + text
        self._last = part
        self._out.write(text)

    def _replace(self, event: TextSet) -> None:
        old = self._parts.get(event.part, "").removeprefix("\n\n")
        if not old:
            self._answer(event.part, event.text)
        elif event.text.startswith(old):
            self._answer(event.part, event.text[len(old) :])
        elif event.text and event.text != old:
            self._parts[event.part] = event.text
            self._out.write("\n\n" + event.text)
            say(tr("The server replaced what it had said; the last version stands above."))


def say(words: str) -> None:
    """One line for people on standard error, with what hides or steers in it as marks."""
    print(f"sluice: {visible(' '.join(clean(words).split()))}", file=sys.stderr, flush=True)


def ending_words(event: RunEnded) -> str:
    """One line for an ending that is not a plain success."""
    if event.error is not None:
        return event.error.text
    return tr(_ENDINGS[event.status]) if event.status in _ENDINGS else ""


def ask(connection: Connection, secrets: Secrets, options: argparse.Namespace) -> int:
    """One turn. Returns the exit status of the outside contract."""
    console.prepare(options.verbose)
    try:
        if options.timeout is not None and not options.timeout > 0:
            raise SluiceError(tr("--timeout wants a number of seconds above 0."))
        test = Tested.of(options)
        prompt = Prompt(_message(options.message), _images(options.image))
        asking = _Ask(connection, secrets, options)
        status = asyncio.run(asking.run(prompt))
        return status if status == 130 else test.verdict({"ask": asking.conversation}, status)
    except SluiceError as error:
        say(error.headline)
        if options.verbose and error.detail:
            print(visible(clean(error.detail)), file=sys.stderr)
        return 1


class _Ask:
    def __init__(self, connection: Connection, secrets: Secrets, options: argparse.Namespace) -> None:
        self._options = options
        self._transport = Transport(DesktopProxies())
        uuid = options.session if adapter_class(connection.protocol).can.session_from == "us" else None

        async def given(place: Connection) -> tuple[Connection, Secrets]:
            return place, secrets

        self._session = Session(connection, self._transport, given, session_uuid=uuid)
        self._session.conversation.session_id = options.session
        self._printer = Printer(options.json, options.verbose)
        self._session.listeners.begin = lambda run, prompt, at: self._printer.begin()
        self._session.listeners.event = self._event
        self._asked: list[AskOpened] = []  # that can be answered when their run is over
        self._one_at_a_time = asyncio.Lock()
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
        if not isinstance(event, AskOpened):
            return
        if self._session.live is not None and not self._session.live.run.asks_outlive:
            tasks.spawn(self._decide_live(event), "decide")
        else:
            self._asked.append(event)

    def _next_ask(self) -> AskOpened | None:
        """The next open ask of a run that ended with it."""
        while self._asked:
            asked = self._asked.pop(0)
            if self._item(asked) is not None:
                return asked
        return None

    def _item(self, asked: AskOpened) -> AskItem | None:
        """The ask as it is now; None if it is no longer open."""
        return next((item for item in self.conversation.open_asks() if item.ask == asked.ask), None)

    async def _decide_live(self, asked: AskOpened) -> None:
        answer = await self._decide(asked)
        if answer is None:
            self._session.leave()
        elif trouble := await self._session.answer(answer):
            say(trouble)

    async def _decide(self, asked: AskOpened) -> Answer | None:
        """The decision, or None where there is nobody to ask and no plain yes or no. Questions on the terminal come one
        after the other, so that an answer cannot be taken for that to another question."""
        how = self._options.decide
        if how == "ask" and console.has_person():
            async with self._one_at_a_time:
                item = self._item(asked)
                return await _from_terminal(item) if item is not None else Answer(asked.ask)
        return None if asked.type != "approve" else _approval(asked, how == "allow")

    def _stop(self) -> None:
        self._stopped = True
        self._session.stop()

    def _give_up(self) -> None:
        seconds = f"{self._options.timeout:g}"
        words = tr("No end came within {seconds} seconds. The server may still be working.", seconds=seconds)
        self._session.give_up(Failure(words, code="timeout"))


def protocols(as_json: bool) -> int:
    """The table of protocols and what each can do; as JSON, one object a line."""
    console.prepare(verbose=False)
    if not as_json:
        print(overview.as_text())
        return 0
    for protocol in PROTOCOLS:
        cls = adapter_class(protocol)
        print(compact({"id": protocol, "name": cls.name, **cls.can.as_json()}))
    return 0


def _message(text: str) -> str:
    return sys.stdin.read() if text == "-" else os.fsencode(text).decode("utf-8", "replace")


def _images(files: Sequence[Any]) -> tuple[Image, ...]:
    if not files:
        return ()
    from desktop.services.pictures.attachments import load_image

    return tuple(load_image(file) for file in files)


def _approval(asked: AskOpened | AskItem, allow: bool, shown: str | None = None) -> Answer:
    wanted = ("allow", "allow-always") if allow else ("deny", "deny-always")
    choice = next((c.id for style in wanted for c in asked.choices if c.style == style), None)
    return Answer(asked.ask, allow, (choice,) if choice else (), shown=shown)


async def _from_terminal(item: AskItem) -> Answer | None:
    """Show the whole of an ask as it truly is, and take what a person types. An empty line decides nothing."""
    shown = ask_digest(item)
    console.forget_typed()  # not after the question: somebody may be quick
    said = [tr("{tool} asks:", tool=visible(item.tool or tr("The agent")))]
    lines = [*lay_out_text(item.text), *(lay_out(item.args) if item.args is not None else ())]
    said += [f"{BAR[line.kind]}{line.text}" for line in lines]
    said += [f"  {visible(choice.id)}: {visible(choice.label)}" for choice in item.choices]
    print("", *map(clean, said), sep="\n", file=sys.stderr)
    if item.type == "approve":
        allow = await _yes_or_no()
        return None if allow is None else _approval(item, allow, shown)
    print(tr("Your answer:"), end=" ", file=sys.stderr, flush=True)
    text = await console.typed()
    choices = (text,) if text in [choice.id for choice in item.choices] else ()
    return Answer(item.ask, text=text, choices=choices, shown=shown) if text else None


async def _yes_or_no() -> bool | None:
    """What is neither is asked again; an empty line is None."""
    words = {"y": True, "yes": True, tr("yes"): True, "n": False, "no": False, tr("no"): False, "": None}
    while True:
        print(tr("Allow? Type yes or no:"), end=" ", file=sys.stderr, flush=True)
        if (said := (await console.typed()).lower()) in words:
            return words[said]
