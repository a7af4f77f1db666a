"""Powabase's workflows: blocks that run one after another, some of which write. Both the service's names and the
documentation's are read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from desktop.core.adapters.powabase.content import Obj, duration, obj, spoken
from desktop.core.adapters.words import first_text, message_in
from desktop.core.events import AnyEvent, Notice, RunEnded, Step, StepState, TextDelta, TextSet
from desktop.core.language import tr

if TYPE_CHECKING:
    from desktop.core.adapters.run import Run


class Workflow:
    """The blocks of one execution. The answer is what the last agent block wrote, else the last block's output."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._types: dict[str, str] = {}
        self._labels: dict[str, str] = {}
        self._written: list[str] = []  # blocks that wrote, in order
        self._outputs: dict[str, Any] = {}
        self._failed: list[str] = []

    def started(self, data: Obj) -> Iterable[AnyEvent]:
        """`block_start`."""
        yield self._step(data, "running")

    def wrote(self, data: Obj) -> Iterable[AnyEvent]:
        """`block_chunk`, and the documentation's `block_output`, which may hold a whole output instead."""
        text = first_text(data, ("chunk", "delta"))
        if not text:
            if (output := _output(data)) is not None:
                yield self._step(data, "running", output)
            return
        block = self._block(data)
        if block not in self._written:
            self._written.append(block)
        yield TextDelta(part=block, text=text)

    def completed(self, data: Obj) -> Iterable[AnyEvent]:
        """`block_complete`."""
        output = self._outputs[self._block(data)] = _output(data)
        yield self._step(data, "done", output)

    def broke(self, data: Obj) -> Iterable[AnyEvent]:
        """`block_error`: the other blocks go on."""
        said = message_in(data.get("data")) or message_in(data)
        self._failed.append(said)
        step = self._step(data, "failed", said or None)
        yield step
        told = {"block": step.label, "said": said}
        words = tr("The block {block} failed: {said}", **told) if said else tr("The block {block} failed.", **told)
        yield Notice(level="error", text=words, code="block")

    def done(self, data: Obj) -> Iterable[AnyEvent]:
        """`done`: the answer is settled, and the run is over."""
        agents = [block for block in self._written if self._types.get(block) in ("agent", "")] or self._written
        for block in self._written:
            if block != agents[-1]:
                yield TextSet(part=block, text="")
        if not agents and (text := self._answer(data)):
            yield TextSet(part="answer", text=text)
        elif not agents:
            yield Notice(text=tr("The workflow ended without an answer."), code="empty")
        yield RunEnded(status="completed")

    def _answer(self, data: Obj) -> str:
        outputs = [self._outputs[b] for b in self._outputs if self._types.get(b) in ("agent", "response")]
        outputs.append(_output(data))
        texts = [spoken(output)[0] for output in outputs]
        return next(filter(None, reversed(texts)), "")

    def _block(self, data: Obj) -> str:
        block = first_text(data, ("block_id", "id", "block_name", "name")) or "block"
        self._types.setdefault(block, first_text(data, ("block_type",)))
        return block

    def _step(self, data: Obj, state: StepState, detail: Any = None) -> Step:
        block = self._block(data)
        named = first_text(data, ("block_name", "name")) or self._types[block] or "block"
        label = self._labels.setdefault(block, named)
        return Step(step=block, label=label, type="block", state=state, ms=duration(data), detail=detail)


def _output(data: Obj) -> Any:
    """What a block gave: `data.output`, or the documentation's `output` or `result`."""
    held = obj(data.get("data"))
    return next((v for v in (held.get("output"), data.get("output"), data.get("result")) if v is not None), None)
