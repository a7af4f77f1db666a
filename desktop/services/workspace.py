"""Everything one window works with: connections, keys, the tabs and their sessions, the history. No Qt.

A `Tab` is one conversation that is open; a `Session` runs it. What happens in a session is recorded as it happens.
"""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from desktop.core.branches import path
from desktop.core.conversation import Conversation, UserTurn
from desktop.core.errors import SluiceError
from desktop.core.events import AnyEvent, AskClosed
from desktop.core.language import tr
from desktop.core.requests import Connection, Image, Prompt, Secrets
from desktop.services.approvals.ask_record import AskRecord
from desktop.services.approvals.audit import AuditLog, Place
from desktop.services.approvals.rules import Rules
from desktop.services.connections import Connections
from desktop.services.habits.settings import SettingsFile
from desktop.services.habits.snippets import Snippets
from desktop.services.history import Draft, History
from desktop.services.history.library import Library
from desktop.services.keys.profiles import Profile
from desktop.services.network.desktop_proxies import DesktopProxies
from desktop.services.paths import Paths
from desktop.services.recording.player import Player
from desktop.services.recording.recorder import Recorder
from desktop.services.recording.store import sweep
from desktop.services.session import Session
from desktop.services.system.built import built
from desktop.services.system.updates import Updates
from desktop.services.tasks import finish, spawn
from desktop.services.transport import Transport, origin

_log = logging.getLogger(__name__)
_TITLE = 60  # characters


@dataclass
class Tab:
    """One open conversation. `profile` is what it talks to; None until one is chosen. `asks` writes what becomes of
    its asks; None where nothing is really asked, as in a recording."""

    key: str
    session: Session
    profile: Profile | None = None
    title: str = field(default_factory=lambda: tr("Untitled"))
    draft: Draft = field(default_factory=Draft)
    named: bool = False  # the title is the person's own
    pinned: bool = False
    view: dict[str, Any] = field(default_factory=dict)  # the interface's note on how it was shown
    asks: AskRecord | None = None
    recorder: Recorder = field(default_factory=Recorder)
    player: Player | None = None  # of a tab that replays a recording

    @property
    def known_title(self) -> str:
        """The title; empty while it has none, whatever is shown in its place."""
        return "" if self.title == tr("Untitled") else self.title

    @property
    def server(self) -> str:
        """The origin of what it talks to, without credentials; empty while that is nothing."""
        try:
            scheme, host, port = origin(self.session.connection.base_url)
        except ValueError:
            return ""
        name = f"[{host}]" if ":" in host else host
        return f"{scheme}://{name}:{port}" if host else ""

    async def close(self) -> None:
        """Cut off what is live, and forget what was recorded."""
        await (self.player or self.session).close()
        self.recorder.close()


