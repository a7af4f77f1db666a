"""Play the server in a dialogue: look at what a generator asks for, and say what comes back.

talk = Dialogue(run.steps(), run)
call = talk.asked("GET /info"); talk.says({"agent": ...})
call = talk.asked("POST /invoke/stream"); talk.streams("event: started\\ndata: {}\\n\\n")
assert talk.end.status == "completed"
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from desktop.core.adapters.run import Run
from desktop.core.events import AnyEvent, Failure, Notice, RunEnded, TextDelta, TextSet
from desktop.core.requests import HttpCall, Reply, Steps, Wait
from desktop.services.network.upload import written

SSE = {"content-type": "text/event-stream"}
JSON = {"content-type": "application/json"}


def wire_json(call: HttpCall) -> Any:
    """The JSON of a request as the server gets it."""
    return json.loads(b"".join(written(call.json).pieces()))


class Dialogue:
    """Drives `steps` up to the next call; `events` holds all that happened on the way, `waited` the pauses."""

    def __init__(self, steps: Steps[Any], run: Run | None = None) -> None:
        self._steps, self._run = steps, run
        self.events: list[AnyEvent] = []
        self.waited: list[float] = []
        self.call: HttpCall | None = None
        self.result: Any = None
        self._go(None)

    def asked(self, what: str) -> HttpCall:
        """The call that waits for a reply, which must be `what`: method, path and query."""
        assert self.call is not None, f"nothing is asked any more: {self.events}"
        parts = urlsplit(self.call.url)
        asked = f"{self.call.method} {parts.path}{'?' + parts.query if parts.query else ''}"
        assert asked == what
        return self.call

    def says(self, body: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """The server's whole answer."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        reply = Reply(status, headers or JSON, data)
        if self.call is not None and self.call.stream and self._run is not None:
            self._stream(status, reply.headers, data, None)
        else:
            self._go(reply)

    def streams(self, body: str, breaks: Failure | None = None) -> None:
        """The server streams, and ends or breaks off."""
        self._stream(200, SSE, body.encode(), breaks)

    def fails(self, code: str = "connect", text: str = "Nothing answers.") -> None:
        """Nothing comes back at all."""
        self._go(Reply(0, {}, b"", Failure(text, code=code)))

    @property
    def end(self) -> RunEnded:
        """How the run ended; nothing may be asked any more."""
        assert self.call is None, f"still asks for {self.call}"
        ends = [event for event in self.events if isinstance(event, RunEnded)]
        assert len(ends) == 1 and self.events[-1] is ends[0]
        return ends[0]

    @property
    def answer(self) -> str:
        """The answer as it stands, its parts joined by "|"."""
        parts: dict[str, str] = {}
        for event in self.events:
            if isinstance(event, TextDelta) and event.channel == "answer":
                parts[event.part] = parts.get(event.part, "") + event.text
            elif isinstance(event, TextSet) and event.channel == "answer":
                parts[event.part] = event.text
        return "|".join(text for text in parts.values() if text)

    @property
    def notices(self) -> list[str]:
        """The codes of the notices."""
        return [event.code or "" for event in self.events if isinstance(event, Notice)]

    def _stream(self, status: int, headers: dict[str, str], data: bytes, failure: Failure | None) -> None:
        run = self._run
        assert run is not None and self.call is not None and self.call.stream
        self.events += run.open(status, headers)
        self.events += run.feed(data)
        self.events += run.close()
        self._go(Reply(status, headers, run.body, failure))

    def _go(self, reply: Reply | None) -> None:
        self.call = None
        while True:
            try:
                step = self._steps.send(reply)
            except StopIteration as stop:
                self.result = stop.value
                return
            reply = None
            if isinstance(step, HttpCall):
                self.call = step
                return
            if isinstance(step, Wait):
                self.waited.append(step.seconds)
            else:
                self.events.append(step)
