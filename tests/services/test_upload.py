"""Large requests: the bytes are those of plain JSON, how much has gone is told, refused and stopped in mid-way."""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import suppress
from typing import Any

import pytest

from desktop.core.requests import Base64Image, HttpCall, Image
from desktop.services.network.upload import PIECE, upload_of, written
from desktop.services.transport import Transport
from tests.loopback.server import Exchange, Request, Server

MANY = 12_000_000  # bytes: more than the sockets between two programs hold


def picture(size: int, prefix: str = "") -> Base64Image:
    return Base64Image(Image("a.png", "image/png", (bytes(range(256)) * (size // 256 + 1))[:size]), prefix)


def call(server: Server, value: Any) -> HttpCall:
    return HttpCall("POST", server.url + "/up", json=value)


async def take(request: Request, exchange: Exchange) -> None:
    await exchange.reply(200, {"bytes": len(request.body)})


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, PIECE * 3 // 4 - 1, PIECE * 3 // 4, PIECE * 3 // 4 + 1, PIECE * 2])
def test_the_body_is_the_same_as_plain_json_with_the_text_in_it(size: int) -> None:
    one, two = picture(size), picture(size, "data:image/png;base64,")
    upload = written({"text": 'a "quoted" \\ line\n\ud800 ü', "pictures": [one, {"url": two}]})
    coded = base64.b64encode(one.image.data).decode()
    plain = {"text": 'a "quoted" \\ line\n\ufffd ü', "pictures": [coded, {"url": "data:image/png;base64," + coded}]}
    body = b"".join(upload.pieces())
    assert body == json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()
    assert (len(body), len(str(two))) == (upload.size, len(two))
    assert all(0 < len(piece) <= PIECE for piece in upload.pieces())


async def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(TypeError, match="no JSON: set"):
        await upload_of({"a": {1}})


async def test_the_server_gets_it_whole_and_how_much_has_gone_grows_to_the_whole() -> None:
    told: list[tuple[int, int]] = []
    async with Server(take) as server:
        transport = Transport()
        reply = await transport.fetch(call(server, {"a": picture(MANY)}), gone=lambda *now: told.append(now))
        await transport.aclose()
    (request,) = server.requests
    assert json.loads(reply.body) == {"bytes": len(request.body)}
    assert base64.b64decode(request.json["a"], validate=True) == picture(MANY).image.data
    assert request.headers["content-length"] == str(len(request.body)) and "transfer-encoding" not in request.headers
    assert told == sorted(told) and told[0] == (0, len(request.body)) and told[-1] == (len(request.body),) * 2
    assert len(told) > 100


async def test_of_a_small_request_nobody_hears() -> None:
    told: list[tuple[int, int]] = []
    async with Server(take) as server:
        transport = Transport()
        await transport.fetch(call(server, {"a": "b"}), gone=lambda *now: told.append(now))
        await transport.aclose()
    assert (told, server.requests[0].json) == ([], {"a": "b"})


async def test_a_server_that_refuses_in_mid_way_is_heard() -> None:
    async with Server(take, most=1_000_000) as server:
        transport = Transport()
        reply = await transport.fetch(call(server, {"a": picture(MANY)}))
        await transport.aclose()
    assert (reply.status, json.loads(reply.body)) == (413, {"error": {"message": "too large"}})


async def test_stopped_in_mid_way_the_rest_never_goes() -> None:
    told: list[int] = []
    stuck = asyncio.Event()

    def gone(count: int, size: int) -> None:
        told.append(count)
        if count > 1_000_000:
            stuck.set()

    async with Server(take) as server:
        server.takes.clear()
        transport = Transport()
        sending = asyncio.create_task(transport.fetch(call(server, {"a": picture(MANY)}), gone=gone))
        await stuck.wait()
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending
        server.takes.set()
        again = await transport.fetch(call(server, {"a": "b"}))
        await transport.aclose()
    assert again.status == 200 and [request.json for request in server.requests] == [{"a": "b"}]
    assert max(told) < MANY
