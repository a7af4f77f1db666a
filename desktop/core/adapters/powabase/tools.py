"""Powabase's tool calls and approvals: what was called, what waits for a person, what came of it.

The wire's approval has neither a call id nor an ask id, and its proof, `hook_result`, names neither. The server holds
one decision a run, sends the results of a call's hooks together after the last of them, and cuts previews at 200
characters; the whole results come with `complete` [engine: agent/hooks.py, agent/agent.py, execution/context.py].
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from desktop.core.adapters.powabase.content import Obj, duration, obj, parts_of, piece, rows, shown, whole
from desktop.core.adapters.words import first_text, message_in, with_said
from desktop.core.events import AnyEvent, AskClosed, AskEnd, AskOpened, Notice, Path, ToolEnded, ToolStarted, ToolStatus
from desktop.core.language import tr
from desktop.core.wire.jsontext import parse

DELEGATE = "delegate_to_"
_FAILED = re.compile(r"(Error|Delegation blocked)\b")
_REFUSED = "Denied by user"


@dataclass(slots=True)
class Call:
    """One tool call. `status` is None while it runs; `result` is what was shown of its result."""

    id: str
    name: str
    path: Path
    args: Any
    step: int | None = None
    asked: bool = False
    refused: bool = False
    taken: bool = False  # a delegation, or a record of `complete`, belongs to it
    status: ToolStatus | None = None
    result: Any = None


@dataclass(slots=True)
class Ask:
    """An open approval. `allowed` is the decision that is on its way or was sent from here."""

    id: str
    call: Call | None
    tool: str
    allowed: bool | None = None


class Tools:
    """The calls and the open approvals of one run."""

    def __init__(self) -> None:
        self.calls: dict[str, Call] = {}
        self.asks: dict[str, Ask] = {}
        self._asked = 0

    # ---- calls

    def called(self, data: Obj, path: Path) -> Iterable[AnyEvent]:
        """`tool_call`."""
        yield _start(self._new(data, path))

    def returned(self, data: Obj, path: Path) -> Iterable[AnyEvent]:
        """`tool_result`."""
        call = self._call_of(data)
        if call is None:
            call = self._new(data, path)
            yield _start(call)
        result = _value(data, "result", "result_preview", "output")
        for ask in [a for a in self.asks.values() if a.call is call]:
            yield from self._close(ask, *_outcome(result))
        yield _end(call, result, duration(data))

    def recorded(self, records: Any, path: Path = ()) -> Iterable[AnyEvent]:
        """The calls that a closing frame lists, without ids and in order, with their whole results."""
        for record in rows(records):
            call = self._recorded(record)
            if call is None:
                call = self._new(record, path)
                yield _start(call)
            call.taken = True
            result = _value(record, "result", "output")
            if call.status is None or (result is not None and result != call.result):
                yield _end(call, result, duration(record))

    def delegating(self, task: str) -> Call | None:
        """The open call that a delegation with this task belongs to."""
        waiting = [c for c in self._open() if c.name.startswith(DELEGATE) and not c.taken]
        found = next((c for c in waiting if obj(c.args).get("task") == task), waiting[0] if waiting else None)
        if found is not None:
            found.taken = True
        return found

    def _new(self, data: Obj, path: Path) -> Call:
        name = first_text(data, ("tool_name", "name", "tool")) or "tool"
        known = _id(data) or f"{name}#{len(self.calls) + 1}"
        args, step = _value(data, "arguments", "args", "input"), whole(data, "step", "step_number")
        return self.calls.setdefault(known, Call(known, name, path, args, step))

    def _open(self) -> list[Call]:
        return [call for call in self.calls.values() if call.status is None]

    def _call_of(self, data: Obj) -> Call | None:
        if known := self.calls.get(_id(data)):
            return known
        name = first_text(data, ("tool_name", "name", "tool"))
        return None if _id(data) else next((c for c in self._open() if name in (c.name, "")), None)

    def _recorded(self, record: Obj) -> Call | None:
        name, args = first_text(record, ("tool_name", "name", "tool")), _value(record, "arguments", "args", "input")
        same = [c for c in self.calls.values() if c.name == name and (c.id == _id(record) or c.args == args)]
        step = whole(record, "step", "step_number")
        free = [c for c in same if not c.taken or c.name.startswith(DELEGATE)]
        return next((c for c in free if c.step == step), free[0] if free else None)

    # ---- approvals

    def asked(self, data: Obj, path: Path, run_id: str | None) -> Iterable[AnyEvent]:
        """`approval_requested`."""
        tool, args = first_text(data, ("tool_name", "tool")), _value(data, "tool_input", "arguments", "input")
        call = self.calls.get(_id(data)) or self._asking(tool, args)
        for earlier in [a for a in self.asks.values() if a.call is call and a.tool == tool]:
            # A second approval for the same call is only asked once the first was given.
            yield from self._close(earlier, "answered", "approved")
        if call is not None:
            call.asked = True
        self._asked += 1
        ask = Ask(f"{run_id or 'run'}/ask/{self._asked}", call, tool)
        self.asks[ask.id] = ask
        words = first_text(data, ("message", "text"))
        yield AskOpened(
            ask=ask.id, call=call.id if call else None, tool=tool or None, args=args, text=words,
            path=call.path if call else path,
        )  # fmt: skip

    def hook(self, data: Obj) -> Iterable[AnyEvent]:
        """`hook_result`: the proof of a decision, or word of another of the server's rules."""
        blocked, status = data.get("blocked") is True, piece(data, "status")
        words = first_text(data, ("message", "error"))
        ask = list(self.asks.values())[-1] if self.asks else None
        if piece(data, "hook_event") not in ("PreToolUse", "") or (ask is None and not words.startswith(_REFUSED)):
            yield from _rule(data, blocked, status, words)
        elif ask is None:
            self._refused()
        elif blocked and status in ("timed_out", "failed"):
            yield from self._close(ask, "expired" if status == "timed_out" else "withdrawn", None)
        elif blocked:
            yield from self._close(ask, "answered", "denied")
        elif status in ("timed_out", "failed") or ask.allowed is False:
            yield from _rule(data, blocked, status, words)  # another rule's line; the decision's own is to follow
        else:
            yield from self._close(ask, "answered", "approved")

    def _asking(self, tool: str, args: Any) -> Call | None:
        """The newest open call of that tool, best with these arguments and not asked about before."""
        calls = [c for c in reversed(self._open()) if c.name == tool]
        return max(calls, key=lambda c: (c.args == args, not c.asked), default=None)

    def _close(self, ask: Ask, how: AskEnd, answer: str | None) -> Iterable[AnyEvent]:
        self.asks.pop(ask.id, None)
        if ask.call is not None and answer == "denied":
            ask.call.refused = True
        yield AskClosed(ask=ask.id, how=how, answer=answer)

    def _refused(self) -> None:
        """The refusal came after another hook's line had closed the approval."""
        for call in reversed(self._open()):
            if call.asked:
                call.refused = True
                return


