"""Agent Manager: its tool events, which are plain text on today's servers, JSON in its documents, and often endless."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from desktop.core.adapters.procurator.approvals import value_of
from desktop.core.adapters.words import first_text, message_in
from desktop.core.events import AnyEvent, Notice, ToolEnded, ToolStarted, ToolStatus
from desktop.core.language import tr
from desktop.core.wire.jsontext import compact

_ID = ("id", "toolCallId", "call_id")
_NAME = ("name", "tool", "toolName")
_INPUT = ("arguments", "args", "input", "toolInput")
_OUTPUT = ("result", "output", "toolOutput", "error")


@dataclass(slots=True)
class _Call:
    name: str
    plain: bool  # announced as text: no end will come
    told: bool = False  # its outcome is known


class Calls:
    """The tool calls of one run: announces them, pairs their ends, and ends those that the wire forgets."""

    def __init__(self) -> None:
        self._calls: dict[str, _Call] = {}
        self._open: dict[str, _Call] = {}  # those of them that have not ended
        self._minted = 0

    def start(self, data: str) -> Iterator[AnyEvent]:
        """A TOOL_START. Text that names no tool is a notice (a team says there that it begins)."""
        said = value_of(data)
        yield from self.settle(plain_only=True)
        if isinstance(said, dict):
            call = first_text(said, _ID) or self._mint()
            name = first_text(said, _NAME) or "tool"
            self._add(call, name, plain=False)
            yield ToolStarted(call=call, name=name, args=_field(said, _INPUT))
        elif name := _name_in(data):
            yield from self.adopt(self._mint(), name)
        else:
            yield Notice(text=data or tr("The agent uses a tool."))

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
                self._add(call, name)
                yield ToolStarted(call=call, name=name, args=_field(tool, _INPUT))
                took = tool.get("durationMs")
                yield self._ended(call, _field(tool, _OUTPUT), bool(tool.get("isError")), took)

    def settle(self, plain_only: bool = False) -> Iterator[AnyEvent]:
        """End what is open and will get no end of its own: the agent went on, so it had its result."""
        for name, call in list(self._open.items()):
            if call.plain or not plain_only:
                del self._open[name]
                yield ToolEnded(call=name, status="ok")

    def hold(self, name: str, args: Any, otherwise: str) -> tuple[str, ToolStarted | None]:
        """Keep the open call of this name, or a new one called `otherwise`, unended: a person decides about it.
        Returns its id, and its announcement where there is something to announce."""
        call = next((c for c, known in self._open.items() if known.name == name), otherwise)
        is_new = call not in self._calls
        self._add(call, name).told = True
        self._open.pop(call, None)
        return call, ToolStarted(call=call, name=name, args=args) if is_new or args is not None else None

    def adopt(self, call: str, name: str) -> Iterator[AnyEvent]:
        """Announce a call under a known id; one that a person has decided about is at work again."""
        self._open[call] = self._add(call, name)
        yield ToolStarted(call=call, name=name)

    def deny(self, call: str) -> Iterator[AnyEvent]:
        """A person refused this call."""
        if self._open.pop(call, None) is not None:
            yield ToolEnded(call=call, status="denied")

    def _ended(self, call: str, output: Any, failed: bool, ms: Any = None) -> ToolEnded:
        self._calls[call].told = True
        self._open.pop(call, None)
        status: ToolStatus = "error" if failed or (isinstance(output, dict) and "error" in output) else "ok"
        error = (message_in(output) or _text(output)) if status == "error" else None
        took = float(ms) if isinstance(ms, (int, float)) else None
        return ToolEnded(call=call, status=status, result=None if failed else output, error=error or None, ms=took)

    def _untold(self, name: str, announced: bool = False) -> str | None:
        """The oldest call of this name (any, if `announced`) whose outcome is unknown; open ones first."""
        found = [
            (n not in self._open, n) for n, c in self._calls.items() if not c.told and (announced or c.name == name)
        ]
        return min(found, key=lambda pair: pair[0])[1] if found else None

    def _add(self, call: str, name: str, plain: bool = True) -> _Call:
        """The call of this id; one that is known stays as it is."""
        if call not in self._calls:
            self._calls[call] = self._open[call] = _Call(name, plain)
        return self._calls[call]

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
