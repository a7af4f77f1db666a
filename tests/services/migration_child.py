"""A program that opens a history of an earlier version, to be killed while it is brought up to date.

Run as: python -m tests.services.migration_child DATA_DIR

Prints "begins" right before the file is opened and "done" when it answers.
"""

from __future__ import annotations

import asyncio
import sys

from desktop.services.history import History
from desktop.services.paths import Paths


async def main(folder: str) -> None:
    history = History(Paths(folder))
    print("begins", flush=True)
    await history.open_keys()
    print("done", flush=True)
    await history.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
