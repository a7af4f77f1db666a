"""The tour: recordings made by ourselves which show what agents do, without a server and without a network."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from desktop.core.recording import SUFFIX


@dataclass(frozen=True, slots=True)
class Scene:
    """One recording of the tour."""

    path: Path
    title: str


@cache
def scenes() -> tuple[Scene, ...]:
    """The scenes in their order; none where the files were not installed."""
    for folder in _places():
        if found := tuple(_scene(path) for path in sorted(folder.glob(f"*{SUFFIX}"))):
            return found
    return ()


def _places() -> tuple[Path, ...]:
    here = Path(__file__).resolve()
    return (
        here.parents[1] / "resources" / "tour",  # beside the package, in a bundle
        here.parents[2] / "resources" / "tour",  # a checkout
        Path(sys.prefix) / "share" / "sluice" / "tour",
    )


def _scene(path: Path) -> Scene:
    try:
        with path.open(encoding="utf-8") as file:
            title = json.loads(file.readline()).get("title")
    except (OSError, ValueError, AttributeError):
        title = None
    return Scene(path, str(title or path.stem))
