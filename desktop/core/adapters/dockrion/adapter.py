"""Dockrion: one agent per server, streamed directly or followed as a background run.

The server knows no conversation and no approval; what the request holds is decided by the agent's author, so the
adapter reads the server's schema before the first message unless the connection names every field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from desktop.core.adapters.base import Adapter
from desktop.core.adapters.dockrion.input import InputMap, chosen
from desktop.core.adapters.dockrion.run import DockrionLookUp, DockrionRun
from desktop.core.adapters.dockrion.server import BEARER, PAGES, Server, Way, read_server
from desktop.core.adapters.run import Run
from desktop.core.adapters.words import said_by
from desktop.core.capabilities import PICTURES, Capabilities, Field
from desktop.core.errors import ConnectionFailed, NotSendable, SluiceError
from desktop.core.events import Failure
from desktop.core.language import mark, tr
from desktop.core.requests import Connection, Found, Prompt, Reply, Secrets, Steps, Talk

_NO_RUN = "00000000-0000-4000-8000-000000000000"  # asked for only to see whether the key is taken
_FIELDS = (
    Field("mode", "How the answer comes", "choice", "auto", ("auto", "direct", "background", "whole"),
          "direct: streamed on one connection. background: a run that can be rejoined. whole: not streamed.", True),
    Field("key_header", "Header of the key", default="X-API-Key", discovered=True,
          help="Authorization sends the key as a bearer token."),
    Field("text_field", "Field for the message", discovered=True,
          help="A field of the agent's input; “messages” sends the whole conversation."),
    Field("session_field", "Field for the conversation", discovered=True, help="none: each message stands alone."),
    Field("images_field", "Field for pictures", discovered=True, help="none: pictures are refused."),
    Field("extra", "Extra input", "json", help="A JSON object that is merged into every request."),
)  # fmt: skip
_FILTERED = mark(
    "The server's input filter refused the text. It also takes harmless words for an attack, such as “system:” "
    "or “ignore all instructions”. Change the wording and send again."
)


class DockrionAdapter(Adapter):
    """A Dockrion server, as its published runtime 0.0.3 speaks."""

    id = "dockrion"
    name = "Dockrion"
    can = Capabilities(
        needs=("base_url", "key"),
        auth="header:X-API-Key",
        history="client",
        session_from="us",
        images_in="data-url",
        media=PICTURES,
        reasoning="text",
        cancel="both",
        rejoin="sequence",
        workflow=True,
        default_url="http://127.0.0.1:8080",
        fields=_FIELDS,
    )

    def __init__(self, connection: Connection, secrets: Secrets | None = None) -> None:
        super().__init__(connection, secrets)
        self._server: Server | None = None

    def headers(self) -> dict[str, str]:
        """The key in the header that the connection names."""
        name = str(self.connection.option("key_header", "X-API-Key"))
        if not self.secrets.key or name.lower() == BEARER.lower():
            return super().headers()
        return {name: self.secrets.key}

    def run(self, prompt: Prompt, talk: Talk) -> Run:
        """A run in the way that the connection or the server names."""
        self.check_images(prompt)
        if prompt.images and (self._server is not None or self._told):
            self.input().check_images(prompt)
        return DockrionRun(self, prompt, talk, self.extra)

    def look_up(self, run_id: str | None, talk: Talk) -> Run | None:
        """Ask after a background run; a direct stream leaves nothing to ask for."""
        return DockrionLookUp(self, run_id, talk) if run_id else None

    def probe(self) -> Steps[Found]:
        """Read the server's public pages; try the key where that runs nothing."""
        server = yield from self.server(again=True)
        if isinstance(server, Failure):
            raise ConnectionFailed(server.text)
        if not server.known:
            raise SluiceError(
                tr("Something answers there, but it is no Dockrion agent. Check the address and the port.")
            )
        ready: Reply | None = yield self.call("GET", "ready")
        if ready is not None and ready.status == 503:
            raise SluiceError(tr("The agent is still loading. Try again in a while."))
        words = [server.words(), *self._missing_words(server)]
        words += yield from self._try_key(server)
        return Found(" ".join(words), server.options())

    def failure_of(self, reply: Reply) -> Failure:
        """The words of an HTTP error; the input filter's refusal comes under several of them."""
        failure = super().failure_of(reply)
        if "prompt injection" in said_by(reply).lower():
            return replace(failure, text=tr(_FILTERED), code="filter")
        return failure

    # ---- for its runs

    def server(self, again: bool = False) -> Steps[Server | Failure]:
        """What the server tells of its agent, asked once; a failure if it cannot be reached."""
        if self._server is None or again:
            pages: dict[str, Reply] = {}
            for page in PAGES:
                reply = yield self.call("GET", page, sends=False)
                if reply is None or reply.status == 0:
                    unknown = Failure(tr("The server did not answer."), code="network")
                    return reply.failure or unknown if reply else unknown
                pages[page] = reply
            self._server = read_server(pages)
        return self._server

    def must_ask(self) -> bool:
        """Whether the server has to be asked before a run."""
        return self._server is None and not self._told

    def input(self) -> InputMap:
        """The fields to fill, as found and as set."""
        found = self._server.input if self._server is not None else InputMap(declared=self._told)
        return chosen(found, self.connection)

    def way(self) -> Way:
        """How to run the agent, as set or as found."""
        match self.connection.option("mode", "auto"):
            case "direct":
                return "direct"
            case "background":
                return "background"
            case "whole":
                return "whole"
        return self._server.way if self._server is not None else "direct"

    @property
    def agent_name(self) -> str | None:
        """What the server calls its agent, if it was asked."""
        return self._server.name or None if self._server is not None else None

    @property
    def extra(self) -> Mapping[str, Any]:
        """What is merged into every request. Raises NotSendable if it is no object."""
        extra = self.connection.option("extra", {})
        if not isinstance(extra, dict):
            raise NotSendable(tr("The extra input of this connection is no JSON object."))
        return extra

    # ---- inside

    @property
    def _told(self) -> bool:
        """Whether the connection itself says all that a run needs."""
        mode = self.connection.option("mode", "auto")
        fields = ("text_field", "session_field", "images_field")
        return mode != "auto" and all(self.connection.option(name) for name in fields)

    def _missing_words(self, server: Server) -> list[str]:
        missing = chosen(server.input, self.connection).missing(self.extra)
        return (
            [tr("It also needs {fields}: add them under “Extra input”.", fields=", ".join(missing))] if missing else []
        )

    def _try_key(self, server: Server) -> Steps[list[str]]:
        """Words on the key. Only the address of a run that cannot exist wants a key and runs nothing."""
        if not server.wants_key:
            return [tr("It asks for no key.")]
        if not self.secrets.key:
            return [tr("It asks for a key, and none is set.")]
        if not server.offers("/runs"):
            return [tr("Whether it takes the key shows with the first message.")]
        reply = yield self.call("GET", f"runs/{_NO_RUN}")
        if reply is not None and reply.status in (401, 403):
            raise SluiceError(self.failure_of(reply).text)
        return [tr("It takes the key.")]
