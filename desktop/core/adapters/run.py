"""What every protocol's run stands on: it owns the sequence and the endings, so that a protocol's file only translates.

A `Run` is fed bytes and gives events, and says by a generator (`Steps`) which requests to make. It does no I/O, so it
can be driven by hand:

    run = adapter.run(Prompt("hi"), Talk(uuid="u"))
    for step in run.steps(): ...            # HttpCall, Wait, or an event
    run.open(200, {"content-type": "text/event-stream"}); run.feed(b"data: ..."); run.close()
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableSequence
from typing import TYPE_CHECKING, Any, ClassVar

from desktop.core.adapters.base_fit import fit
from desktop.core.adapters.base_sniff import LEAST, MOST, is_streamed, no_stream, wordless
from desktop.core.adapters.ledger import Ledger
from desktop.core.adapters.words import is_page, media_type, size_words
from desktop.core.bounds import USUAL, Bounds
from desktop.core.events import (
    AnyEvent,
    Beat,
    Channel,
    Failure,
    Notice,
    Path,
    Raw,
    RunEnded,
    RunStatus,
    TextSet,
)
from desktop.core.language import tr
from desktop.core.requests import (
    Answer,
    HttpCall,
    Prompt,
    Reply,
    Steps,
    Talk,
    Wait,
)
from desktop.core.wire.frames import AnyFrame, Comment, Frame, Framer, TooLong
from desktop.core.wire.jsontext import clean, may_hold_halves, parse
from desktop.core.wire.sse import SseFramer

if TYPE_CHECKING:
    from desktop.core.adapters.base import Adapter

Events = Iterable[AnyEvent]
MAX_WHOLE = 32 * 1024 * 1024  # of a body that is no stream
_MAX_ERROR = 1024 * 1024  # of an error's body: enough to find its words in
_SHAPELESS = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
_KEPT = 256  # of a stream's beginning


class Run:
    """One run: asks for requests through `steps`, is fed what comes back, gives events.

    A protocol writes `request` (or the whole `script`), `on_frame`, and where needed `on_whole`, `on_end`, `answer`,
    `cancel`. It never has to close what is open: `RunEnded` does that for it, exactly once."""

    framer: ClassVar[type[Framer]] = SseFramer
    stream_types: ClassVar[tuple[str, ...]] = ("text/event-stream",)
    asks_outlive: ClassVar[bool] = False  # an open ask can be answered after the stream is gone

    def __init__(self, adapter: Adapter, prompt: Prompt, talk: Talk) -> None:
        self.adapter = adapter
        self.prompt = prompt
        self.talk = talk
        self.run_id: str | None = None
        self.session_id: str | None = talk.session_id
        self.body = b""  # of an answer that was no stream
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self.bounds = USUAL
        self._ledger = Ledger(self.asks_outlive)
        self._framer: Framer | None = None
        self._whole: list[bytes] = []
        self._whole_size = 0
        self._sniffing = False
        self.marks: MutableSequence[int] | None = None  # how many events each frame of the body gave

    # ---- what a protocol writes

    def request(self) -> HttpCall:
        """The request that starts the run."""
        raise NotImplementedError

    def script(self) -> Steps[None]:
        """All requests of the run, in order."""
        reply = yield self.request()
        yield from self.settle(reply)

    def on_frame(self, frame: Frame) -> Events:
        """The events of one frame. What data of a wrong shape raises (ValueError, TypeError...) makes it `raw`."""
        raise NotImplementedError

    def on_whole(self, data: Any) -> Events:
        """The events of a whole JSON answer (status below 400) where a stream was expected."""
        return [self._no_stream()]

    def on_end(self) -> Events:
        """The events when the body ended and no frame had ended the run."""
        return [RunEnded(status="cut", reason="no-end")]

    def on_open(self) -> Events:
        """The events of a response's head: `self.status` and `self.headers` are set."""
        return []

    def answer(self, answer: Answer) -> Steps[str | None]:
        """Send a person's answer while the run is live. Returns None when the server has it, else why not; yields
        `AskClosed` where nothing on the stream will."""
        yield from ()  # a generator, like every dialogue
        raise NotImplementedError

    def resume(self, answer: Answer) -> Run:
        """The run that answers an ask which outlived this one (see `asks_outlive`)."""
        raise NotImplementedError

    def cancel(self) -> Steps[None]:
        """Tell the server to stop, after the connection was closed."""
        yield from ()

    # ---- what drives it

    @property
    def ended(self) -> bool:
        """Whether `run.ended` is out. Nothing changes the run afterwards."""
        return self._ledger.ended

    @property
    def enough(self) -> bool:
        """Whether nothing more is wanted of the streamed body: the run has ended, or its last frame came and the
        script goes on from there."""
        return self.ended

    @property
    def over(self) -> bool:
        """Whether the run's end is known and only figures may follow, for which nobody has to wait long."""
        return False

    @property
    def full(self) -> bool:
        """Whether more of the body would change nothing: an error's page says what it has to say at its beginning."""
        return self.status >= 300 and self._whole_size >= _MAX_ERROR

    def bound(self, bounds: Bounds) -> None:
        """Take no more than this. Called before the run begins."""
        self.bounds = self._ledger.bounds = bounds

    @property
    def open_asks(self) -> tuple[str, ...]:
        """The ids of the asks that wait for a person."""
        return self._ledger.open_asks

    def steps(self) -> Steps[None]:
        """The script, with its events in order and an ending whatever happens in it."""
        yield from self.guarded(self.script())
        if not self.ended:
            yield from self.emit(self.on_end())

    def guarded(self, steps: Steps[Any]) -> Steps[Any]:
        """A dialogue of this run whose events pass the run's books, like those of its stream."""
        reply: Reply | None = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration as stop:
                return stop.value
            reply = None
            if isinstance(step, HttpCall | Wait):
                reply = yield step
            else:
                yield from self.emit([step])

    def open(self, status: int, headers: Mapping[str, str]) -> list[AnyEvent]:
        """A response to a streamed call has begun. Header names are in lower case."""
        self.status, self.headers, self.body = status, headers, b""
        self._whole.clear()
        self._whole_size = 0
        self._framer, self._sniffing, self._beginning = None, False, b""
        if status < 300:
            if media_type(headers) in self.stream_types:
                self._framer = self.framer(self.bounds.line, self.bounds.event)
            else:
                self._sniffing = True
        return self.emit(self.on_open())

    def feed(self, data: bytes) -> list[AnyEvent]:
        """Bytes of the body, cut anywhere."""
        if self.ended:
            return []
        out: list[AnyEvent] = []
        if self._framer is None:
            out, data = self._collect(data)
        return out + self._framed(data)

    def close(self) -> list[AnyEvent]:
        """The body ended, or broke. Answers that were no stream are in `body` from here on."""
        out: list[AnyEvent] = []
        if self._framer is None:
            self.body = b"".join(self._whole)
            return out
        for frame in self._framer.close():
            if isinstance(frame, Frame) and self._is_whole(frame):
                out += self.emit(self._events_of(frame))
        return out

    def emit(self, events: Events) -> list[AnyEvent]:
        """Pass events through the run's books: what says nothing is dropped, an ending closes what is open."""
        return self._ledger.enter(fit(event) for event in events)

    def stopped(self) -> list[AnyEvent]:
        """The person stopped the run."""
        return self.emit([RunEnded(status="cancelled", reason="stopped")])

    def failed(self, failure: Failure, reason: str | None = None, status: RunStatus = "failed") -> list[AnyEvent]:
        """Something on our side ended the run."""
        return self.emit([RunEnded(status=status, reason=reason, error=failure)])

    # ---- help for protocols

    def settle(self, reply: Reply | None) -> Steps[None]:
        """What a finished streamed call means: nothing more if a frame ended the run; a broken, refused or
        unstreamed answer otherwise. The last step of most scripts."""
        if self.ended or reply is None:
            return
        if reply.failure is not None:
            began = reply.status > 0 and reply.status < 300
            yield RunEnded(
                status="cut" if began else "failed", reason=reply.failure.code or "network", error=reply.failure
            )
        elif reply.status >= 300:
            yield RunEnded(status="failed", reason="http", error=self.adapter.failure_of(reply))
        elif self._framer is None:
            yield from self._settle_whole(reply)
        elif is_page(Reply(self.status, self.headers, self._beginning)):
            yield self._no_stream()
        elif not self._beginning:
            yield from (wordless(event) for event in self.on_end())
        else:
            yield from self.on_end()

    def text_of(self, path: Path = (), channel: Channel = "answer") -> str:
        """All text of a channel so far, parts joined as they came."""
        return "".join(text for _, text in self._ledger.parts(path, channel))

    def part_text(self, part: str, path: Path = (), channel: Channel = "answer") -> str:
        """The text of one part so far."""
        return self._ledger.part(path, channel, part)

    def whole_text(self, text: str, path: Path = (), channel: Channel = "answer", part: str = "0") -> list[AnyEvent]:
        """A closing frame's text against what was streamed: nothing if it is empty or the same (as a whole, or as
        the last part); else the last part holds it and the others are emptied. `part` is used if there is none."""
        parts = self._ledger.parts(path, channel)
        if not text or text == "".join(t for _, t in parts) or (parts and text == parts[-1][1]):
            return []
        if not parts:
            return [TextSet(path=path, channel=channel, part=part, text=text)]
        emptied = [TextSet(path=path, channel=channel, part=name, text="") for name, old in parts[:-1] if old]
        return [*emptied, TextSet(path=path, channel=channel, part=parts[-1][0], text=text)]

    def is_open(self, call: str) -> bool:
        """Whether a tool call was announced and has not ended."""
        return call in self._ledger.open_calls

    def oldest_open(self, name: str | None = None) -> str | None:
        """The id of the oldest open call (of that tool name), for wires without call ids."""
        for call, called in self._ledger.open_calls.items():
            if name is None or called == name:
                return call
        return None

    # ---- inside

    def _events_of(self, frame: AnyFrame) -> list[AnyEvent]:
        match frame:
            case Comment():
                return [Beat()]
            case TooLong(limit):
                words = tr(
                    "The server sent a line longer than the limit of {size}; it was left out.",
                    size=size_words(limit),
                )
                return [Notice(level="warning", text=words, code="too-long")]
            case Frame():
                try:
                    events = [fit(event) for event in self.on_frame(frame)]
                except _SHAPELESS:
                    events = [Raw(name=frame.name, data=frame.data, source_id=frame.id)]
                return [clean(e) if e.kind != "text.delta" else e for e in events] if _halves(frame) else events

    def _is_whole(self, frame: Frame) -> bool:
        if frame.data.strip() == "[DONE]":
            return True
        try:
            return isinstance(parse(frame.data), dict)
        except ValueError:
            return False

    def _framed(self, data: bytes) -> list[AnyEvent]:
        out: list[AnyEvent] = []
        if self._framer is not None and data:
            if len(self._beginning) < _KEPT:
                self._beginning += data[: _KEPT - len(self._beginning)]
            marks = self.marks
            for frame in self._framer.feed(data):
                size = len(frame.data) if isinstance(frame, Frame) else 0
                events = self._ledger.enter(self._events_of(frame), size)
                if marks is not None:
                    marks.append(len(events))
                out += events
        return out

    def _collect(self, data: bytes) -> tuple[list[AnyEvent], bytes]:
        """Keep the bytes of what seems no stream. Returns them all if it turns out to be one."""
        self._whole_size += len(data)
        if self.status >= 300:
            if self._whole_size - len(data) < _MAX_ERROR:
                self._whole.append(data)
            return [], b""
        if self._whole_size > MAX_WHOLE:
            words = tr("The answer is no stream and longer than the limit of {size}.", size=size_words(MAX_WHOLE))
            return self.failed(Failure(words, code="too-long"), "too-long"), b""
        self._whole.append(data)
        if self._sniffing and self._whole_size >= LEAST:
            return self._sniff()
        return [], b""

    def _sniff(self) -> tuple[list[AnyEvent], bytes]:
        """A right body under a wrong type is read, with a note."""
        body = b"".join(self._whole)
        streamed = is_streamed(body, self.framer)
        self._sniffing = streamed is None and len(body) < MOST
        if not streamed:
            return [], b""
        self._framer = self.framer(self.bounds.line, self.bounds.event)
        self._whole.clear()
        named = media_type(self.headers) or tr("no type")
        words = tr("The server calls its stream “{named}”; it is read all the same.", named=named)
        return self.emit([Notice(text=words, code="type")]), body

    def _settle_whole(self, reply: Reply) -> Steps[None]:
        data: Any = None
        if not is_page(reply):
            try:
                data = clean(parse(reply.body.decode("utf-8", "replace")))
            except ValueError:
                data = None
        if data is None:
            yield self._no_stream()
            return
        try:
            for event in self.on_whole(data):
                yield fit(event)
        except _SHAPELESS:
            words = tr("A part of the server's answer has a shape that Sluice does not know.")
            yield RunEnded(status="failed", reason="unreadable", error=Failure(words, code="unreadable"))

    def _no_stream(self) -> RunEnded:
        """Words for an answer that is no stream at all."""
        return no_stream(Reply(self.status, self.headers, self.body or self._beginning))


def _halves(frame: Frame) -> bool:
    return may_hold_halves(frame.data)
