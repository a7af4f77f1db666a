"""Agent Manager: deciding about a pause, and following the run that the server then resumes out of sight."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from desktop.core.adapters.procurator.approvals import HELD, Pause, of_action, of_approval, of_review, of_run
from desktop.core.adapters.procurator.frames import SEND_AGAIN, ServerRun, json_of
from desktop.core.adapters.words import retry_after
from desktop.core.events import AgentChanged, AnyEvent, AskClosed, AskEnd, Beat, Failure, Notice, RunEnded
from desktop.core.language import tr
from desktop.core.requests import Answer, Prompt, Reply, Steps, Talk, Wait

if TYPE_CHECKING:
    from desktop.core.adapters.procurator.adapter import ProcuratorAdapter

_PACE = 1.5  # seconds between two looks at a run
_MISSES = 5  # looks in a row that may fail
_FINAL = ("COMPLETED", "FAILED", "CANCELLED")
_IN_DOUBT = ("network", "timeout")  # the request may have arrived all the same
_WORDS = {True: "approved", False: "rejected"}


class DecidingRun(ServerRun):
    """A run whose pauses can be decided, and which is followed afterwards: the server resumes it in the background
    and nothing more comes on the old stream."""

    _moved = False  # the run was seen at work after the decision

    def answer(self, answer: Answer) -> Steps[str | None]:
        """Decide while the old stream is still open; the script follows the run once it has closed."""
        pause = self.server.pauses[answer.ask]
        if pause.route == "unknown":
            return tr("The server has not told yet what this is about. Decide when it has.")
        trouble = yield from self.decide(pause, bool(answer.allow))
        return trouble.text if trouble else None

    # ---- the decision

    def decide(self, pause: Pause, allow: bool) -> Steps[Failure | None]:
        """Send a decision, once. None when the server has one; else why not, and the ask stays open."""
        path, body = pause.decision(allow)
        reply = yield from self.server.signed(lambda: self.server.call("POST", path, body))
        if reply.status == 404 and (run_id := self._known_run(pause)):
            reply = yield from self._continue(pause, run_id, allow)
        if reply.failure is not None:
            return (yield from self._unsure(pause, reply.failure))
        if reply.status == 400:
            return (yield from self._refused(pause, reply))
        if reply.status == 404:
            yield from self._closed(pause, "withdrawn")
            return Failure(tr("The server knows no such request (any more). Nothing was decided."), "gone", 404)
        if reply.status == 403:
            words = tr(
                "This account may not decide: approving a tool needs an admin. Log in as one, or ask one to decide."
            )
            return Failure(words, code="forbidden", http=403)
        if reply.status >= 400:
            return self.adapter.failure_of(reply)
        yield from self._accepted(pause, allow, json_of(reply))
        return None

    def _known_run(self, pause: Pause) -> str | None:
        return pause.child or pause.run_id or self.run_id

    def _continue(self, pause: Pause, run_id: str, allow: bool) -> Steps[Reply]:
        """The older way to decide; it answers when the resumed run is done."""
        agent = quote((pause.child and pause.agent) or self.adapter.connection.agent or "-", safe="")
        path = f"/api/agents/{agent}/runs/{quote(run_id, safe='')}/continue"
        body = {"action": "APPROVE" if allow else "REJECT"}
        return (yield from self.server.signed(lambda: self.server.call("POST", path, body, timeout=None)))

    def _accepted(self, pause: Pause, allow: bool, said: Any) -> Iterator[AnyEvent]:
        """The server took it; with several approvers it may not be the last word, or not the first."""
        said = said if isinstance(said, dict) else {}
        self.run_id = pause.child or said.get("runId") or pause.run_id or self.run_id
        word = "" if "content" in said else str(said.get("decision") or said.get("status")).upper()
        if "decision" in said and word.startswith(("APPROVE", "REJECT")) and word.startswith("APPROVE") != allow:
            yield from self._overruled(pause, word.startswith("APPROVE"))
            return
        yield from self._taken(pause, allow)
        if word == "PENDING":
            words = tr(
                "Your approval counts, and the server wants more approvers. The run goes on when they have decided."
            )
            yield Notice(text=words, code="quorum")

    def _refused(self, pause: Pause, reply: Reply) -> Steps[Failure | None]:
        """400: decided already, or this person has voted. What the server holds tells which."""
        standing = yield from self._standing(pause)
        if standing == "PENDING":
            yield from self._taken(pause, True)
            yield Notice(text=tr("Your vote was in already; the server wants more approvers."), code="quorum")
        elif standing in ("APPROVED", "REJECTED"):
            yield from self._overruled(pause, standing == "APPROVED")
        else:
            how: AskEnd = "expired" if standing == "EXPIRED" else "superseded"
            yield from self._closed(pause, how)
            return self.adapter.failure_of(reply)
        return None

    def _unsure(self, pause: Pause, failure: Failure) -> Steps[Failure | None]:
        """No reply came. The decision is not sent again: the server is asked whether it has it."""
        if failure.code not in _IN_DOUBT:
            return failure
        standing = yield from self._standing(pause)
        if standing in ("APPROVED", "REJECTED"):
            yield from self._taken(pause, standing == "APPROVED")
            return None
        waits = standing == "PENDING"
        words = tr("The server still waits for it: decide again.") if waits else tr("It may or may not have arrived.")
        return Failure(f"{tr('No reply came to the decision.')} {words} ({failure.text})", failure.code)

    def _standing(self, pause: Pause) -> Steps[str]:
        """The status word of an approval at the server; "" if it does not say."""
        if pause.route != "resolve":
            return ""
        data = yield from self._approval(pause)
        return str(data.get("status")) if isinstance(data, dict) else ""

    def _approval(self, pause: Pause) -> Steps[Any]:
        path = f"/api/v1/approvals/{quote(pause.id or '', safe='')}"
        return json_of((yield from self.server.signed(lambda: self.server.call("GET", path))))

    def _overruled(self, pause: Pause, allowed: bool) -> Iterator[AnyEvent]:
        yield from self._taken(pause, allowed, "superseded")
        words = tr("Somebody had already approved this.") if allowed else tr("Somebody had already rejected this.")
        yield Notice(text=words, code="superseded")

    def _taken(self, pause: Pause, allow: bool, how: AskEnd = "answered") -> Iterator[AnyEvent]:
        """The decision stands: the ask is closed, and a refused call is denied."""
        self.decided = (pause, allow)
        yield from self.began(continues=(pause.ask,))
        if pause.call and pause.tool:
            yield from self.calls.adopt(pause.call, pause.tool)
        yield from self._closed(pause, how, _WORDS[allow])
        if not allow and pause.call:
            yield from self.calls.deny(pause.call)

    def _closed(self, pause: Pause, how: AskEnd, answer: str | None = None) -> Iterator[AnyEvent]:
        self.asking = [ask for ask in self.asking if ask != pause.ask]
        yield AskClosed(ask=pause.ask, how=how, answer=answer)

    # ---- what comes after

    def follow(self) -> Steps[None]:
        """What becomes of the run after the decision."""
        assert self.decided is not None
        pause, allow = self.decided
        if pause.dead:
            yield from self._over(pause, allow)
            return
        if self.run_id is None:
            row = yield from self.newest()
            self.run_id = str(row["id"]) if row and row.get("id") else None
        if self.run_id is None:
            yield Notice(
                text=tr("The decision is made. The server does not tell which run it belongs to."), code="no-run"
            )
            yield RunEnded(status="completed") if allow else RunEnded(status="cancelled", reason="denied")
            return
        yield from self.poll(self.run_id)

    def _over(self, pause: Pause, allow: bool) -> Iterator[AnyEvent]:
        """The run failed over the ask, so nothing resumes."""
        if not allow:
            yield RunEnded(status="cancelled", reason="denied")
            return
        words = tr(
            "{tool} is approved, but the run that asked is over. Send the message again. With "
            "runs that do not stream (a setting of this connection) the server waits for approvals by itself.",
            tool=pause.tool or tr("The tool"),
        )
        yield Notice(text=words, code=SEND_AGAIN)
        yield RunEnded(status="completed")

    def poll(self, run_id: str) -> Steps[None]:
        """Look at the run until it has an outcome or asks again. Ends this run."""
        misses = 0
        while True:
            row, reply = yield from self.look(run_id)
            misses = 0 if row is not None else misses + 1
            if row is not None and not self._goes_on(row):
                yield from self._outcome(row)
                return
            if misses >= _MISSES:
                yield self._lost(reply)
                return
            yield Beat()
            yield Wait(max(_PACE, retry_after(reply.headers) or 0))

    def _goes_on(self, row: dict[str, Any]) -> bool:
        """Whether there is nothing to tell yet. A row that still shows the decided pause has not moved."""
        status = row.get("status")
        if status in _FINAL:
            return False
        if status not in HELD:
            self._moved = True
            return True
        asked = of_action(row.get("requiredAction"))
        if self.decided is None:
            return False
        return not self._moved if asked is None else asked.id == self.decided[0].id

    def _outcome(self, row: dict[str, Any]) -> Steps[None]:
        child = self.decided[0].child if self.decided else None
        if child and row.get("status") == "COMPLETED":
            yield from self._member_done(row)
            return
        if row.get("status") in HELD:
            yield from self.calls.settle()  # the same tool may be asked for anew
        yield from self.row(row)
        yield from self.details()
        yield from self.on_end()

    def _member_done(self, row: dict[str, Any]) -> Iterator[AnyEvent]:
        """A team cannot be resumed: its member's run is what went on."""
        name = str(row.get("agentId") or "member")
        yield AgentChanged(path=(name,), name=name, state="done")
        yield from self.row(row, (name,))
        words = tr(
            "{name} is done, but the server cannot resume its team. Send the message again for the team's answer.",
            name=name,
        )
        yield Notice(text=words, code=SEND_AGAIN)
        yield from self.on_end()

    def _lost(self, reply: Reply) -> RunEnded:
        if reply.failure is None and reply.status < 400:
            return RunEnded(status="failed", reason="gone", error=Failure(tr("The server knows no such run."), "gone"))
        failure = self.adapter.failure_of(reply)
        words = tr(
            "The run could not be followed any longer: {text} The server may still be working.", text=failure.text
        )
        return RunEnded(status="cut", reason="network", error=replace(failure, text=words))

    def details(self) -> Steps[None]:
        """Fetch what a person has to see before they decide, where the server left it out."""
        for pause in self.pauses():
            if pause.lacks_details:
                found = yield from (self._found(pause) if pause.route == "unknown" else self._named(pause))
                if found is not None:
                    yield from self.opened(replace(found, ask=pause.ask, dead=pause.dead, call=pause.call))

    def _named(self, pause: Pause) -> Steps[Pause | None]:
        return of_approval((yield from self._approval(pause)))

    def _found(self, pause: Pause) -> Steps[Pause | None]:
        """A pause that was told as mere text: by the run's row, or among what the server lists as pending."""
        run_id = pause.run_id or self.run_id
        if run_id is None:
            row = yield from self.newest()
            run_id = str(row["id"]) if row and row.get("id") else None
        if run_id is None:
            return None
        self.run_id = run_id
        full, _ = yield from self.look(run_id)
        found = of_action((full or {}).get("requiredAction"), run_id, pause.text)
        for path, reader in (("pending?size=100", of_approval), ("human-review", of_review)):
            if found is None:
                where = f"/api/v1/approvals/{path}"
                reply = yield from self.server.signed(lambda where=where: self.server.call("GET", where))  # type: ignore[misc]
                found = of_run(json_of(reply), run_id, reader)
        return found


