"""One run on Powabase: its requests, its end, answers to approvals, and what became of it after a cut."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from desktop.core.adapters.base import Adapter
from desktop.core.adapters.powabase.content import Obj, expiry_warning, obj, role_warning
from desktop.core.adapters.powabase.stored import children, is_run, other_words, stored
from desktop.core.adapters.powabase.stream import Reader
from desktop.core.adapters.powabase.tools import Ask
from desktop.core.adapters.run import Run
from desktop.core.events import AnyEvent, Beat, Failure, Notice, Raw, RunEnded
from desktop.core.language import tr
from desktop.core.requests import Answer, HttpCall, Prompt, Reply, Steps, Talk, Wait
from desktop.core.wire.frames import Frame
from desktop.core.wire.jsontext import clean, parse

# Each worker process of the service knows only its own runs: a 404 may come from the wrong one.
_TRIES = 15
_BETWEEN = 1 / 3  # seconds
_LOOKS = 300
_LOOK_AGAIN = 2.0  # seconds


class PowabaseRun(Run):
    """A streamed run. `begin` is its request; None where no agent was chosen."""

    def __init__(self, adapter: Adapter, prompt: Prompt, talk: Talk, begin: HttpCall | None) -> None:
        super().__init__(adapter, prompt, talk)
        self.reader = Reader(self)
        self._request = begin

    def script(self) -> Steps[None]:
        """The stream; then, for a team, its stored run, where the members' texts stand apart."""
        if self._request is None:
            words = tr("No agent is chosen. Choose one from the list, or type the id that the project's Studio shows.")
            yield RunEnded(status="failed", reason="agent", error=Failure(words, code="agent"))
            return
        reply = yield self._request
        if self.reader.last is not None and not self.ended and self.run_id:
            found = yield self.adapter.call("GET", run_path(self.run_id, team=True))
            if found is not None and found.status == 200:
                yield from children(self.reader, _object(found))
        yield from self.settle(reply)

    @property
    def enough(self) -> bool:
        """The last frame of a team's stream ends the stream, not yet the run."""
        return self.ended or self.reader.last is not None

    def settle(self, reply: Reply | None) -> Steps[None]:
        """A closing frame that was read counts more than how the connection ended."""
        if self.reader.last is not None:
            yield self.reader.last
        else:
            yield from super().settle(reply)

    def on_open(self) -> Iterable[AnyEvent]:
        """Warnings about the key: its role once a conversation, its end whenever that is near."""
        if self.status >= 400:
            return
        key = self.adapter.secrets.key
        if self.talk.session_id is None and (words := role_warning(key)):
            yield Notice(level="warning", text=words, code="service_role")
        if words := expiry_warning(key, self.headers):
            yield Notice(level="warning", text=words, code="key_expiry")

    def on_frame(self, frame: Frame) -> Iterable[AnyEvent]:
        if frame.data.strip() == "[DONE]":
            return [Beat()]
        if self.reader.last is not None:
            return []
        data = parse(frame.data)
        return self.reader.read(data) if isinstance(data, dict) else [Raw(name=frame.name, data=data)]

    def on_whole(self, data: Any) -> Iterable[AnyEvent]:
        row = obj(data)
        if is_run(row):
            yield from stored(self.reader, row)
        elif words := other_words(row):
            yield RunEnded(status="failed", reason="no-stream", error=Failure(words, code="no-stream"))
        else:
            yield from super().on_whole(data)

    def on_end(self) -> Iterable[AnyEvent]:
        if self.reader.failure is not None:
            return [RunEnded(status="failed", reason="error", error=self.reader.failure)]
        return super().on_end()

    # ---- approvals

    def answer(self, answer: Answer) -> Steps[str | None]:
        """Tell the server. None means that it took the decision; the proof comes on the stream."""
        ask = self.reader.tools.asks.get(answer.ask)
        if trouble := self._refusal(ask, answer):
            return trouble
        assert ask is not None
        ask.allowed = answer.allow
        trouble = yield from self._approve(ask, answer)
        if trouble:
            ask.allowed = None
        return trouble or None

    def _refusal(self, ask: Ask | None, answer: Answer) -> str:
        """Why nothing can be sent, or ""."""
        if ask is None or self.ended:
            return tr("This request is no longer open. Nothing was sent.")
        if ask.allowed is not None:
            return tr("The decision on this request was already sent.")
        if answer.allow is None:
            return tr("This agent takes only a yes or a no.")
        if not self.run_id:
            return tr("The server did not say which run is asking, so it cannot be answered.")
        if answer.allow and len(self.reader.tools.asks) > 1:
            return tr(
                "Several requests are open at once, and the server takes one answer for all. Only Deny can be sent."
            )
        return ""

    def _approve(self, ask: Ask, answer: Answer) -> Steps[str]:
        """Send until a worker of the service knows the run. Returns words if none did."""
        body: Obj = {"approved": answer.allow}
        if not answer.allow and answer.note:
            body["reason"] = answer.note
        path = f"/api/agents/runs/{quote(self.run_id or '', safe='')}/approve"
        for attempt in range(_TRIES):
            if attempt:
                yield Wait(_BETWEEN)
            if ask.id not in self.reader.tools.asks or self.ended:
                break
            reply = yield self._fresh(path, body)
            if reply is None or 200 <= reply.status < 300:
                return ""
            if reply.status == 0:
                return tr("The decision may not have arrived: {text}", text=self.adapter.failure_of(reply).text)
            if reply.status != 404:
                return self.adapter.failure_of(reply).text
        if self.ended:
            return tr("The run has ended before the decision could be delivered.")
        if ask.id not in self.reader.tools.asks:
            return ""  # the stream says that it was decided
        return tr("The server does not find a run that waits for this decision. It may have waited too long.")

    def _fresh(self, path: str, body: Obj) -> HttpCall:
        """A kept connection stays with its worker, so each try has one of its own."""
        call = self.adapter.call("POST", path, body, fresh=True)
        return HttpCall(call.method, call.url, {**call.headers, "Connection": "close"}, call.json, fresh=True)


