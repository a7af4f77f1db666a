"""Agentrail's host as a process of its own, so that its hundred megabytes of whole messages are not the test's work.

    python -m tests.loopback.long_agentrail

Prints its address and ends when standard input closes.
"""

from __future__ import annotations

import asyncio
import sys

from tests.loopback.agentrail import Agentrail
from tests.loopback.server import Server


async def main() -> None:
    async with Server(Agentrail().handle) as server:
        print(server.url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
