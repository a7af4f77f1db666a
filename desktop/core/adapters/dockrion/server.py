"""What a Dockrion server tells of its one agent, read from its public pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from desktop.core.adapters.dockrion.input import NONE, InputMap, read_schema
from desktop.core.language import mark, tr
from desktop.core.requests import Reply
from desktop.core.wire.jsontext import clean, parse

Way = Literal["direct", "background", "whole"]
BEARER = "Authorization"
PAGES = ("info", "schema", "openapi.json")


@dataclass(frozen=True, slots=True)
class Server:
    """The agent's name, input and ways. `paths` is None where the server does not list them; `key_header` is "" if
    it asks for no key or does not say."""

    input: InputMap = field(default_factory=InputMap)
    known: bool = False  # it said something of an agent
    name: str = ""
    framework: str = ""
    version: str = ""
    handler: bool = False
    wants_key: bool = False
    key_header: str = ""
    paths: frozenset[str] | None = None

    def offers(self, path: str) -> bool:
        """Whether it lists this path."""
        return self.paths is not None and path in self.paths

    @property
    def way(self) -> Way:
        """How to run it: a handler's direct stream never holds its result, so it is run in the background."""
        if not self.handler and (self.paths is None or self.offers("/invoke/stream")):
            return "direct"
        return "background" if self.offers("/runs") else "whole"

    def options(self) -> dict[str, Any]:
        """Values for the connection's own fields."""
        found: dict[str, Any] = {
            "mode": self.way,
            "text_field": self.input.text,
            "session_field": self.input.session or NONE,
            "images_field": self.input.images or NONE,
        }
        if self.key_header:
            found["key_header"] = self.key_header
        return found

    def words(self) -> str:
        """What a person should know of it."""
        version = tr("version {version}", version=self.version) if self.version else ""
        about = ", ".join(filter(None, (self.framework, version)))
        name = tr("Dockrion agent “{name}”", name=self.name) if self.name else tr("A Dockrion agent")
        return " ".join([f"{name}{f' ({about})' if about else ''}.", *self._input_words(), tr(_WAYS[self.way])])

    def _input_words(self) -> list[str]:
        took = self.input
        if not took.declared:
            return [tr("It declares no input, so its server drops what is sent to it.")]
        if not took.text:
            return [tr("Choose which field takes your message; it has {fields}.", fields=", ".join(took.fields))]
        out = [tr("Your message goes into “{text}”.", text=took.text)]
        if took.session:
            out.append(tr("The conversation goes on by “{session}”.", session=took.session))
        elif not took.remembers:
            out.append(tr("It has no field for a conversation: each message stands alone."))
        pictures = tr("Pictures go into “{field}”.", field=took.images) if took.images else ""
        return [*out, pictures or tr("It takes no pictures.")]


_WAYS = {
    "direct": mark("It streams its answer."),
    "background": mark("It runs in the background, and its events are followed."),
    "whole": mark("It does not stream: the answer comes when it is finished."),
}


def read_server(pages: Mapping[str, Reply]) -> Server:
    """What the replies to `PAGES` tell. A page that is missing or odd tells nothing."""
    info, schema, api = (_object(pages[page]) for page in PAGES)
    agent = info.get("agent")
    agent = agent if isinstance(agent, dict) else {}
    paths = api.get("paths")
    return Server(
        input=read_schema(schema.get("input_schema")),
        known=bool(agent) or "input_schema" in schema,
        name=_text(agent.get("name") or schema.get("agent")),
        framework=_text(agent.get("framework")),
        version=_text(info.get("version")),
        handler=agent.get("mode") == "handler",
        wants_key=info.get("auth_enabled") is True,
        key_header=_key_header(api),
        paths=frozenset(paths) if isinstance(paths, dict) else None,
    )


def _key_header(api: Mapping[str, Any]) -> str:
    """The header that the server's own description names for the key."""
    parts = api.get("components")
    schemes = parts.get("securitySchemes") if isinstance(parts, dict) else None
    found = [s for s in schemes.values() if isinstance(s, dict)] if isinstance(schemes, dict) else []
    for scheme in found:
        if scheme.get("type") == "apiKey" and scheme.get("in") == "header":
            return _text(scheme.get("name"))
    return tr(BEARER) if any(scheme.get("scheme") == "bearer" for scheme in found) else ""


def _object(reply: Reply) -> dict[str, Any]:
    try:
        data = clean(parse(reply.body.decode("utf-8", "replace"))) if reply.status == 200 else None
    except ValueError:
        data = None
    return data if isinstance(data, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
