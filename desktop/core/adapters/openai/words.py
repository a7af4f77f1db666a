"""Plain words for what OpenAI-compatible servers say of their limits."""

from __future__ import annotations

from typing import Any

from desktop.core.adapters.words import message_in, with_said
from desktop.core.language import mark, number, tr

MODEL_LIST = ("data", "models")
OTHER_PLACE = mark("Most servers of this kind want the address to end in /v1.")
_TOO_LONG = (
    "exceed_context_size_error",
    "context_length_exceeded",
    "context window",
    "maximum context length",
)


def plain_words(error: Any) -> str:
    """Words for an error object that a person can do something about; "" for any other."""
    said = message_in(error)
    about = error if isinstance(error, dict) else {}
    signs = f"{about.get('type')} {about.get('code')} {said}".lower()
    if any(sign in signs for sign in _TOO_LONG):
        return _too_long(about, said)
    if "image input is not supported" in signs or "does not support image" in signs:
        return tr("This model cannot see pictures. Send the message without them, or choose another model.")
    return ""


def what_it_is(data: Any) -> str | None:
    """Words for an answer that is no completion; None if it is not known."""
    if isinstance(data, list) or (isinstance(data, dict) and data.get("object") == "list"):
        return tr("This is the server's list of models, not an answer.")
    if isinstance(data, dict) and "status" in data and len(data) < 4:
        return tr("This is the server's health report, not an answer.")
    return None


def _too_long(about: dict[str, Any], said: str) -> str:
    needs, room = about.get("n_prompt_tokens"), about.get("n_ctx")
    words = tr("The conversation is too long for this model.")
    if isinstance(needs, int) and isinstance(room, int):
        words = tr(
            "The conversation is too long for this model: it has {needs} tokens, and the limit is {room}.",
            needs=number(needs),
            room=number(room),
        )
    words = f"{words} {tr('Start a new conversation, or send less.')}"
    return words if room else with_said(words, said)
