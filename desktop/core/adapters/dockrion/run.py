"""One run of a Dockrion agent: its frames, and the requests of each way to run it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from desktop.core.adapters.dockrion.frames import (
    ECHOED,
    ToolCalls,
    answer_in,
    plain,
    progress_of,
    thought_in,
    what_it_is,
)
from desktop.core.adapters.run import Events, Run
from desktop.core.adapters.words import message_in, said_by, with_said
from desktop.core.errors import NotSendable
from desktop.core.events import (
    AnyEvent,
    Beat,
    Failure,
    Notice,
    Raw,
    RunEnded,
    RunStarted,
    Step,
    TextDelta,
    TextSet,
)
from desktop.core.language import mark, tr, trn
from desktop.core.requests import Prompt, Reply, Steps, Talk, Wait
from desktop.core.wire.frames import Frame
from desktop.core.wire.jsontext import clean, parse

if TYPE_CHECKING:
    from desktop.core.adapters.dockrion.adapter import DockrionAdapter

_QUIET = 30.0  # seconds without a byte before a background run is looked at: the server may drop its last event
_BREATH = 1.0  # seconds before listening again after a stream that brought nothing
_PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)  # seconds between tries to reach a server that was lost
_UNDECLARED = mark("This agent declares no input, so its server drops what is sent to it.")
_ALONE = mark("This agent's input has no field for a conversation: each message stands alone.")
_NO_TEXT = mark(
    "The server sent no text. Its event filter may hide it, as the preset “minimal” does, or its output schema "
    "may leave it out."
)
_LOST = mark("The connection to the server was lost. The run may be going on there; trying to find it again.")
_STOPPED = mark("Stopped listening. The agent may go on working on its server.")
_PAUSED = mark("The server ended the connection after its time limit. The run goes on there.")
_UNREACHED = mark(
    "The connection broke, and the server could not be reached again. The run may still be going on there."
)
_FORGOTTEN = mark("The server does not know this run any more. It may have been restarted since.")
_NO_RUNS = mark("This server takes no background runs. Choose another way for the answer to come in this connection.")
_NO_STREAM = mark("This server offers no direct stream. Choose another way for the answer to come in this connection.")


class DockrionRun(Run):
    """A run from a prompt. `run_id` is set only for background runs, which can be asked about later."""

    adapter: DockrionAdapter

    def __init__(self, adapter: DockrionAdapter, prompt: Prompt, talk: Talk, extra: Mapping[str, Any]) -> None:
        super().__init__(adapter, prompt, talk)
        self._extra = extra
        self._tools = ToolCalls(self)
        self._seen: set[str] = set()  # names that came as real events, so that their echoes are dropped
        self._steps = 0
        self._part = 0
        self._step_output: Any = None
        self._last = -1  # sequence number of the last event of a background run
        self._missed = 0
        self._begun = False
        self._following = False

    # ---- requests

    def script(self) -> Steps[None]:
        """Ask the server for its schema if need be, then run the agent in the way that fits, once."""
        if self.adapter.must_ask():
            server = yield from self.adapter.server()
            if isinstance(server, Failure):
                yield RunEnded(status="failed", reason=server.code, error=server)
                return
        try:
            body = self.adapter.input().body(self.prompt, self.talk, self._extra)
        except NotSendable as error:
            failure = Failure(error.headline, code=error.code)
            yield RunEnded(status="failed", reason=error.code, error=failure)
            return
        if self.adapter.way() == "background":
            yield from self._in_background(body)
        else:
            yield from self._directly(body)

    def cancel(self) -> Steps[None]:
        """Mark a background run as cancelled. Its agent runs on all the same."""
        if self.run_id is not None:
            yield self.adapter.call("DELETE", f"runs/{self.run_id}?reason=stopped%20by%20the%20person")

    def stopped(self) -> list[AnyEvent]:
        """Nothing stops the agent itself, and the ending says so."""
        failure = Failure(tr(_STOPPED), code="stopped")
        return self.emit([RunEnded(status="cancelled", reason="stopped", error=failure)])

    def _directly(self, body: dict[str, Any]) -> Steps[None]:
        whole = self.adapter.way() == "whole"
        reply = yield self.adapter.stream("invoke" if whole else "invoke/stream", body)
        if reply is not None and reply.status in (404, 405) and not whole:
            failure = Failure(tr(_NO_STREAM), code="not-found", http=reply.status)
            yield RunEnded(status="failed", reason="http", error=failure)
        else:
            yield from self.settle(reply)

    def _in_background(self, body: dict[str, Any]) -> Steps[None]:
        if (yield from self._start(body)):
            yield from self._begin({})
            yield from self.follow()

    def _start(self, body: dict[str, Any]) -> Steps[bool]:
        """Order the run under an id of ours, so that it can be found even if the receipt is lost."""
        self.run_id = str(uuid4())
        reply = yield self.adapter.call("POST", f"runs?run_id={self.run_id}", body, timeout=60.0)
        if reply is not None and reply.status == 400 and "not allowed" in said_by(reply):
            self.run_id = None  # this server names its runs itself, and has started nothing
            reply = yield self.adapter.call("POST", "runs", body, timeout=60.0)
        assert reply is not None
        if reply.status in (200, 202):
            self.run_id = str(_object(reply).get("run_id") or self.run_id)
            return True
        sent = reply.status == 0 and reply.failure is not None and reply.failure.code in ("timeout", "network")
        if sent and self.run_id is not None:
            return (yield from self.look())
        self.run_id = None
        failure = self.adapter.failure_of(reply)
        if reply.status in (404, 405):
            failure = replace(failure, text=tr(_NO_RUNS))
        reason = "http" if reply.status else failure.code
        yield RunEnded(status="failed", reason=reason, error=failure)
        return False

    def follow(self) -> Steps[None]:
        """Listen to the background run, and look at it whenever the stream stops short of an end."""
        self._following = True
        while True:
            before = self._last
            path = f"runs/{self.run_id}/events?from_sequence={max(self._last, 0) + 1}&timeout=3600"
            yield replace(self.adapter.stream(path, method="GET"), timeout=_QUIET)
            if self.ended or not (yield from self.look()):
                return
            if self._last == before:
                yield Wait(_BREATH)

    def look(self) -> Steps[bool]:
        """Ask what became of the background run. True while it goes on; else its ending is out."""
        pauses = iter(_PAUSES)
        while True:
            reply = yield self.adapter.call("GET", f"runs/{self.run_id}")
            assert reply is not None
            if reply.status:
                break
            if reply.failure is not None and reply.failure.code == "timeout":
                continue  # a busy server answers nobody until its agent is done
            pause = next(pauses, None)
            if pause is None:
                yield RunEnded(status="cut", reason="network", error=Failure(tr(_UNREACHED), code="network"))
                return False
            if pause == _PAUSES[0]:
                yield Notice(level="warning", text=tr(_LOST), code="lost", retry_in=pause)
            yield Wait(pause)
        if reply.status == 404:
            yield RunEnded(status="cut", reason="gone", error=Failure(tr(_FORGOTTEN), code="gone", http=404))
        elif reply.status >= 400:
            yield RunEnded(status="failed", reason="http", error=self.adapter.failure_of(reply))
        else:
            yield from self._of_record(_object(reply))
        return not self.ended

    # ---- frames

    def on_frame(self, frame: Frame) -> Events:
        """The events of one frame, by its `event:` name."""
        try:
            data = parse(frame.data)
        except ValueError:
            if frame.name == "error":  # written by hand on the server: a quote in the message breaks it
                return self._error({"error": frame.data})
            raise
        name = str(data.get("type") or frame.name) if frame.name == "message" else frame.name
        number = data.get("sequence")
        if not isinstance(number, int):
            return self._events(name, data)
        if number <= self._last:
            return []
        if self._last >= 0 or self._following:  # a recording may begin anywhere
            self._missed += max(number - max(self._last, 0) - 1, 0)
        self._last = number
        mark = {"source_id": data.get("id"), "source_time": data.get("timestamp")}
        return [replace(event, **mark) for event in self._events(name, data)]

    def _events(self, name: str, data: dict[str, Any]) -> Events:
        if name in ECHOED:
            self._seen.add(name)
            return self._progress(name, data)
        match name:
            case "started":
                return self._begin(data)
            case "custom":
                return self._custom(data)
            case "complete":
                return self._complete(data.get("output"))
            case "error":
                return self._error(data)
            case "cancelled":
                return [_cancelled(data.get("reason"))]
            case "timeout":
                return [Beat()] if self._following else [_paused()]
        return self._own(name, data) if "sequence" in data else [Raw(name=name, data=data)]

    def _begin(self, data: dict[str, Any]) -> list[AnyEvent]:
        """The start, once, and what is to be said of this agent's input."""
        if self._begun:
            return []
        self._begun = True
        fields = self.adapter.input()
        session = (self.talk.session_id or self.talk.uuid) if fields.session else None
        agent = data.get("agent_name") or data.get("agent") or self.adapter.agent_name
        run_id = self.run_id or data.get("run_id")
        start = RunStarted(run_id=run_id, session_id=session, agent=agent if isinstance(agent, str) else None)
        return [start, *self._remarks()]

    def _remarks(self) -> Iterator[Notice]:
        if self.adapter.agent_name is None:  # the server was not asked
            return
        fields = self.adapter.input()
        if not fields.declared:
            yield Notice(level="warning", text=tr(_UNDECLARED), code="no-input")
        elif not fields.remembers and not self.talk.turns:
            yield Notice(text=tr(_ALONE), code="no-session")

    def _progress(self, name: str, data: dict[str, Any]) -> Events:
        """An event that may also come as an echo of itself."""
        match name:
            case "token":
                return self._token(data["content"])
            case "step":
                return [self._step(data)]
            case "progress":
                return [progress_of(data)]
            case "checkpoint":
                return [self._mark(str(data.get("name") or "checkpoint"), data.get("data"))]
        return [Beat()]

    def _token(self, text: Any) -> list[AnyEvent]:
        if not isinstance(text, str):
            raise TypeError("a token's content is no text")
        return [TextDelta(part=str(self._part), text=text)]

    def _step(self, data: dict[str, Any]) -> Step:
        """The end of a node. What it wrote is whole then, so later text is another part."""
        output = data.get("output")
        self._step_output = output
        said = self.part_text(str(self._part))
        repeats = bool(said) and answer_in(output) == said
        if said and (repeats or output is None):
            self._part += 1
        self._steps += 1
        label = str(data.get("node") or data.get("node_name") or "step")
        detail = None if repeats else output
        ms = data.get("duration_ms")
        return Step(step=f"node-{self._steps}", label=label, type="node", state="done", ms=ms, detail=detail)

    def _mark(self, label: str, detail: Any) -> Step:
        self._steps += 1
        return Step(step=f"mark-{self._steps}", label=label, type="phase", state="done", detail=detail)

    def _custom(self, data: dict[str, Any]) -> Events:
        name, inner = str(data["event_type"]), data.get("data")
        inner = inner if isinstance(inner, dict) else {"data": inner}
        if name in ECHOED:
            return [] if name in self._seen else self._progress(name, inner)
        return self._own(name, inner)

    def _own(self, name: str, data: dict[str, Any]) -> Events:
        """An event that the agent's author made: a tool's, a thought, or a line of its own."""
        name = name.removeprefix("custom:")
        thought = thought_in(name, data)
        if thought is not None:
            return [TextDelta(channel="reasoning", part=str(self._part), text=thought)]
        tool = self._tools.events(name, data)
        return [self._mark(name, plain(data))] if tool is None else tool

    # ---- endings

    def _complete(self, output: Any) -> list[AnyEvent]:
        streamed = self.text_of()
        final = answer_in(output) or ("" if streamed else answer_in(self._step_output))
        out = self._filled(streamed, final)
        if not streamed and not final:
            if output:
                out.append(self._mark(tr("Output"), output))
            out.append(Notice(text=tr(_NO_TEXT), code="no-text"))
        if self._missed > 0:
            words = trn(
                "{n} event of this run did not arrive. The text was taken from the final answer where it had one.",
                "{n} events of this run did not arrive. The text was taken from the final answer where it had one.",
                self._missed,
            )
            out.append(Notice(text=words, code="gap"))
        return [*out, RunEnded(status="completed")]

    def _filled(self, streamed: str, final: str) -> list[AnyEvent]:
        """The final text in place of what was streamed, unless it says less. With a gap, less than the whole may
        still be more than what came of the last part."""
        part = str(self._part)
        if len(final) >= len(streamed):
            return self.whole_text(final, part=part)
        if self._missed > 0 and len(final) > len(self.part_text(part)) > 0:
            return [TextSet(part=part, text=final)]
        return []

    def _error(self, data: dict[str, Any]) -> Events:
        said = message_in(data.get("error")) or tr("no reason was given")
        if self._following and "sequence" not in data:  # only this subscription broke: the run is looked at next
            return [Notice(level="warning", text=tr("The server broke off its stream: {said}", said=said), code="lost")]
        code = data.get("code")
        return [_failed(said, code if isinstance(code, str) else None)]

    def on_whole(self, data: Any) -> Events:
        """A run's answer that was not streamed, or words for what else it is."""
        if not isinstance(data, dict):
            return super().on_whole(data)
        if "output" in data and "status" in data:
            return self._of_record(data) or [RunEnded(status="cut", reason="running", error=Failure(tr(_PAUSED)))]
        if "output" in data:
            about = data.get("metadata")
            return [*self._begin(about if isinstance(about, dict) else {}), *self._complete(data["output"])]
        if data.get("success") is False or "error" in data:
            return self._error(data)
        words = what_it_is(data)
        if words is None:
            return super().on_whole(data)
        return [RunEnded(status="failed", reason="no-stream", error=Failure(words, code="no-stream"))]

    def _of_record(self, data: dict[str, Any]) -> list[AnyEvent]:
        """What the server's record of a background run says of its end; nothing while it goes on."""
        match data.get("status"):
            case "completed":
                self._missed = 0
                return [*self._begin(data), *self._complete(data.get("output"))]
            case "failed":
                error = data.get("error")
                code = error.get("code") if isinstance(error, dict) else None
                return [*self._begin(data), _failed(message_in(error) or tr("no reason was given"), code)]
            case "cancelled":
                return [*self._begin(data), _cancelled(None)]
        return []


