"""What we ask for: prompts, answers to asks, HTTP calls, and what comes back. Requests are orders; no I/O here."""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal, TypeVar

from desktop.core.events import AnyEvent, Failure


@dataclass(frozen=True)
class Image:
    """A picture to send: its file name, MIME type and bytes."""

    name: str
    media: str
    data: bytes = field(repr=False)

    @cached_property
    def sha256(self) -> str:
        """The hash of its bytes, in hex; worked out once, since megabytes take a while."""
        return sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class Base64Image:
    """A picture in the JSON of a request: stands for the text `prefix` and the picture's base64.

    The text is made piece by piece while it goes out (`services.upload`). Made whole, that of a large photo holds the
    window for a tenth of a second and more."""

    image: Image
    prefix: str = ""

    def __len__(self) -> int:
        """Characters of the text; all are ASCII."""
        return len(self.prefix) + (len(self.image.data) + 2) // 3 * 4

    def __str__(self) -> str:
        return self.prefix + b"".join(self.pieces()).decode("ascii")

    def pieces(self, size: int = 48 * 1024) -> Iterator[bytes]:
        """The base64 in order, of `size` bytes of the picture each; `size` is a multiple of three."""
        data = memoryview(self.image.data)
        for at in range(0, len(data), size):
            yield b2a_base64(data[at : at + size], newline=False)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the person says in one turn."""

    text: str
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier message, for protocols whose client keeps the history. Failed turns are left out."""

    role: Literal["user", "assistant"]
    text: str
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True)
class Connection:
    """Where and how to reach an agent. `options` holds the protocol's own fields (see `Capabilities.fields`);
    no secret is ever in it."""

    protocol: str
    base_url: str
    agent: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def option(self, name: str, default: Any = None) -> Any:
        """The option's value, or `default` where it is unset or empty."""
        value = self.options.get(name)
        return default if value is None or value == "" else value


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the keyring holds for a connection. `extra` maps names of secret fields to values."""

    key: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __repr__(self) -> str:
        return "Secrets(…)"


@dataclass(frozen=True, slots=True)
class Talk:
    """What a run needs to know of its conversation: the server's session id, if there is one yet; a UUID that
    stays the same for the whole conversation; and the earlier turns, oldest first."""

    uuid: str
    session_id: str | None = None
    turns: tuple[Turn, ...] = ()
    state: Any = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A person's answer to an ask: `allow` for approvals, `choice`/`choices` where the protocol names them,
    `text` for questions, `args` if the arguments were edited, `note` for a reason. `shown` is the digest of what the
    person saw (see `arguments.ask_digest`); it stays here."""

    ask: str
    allow: bool | None = None
    choices: tuple[str, ...] = ()
    text: str | None = None
    args: Any = None
    note: str | None = None
    shown: str | None = None


@dataclass(frozen=True, slots=True)
class HttpCall:
    """One HTTP request. With `stream` its body is fed to the run as it comes; `fresh` wants a connection of its
    own. `url` is absolute; credentials are in `headers`, and in the body of a login. In `json` a
    picture is a `Base64Image`. `sends` is False where nothing
    of what the person said goes to the server: such a call does not count as the message's acceptance."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Any = field(default=None, repr=False)  # a login has the password in it
    stream: bool = False
    fresh: bool = False
    timeout: float | None = 30.0
    sends: bool = True


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. `status` is 0 if there was no answer at all; `failure` says why, for people. Header names
    are in lower case. `body` is empty for a streamed call, whose bytes went to the run."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Go on after `seconds`."""

    seconds: float


T = TypeVar("T")
#: A dialogue with a server, written as a generator: it yields calls, pauses and events, and is sent the reply to
#: each call (None for pauses and events). Pure, so a test plays the server by sending replies.
Steps = Generator[HttpCall | Wait | AnyEvent, Reply | None, T]


@dataclass(frozen=True, slots=True)
class Found:
    """What testing a connection found: one or two sentences for people, and values for the protocol's own fields
    (see `Capabilities.fields`) that the server told; the interface offers them where the person set none."""

    words: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AgentInfo:
    """One entry of a server's list of agents, models or teams."""

    id: str
    name: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class StoredSession:
    """One entry of a server's own list of sessions."""

    id: str
    title: str
    updated: str | None = None
