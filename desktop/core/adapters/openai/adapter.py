"""OpenAI-compatible chat completions: bare models, local or behind a gateway. The client keeps the history."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from desktop.core.adapters.base import Adapter
from desktop.core.adapters.chat import messages
from desktop.core.adapters.openai.chunks import Calls, Files, Texts, sources, usage_of
from desktop.core.adapters.openai.words import MODEL_LIST, OTHER_PLACE, plain_words, what_it_is
from desktop.core.adapters.run import Events, Run
from desktop.core.adapters.words import message_in, with_said
from desktop.core.capabilities import PICTURES, Capabilities, Field
from desktop.core.errors import ConnectionFailed, NotSendable, SluiceError
from desktop.core.events import AnyEvent, Failure, Notice, RunEnded, RunStarted, RunStatus, Usage
from desktop.core.language import mark, tr, trn
from desktop.core.requests import AgentInfo, Connection, Found, Prompt, Reply, Secrets, Steps, Talk
from desktop.core.wire.frames import Frame
from desktop.core.wire.jsontext import clean, parse

_FIELDS = (
    Field("system", "System prompt", help="Comes before every conversation."),
    Field("temperature", "Temperature", "number", help="Empty: the server's own."),
    Field("max_tokens", "Longest answer, in tokens", "number", help="Empty: the server's own."),
    Field("include_usage", "Ask for token counts", "bool", True,
          help="Switch off for servers that do not know stream_options."),
    Field("extra", "Extra request fields", "json", help="A JSON object that is merged into every request."),
)  # fmt: skip
_ENDS: dict[str, RunStatus] = {
    "length": "limit",
    "max_tokens": "limit",
    "tool_calls": "calls",
    "function_call": "calls",
    "content_filter": "refused",
    "error": "failed",
}
_END_WORDS: dict[RunStatus, str] = {
    "limit": mark("The answer is unfinished: it reached the limit of its length, in tokens."),
    "calls": mark("Unfinished: the model wants its caller to run tools, which Sluice does not do."),
    "refused": mark("The provider's content filter stopped the answer."),
    "failed": mark("The model's server broke off the answer without a reason."),
}
_KNOWN = frozenset({"choices", "usage", "error", "id", "object"})


class OpenAIRun(Run):
    """One request to `chat/completions`."""

    adapter: OpenAIAdapter

    def __init__(self, adapter: OpenAIAdapter, prompt: Prompt, talk: Talk, extra: dict[str, Any]) -> None:
        super().__init__(adapter, prompt, talk)
        self._extra = extra
        self._texts, self._calls, self._files = Texts(), Calls(), Files()
        self._begun = False
        self._finish = ""
        self._done = False
        self._usage: Usage | None = None
        self._guessed = False
        self._anything = False

    def script(self) -> Steps[None]:
        """Ask for the list of models if none was chosen, then send the conversation."""
        model = self.adapter.connection.agent
        if not model:
            listed = yield from self.adapter.models()
            if isinstance(listed, Failure) and listed.http is None:
                yield RunEnded(status="failed", reason=listed.code, error=listed)
                return
            model = listed[0].id if not isinstance(listed, Failure) and listed else None
            self._guessed = not isinstance(listed, Failure) and len(listed) > 1
        reply = yield self.adapter.stream("chat/completions", self._body(model))
        yield from self.settle(reply)

    def settle(self, reply: Reply | None) -> Steps[None]:
        """A body that breaks after its last word is whole."""
        if reply is not None and reply.failure is not None and self._finish:
            yield from self.on_end()
        yield from super().settle(reply)

    def _body(self, model: str | None) -> dict[str, Any]:
        option = self.adapter.connection.option
        body: dict[str, Any] = {"model": model} if model else {}
        system = option("system")
        first = [{"role": "system", "content": system}] if system else []
        body |= {"messages": [*first, *messages(self.talk.turns, self.prompt)], "stream": True}
        if option("include_usage", True):
            body["stream_options"] = {"include_usage": True}
        for name in ("temperature", "max_tokens"):
            if option(name) is not None:
                body[name] = option(name)
        return {**body, **self._extra}

    # ---- frames

    def on_frame(self, frame: Frame) -> Events:
        """The events of one chunk; the mark `[DONE]` ends the run."""
        if frame.data.strip() == "[DONE]":
            self._done = True
            return self.on_end()
        return self._chunk(parse(frame.data))

    def on_whole(self, data: Any) -> Events:
        """An answer that was not streamed has the same parts, under `message`."""
        if isinstance(data, dict) and (data.get("choices") or data.get("error")):
            self._done = True
            events = self._chunk(data)
            return events if data.get("error") else [*events, *self.on_end()]
        words = what_it_is(data)
        if words is None:
            return super().on_whole(data)
        return [RunEnded(status="failed", reason="no-stream", error=Failure(words, code="no-stream"))]

    def on_end(self) -> list[AnyEvent]:
        """`[DONE]`, or the body's end; that alone is a cut unless the model said why it finished."""
        events = [*self._texts.close(), *self._files.close(self._sound())]
        self._anything = self._anything or bool(events)
        status = _ENDS.get(self._finish, "completed")
        if self._texts.refused:
            status = "refused"
        elif self._calls and status == "completed":
            status = "calls"  # some servers say "stop" for it
        if not self._finish and not self._done:
            return [*events, RunEnded(status="cut", reason="no-end")]
        if status == "completed" and not self._anything:
            events.append(Notice(text=tr("The model sent an empty answer."), code="empty"))
        return [*events, self._ending(status)]

    def _ending(self, status: RunStatus) -> RunEnded:
        words = "" if self._texts.refused else _END_WORDS.get(status, "")
        failure = Failure(tr(words), code=self._finish) if words else None
        return RunEnded(status=status, reason=None if status == "completed" else self._finish, error=failure)

    def _chunk(self, data: dict[str, Any]) -> list[AnyEvent]:
        if not _KNOWN & data.keys():
            raise ValueError("no chunk of a chat completion")
        out = self._start(data)
        for choice in data.get("choices") or ():
            out += self._choice(choice)
        if isinstance(data.get("usage"), dict):
            out += self._figures(data["usage"])
        if data.get("error"):
            out.append(self._failed(data["error"]))
        return out

    def _start(self, data: dict[str, Any]) -> list[AnyEvent]:
        if self._begun or (data.get("error") and not data.get("choices")):
            return []
        self._begun = True
        model = data.get("model") if isinstance(data.get("model"), str) else None
        started: list[AnyEvent] = [RunStarted(model=model)]
        if self._guessed:
            words = tr("No model was chosen, so the first of the server's list answers: {model}.", model=model)
            started.append(Notice(text=words, code="model"))
        return started

    def _choice(self, choice: dict[str, Any]) -> list[AnyEvent]:
        part = str(choice.get("index", 0))
        delta = choice.get("delta") or choice.get("message") or {"content": choice.get("text")}
        out: list[AnyEvent] = [*self._texts.events(part, delta), *self._files.events(part, delta)]
        out += sources(delta, part)
        old = delta.get("function_call")
        out += self._calls.events(delta.get("tool_calls") or ([{"function": old}] if old else None))
        self._anything = self._anything or bool(out)
        finish = choice.get("finish_reason")
        self._finish = finish if isinstance(finish, str) and finish else self._finish
        return out

    def _figures(self, data: dict[str, Any]) -> list[AnyEvent]:
        """Some servers repeat the figures in every chunk."""
        usage = usage_of(data)
        changed, self._usage = usage != self._usage, usage
        return [usage] if changed and usage != Usage() else []

    def _failed(self, error: Any) -> RunEnded:
        said = message_in(error) or tr("no reason was given")
        code = error.get("code") or error.get("type") if isinstance(error, dict) else None
        words = plain_words(error) or with_said(tr("The model's server failed."), said)
        failure = Failure(words, code=None if code is None else str(code))
        return RunEnded(status="failed", reason="server", error=failure)

    def _sound(self) -> str:
        audio = self._extra.get("audio")
        return str(audio.get("format", "wav")) if isinstance(audio, dict) else "wav"


