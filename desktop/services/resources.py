"""Where the files that come with the program lie."""

from __future__ import annotations

import sys
from pathlib import Path


def places(name: str) -> tuple[Path, ...]:
    """The folders that may hold the resources called `name`, the likeliest first."""
    here = Path(__file__).resolve()
    return (
        here.parents[1] / "resources" / name,  # beside the package, in a bundle
        here.parents[2] / "resources" / name,  # a checkout
        Path(sys.prefix) / "share" / "sluice" / name,
    )
