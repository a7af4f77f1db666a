"""Items that are a line rather than a text, in words: what its row says. Nothing here draws."""

from __future__ import annotations

from dataclasses import dataclass, replace

from desktop.core import describe
from desktop.core.asks import words as ask_words
from desktop.core.asks.visible import marked
from desktop.core.conversation import (
    AgentItem,
    AskItem,
    EndItem,
    FileItem,
    Item,
    NoticeItem,
    SourceItem,
    StepItem,
    ThoughtItem,
    ToolItem,
)
from desktop.core.grouping import Streak
from desktop.core.language import mark, number, tr, trn
from desktop.core.markdown.build import where

_TOOL_LOOK = {
    "running": ("run", "accent"),
    "ok": ("ok", "ok"),
    "error": ("error", "error"),
    "denied": ("close", "warning"),
    "cancelled": ("stop", "muted"),
    "unknown": ("error", "warning"),
}
_STEP_LOOK = {
    "pending": ("dot", "muted"),
    "running": ("run", "accent"),
    "done": ("ok", "muted"),
    "failed": ("error", "error"),
    "skipped": ("dot", "muted"),
    "waiting": ("wait", "accent"),
}
_AGENT_LOOK = {
    "started": ("run", "accent"),
    "running": ("run", "accent"),
    "waiting": ("wait", "accent"),
    "done": ("ok", "ok"),
    "failed": ("error", "error"),
    "closed": ("dot", "muted"),
}
_ASK_TITLES = {"question": mark("Question"), "form": mark("Form"), "sign-in": mark("Sign-in")}
_NOTICE_LOOK = {"info": ("info", "muted"), "warning": ("error", "warning"), "error": ("error", "error")}


@dataclass(frozen=True, slots=True)
class Row:
    """`icon` and `tone` (a field of the theme) go with the `state` in words. `folded` is None where nothing can be
    opened. `card` sets the row apart; `wrap` lets long words take more lines. `more` says whether the details of a row
    are open that folds something else; None where it has none."""

    icon: str
    tone: str
    title: str
    detail: str = ""
    state: str = ""
    time: str = ""
    folded: bool | None = None
    card: bool = False
    wrap: bool = False
    press: str = ""  # the word on it, where a press does something
    quiet: bool = False  # its title stands back
    inside: bool = False  # it stands under another row, of which it is a part
    more: bool | None = None

    @property
    def words(self) -> str:
        """The row as one reads it."""
        parts = (self.title, self.detail, self.state, self.time, self.press)
        return ", ".join(part for part in parts if part)

    @property
    def action(self) -> str:
        """What a press does: "fold", "activate" (which is for the owner), or nothing."""
        if self.folded is not None:
            return "fold"
        return "activate" if self.press or self.card else ""

    @property
    def actions(self) -> tuple[str, ...]:
        """Everything that can be pressed on it; "more" opens the details."""
        return tuple(filter(None, (self.action, "" if self.more is None else "more")))

    @property
    def pressed_words(self) -> str:
        """The word on its right that can be pressed."""
        if self.more is None:
            return self.press
        return tr("Hide details") if self.more else tr("Details")


def is_live(item: Item) -> bool:
    """Whether the row shows a time that goes on."""
    match item:
        case ToolItem() | StepItem():
            return item.state == "running"
        case AgentItem():
            return describe.is_at_work(item)
    return False


def row_of(item: Item, folded: bool, live: bool, now: float) -> Row | None:
    """What the item's row says, or None for those that have no row."""
    match item:
        case ToolItem():
            return _tool(item, folded, now)
        case ThoughtItem():
            return Row("thought", "muted", describe.thought_line(item, live, now), folded=folded, quiet=True)
        case StepItem():
            icon, tone = _STEP_LOOK[item.state]
            took = "" if item.ms is None else describe.seconds_words(item.ms / 1000)
            return Row(icon, tone, describe.step_line(item), time=took, quiet=item.state in ("done", "skipped"))
        case AgentItem():
            took = describe.agent_seconds(item, now if describe.is_at_work(item) else None)
            return _agent(item, folded, None if took is None else describe.seconds_words(took))
        case AskItem():
            return _ask(item)
        case NoticeItem():
            icon, tone = _NOTICE_LOOK[item.level]
            return Row(icon, tone, item.text, wrap=True)
        case EndItem():
            return _end(item, folded)
        case FileItem():
            return _file(item)
        case SourceItem():
            title = item.title or item.doc or item.url or item.source
            return Row(
                "source", "muted", _one_line(title), where(item.url) if item.url else _one_line(item.quote or "")
            )
    return None


