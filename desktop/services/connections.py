"""What a window can talk to: saved connections, the small model on this computer, and those of this run only."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from desktop.core.adapters import adapter_class
from desktop.core.bounds import USUAL as USUAL_BOUNDS
from desktop.core.bounds import Bounds
from desktop.core.errors import ConnectionFailed, KeyringTrouble, SluiceError, StoreTrouble
from desktop.core.language import tr
from desktop.core.requests import AgentInfo, Connection, Found, Image, Prompt, Secrets
from desktop.services import logs
from desktop.services.keys import secret_places
from desktop.services.keys.keychain import Keychain
from desktop.services.keys.profiles import KEY, Profile, Profiles
from desktop.services.keys.secret_places import Held
from desktop.services.local_model import LocalModel
from desktop.services.local_model.parts import ModelParts
from desktop.services.network import DIRECT, USUAL, Choice, Network, Route, local_servers, route_of
from desktop.services.network.doctor import Doctor
from desktop.services.network.way import chosen_words
from desktop.services.paths import Paths
from desktop.services.session import Session
from desktop.services.system.built import built
from desktop.services.tasks import spawn
from desktop.services.transport import Transport

LOCAL = "local-model"


def this_run(name: str) -> str:
    """What a connection for this run only is called."""
    return tr("{name} (this run only)", name=name)


@dataclass(frozen=True)
class Access:
    """All that a run needs to reach a server, as it is now."""

    connection: Connection
    secrets: Secrets
    route: Route
    bounds: Bounds = USUAL_BOUNDS


class Connections:
    """Made once per window. `say` hears of trouble that belongs to no tab, in words for people."""

    def __init__(self, paths: Paths, transport: Transport, say: Callable[[str], None]) -> None:
        self._transport = transport
        self._say = say
        self._saved = Profiles(paths)
        self._keychain = Keychain(paths.keyring_service, say)
        self.model_parts = ModelParts(paths.data / "local-model", built().local_model, transport)
        self._model = LocalModel(lambda: self.model_parts.place, self.model_parts.offered)
        self._temporary: dict[str, tuple[Profile, Secrets]] = {}  # for this run only, never stored
        self._secrets: dict[str, Secrets] = {}  # read once per run of the program

    @property
    def trouble(self) -> str | None:
        """What was wrong with the file of the saved ones; None if nothing."""
        return self._saved.trouble

    # ---- which there are

    def all(self) -> list[Profile]:
        """What the picker offers: this run's own, the small model, the saved ones."""
        mine = [profile for profile, _ in self._temporary.values()]
        return [*mine, self.local(), *self._saved.all()]

    def get(self, key: str | None) -> Profile | None:
        """The profile of an id, or None."""
        return next((profile for profile in self.all() if profile.id == key), None)

    def local(self) -> Profile:
        """The small model on this computer; its address is known once it runs."""
        return Profile(
            LOCAL, tr("A small model on this computer"), Connection("openai", "http://127.0.0.1:0/v1", "smollm2")
        )

    def is_temporary(self, profile: Profile) -> bool:
        """Whether it is for this run of the program only."""
        return profile.id in self._temporary

    def name_for(self, connection: Connection) -> str:
        """A name made of the protocol and the address."""
        name, host = tr(adapter_class(connection.protocol).name), urlsplit(connection.base_url).netloc
        return tr("{name} at {host}", name=name, host=host)

    def about(self, profile: Profile) -> str:
        """One honest sentence on a connection that needs one."""
        if profile.id != LOCAL:
            return ""
        return tr("Very small: fluent, often wrong, no tools. Good for trying Sluice without an account or a network.")

    def check_image(self, connection: Connection, image: Image) -> None:
        """Raises NotSendable if this agent would not take the picture."""
        adapter_class(connection.protocol)(connection).check_images(Prompt("", (image,)))

    # ---- keeping them

    def add_temporary(self, connection: Connection, secrets: Secrets) -> Profile:
        """A connection for this run only. Its key is never stored."""
        same = (profile for profile, _ in self._temporary.values() if profile.connection == connection)
        name = this_run(self.name_for(connection))
        profile = next(same, None) or Profile(f"run-{len(self._temporary)}", name, connection)
        for secret in filter(None, (secrets.key, *secrets.extra.values())):
            logs.redact(secret)
        self._temporary[profile.id] = (profile, secrets)
        return profile

    async def save(
        self, old: Profile | None, name: str, connection: Connection, secrets: Secrets, network: Network | None = None
    ) -> tuple[Profile, str]:
        """Keep a connection; secrets go to the keyring. Returns it with words if a secret was not kept there."""
        kept = old if old is not None and self._saved.get(old.id) else None
        given = {name: value for name, value in {KEY: secrets.key, **secrets.extra}.items() if value}
        fields = tuple(dict.fromkeys((*(kept.secret_fields if kept else ()), *given)))
        unknown = kept.unknown if kept else {}
        network = network or (old.network if old else USUAL)
        profile = Profile(kept.id if kept else str(uuid.uuid4()), name, connection, fields, unknown, network)
        self._secrets.pop(profile.id, None)
        trouble = ""
        try:
            self._saved.put(profile)
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
            kept = tr("The key is kept for this run only and is forgotten when Sluice ends.")
            return f"{error.headline} {kept}"
        return ""

    async def look_on_this_computer(self) -> list[Profile]:
        """The model servers that answer on this computer's usual ports; they are saved as connections."""
        found = []
        known = {p.connection.base_url: p for p in self._saved.all()}
        for server in await local_servers.look(self._transport):
            profile = known.get(server.connection.base_url)
            if profile is None:
                name = tr("{name} on this computer", name=server.name)
                profile, _ = await self.save(None, name, server.connection, Secrets())
            found.append(profile)
        return found

    async def remove(self, profile: Profile) -> str:
        """Forget a saved connection and its secrets; conversations with it stay. Returns words if something of it
        could not be removed."""
        trouble = ""
        for name in profile.secret_fields:
            trouble = await self._forget(profile, name) or trouble
        self._secrets.pop(profile.id, None)
        try:
            self._saved.remove(profile.id)
        except StoreTrouble as error:
            trouble = error.headline
        return trouble

    # ---- where their secrets are

    async def held(self, profile: Profile) -> list[Held]:
        """Where each of its secrets is; never the values."""
        if profile.id == LOCAL:
            return secret_places.made_anew(profile)
        if profile.id in self._temporary:
            inside = secret_places.in_memory(profile, self._temporary[profile.id][1])
        else:
            inside = await secret_places.in_keyring(self._saved.get(profile.id) or profile, self._keychain)
        with suppress(ConnectionFailed):
            inside += secret_places.outside(profile, await self._choice(profile))
        return inside

    async def replace_secret(self, profile: Profile, name: str, value: str) -> str:
        """Keep another value for one of its secrets. Returns words if it is not in the keyring now."""
        if profile.id in self._temporary:
            logs.redact(value)
            self._put_temporary(profile, name, value)
            return ""
        given = Secrets(value) if name == KEY else Secrets(None, {name: value})
        _, trouble = await self.save(profile, profile.name, profile.connection, given, profile.network)
        return trouble

    async def forget_secret(self, profile: Profile, name: str) -> str:
        """Remove one of its secrets, here and in the keyring. Returns words if that was not possible."""
        if profile.id in self._temporary:
            self._put_temporary(profile, name, None)
            return ""
        trouble = await self._forget(profile, name)
        kept = self._saved.get(profile.id)
        if kept is None or trouble:
            return trouble
        self._secrets.pop(profile.id, None)
        try:
            self._saved.put(replace(kept, secret_fields=tuple(n for n in kept.secret_fields if n != name)))
        except StoreTrouble as error:
            return error.headline
        return ""

    def _put_temporary(self, profile: Profile, name: str, value: str | None) -> None:
        given = self._temporary[profile.id][1]
        extra = {n: v for n, v in given.extra.items() if n != name}
        if name == KEY:
            fresh = Secrets(value, extra)
        else:
            fresh = Secrets(given.key, {**extra, name: value} if value else extra)
        self._temporary[profile.id] = profile, fresh

    async def _forget(self, profile: Profile, name: str) -> str:
        try:
            await self._keychain.delete(profile.account(name))
        except KeyringTrouble as error:
            return error.headline
        return ""

    # ---- using them

    async def way(self, profile: Profile) -> tuple[str, ...]:
        """How it was reached last in this run of the program, one sentence each; how it would be where it was not
        yet."""
        way = self._transport.way(profile.connection.base_url, self._route(profile))
        if way is not None:
            return way.lines()
        try:
            choice = await self._choice(profile)
        except ConnectionFailed as error:
            return (error.headline,)
        words = chosen_words(choice.proxy, choice.why)
        return (words,) if profile.id == LOCAL else (tr("Not reached yet in this run of Sluice"), words)

    def _route(self, profile: Profile) -> Route:
        """Its route as far as its secrets are known without the keyring."""
        return route_of(profile.network, self._secrets.get(profile.id, Secrets()).extra)

    async def _choice(self, profile: Profile) -> Choice:
        return await self._transport.choose(profile.connection.base_url, self._route(profile))

    async def secrets(self, profile: Profile) -> Secrets:
        """The secrets of a profile, read from the keyring once. Raises KeyringTrouble."""
        if profile.id in self._temporary:
            return self._temporary[profile.id][1]
        if profile.id == LOCAL:
            return Secrets()
        if profile.id not in self._secrets:
            self._secrets[profile.id] = await self._saved.secrets(profile, self._keychain)
        return self._secrets[profile.id]

    def key_note(self) -> str:
        """Where keys are kept, in words."""
        return self._keychain.note()

    async def access(self, profile: Profile) -> Access:
        """How to reach it now; the small model is started for it. Raises KeyringTrouble or what keeps the model from
        starting."""
        if profile.id == LOCAL:
            endpoint = await self._model.start()
            return Access(replace(profile.connection, base_url=endpoint.base_url), Secrets(endpoint.key), DIRECT)
        secrets = await self.secrets(profile)
        route = route_of(profile.network, secrets.extra)
        return Access(profile.connection, secrets, route, profile.network.bounds())

    async def probe(self, connection: Connection, secrets: Secrets, network: Network = USUAL) -> Found:
        """Test a connection. Raises SluiceError."""
        adapter = adapter_class(connection.protocol)(connection, secrets)
        found: Found = await self._visit(connection, secrets, network).ask_server(adapter.probe())
        return found

    async def agents(self, connection: Connection, secrets: Secrets, network: Network = USUAL) -> tuple[AgentInfo, ...]:
        """The agents that a server lists. Raises SluiceError."""
        adapter = adapter_class(connection.protocol)(connection, secrets)
        listed: tuple[AgentInfo, ...] = await self._visit(connection, secrets, network).ask_server(adapter.agents())
        return listed

    def doctor(self, connection: Connection, secrets: Secrets, network: Network) -> Doctor:
        """One that examines this connection."""
        return Doctor(connection, secrets, route_of(network, secrets.extra), self._transport)

    def _visit(self, connection: Connection, secrets: Secrets, network: Network) -> Session:
        """A session that only asks the server something."""
        session = Session(connection, self._transport)
        session.route = route_of(network, secrets.extra)
        return session

    # ---- the small model

    def local_model_trouble(self) -> str | None:
        """Why the small model cannot be used, with how to get it; None if it can."""
        return self._model.available()

    def warm_local_model(self) -> None:
        """Start the small model now, so that the first answer comes sooner."""

        async def start() -> None:
            try:
                await self._model.start()
            except SluiceError as error:
                self._say(error.headline)

        spawn(start(), "start local model")

    def model_to_fetch(self) -> bool:
        """Whether the small model is not here, but can be fetched by `model_parts`."""
        return self.model_parts.offered and self._model.absent()

    async def remove_model(self) -> None:
        """End the small model and take away what was fetched of it. Raises FetchTrouble."""
        await self._model.stop()
        await self.model_parts.remove()

    async def close(self) -> None:
        """End the small model."""
        await self._model.stop()