class DockrionLookUp(DockrionRun):
    """Ask what became of a background run: its result if it has ended, else its events from the first on."""

    def __init__(self, adapter: DockrionAdapter, run_id: str, talk: Talk) -> None:
        super().__init__(adapter, Prompt(""), talk, {})
        self.run_id = run_id

    def script(self) -> Steps[None]:
        """Look first, since an ended run's events may never end."""
        if (yield from self.look()):
            yield from self.follow()


def _failed(said: str, code: str | None) -> RunEnded:
    words = tr("The agent took longer than its server allows.") if code == "TIMEOUT_ERROR" else tr("The agent failed.")
    return RunEnded(status="failed", reason="agent", error=Failure(with_said(words, said), code=code))


def _cancelled(reason: Any) -> RunEnded:
    words = tr("The run was cancelled on the server.")
    if isinstance(reason, str) and reason:
        words = tr("The run was cancelled on the server: {reason}", reason=reason)
    return RunEnded(status="cancelled", reason="server", error=Failure(words, code="cancelled"))


def _paused() -> RunEnded:
    return RunEnded(status="cut", reason="timeout", error=Failure(tr(_PAUSED), code="timeout"))


def _object(reply: Reply) -> dict[str, Any]:
    """The reply's JSON object; an empty one if it is something else."""
    try:
        data = clean(parse(reply.body.decode("utf-8", "replace")))
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
