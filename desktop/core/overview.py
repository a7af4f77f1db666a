"""What works with which server, as a table made from the adapters' own capabilities: for the command line, the
README and the editor."""

from __future__ import annotations

from collections.abc import Callable

from desktop.core.adapters import PROTOCOLS, adapter_class
from desktop.core.capabilities import Capabilities

_SESSION = {"none": "history sent", "us": "own id", "frame": "server's id", "create-call": "created first"}
_IMAGES = {"data-url": "yes", "base64-json": "yes", "none": "–", "multipart": "yes", "upload-first": "yes"}
_REPLY = {"same-stream": "same stream", "side-call": "same stream", "new-run": "new run", "none": "–"}
_REJOIN = {"none": "–", "last-event-id": "rejoined", "sequence": "rejoined", "run-id": "looked up"}


def _yes(value: bool) -> str:
    return "yes" if value else "–"


_ROWS: tuple[tuple[str, Callable[[Capabilities], str]], ...] = (
    ("answers stream as", lambda can: can.transport.removeprefix("http-").upper()),
    ("reasoning", lambda can: _yes(can.reasoning != "none")),
    ("tools", lambda can: "shown" if can.tools_run_on == "client" else "yes"),
    ("teams of agents", lambda can: _yes(can.delegation)),
    ("workflow steps", lambda can: _yes(can.workflow)),
    ("approvals", lambda can: _yes("approve" in can.asks)),
    ("questions to you", lambda can: _yes("question" in can.asks)),
    ("answered on", lambda can: _REPLY[can.ask_reply]),
    ("pictures", lambda can: _IMAGES.get(can.images_in, "–")),
    ("conversation", lambda can: _SESSION.get(can.session_from, "server's id")),
    ("agents listed", lambda can: _yes(can.list_agents)),
    ("sessions listed", lambda can: _yes(can.list_sessions)),
    ("tokens, cost, context", lambda can: " ".join(_yes(x) for x in (can.usage, can.cost, can.context))),
    ("Stop reaches the agent", lambda can: _yes(can.stops_server)),
    ("after a cut", lambda can: _REJOIN[can.rejoin]),
)


def table() -> list[list[str]]:
    """The rows of the table, the first with the protocols' names."""
    classes = [adapter_class(protocol) for protocol in PROTOCOLS]
    head = ["", *(cls.name for cls in classes)]
    return [head, *([words, *(ask(cls.can) for cls in classes)] for words, ask in _ROWS)]


def as_text() -> str:
    """The table in columns, for a terminal."""
    rows = table()
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def as_markdown() -> str:
    """The table in Markdown, for the README."""
    head, *rows = ["| " + " | ".join(row) + " |" for row in table()]
    return "\n".join([head, "|---|" + ":---:|" * len(PROTOCOLS), *rows])
