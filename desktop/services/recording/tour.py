"""The tour: recordings made by ourselves which show what agents do, without a server and without a network."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from desktop.core.recordings.recording import SUFFIX
from desktop.services.resources import places


@dataclass(frozen=True, slots=True)
class Scene:
    """One recording of the tour."""

    path: Path
    title: str


@cache
def scenes() -> tuple[Scene, ...]:
    """The scenes in their order; none where the files were not installed."""
    for folder in places("tour"):
        if found := tuple(_scene(path) for path in sorted(folder.glob(f"*{SUFFIX}"))):
            return found
    return ()


def _scene(path: Path) -> Scene:
    try:
        with path.open(encoding="utf-8") as file:
            title = json.loads(file.readline()).get("title")
    except (OSError, ValueError, AttributeError):
        title = None
    return Scene(path, str(title or path.stem))
