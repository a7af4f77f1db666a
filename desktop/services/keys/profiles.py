"""Saved connections. Their secrets are in the keyring; the file names only which secrets there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from desktop.core.language import mark, trn
from desktop.core.requests import Connection, Secrets
from desktop.services.habits.jsonfile import JsonFile
from desktop.services.keys.keychain import Keychain
from desktop.services.network import USUAL, Network, network_from_json, network_to_json
from desktop.services.paths import Paths

KEY = "key"  # the name of a connection's main secret


@dataclass(frozen=True, slots=True)
class Profile:
    """A saved connection. `secret_fields` names the secrets that it has: the protocol's secret fields, and "key" if
    it has a main one. `unknown` is what a newer Sluice wrote about it."""

    id: str
    name: str
    connection: Connection
    secret_fields: tuple[str, ...] = ()
    unknown: Mapping[str, Any] = field(default_factory=dict, repr=False)
    network: Network = USUAL

    def account(self, secret: str = KEY) -> str:
        """The secret's name in the keyring."""
        return self.id if secret == KEY else f"{self.id}/{secret}"


class Profiles:
    """The saved connections, in the person's order. `trouble` is None, or one sentence on what was wrong with the
    file. Entries that are not understood stay in the file as they are."""

    def __init__(self, paths: Paths) -> None:
        self._file = JsonFile(paths.profiles_file, mark("saved connections"))
        self._head = self._file.load()
        self._profiles: dict[str, Profile] = {}
        self._strange: list[Any] = []
        self._take(self._head.pop("profiles", []))

    @property
    def trouble(self) -> str | None:
        """What was wrong with the file when it was read, for people."""
        return self._file.trouble

    def all(self) -> tuple[Profile, ...]:
        """Every profile, in order."""
        return tuple(self._profiles.values())

    def get(self, profile_id: str) -> Profile | None:
        """The profile of that id."""
        return self._profiles.get(profile_id)

    def put(self, profile: Profile) -> None:
        """Add the profile, or replace the one of the same id. Raises StoreTrouble if it cannot be written; it then
        holds for this run."""
        self._profiles[profile.id] = profile
        self._write()

    def remove(self, profile_id: str) -> None:
        """Forget a profile; its secrets are removed with `forget_secrets`. Raises StoreTrouble."""
        if self._profiles.pop(profile_id, None) is not None:
            self._write()

    def reorder(self, ids: list[str]) -> None:
        """Put the profiles in the order of `ids`; those not named follow. Raises StoreTrouble."""
        ordered = {i: self._profiles[i] for i in ids if i in self._profiles}
        self._profiles = {**ordered, **self._profiles}
        self._write()

    async def secrets(self, profile: Profile, keychain: Keychain) -> Secrets:
        """What the keyring holds of the secrets that the profile names; a profile without any needs no keyring. Raises
        KeyringTrouble."""
        found = {name: await keychain.get(profile.account(name)) for name in profile.secret_fields}
        key = found.pop(KEY, None)
        return Secrets(key, {name: value for name, value in found.items() if value is not None})

    async def forget_secrets(self, profile: Profile, keychain: Keychain) -> None:
        """Remove the profile's secrets from the keyring. Raises KeyringTrouble."""
        for name in profile.secret_fields:
            await keychain.delete(profile.account(name))

    def _take(self, entries: Any) -> None:
        if not isinstance(entries, list):
            self._strange, entries = [entries], []
        for entry in entries:
            try:
                profile = _from_json(entry)
            except ValidationError:
                self._strange.append(entry)
            else:
                self._profiles[profile.id] = profile
        if self._strange:
            self._file.trouble = trn(
                "{n} saved connection could not be understood. It stays in the file but is not shown.",
                "{n} saved connections could not be understood. They stay in the file but are not shown.",
                len(self._strange),
            )

    def _write(self) -> None:
        entries = [_to_json(profile) for profile in self._profiles.values()]
        self._file.save({"version": 1, **self._head, "profiles": entries + self._strange})


class _StoredConnection(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)

    protocol: str
    base_url: str
    agent: str | None = None
    options: dict[str, Any] = {}


class _StoredProfile(BaseModel):
    model_config = ConfigDict(extra="allow")

    id: str
    name: str
    connection: _StoredConnection
    secret_fields: tuple[str, ...] = ()
    network: Any = None


_PROFILE = TypeAdapter(_StoredProfile)
_CONNECTION = TypeAdapter(_StoredConnection)


def connection_to_json(connection: Connection) -> dict[str, Any]:
    """A connection as JSON."""
    return {
        "protocol": connection.protocol,
        "base_url": connection.base_url,
        "agent": connection.agent,
        "options": dict(connection.options),
    }


def connection_from_json(data: Any) -> Connection:
    """The connection of such an object. Raises ValueError if it is none."""
    return _connection(_CONNECTION.validate_python(data))


def _connection(stored: _StoredConnection) -> Connection:
    return Connection(stored.protocol, stored.base_url, stored.agent, stored.options)


def _to_json(profile: Profile) -> dict[str, Any]:
    unknown = dict(profile.unknown)
    inner = unknown.pop("connection", {})
    return {
        **unknown,
        "id": profile.id,
        "name": profile.name,
        "connection": {**inner, **connection_to_json(profile.connection)},
        "secret_fields": list(profile.secret_fields),
        **({"network": network} if (network := network_to_json(profile.network)) else {}),
    }


def _from_json(entry: Any) -> Profile:
    stored = _PROFILE.validate_python(entry)
    unknown = dict(stored.model_extra or {})
    if stored.connection.model_extra:
        unknown["connection"] = stored.connection.model_extra
    network = network_from_json(stored.network)
    return Profile(stored.id, stored.name, _connection(stored.connection), stored.secret_fields, unknown, network)
