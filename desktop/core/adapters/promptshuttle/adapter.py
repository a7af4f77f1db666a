"""PromptShuttle: one POST in OpenAI's shape to a hosted service, answered by a stream of events.

This file holds the connection and its requests; `promptshuttle_stream` reads what comes back. The service keeps no
conversation, so every request carries it all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import urlsplit

from desktop.core.adapters import chat
from desktop.core.adapters.base import Adapter
from desktop.core.adapters.promptshuttle.stream import PromptShuttleStream
from desktop.core.adapters.run import Run
from desktop.core.adapters.words import message_in
from desktop.core.capabilities import PICTURES, Capabilities, Field
from desktop.core.errors import ConnectionFailed
from desktop.core.events import Failure, RunEnded
from desktop.core.language import tr
from desktop.core.requests import Connection, Found, HttpCall, Prompt, Reply, Secrets, Steps, Talk
from desktop.core.wire.jsontext import clean, parse

_ENDPOINT = "/chat/completions"
_PREFIX = "/api/v1"  # of the hosted service; tried where the address has no path of its own
_ALWAYS = ("requestCompleted", "requestFailed", "error")  # a filter without them would hide the end
_PLAIN = ("temperature", "top_p", "max_tokens", "seed", "user", "x_log_level")


class PromptShuttleRun(PromptShuttleStream):
    """One turn."""

    adapter: PromptShuttleAdapter

    def request(self) -> HttpCall:
        """The POST with the whole conversation."""
        adapter, option = self.adapter, self.adapter.connection.option
        said = chat.messages(self.talk.turns, self.prompt)
        if system := option("system"):
            said.insert(0, {"role": "system", "content": system})
        body: dict[str, Any] = {"model": adapter.model} if adapter.model else {}  # the service says what it lacks
        body |= {"messages": said, "stream": bool(option("stream", True))}
        if body["stream"]:
            body["stream_options"] = adapter.stream_options()
        body.update({name: value for name in _PLAIN if (value := option(name)) is not None})
        body.update(adapter.object_option("extra"))
        return adapter.stream(_ENDPOINT, body)

    def script(self) -> Steps[None]:
        """One request; a second under the service's own prefix if the bare address has nothing."""
        reply = yield self.request()
        if reply is not None and self.adapter.lacks_prefix(Reply(reply.status, reply.headers, self.body or reply.body)):
            self.adapter.prefix = _PREFIX
            reply = yield self.request()
            if reply is None or reply.status in (0, 404):
                self.adapter.prefix = ""
        yield from self.settle(reply)

    def settle(self, reply: Reply | None) -> Steps[None]:
        """As usual, but a refusal of pictures says what it may be."""
        if reply is not None and reply.status == 400 and self.prompt.images:
            failure = self.adapter.failure_of(reply)
            words = f"{failure.text} {tr('The model or the service may not take pictures.')}"
            yield RunEnded(status="failed", reason="http", error=replace(failure, text=words))
            return
        yield from super().settle(reply)


