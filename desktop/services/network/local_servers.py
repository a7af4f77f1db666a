"""Model servers that already run on this computer, looked for only when a person asks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from desktop.core.requests import Connection, HttpCall
from desktop.core.wire.jsontext import parse
from desktop.services.transport import Transport

_PLACES = (("Ollama", 11434), ("LM Studio", 1234), ("llama.cpp", 8080), ("vLLM", 8000))


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server that answered, with its models' names."""

    name: str
    connection: Connection
    models: tuple[str, ...]


async def look(transport: Transport) -> tuple[LocalServer, ...]:
    """Ask the usual loopback ports for their models, all at once, two seconds at most."""
    found = await asyncio.gather(*(_ask(transport, name, port) for name, port in _PLACES))
    return tuple(server for server in found if server is not None)


async def _ask(transport: Transport, name: str, port: int) -> LocalServer | None:
    url = f"http://127.0.0.1:{port}/v1"
    reply = await transport.fetch(HttpCall("GET", f"{url}/models", timeout=2.0))
    if reply.status != 200:
        return None
    try:
        data = parse(reply.body.decode("utf-8", "replace"))
        models = tuple(str(entry["id"]) for entry in data["data"])
    except (ValueError, KeyError, TypeError):
        return None
    return LocalServer(name, Connection("openai", url, models[0] if models else None), models)
