"""Looking for things in PromptShuttle's `data` objects, whose fields no public source shows.

Every function tries the likely spellings and gives nothing where none fits; what is not found stays visible as the
raw object in the detail of its step or tool.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from desktop.core.adapters.words import first_text, message_in
from desktop.core.events import Failure, RunStatus, Usage
from desktop.core.language import tr
from desktop.core.wire.jsontext import parse

_TEXTS = ("text", "content", "output", "outputText", "response", "result", "answer", "message", "finalText")
_INPUT = ("totalTokensIn", "tokensIn", "totalInputTokens", "inputTokens", "totalPromptTokens", "promptTokens",
          "prompt_tokens", "input_tokens")  # fmt: skip
_OUTPUT = ("totalTokensOut", "tokensOut", "totalOutputTokens", "outputTokens", "totalCompletionTokens",
           "completionTokens", "completion_tokens", "output_tokens")  # fmt: skip
_REASONING = ("totalReasoningTokens", "reasoningTokens", "reasoning_tokens")
_CACHED = ("totalCachedTokens", "cachedTokens", "cached_tokens")
_COSTS: tuple[tuple[str, str | None], ...] = (
    ("totalCostUsd", "USD"), ("costUsd", "USD"), ("cost_usd", "USD"), ("totalCost", None), ("cost", None),
    ("totalCreditsUsed", "credits"), ("creditsUsed", "credits"),
)  # fmt: skip
_TOOL_KEYS = ("toolName", "name", "toolCallId", "callId", "id", "toolType", "durationMs")
FINISHES: dict[str, RunStatus] = {
    "stop": "completed", "length": "limit", "tool_calls": "calls", "content_filter": "refused",
}  # fmt: skip


def text_of(content: Any) -> str:
    """A message's content: a string, or a list of parts with text."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(first_text(part, ("text",)) for part in parts)


def answer_in(data: Any, deep: bool = True) -> str:
    """The answer in the data of a closing event, or ""."""
    if not isinstance(data, Mapping):
        return ""
    if found := first_text(data, _TEXTS):
        return found
    if found := text_of(data.get("content")):
        return found
    choices = data.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    for message in (data.get("message"), first.get("message") if isinstance(first, dict) else None):
        if isinstance(message, dict) and (found := text_of(message.get("content"))):
            return found
    inner = (answer_in(data.get(key), deep=False) for key in ("response", "result") if deep)
    return next(filter(None, inner), "")


def usage_in(data: Any, scope: Literal["call", "run"] = "run") -> Usage | None:
    """The figures in an event's data, in a `usage` object inside it, or None."""
    if not isinstance(data, Mapping):
        return None
    inner = data.get("usage")
    figures = {**data, **inner} if isinstance(inner, dict) else data
    prompt, completion = figures.get("prompt_tokens_details"), figures.get("completion_tokens_details")
    cost, currency = _cost(figures)
    counts = (
        _count(figures, _INPUT),
        _count(figures, _OUTPUT),
        _count(figures, _REASONING) or _count(completion, _REASONING),
        _count(figures, _CACHED) or _count(prompt, _CACHED),
    )
    if cost is None and not any(counts):
        return None
    given, made, reasoning, cached = counts
    return Usage(
        scope=scope, input=given, output=made, reasoning=reasoning, cached=cached, cost=cost, currency=currency
    )


def failure_in(data: Any, opening: str) -> Failure:
    """The error of an event's data, be it a string or an object, after words on what failed."""
    error = data.get("error") if isinstance(data, Mapping) else None
    said = message_in(error) or message_in(data)
    code = first_text(error, ("code", "type")) or first_text(data, ("code",))
    words = f"{opening}: {said}" if said else f"{opening}. {tr('The server gives no reason.')}"
    return Failure(words, code=code or "error")


def tool_name(data: Mapping[str, Any]) -> str:
    """The tool's name."""
    return first_text(data, ("toolName", "name", "tool")) or "tool"


def tool_id(data: Mapping[str, Any]) -> str:
    """The call's id, or ""."""
    return first_text(data, ("toolCallId", "callId", "tool_call_id", "id"))


def tool_args(data: Mapping[str, Any]) -> Any:
    """The arguments, parsed where they are a JSON text."""
    value = next((data[key] for key in ("arguments", "input", "args") if data.get(key) is not None), None)
    if isinstance(value, str):
        try:
            return parse(value)
        except ValueError:
            return value
    return value


def tool_result(data: Mapping[str, Any]) -> Any:
    """The result; without one, what else the event says (a child's request id, its cost)."""
    for key in ("result", "output", "content"):
        if data.get(key) is not None:
            return data[key]
    return {key: value for key, value in data.items() if key not in _TOOL_KEYS} or None


def milliseconds(data: Mapping[str, Any]) -> float | None:
    """The duration that the server told."""
    value = data.get("durationMs", data.get("elapsedMs"))
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def is_error(result: Any) -> bool:
    """A result object whose first key is `error`."""
    return isinstance(result, dict) and next(iter(result), None) == "error"


def _count(data: Any, names: tuple[str, ...]) -> int | None:
    if isinstance(data, Mapping):
        for name in names:
            value = data.get(name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                return int(value)
    return None


def _cost(data: Mapping[str, Any]) -> tuple[float | None, str | None]:
    for name, currency in _COSTS:
        value = data.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value), currency
    return None, None