def _tool(item: ToolItem, folded: bool, now: float) -> Row:
    icon, tone = ("wait", "accent") if item.ask and item.state == "running" else _TOOL_LOOK[item.state]
    seconds = describe.tool_seconds(item, now if item.state == "running" else None)
    took = "" if seconds is None else describe.seconds_words(seconds)
    line = marked(describe.arguments_line(item.args, "" if item.args is not None else item.args_text))
    return Row(icon, tone, marked(describe.tool_name(item)), line, describe.tool_state(item), took, folded=folded)


def _agent(item: AgentItem, folded: bool, time: str | None) -> Row:
    icon, tone = _AGENT_LOOK[item.state]
    detail = marked(_one_line(item.error or item.task or ""))
    return Row(icon, tone, marked(_one_line(item.name)), detail, describe.agent_state(item), time or "", folded=folded)


def shared_row(tool: ToolItem, agent: AgentItem, folded: bool, now: float) -> Row:
    """The one row of a call and of the agent that it brought."""
    seconds = describe.shared_seconds(tool, agent, now)
    took = "" if seconds is None else describe.seconds_words(seconds)
    if describe.teller(tool, agent) is agent:
        row = _agent(agent, folded, took)
        return row if row.detail else replace(row, detail=_tool(tool, folded, now).detail)
    row = _tool(tool, folded, now)
    detail = marked(_one_line(tool.error or "")) or row.detail
    return replace(row, title=marked(_one_line(agent.name)), detail=detail, time=took)


def steps_row(streak: Streak, folded: bool) -> Row:
    """The one row of finished steps."""
    icon, tone = _STEP_LOOK["done"]
    title, labels = describe.steps_title(streak), _one_line(describe.steps_labels(streak))
    state = describe.step_state(streak.lead)
    return Row(icon, tone, title, labels, state, describe.steps_time(streak), folded=folded, quiet=True)


def _ask(item: AskItem) -> Row:
    title = marked(item.tool or tr(_ASK_TITLES.get(item.type, mark("Approval"))))
    detail = marked(item.text or describe.arguments_line(item.args))
    state = tr(ask_words.STATES[item.state])
    if item.state == "answered" and item.answer:
        state = tr("answered: {answer}", answer=ask_words.answer_words(item))
    if item.answer == ask_words.LOST:
        state = ask_words.answer_words(item)
    if item.trouble:
        state = f"{state}; {item.trouble}"
    waits = item.state == "pending"
    icon = "wait" if waits else "ok" if item.state == "answered" else "dot"
    return Row(
        icon,
        "accent" if waits else "muted",
        title,
        _one_line(detail),
        state,
        card=waits,
        press=tr("Review") if waits else "",
    )


def _end(item: EndItem, folded: bool) -> Row:
    quiet = item.status in ("cancelled", "waiting", "completed")
    has_details = item.error is not None or bool(item.reason)
    return Row(
        "stop" if quiet else "error",
        "muted" if quiet else "error" if item.status in ("failed", "refused") else "warning",
        describe.ending_line(item),
        folded=folded if has_details and not quiet else None,
        wrap=True,
    )


def end_details(item: EndItem) -> str:
    """What the server and the program know of an ending, for those who ask."""
    lines: list[tuple[str, object]] = [(tr("status"), item.status), (tr("reason"), item.reason)]
    if item.error:
        lines += [(tr("message"), item.error.text), (tr("code"), item.error.code)]
        lines += [(tr("HTTP status"), item.error.http)]
        wait = item.error.retry_after
        lines += [(tr("retry after"), wait and describe.seconds_words(wait))]
    return "\n".join(f"{name}: {value}" for name, value in lines if value)


def _file(item: FileItem) -> Row:
    size = size_words(len(item.data)) if item.data is not None else ""
    place = where(item.url) if item.url and item.data is None else ""
    detail = ", ".join(filter(None, (item.media, size, place and tr("at {place}", place=place))))
    return Row("file", "muted", _one_line(item.name or tr("File")), detail, press=tr("Show") if place else "")


def size_words(count: int) -> str:
    """A size as people say it: 12 KB, 3.4 MB."""
    if count < 1_000:
        return trn("{n} byte", "{n} bytes", count)
    return f"{number(count / 1_000)} KB" if count < 1_000_000 else f"{number(count / 1_000_000, 1)} MB"


def _one_line(text: str) -> str:
    return " ".join(text[:600].split())