class LookUp(PowabaseRun):
    """Asks the server what became of a run, until that has ended."""

    def __init__(self, adapter: Adapter, talk: Talk, run_id: str, path: str) -> None:
        super().__init__(adapter, Prompt(""), talk, None)
        self.run_id, self._path = run_id, path

    def script(self) -> Steps[None]:
        for look in range(_LOOKS):
            reply = yield self.adapter.call("GET", self._path)
            row = _object(reply) if reply is not None and reply.status == 200 else {}
            if reply is None or not is_run(row):
                yield self._missing(reply)
                return
            if row.get("status") not in ("pending", "running"):
                yield from stored(self.reader, row)
                return
            if look == 0:
                yield Notice(text=tr("The run is still going on at the server. Its result is shown when it ends."))
            yield Wait(_LOOK_AGAIN)
        words = tr("The run is still going on at the server. Look it up again later.")
        yield RunEnded(status="cut", reason="still-running", error=Failure(words, code="still-running"))

    def _missing(self, reply: Reply | None) -> RunEnded:
        if reply is not None and reply.status == 404:
            words = tr("The server does not know this run, or it is another user's.")
            return RunEnded(status="failed", reason="http", error=Failure(words, code="not-found", http=404))
        if reply is not None and reply.status != 200:
            return RunEnded(status="failed", reason="http", error=self.adapter.failure_of(reply))
        words = tr("The server answered, but not with the state of a run.")
        return RunEnded(status="failed", reason="no-stream", error=Failure(words, code="no-stream"))


def run_path(run_id: str, team: bool) -> str:
    """Where the state of a run is asked for."""
    return f"/api/{'orchestrations' if team else 'agents'}/runs/{quote(run_id, safe='')}"


def _object(reply: Reply) -> Obj:
    try:
        return obj(clean(parse(reply.body.decode("utf-8", "replace"))))
    except ValueError:
        return {}
