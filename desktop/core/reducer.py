"""Fold events into a conversation: apply(event, at) -> what changed. The rules are those of the event model.

The reducer knows no protocol. Everything is upserted by id; text goes to the newest segment of its part; what is
still open when a run ends is closed.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar

from desktop.core import conversation as c
from desktop.core import events as e
from desktop.core.language import tr, trn
from desktop.core.requests import Prompt
from desktop.core.wire.jsontext import parse

I = TypeVar("I", bound=c.Item)  # noqa: E741
_TextKey = tuple[e.Path, e.Channel, str]


class Reducer:
    """Applies the events of one conversation, run after run."""

    def __init__(self, conversation: c.Conversation | None = None) -> None:
        self.conversation = conversation or c.Conversation()
        self._segments: dict[_TextKey, c.TextItem] = {}
        self._counts: dict[str, int] = {}
        self._last_text: c.TextItem | None = None

    # ---- what drives it

    def begin(self, prompt: Prompt | None, at: float, after: int | None = None) -> list[c.Change]:
        """A new run starts, with the person's words if it is a turn of theirs (and not a continuation). It goes on from
        the run `after`, or from the last one shown."""
        held = self.conversation
        run = c.RunState(len(held.runs), at, held.tip if after is None else after, heard=at)
        held.runs.append(run)
        held.leaf = None
        self._segments.clear()
        self._counts.clear()
        self._last_text = None
        self.conversation.suggestions = ()
        changes: list[c.Change] = [c.RunChanged(run.number), c.SessionChanged()]
        if prompt is not None:
            item = c.UserTurn(f"r{run.number}/user", run.number, at, text=prompt.text, images=prompt.images)
            changes.append(self._add(item))
        return changes

    def apply(self, event: e.AnyEvent, at: float) -> list[c.Change]:
        """What the event changes. `begin` must have been called for its run."""
        run = self.conversation.runs[-1]
        run.last_event = at
        if type(event) is e.Beat:
            return []
        if at > run.heard:
            if at - run.heard > c.PAUSE and not _is_last_moment(event):
                run.pauses.append((run.heard, at))
            run.heard = at
        match event:
            case e.TextDelta():
                return self._delta(event, at)
            case e.TextSet():
                return self._set(event, at)
            case e.ToolStarted() | e.ToolArgs() | e.ToolOutput() | e.ToolEnded():
                return self._tool(event, at)
            case e.Step():
                return self._step(event, at)
            case e.AgentChanged():
                return self._agent(event, at)
            case e.AskOpened():
                return self._ask(event, at)
            case e.AskClosed():
                return self._ask_closed(event, at)
            case e.RunStarted():
                return self._started(event)
            case e.RunEnded():
                return self._ended(event, at)
            case e.SessionInfo():
                return self._session(event)
            case e.Usage():
                return self._usage(event)
            case _:
                return self._mark(event, at)

    def mark_ask(self, ask: str, state: str, trouble: str | None = None) -> list[c.Change]:
        """The person's decision is on its way ("sending"), or could not be sent ("pending" again, with the reason)."""
        item = self._find_ask(ask)
        if item is None or item.state not in ("pending", "sending"):
            return []
        item.state = state  # type: ignore[assignment]
        item.trouble = trouble
        return [c.Updated(item.id)]

    # ---- text

    def _delta(self, event: e.TextDelta, at: float) -> list[c.Change]:
        run = self.conversation.runs[-1]
        if run.first_text is None:
            run.first_text = at
        run.characters += len(event.text)
        key = (event.path, event.channel, event.part)
        item = self._segments.get(key)
        if item is None or self._is_past(item):
            return [self._new_text(key, event.text, at)]
        item.pieces.append(event.text)
        item.length += len(event.text)
        item.ended = at
        self._last_text = item
        return [c.Grew(item.id, event.text)]

    def _is_past(self, item: c.TextItem) -> bool:
        """A thought that goes on after the answer began is a new thought; it is never moved before the answer."""
        last = self._last_text
        return isinstance(item, c.ThoughtItem) and isinstance(last, c.AnswerItem) and last.path == item.path

    def _new_text(self, key: _TextKey, text: str, at: float) -> c.Change:
        path, channel, part = key
        kind, cls = ("answer", c.AnswerItem) if channel == "answer" else ("thought", c.ThoughtItem)
        name = self._unique("/".join((self._prefix(), kind, *path, part)))
        run = self.conversation.runs[-1].number
        item = cls(name, run, at, path, ended=at, part=part, pieces=[text], length=len(text))
        self._segments[key] = item
        self._last_text = item
        return self._add(item)

    def _set(self, event: e.TextSet, at: float) -> list[c.Change]:
        key = (event.path, event.channel, event.part)
        item = self._segments.get(key)
        if item is None:
            return [self._new_text(key, event.text, at)] if event.text else []
        item.pieces, item.length = [event.text], len(event.text)
        item.version += 1
        item.ended = at
        return [c.Updated(item.id)]

    # ---- tools, steps, agents

    def _tool(self, event: e.ToolStarted | e.ToolArgs | e.ToolOutput | e.ToolEnded, at: float) -> list[c.Change]:
        item, changes = self._held(event.call) or self._upsert(c.ToolItem, "tool", event.call, event.path, at)
        item.call = event.call
        match event:
            case e.ToolStarted():
                for name in ("name", "title", "verb", "args", "parent_call", "shows_agent"):
                    if getattr(item, name) in (None, ""):
                        setattr(item, name, getattr(event, name))
                item.runs_on = event.runs_on
            case e.ToolArgs():
                item.args_pieces.append(event.delta)
            case e.ToolOutput():
                if event.delta:
                    item.output.append(event.delta)
                if event.preview is not None:
                    item.preview = event.preview
            case e.ToolEnded():
                self._tool_ended(item, event, at)
        return changes

    def _held(self, call: str) -> tuple[c.ToolItem, list[c.Change]] | None:
        """The call that an ask of an earlier run kept waiting, in the run that answers this ask."""
        for name in self.conversation.runs[-1].continues:
            ask = self._find_ask(name)
            if ask is not None and ask.call == call and (tool := self._tool_of(ask)) is not None:
                return tool, [c.Updated(tool.id)]
        return None

    def _tool_ended(self, item: c.ToolItem, event: e.ToolEnded, at: float) -> None:
        if item.state not in ("running", "unknown") and event.status == "unknown":
            return
        item.state = event.status if item.state != "denied" else "denied"
        item.ended = at
        for name in ("result", "error", "ms"):
            if getattr(event, name) is not None:
                setattr(item, name, getattr(event, name))
        item.parts = event.parts or item.parts
        _parse_args(item)

    def _step(self, event: e.Step, at: float) -> list[c.Change]:
        item, changes = self._upsert(c.StepItem, "step", event.step, event.path, at)
        _copy(event, item)
        if event.state in ("done", "failed", "skipped"):
            item.ended = at
        return changes

    def _agent(self, event: e.AgentChanged, at: float) -> list[c.Change]:
        item, changes = self._upsert(c.AgentItem, "agent", "/".join(event.path) or event.name, event.path, at)
        _copy(event, item)
        item.ended = at if event.state in ("done", "failed", "closed") else None
        return changes

    # ---- asks

    def _ask(self, event: e.AskOpened, at: float) -> list[c.Change]:
        item = self._find_ask(event.ask)
        if item is None:
            item, changes = self._upsert(c.AskItem, "ask", event.ask, event.path, at)
        else:
            changes = [c.Updated(item.id)]
            item.version += 1
        _copy(event, item)
        item.state, item.trouble, item.answer, item.ended = "pending", None, None, None
        if tool := self._tool_of(item):
            tool.ask = item.ask
            changes.append(c.Updated(tool.id))
        return changes

    def _ask_closed(self, event: e.AskClosed, at: float) -> list[c.Change]:
        item = self._find_ask(event.ask)
        if item is None or item.state not in ("pending", "sending"):
            return []
        item.state, item.answer, item.trouble, item.ended = event.how, event.answer, None, at
        changes: list[c.Change] = [c.Updated(item.id)]
        if tool := self._tool_of(item):
            tool.ask = None
            changes.append(c.Updated(tool.id))
        return changes

    def _find_ask(self, ask: str) -> c.AskItem | None:
        for item in reversed(self.conversation.items.values()):
            if isinstance(item, c.AskItem) and item.ask == ask:
                return item
        return None

    def _tool_of(self, ask: c.AskItem) -> c.ToolItem | None:
        if ask.call is None:
            return None
        found = self.conversation.items.get(f"r{ask.run}/tool/{ask.call}")
        return found if isinstance(found, c.ToolItem) else None

    # ---- the run and the session

    def _started(self, event: e.RunStarted) -> list[c.Change]:
        run = self.conversation.runs[-1]
        run.run_id = event.run_id or run.run_id
        run.agent = event.agent or run.agent
        run.model = event.model or run.model
        run.continues = event.continues or run.continues
        if event.session_id:
            self.conversation.session_id = event.session_id
        return [c.RunChanged(run.number)]

    def _ended(self, event: e.RunEnded, at: float) -> list[c.Change]:
        run = self.conversation.runs[-1]
        if run.status is not None:
            return []
        run.status, run.reason, run.error, run.ended = event.status, event.reason, event.error, at
        changes: list[c.Change] = []
        for item in self.conversation.of_run(run.number):
            changes += self._close(item, at)
        if event.final_text and not self.conversation.text_of(run.number):
            changes += self._set(e.TextSet(text=event.final_text), at)
        if event.status != "completed":
            end = c.EndItem(f"{self._prefix()}/end", run.number, at, status=event.status)
            end.reason, end.error = event.reason, event.error
            changes.append(self._add(end))
        return [*changes, c.RunChanged(run.number)]

    def _close(self, item: c.Item, at: float) -> list[c.Change]:
        """Steps and agents that no frame ended; calls and asks were closed by the adapter's base."""
        if isinstance(item, c.StepItem) and item.state in ("running", "pending"):
            item.state = "done" if self.conversation.runs[-1].status == "completed" else "skipped"
        elif isinstance(item, c.AgentItem) and item.state in ("started", "running", "waiting"):
            item.state = "closed"
        elif isinstance(item, c.ToolItem) and item.args is None and item.args_pieces:
            _parse_args(item)
            return [c.Updated(item.id)]
        else:
            return []
        item.ended = at
        return [c.Updated(item.id)]

    def _session(self, event: e.SessionInfo) -> list[c.Change]:
        for name in ("session_id", "title", "suggestions", "commands", "state"):
            if value := getattr(event, name):
                setattr(self.conversation, name, value)
        return [c.SessionChanged()]

    def _usage(self, event: e.Usage) -> list[c.Change]:
        run = self.conversation.runs[-1]
        if event.scope == "session":
            self.conversation.usage = _merged(self.conversation.usage, event)
            return [c.SessionChanged()]
        if event.scope == "call":
            run.spent.append((run.heard, event))
        totals = run.usage is not None and run.usage.scope == "run"
        if event.scope == "call" and (event.path or totals):
            return []  # a sub-agent's or a single call's figures are not the run's
        run.usage = _merged(run.usage if totals or event.scope == "call" else None, event)
        return [c.RunChanged(run.number)]

    # ---- marks: notices, files, sources, what is unknown

    def _mark(self, event: e.AnyEvent, at: float) -> list[c.Change]:
        match event:
            case e.Raw():
                return self._unknown(event, at)
            case e.Notice():
                notice, changes = self._upsert(c.NoticeItem, "notice", self._next("notice"), event.path, at)
                notice.level, notice.text, notice.code = event.level, event.text, event.code
                return changes
            case e.ContextChanged():
                mark, changes = self._upsert(c.NoticeItem, "context", self._context_key(event), event.path, at)
                mark.text, mark.code = _context_words(event), "context"
                return changes
            case e.FileShown():
                file, changes = self._upsert(c.FileItem, "file", event.part, event.path, at)
                _copy(event, file)
                return changes
            case e.Source():
                source, changes = self._upsert(c.SourceItem, "source", event.id, event.path, at)
                source.source = event.id
                _copy(event, source, skip=("id",))
                return changes
        return []

    def _unknown(self, event: e.Raw, at: float) -> list[c.Change]:
        run = self.conversation.runs[-1]
        run.unknown += event.count
        item, changes = self._upsert(c.NoticeItem, "unknown", "0", (), at)
        item.code, item.count = "unknown", run.unknown
        item.text = trn("{n} event that Sluice does not know", "{n} unknown events", run.unknown)
        return changes

    def _context_key(self, event: e.ContextChanged) -> str:
        """One mark for the begin and the end of the same compaction."""
        if event.state == "compacting" or not self._counts.get("context"):
            return self._next("context")
        return str(self._counts["context"])

    # ---- inside

    def _prefix(self) -> str:
        return f"r{self.conversation.runs[-1].number}"

    def _next(self, what: str) -> str:
        self._counts[what] = self._counts.get(what, 0) + 1
        return str(self._counts[what])

    def _unique(self, name: str) -> str:
        if name not in self.conversation.items:
            return name
        return self._unique(f"{name}+{self._next(name)}")

    def _upsert(self, cls: type[I], kind: str, key: str, path: e.Path, at: float) -> tuple[I, list[c.Change]]:
        name = f"{self._prefix()}/{kind}/{key}"
        item = self.conversation.items.get(name)
        if isinstance(item, cls):
            return item, [c.Updated(name)]
        item = cls(name, self.conversation.runs[-1].number, at, path)
        return item, [self._add(item)]

    def _add(self, item: c.Item) -> c.Change:
        self.conversation.items[item.id] = item
        return c.Added(item.id)


