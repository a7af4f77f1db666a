"""What is inside a row that was opened, and other text that is shown as it is: literal, in blocks of some lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from desktop.core import describe
from desktop.core.conversation import AgentItem, ToolItem
from desktop.core.events import Part
from desktop.core.language import tr, trn
from desktop.core.markdown.flow import Code, Element
from desktop.core.markdown.slicer import CODE_LINES, SOFT, Slice
from desktop.ui.transcript.blocks import Block, PictureBlock, TextBlock

_MOST_DETAIL = 400_000  # characters of a tool's arguments or result


def literal_slices(text: str) -> list[Slice]:
    """A text that is no Markdown, in slices of some lines."""
    out: list[Slice] = []
    lines = text.strip("\n").split("\n")
    for start in range(0, len(lines), CODE_LINES):
        part = "\n".join(lines[start : start + CODE_LINES])
        for at in range(0, max(len(part), 1), SOFT):
            out.append(Slice(part[at : at + SOFT] + "\n", "literal", gap=False))
    return out


def tool_details(item: ToolItem) -> list[Block]:
    blocks: list[Block] = []
    if item.args is not None or item.args_pieces:
        text = pretty(item.args) if item.args is not None else item.args_text
        blocks += lines_of(text, tr("arguments"))
    if item.output:
        blocks += lines_of("".join(item.output), tr("output"))
    if item.error:
        blocks += lines_of(item.error, tr("error"))
    for part in item.parts:
        blocks += _part(part)
    if item.result is not None and not item.parts:
        blocks += lines_of(pretty(item.result), tr("result"))
    elif item.result is None and item.preview is not None:
        blocks += lines_of(pretty(item.preview), tr("so far"))
    return blocks or lines_of(tr("no arguments, no result"), tr("details"))


def agent_details(tool: ToolItem | None, agent: AgentItem) -> list[Block]:
    """What an agent was asked to do and what came of it, with the call that brought it."""
    mine = tool is None or agent.call == tool.call  # else it has had another task since
    blocks: list[Block] = []
    if mine and agent.task:
        blocks += lines_of(agent.task, tr("task"))
    if mine and agent.result and (tool is None or tool.result != agent.result):
        blocks += lines_of(agent.result, tr("result"))
    if mine and agent.error:
        blocks += lines_of(agent.error, tr("error"))
    if tool is not None and describe.tool_name(tool) != agent.name:
        blocks += lines_of(describe.tool_name(tool), tr("call"))
    return blocks + (tool_details(tool) if tool is not None else [])


def _part(part: Part) -> list[Block]:
    if part.type == "image" and part.data:
        return [PictureBlock([(part.name or "", part.data)], 240)]
    if part.type == "diff":
        return lines_of(diff(part.old or "", part.new or ""), part.name or tr("changes"), "diff")
    words = part.text or f"{part.name or part.type}, {part.media or tr('unknown type')}"
    return lines_of(words, part.name or tr("result"))


def pretty(value: Any) -> str:
    """A value as text: JSON with indents, or the string itself."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, indent=2, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        return str(value)[:_MOST_DETAIL]


def diff(old: str, new: str) -> str:
    """The lines that differ."""
    from difflib import unified_diff

    return "\n".join(line.rstrip("\n") for line in unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=3))


def lines_of(text: str, title: str, language: str = "") -> list[Block]:
    """Literal text as code blocks under one title."""
    cut = len(text) > _MOST_DETAIL
    more = trn("… {n} more character", "… {n} more characters", len(text) - _MOST_DETAIL)
    text = visible_marks(text[:_MOST_DETAIL]) + (f"\n{more}" if cut else "")
    lines = text.rstrip("\n").split("\n")
    blocks: list[Block] = []
    for start in range(0, len(lines), CODE_LINES):
        part = "\n".join(lines[start : start + CODE_LINES])
        block = TextBlock(
            Slice(part, "literal", opener="" if not start else "\n", gap=not start), _as_code(title, start)
        )
        if blocks:
            previous = blocks[-1]
            assert isinstance(previous, TextBlock)
            block.side = previous.side
            previous.join()
        blocks.append(block)
    return blocks


def _as_code(title: str, start: int) -> Callable[[Slice], list[Element]]:
    def elements(piece: Slice) -> list[Element]:
        return [Code(piece.source, title, first=not start)]

    return elements


_HIDDEN = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127), "�")
_HIDDEN |= {code: f"⟨U+{code:04X}⟩" for code in (0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF, 0x00AD)}
_HIDDEN |= {code: f"⟨U+{code:04X}⟩" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
_HIDDEN |= {code: f"⟨U+{code:05X}⟩" for code in range(0xE0000, 0xE0080)}


def visible_marks(text: str) -> str:
    """Control, direction, zero-width and tag characters as marks that can be seen."""
    return text if text.isascii() and text.isprintable() else text.translate(_HIDDEN)