class PromptShuttleAdapter(Adapter):
    """One account and model of the service."""

    id = "promptshuttle"
    name = "PromptShuttle"
    can: ClassVar[Capabilities] = Capabilities(
        transport="http-sse",
        needs=("base_url", "key", "model"),
        auth="bearer",
        history="client",
        images_in="data-url",
        media=PICTURES,
        reasoning="text",
        cancel="close",
        usage=True,
        cost=True,
        delegation=True,
        workflow=True,
        ends_with="frame",
        default_url="https://app.promptshuttle.com/api/v1",
        fields=(
            Field("system", "System prompt", help="Goes before the conversation."),
            Field("stream", "Stream", kind="bool", default=True, help="Without it the answer comes whole."),
            Field("include_usage", "Ask for figures", kind="bool", default=True),
            Field("usage_interval_ms", "Figures every (ms)", kind="number", default=3000),
            Field("heartbeat_interval_ms", "Signs of life every (ms)", kind="number", default=15000),
            Field("event_types", "Only these events", help="Names, with commas. Empty: all. The ends always come."),
            Field("temperature", "Temperature", kind="number"),
            Field("top_p", "Top p", kind="number"),
            Field("max_tokens", "Longest answer (tokens)", kind="number"),
            Field("seed", "Seed", kind="number"),
            Field("user", "User", help="Sent along for the provider."),
            Field("customer_id", "Customer", help="Whom the service books the cost to."),
            Field("debug_url", "Tag", help="A tag for the service's log."),
            Field("x_log_level", "Log level"),
            Field("extra", "More of the request", kind="json", help="Merged into the request, such as tools."),
        ),
    )

    def __init__(self, connection: Connection, secrets: Secrets | None = None) -> None:
        super().__init__(connection, secrets)
        self.prefix = ""

    @property
    def model(self) -> str:
        """The model's name, `provider/model`."""
        return str(self.connection.agent or self.connection.option("model", ""))

    def headers(self) -> dict[str, str]:
        """The key, and the optional attribution headers."""
        option = self.connection.option
        named = {"X-Shuttle-Customer-Id": option("customer_id"), "X-Shuttle-Debug-Url": option("debug_url")}
        return {**super().headers(), **{name: str(value) for name, value in named.items() if value}}

    def url(self, path: str) -> str:
        """As usual; an address that already names the endpoint is taken as it was meant."""
        base = self.connection.base_url.rstrip("/").removesuffix(_ENDPOINT)
        return base + self.prefix + "/" + path.lstrip("/")

    def run(self, prompt: Prompt, talk: Talk) -> Run:
        """A turn."""
        self.check_images(prompt)
        return PromptShuttleRun(self, prompt, talk)

    def stream_options(self) -> dict[str, Any]:
        """What the stream is asked to carry. Without a filter no names are sent: a wrong one could hide the answer."""
        option = self.connection.option
        options: dict[str, Any] = {
            "include_usage": bool(option("include_usage", True)),
            "usage_interval_ms": int(option("usage_interval_ms", 3000)),
            "heartbeat_interval_ms": int(option("heartbeat_interval_ms", 15000)),
        }
        wanted = option("event_types", ())
        names = wanted.replace(",", " ").split() if isinstance(wanted, str) else [str(name) for name in wanted]
        if names:
            options["event_types"] = list(dict.fromkeys([*names, *_ALWAYS]))
        return options

    def object_option(self, name: str) -> dict[str, Any]:
        """An option that is a JSON object, given as one or as its text."""
        value = self.connection.option(name, {})
        if isinstance(value, str):
            value = parse(value)
        return dict(value) if isinstance(value, Mapping) else {}

    def lacks_prefix(self, reply: Reply) -> bool:
        """Whether the address is a bare host that has nothing there."""
        bare = urlsplit(self.connection.base_url).path in ("", "/") and not self.prefix
        return reply.status == 404 and bare

    def failure_of(self, reply: Reply) -> Failure:
        """As usual, with the fields that a problem object names."""
        failure = super().failure_of(reply)
        try:
            data = clean(parse(reply.body.decode("utf-8", "replace")))
        except ValueError:
            return failure
        errors = data.get("errors") if isinstance(data, dict) else None
        said = [message_in(value) for value in errors.values()] if isinstance(errors, dict) else []
        details = "; ".join(filter(None, said))[:300]
        return replace(failure, text=f"{failure.text} {details}") if details else failure

    def probe(self) -> Steps[Found]:
        """Reads the newest entries of the log, which needs the key and runs nothing."""
        reply = yield self.call("GET", "/llm-logs?rootOnly=true")
        if reply is not None and self.lacks_prefix(reply):
            self.prefix = _PREFIX
            reply = yield self.call("GET", "/llm-logs?rootOnly=true")
        if reply is not None and 200 <= reply.status < 300:
            return Found(tr("The service answers and takes the key."))
        if reply is not None and reply.status == 404:
            return Found(tr("A server answers, but has no log to try the key on. The first message will tell."))
        raise ConnectionFailed(self.failure_of(reply or Reply(0)).text)