def _copy(event: e.Event, item: c.Item, skip: tuple[str, ...] = ()) -> None:
    """What the event says of the item; what it leaves out stays."""
    names = {f.name for f in fields(item)}
    for field in fields(event):
        value = getattr(event, field.name)
        if field.name in names and field.name not in skip and value is not None:
            setattr(item, field.name, value)


def _is_last_moment(event: e.AnyEvent) -> bool:
    """Whether it only tells when something that was stored had come whole; what lies between is not silence."""
    match event:
        case e.TextDelta(text="") | e.ToolArgs(delta="") | e.ToolOutput(delta=""):
            return True
    return False


def _merged(old: e.Usage | None, new: e.Usage) -> e.Usage:
    """The newest figures; those it does not name stay as they were."""
    if old is None:
        return new
    values: dict[str, Any] = {f.name: getattr(old, f.name) for f in fields(old)}
    values.update({f.name: getattr(new, f.name) for f in fields(new) if getattr(new, f.name) is not None})
    return e.Usage(**values)


def _parse_args(item: c.ToolItem) -> None:
    if item.args is None and item.args_pieces:
        try:
            item.args = parse(item.args_text)
        except ValueError:
            item.args = None


def _context_words(event: e.ContextChanged) -> str:
    words = {
        "compacting": tr("The agent is shortening the conversation"),
        "compacted": tr("The agent shortened the conversation"),
        "truncated": tr("The agent left out the oldest part of the conversation"),
    }[event.state]
    if event.before is None or event.after is None:
        return words
    return tr("{words} from {before} to {after}", words=words, before=event.before, after=event.after)
