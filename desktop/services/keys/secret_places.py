"""Where each secret of a connection is: in the keyring, in memory for this run, in the environment, or nowhere.

Never the value. A secret goes by its name in the profile: "key", one of the protocol's secret fields, or one of those
of `network`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from desktop.core.adapters import adapter_class
from desktop.core.errors import KeyringTrouble
from desktop.core.language import mark, tr
from desktop.core.requests import Secrets
from desktop.services.keys.keychain import Keychain
from desktop.services.keys.profiles import KEY, Profile
from desktop.services.network import CLIENT_SECRET, PROXY_SECRET, Choice, header_name, is_header_secret

Place = Literal["keyring", "this run", "environment", "none", "unknown"]
_NAMES = {
    KEY: mark("Key"),
    PROXY_SECRET: mark("Password for the proxy"),
    CLIENT_SECRET: mark("Password of the client certificate"),
}


@dataclass(frozen=True, slots=True)
class Held:
    """One secret of a connection. `place` says where it is, `words` the same for people; `name` is "" for what is not
    the connection's own."""

    name: str
    label: str
    place: Place
    words: str

    @property
    def can_be_changed(self) -> bool:
        """Whether it can be replaced here."""
        return bool(self.name)

    @property
    def can_be_forgotten(self) -> bool:
        """Whether there is something to forget."""
        return bool(self.name) and self.place in ("keyring", "this run")


def expected(profile: Profile) -> tuple[str, ...]:
    """The names of the secrets that a connection has or could use as it is set up."""
    network = profile.network
    fields = [field.name for field in adapter_class(profile.connection.protocol).can.fields if field.kind == "secret"]
    used = {
        PROXY_SECRET: network.proxy == "manual" and bool(network.proxy_user),
        CLIENT_SECRET: bool(network.client_cert),
    }
    named = [name for name in network.secret_names() if used.get(name, True)]
    return tuple(dict.fromkeys((KEY, *fields, *named, *profile.secret_fields)))


async def in_keyring(profile: Profile, keychain: Keychain) -> list[Held]:
    """Where the secrets of a saved connection are. The keyring is asked, and may ask for its password."""
    return [await _saved(profile, name, keychain) for name in expected(profile)]


def in_memory(profile: Profile, secrets: Secrets) -> list[Held]:
    """The same for a connection that is for this run only."""
    given = {KEY: secrets.key, **secrets.extra}
    return [_mine(name, label(profile, name), bool(given.get(name))) for name in expected(profile)]


def outside(profile: Profile, choice: Choice) -> list[Held]:
    """The password of the chosen proxy, where it stands in the environment or in the computer's settings."""
    if profile.network.proxy not in ("system", "environment") or not urlsplit(choice.proxy or "").password:
        return []
    words = tr("In the environment or the settings of this computer, outside of Sluice")
    return [Held("", tr(_NAMES[PROXY_SECRET]), "environment", words)]


def made_anew(profile: Profile) -> list[Held]:
    """The same for the small model on this computer, whose key nobody sets."""
    words = tr("Made anew at each start, in memory only")
    return [Held("", label(profile, KEY), "this run", words)]


def _mine(name: str, title: str, is_set: bool) -> Held:
    if not is_set:
        return Held(name, title, "none", tr("None is set"))
    return Held(name, title, "this run", tr("In memory for this run only; it is forgotten when Sluice ends"))


def label(profile: Profile, name: str) -> str:
    """What a secret is called for people."""
    if name in _NAMES:
        return tr(_NAMES[name])
    if is_header_secret(name):
        return tr("Header {name}", name=header_name(profile.network, name))
    fields = adapter_class(profile.connection.protocol).can.fields
    return next((field.label for field in fields if field.name == name), name)


async def _saved(profile: Profile, name: str, keychain: Keychain) -> Held:
    account, title = profile.account(name), label(profile, name)
    if keychain.where(account) == "this run only":
        return Held(name, title, "this run", tr("In memory for this run only; the keyring did not take it"))
    if name not in profile.secret_fields:
        return _mine(name, title, False)
    try:
        found = await keychain.get(account) is not None
        ring = keychain.backend
    except KeyringTrouble as trouble:
        return Held(name, title, "unknown", trouble.headline)
    if not found:
        return Held(name, title, "none", tr("Gone from the keyring; set it anew"))
    words = tr("In {keyring}, under the service {service} and the name {account}")
    return Held(name, title, "keyring", words.format(keyring=ring, service=keychain.service, account=account))
