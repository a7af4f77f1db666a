"""Thoughts that a model writes into its answer, between `<think>` and `</think>`."""

from __future__ import annotations

from desktop.core.events import Channel

OPEN, CLOSE = "<think>", "</think>"
Piece = tuple[Channel, str]


class ThinkTag:
    """Splits an answer that opens with `<think>`. Anywhere later the tag is text like any other. What might be the
    beginning of a tag is held back until it is clear."""

    def __init__(self) -> None:
        self._state = "start"  # then "lead" (blank lines), "thought", "gap" (blank lines), "answer"
        self._held = ""

    def feed(self, text: str) -> list[Piece]:
        """The pieces that `text` completes, each with its channel."""
        if self._state == "answer":
            return [("answer", text)]
        self._held += text
        out: list[Piece] = []
        if self._state == "start":
            self._open()
        self._skip_lines("lead", "thought")
        if self._state == "thought":
            out += self._thought()
        self._skip_lines("gap", "answer")
        if self._state == "answer":
            out.append(("answer", self._held))
            self._held = ""
        return out

    def close(self) -> list[Piece]:
        """What was held back when the answer ended."""
        held, self._held = self._held, ""
        return [("reasoning" if self._state == "thought" else "answer", held)] if held else []

    def _open(self) -> None:
        start = self._held.lstrip()
        if start.startswith(OPEN):
            self._state = "lead"
            self._held = start.removeprefix(OPEN)
        elif not OPEN.startswith(start):
            self._state = "answer"

    def _skip_lines(self, state: str, then: str) -> None:
        """Leave out the blank lines around a thought."""
        if self._state == state:
            self._held = self._held.lstrip("\r\n")
            self._state = then if self._held else state

    def _thought(self) -> list[Piece]:
        thought, closed, rest = self._held.partition(CLOSE)
        if closed:
            self._state, self._held = "gap", rest
            return [("reasoning", thought)]
        keep = next((n for n in range(len(CLOSE) - 1, 0, -1) if thought.endswith(CLOSE[:n])), 0)
        self._held = thought[len(thought) - keep :]
        return [("reasoning", thought[: len(thought) - keep])]