class Workspace:
    """Made once per window. `say` hears of trouble that belongs to no tab, in words for people; `warn` of what is wrong
    with the program's own files, which should not pass unread. Until the window listens, warnings are kept."""

    def __init__(self, paths: Paths, settings: SettingsFile, transport: Transport | None = None) -> None:
        self.paths = paths
        self.transport = transport or Transport(DesktopProxies())
        self.settings_file = settings
        self.settings = settings.settings
        self.say: Callable[[str], None] = _log.warning
        self._warnings: list[str] = []
        self.warn: Callable[[str], None] = self._warnings.append
        self.current: str | None = None  # key of the tab in front
        self.connections = Connections(paths, self.transport, self._tell)
        self.updates = Updates(built(), self.transport)
        self._history = History(paths, trouble=self._warn)
        sweep(paths.recordings)
        self.library = Library(self._history)
        self.snippets = Snippets(paths)
        self.audit = AuditLog(paths.data / "decisions.jsonl")
        self.rules = Rules(paths.config / "rules.json")
        self._closed: list[str] = []
        self._closing: dict[str, asyncio.Task[Any]] = {}

    # ---- what a tab talks to

    def usual_profile(self) -> Profile | None:
        """What a new tab talks to: what was used last."""
        return self.connections.get(self.settings.last_profile)

    def listen_to_warnings(self, warn: Callable[[str], None]) -> None:
        """Hand over what was wrong so far, and from now on what will be."""
        self.warn = warn
        read = (self.settings_file, self.connections, self.snippets, self.rules)
        for words in [*self._warnings, *(file.trouble for file in read if file.trouble)]:
            warn(words)

    def where_kept(self) -> str:
        """The folder of settings, history and logs."""
        return str(self.paths.data)

    # ---- tabs

    def new_tab(self, profile: Profile | None) -> Tab:
        """An empty conversation."""
        tab = self._tab(str(uuid.uuid4()), profile, Conversation())
        self._store(tab)
        return tab

    def connect(self, tab: Tab, profile: Profile | None) -> None:
        """Talk to `profile` from now on; to nothing for None."""
        tab.profile = profile
        if profile is None:
            return
        tab.session.connection = profile.connection
        if not self.connections.is_temporary(profile):
            self.change_settings(last_profile=profile.id)
        self._store(tab)

    async def open_tab(self, key: str) -> Tab | None:
        """A conversation of the history as a tab, or None if it is gone."""
        if (closing := self._closing.get(key)) is not None:
            await asyncio.wait([closing])
        stored = await self._history.session(key)
        if stored is None:
            return None
        conversation = await self._history.load(key)
        profile = self.connections.get(stored.profile_id) or self._stored_profile(stored.connection)
        tab = self._tab(key, profile, conversation)
        tab.title, tab.draft = stored.title or tr("Untitled"), await self._history.draft(key)
        tab.named, tab.pinned, tab.view = stored.named, stored.pinned, _note(stored.view)
        conversation.session_id = conversation.session_id or stored.server_session
        leaf = tab.view.get("leaf")
        if isinstance(leaf, int) and 0 <= leaf < len(conversation.runs) - 1:
            conversation.leaf = leaf
        self._store(tab)
        return tab

    async def restore(self) -> list[Tab]:
        """The tabs that were open when the program ended, in their order."""
        tabs = [await self.open_tab(key) for key in await self._history.open_keys()]
        return [tab for tab in tabs if tab is not None]

    def close_tab(self, tab: Tab) -> None:
        """Close a conversation; a live run is cut off. It stays in the history if anything was said."""
        if tab.player is None:
            self._closed.append(tab.key)
        task = self._closing[tab.key] = spawn(self._close_tab(tab), "close tab")
        task.add_done_callback(lambda _: self._closing.pop(tab.key, None))

    async def _close_tab(self, tab: Tab) -> None:
        await tab.close()
        if tab.player is None:
            self._history.set_open(tab.key, False)

    def last_closed(self) -> str | None:
        """The key of the conversation that was closed last, once; what was deleted does not come back this way."""
        while self._closed:
            if not self.library.is_deleted(key := self._closed.pop()):
                return key
        return None

    def remember_order(self, keys: list[str]) -> None:
        """The tabs' order, for the next start."""
        self._history.set_order([key for key in keys if not key.startswith("replay-")])

    def retitle(self, tab: Tab) -> bool:
        """Name a tab after the server's title or the first words said, unless the person named it; True if the name
        changed."""
        if tab.named:
            return False
        held = tab.session.conversation
        first = next((i.text for i in held.items.values() if isinstance(i, UserTurn)), "")
        words = " ".join((held.title or first).split())
        title = words if len(words) <= _TITLE else words[: _TITLE - 1] + "…"
        if not title or title == tab.title or tab.player is not None:
            return False
        tab.title = title
        self._store(tab)
        return True

    def rename(self, tab: Tab, title: str) -> None:
        """Give a tab a title of the person's own; an empty one leaves it to the program again."""
        tab.named = bool(title)
        tab.title = title or tr("Untitled")
        if tab.player is not None:
            return
        self.library.rename(tab.key, title)
        if not title:
            self._history.set_flags(tab.key, named=False)
            self.retitle(tab)

    def pin(self, tab: Tab, pinned: bool) -> None:
        """Keep a tab at the left and its conversation at the top, or no longer."""
        tab.pinned = pinned
        if tab.player is None:
            self.library.pin(tab.key, pinned)

    def remember_view(self, tab: Tab, view: dict[str, Any]) -> None:
        """Keep how a conversation is shown: plain values by name."""
        if view != tab.view and tab.player is None:
            tab.view = view
            self._history.set_flags(tab.key, view=json.dumps(view))

    async def agent_name(self, key: str) -> str:
        """What the agent of a conversation is called here."""
        stored = await self._history.session(key)
        profile = self.connections.get(stored.profile_id) if stored else None
        return profile.name if profile else tr("Agent")

    async def fork(self, tab: Tab, run: int | None = None) -> Tab | None:
        """A new conversation with what was said up to the end of `run` (by default of the newest that is shown)."""
        key = str(uuid.uuid4())
        held = tab.session.conversation
        self._history.copy(tab.key, key, path(held, run))
        self._history.put_session(key, title=tab.known_title, named=tab.named)
        return await self.open_tab(key)

    def save_draft(self, tab: Tab, text: str, cursor: int, images: tuple[Image, ...]) -> None:
        """Store what the composer of a tab holds."""
        draft = Draft(text, cursor, images)
        if draft != tab.draft and tab.player is None:
            tab.draft = draft
            self._history.save_draft(tab.key, draft)

    # ---- the end

    def change_settings(self, **values: Any) -> None:
        """Set and keep settings; trouble is told, and the change then holds for this run."""
        for name, value in values.items():
            setattr(self.settings, name, value)
        self.settings_file.save()
        if self.settings_file.trouble:
            self.warn(self.settings_file.trouble)

    async def close(self, tabs: list[Tab]) -> None:
        """Leave everything in order: runs cut off, children ended, files written. Three seconds at most."""
        await asyncio.gather(*(tab.close() for tab in tabs))
        self.library.forget()
        await self.connections.close()
        await finish(1.0)
        await self.transport.aclose()
        self.rules.close()
        self.audit.close()
        await self._history.close()

    # ---- inside

    def _tell(self, words: str) -> None:
        """Whoever `say` is by now: the window takes its place after this was made."""
        self.say(words)

    def _warn(self, words: str) -> None:
        self.warn(words)

    def _tab(self, key: str, profile: Profile | None, conversation: Conversation) -> Tab:
        place = profile.connection if profile else Connection("openai", "")
        session = Session(place, self.transport, conversation=conversation, session_uuid=key)
        tab = Tab(key, session, profile)
        session.resolve = self._resolver(tab)
        tab.asks = AskRecord(self.audit, lambda: Place(tab.key, tab.title, tab.server), self._tell)
        session.listeners.decisions = tab.asks
        session.patient = True
        tab.recorder = Recorder(self.paths.recordings)
        session.listeners.wire = tab.recorder
        session.listeners.begin = lambda run, prompt, at: self._begin(tab, run, prompt, at)
        session.listeners.event = lambda run, seq, at, event: self._event(tab, run, seq, at, event)
        return tab

    def _resolver(self, tab: Tab) -> Callable[[Connection], Awaitable[tuple[Connection, Secrets]]]:
        async def resolve(_: Connection) -> tuple[Connection, Secrets]:
            profile = tab.profile
            if profile is None:
                raise SluiceError(tr("Choose a connection first."))
            access = await self.connections.access(profile)
            tab.session.route, tab.session.bounds = access.route, access.bounds
            return access.connection, access.secrets

        return resolve

    def _begin(self, tab: Tab, run: int, prompt: Prompt | None, at: float) -> None:
        live = tab.session.live
        self._history.begin_run(tab.key, run, prompt, at, live.after if live else None)

    def _event(self, tab: Tab, run: int, seq: int, at: float, event: AnyEvent) -> None:
        self._history.record(tab.key, run, seq, at, event)
        if isinstance(event, AskClosed) and tab.asks is not None:
            tab.asks.closed(event)
        if event.kind in ("run.started", "session", "run.ended"):
            self._store(tab)

    def _store(self, tab: Tab) -> None:
        """Keep what a restart needs to know of a tab."""
        if tab.player is not None:
            return
        profile = tab.profile
        known: dict[str, Any] = {"title": tab.known_title, "server_session": tab.session.conversation.session_id}
        if profile is not None:
            known |= {"profile_id": profile.id, "connection": profile.connection}
        self._history.put_session(tab.key, **known)

    def _stored_profile(self, connection: Connection | None) -> Profile | None:
        """A connection that was for one run only, or has been deleted: known again, without its key."""
        if connection is None or not connection.base_url:
            return None
        return self.connections.add_temporary(connection, Secrets())


def _note(text: str) -> dict[str, Any]:
    """What `remember_view` kept; nothing where it cannot be read."""
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
