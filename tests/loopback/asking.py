"""`python -m desktop ask --json` against a loopback server, as a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]
_PATIENCE = 60.0  # seconds for a whole run on a busy machine


@dataclass
class Asked:
    """What came out: the events in order, the exit status, and what was said on standard error."""

    events: list[dict[str, Any]] = field(default_factory=list)
    status: int = -1
    words: str = ""

    def kinds(self, kind: str) -> list[dict[str, Any]]:
        """The events of one kind."""
        return [event for event in self.events if event["kind"] == kind]

    @property
    def end(self) -> dict[str, Any]:
        """The last line, which is always `run.ended`."""
        assert self.events and self.events[-1]["kind"] == "run.ended", self
        return self.events[-1]

    @property
    def answer(self) -> str:
        """The root's answer, its parts a blank line apart, after all replacements."""
        parts: dict[str, str] = {}
        for event in self.events:
            if event["kind"] in ("text.delta", "text.set") and event["channel"] == "answer" and not event.get("path"):
                old = parts.get(event["part"], "") if event["kind"] == "text.delta" else ""
                parts[event["part"]] = old + event["text"]
        return "\n\n".join(filter(None, parts.values()))


async def ask(
    protocol: str,
    url: str,
    message: str,
    *options: str,
    key: str | None = None,
    on_event: Callable[[asyncio.subprocess.Process, dict[str, Any]], None] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Asked:
    """Run `ask` to its end. `on_event` hears each event as it comes and may signal the process; `environment` goes
    before this process's own."""
    env = {**os.environ, "PYTHONPATH": str(_ROOT), "NO_PROXY": "*", **({"LOOPBACK_KEY": key} if key else {})}
    env |= environment or {}
    given = ["--key-env", "LOOPBACK_KEY"] if key else []
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "desktop", "ask", "--protocol", protocol, "--url", url, *given, *options,
        "--json", message,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        cwd=_ROOT, env=env, limit=1 << 26,
    )  # fmt: skip
    asked = Asked()
    try:
        async with asyncio.timeout(_PATIENCE):
            await _listen(process, asked, on_event)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    asked.status = process.returncode or 0
    return asked


async def _listen(process: asyncio.subprocess.Process, asked: Asked, on_event: Any) -> None:
    assert process.stdout is not None and process.stderr is not None
    words = asyncio.create_task(process.stderr.read())
    async for line in process.stdout:
        asked.events.append(json.loads(line))
        if on_event is not None:
            on_event(process, asked.events[-1])
    asked.words = (await words).decode()
    await process.wait()
