"""An ask in words: what it is headed, how it can be answered, how it ended. Shared by dialog, cards and inbox."""

from __future__ import annotations

from desktop.core.asks.visible import one_line
from desktop.core.conversation import AskItem
from desktop.core.events import Choice
from desktop.core.language import mark, tr
from desktop.core.requests import Answer

HEADINGS = {
    "approve": mark("May the agent do this?"),
    "question": mark("The agent asks you"),
    "form": mark("The agent asks you to fill this in"),
    "sign-in": mark("The agent asks you to sign in"),
}
_ENDINGS = {
    "answered": mark("This request was answered elsewhere{answer}. Nothing was sent from here."),
    "expired": mark("The time to decide ran out. Nothing was sent from here."),
    "withdrawn": mark(
        "This request was withdrawn: the agent no longer waits for an answer. Nothing was sent from here."
    ),
    "superseded": mark("A newer request took the place of this one. Nothing was sent from here."),
}
_SENT_ENDINGS = {
    "answered": mark("Your answer has arrived{answer}."),
    "expired": mark("Your answer was on its way when the time ran out. What the agent did is in the conversation."),
    "withdrawn": mark(
        "The request was withdrawn while your answer was on its way. See the conversation for what happened."
    ),
    "superseded": mark(
        "A newer request came while your answer was on its way. The new one needs an answer of its own."
    ),
}
STATES = {
    "pending": mark("waits for you"),
    "sending": mark("sending your answer"),
    "answered": mark("answered"),
    "expired": mark("expired"),
    "withdrawn": mark("withdrawn"),
    "superseded": mark("replaced by a later one"),
}
#: The answer of an ask that nobody could follow to its end, because the program was gone.
LOST = mark("lost: Sluice ended before an answer was confirmed")
_ANSWERS = frozenset((mark("approved"), mark("allowed"), mark("rejected"), mark("denied")))
_ORDER = {"deny-always": 0, "deny": 1, "other": 2, "allow-always": 3, "allow": 4}


def ways(item: AskItem) -> tuple[Choice, ...]:
    """The ways to answer, as buttons: refusals first, the plain Allow last. An empty id is not sent."""
    match item.type:
        case "question":
            return (_yes(tr("Send answer")),)
        case "form":
            return (_no(tr("Decline")), _yes(tr("Send answer")))
        case "sign-in" if not item.choices:
            return (_no(tr("Decline")), _yes(tr("I have signed in")))
        case _ if not item.choices:
            return (_no(tr("Deny")), _yes(tr("Allow")))
        case _:
            return tuple(sorted(item.choices, key=lambda choice: _ORDER[choice.style]))


def _yes(label: str) -> Choice:
    return Choice("", label, "allow")


def _no(label: str) -> Choice:
    return Choice("", label, "deny")


def refuses(choice: Choice) -> bool:
    """Whether a choice lets nothing happen."""
    return choice.style in ("deny", "deny-always")


def verdict(choice: Choice) -> bool | None:
    """Yes, no, or neither."""
    return None if choice.style == "other" else not refuses(choice)


def is_plain(item: AskItem) -> bool:
    """Whether a plain yes or no answers it."""
    if item.type != "approve":
        return False
    styles = {choice.style for choice in item.choices}
    return not styles or {"allow", "deny"} <= styles


def plain_answer(item: AskItem, allow: bool, shown: str) -> Answer:
    """A plain yes or no to what was shown, in the protocol's own words where it has some."""
    style = "allow" if allow else "deny"
    choice = next((choice.id for choice in item.choices if choice.style == style), None)
    return Answer(item.ask, allow=allow, choices=(choice,) if choice else (), shown=shown)


def ending(item: AskItem, sent: bool) -> str:
    """How an ask that is closed ended; `sent` if an answer of ours was on its way."""
    if item.answer == LOST:
        lost = tr("This request is lost: Sluice ended before an answer was confirmed.")
        return f"{lost} {tr('What was sent, if anything, is in the list of decisions.')}"
    answer = f" ({one_line(answer_words(item), 80)})" if item.answer else ""
    return tr((_SENT_ENDINGS if sent else _ENDINGS)[item.state], answer=answer)


def answer_words(item: AskItem) -> str:
    """What was answered: a plain yes or no in the person's language, anything else as it was given."""
    answer = item.answer or ""
    return tr(answer) if answer == LOST or answer in _ANSWERS else answer


def title(item: AskItem) -> str:
    """For a window's title. Qt takes [*] there for a mark of its own, so it is doubled."""
    name = one_line(item.tool or "", 60).replace("[*]", "[*][*]")
    return tr("Waiting for you: {name}", name=name) if name else tr("Waiting for you")


def what(item: AskItem) -> str:
    """What it is about, for a row of a list: the tool, or the question."""
    return one_line(item.tool or item.text or tr(HEADINGS[item.type]), 60)
