"""A fault server for each protocol that does what the last message asks for, for driving the program by hand.

    python -m tests.loopback.faults_by_hand

Prints one line for each protocol, its name and its address, and ends when standard input closes. A message says
"fault: drip" or, with an amount, "fault: many events x3000"; anything else is answered well.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections import Counter
from contextlib import AsyncExitStack

from tests.loopback.faults import FAULTS, SHAPES, FaultServer
from tests.loopback.server import Exchange, Request, Server

_ASKED = re.compile(rb"fault: ([a-z0-9 ]+?)(?: x(\d+))?(?![a-z0-9 ])")
_READ = 0.3  # seconds that a client has for what came before the line breaks


class AsAsked:
    """Give `handle` to a `Server`."""

    def __init__(self, protocol: str) -> None:
        self.protocol = protocol
        self._runs: Counter[str] = Counter()

    async def handle(self, request: Request, exchange: Exchange) -> None:
        asked = _ASKED.findall(request.body)  # the whole conversation may be in there
        name, amount = asked[-1] if asked else (b"whole", b"")
        name = name.decode() if name.decode() in FAULTS else "whole"
        fault = FaultServer(self.protocol, name, int(amount) if amount else None)
        fault.runs = self._runs[name]
        if not name.startswith("hang"):
            asyncio.get_running_loop().call_later(_READ, fault.go.set)
        try:
            await fault.handle(request, exchange)
        finally:
            self._runs[name] = fault.runs


async def main() -> None:
    async with AsyncExitStack() as all_of_them:
        for protocol in SHAPES:
            server = await all_of_them.enter_async_context(Server(AsAsked(protocol).handle))
            print(protocol, server.url, flush=True)
        print(flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
