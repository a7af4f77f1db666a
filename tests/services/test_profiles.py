"""Saved connections: what is in the file, and what never is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from desktop.core.errors import KeyringTrouble, StoreTrouble
from desktop.core.requests import Connection
from desktop.services.keys.keychain import Keychain
from desktop.services.keys.profiles import Profile, Profiles
from desktop.services.paths import Paths
from tests.services.keyrings import RealKeyring

WORK = Profile(
    "w1",
    "Work",
    Connection("openai", "https://example.org/v1", "m", {"temperature": 0.5}),
    ("key", "proxy_password"),
)


def test_profiles_come_back_as_they_were_and_in_order(paths: Paths) -> None:
    profiles = Profiles(paths)
    home = Profile("h1", "Zuhause \ud83d", Connection("dockrion", "http://127.0.0.1:1"))
    profiles.put(WORK)
    profiles.put(home)
    profiles.reorder([home.id])
    again = Profiles(paths)
    assert [p.name for p in again.all()] == ["Zuhause \ufffd", "Work"]
    assert again.get(WORK.id) == WORK
    again.remove(home.id)
    assert Profiles(paths).all() == (WORK,)


def test_unknown_fields_are_kept(paths: Paths) -> None:
    file = paths.profiles_file
    entry = {
        "id": "p1",
        "name": "One",
        "colour": "green",
        "connection": {"protocol": "openai", "base_url": "http://x", "pinned_certificate": "ab"},
    }
    file.write_text(json.dumps({"version": 9, "folders": ["a"], "profiles": [entry]}))
    profiles = Profiles(paths)
    (one,) = profiles.all()
    profiles.put(replace(one, name="Uno"))
    written = json.loads(file.read_text())
    assert (written["version"], written["folders"]) == (9, ["a"])
    (kept,) = written["profiles"]
    assert (kept["name"], kept["colour"], kept["connection"]["pinned_certificate"]) == ("Uno", "green", "ab")


def test_an_entry_that_is_not_understood_costs_only_itself_and_stays(paths: Paths) -> None:
    file = paths.profiles_file
    file.write_text(
        json.dumps(
            {
                "profiles": [
                    {"id": 5},
                    "?",
                    {"id": "p", "name": "n", "connection": {"protocol": "x", "base_url": "u"}},
                ]
            }
        )
    )
    profiles = Profiles(paths)
    assert [p.id for p in profiles.all()] == ["p"]
    assert profiles.trouble is not None
    assert "2 saved connections" in profiles.trouble
    profiles.put(WORK)
    assert json.loads(file.read_text())["profiles"][2:] == [{"id": 5}, "?"]


def test_a_damaged_file_is_kept_and_the_program_goes_on(paths: Paths) -> None:
    file = paths.profiles_file
    file.write_text("not json")
    profiles = Profiles(paths)
    assert profiles.all() == ()
    assert profiles.trouble is not None
    profiles.put(WORK)
    assert [kept.read_text() for kept in paths.config.glob("*.damaged-*")] == ["not json"]
    assert Profiles(paths).all() == (WORK,)


def test_what_cannot_be_written_is_told_and_holds_for_this_run(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    profiles = Profiles(Paths(tmp_path / "file"))
    with pytest.raises(StoreTrouble):
        profiles.put(WORK)
    assert profiles.all() == (WORK,)


async def test_secrets_come_from_the_keyring_and_are_in_no_file(
    paths: Paths, real_keyring: RealKeyring
) -> None:
    chain = Keychain("sluice-test")
    await chain.set(WORK.account(), "sk-main-1")
    await chain.set(WORK.account("proxy_password"), "second-2")
    Profiles(paths).put(WORK)
    found = await Profiles(paths).secrets(WORK, chain)
    assert (found.key, dict(found.extra)) == ("sk-main-1", {"proxy_password": "second-2"})
    assert "sk-main-1" not in paths.profiles_file.read_text() + repr(found)
    await Profiles(paths).forget_secrets(WORK, chain)
    assert (await Profiles(paths).secrets(WORK, chain)).key is None


async def test_a_connection_without_a_key_asks_no_keyring(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[None] = []
    monkeypatch.setattr("desktop.services.keys.keychain._backend", lambda: asked.append(None))
    profiles = Profiles(paths)
    local = Profile("l1", "Local", Connection("openai", "http://127.0.0.1:1"))
    assert (await profiles.secrets(local, Keychain("sluice-test"))).key is None
    await profiles.forget_secrets(local, Keychain("sluice-test"))
    assert asked == []
    with pytest.raises(KeyringTrouble):
        await profiles.secrets(WORK, Keychain("sluice-test"))
