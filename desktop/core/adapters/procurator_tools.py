"""Agent Manager: its tool events, which are plain text on today's servers, JSON in its documents, and often endless."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from desktop.core.adapters.procurator_approvals import value_of
from desktop.core.adapters.words import first_text, message_in
from desktop.core.events import AnyEvent, Notice, ToolEnded, ToolStarted, ToolStatus
from desktop.core.wire.jsontext import compact

_ID = ("id", "toolCallId", "call_id")
_NAME = ("name", "tool", "toolName")
_INPUT = ("arguments", "args", "input", "toolInput")
_OUTPUT = ("result", "output", "toolOutput", "error")


@dataclass(slots=True)
class _Call:
    name: str
    plain: bool  # announced as text: no end will come
    open: bool = True
    told: bool = False  # its outcome is known


class Calls:
    """The tool calls of one run: announces them, pairs their ends, and ends those that the wire forgets."""

    def __init__(self) -> None:
        self._calls: dict[str, _Call] = {}
        self._minted = 0

    def start(self, data: str) -> Iterator[AnyEvent]:
        """A TOOL_START. Text that names no tool is a notice (a team says there that it begins)."""
        said = value_of(data)
        yield from self.settle(plain_only=True)
        if isinstance(said, dict):
            call = first_text(said, _ID) or self._mint()
            name = first_text(said, _NAME) or "tool"
            self._calls.setdefault(call, _Call(name, plain=False))
            yield ToolStarted(call=call, name=name, args=_field(said, _INPUT))
        elif name := _name_in(data):
            yield from self.adopt(self._mint(), name)
        else:
            yield Notice(text=data or "The agent uses a tool.")

    def end(self, data: str, failed: bool) -> Iterator[AnyEvent]:
        """A TOOL_END or TOOL_ERROR."""
        said = value_of(data)
        name = first_text(said, _NAME)
        wanted = first_text(said, _ID)
        output = said
        if isinstance(said, dict) and any(key in said for key in (*_ID, *_NAME, *_OUTPUT)):
            output = _field(said, _OUTPUT)
        call = wanted if wanted in self._calls else self._untold(name, announced=not (wanted or name))
        if call is None:
            call = wanted or self._mint()
            yield from self.adopt(call, name or "tool")
        yield self._ended(call, output, failed)

    def merge(self, tools: Any) -> Iterator[AnyEvent]:
        """The `tools` of a whole RunResponse: results for calls already seen, by name, and those never announced."""
        for tool in tools if isinstance(tools, list) else ():
            name = first_text(tool, _NAME)
            if name:
                call = self._untold(name) or self._mint()
                self._calls.setdefault(call, _Call(name, plain=True))
                yield ToolStarted(call=call, name=name, args=_field(tool, _INPUT))
                took = tool.get("durationMs")
                yield self._ended(call, _field(tool, _OUTPUT), bool(tool.get("isError")), took)

    def settle(self, plain_only: bool = False) -> Iterator[AnyEvent]:
        """End what is open and will get no end of its own: the agent went on, so it had its result."""
        for name, call in self._calls.items():
            if call.open and (call.plain or not plain_only):
                call.open = False
                yield ToolEnded(call=name, status="ok")

    def hold(self, name: str, args: Any, otherwise: str) -> Iterator[ToolStarted]:
        """Keep the open call of this name, or a new one called `otherwise`, unended: a person decides about it."""
        call = next((c for c, known in self._calls.items() if known.open and known.name == name), otherwise)
        held = self._calls.setdefault(call, _Call(name, plain=True))
        held.open, held.told = False, True
        yield ToolStarted(call=call, name=held.name, args=args)

    def adopt(self, call: str, name: str, args: Any = None) -> Iterator[AnyEvent]:
        """Announce a call under a known id."""
        self._calls[call] = _Call(name, plain=True)
        yield ToolStarted(call=call, name=name, args=args)

    def deny(self, call: str) -> Iterator[AnyEvent]:
        """A person refused this call."""
        if call in self._calls:
            self._calls[call].open = False
            yield ToolEnded(call=call, status="denied")

    def _ended(self, call: str, output: Any, failed: bool, ms: Any = None) -> ToolEnded:
        known = self._calls[call]
        known.open, known.told = False, True
        status: ToolStatus = "error" if failed or (isinstance(output, dict) and "error" in output) else "ok"
        error = (message_in(output) or _text(output)) if status == "error" else None
        took = float(ms) if isinstance(ms, (int, float)) else None
        return ToolEnded(call=call, status=status, result=None if failed else output, error=error or None, ms=took)

    def _untold(self, name: str, announced: bool = False) -> str | None:
        """The oldest call of this name (any, if `announced`) whose outcome is unknown; open ones first."""
        found = [(not c.open, n) for n, c in self._calls.items() if not c.told and (announced or c.name == name)]
        return min(found, key=lambda pair: pair[0])[1] if found else None

    def _mint(self) -> str:
        self._minted += 1
        name = f"call-{self._minted}"
        return self._mint() if name in self._calls else name


def _field(data: dict[str, Any], keys: tuple[str, ...]) -> Any:
    return value_of(next((data[key] for key in keys if data.get(key) is not None), None))


def _name_in(text: str) -> str:
    """The tool's name in `Executing Tool: name`; a single word is one too."""
    if ": " in text:
        return text.rpartition(": ")[2].strip()
    return "" if " " in text.strip() else text.strip()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else compact(value)
