"""The wire as rows: no byte lost, every frame beside what was decoded from it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from desktop.core.events import AnyEvent, TextDelta, TextSet
from desktop.core.recordings.redaction import Redactor
from desktop.core.recordings.wire_words import as_curl, event_line, frame_name
from desktop.core.requests import Answer, HttpCall, Prompt, Secrets
from desktop.core.wire.cutter import Cutter, frames_of
from desktop.services.recording.recorder import Recorder
from desktop.services.recording.wire_rows import FRAME, WireRows
from tests.loopback.powabase import AGENT, Powabase
from tests.services.recorded import Parrot, recorded, until
from tests.services.test_recording import EARLY, RICH


def rows_of(recorder: Recorder) -> WireRows:
    rows = WireRows(recorder)
    while rows.advance():
        pass
    return rows


@pytest.mark.parametrize(("protocol", "name"), RICH)
async def test_the_rows_joined_are_what_the_server_sent(protocol: str, name: str) -> None:
    parrot = Parrot(protocol, name)
    async with recorded(protocol, parrot.handle, secrets=Secrets("key-1")) as (session, recorder, _):
        heard: list[AnyEvent] = []
        session.listeners.event = lambda run, seq, at, event: heard.append(event)
        await session.send(Prompt("hello"))
        rows = rows_of(recorder)
        joined = rows.wire(next(rows.streams()))
        assert parrot.sent.startswith(joined)
        assert joined == parrot.sent or name in EARLY
        told = [event for row in range(len(rows)) for event in rows.events(row)]
        assert told == heard, "every event stands beside one row, in order"
        for row in range(len(rows)):
            data = rows.raw(row).decode("utf-8", "replace")
            for event in rows.events(row):
                if isinstance(event, TextDelta) and event.text.isascii() and protocol != "openai":
                    assert json.dumps(event.text)[1:-1] in data, (event, data)


async def test_each_item_of_the_transcript_has_its_frames_and_back() -> None:
    parrot = Parrot("powabase", "stream_tool")
    async with recorded("powabase", parrot.handle, secrets=Secrets("key-1")) as (session, recorder, _):
        await session.send(Prompt("hello"))
        rows = rows_of(recorder)
        for item in session.conversation.items.values():
            if item.id.endswith("/user"):
                continue
            found = rows.rows_of(item.id)
            assert found, item.id
            assert all(item.id in rows.items(row) for row in found)
        tool = next(i for i in session.conversation.items.values() if "/tool/" in i.id)
        names = [rows.name(row) for row in rows.rows_of(tool.id)]
        assert names == ["tool_call", "tool_result"]


async def test_an_unknown_frame_is_marked() -> None:
    parrot = Parrot("agentrail", "unknown_and_noise")
    async with recorded("agentrail", parrot.handle) as (session, recorder, _):
        await session.send(Prompt("hello"))
        rows = rows_of(recorder)
        marked = [row for row in range(len(rows)) if rows.unknown(row)]
        assert len(marked) == session.conversation.runs[0].unknown > 0


async def test_a_decision_stands_between_its_frames() -> None:
    server = Powabase()
    async with recorded("powabase", server.handle, AGENT, Secrets("key-1")) as (session, recorder, _):
        run = asyncio.create_task(session.send(Prompt("ask")))
        await until(session.conversation.open_asks)
        await session.answer(Answer(session.conversation.open_asks()[0].ask, False, note="not today"))
        await run
        rows = rows_of(recorder)
        names = [rows.name(row) for row in range(len(rows))]
        at = names.index("decision")
        assert names.index("approval_requested") < at < names.index("hook_result")
        assert json.loads(rows.text(at))["note"] == "not today"
        assert names[at + 1].startswith("POST http")
        assert [rows.incoming(at), rows.incoming(names.index("hook_result"))] == [False, True]


def test_rows_come_in_small_portions() -> None:
    recorder = Recorder()
    rows = WireRows(recorder)
    assert (rows.advance(), len(rows)) == (False, 0)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_frames_end_where_they_end_wherever_the_bytes_are_cut(end: str, size: int) -> None:
    events = [f"data: {n}{end}{end}" for n in range(5)]
    body = "".join(events).encode()
    cutter = Cutter("text/event-stream")
    frames, open_ = [], b""
    for at in range(0, len(body), size):
        for piece, whole in cutter.feed(body[at : at + size]):
            open_ += piece
            if whole and open_.strip():
                frames.append(open_)
                open_ = b""
    joined = b"".join(frames) + open_
    assert joined == body
    assert [f.strip() for f in [*frames, open_] if f.strip()] == [f"data: {n}".encode() for n in range(5)]


def test_lines_and_whole_bodies() -> None:
    assert frames_of(b'{"a":1}\n{"b":2}\n{"c"', lines=True) == [b'{"a":1}\n', b'{"b":2}\n', b'{"c"']
    assert frames_of(b"<html>\n\n<p>x") == [b"<html>\n\n<p>x"]
    assert frames_of(b"") == []


@pytest.mark.parametrize(
    ("frame", "name"),
    [(b"event: token\ndata: {}\n\n", "token"), (b'data: {"event":"start","type":"x"}\n\n', "start"),
     (b": ping\n\n", "comment"), (b"data: [DONE]\n\n", "[DONE]"), (b'{"type":"turn.start"}\n', "turn.start"),
     (b"data: hello\n\n", "message"), (b"<p>", ""), (b"\xff\xfe", "")],
)  # fmt: skip
def test_names_of_frames(frame: bytes, name: str) -> None:
    assert frame_name(frame) == name


def test_an_event_fits_in_a_line() -> None:
    assert event_line(TextDelta(text="Hi\nthere")) == "text.delta answer “Hi there”"
    assert event_line(TextSet(path=("a", "b"), text="x")) == "text.set [a › b] answer “x”"


def test_a_request_as_curl_runs_in_a_shell_and_holds_no_secret() -> None:
    import subprocess

    from desktop.core.recordings.recording import Requested

    redactor = Redactor()
    redactor.learn(Secrets("k'ey $(id)"))
    headers = {"Authorization": "Bearer k'ey $(id)", "X-Other": "a'b"}
    body: dict[str, Any] = {"text": "it's `id` $(id) k'ey $(id)", "api_key": "x"}
    call = HttpCall("POST", "http://h/x?apikey=1&q=2", headers, body, stream=True)
    clean = (redactor.url(call.url), redactor.headers(headers), redactor.value(body))
    kept = Requested(0, 0, 0, call.method, *clean, stream=True)
    command = as_curl(kept)
    assert "k'ey" not in command.replace("'\"'\"'", "'")
    script = f"curl() {{ printf '%s\\n' \"$@\"; }}; {command}"
    words = subprocess.run(["sh", "-c", script], capture_output=True, check=True, text=True).stdout.splitlines()
    assert words[:3] == ["--no-buffer", "--request", "POST"]
    assert json.loads(words[-1]) == {"text": "it's `id` $(id) [removed]", "api_key": "[removed]"}
    assert "X-Other: a'b" in words


async def test_what_came_after_the_last_look_stands_beside_no_older_frame() -> None:
    parrot = Parrot("openai", "litellm_hello")
    async with recorded("openai", parrot.handle) as (session, recorder, _):
        rows = WireRows(recorder)
        seen: list[tuple[int, list[AnyEvent]]] = []

        def look(_: object = None) -> None:
            """Before what is new is taken in, the newest frame stands beside what it gave, and nothing else."""
            if len(rows):
                seen.append((len(rows) - 1, rows.events(len(rows) - 1)))
            while rows.advance():
                pass

        session.listeners.changes = look
        await session.send(Prompt("hello"))
        look()
        frames = [(row, events) for row, events in seen if rows.kind[row] == FRAME]
        assert len(frames) > 3
        assert [events for _, events in frames] == [rows.events(row) for row, _ in frames]
