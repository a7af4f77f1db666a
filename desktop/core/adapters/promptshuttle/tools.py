"""Pairing PromptShuttle's tool events: by call id, else the oldest open call of that agent and tool."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from desktop.core.adapters.promptshuttle import data as look
from desktop.core.adapters.words import first_text, message_in
from desktop.core.events import AnyEvent, Path, ToolArgs, ToolEnded, ToolStarted, ToolStatus
from desktop.core.language import tr


class Tools:
    """The calls of one run."""

    def __init__(self) -> None:
        self._open: dict[str, ToolStarted] = {}  # oldest first
        self._made = 0
        self._places: dict[int, str] = {}  # index in OpenAI chunks -> call

    def started(self, path: Path, data: dict[str, Any]) -> Iterable[AnyEvent]:
        """A `toolStarted`."""
        name = look.tool_name(data)
        call = look.tool_id(data) or self._make(path, name)
        agent = name if first_text(data, ("toolType", "type")).lower() == "agent" else None
        self._open[call] = ToolStarted(path=path, call=call, name=name, args=look.tool_args(data), shows_agent=agent)
        return [self._open[call]]

    def shows(self, path: Path) -> ToolStarted | None:
        """The open call one level up that started this agent, said again with the agent it shows."""
        for call, tool in self._open.items():
            if tool.path == path[:-1] and tool.name == path[-1]:
                return ToolStarted(path=tool.path, call=call, name=tool.name, shows_agent=path[-1])
        return None

    def ended(self, path: Path, data: dict[str, Any], failed: bool) -> Iterable[AnyEvent]:
        """A `toolCompleted` or `toolFailed`; one that was never announced is announced now."""
        name = look.tool_name(data)
        call = look.tool_id(data) or self._oldest(path, name)
        if call is None or call not in self._open:
            yield from self.started(path, {**data, "toolCallId": call} if call else data)
            call = call or next(reversed(self._open))
        tool = self._open.pop(call)
        result = look.tool_result({key: value for key, value in data.items() if not failed or key != "error"})
        said = message_in(data.get("error")) or (message_in(data) if failed else "")
        failed = failed or look.is_error(result)
        error = (said or message_in(result) or tr("The tool gave no reason.")) if failed else None
        status: ToolStatus = "error" if failed else "ok"
        ms = look.milliseconds(data)
        yield ToolEnded(path=tool.path, call=call, status=status, result=result, error=error, ms=ms)

    def pieces(self, calls: Iterable[Any]) -> Iterable[AnyEvent]:
        """The `tool_calls` of an OpenAI chunk: calls that the model wants its caller to run."""
        for piece in calls:
            about, place = piece.get("function") or {}, piece.get("index") or 0
            if piece.get("id"):
                self._places[place] = piece["id"]
                name = first_text(about, ("name",)) or "tool"
                yield ToolStarted(call=piece["id"], name=name, runs_on="client")
            if place in self._places and (delta := first_text(about, ("arguments",))):
                yield ToolArgs(call=self._places[place], delta=delta)

    def _oldest(self, path: Path, name: str) -> str | None:
        fits = (call for call, tool in self._open.items() if (tool.path, tool.name) == (path, name))
        return next(fits, None)

    def _make(self, path: Path, name: str) -> str:
        self._made += 1
        return "/".join((*path, f"{name} {self._made}"))