class FollowRun(DecidingRun):
    """Answers an ask that outlived its run, or looks up what became of a run. Makes no stream of its own."""

    def __init__(self, adapter: ProcuratorAdapter, talk: Talk, run_id: str | None = None) -> None:
        super().__init__(adapter, Prompt(""), talk)
        self.run_id = run_id
        self._answer: tuple[Pause | None, Answer] | None = None

    def deciding(self, pause: Pause | None, answer: Answer) -> FollowRun:
        """This run, to answer `pause` (None if nobody knows it any more)."""
        self._answer = (pause, answer)
        self.run_id = pause.run_id if pause else None
        return self

    def script(self) -> Steps[None]:
        if self._answer is None:
            yield from self._look_up()
        else:
            yield from self._decide(*self._answer)

    def _decide(self, pause: Pause | None, answer: Answer) -> Steps[None]:
        if pause is None:
            yield AskClosed(ask=answer.ask, how="withdrawn")
            failure = Failure(tr("Sluice no longer knows this request. Look up what became of the run."), "gone")
            yield RunEnded(status="failed", reason="gone", error=failure)
            return
        if pause.route == "unknown":
            yield from self._show(pause)
            return
        trouble = yield from self.decide(pause, bool(answer.allow))
        if trouble is not None:
            yield RunEnded(status="failed", reason="undecided", error=trouble)
        else:
            yield from self.follow()

    def _show(self, pause: Pause) -> Steps[None]:
        """Nothing is decided unseen: find out what it is about, and ask again."""
        self.asking = [pause.ask]
        yield from self.details()
        if self.pauses()[0].route == "unknown":
            words = tr("The server does not tell what it waits for. Decide in its own console, then look up the run.")
            yield RunEnded(status="failed", reason="undecided", error=Failure(words, "unknown"))
        else:
            yield Notice(
                text=tr("Now the server has told what this is about. Please decide again."), code="asked-again"
            )
            yield RunEnded(status="waiting")

    def _look_up(self) -> Steps[None]:
        if self.run_id is None:
            row = yield from self.newest()
            if row is None or not row.get("id"):
                failure = Failure(tr("The server knows no run of this conversation."), "gone")
                yield RunEnded(status="failed", reason="gone", error=failure)
                return
            self.run_id = str(row["id"])
        yield from self.began()
        yield from self.poll(self.run_id)
