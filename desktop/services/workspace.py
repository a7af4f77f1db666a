"""Everything one window works with: connections, keys, the tabs and their sessions, the history. No Qt.

A `Tab` is one conversation that is open; a `Session` runs it. What happens in a session is recorded as it happens.
"""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from desktop.core.adapters import adapter_class
from desktop.core.branches import path
from desktop.core.conversation import Conversation, UserTurn
from desktop.core.errors import KeyringTrouble, SluiceError, StoreTrouble
from desktop.core.events import AnyEvent, AskClosed
from desktop.core.requests import AgentInfo, Connection, Found, Image, Prompt, Secrets
from desktop.services import local_servers, logs
from desktop.services.ask_record import AskRecord
from desktop.services.audit import AuditLog, Place
from desktop.services.doctor import Doctor
from desktop.services.history import Draft, History
from desktop.services.keychain import Keychain
from desktop.services.library import Library
from desktop.services.local_model import LocalModel
from desktop.services.network import DIRECT, USUAL, Network, route_of
from desktop.services.paths import Paths
from desktop.services.profiles import KEY, Profile, Profiles
from desktop.services.recorder import Recorder
from desktop.services.recording_player import Player
from desktop.services.recording_store import sweep
from desktop.services.rules import Rules
from desktop.services.session import Session
from desktop.services.settings import SettingsFile
from desktop.services.snippets import Snippets
from desktop.services.tasks import finish, spawn
from desktop.services.transport import Transport, origin

_log = logging.getLogger(__name__)
LOCAL = "local-model"
LOCAL_NAME = "A small model on this computer"
THIS_RUN = " (this run only)"
_TITLE = 60  # characters


@dataclass
class Tab:
    """One open conversation. `profile` is what it talks to; None until one is chosen. `asks` writes what becomes of
    its asks; None where nothing is really asked, as in a recording."""

    key: str
    session: Session
    profile: Profile | None = None
    title: str = "Untitled"
    draft: Draft = field(default_factory=Draft)
    named: bool = False  # the title is the person's own
    pinned: bool = False
    view: dict[str, Any] = field(default_factory=dict)  # the interface's note on how it was shown
    asks: AskRecord | None = None
    recorder: Recorder = field(default_factory=Recorder)
    player: Player | None = None  # of a tab that replays a recording

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

    def last_said(self) -> str:
        """The person's last words in this conversation."""
        turns = [i.text for i in self.session.conversation.items.values() if isinstance(i, UserTurn)]
        return turns[-1] if turns else ""


