"""The OpenAI shape of messages, which other protocols borrow for their input."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from desktop.core.requests import Base64Image, Image, Prompt, Turn


def data_url(image: Image) -> Base64Image:
    """A picture as a `data:` address: strict base64, without line breaks."""
    return Base64Image(image, f"data:{image.media};base64,")


def content(text: str, images: Iterable[Image] = ()) -> str | list[dict[str, Any]]:
    """A message's content: a plain string, or parts where there are pictures."""
    pictures = [{"type": "image_url", "image_url": {"url": data_url(image)}} for image in images]
    if not pictures:
        return text
    return [{"type": "text", "text": text}, *pictures] if text else pictures


def messages(turns: Iterable[Turn], prompt: Prompt) -> list[dict[str, Any]]:
    """The conversation so far and what is said now, oldest first."""
    said = [{"role": turn.role, "content": content(turn.text, turn.images)} for turn in turns]
    return [*said, {"role": "user", "content": content(prompt.text, prompt.images)}]