class OpenAIAdapter(Adapter):
    """A server that speaks OpenAI's Chat Completions. The agent of its connection is the model's name."""

    id = "openai"
    name = mark("OpenAI-compatible")
    can = Capabilities(
        needs=("base_url", "key", "agent"),
        auth="bearer",
        list_agents=True,
        history="client",
        images_in="data-url",
        media=PICTURES,
        reasoning="text",
        cancel="close",
        stops_server=True,
        usage=True,
        cost=True,
        tools_run_on="client",
        sources=True,
        files_out=True,
        ends_with="done-mark",
        default_url="http://127.0.0.1:8080/v1",
        fields=_FIELDS,
    )

    def __init__(self, connection: Connection, secrets: Secrets | None = None) -> None:
        super().__init__(connection, secrets)
        self._models: tuple[AgentInfo, ...] | None = None

    def url(self, path: str) -> str:
        """An address under the base. A base without any path means the usual `/v1`; one that was copied with the
        last part of the address is taken without it."""
        base = self.connection.base_url.rstrip("/").removesuffix("/chat/completions")
        if not urlsplit(base).path:
            base += "/v1"
        return f"{base}/{path}"

    def run(self, prompt: Prompt, talk: Talk) -> Run:
        """One turn; the request carries all earlier ones."""
        self.check_images(prompt)
        return OpenAIRun(self, prompt, talk, self.extra)

    def probe(self) -> Steps[Found]:
        """Ask for the list of models, which costs nothing and checks the key."""
        listed = yield from self.models(again=True)
        if isinstance(listed, Failure):
            raise SluiceError(listed.text) if listed.http else ConnectionFailed(listed.text)
        if not listed:
            return Found(tr("The server answers, but lists no models. Type the model's name."))
        names = ", ".join(model.id for model in listed[:5]) + (" …" if len(listed) > 5 else "")
        words = trn(
            "The server answers. It lists {n} model: {names}.",
            "The server answers. It lists {n} models: {names}.",
            len(listed),
            names=names,
        )
        wanted = self.connection.agent
        if wanted and all(model.id != wanted for model in listed):
            words = f"{words} {tr('The model {model} is not among them.', model=wanted)}"
        return Found(words)

    def agents(self) -> Steps[tuple[AgentInfo, ...]]:
        """The models that the server lists."""
        listed = yield from self.models(again=True)
        if isinstance(listed, Failure):
            raise SluiceError(listed.text)
        return listed

    def failure_of(self, reply: Reply) -> Failure:
        """The words of an HTTP error, in plain language for those that a person can do something about."""
        failure = super().failure_of(reply)
        words = plain_words(_json(reply).get("error"))
        if words:
            return replace(failure, text=words)
        if reply.status == 404 and not self.url("").endswith("/v1/"):
            return replace(failure, text=f"{failure.text.rstrip('.')}. {tr(OTHER_PLACE)}")
        return failure

    # ---- for its runs

    def models(self, again: bool = False) -> Steps[tuple[AgentInfo, ...] | Failure]:
        """The list of models, asked once; a failure if it cannot be had."""
        if self._models is None or again:
            reply = yield self.call("GET", "models", sends=False)
            assert reply is not None
            if reply.status == 0 or reply.status >= 400:
                return self.failure_of(reply)
            data = _json(reply)
            if not any(key in data for key in MODEL_LIST):
                words = tr("The server sent something that is no list of models. The address may be wrong.")
                return Failure(words, code="no-list", http=reply.status)
            self._models = tuple(_listed(data))
        return self._models

    @property
    def extra(self) -> dict[str, Any]:
        """What is merged into every request. Raises NotSendable if it is no object."""
        extra = self.connection.option("extra", {})
        if not isinstance(extra, dict):
            raise NotSendable(tr("The extra request fields of this connection are no JSON object."))
        return extra


def _listed(data: dict[str, Any]) -> list[AgentInfo]:
    entries: list[Any] = next((data[key] for key in MODEL_LIST if isinstance(data.get(key), list)), [])
    names = [(e.get("id") or e.get("name"), e.get("owned_by")) if isinstance(e, dict) else (e, "") for e in entries]
    return [AgentInfo(str(name), str(name), str(owner or "")) for name, owner in names if name]


def _json(reply: Reply) -> dict[str, Any]:
    """The reply's object; a bare list counts as the list of models."""
    try:
        data = clean(parse(reply.body.decode("utf-8", "replace")))
    except ValueError:
        return {}
    if isinstance(data, list):
        return {MODEL_LIST[0]: data}
    return data if isinstance(data, dict) else {}
