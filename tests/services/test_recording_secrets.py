"""A planted secret is in nothing that is kept: headers, addresses, bodies, cookies, answers, however it is written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.core.recordings.comparison_words import as_json, as_text
from desktop.core.recordings.recording import SUFFIX, read
from desktop.core.recordings.redaction import Redactor, sounds_secret
from desktop.core.requests import HttpCall, Prompt, Secrets
from desktop.services.network import Network, Route
from desktop.services.recording.comparing import compared
from tests.loopback.server import Exchange, Request
from tests.services.recorded import recorded, reread, streamed

KEY = 'sk-"p/l+a nt€d'
FORMS = (KEY, quote(KEY), quote(KEY, safe=""), quote_plus(KEY), json.dumps(KEY)[1:-1], "sk-", "nt€d", "nt%E2%82%AC")


def chunk(text: str) -> str:
    return "data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]}) + "\n\n"


async def gossip(request: Request, exchange: Exchange) -> None:
    """A server that repeats what it was told in every way, and gives a token of its own."""
    said = request.headers.get("authorization", "") + request.headers.get("x-team", "")
    if request.path.endswith("/models"):
        await exchange.reply(200, {"data": [{"id": "m"}], "access_token": "gr4nted-token", "echo": said})
        return
    head = {"content-type": "text/event-stream", "set-cookie": "sid=c00kie-value", "x-echo": quote(KEY)}
    await exchange.start(200, head)
    whole = (chunk(f"You said {KEY} and gr4nted-token.") + f": {KEY}\n\n" + "data: [DONE]\n\n").encode()
    for at in range(0, len(whole), 7):  # the key is cut
        await exchange.send(whole[at : at + 7])


async def test_a_planted_key_is_nowhere_in_the_recording(tmp_path: Path) -> None:
    extra: dict[str, Any] = {"api_key": "0ther-value", "note": f"mine is {KEY}", "deep": [{"password": "p4ssw0rd"}]}
    async with recorded("openai", gossip, None, Secrets("sk-plain-nted"), extra=extra) as (session, recorder, server):
        recorder.redactor.learn(Secrets(KEY))
        session.route = Route(Network(headers=(("X-Plain", "fine"),)), secret_headers=(("X-Team", "t3am-secret"),))
        await session.send(Prompt(f"My key is {KEY}, {quote(KEY)}"))
        call = HttpCall("GET", f"{server.url}/v1/x?api_key=qu3ry&name=ok&u={quote(KEY)}", {"Cookie": "sid=b1scuit"})
        await session.driver.ask(None, call)
        reread(recorder, tmp_path)
        text = (tmp_path / f"a{SUFFIX}").read_text("utf-8")
        planted = ("sk-plain", "gr4nted", "c00kie", "b1scuit", "qu3ry", "t3am", "0ther-value", "p4ssw0rd", *FORMS)
        assert [form for form in planted if form in text] == []
        assert KEY.encode() not in streamed(recorder)
        found = await compared(kept := read(text), replace(kept, entries=kept.entries[:4]))
        report = as_text(found, "a", "b") + repr(found) + str(as_json(found, "a", "b"))
        assert not found.same and [form for form in planted if form in report] == []
        assert "fine" in text and "name=ok" in text and "You said " in text, "and the rest is kept"
        assert "You said" in session.conversation.text_of(0)


async def test_masked_bytes_keep_their_length(tmp_path: Path) -> None:
    async with recorded("openai", gossip, "m") as (session, recorder, _):
        await session.send(Prompt("hello"))
        plain = len(streamed(recorder))
    async with recorded("openai", gossip, "m") as (session, recorder, _):
        recorder.redactor.learn(Secrets(KEY))
        await session.send(Prompt("hello"))
        assert len(streamed(recorder)) == plain
        assert b"*" * 8 in streamed(recorder)


@pytest.mark.parametrize(
    ("name", "secret"),
    [("Authorization", True), ("apikey", True), ("X-API-Key", True), ("Set-Cookie", True), ("password", True),
     ("access_token", True), ("X-Amz-Signature", True), ("prompt_tokens", False), ("max_tokens", False),
     ("author", False), ("X-Session-Id", False), ("content-type", False)],
)  # fmt: skip
def test_names_that_sound_like_secrets(name: str, secret: bool) -> None:
    assert sounds_secret(name) is secret


@given(st.text(min_size=6, max_size=20), st.text(max_size=30))
def test_whatever_the_key_it_is_found_in_json_and_addresses(key: str, around: str) -> None:
    redactor = Redactor()
    redactor.learn(Secrets(key))
    for text in (json.dumps({"a": around + key}), json.dumps({"a": key}, ensure_ascii=False), quote(key, safe="")):
        try:
            data = text.encode()
        except UnicodeEncodeError:
            continue
        for start, end in redactor.find(data):
            data = data[:start] + b"*" * (end - start) + data[end:]
        for form in (json.dumps(key)[1:-1], quote(key, safe="")) if key not in around else ():
            assert form not in data.decode()