class Workspace:
    """Made once per window. `say` hears of trouble that belongs to no tab, in words for people."""

    def __init__(self, paths: Paths, settings: SettingsFile, transport: Transport | None = None) -> None:
        self.paths = paths
        self.transport = transport or Transport()
        self.settings_file = settings
        self.settings = settings.settings
        self.say: Callable[[str], None] = _log.warning
        self.current: str | None = None  # key of the tab in front
        self._profiles = Profiles(paths)
        self._keychain = Keychain(paths.keyring_service, self._tell)
        self._history = History(paths, trouble=self._tell)
        sweep(paths.recordings)
        self.library = Library(self._history)
        self.snippets = Snippets(paths)
        self.audit = AuditLog(paths.data / "decisions.jsonl")
        self.rules = Rules(paths.config / "rules.json")
        self._model = LocalModel()
        self._temporary: dict[str, tuple[Profile, Secrets]] = {}  # for this run only, never stored
        self._secrets: dict[str, Secrets] = {}  # read once per run of the program
        self._closed: list[str] = []
        self._closing: dict[str, asyncio.Task[Any]] = {}

    # ---- connections

    def profiles(self, tab: Tab | None = None) -> list[Profile]:
        """What the picker offers: this run's own, the small model, the saved ones."""
        mine = [profile for profile, _ in self._temporary.values()]
        return [*mine, self.local_profile(), *self._profiles.all()]

    def profile(self, key: str | None) -> Profile | None:
        """The profile of an id, or None."""
        return next((p for p in self.profiles() if p.id == key), None)

    def usual_profile(self) -> Profile | None:
        """What a new tab talks to: what was used last."""
        return self.profile(self.settings.last_profile)

    def local_profile(self) -> Profile:
        """The small model on this computer; its address is known once it runs."""
        return Profile(LOCAL, LOCAL_NAME, Connection("openai", "http://127.0.0.1:0/v1", "smollm2"))

    def local_model_trouble(self) -> str | None:
        """Why the small model cannot be used, with how to get it; None if it can."""
        return self._model.available()

    def warm_local_model(self) -> None:
        """Start the small model now, so that the first answer comes sooner."""

        async def start() -> None:
            try:
                await self._model.start()
            except SluiceError as error:
                self.say(error.headline)

        spawn(start(), "start local model")

    def add_temporary(self, connection: Connection, secrets: Secrets) -> Profile:
        """A connection for this run only. Its key is never stored."""
        same = (profile for profile, _ in self._temporary.values() if profile.connection == connection)
        name = self.name_for(connection) + THIS_RUN
        profile = next(same, None) or Profile(f"run-{len(self._temporary)}", name, connection)
        for secret in filter(None, (secrets.key, *secrets.extra.values())):
            logs.redact(secret)
        self._temporary[profile.id] = (profile, secrets)
        return profile

    def name_for(self, connection: Connection) -> str:
        """A name made of the protocol and the address."""
        return f"{adapter_class(connection.protocol).name} at {urlsplit(connection.base_url).netloc}"

    def about(self, profile: Profile) -> str:
        """One honest sentence on a connection that needs one."""
        if profile.id != LOCAL:
            return ""
        return "Very small: fluent, often wrong, no tools. Good for trying Sluice without an account or a network."

    async def save(
        self, old: Profile | None, name: str, connection: Connection, secrets: Secrets, network: Network | None = None
    ) -> tuple[Profile, str]:
        """Keep a connection; secrets go to the keyring. Returns it with words if a secret was not kept there."""
        kept = old if old is not None and self._profiles.get(old.id) else None
        given = {name: value for name, value in {KEY: secrets.key, **secrets.extra}.items() if value}
        fields = tuple(dict.fromkeys((*(kept.secret_fields if kept else ()), *given)))
        unknown = kept.unknown if kept else {}
        network = network or (old.network if old else USUAL)
        profile = Profile(kept.id if kept else str(uuid.uuid4()), name, connection, fields, unknown, network)
        self._secrets.pop(profile.id, None)
        trouble = ""
        try:
            self._profiles.put(profile)
        except StoreTrouble as error:
            trouble = error.headline
        for name_, value in given.items():
            trouble = await self._keep(profile.account(name_), value) or trouble
        return profile, trouble

    async def _keep(self, account: str, value: str) -> str:
        """Put a secret into the keyring; where that fails, hold it for this run and say so."""
        try:
            await self._keychain.set(account, value)
        except KeyringTrouble as error:
            self._keychain.keep_for_this_run(account, value)
            first = error.headline.split(" You can also keep")[0]
            return f"{first} The key is kept for this run only and is forgotten when Sluice ends."
        return ""

    async def secrets(self, profile: Profile) -> Secrets:
        """The secrets of a profile, read from the keyring once. Raises KeyringTrouble."""
        if profile.id in self._temporary:
            return self._temporary[profile.id][1]
        if profile.id == LOCAL:
            return Secrets()
        if profile.id not in self._secrets:
            self._secrets[profile.id] = await self._profiles.secrets(profile, self._keychain)
        return self._secrets[profile.id]

    def key_note(self) -> str:
        """Where keys are kept, in words."""
        return self._keychain.note()

    def where_kept(self) -> str:
        """The folder of settings, history and logs."""
        return str(self.paths.data)

    async def probe(self, connection: Connection, secrets: Secrets, network: Network = USUAL) -> Found:
        """Test a connection. Raises SluiceError."""
        adapter = adapter_class(connection.protocol)(connection, secrets)
        found: Found = await self._visit(connection, secrets, network).ask_server(adapter.probe())
        return found

    async def agents(
        self, connection: Connection, secrets: Secrets, network: Network = USUAL
    ) -> tuple[AgentInfo, ...]:
        """The agents that a server lists. Raises SluiceError."""
        adapter = adapter_class(connection.protocol)(connection, secrets)
        listed: tuple[AgentInfo, ...] = await self._visit(connection, secrets, network).ask_server(adapter.agents())
        return listed

    def doctor(self, connection: Connection, secrets: Secrets, network: Network) -> Doctor:
        """One that examines this connection."""
        return Doctor(connection, secrets, route_of(network, secrets.extra), self.transport)

    def _visit(self, connection: Connection, secrets: Secrets, network: Network) -> Session:
        """A session that only asks the server something."""
        session = Session(connection, self.transport)
        session.route = route_of(network, secrets.extra)
        return session

    async def look_on_this_computer(self) -> list[Profile]:
        """The model servers that answer on this computer's usual ports; they are saved as connections."""
        found = []
        known = {p.connection.base_url: p for p in self._profiles.all()}
        for server in await local_servers.look(self.transport):
            profile = known.get(server.connection.base_url)
            if profile is None:
                profile, _ = await self.save(None, f"{server.name} on this computer", server.connection, Secrets())
            found.append(profile)
        return found

    def check_image(self, connection: Connection, image: Image) -> None:
        """Raises NotSendable if this agent would not take the picture."""
        adapter_class(connection.protocol)(connection).check_images(Prompt("", (image,)))

    # ---- tabs

    def new_tab(self, profile: Profile | None) -> Tab:
        """An empty conversation."""
        tab = self._tab(str(uuid.uuid4()), profile, Conversation())
        self._store(tab)
        return tab

    def connect(self, tab: Tab, profile: Profile) -> None:
        """Talk to `profile` from now on."""
        tab.profile = profile
        tab.session.connection = profile.connection
        if profile.id not in self._temporary:
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
        profile = self.profile(stored.profile_id) or self._stored_profile(stored.connection)
        tab = self._tab(key, profile, conversation)
        tab.title, tab.draft = stored.title or "Untitled", await self._history.draft(key)
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
        tab.title = title or "Untitled"
        if tab.player is not None:
            return
        self.library.rename(tab.key, tab.title)
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
        profile = self.profile(stored.profile_id) if stored else None
        return profile.name if profile else "Agent"

    async def fork(self, tab: Tab, run: int | None = None) -> Tab | None:
        """A new conversation with what was said up to the end of `run` (by default of the newest that is shown)."""
        key = str(uuid.uuid4())
        held = tab.session.conversation
        self._history.copy(tab.key, key, path(held, run))
        self._history.put_session(key, title=tab.title, named=tab.named)
        return await self.open_tab(key)

    def save_draft(self, tab: Tab, text: str, cursor: int, images: tuple[Image, ...]) -> None:
        """Store what the composer of a tab holds."""
        draft = Draft(text, cursor, images)
        if draft != tab.draft and tab.player is None:
            tab.draft = draft
            self._history.save_draft(tab.key, draft)

    async def conversations(self, search: str = "") -> list[tuple[str, str, float, str]]:
        """(key, title, updated, snippet) of the history, newest first."""
        return await self._history.listing(search)

    # ---- the end

    def change_settings(self, **values: Any) -> None:
        """Set and keep settings; trouble is told, and the change then holds for this run."""
        for name, value in values.items():
            setattr(self.settings, name, value)
        self.settings_file.save()
        if self.settings_file.trouble:
            self.say(self.settings_file.trouble)

    async def close(self, tabs: list[Tab]) -> None:
        """Leave everything in order: runs cut off, children ended, files written. Three seconds at most."""
        await asyncio.gather(*(tab.close() for tab in tabs))
        self.library.forget()
        await self._model.stop()
        await finish(1.0)
        await self.transport.aclose()
        self.rules.close()
        self.audit.close()
        await self._history.close()

    # ---- inside

    def _tell(self, words: str) -> None:
        """Whoever `say` is by now: the window takes its place after this was made."""
        self.say(words)

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
                raise SluiceError("Choose a connection first.")
            if profile.id == LOCAL:
                tab.session.route = DIRECT
                endpoint = await self._model.start()
                return replace(profile.connection, base_url=endpoint.base_url), Secrets(endpoint.key)
            secrets = await self.secrets(profile)
            tab.session.route, tab.session.bounds = route_of(profile.network, secrets.extra), profile.network.bounds()
            return profile.connection, secrets

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
        known: dict[str, Any] = {"title": tab.title, "server_session": tab.session.conversation.session_id}
        if profile is not None:
            known |= {"profile_id": profile.id, "connection": profile.connection}
        self._history.put_session(tab.key, **known)

    def _stored_profile(self, connection: Connection | None) -> Profile | None:
        """A connection that was for one run only, or has been deleted: known again, without its key."""
        if connection is None or not connection.base_url:
            return None
        return self.add_temporary(connection, Secrets())


def _note(text: str) -> dict[str, Any]:
    """What `remember_view` kept; nothing where it cannot be read."""
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
