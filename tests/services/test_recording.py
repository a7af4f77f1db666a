"""Record a session over a real socket, save it, open it, play it: the same bytes, the same conversation."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest

from desktop.core.recordings import recording as rec
from desktop.core.requests import Answer, Image, Prompt, Secrets
from desktop.services.recording.player import MAX_SPEED, Player
from desktop.services.recording.recorder import Recorder
from tests.loopback.agentrail import Agentrail
from tests.loopback.powabase import AGENT, Powabase
from tests.loopback.procurator import Procurator
from tests.loopback.server import Exchange, Request
from tests.services.recorded import Parrot, differences, played, recorded, reread, streamed, until

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8

RICH = [
    ("powabase", "stream_tool"),
    ("powabase", "stream_reasoning"),
    ("powabase", "orchestration_supervisor"),
    ("powabase", "stream_cut_midway"),
    ("procurator", "happy_current_code"),
    ("procurator", "team_run"),
    ("procurator", "noise_and_unknown"),
    ("agentrail", "multi_agent"),
    ("agentrail", "happy_ndjson"),
    ("agentrail", "unknown_and_noise"),
    ("promptshuttle", "multi_agent"),
    ("promptshuttle", "failed_request"),
    ("dockrion", "stream_tool_all_events"),
    ("openai", "litellm_think"),
    ("openai", "hand_comments_crlf"),
    ("openai", "hand_web_page"),
    ("openai", "litellm_rate_limit_429"),
]


EARLY = ("noise_and_unknown",)  # the run is over before its body is, and nobody reads the rest


@pytest.mark.parametrize(("protocol", "name"), RICH)
async def test_a_recording_plays_as_the_same_conversation(protocol: str, name: str, tmp_path: Path) -> None:
    parrot = Parrot(protocol, name)
    async with recorded(protocol, parrot.handle, secrets=Secrets("key-1")) as (session, recorder, _):
        await session.send(Prompt("hello"))
        taken = parrot.sent
        if name in EARLY:
            taken = parrot.sent[: len(streamed(recorder))]
            assert len(parrot.sent) - len(taken) < 400
        assert streamed(recorder) == taken, "the bytes are the server's"
        recording = reread(recorder, tmp_path)
        again, wire = await played(recording)
        assert differences(session.conversation, again) == []
        assert streamed(wire) == taken


async def decide(session, allow: bool = True) -> None:  # type: ignore[no-untyped-def]
    await until(session.conversation.open_asks)
    ask = session.conversation.open_asks()[0]
    assert await session.answer(Answer(ask.ask, allow)) is None


async def test_an_approval_on_the_same_stream_is_recorded_with_its_decision(tmp_path: Path) -> None:
    server = Powabase(misses=1)
    async with recorded("powabase", server.handle, AGENT, Secrets("key-1")) as (session, recorder, _):
        run = asyncio.create_task(session.send(Prompt("ask")))
        await decide(session)
        await run
        await session.send(Prompt("think"))
        recording = reread(recorder, tmp_path)
        again, _wire = await played(recording)
        assert differences(session.conversation, again) == []
        assert [type(e).__name__ for e in recording.entries].count("Decided") == 1


async def test_an_approval_that_a_new_run_answers_after_a_login(tmp_path: Path) -> None:
    server = Procurator()
    secrets = Secrets(extra={"password": "secret"})
    async with recorded("procurator", server.handle, "code", secrets, user="ada") as (session, recorder, _):
        await session.send(Prompt("run it"))
        await decide(session)
        assert len(session.conversation.runs) == 2
        recording = reread(recorder, tmp_path)
        again, _wire = await played(recording)
        assert differences(session.conversation, again) == []
        text = (tmp_path / f"a{rec.SUFFIX}").read_text()
        assert "login-1" not in text, "the token that the login gave is no part of it"
        assert '"secret"' not in text


async def test_a_permission_beside_the_stream(tmp_path: Path) -> None:
    server = Agentrail()
    async with recorded("agentrail", server.handle, "a", Secrets("k3y-k3y"), tenant="t", user="u") as (
        session,
        recorder,
        _,
    ):
        run = asyncio.create_task(session.send(Prompt("write")))
        await decide(session, allow=False)
        await run
        again, _wire = await played(reread(recorder, tmp_path))
        assert differences(session.conversation, again) == []


async def test_a_replay_stops_at_a_decision_until_somebody_decides(tmp_path: Path) -> None:
    server = Powabase()
    async with recorded("powabase", server.handle, AGENT, Secrets("key-1")) as (session, recorder, _):
        run = asyncio.create_task(session.send(Prompt("ask")))
        await decide(session)
        await run
        recording = reread(recorder, tmp_path)
        asked = len(server.decisions)
        player = Player(recording)
        player.play(MAX_SPEED)
        await until(lambda: player.waiting)
        for _ in range(50):
            await asyncio.sleep(0)
        item = player.session.conversation.open_asks()[0]
        assert (item.state, player.over) == ("pending", False)
        assert player.session.conversation.text_of(0) == ""
        assert await player.session.answer(Answer(item.ask, True)) is None
        await player.ended()
        assert differences(session.conversation, player.session.conversation) == []
        assert len(server.decisions) == asked, "a replay sends nothing"
        await player.close()


async def test_a_stop_is_played_as_a_stop(tmp_path: Path) -> None:
    server = Agentrail()
    async with recorded("agentrail", server.handle, "a", tenant="t", user="u") as (session, recorder, _):
        run = asyncio.create_task(session.send(Prompt("hold")))
        await until(lambda: session.conversation.text_of(0))
        session.stop()
        await run
        again, _wire = await played(reread(recorder, tmp_path))
        assert again.runs[0].status == "cancelled"
        assert differences(session.conversation, again) == []


async def test_steps_speed_and_seeking(tmp_path: Path) -> None:
    parrot = Parrot("openai", "litellm_hello")
    async with recorded("openai", parrot.handle) as (session, recorder, _):
        await session.send(Prompt("hello"))
        recording = reread(recorder, tmp_path)
        whole = session.conversation.text_of(0)
        player = Player(recording)
        lengths = []
        while not lengths or lengths[-1] < len(whole) // 2:
            player.step()
            await until(player.resting)
            lengths.append(len(player.session.conversation.text_of(0)))
        assert len(whole) // 2 <= lengths[-1] < len(whole)
        assert len(lengths) > 3
        assert lengths == sorted(lengths)
        player.seek(recording.seconds)
        await player.ended()
        assert player.session.conversation.text_of(0) == whole
        heard: list[str] = []
        player.restarted = lambda: heard.append("restarted")
        player.seek(0.0)
        assert heard == ["restarted"]
        await until(player.resting)
        assert player.session.conversation.text_of(0) == ""
        player.play(50.0)
        await player.ended()
        assert player.session.conversation.text_of(0) == whole
        await player.close()


async def test_a_recording_saved_in_mid_stream_says_where_it_ends(tmp_path: Path) -> None:
    holding = asyncio.Event()

    async def handle(request: Request, exchange: Exchange) -> None:
        await exchange.start(200, {"content-type": "text/event-stream"})
        await exchange.send('data: {"choices": [{"index": 0, "delta": {"content": "Half"}}]}\n\n')
        holding.set()
        await exchange.gone.wait()

    async with recorded("openai", handle) as (session, recorder, _):
        run = asyncio.create_task(session.send(Prompt("hold")))
        await until(lambda: session.conversation.text_of(0))
        again, _wire = await played(reread(recorder, tmp_path))
        assert again.text_of(0) == "Half"
        assert (again.runs[0].status, "recording ends here" in str(again.runs[0].error)) == ("cut", True)
        session.stop()
        await run


async def test_pictures_go_along_by_hash_or_stay_away(tmp_path: Path) -> None:
    parrot = Parrot("openai", "litellm_image")
    async with recorded("openai", parrot.handle) as (session, recorder, server):
        await session.send(Prompt("what is this?", (Image("a.png", "image/png", PNG),)))
        assert len(server.requests[0].body) > len(PNG)
        with_them = reread(recorder, tmp_path)
        text = (tmp_path / f"a{rec.SUFFIX}").read_text()
        again, _wire = await played(with_them)
        assert differences(session.conversation, again) == []
        without = reread(recorder, tmp_path, pictures=False)
        shorter = (tmp_path / f"a{rec.SUFFIX}").read_text()
        assert len(text) - len(shorter) > len(PNG)
        assert shorter.count("sha256:") == 2, "the hash stands in the prompt and in the request"
        assert isinstance(without.entries[0], rec.RunBegun)
        assert without.entries[0].prompt == Prompt("what is this?", (Image("a.png", "image/png", b""),))


async def flood(request: Request, exchange: Exchange) -> None:
    await exchange.start(200, {"content-type": "text/event-stream"})
    line = 'data: {"choices": [{"index": 0, "delta": {"content": "%s"}}]}\n\n' % ("x" * 400)
    for _ in range(40):
        await exchange.send(line * 20)
    await exchange.send("data: [DONE]\n\n")


async def test_much_goes_to_private_files_that_go_with_the_session(tmp_path: Path) -> None:
    async with recorded("openai", flood) as (session, _, _server):
        folder = tmp_path / "recordings"
        recorder = Recorder(folder, memory=50_000)
        session.listeners.wire = recorder
        await session.send(Prompt("go"))
        files = list(folder.iterdir())
        assert len(files) == 1
        assert stat.S_IMODE(files[0].stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert len(streamed(recorder)) > 300_000
        again, _wire = await played(reread(recorder, tmp_path))
        assert again.text_of(0) == session.conversation.text_of(0)
        assert stat.S_IMODE((tmp_path / f"a{rec.SUFFIX}").stat().st_mode) == 0o600
        recorder.close()
        assert list(folder.iterdir()) == []


async def test_the_ring_lets_the_oldest_runs_go_and_says_so(tmp_path: Path) -> None:
    async with recorded("openai", flood) as (session, _, _server):
        recorder = Recorder(tmp_path / "r", memory=100_000, most=500_000)
        session.listeners.wire = recorder
        for _ in range(3):
            await session.send(Prompt("go"))
        assert recorder.dropped == 2
        assert len(recorder.runs) == 1
        assert "first 2 runs" in reread(recorder, tmp_path).note
        recorder.close()


async def test_one_run_over_the_limit_loses_its_end_and_says_so(tmp_path: Path) -> None:
    async with recorded("openai", flood) as (session, _, _server):
        recorder = Recorder(tmp_path / "r", most=100_000)
        session.listeners.wire = recorder
        await session.send(Prompt("go"))
        assert "were not kept" in recorder.note()
        again, _wire = await played(reread(recorder, tmp_path))
        assert session.conversation.text_of(0).startswith(again.text_of(0))
        assert len(again.text_of(0)) > 50_000
        recorder.close()
