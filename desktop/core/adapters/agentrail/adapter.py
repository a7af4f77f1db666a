"""Agentrail: a POST whose body streams until the run is over, and the answers to what it asks on the side.

This file holds the connection and its requests; `agentrail_stream` reads what comes back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from desktop.core.adapters.agentrail.asks import is_json, respond_words
from desktop.core.adapters.agentrail.shapes import attachments, text_in
from desktop.core.adapters.agentrail.stream import AgentrailStream
from desktop.core.adapters.base import Adapter
from desktop.core.adapters.run import Events, Run
from desktop.core.adapters.words import first_text, message_in
from desktop.core.capabilities import PICTURES, Capabilities, Field
from desktop.core.errors import ConnectionFailed, NotSendable
from desktop.core.events import AskClosed, Failure, RunEnded, TextSet
from desktop.core.language import tr
from desktop.core.requests import Answer, Connection, Found, HttpCall, Prompt, Reply, Secrets, Steps, Talk, Turn
from desktop.core.wire.jsontext import clean, parse

_PATH = "/api/stream"
_OTHER_PATH = "/stream"  # where an app mounted at the root has it
_RESPOND = "/api/sessions/{sessionId}/respond"
_ANSWERS = ("text", "content", "output", "outputText", "answer", "response", "result", "message")


class AgentrailRun(AgentrailStream):
    """One turn: its request, and the second requests that answer what it asks."""

    adapter: AgentrailAdapter

    def request(self) -> HttpCall:
        """The POST; `sessionId` only once the server gave one."""
        adapter, prompt = self.adapter, self.prompt
        body: dict[str, Any] = {"message": prompt.text, "tenantId": adapter.tenant, "userId": adapter.user}
        more = {
            "agentId": adapter.connection.agent,
            "sessionId": self.talk.session_id,
            "mode": adapter.connection.option("mode"),
            "attachments": list(attachments(prompt.images)),
        }
        body.update({name: value for name, value in more.items() if value})
        return adapter.stream(adapter.stream_path, body)

    def script(self) -> Steps[None]:
        """One request; a second on the other path if the first is no route of this host."""
        reply = yield self.request()
        if reply is not None and self.adapter.no_route(Reply(reply.status, reply.headers, self.body or reply.body)):
            before, self.adapter.stream_path = self.adapter.stream_path, _OTHER_PATH
            reply = yield self.request()
            if reply is None or reply.status in (0, 404):
                self.adapter.stream_path = before
        yield from self.settle(reply)

    def settle(self, reply: Reply | None) -> Steps[None]:
        """As usual, but a failure over pictures says what it may be."""
        if reply is not None and reply.status == 500 and self.prompt.images:
            words = tr("The server failed while taking the picture. It may have no folder for attachments.")
            yield RunEnded(status="failed", reason="http", error=Failure(words, code="http", http=500))
            return
        yield from super().settle(reply)

    def answer(self, answer: Answer) -> Steps[str | None]:
        """The second request. The stream then says what became of a permission; of a question it says nothing."""
        ask = self._asks.known.get(answer.ask)
        if ask is None or answer.ask not in self.open_asks:
            return tr("This request is no longer open. Nothing was sent.")
        if not self.session_id:
            return tr("The server named no session, so the answer has nowhere to go. Nothing was sent.")
        body = self._asks.decide(ask, answer)
        if body is None:
            return tr("There is no answer yet. Nothing was sent.")
        reply = yield self.adapter.call("POST", self.adapter.respond_path(self.session_id), body)
        if reply is None or not 200 <= reply.status < 300:
            self._asks.undecide(ask)
            return respond_words(reply or Reply(0), self.adapter.failure_of)
        if ask.type == "question" and ask.ask in self.open_asks:
            yield AskClosed(path=ask.path, ask=ask.ask, how="answered", answer=body["answer"])
        return None

    def on_whole(self, data: Any) -> Events:
        """The unstreamed form, whose shape was never seen; anything else is named."""
        if not isinstance(data, dict):
            return [self._no_stream()]
        if data.get("error"):
            words = tr("The server answered with an error: {error}", error=message_in(data))
            return [RunEnded(status="failed", reason="error", error=Failure(words, code="error"))]
        if text := _whole_answer(data):
            return [TextSet(text=text), RunEnded(status="completed")]
        if data.get("ok") is True:
            words = tr("The server only confirmed a request. That is the answer to a decision, not an agent's answer.")
            return [RunEnded(status="failed", reason="no-stream", error=Failure(words, code="no-stream"))]
        return [self._no_stream()]


def _whole_answer(data: dict[str, Any]) -> str:
    """The answer in a whole run's JSON: a text under a usual name, or the last assistant's message."""
    messages = data.get("messages")
    if isinstance(messages, list):
        said = [text_in(m.get("content")) for m in messages if isinstance(m, dict) and m.get("role") == "assistant"]
        return next(filter(None, reversed(said)), "")
    message = data.get("message")
    return first_text(data, _ANSWERS) or (text_in(message.get("content")) if isinstance(message, dict) else "")


class AgentrailAdapter(Adapter):
    """One Agentrail host. `stream_path` is remembered when another one than the configured turned out right."""

    id = "agentrail"
    name = "Agentrail"
    can: ClassVar[Capabilities] = Capabilities(
        transport="http-ndjson",
        needs=("base_url", "agent", "tenant", "user"),
        auth="bearer",
        history="server",
        session_from="header:X-Session-Id",
        load_session=True,
        images_in="base64-json",
        media=PICTURES,
        files_in="base64-json",
        reasoning="text",
        asks=("approve", "question"),
        ask_reply="side-call",
        cancel="close",
        stops_server=True,
        usage=True,
        cost=True,
        context=True,
        delegation=True,
        workflow=True,
        ends_with="eof",
        default_url="http://localhost:3000",
        fields=(
            Field("tenant", "Tenant", default="default", help="The server wants one with every message."),
            Field("user", "User", help="Who you are to the server. Left empty, an id is made for this connection."),
            Field("mode", "Mode", help="A way of working that some servers know, such as deep research."),
            Field("stream_path", "Path of the stream", default=_PATH, discovered=True),
            Field("respond_path", "Path for answers", default=_RESPOND, help="{sessionId} stands for the session."),
            Field("headers", "Extra headers", kind="json", help="For a gateway before the server. No secrets."),
        ),
    )

    def __init__(self, connection: Connection, secrets: Secrets | None = None) -> None:
        super().__init__(connection, secrets)
        self.stream_path: str = connection.option("stream_path", _PATH)

    @property
    def tenant(self) -> str:
        """The `tenantId` of every request; the server refuses those without."""
        return str(self.connection.option("tenant", "default"))

    @property
    def user(self) -> str:
        """The `userId` of every request: as set, else a UUID that stays the same for this connection."""
        connection = self.connection
        made = uuid5(NAMESPACE_URL, f"sluice:{connection.base_url}:{self.tenant}")
        return str(connection.option("user", made))

    def headers(self) -> dict[str, str]:
        """The key, where there is one, and the connection's extra headers."""
        extra = self.connection.option("headers", {})
        if isinstance(extra, str):
            extra = parse(extra)
        named = extra if isinstance(extra, Mapping) else {}
        return {**{str(name): str(value) for name, value in named.items()}, **super().headers()}

    def run(self, prompt: Prompt, talk: Talk) -> Run:
        """A turn. A message without text needs a picture."""
        self.check_images(prompt)
        if not prompt.text.strip() and not prompt.images:
            raise NotSendable(tr("Write a message first."))
        return AgentrailRun(self, prompt, talk)

    def respond_path(self, session: str) -> str:
        """Where answers for this session go."""
        path: str = self.connection.option("respond_path", _RESPOND)
        return path.replace("{sessionId}", quote(session, safe=""))

    def no_route(self, reply: Reply) -> bool:
        """Whether the host has nothing at the stream path, and the other path is worth a try."""
        return reply.status == 404 and not is_json(reply.body) and self.stream_path.rstrip("/") != _OTHER_PATH

    def probe(self) -> Steps[Found]:
        """Asks for the health page, then sends the route an empty request, which it refuses without running."""
        health = yield self.call("GET", "/health")
        if health is None or health.status == 0:
            raise ConnectionFailed(self.failure_of(health or Reply(0)).text)
        for path in dict.fromkeys((self.stream_path, _OTHER_PATH)):
            reply = yield self.call("POST", path, {})
            if reply is not None and reply.status == 400 and is_json(reply.body):
                self.stream_path = path
                well = tr("An Agentrail server answers at {path}.", path=path)
                well = well if health.status < 300 else f"{well} {tr('Its health page is switched off.')}"
                return Found(well, {"stream_path": path})
            if reply is not None and reply.status in (401, 403):
                raise ConnectionFailed(self.failure_of(reply).text)
        raise ConnectionFailed(
            tr("A server answers, but it has no stream of Agentrail's. Check the path of the stream.")
        )

    def load_session(self, session_id: str) -> Steps[tuple[Turn, ...]]:
        """The messages of a session; hosts without that route give none."""
        session, tenant = quote(session_id, safe=""), quote(self.tenant, safe="")
        reply = yield self.call("GET", f"/api/sessions/{session}/messages?tenantId={tenant}")
        if reply is None or reply.status != 200:
            raise ConnectionFailed(self.failure_of(reply or Reply(0)).text)
        messages = clean(parse(reply.body.decode("utf-8", "replace"))).get("messages", ())
        return tuple(turn for message in messages if (turn := _turn(message)) is not None)


def _turn(message: Any) -> Turn | None:
    """What a person or the agent said; the results of tools are left out."""
    if not isinstance(message, dict) or message.get("role") not in ("user", "assistant"):
        return None
    text = text_in(message.get("content"))
    return Turn(message["role"], text) if text else None
