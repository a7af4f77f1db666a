"""What a person says on its way out: composer, drafts, waiting messages, sending once more. Nothing typed is lost.

The composer is emptied only when the server has accepted the message. A draft is stored a second after the last key
and every five seconds while typing; with it everything else that exists nowhere but here: messages that wait, and what
stood in the composer before an earlier message was put there for editing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, QTimer, Signal
from shiboken6 import isValid

from desktop.core.conversation import ToolItem, UserTurn
from desktop.core.errors import SluiceError
from desktop.core.language import tr
from desktop.core.requests import Image, Prompt
from desktop.services.tasks import spawn
from desktop.services.workspace import Tab, Workspace
from desktop.ui.composing.composer import Composer
from desktop.ui.composing.queue_strip import QueueStrip
from desktop.ui.pictures.attachment_strip import AttachmentStrip
from desktop.ui.tab.notice_bar import NoticeBar

_DRAFT_MS, _DRAFT_MOST_MS = 1000, 5000


@dataclass(eq=False)
class _Sent:
    """A message on its way: which run it goes on from (None for what is shown) and where it came from."""

    prompt: Prompt
    after: int | None
    source: Literal["composer", "queue", "turn"]


@dataclass(frozen=True)
class _Edit:
    """An earlier message is in the composer. What stood there before comes back afterwards."""

    after: int
    text: str
    cursor: int
    images: tuple[Image, ...]


class Outbox(QObject):
    """Signals: `words(str)` for the status line; `connection_missing()`; `flush_wanted()` when a run has ended."""

    words = Signal(str)
    connection_missing = Signal()
    flush_wanted = Signal()

    def __init__(
        self, workspace: Workspace, tab: Tab, composer: Composer, strip: AttachmentStrip, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._workspace, self._tab = workspace, tab
        self._composer, self._strip = composer, strip
        self.queue = QueueStrip()
        self.bar = NoticeBar("turn_bar")
        self._sent: _Sent | None = None
        self._edit: _Edit | None = None
        self._recalled = -1  # how far back the Up key went
        self._pause = QTimer(self, interval=_DRAFT_MS, singleShot=True)
        self._most = QTimer(self, interval=_DRAFT_MOST_MS, singleShot=True)
        self._wire()

    def _wire(self) -> None:
        self._composer.send_wanted.connect(self.send)
        self._composer.older_wanted.connect(lambda: self._recall(1))
        self._composer.newer_wanted.connect(lambda: self._recall(-1))
        self._composer.textChanged.connect(self._typed)
        self._strip.changed.connect(self._typed)
        self.queue.changed.connect(self.save)
        self.queue.edit_wanted.connect(self._take_back)
        self.queue.send_wanted.connect(self._send_held)
        for timer in (self._pause, self._most):
            timer.timeout.connect(self.save)
        self._tab.session.listeners.accepted = self._accepted

    def load(self) -> None:
        """Show the stored draft."""
        draft = self._tab.draft
        self._composer.put(draft.text, draft.cursor)
        for image in draft.images:
            self._strip.add(image)
        self._pause.stop()
        self._most.stop()

    @property
    def busy(self) -> bool:
        """Whether a message is on its way or being answered."""
        return self._tab.session.running or self._sent is not None

    # ---- sending

    def send(self) -> None:
        """Say what the composer holds; while an answer comes, put it among the messages that wait."""
        prompt = Prompt(self._composer.toPlainText().strip(), self._strip.images())
        if self._strip.coming:
            self.words.emit(tr("A picture is still being made ready. Send again in a moment."))
            return
        if not prompt.text and not prompt.images:
            return
        if self._tab.profile is None:
            self.words.emit(tr("Choose a connection first."))
            self.connection_missing.emit()
        elif self._sent is not None and self._sent.prompt == prompt:
            return  # Return was pressed twice
        elif self.busy and self._edit is not None:
            self.words.emit(tr("The agent is still answering. Your text stays here; stop the run or wait."))
        elif self.busy:
            self.queue.add(prompt)
            self._take_out(prompt)
        else:
            self._dispatch(_Sent(prompt, self._edit.after if self._edit else None, "composer"))

    def again(self, turn: UserTurn, after: int | None) -> None:
        """Say an earlier message once more, by the person's act; what is in the composer stays there."""
        if self.busy:
            self.words.emit(tr("The agent is still answering. Stop the run or wait."))
        elif self._tab.profile is None:
            self.connection_missing.emit()
        else:
            self._dispatch(_Sent(Prompt(turn.text, turn.images), after, "turn"))

    def run_ended(self) -> None:
        """The run is over: what waits goes next, if all went well."""
        run = self._tab.session.conversation.run
        if not self.queue.prompts or self.busy or run is None:
            return
        if run.status == "completed" and not self.queue.held:
            self._dispatch(_Sent(self.queue.prompts[0], None, "queue"))
        elif run.status != "waiting":
            self.queue.hold(True)

    def _send_held(self) -> None:
        if self.queue.prompts and not self.busy:
            self.queue.hold(False)
            self._dispatch(_Sent(self.queue.prompts[0], None, "queue"))

    def _dispatch(self, sent: _Sent) -> None:
        self.words.emit("")
        self._sent = sent
        spawn(self._say(sent), "send")

    async def _say(self, sent: _Sent) -> None:
        try:
            await self._tab.session.send(sent.prompt, sent.after)
        except SluiceError as error:
            self.words.emit(error.headline)
        finally:
            accepted = self._sent is not sent
            if not accepted:
                self._sent = None
                if sent.source == "queue":
                    self.queue.hold(True)
            if isValid(self):  # the tab may have been closed meanwhile
                self.flush_wanted.emit()
        if accepted and isValid(self) and sent.source == "composer":
            self._put_back(sent.prompt)

    def _accepted(self) -> None:
        """The server has the message: take it out of where it was, but nothing that was typed since."""
        sent, self._sent = self._sent, None
        if sent is None or sent.source == "turn":
            return
        if sent.source == "queue":
            self.queue.remove(sent.prompt)
            return
        self._take_out(sent.prompt)
        if self._edit is not None:
            self._end_edit()

    def _take_out(self, prompt: Prompt) -> None:
        text = self._composer.toPlainText()
        if text.strip() == prompt.text:
            self._composer.clear()
        elif text.lstrip().startswith(prompt.text):
            self._composer.put(text.lstrip()[len(prompt.text) :].lstrip())
        if self._strip.images() == prompt.images:
            self._strip.clear()
        self.save()

    def _put_back(self, prompt: Prompt) -> None:
        """An answer of nothing but a refusal: the words are in the composer again, if it is free."""
        held = self._tab.session.conversation
        run = held.run
        if run is None or run.status not in ("failed", "refused") or held.text_of(run.number):
            return
        if any(isinstance(item, ToolItem) for item in held.of_run(run.number)):
            return
        if not self._composer.toPlainText() and not self._strip.images():
            self._composer.put(prompt.text)
            for image in prompt.images:
                self._strip.add(image)

    # ---- earlier messages

    def edit(self, turn: UserTurn, after: int) -> None:
        """Put an earlier message into the composer; sending it begins another version from there."""
        if self._edit is not None:
            self.cancel_edit()
        cursor = self._composer.textCursor().position()
        self._edit = _Edit(after, self._composer.toPlainText(), cursor, self._strip.images())
        self._fill(turn.text, turn.images)
        self.bar.ask(
            tr("You are editing an earlier message. Sending it begins a new version from there; the old one is kept."),
            (tr("Cancel editing"), self.cancel_edit),
            cancelled=self.cancel_edit,
        )
        self._composer.setFocus()

    def cancel_edit(self) -> None:
        """Leave the earlier message as it is; what stood in the composer comes back."""
        if self._edit is not None:
            self._composer.clear()
            self._strip.clear()
            self._end_edit()

    def _end_edit(self) -> None:
        edit, self._edit = self._edit, None
        self.bar.dismiss()
        if edit is not None and not self._composer.toPlainText() and not self._strip.images():
            self._fill(edit.text, edit.images, edit.cursor)
        self.save()

    def quote(self, text: str) -> None:
        """Put words into the composer as a quotation, behind what is there."""
        quoted = "\n".join(f"> {line}".rstrip() for line in text.strip().split("\n"))
        before = self._composer.toPlainText().rstrip()
        self._composer.put(f"{before}\n\n{quoted}\n\n".lstrip("\n"))
        self._composer.setFocus()

    def put(self, text: str, images: tuple[Image, ...] = ()) -> None:
        """Put words and pictures into the composer, behind what is there."""
        before = self._composer.toPlainText().rstrip()
        self._composer.put(f"{before}\n\n{text}" if before else text)
        for image in images:
            self._strip.add(image)
        self._composer.setFocus()

    def _take_back(self, prompt: Prompt) -> None:
        self.put(prompt.text, prompt.images)

    def _fill(self, text: str, images: tuple[Image, ...], cursor: int | None = None) -> None:
        self._composer.put(text, cursor)
        self._strip.clear()
        for image in images:
            self._strip.add(image)

    def _recall(self, by: int) -> None:
        """Walk through what was said here, like a shell's history."""
        said = [i.text for i in self._tab.session.conversation.items.values() if isinstance(i, UserTurn) and i.text]
        said = list(dict.fromkeys(reversed(said)))
        place = self._recalled + by if self._composer.recalled else 0
        if place < 0:
            self._recalled = -1
            self._composer.clear()
        elif place < len(said):
            self._recalled = place
            self._composer.recall(said[place])

    # ---- drafts

    def _typed(self) -> None:
        self._pause.start()
        if not self._most.isActive():
            self._most.start()

    def save(self) -> None:
        """Store everything that is not said yet, now."""
        self._pause.stop()
        self._most.stop()
        text, cursor = self._composer.toPlainText(), self._composer.textCursor().position()
        images = self._strip.images()
        before = list(self.queue.prompts) + ([Prompt(self._edit.text, self._edit.images)] if self._edit else [])
        if before:
            said = "\n\n".join(filter(None, (prompt.text for prompt in before)))
            cursor += len(said) + 2 if said else 0
            text = f"{said}\n\n{text}" if said else text
            images = tuple(dict.fromkeys((*(i for prompt in before for i in prompt.images), *images)))
        self._workspace.save_draft(self._tab, text, cursor, images)


def confirm_tools(bar: NoticeBar, names: tuple[str, ...], act: Callable[[], None]) -> None:
    """Do it at once where no tool ran; else say which may run again, and wait for the press."""
    if not names:
        act()
        return
    listed = ", ".join(names[:4]) + ("…" if len(names) > 4 else "")
    words = tr(
        "Tools ran in this turn or after it: {tools}. They may run again, and what they did is not undone.",
        tools=listed,
    )
    bar.ask(words, (tr("Send again"), act), (tr("Cancel"), lambda: None), focus=True)