def _outcome(result: Any) -> tuple[AskEnd, str | None]:
    """What became of an approval whose tool returned this."""
    text = result if isinstance(result, str) else ""
    if "Blocked by hook" not in text:
        return "answered", "approved"
    return ("expired", None) if "timed out" in text and _REFUSED not in text else ("answered", "denied")


def _start(call: Call) -> ToolStarted:
    shows = call.name.removeprefix(DELEGATE) if call.name.startswith(DELEGATE) else None
    return ToolStarted(call=call.id, name=call.name, args=call.args, path=call.path, shows_agent=shows)


def _end(call: Call, result: Any, ms: float | None) -> ToolEnded:
    call.result = result
    call.status, value, error = _judged(result)
    if call.refused or (isinstance(result, str) and f"Blocked by hook — {_REFUSED}" in result):
        call.refused, call.status = True, "denied"
    parts = shown(parts_of(value) or ()) if isinstance(value, list) else ()
    return ToolEnded(
        call=call.id, status=call.status, result=value, parts=parts, error=error, ms=ms, path=call.path
    )  # fmt: skip


def _judged(result: Any) -> tuple[ToolStatus, Any, str | None]:
    """(status, result, error) of a result; a failure is only told by how its text begins."""
    if isinstance(result, str) and result.startswith('{"error"'):
        try:
            result = parse(result)
        except ValueError:  # a preview that was cut off
            return "error", result, result
    if isinstance(result, dict) and result.get("error"):
        return "error", result, message_in(result["error"]) or None
    if isinstance(result, str) and _FAILED.match(result):
        return "error", result, result
    return "ok", result, None


def _rule(data: Obj, blocked: bool, status: str, words: str) -> Iterable[AnyEvent]:
    where = piece(data, "hook_event") or "hook"
    if blocked:
        said = with_said(tr("A rule of the server ({where}) stopped this.", where=where), words)
        yield Notice(level="warning", text=said, code="hook")
    elif status in ("failed", "timed_out"):
        said = with_said(tr("A rule of the server ({where}) did not work.", where=where), words)
        yield Notice(level="warning", text=said, code="hook")
    elif data.get("modified") is True:
        yield Notice(text=tr("A rule of the server ({where}) changed what was sent or said.", where=where), code="hook")


def _id(data: Obj) -> str:
    return first_text(data, ("call_id", "tool_call_id"))


def _value(data: Obj, *keys: str) -> Any:
    """The first of these members that is there; arguments that came as JSON text are read."""
    value = next((data[key] for key in keys if data.get(key) is not None), None)
    if isinstance(value, str) and keys[0] in ("arguments", "tool_input"):
        try:
            return parse(value)
        except ValueError:
            return value
    return value
