"""What an adapter can do, so that the interface asks for abilities and never for names."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

Ways = Literal["none", "data-url", "base64-json", "multipart", "upload-first", "url-only"]


@dataclass(frozen=True, slots=True)
class Field:
    """One of the protocol's own settings, for the connection editor and `--set NAME=VALUE`.

    `kind` "secret" goes to the keyring, never into the connection. `choices` are for kind "choice"; a field with
    `discovered` is filled by the adapter's probe."""

    name: str
    label: str
    kind: Literal["text", "secret", "bool", "number", "choice", "json"] = "text"
    default: Any = None
    choices: tuple[str, ...] = ()
    help: str = ""
    discovered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """The abilities of a protocol. Names and values are those of the outside contract (`sluice protocols --json`)."""

    transport: Literal["http-sse", "http-ndjson", "http-json", "stdio-jsonrpc"] = "http-sse"
    needs: tuple[str, ...] = ("base_url",)
    auth: str = "none"  # none, bearer, header:NAME, basic, login
    list_agents: bool = False
    probe: bool = True
    history: Literal["server", "client"] = "client"
    session_from: str = "none"  # us, header:NAME, frame, create-call, none
    list_sessions: bool = False
    load_session: bool = False
    images_in: Ways = "none"
    media: tuple[str, ...] = ()
    max_bytes: int | None = None  # of one picture
    files_in: Ways = "none"
    reasoning: Literal["none", "text", "summary"] = "none"
    asks: tuple[str, ...] = ()
    ask_reply: Literal["same-stream", "new-run", "side-call", "none"] = "none"
    ask_all_at_once: bool = False
    edit_args: Literal["no", "yes", "by-schema"] = "no"
    deny_note: bool = False
    cancel: Literal["call", "close", "both", "notify"] = "close"
    stops_server: bool = False  # False: say that the server may go on
    rejoin: Literal["none", "last-event-id", "sequence", "run-id"] = "none"
    usage: bool = False
    cost: bool = False
    context: bool = False
    tools_run_on: Literal["server", "client"] = "server"
    delegation: bool = False
    workflow: bool = False
    sources: bool = False
    files_out: bool = False
    ends_with: Literal["frame", "done-mark", "eof", "response"] = "frame"
    default_url: str = ""
    fields: tuple[Field, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Everything but the form's fields, which go out by name only."""
        out: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "fields"}
        out["fields"] = [field.name for field in self.fields]
        return out


PICTURES = ("image/png", "image/jpeg", "image/webp", "image/gif")
