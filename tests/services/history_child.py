"""A program that records without end, to be killed. Prints the number of each piece after handing it over.

Run as: python -m tests.services.history_child DATA_DIR
"""

from __future__ import annotations

import asyncio
import sys

from desktop.core.events import AskOpened, RunEnded, TextDelta, ToolStarted
from desktop.core.requests import Image, Prompt
from desktop.services.clock import now
from desktop.services.history import Draft, History
from desktop.services.paths import Paths


async def main(folder: str) -> None:
    history = History(Paths(folder))
    history.put_session("k", title="To be killed")
    history.begin_run("k", 0, Prompt("first"), now())
    history.record("k", 0, 0, now(), TextDelta(text="whole"))
    history.record("k", 0, 1, now(), RunEnded(status="completed"))
    history.begin_run("k", 1, Prompt("second"), now())
    history.record("k", 1, 0, now(), ToolStarted(call="c", name="work"))
    history.record("k", 1, 1, now(), AskOpened(ask="a", call="c"))
    history.save_draft("k", Draft("a thought", 3, (Image("p.png", "image/png", b"p" * 1000),)))
    await history.flush()
    for n in range(1_000_000):
        history.record("k", 1, 2 + n, now(), TextDelta(text=f"{n} ", part=str(n // 500)))
        print(n, now(), flush=True)
        await asyncio.sleep(0.001)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
