"""Agent Manager: what its frames, whole answers and run rows mean, as events."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, cast
from urllib.parse import quote

from desktop.core.adapters.procurator.approvals import HELD, Pause, entries, of_action, of_error, value_of
from desktop.core.adapters.procurator.tools import Calls
from desktop.core.adapters.procurator.trace import Trace
from desktop.core.adapters.run import Events, Run
from desktop.core.adapters.words import first_text
from desktop.core.events import (
    AgentChanged,
    AnyEvent,
    Beat,
    Channel,
    Failure,
    Notice,
    Path,
    Raw,
    RunEnded,
    RunStarted,
    SessionInfo,
    TextDelta,
    Usage,
)
from desktop.core.language import tr
from desktop.core.requests import Answer, Prompt, Reply, Steps, Talk
from desktop.core.wire.frames import Frame
from desktop.core.wire.jsontext import clean, compact, parse

if TYPE_CHECKING:
    from desktop.core.adapters.procurator.adapter import ProcuratorAdapter

_OLDER = {
    "content": "CONTENT_DELTA",
    "thought": "REASONING_DELTA",
    "tool_start": "TOOL_START",
    "tool_end": "TOOL_END",
    "error": "ERROR",
    "done": "STOP",
}
_JAVA = re.compile(r"^(Stream Error:\s*)?([a-z_][\w$]*\.)+[A-Z][\w$]*:\s+|^Stream Error:\s*")
SEND_AGAIN = "send-again"  # the code of notices that offer to send the message again


class ServerRun(Run):
    """What every run of this server shares. An ERROR does not end the stream: it is kept until the body ends."""

    asks_outlive = True

    def __init__(self, adapter: ProcuratorAdapter, prompt: Prompt, talk: Talk) -> None:
        super().__init__(adapter, prompt, talk)
        self.session_id = talk.session_id or talk.uuid
        self.calls = Calls()
        self.trouble: Failure | None = None  # of the first ERROR
        self.decided: tuple[Pause, bool] | None = None  # what a person decided, and how
        self.stopped_well = False  # a STOP was seen
        self.asking: list[str] = []  # the ids of the open asks, oldest first
        self._trace = Trace()
        self._begun = False
        self._part = 0
        self._said = False  # there is text in the current part
        self._spoke = False  # there is any answer
        self._agent: str | None = None  # who has the word after an AGENT_SWITCH
        self._known = adapter.pauses

    @property
    def server(self) -> ProcuratorAdapter:
        """The connection; it may be replaced while an ask is open, by one with another login."""
        return cast("ProcuratorAdapter", self.adapter)

    @property
    def enough(self) -> bool:
        return self.ended or self.stopped_well

    # ---- frames

    def on_frame(self, frame: Frame) -> Events:
        if self.stopped_well:
            return []
        text = frame.data.strip()
        if not text:
            return [Beat()]
        if text == "[DONE]":
            return self._stop("")
        data = parse(text)
        if "eventType" in data:
            return self._traced(data)
        name = data.get("event") or _OLDER.get(data.get("type"), data.get("type"))
        said = data.get("data") if "event" in data else data.get("content")
        kind = self._KINDS.get(name)
        if kind is None:
            return [Raw(name=str(name or frame.name), data=value_of(said) if name else data, source_id=frame.id)]
        return kind(self, said if isinstance(said, str) else "" if said is None else compact(said))

    def on_end(self) -> Events:
        if self.trouble is not None:
            yield RunEnded(status="failed", reason="server", error=self.trouble)
            return
        if self.stopped_well or self.asking:
            yield from self.calls.settle()
        if self.asking:
            yield RunEnded(status="waiting")
        elif self.stopped_well:
            yield from self._well()
        else:
            yield RunEnded(status="cut", reason="no-end")

    def settle(self, reply: Reply | None) -> Steps[None]:
        if self.ended or reply is None:
            return
        if self._framer is not None and (self.stopped_well or self.trouble or self.asking):
            yield from self.on_end()
        else:
            yield from super().settle(reply)

    def _well(self) -> Iterator[AnyEvent]:
        if self._agent:
            yield _agent(self._agent, "done")
        if not self._spoke and not self._trace.seen:
            yield Notice(text=tr("The agent ended without an answer."), code="empty")
        yield RunEnded(status="completed")

    def _start(self, data: str) -> Iterator[AnyEvent]:
        """Today's START is empty; the documents put a run id there."""
        if data and " " not in data:
            self.run_id = data
        yield from self.began()

    def began(self, continues: tuple[str, ...] = ()) -> Iterator[AnyEvent]:
        """`run.started`, once."""
        if not self._begun:
            self._begun = True
            named = self.adapter.connection
            yield RunStarted(
                run_id=self.run_id,
                session_id=self.session_id,
                agent=named.agent,
                model=named.option("model"),
                continues=continues,
            )

    def _text(self, channel: Channel, data: str) -> Iterator[AnyEvent]:
        if data:
            yield from self.calls.settle(plain_only=channel == "reasoning")
            self._said = True
            self._spoke = self._spoke or channel == "answer"
            yield TextDelta(channel=channel, part=str(self._part), text=data)

    def _next_part(self) -> None:
        """Text after a call, or of another agent, is a part of its own."""
        if self._said:
            self._part, self._said = self._part + 1, False

    def _tool(self, data: str) -> Iterator[AnyEvent]:
        self._next_part()
        yield from self.calls.start(data)

    def _switch(self, data: str) -> Iterator[AnyEvent]:
        """The word goes to another agent; its text stays in the main answer."""
        said = value_of(data)
        name = first_text(said, ("to", "target", "targetAgentId", "agentId", "agent", "name")) or data
        before = first_text(said, ("from", "source", "sourceAgentId")) or self._agent
        self._next_part()
        if before and before != name:
            yield _agent(before, "done")
        self._agent = name
        yield _agent(name, "running")

    def _metrics(self, data: str) -> Iterator[AnyEvent]:
        yield from usage_of(parse(data))

    def _suggestions(self, data: str) -> Iterator[AnyEvent]:
        """A JSON array of sentences, sometimes wrapped in prose or a code fence."""
        found = parse(data[data.index("[") : data.rindex("]") + 1])
        yield SessionInfo(suggestions=tuple(s for s in found if isinstance(s, str) and s.strip()))

    def _paused(self, data: str) -> Iterator[AnyEvent]:
        action = value_of(data)
        said = first_text(action, ("message", "reason")) if isinstance(action, dict) else data
        pause = of_action(action, self.run_id) or of_action(_required(action), self.run_id)
        yield from self.opened(pause or self.server.unknown_pause(said, self.run_id))

    def _error(self, data: str) -> Iterator[AnyEvent]:
        """The first one is what went wrong; a second is the same failure."""
        if self.trouble is not None:
            return
        pause = of_error(data)
        if pause is not None:
            words = tr("This run ended over it: decide, then send the message again.")
            self.trouble = Failure(f"{pause.text} {words}", code="approval")
            yield from self.opened(replace(pause, run_id=self.run_id))
        else:
            self.trouble = Failure(_JAVA.sub("", data).strip() or tr("The server failed and did not say why."))

    def _cancelled(self, data: str) -> Iterator[AnyEvent]:
        if self.trouble is not None:
            yield from self.on_end()
        else:
            words = tr("The server ended the run: {said}", said=data) if data else tr("The server ended the run.")
            yield RunEnded(status="cancelled", reason="server", error=Failure(words, code="cancelled"))

    def _stop(self, data: str) -> Iterator[AnyEvent]:
        """STOP ends the run, unless something about an ask has to be fetched first."""
        self.stopped_well = True
        response = value_of(data)
        if isinstance(response, dict):
            yield from self.response(response)
        if self.decided is None and not any(pause.lacks_details for pause in self.pauses()):
            yield from self.on_end()

    def _traced(self, data: dict[str, Any]) -> Iterator[AnyEvent]:
        self.run_id = self.run_id or data.get("runId")
        self.session_id = data.get("sessionId") or self.session_id
        yield from self.began()
        yield from self._trace.events(data)

    _KINDS: ClassVar[dict[Any, Callable[[ServerRun, str], Iterator[AnyEvent]]]] = {
        "START": _start,
        "CONTENT_DELTA": lambda self, data: self._text("answer", data),
        "REASONING_DELTA": lambda self, data: self._text("reasoning", data),
        "CONTENT_DONE": lambda self, data: iter(()),
        "TOOL_START": _tool,
        "TOOL_END": lambda self, data: self.calls.end(data, failed=False),
        "TOOL_ERROR": lambda self, data: self.calls.end(data, failed=True),
        "PAUSED": _paused,
        "AGENT_SWITCH": _switch,
        "METRICS": _metrics,
        "FOLLOWUP_SUGGESTION": _suggestions,
        "STOP": _stop,
        "CANCELLED": _cancelled,
        "ERROR": _error,
    }

    # ---- whole answers and run rows

    def response(self, data: dict[str, Any]) -> Iterator[AnyEvent]:
        """A RunResponse: a team's last word, or the answer of an unstreamed run."""
        self.run_id = first_text(data, ("runId",)) or self.run_id
        content = first_text(data, ("content",))
        status = data.get("status")
        steps = [s for s in data.get("reasoningSteps") or () if isinstance(s, str) and s]
        if steps and not self.text_of(channel="reasoning"):
            yield TextDelta(channel="reasoning", part="steps", text="\n\n".join(steps))
        yield from self.calls.merge(data.get("tools"))
        yield from usage_of(data.get("metrics"))
        if status in HELD:
            pause = of_action(_required(data.get("metadata")), self.run_id, content)
            yield from self.opened(pause or self.server.unknown_pause(content, self.run_id))
        else:
            yield from self.outcome(status, content, first_text(data.get("metrics"), ("errorMessage",)))

    def row(self, row: dict[str, Any], path: Path = ()) -> Iterator[AnyEvent]:
        """A run's row that has an outcome, or waits."""
        status, output = row.get("status"), first_text(row, ("output",))
        yield from usage_of(row)
        if status in HELD:
            pause = of_action(row.get("requiredAction"), self.run_id, output)
            yield from self.opened(pause or self.server.unknown_pause(output, self.run_id))
        else:
            yield from self.outcome(status, output, first_text(row, ("errorMessage",)), path)

    def outcome(self, status: Any, text: str, error: str, path: Path = ()) -> Iterator[AnyEvent]:
        """What a final status word means."""
        if status == "FAILED":
            yield from self._error(error or text)
        elif status == "CANCELLED":
            refused = self.decided is not None and not self.decided[1]
            yield RunEnded(status="cancelled", reason="denied" if refused else "server")
        else:
            self.stopped_well = True
            self._spoke = self._spoke or bool(text)
            yield from self.whole_text(text, path)

    # ---- asks

    def pauses(self) -> list[Pause]:
        """What this run waits for."""
        return [self._known[ask] for ask in self.asking]

    def opened(self, pause: Pause) -> Iterator[AnyEvent]:
        """Ask a person. A second word about the same pause adds its details; the same word again says nothing."""
        vague = next((p for p in self.pauses() if p.lacks_details), None)
        if vague is not None and (vague.id is None or vague.id == pause.id):
            text = vague.text if vague.dead else pause.text
            pause = replace(pause, ask=vague.ask, dead=vague.dead, call=vague.call, text=text)
        before = self._known.get(pause.ask)
        if pause.tool and pause.route == "resolve":
            call, started = self.calls.hold(pause.tool, pause.args, pause.call or pause.ask)
            pause = replace(pause, call=call)
            if started is not None and (before is None or before.args != pause.args):
                yield started
        pause = replace(pause, run_id=pause.run_id or self.run_id)
        self._known[pause.ask] = pause
        if pause.ask not in self.asking or before is None or before.event() != pause.event():
            self.asking = [*(ask for ask in self.asking if ask != pause.ask), pause.ask]
            yield pause.event()

    def resume(self, answer: Answer) -> Run:
        self.server.pauses.update(self._known)
        return self.server.answering(answer, self.talk)

    # ---- asking the server about runs

    def newest(self) -> Steps[dict[str, Any] | None]:
        """The newest run of this session, as the server lists it."""
        query = f"sessionId={quote(self.session_id or '', safe='')}&size=1"
        reply = yield from self.server.signed(lambda: self.server.call("GET", f"/api/v1/runs?{query}"))
        rows = entries(json_of(reply))
        return rows[0] if rows and isinstance(rows[0], dict) else None

    def look(self, run_id: str) -> Steps[tuple[dict[str, Any] | None, Reply]]:
        """A run's row, and the reply that told it. Older servers have only the second address."""
        agent = quote(self.adapter.connection.agent or "-", safe="")
        name = quote(run_id, safe="")
        base = f"/api/agents/{agent}/runs"
        reply = yield from self.server.signed(lambda: self.server.call("GET", f"{base}/status?runIds={name}"))
        if reply.status == 404:
            reply = yield from self.server.signed(lambda: self.server.call("GET", f"{base}/{name}/status"))
        data = json_of(reply)
        rows = [data] if isinstance(data, dict) and "status" in data else entries(data)
        found = next((r for r in rows if isinstance(r, dict) and r.get("id", r.get("runId")) == run_id), None)
        return found, reply

    def cancel(self) -> Steps[None]:
        """Closing the connection already ends the run; this tells the server in so many words."""
        run_id = self.run_id
        if run_id is None:
            row = yield from self.newest()
            if row is None or row.get("status") in ("COMPLETED", "FAILED", "CANCELLED"):
                return
            run_id = str(row.get("id"))
        agent = quote(self.adapter.connection.agent or "-", safe="")
        path = f"/api/agents/{agent}/runs/{quote(run_id, safe='')}"
        yield from self.server.signed(lambda: self.server.call("DELETE", path, timeout=5.0))


def json_of(reply: Reply) -> Any:
    """The JSON value of a good reply; None for anything else."""
    if reply.failure is not None or not 200 <= reply.status < 300:
        return None
    try:
        return clean(parse(reply.body.decode("utf-8", "replace")))
    except ValueError:
        return None


def usage_of(data: Any) -> Iterator[AnyEvent]:
    """The figures of METRICS, of a RunResponse or of a row, if there are any."""
    if not isinstance(data, dict):
        return
    cost = _number(data.get("costUsd", data.get("totalCostUsd")))
    figures = Usage(
        input=_count(data.get("inputTokens")),
        output=_count(data.get("outputTokens")),
        reasoning=_count(data.get("reasoningTokens")),
        calls=_count(data.get("llmCalls", data.get("llmCallCount"))),
        cost=cost,
        currency="USD" if cost is not None else None,
    )
    if figures != Usage():
        yield figures


def _required(data: Any) -> Any:
    return (data.get("requiredAction") or data.get("required_action")) if isinstance(data, dict) else None


def _agent(name: str, state: Any) -> AgentChanged:
    return AgentChanged(path=(name,), name=name, state=state)


def _count(value: Any) -> int | None:
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
