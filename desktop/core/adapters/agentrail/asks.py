"""What an Agentrail run asks of a person: permissions and questions, each known by its tool call's id.

The server keeps one open request a session and takes the answer without an id. That a permission was decided is told
on the stream; that a question was answered is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from desktop.core.adapters.words import first_text, said_by, with_said
from desktop.core.events import AskClosed, AskEnd, AskOpened, Choice, Failure, Path
from desktop.core.language import mark, tr
from desktop.core.requests import Answer, Reply
from desktop.core.wire.jsontext import parse

_GONE = mark("There is nothing pending there any more: it was answered already, or the run was left.")
_NO_ROUTE = mark("This server takes no answers at that address. Set the connection's answer path, or stop the run.")
_LOST = mark("Whether your answer arrived is not known.")


class Asks:
    """The asks of one run. `args` holds each call's arguments for showing; `denied` the calls a person refused."""

    def __init__(self) -> None:
        self.known: dict[str, AskOpened] = {}
        self.args: dict[str, Any] = {}
        self.denied: set[str] = set()
        self._sent: dict[str, str] = {}  # ask -> what the person answered

    def opened(self, data: dict[str, Any], path: Path) -> AskOpened:
        """A `permission_request` or `waiting_for_user_input`."""
        call = first_text(data, ("toolCallId",)) or None
        ask = call or f"ask-{len(self.known) + 1}"
        if data["type"] == "permission_request":
            tool = first_text(data, ("toolName",)) or None
            text = first_text(data, ("reason",))
            opened = AskOpened(path=path, ask=ask, call=call, tool=tool, text=text, args=self.args.get(ask))
        else:
            options = [str(option) for option in data.get("options") or ()]
            opened = AskOpened(
                path=path,
                ask=ask,
                type="question",
                call=call,
                text="\n".join(filter(None, (first_text(data, ("question",)), first_text(data, ("hint",))))),
                choices=tuple(Choice(option, option) for option in options),
                multiple=data.get("multiple") is True,
                editable=not options or data.get("custom") is True,
            )
        self.known[ask] = opened
        self._sent.pop(ask, None)
        return opened

    def resolved(self, data: dict[str, Any], still: Iterable[str]) -> list[AskClosed]:
        """A `permission_resolved`; without an id it is about the only permission that is open."""
        decision = first_text(data, ("decision",))
        waiting = [ask for ask in still if self.known[ask].type == "approve"]
        ask = first_text(data, ("toolCallId",)) or next(iter(waiting), "")
        if decision == "rejected":
            self.denied.add(ask)
        else:
            self.denied.discard(ask)
        return [self._closed(ask, decision or None)] if ask in waiting else []

    def begun(self, call: str, still: Iterable[str]) -> list[AskClosed]:
        """The call runs, so it was decided."""
        about = call in still and self.known[call].type == "approve"
        return [self._closed(call, self._sent.get(call))] if about else []

    def finished(self, call: str, text: str, still: Iterable[str]) -> list[AskClosed]:
        """The call ended, so its question was answered, here or elsewhere."""
        return [self._closed(call, self._sent.get(call) or text or None)] if call in still else []

    def over(self, path: Path, still: Iterable[str]) -> list[AskClosed]:
        """The turn is over; what it asked is no longer to be answered."""
        here = [ask for ask in still if self.known[ask].path == path]
        return [self._closed(ask, self._sent.get(ask)) for ask in here]

    def decide(self, ask: AskOpened, answer: Answer) -> dict[str, str] | None:
        """The body that says this answer; None if the answer says nothing."""
        if ask.type == "approve":
            if answer.allow is None:
                return None
            decision = self._sent[ask.ask] = "approved" if answer.allow else "rejected"
            if not answer.allow:
                self.denied.add(ask.ask)
            return {"kind": "permission", "decision": decision}
        said = [*answer.choices, *([answer.text.strip()] if answer.text else [])]
        text = ", ".join(dict.fromkeys(filter(None, said)))
        if not text:
            return None
        self._sent[ask.ask] = text
        return {"answer": text}

    def undecide(self, ask: AskOpened) -> None:
        """The answer did not arrive."""
        self._sent.pop(ask.ask, None)
        self.denied.discard(ask.ask)

    def _closed(self, ask: str, answer: str | None) -> AskClosed:
        how: AskEnd = "answered" if answer or self.known[ask].type == "question" else "superseded"
        return AskClosed(path=self.known[ask].path, ask=ask, how=how, answer=answer)


def respond_words(reply: Reply, failure_of: Callable[[Reply], Failure]) -> str:
    """Why an answer was not taken, for people. A 404 of the router (no JSON) means that the host has no such path."""
    if reply.status == 0:
        why = failure_of(reply).text if reply.failure else tr("No reply came.")
        return f"{why} {tr(_LOST)}"
    if reply.status == 404:
        return with_said(tr(_GONE), said_by(reply)) if is_json(reply.body) else tr(_NO_ROUTE)
    return failure_of(reply).text


def is_json(body: bytes) -> bool:
    """Whether a body is a JSON object: the route's own words, not those of a router before it."""
    try:
        return isinstance(parse(body.decode("utf-8", "replace")), dict)
    except ValueError:
        return False
