"""`ask --record` and `replay`, as processes of their own: the same events, expectations, JUnit."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from tests.loopback.asking import ask
from tests.loopback.powabase import AGENT, Powabase
from tests.loopback.server import Server
from tests.services.recorded import RECORDINGS, Parrot

ROOT = Path(__file__).parents[2]


async def sluice(*arguments: str | Path) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "desktop", *map(str, arguments),
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "NO_PROXY": "*"},
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, out.decode(), err.decode()


def told(lines: str) -> list[dict[str, Any]]:
    return [{k: v for k, v in json.loads(line).items() if k != "t"} for line in lines.splitlines()]


@pytest.mark.parametrize(
    ("protocol", "name"),
    [("openai", "litellm_hello"), ("promptshuttle", "multi_agent"), ("dockrion", "stream_tool_chat")],
)
async def test_what_ask_recorded_plays_as_it_was(protocol: str, name: str, tmp_path: Path) -> None:
    file = tmp_path / "x.sluice-recording"
    async with Server(Parrot(protocol, name).handle) as server:
        asked = await ask(protocol, server.url, "hello", "--agent", "m", "--record", str(file))
    status, out, err = await sluice("replay", "--json", file)
    assert (status, err) == (asked.status, "")
    assert told(out) == [{k: v for k, v in event.items() if k != "t"} for event in asked.events]
    times = [json.loads(line)["t"] for line in out.splitlines()]
    assert times == sorted(times)
    assert abs(times[-1] - asked.events[-1]["t"]) < 0.5


async def test_a_recorded_approval_is_played_as_it_was_decided(tmp_path: Path) -> None:
    file = tmp_path / "x.sluice-recording"
    server = Powabase(key="hidden-key-1")
    async with Server(server.handle) as listening:
        more = ("--agent", AGENT, "--decide", "deny", "--record", str(file))
        asked = await ask("powabase", listening.url, "ask", *more, key="hidden-key-1")
    assert "hidden-key" not in file.read_text()
    status, out, _ = await sluice("replay", "--json", "--speed", "5", file)
    assert (status, told(out)[-1]["kind"]) == (asked.status, "run.ended")
    ends = [event["status"] for event in told(out) if event["kind"] == "tool.ended"]
    assert ends == [event["status"] for event in asked.kinds("tool.ended")] == ["denied"]


async def test_two_recordings_are_compared(tmp_path: Path) -> None:
    tour = sorted((ROOT / "resources" / "tour").iterdir())
    status, out, err = await sluice("replay", tour[0], "--compare", tour[0])
    assert (status, err) == (0, "") and "Nothing differs but the time." in out
    other = tmp_path / "other.sluice-recording"
    other.write_text(tour[0].read_text("utf-8").replace("2 rows deleted", "3 rows deleted"), "utf-8")
    status, out, _ = await sluice("replay", tour[0], "--compare", other)
    assert status == 8 and "~ tool delete_rows: differs\n    result: [-2 -]{+3 +}rows deleted" in out
    status, out, _ = await sluice("replay", "--json", tour[0], other, "--compare", other)
    first, second = map(json.loads, out.splitlines())
    assert (status, first["same"], second["same"]) == (8, False, True)
    assert first["steps"][0]["differs"] == [{"what": "result", "a": "2 rows deleted", "b": "3 rows deleted"}]
    http = RECORDINGS / "powabase" / "stream_tool.http"
    status, out, _ = await sluice("replay", http, "--compare", http)
    assert status == 0 and "database_query" in out
    status, _, err = await sluice("replay", tour[0], "--compare", tmp_path / "none")
    assert status == 1 and "cannot be read" in err


async def test_expectations_decide_the_exit_status_and_are_told(tmp_path: Path) -> None:
    wanted, junit = tmp_path / "e.toml", tmp_path / "r.xml"
    file = RECORDINGS / "powabase" / "stream_tool.http"
    wanted.write_text('answer = ["7 degrees", "Oslo"]\ntools = ["database_query"]\nwithin = 5\n')
    status, out, err = await sluice("replay", "--expect", wanted, "--junit", junit, file)
    assert (status, "Oslo" in out) == (0, True)
    assert "6 of 6 expectations held" in err
    wanted.write_text('answer = "Paris"\ntools = "delete_file"\nended = ["cut", "failed"]\n')
    status, _, err = await sluice("replay", "--expect", wanted, "--junit", junit, file)
    assert status == 7
    assert "FAIL  the answer contains “Paris”" in err and "called were database_query" in err
    suite = ET.parse(junit).getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("4", "3")
    assert [case.find("failure") is None for case in suite] == [False, False, False, True]


async def test_a_run_can_be_tested_while_it_is_asked(tmp_path: Path) -> None:
    wanted = tmp_path / "e.toml"
    wanted.write_text('answer_matches = "^Hello"\nfirst_word_within = 30.0\n')
    async with Server(Parrot("openai", "litellm_hello").handle) as server:
        asked = await ask("openai", server.url, "hello", "--agent", "m", "--expect", str(wanted))
    assert asked.status == 0, asked.words
    async with Server(Parrot("openai", "hand_cut").handle) as server:
        asked = await ask("openai", server.url, "hello", "--agent", "m", "--expect", str(wanted))
    assert (asked.status, "it ended cut" in asked.words) == (7, True)


async def test_ask_writes_its_verdict_as_junit(tmp_path: Path) -> None:
    wanted, junit = tmp_path / "e.toml", tmp_path / "r.xml"
    wanted.write_text('answer = "Hello"\nended = "completed"\n')

    async def told(name: str) -> tuple[int, str | None, dict[str, str | None]]:
        """The exit status, how many cases failed, and of each case why."""
        async with Server(Parrot("openai", name).handle) as server:
            options = ("--agent", "m", "--expect", str(wanted), "--junit", str(junit))
            asked = await ask("openai", server.url, "hello", *options)
        (suite,) = ET.parse(junit).getroot()
        assert suite.get("tests") == str(len(suite)) and float(suite.get("time", "-1")) >= 0
        failures = {case.get("name", ""): case.find("failure") for case in suite}
        return (
            asked.status,
            suite.get("failures"),
            {case: None if failure is None else failure.get("message") for case, failure in failures.items()},
        )

    status, failures, cases = await told("litellm_hello")
    assert (status, failures, set(cases.values())) == (0, "0", {None})
    held = set(cases)
    status, failures, cases = await told("hand_cut")
    assert (status, failures, set(cases)) == (7, "2", held), "the file of the run before is replaced"
    assert cases == {
        "the answer contains “Hello”": "it says “This stops in the mid”",
        "the run ended completed": "it ended cut",
        "no unknown events": None,
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [('anwser = "x"', "no expectation called “anwser”"), ("unknown = 1.5", "has to be a whole number"),
     ("answer_matches = '['", "no regular expression"), ("x = ", "no TOML")],
)  # fmt: skip
async def test_expectations_that_cannot_be_read_are_said_before_anything_runs(
    text: str, words: str, tmp_path: Path
) -> None:
    wanted = tmp_path / "e.toml"
    wanted.write_text(text)
    status, out, err = await sluice("replay", "--expect", wanted, RECORDINGS / "openai" / "litellm_hello.http")
    assert (status, out, words in err) == (1, "", True)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "does not begin with a status line"), (b'{"sluice-recording": 99}\n', "newer version"),
     (b'{"sluice-recording": 1}\n', "empty"), (b'\xff{"sluice-recording": 1}\n', "damaged")],
)  # fmt: skip
async def test_files_that_are_no_recording_are_said(content: bytes, words: str, tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(content)
    status, out, err = await sluice("replay", file)
    assert (status, out, words in err) == (1, "", True), err


@pytest.mark.parametrize("protocol", ["powabase", "procurator", "agentrail", "promptshuttle", "dockrion", "openai"])
def test_the_protocol_of_an_answer_is_found_out(protocol: str, tmp_path: Path) -> None:
    from desktop.services.recording.files import load

    name = {
        "powabase": "stream_tool", "procurator": "happy_current_code", "agentrail": "happy_ndjson",
        "promptshuttle": "multi_agent", "dockrion": "stream_tool_chat", "openai": "litellm_hello",
    }[protocol]  # fmt: skip
    file = tmp_path / "an answer.http"
    file.write_bytes((RECORDINGS / protocol / f"{name}.http").read_bytes())
    assert load(file).connection.protocol == protocol
