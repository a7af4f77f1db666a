"""The table of protocols. A new one costs its file and one line here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop.core.adapters.base import Adapter

#: id -> (module, class). Loaded on first use, so that a start pays for none of them.
_TABLE = {
    "powabase": ("powabase", "PowabaseAdapter"),
    "procurator": ("procurator", "ProcuratorAdapter"),
    "agentrail": ("agentrail", "AgentrailAdapter"),
    "promptshuttle": ("promptshuttle", "PromptShuttleAdapter"),
    "dockrion": ("dockrion", "DockrionAdapter"),
    "openai": ("openai", "OpenAIAdapter"),
}

PROTOCOLS: tuple[str, ...] = tuple(_TABLE)


def adapter_class(protocol: str) -> type[Adapter]:
    """The adapter of a protocol id. Raises KeyError for an id that is not in `PROTOCOLS`."""
    module, name = _TABLE[protocol]
    found: type[Adapter] = getattr(import_module(f"desktop.core.adapters.{module}"), name)
    return found
