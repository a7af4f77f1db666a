"""What every protocol's adapter stands on. It knows one connection, makes a `Run` for each turn, and does no I/O."""

from __future__ import annotations

from typing import Any, ClassVar

from desktop.core.adapters.run import Run
from desktop.core.adapters.words import failure_of, size_words
from desktop.core.capabilities import Capabilities
from desktop.core.errors import NotSendable
from desktop.core.events import (
    Failure,
)
from desktop.core.language import tr
from desktop.core.requests import (
    AgentInfo,
    Connection,
    Found,
    HttpCall,
    Prompt,
    Reply,
    Secrets,
    Steps,
    StoredSession,
    Talk,
    Turn,
)


class Adapter:
    """One connection in one protocol. `id` is the protocol's name outside, `name` what people call it."""

    id: ClassVar[str]
    name: ClassVar[str]
    can: ClassVar[Capabilities]

    def __init__(self, connection: Connection, secrets: Secrets | None = None) -> None:
        self.connection = connection
        self.secrets = secrets or Secrets()

    # ---- what a protocol writes

    def headers(self) -> dict[str, str]:
        """The headers of every request; a bearer key where there is one."""
        return {"Authorization": f"Bearer {self.secrets.key}"} if self.secrets.key else {}

    def run(self, prompt: Prompt, talk: Talk) -> Run:
        """A new run for this prompt. Raises NotSendable if it cannot go to this agent."""
        raise NotImplementedError

    def probe(self) -> Steps[Found]:
        """Test the connection without running the agent. Returns words on what was found, with the option values
        that the server told; raises `SluiceError` with words for people."""
        yield from ()
        raise NotImplementedError

    def agents(self) -> Steps[tuple[AgentInfo, ...]]:
        """The agents (or models) that the server lists."""
        yield from ()
        return ()

    def look_up(self, run_id: str | None, talk: Talk) -> Run | None:
        """A run that asks the server what became of an earlier one, or None where it cannot be asked."""
        return None

    def sessions(self) -> Steps[tuple[StoredSession, ...]]:
        """The server's own list of sessions, newest first."""
        yield from ()
        return ()

    def load_session(self, session_id: str) -> Steps[tuple[Turn, ...]]:
        """The messages of one of the server's sessions, oldest first."""
        yield from ()
        return ()

    # ---- help for protocols

    def url(self, path: str) -> str:
        """An absolute address: the connection's base and `path`, with one slash between."""
        return self.connection.base_url.rstrip("/") + "/" + path.lstrip("/")

    def call(self, method: str, path: str, json: Any = None, **more: Any) -> HttpCall:
        """A plain request under the base address."""
        return HttpCall(method, self.url(path), {**self.headers(), "Accept": "application/json"}, json, **more)

    def stream(self, path: str, json: Any = None, method: str = "POST") -> HttpCall:
        """A request whose answer streams; no time limit between bytes."""
        headers = {**self.headers(), "Accept": "text/event-stream"}
        return HttpCall(method, self.url(path), headers, json, stream=True, timeout=None)

    def failure_of(self, reply: Reply) -> Failure:
        """The words of an HTTP error."""
        return failure_of(reply)

    def check_images(self, prompt: Prompt) -> None:
        """Raises NotSendable, with the reason, if the prompt's pictures cannot go to this agent."""
        if not prompt.images:
            return
        if self.can.images_in == "none":
            raise NotSendable(tr("This agent takes no pictures. Remove them to send the text."))
        for image in prompt.images:
            if self.can.media and image.media not in self.can.media:
                raise NotSendable(
                    tr("This agent takes no pictures of the type {media}: {name}", media=image.media, name=image.name)
                )
            if self.can.max_bytes and len(image.data) > self.can.max_bytes:
                limit = size_words(self.can.max_bytes)
                raise NotSendable(
                    tr("The picture {name} is larger than this agent's limit of {limit}.", name=image.name, limit=limit)
                )
