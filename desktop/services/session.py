"""The life of one conversation: send, answer, stop. Drives the adapter's runs over the transport; no Qt.

What happens goes two ways: `on_changes` hears what changed in `conversation`, `on_event` hears every event with its
run, number and time (for the store, the recorder and `--json`).
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from desktop.core.adapters import adapter_class
from desktop.core.adapters.base import Adapter
from desktop.core.adapters.run import Run
from desktop.core.asks.arguments import ask_digest
from desktop.core.bounds import USUAL
from desktop.core.branches import path
from desktop.core.conversation import AskItem, Change, Conversation, RunState, UserTurn
from desktop.core.errors import NotSendable, SluiceError
from desktop.core.events import AnyEvent, Failure, Notice, RunEnded
from desktop.core.language import tr
from desktop.core.reducer import Reducer
from desktop.core.requests import Answer, Connection, Prompt, Secrets, Steps, Talk, Turn
from desktop.services import logs
from desktop.services.approvals.decision_tap import PERSON, DecisionTap, overheard, settling
from desktop.services.clock import now
from desktop.services.driver import Driver, Live
from desktop.services.network import DIRECT, Route, is_open_to_others
from desktop.services.recording.wire_tap import Stop, WireTap
from desktop.services.tasks import spawn
from desktop.services.transport import Transport

_KEPT = ("completed", "limit", "calls", "cancelled", "cut")  # endings whose turn belongs to the history
_SECRET = 6  # characters of what counts as a secret in what servers say
_GOODBYE = 5.0  # seconds for telling the server to stop


@dataclass
class Listeners:
    """Who hears of a session. Each may be left alone."""

    begin: Callable[[int, Prompt | None, float], None] = lambda run, prompt, at: None
    event: Callable[[int, int, float, AnyEvent], None] = lambda run, seq, at, event: None
    changes: Callable[[Sequence[Change]], None] = lambda changes: None
    accepted: Callable[[], None] = lambda: None
    wire: WireTap | None = None
    decisions: DecisionTap | None = None


Resolve = Callable[[Connection], Awaitable[tuple[Connection, Secrets]]]


async def _as_it_is(connection: Connection) -> tuple[Connection, Secrets]:
    return connection, Secrets()


def _without_secrets(event: AnyEvent) -> AnyEvent:
    """Servers like to repeat the key that they refuse."""
    if isinstance(event, RunEnded) and event.error is not None and (text := logs.clean(event.error.text)):
        return event if text == event.error.text else replace(event, error=replace(event.error, text=text))
    return event


class Session:
    """One conversation with one agent. Call its methods from the event loop's thread only.

    `resolve` is asked before each run for the connection as it is now (a local model's port, keys from the keyring);
    it may raise SluiceError."""

    def __init__(
        self,
        connection: Connection,
        transport: Transport,
        resolve: Resolve = _as_it_is,
        conversation: Conversation | None = None,
        session_uuid: str | None = None,
    ) -> None:
        self.connection = connection
        self.uuid = session_uuid or str(uuid.uuid4())
        self.listeners = Listeners()
        self.clock = now
        self.live: Live | None = None
        self.driver = Driver(self, transport)
        self.resolve = resolve
        self.route: Route = DIRECT
        self.bounds = USUAL
        self.patient = False  # whether a request that cannot have run is made again by itself
        self._reducer = Reducer(conversation)
        self._adapter: Adapter | None = None
        self._last: Run | None = None  # the run that ended last: its asks may outlive it
        self._warned = ""  # the address of which it was said that others can read what is sent there

    @property
    def conversation(self) -> Conversation:
        """Everything said so far."""
        return self._reducer.conversation

    @property
    def running(self) -> bool:
        """Whether a run is live."""
        return self.live is not None

    @property
    def silence(self) -> float:
        """Seconds since the live run's last byte; 0 without one."""
        return self.clock() - self.live.heard if self.live else 0.0

    @property
    def next_try(self) -> float | None:
        """Seconds until a request is made again by itself; None while none is planned."""
        at = self.live.next_try if self.live else None
        return None if at is None else max(0.0, at - self.clock())

    @property
    def upload(self) -> tuple[int, int] | None:
        """Of a large request that is going out: bytes gone, of how many; else None."""
        return self.live.upload if self.live else None

    # ---- what a person does

    async def send(self, prompt: Prompt, after: int | None = None) -> None:
        """Say something, and stay until the run has ended. `after` is the run to go on from, ROOT for the beginning, by
        default the last one shown; that branches only where the client keeps the history. Raises NotSendable or
        KeyringTrouble before anything is sent, and RuntimeError while another run is live."""
        if self.live is not None:
            raise RuntimeError("a run is live")
        adapter = await self._ready()
        try:
            run = adapter.run(prompt, self._talk(after))
        except (ValueError, KeyError, TypeError) as error:
            raise NotSendable(tr("The message cannot be put into this agent's form."), repr(error)) from error
        await self._live(run, prompt, after)

    def stop(self) -> None:
        """Stop the live run: at once to the eye, then on the wire, then at the server where it can be told."""
        if self.live is not None:
            self._note_stop("stop")
            self._break_off(self.live, self.live.run.stopped(), tell=True)

    def give_up(self, failure: Failure) -> None:
        """End the live run because it took too long for the caller; the server is told where it can be."""
        if self.live is not None:
            self._note_stop("give-up")
            self._break_off(self.live, self.live.run.failed(failure, "timeout"), tell=True)

    def leave(self) -> None:
        """Stop listening to a run that waits for a person: its asks stay open where they can outlive it."""
        if self.live is not None:
            self._note_stop("leave")
            failure = Failure(tr("The run waits for a person, and nobody was there to decide."), code="unattended")
            self._break_off(self.live, self.live.run.failed(failure, "unattended", "waiting"), tell=False)

    def can_answer(self, ask: str) -> bool:
        """Whether a decision about this ask could be sent now: its run is live, or is over and can be gone on with."""
        if self.live is not None:
            return ask in self.live.run.open_asks
        return self._last is not None and self._last.asks_outlive

    async def answer(self, answer: Answer, by: str = PERSON) -> str | None:
        """Send a decision, once. Returns None when the server has it, else why not, in words; the ask is then open
        again. An ask that outlived its run is answered by a new run, and this waits for its end. `by` says who
        decided: a person, or the words of a rule."""
        item = next((i for i in self.conversation.open_asks() if i.ask == answer.ask), None)
        if item is None or item.state != "pending":
            return tr("This request is no longer open. Nothing was sent.")
        if answer.shown is not None and answer.shown != ask_digest(item):
            return tr("What was shown has changed, so nothing was sent. Please look at the request again.")
        if not self.can_answer(answer.ask):
            return tr("The run that asked is over, so it can no longer be answered. Nothing was sent.")
        if (wire := self.listeners.wire) is not None:
            wire.decided(answer, self.clock())
        if (tap := self.listeners.decisions) is not None:
            tap.decided(answer, by)
        self._changed(self._reducer.mark_ask(answer.ask, "sending"))
        live, last = self.live, self._last
        if live is None:
            assert last is not None
            return await self._answer_later(last, item, answer)
        steps = overheard(live.run.answer(answer), answer.ask, tap)
        trouble: str | None = await self.driver.drive(live, live.run.guarded(steps))
        if trouble:
            self._changed(self._reducer.mark_ask(answer.ask, "pending", trouble))
        return trouble

    async def _answer_later(self, last: Run, item: AskItem, answer: Answer) -> str | None:
        """Answer an ask that outlived its run, by a run of its own. As `answer`."""
        runs = len(self.conversation.runs)
        try:
            last.adapter = await self._ready()  # a decision may need another login than the run did
            if self.live is None:
                await self._live(last.resume(answer), None, answers=answer.ask)
        finally:
            trouble = self._undecided(item, began=len(self.conversation.runs) > runs)
        return trouble

    def _undecided(self, item: AskItem, began: bool) -> str | None:
        """Why the run that was to bring a decision did not; the ask is then open again. None if it did."""
        run = self.conversation.runs[-1]
        if item.state != "sending" or (began and item.ask in run.continues):
            return None
        trouble = tr("The decision could not be sent now. Nothing was decided.")
        if began:
            trouble = run.error.text if run.error else tr("It is not known whether the decision arrived.")
        self._changed(self._reducer.mark_ask(item.ask, "pending", trouble))
        return trouble

    async def look_up(self) -> bool:
        """Ask the server what became of the last run. False where that cannot be asked."""
        last = self.conversation.run
        if self.live is not None or last is None:
            return False
        run = (await self._ready()).look_up(last.run_id, self._talk())
        if run is None:
            return False
        await self._live(run, None, looks_at=last)
        return True

    async def ask_server(self, steps: Steps[Any]) -> Any:
        """Drive a dialogue that belongs to no run (probe, lists). Raises SluiceError."""
        return await self.driver.drive(None, steps)

    async def close(self) -> None:
        """Leave without a word: what was said is kept as it is, and a live run is cut off."""
        live, self.live = self.live, None
        if live is not None and live.task is not None:
            live.task.cancel()
            await asyncio.wait([live.task], timeout=1.0)

    async def pause(self, seconds: float) -> None:
        """Let this much of the session's time pass."""
        await asyncio.sleep(seconds)

    # ---- inside

    async def _ready(self) -> Adapter:
        """The adapter for the connection as it is now; kept while nothing about it changes (it may hold a login)."""
        self.connection, secrets = await self.resolve(self.connection)
        for secret in filter(None, (secrets.key, *secrets.extra.values())):
            if len(secret) >= _SECRET:  # “none” and the like are keys of local servers, and words
                logs.redact(secret)
        held = self._adapter
        if held is None or (held.connection, held.secrets) != (self.connection, secrets):
            held = self._adapter = adapter_class(self.connection.protocol)(self.connection, secrets)
        return held

    def _talk(self, after: int | None = None) -> Talk:
        held = self.conversation
        can = adapter_class(self.connection.protocol).can
        turns = _turns(held, path(held, after)) if can.history == "client" else ()
        return Talk(self.uuid, held.session_id, turns, held.state)

    async def _live(
        self,
        run: Run,
        prompt: Prompt | None,
        after: int | None = None,
        *,
        answers: str | None = None,
        looks_at: RunState | None = None,
    ) -> None:
        """Make `run` the live one and stay until it has ended. `answers` is the ask that it brings a decision to,
        `looks_at` the earlier run that it looks up."""
        at = self.clock()
        number = len(self.conversation.runs)
        run.bound(self.bounds)
        if after is None:  # what continues a run belongs to the newest, whatever is shown
            after = self.conversation.tip if prompt is not None else number - 1
        live = self.live = Live(run, number, after, heard=at)
        if (wire := self.listeners.wire) is not None:
            wire.begin(run, prompt, self.patient, self.route, at)
        self.listeners.begin(number, prompt, at)
        self._changed(self._reducer.begin(prompt, at, live.after))
        self._warn_if_open(live)
        patient = self.patient and prompt is not None  # a decision is never sent twice
        steps = overheard(run.steps(), answers, self.listeners.decisions) if answers else run.steps()
        if looks_at is not None:
            steps = settling(steps, lambda: self._left_open(run, looks_at))
        live.task = spawn(self.driver.drive(live, steps, patient), f"run {number}")
        try:
            await asyncio.wait([live.task])
        finally:
            self._settle(live)

    def _warn_if_open(self, live: Live) -> None:
        """Say once, and before it is sent, that the key can be read on its way."""
        url, secrets = self.connection.base_url, live.run.adapter.secrets
        if url == self._warned or not (secrets.key or any(secrets.extra.values())) or not is_open_to_others(url):
            return
        self._warned = url
        words = tr(
            "This address is not encrypted: anybody between here and there can read the key and all that is said."
        )
        self.apply(live, live.run.emit([Notice(level="warning", text=words, code="open")]))
        live.told = live.seq

    def _left_open(self, run: Run, looked: RunState) -> list[str]:
        """The open asks of the run that was looked at, less those that it asks still."""
        held, still = self.conversation, run.open_asks
        same = {n.number for n in held.runs if n is looked or (n.run_id and n.run_id == looked.run_id)}
        return [item.ask for item in held.open_asks() if item.run in same and item.ask not in still]

    def _settle(self, live: Live) -> None:
        """Whatever happened to the task, the run has an ending."""
        if self.live is not live:
            return
        task = live.task
        if task is not None and not task.done():
            task.cancel()
        elif task is not None and not task.cancelled() and (error := task.exception()) is not None:
            own = tr("Sluice itself failed while reading the answer.")
            words = error.headline if isinstance(error, SluiceError) else own
            self.apply(live, live.run.failed(Failure(words, code="internal"), "internal"))
        if not live.run.ended:
            self.apply(live, live.run.stopped())
        self._end(live)

    def _end(self, live: Live) -> None:
        if self.live is live:
            self.live, self._last = None, live.run

    def _break_off(self, live: Live, events: list[AnyEvent], tell: bool) -> None:
        self.apply(live, events)
        self._end(live)
        if live.task is not None:
            live.task.cancel()
        if tell:
            spawn(self._tell_server(live), "stop run", goodbye=True)

    async def _tell_server(self, live: Live) -> None:
        await asyncio.wait_for(self.driver.drive(None, live.run.cancel()), _GOODBYE)

    def _note_stop(self, how: Stop) -> None:
        if (wire := self.listeners.wire) is not None:
            wire.stopped(how, self.clock())

    def apply(self, live: Live, events: Sequence[AnyEvent], at: float | None = None) -> None:
        if not events or self.live is not live:
            return
        at = self.clock() if at is None else at
        changes: list[Change] = []
        each: list[list[Change]] = []
        events = [_without_secrets(event) for event in events]
        for event in events:
            self.listeners.event(live.number, live.seq, at, event)
            live.seq += 1
            changed = self._reducer.apply(event, at)
            each.append(changed)
            changes += changed
        if self.listeners.wire is not None:
            self.listeners.wire.heard(events, each)
        if isinstance(events[-1], RunEnded):  # its connection may take a while to close; nobody has to wait for that
            self._end(live)
        self._changed(changes)

    def _changed(self, changes: list[Change]) -> None:
        if changes:
            self.listeners.changes(changes)


def _turns(conversation: Conversation, numbers: Sequence[int]) -> tuple[Turn, ...]:
    """What was said in these runs, for protocols whose client keeps the history: failed turns are left out."""
    turns: list[Turn] = []
    for run in (conversation.runs[number] for number in numbers):
        said = next((i for i in conversation.of_run(run.number) if isinstance(i, UserTurn)), None)
        text = conversation.text_of(run.number)
        if run.status not in _KEPT or not text:
            continue
        if said is not None:
            turns.append(Turn("user", said.text, said.images))
        turns.append(Turn("assistant", text))
    return tuple(turns)
