"""News of a version: signed by the key that was built in, or not shown; asked for only by whoever calls `look`."""

from __future__ import annotations

import base64
import json
import runpy
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from desktop import __version__
from desktop.services.system.built import Built
from desktop.services.system.updates import Release, Updates, UpdateTrouble
from desktop.services.transport import Transport
from tests.loopback.server import Exchange, Request, Server

SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "packaging" / "sign_release.py"))
OURS = Ed25519PrivateKey.generate()


class Place:
    """Tells of `version`, signed by `by`."""

    def __init__(self, version: str = "99.0.0", by: Ed25519PrivateKey = OURS) -> None:
        self.told = json.dumps({"version": version, "page": "https://x.example/99", "words": "New."}).encode()
        self.signature = base64.b64encode(by.sign(self.told))

    async def __call__(self, request: Request, exchange: Exchange) -> None:
        found = {"/release.json": self.told, "/release.json.sig": self.signature}.get(request.path)
        await exchange.reply(200 if found else 404, found or b"")


async def look(place: Place) -> tuple[Release | None, list[Request]]:
    async with Server(place) as server:
        transport = Transport()
        updates = Updates(Built((), f"{server.url}/release.json", SCRIPT["public"](OURS)), transport)
        assert updates.offered
        assert server.requests == []
        try:
            return await updates.look(), server.requests
        finally:
            await transport.aclose()


async def test_a_newer_version_is_told() -> None:
    release, asked = await look(Place())
    assert release == Release("99.0.0", "https://x.example/99", "New.")
    assert [request.path for request in asked] == ["/release.json", "/release.json.sig"]


async def test_the_question_says_nothing_about_the_person() -> None:
    _, asked = await look(Place())
    for request in asked:
        assert (request.method, request.body, request.query) == ("GET", b"", {})
        usual = {"host", "accept", "accept-encoding", "connection", "user-agent"}
        assert set(request.headers) <= usual
        assert request.headers["user-agent"] == f"Sluice/{__version__}"


@pytest.mark.parametrize("version", [__version__, "0.0.1"])
async def test_what_is_not_newer_is_no_news(version: str) -> None:
    release, _ = await look(Place(version))
    assert release is None


async def test_another_key_is_not_believed() -> None:
    with pytest.raises(UpdateTrouble, match="not signed by the makers"):
        await look(Place(by=Ed25519PrivateKey.generate()))


@pytest.mark.parametrize("damage", ["words", "signature", "empty", "version"])
async def test_what_was_changed_on_its_way_is_not_believed(damage: str) -> None:
    place = Place("99.0.0" if damage != "version" else "99.0-evil")
    match damage:
        case "words":
            place.told = place.told.replace(b"x.example", b"y.example")
        case "signature":
            place.signature = b"!" + place.signature[1:]
        case "empty":
            place.signature = b"x"
    with pytest.raises(UpdateTrouble, match="not signed by the makers"):
        await look(place)


async def test_nobody_there_is_said() -> None:
    transport = Transport()
    updates = Updates(Built((), "http://127.0.0.1:9/release.json", SCRIPT["public"](OURS)), transport)
    with pytest.raises(UpdateTrouble):
        await updates.look()
    await transport.aclose()


def test_a_copy_that_knows_no_place_does_not_offer_it() -> None:
    assert not Updates(Built(), Transport()).offered


async def test_what_the_release_signs_is_believed(tmp_path: Path) -> None:
    SCRIPT["sign"]("https://x.example/release", tmp_path, OURS)
    place = Place()
    place.told = (tmp_path / "release.json").read_bytes()
    place.signature = (tmp_path / "release.json.sig").read_bytes()
    release, _ = await look(place)
    assert release is None  # it is this very version
    assert json.loads(place.told)["version"] == __version__
