"""A conversation as JSON that comes back in, event by event.

Ours: {"format": "sluice-conversation", "version": 1, "title", "agent", "runs": [{"after", "started", "prompt",
"images", "events": [[at, until, event]]}]}. Times are seconds since 1970; events have the names and fields of
`sluice ask --json`; bytes are base64. Nothing of a connection but its name is in it.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from desktop.core.conversation import ROOT
from desktop.core.events import AnyEvent, Raw
from desktop.core.exchange.sections import Parts
from desktop.core.recordings.eventjson import from_json, to_json
from desktop.core.requests import Image, Prompt

FORMAT = "sluice-conversation"
_TOOLS = ("tool.started", "tool.args", "tool.output", "tool.ended", "step", "agent")


@dataclass(frozen=True, slots=True)
class SavedRun:
    """One run: what was said, and what came of it as (at, until, event); `until` is the last moment of folded text.
    `after` is the number of the run that it goes on from."""

    prompt: Prompt | None
    started: float
    after: int
    events: Sequence[tuple[float, float | None, AnyEvent]]


@dataclass(frozen=True, slots=True)
class Saved:
    """One conversation outside of the store."""

    title: str
    agent: str = ""
    runs: Sequence[SavedRun] = field(default_factory=tuple)


def dump(saved: Saved, parts: Parts) -> dict[str, Any]:
    """The conversation as JSON values."""
    runs = [_run(run, parts) for run in saved.runs]
    return {"format": FORMAT, "version": 1, "title": saved.title, "agent": saved.agent, "runs": runs}


def _run(run: SavedRun, parts: Parts) -> dict[str, Any]:
    out: dict[str, Any] = {"after": run.after, "started": run.started}
    if run.prompt is not None:
        out["prompt"] = run.prompt.text
        out["images"] = [_image(image) for image in run.prompt.images]
    out["events"] = [[at, until, to_json(e, exact=True)] for at, until, e in run.events if _wanted(e, parts)]
    return out


def _image(image: Image) -> dict[str, str]:
    return {"name": image.name, "media": image.media, "data": b64encode(image.data).decode()}


def _wanted(event: AnyEvent, parts: Parts) -> bool:
    if getattr(event, "channel", "") == "reasoning":
        return parts.thinking
    if event.kind in _TOOLS:
        return parts.tools
    return parts.approvals or not event.kind.startswith("ask.")


def load_ours(data: dict[str, Any]) -> Saved:
    """A conversation from such values. Raises ValueError, KeyError or TypeError for what is none."""
    if data.get("version") != 1:
        raise ValueError("a newer version")
    runs = [_our_run(number, run) for number, run in enumerate(data["runs"])]
    return Saved(str(data.get("title") or ""), str(data.get("agent") or ""), runs)


def _our_run(number: int, data: dict[str, Any]) -> SavedRun:
    prompt = None
    if isinstance(data.get("prompt"), str):
        prompt = Prompt(data["prompt"], tuple(_our_image(image) for image in data.get("images") or ()))
    events = [(float(at), None if until is None else float(until), _event(e)) for at, until, e in data["events"]]
    after = int(data.get("after", number - 1))
    return SavedRun(prompt, float(data["started"]), after if ROOT <= after < number else number - 1, events)


def _our_image(data: dict[str, Any]) -> Image:
    try:
        return Image(str(data["name"]), str(data["media"]), b64decode(data["data"], validate=True))
    except NoBase64 as error:
        raise ValueError("a picture is damaged") from error


def _event(data: Any) -> AnyEvent:
    """The event; one that a newer Sluice wrote stays as it is, unshown."""
    try:
        return from_json(data)
    except ValueError:
        return Raw(name="imported", data=data)
