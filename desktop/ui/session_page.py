"""One tab: the transcript, the composer below it, thoughts and activity beside it, and the session behind."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.core import branches
from desktop.core.adapters import adapter_class
from desktop.core.conversation import AskItem, Change, Grew, RunChanged, SessionChanged
from desktop.core.errors import SluiceError
from desktop.core.language import tr
from desktop.core.requests import Image
from desktop.services.keys.profiles import Profile
from desktop.services.tasks import spawn
from desktop.services.workspace import Tab, Workspace
from desktop.ui.composing.composer_box import ComposerBox, centred
from desktop.ui.composing.outbox import Outbox
from desktop.ui.composing.suggestion_row import SuggestionRow
from desktop.ui.composing.turns import Turns
from desktop.ui.composing.version_bar import VersionBar
from desktop.ui.pictures.desk import PictureDesk
from desktop.ui.session_bridge import SessionBridge
from desktop.ui.tab.ending_bar import EndingBar
from desktop.ui.tab.reading import Reading
from desktop.ui.tab.side_panel import SidePanel
from desktop.ui.tab.status_bar import StatusBar
from desktop.ui.theme import Theme
from desktop.ui.wire.side import WireSide

_VIEW_MS = 1000  # after the last scrolling


class SessionPage(QWidget):
    """Signals: `title_changed(str)`; `state_changed()` when the run or its asks change; `connection_wanted(str)` when
    the picker's entry "add" or "look" is chosen; `link_activated(str)`; `ask_wanted(str)` for a click on an ask;
    `run_ended()`, hidden or not."""

    title_changed = Signal(str)
    state_changed = Signal()
    connection_wanted = Signal(str)
    link_activated = Signal(str)
    ask_wanted = Signal(str)
    run_ended = Signal()

    def __init__(self, workspace: Workspace, tab: Tab, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAcceptDrops(tab.player is None)  # pictures may be dropped anywhere on the page
        self.tab = tab
        self._workspace = workspace
        self._theme = theme
        self._zoomed = 0  # steps of a tenth
        self.unread = False  # something came to an end while nobody looked
        self._bridge = SessionBridge(self)
        self._bridge.flushed.connect(self._apply)
        self._build()
        self._wire()
        self._load()
        self._wired = WireSide(self)

    @property
    def session(self):  # type: ignore[no-untyped-def]
        """The session behind this tab."""
        return self.tab.session

    def pending_asks(self) -> list[AskItem]:
        """The asks of this tab that wait for a person."""
        return self.session.conversation.open_asks()

    def badge(self) -> str:
        """The tab's state in one word: "waits", "running", "failed", "unread" or ""."""
        if self.pending_asks():
            return "waits"
        run = self.session.conversation.run
        if self.session.running:
            return "running"
        if (run and run.status in ("failed", "cut")) or self.property("crashed"):
            return "failed"
        return "unread" if self.unread else ""

    # ---- building

    def _build(self) -> None:
        self.reading = Reading(self._theme)
        self._transcript = self.reading.transcript
        column = self._column = QWidget(objectName="session_column")
        left = QVBoxLayout(column)
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(0)
        left.addWidget(self.reading, 1)
        for widget in self._bottom():
            left.addWidget(widget)
        self._side = SidePanel(self._theme, self.box)
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.setChildrenCollapsible(False)
        self._split.setHandleWidth(1)
        self._split.addWidget(column)
        self._split.addWidget(self._side)
        self._split.setStretchFactor(0, 1)
        self._split.setSizes([760, 320])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._split)
        self._versions.set_theme(self._theme)
        self._tint()

    def _bottom(self) -> list[QWidget]:
        """What stands under the transcript, from above."""
        self._suggestions = SuggestionRow()
        self._versions = VersionBar()
        self._ending = EndingBar()
        self.box = ComposerBox(self._workspace.snippets, self._theme)
        self.pictures = PictureDesk(self._workspace, self.tab, self.box.strip, self)
        self._outbox = Outbox(self._workspace, self.tab, self.box.composer, self.box.strip, self)
        self.turns = Turns(self.tab, self._outbox, self)
        self._status = StatusBar()
        waiting = centred(self._outbox.queue, self._outbox.bar)
        return [self._suggestions, self._versions, self._ending, waiting, centred(self.box), self._status]

    def _tint(self) -> None:
        self._column.setStyleSheet(f"#session_column {{ background: {self._theme.page.name()}; }}")

    def _wire(self) -> None:
        self._outbox.words.connect(self._status.say)
        self._outbox.connection_missing.connect(lambda: self.connection_wanted.emit("add"))
        self._outbox.flush_wanted.connect(self._bridge.flush)
        self.pictures.listen_to(self.box.composer)
        self.pictures.words.connect(self._status.say)
        self.box.send.clicked.connect(self.send)
        self.box.stop.clicked.connect(self.stop)
        self.box.attach.clicked.connect(self.pictures.pick)
        self.box.attach.setMenu(self.pictures.menu())
        self.box.attach.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.box.picker.chosen.connect(self._picked)
        self.box.picker.wanted.connect(self.connection_wanted)
        self._suggestions.chosen.connect(self._use_suggestion)
        self._transcript.link_activated.connect(self.link_activated)
        self._transcript.turn_action.connect(self.turns.act)
        self._transcript.hands.offers = self.turns.offers
        self._transcript.verticalScrollBar().valueChanged.connect(lambda _: self._view_timer.start())
        self.turns.branch_chosen.connect(self._show_branch)
        self._versions.step_wanted.connect(self.turns.step)
        self._transcript.item_activated.connect(self._item_activated)
        self._side.activity.item_activated.connect(self._transcript.scroll_to_item)
        self._ending.wanted.connect(self._remedy)
        empty = self.reading.empty
        empty.suggestion_chosen.connect(self._use_suggestion)
        empty.model_wanted.connect(self.use_local_model)
        empty.add_wanted.connect(lambda: self.connection_wanted.emit("add"))
        empty.look_wanted.connect(lambda: self.connection_wanted.emit("look"))
        empty.tour_wanted.connect(lambda: self.connection_wanted.emit("tour"))
        self._view_timer = QTimer(self, interval=_VIEW_MS, singleShot=True)
        self._view_timer.timeout.connect(self._save_view)

    def _load(self) -> None:
        self.session.listeners.changes = self._take
        self._show_items()
        self.show_zoom()
        self._restore_view()
        self._outbox.load()
        self.refresh_connections()
        self._after_changes()

    def _show_items(self) -> None:
        """Show the branch that is chosen."""
        self._shown = branches.Shown(self.session.conversation)
        for view in (self._transcript, self._side.thinking, self._side.activity):
            view.show_conversation(self._shown.conversation)

    def _show_branch(self) -> None:
        self._bridge.clear()
        self._show_items()
        self._after_changes()
        self._save_view()

    # ---- what a person does

    def send(self) -> None:
        """Say what the composer holds, or let it wait for the answer that comes."""
        self._outbox.send()

    def stop(self) -> None:
        """Stop the run."""
        self.session.stop()
        self._bridge.flush()

    def _remedy(self, what: str) -> None:
        """Do what the person chose about a run that did not end well."""
        if what == "look up":
            spawn(self._look_up(), "look up")
        elif what == "send again":
            self.resend_last()
        else:
            self.connection_wanted.emit(what)

    async def _look_up(self) -> None:
        try:
            if not await self.session.look_up():
                self._status.say(tr("This agent's server cannot be asked what became of the run."))
        except SluiceError as error:
            self._status.say(error.headline)
        self._bridge.flush()

    def resend_last(self) -> None:
        """The last message once more; what is in the composer stays there."""
        if (turn := self.turns.last()) is not None:
            self.turns.resend(turn)

    def edit_last(self) -> None:
        """The last message into the composer."""
        if (turn := self.turns.last()) is not None:
            self.turns.edit(turn)

    def step_version(self, by: int) -> None:
        """The version before or after of the last message that has any."""
        if (turn := self._versions.turn) is not None:
            self.turns.step(turn, by)

    def _use_suggestion(self, text: str) -> None:
        self.box.composer.put(text)
        self.box.composer.setFocus()

    def put_draft(self, text: str, images: tuple[Image, ...]) -> None:
        """Put a message into the composer, not sent."""
        self._outbox.put(text, images)
        self.save_draft()

    def show_item(self, item: str) -> None:
        """Go to an item, on whichever branch it is; nothing for ""."""
        found = self.session.conversation.items.get(item)
        if found is None:
            return
        if found.id not in self._shown.conversation.items and not self.session.running:
            branches.choose(self.session.conversation, found.run)
            self._show_branch()
        self._transcript.scroll_to_item(item)

    def toggle_thinking(self) -> None:
        """Fold the thoughts in or out."""
        self.box.thinking.click()

    def toggle_activity(self) -> None:
        """Fold the activity in or out."""
        self.box.activity.click()

    def make_room(self, width: int) -> None:
        """Be as narrow as so many pixels: what stands beside the transcript folds away if need be."""
        self._side.make_room(width)

    def open_find(self) -> None:
        """Find in this conversation."""
        self.reading.find.open_bar()

    def show_zoom(self) -> None:
        """Use the text size of the settings."""
        steps = round(math.log(self._workspace.settings.zoom, 1.1))
        if steps != self._zoomed:
            self._transcript.zoom(0)
            self._transcript.zoom(steps)
            self._zoomed = steps

    def focus_composer(self) -> None:
        """Put the keyboard into the composer."""
        self.box.composer.setFocus()

    def ask_done(self, words: str) -> None:
        """Say something in the status line."""
        self._status.say(words)

    # ---- the connection

    def refresh_connections(self) -> None:
        """Fill the picker anew and show the abilities of the chosen one."""
        self.box.picker.offer(self._workspace.connections.all())
        self._show_connection()

    def use(self, profile: Profile) -> None:
        """Talk to this agent from now on. A replay talks to nobody."""
        if self.tab.player is not None:
            return
        self._workspace.connect(self.tab, profile)
        self._show_connection()
        self.focus_composer()

    def use_local_model(self) -> None:
        """Talk to the small model from now on; where it is not here yet, it is offered first."""
        if self._workspace.connections.model_to_fetch():
            self.connection_wanted.emit("model")
            return
        self.use(self._workspace.connections.local())
        self._workspace.connections.warm_local_model()

    def _picked(self, key: str) -> None:
        profile = self._workspace.connections.get(key)
        if profile == self._workspace.connections.local() and self._workspace.connections.model_to_fetch():
            self._show_connection()
            self.use_local_model()
        elif profile is not None:
            self.use(profile)

    def _show_connection(self) -> None:
        profile = self.tab.profile
        self.box.picker.show_profile(profile.id if profile else None)
        if profile is None:
            places = self._workspace.connections
            self.reading.empty.show_welcome(places.local_model_trouble(), places.model_to_fetch())
            self._status.say("")
            return
        can = adapter_class(profile.connection.protocol).can
        self.box.attach.setVisible(can.images_in != "none")
        self.reading.empty.show_agent(profile.name, can, self._workspace.connections.about(profile))
        self._status.show_session(self.session, "  ·  ".join((profile.name, *profile.network.about())))

    # ---- what is seen

    def _take(self, changes: Sequence[Change]) -> None:
        """Collect for the next frame. A hidden tab still tells of its run and its asks, for the badges."""
        self._bridge.take(changes)
        if not self.session.running and any(isinstance(change, RunChanged) for change in changes):
            QTimer.singleShot(0, self, self._run_over)
        if self.isHidden() and any(self._is_state(change) for change in changes):
            self.state_changed.emit()

    def _is_state(self, change: Change) -> bool:
        if isinstance(change, RunChanged):
            return True
        return not isinstance(change, SessionChanged | Grew) and change.item.split("/")[1] == "ask"

    def _run_over(self) -> None:
        """A run has ended, whether anybody looks or not."""
        if self.session.running:
            return
        if not self.isVisible() and self.session.conversation.run is not None:
            self.unread = True
            self._save_view()
        self._outbox.run_ended()
        self.run_ended.emit()
        self.state_changed.emit()

    def _apply(self, changes: list[Change]) -> None:
        if self._shown.is_left_by(changes):
            self._show_items()
        else:
            self._shown.follow(changes)
            for view in (self._transcript, self._side.thinking, self._side.activity):
                view.apply(changes)
        for change in changes:
            if not isinstance(change, RunChanged | SessionChanged):
                self._side.unfold_for(self.session.conversation.items.get(change.item), self.width())
        if not all(isinstance(change, Grew) for change in changes):  # text that grows changes nothing around it, and
            self._after_changes()  # another word in a label would lay out and paint the whole window, every frame

    def _after_changes(self) -> None:
        session = self.session
        self._versions.show_conversation(session.conversation, session.running)
        self.reading.show_transcript(bool(session.conversation.items or self.tab.player))
        self.box.show_running(session.running)
        self._suggestions.show_suggestions(() if self.tab.player else session.conversation.suggestions)
        self._status.refresh()
        run = None if self.tab.player else session.conversation.run  # what was recorded cannot be sent again
        self._ending.show_run(run, adapter_class(session.connection.protocol).can)
        if self._workspace.retitle(self.tab):
            self.title_changed.emit(self.tab.title)
        self.state_changed.emit()

    def _item_activated(self, item_id: str) -> None:
        self._wired.select(item_id)
        item = self.session.conversation.items.get(item_id)
        if isinstance(item, AskItem):
            self.ask_wanted.emit(item.ask)
        elif item is not None:
            self._side.show_tool(item_id)

    def set_theme(self, theme: Theme) -> None:
        """Change the colours."""
        self._theme = theme
        self.reading.set_theme(theme)
        self._side.activity.set_theme(theme)
        self.box.set_theme(theme)
        self._wired.set_theme(theme)
        self._versions.set_theme(theme)
        self._tint()

    # ---- drafts

    def save_draft(self) -> None:
        """Store what is not said yet and how the conversation is shown, now."""
        self._outbox.save()
        self._save_view()

    def _save_view(self) -> None:
        leaf, place = self.session.conversation.leaf, self._transcript.scroll_position()
        known = {"leaf": leaf, "place": list(place) if place else None, "unread": self.unread or None}
        self._workspace.remember_view(self.tab, {name: value for name, value in known.items() if value is not None})

    def _restore_view(self) -> None:
        view = self.tab.view
        self.unread = view.get("unread") is True
        match view.get("place"):
            case [str(item), int(block), int(inside)]:
                self._transcript.restore_position((item, block, inside))

    # ---- Qt's own

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self.box.composer.canInsertFromMimeData(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.box.composer.insertFromMimeData(event.mimeData())
        event.acceptProposedAction()
        self.focus_composer()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._bridge.set_visible(True)
        if self.unread:
            self.unread = False
            self._save_view()
            self.state_changed.emit()

    def hideEvent(self, event: QHideEvent) -> None:
        self._bridge.set_visible(False)
        super().hideEvent(event)
