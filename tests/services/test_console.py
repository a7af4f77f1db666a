"""The commands without a window, on a terminal and with streams that are not what they should be."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.loopback.asking import ask
from tests.loopback.powabase import AGENT, Powabase
from tests.loopback.server import Exchange, Request, Server

if sys.platform == "win32":
    pytest.skip("terminals of Windows are driven in another way", allow_module_level=True)
import pty
import signal

ROOT = Path(__file__).parents[2]
EVIL = "A\x1b[2Jred\x1b]0;title\x07 \x9b2J \u202egnp.exe\u202c over\x08 \x7f\r end"
STEERING = ("\x1b", "\x07", "\x08", "\x7f", "\x9b", "\u202e")
QUESTION = b"yes or no:"


def chunk(text: str | None = None, finish: str | None = None) -> str:
    delta = {} if text is None else {"content": text}
    return f"data: {json.dumps({'choices': [{'index': 0, 'delta': delta, 'finish_reason': finish}]})}\n\n"


def says(text: str) -> Callable[[Request, Exchange], Any]:
    """A model's server that answers with this text."""

    async def handle(request: Request, exchange: Exchange) -> None:
        await exchange.start(headers={"content-type": "text/event-stream"})
        await exchange.send(chunk(text) + chunk(finish="stop") + "data: [DONE]\n\n")

    return handle


def asks(tool: str, args: dict[str, Any], words: str, decisions: list[Any]) -> Callable[[Request, Exchange], Any]:
    """An agent that asks once whether it may use a tool, and goes on when it is told."""
    told = asyncio.Event()

    async def handle(request: Request, exchange: Exchange) -> None:
        if request.path.endswith("/approve"):
            decisions.append(request.json["approved"])
            told.set()
            await exchange.reply(200, {"status": "resumed"})
            return
        frames: list[dict[str, Any]] = [
            {"event": "start", "run_id": "run_1", "session_id": "s"},
            {"event": "approval_requested", "tool_name": tool, "tool_input": args, "message": words},
        ]
        await exchange.start(headers={"content-type": "text/event-stream"})
        await exchange.send("".join(f"data: {json.dumps(frame)}\n\n" for frame in frames))
        waits = (asyncio.create_task(told.wait()), asyncio.create_task(exchange.gone.wait()))
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        if told.is_set():
            await exchange.send('data: {"event":"complete","status":"completed","content":"done"}\n\n')

    return handle


class Terminal:
    """A program on a terminal of its own. `said` is everything that came out."""

    def __init__(self, process: asyncio.subprocess.Process, end: int) -> None:
        self.process, self._end, self.said = process, end, b""
        self._more = asyncio.Event()
        self._closed = False
        asyncio.get_running_loop().add_reader(end, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self._end, 65_536)
        except OSError:
            data = b""
        self.said += data
        self._more.set()
        if not data:
            self._closed = True
            asyncio.get_running_loop().remove_reader(self._end)

    async def shows(self, text: bytes, times: int = 1) -> None:
        async with asyncio.timeout(30):
            while self.said.count(text) < times:
                assert not self._closed, self.said
                self._more.clear()
                await self._more.wait()

    def type(self, text: bytes) -> None:
        os.write(self._end, text)

    async def status(self) -> int:
        async with asyncio.timeout(30):
            status = await self.process.wait()
            while not self._closed:
                self._more.clear()
                await self._more.wait()
        return status


@asynccontextmanager
async def terminal(*arguments: str, ahead: bytes = b"", **env: str) -> AsyncIterator[Terminal]:
    """`sluice` on a terminal; `ahead` is typed before it starts."""
    ours, theirs = pty.openpty()
    if ahead:
        os.write(ours, ahead)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "desktop", *arguments, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs,
        env={**os.environ, "NO_PROXY": "*", **env},
    )  # fmt: skip
    os.close(theirs)
    shown = Terminal(process, ours)
    try:
        yield shown
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        asyncio.get_running_loop().remove_reader(ours)
        os.close(ours)


def model(url: str, *more: str) -> tuple[str, ...]:
    return ("ask", "--protocol", "openai", "--url", url, "--agent", "m", *more, "hello")


def agent(url: str) -> tuple[str, ...]:
    return ("ask", "--protocol", "powabase", "--url", url, "--agent", AGENT, "hello")


@pytest.mark.parametrize("more", [(), ("--json",)])
async def test_an_answer_cannot_steer_a_terminal(more: tuple[str, ...]) -> None:
    async with Server(says(EVIL)) as server, terminal(*model(server.url, *more)) as shown:
        assert await shown.status() == 0
        said = shown.said.decode()
    assert [char for char in STEERING if char in said] == []
    assert "gnp.exe" in said
    if more:
        assert json.loads(next(line for line in said.splitlines() if "text.delta" in line))["text"] == EVIL


async def test_a_file_gets_the_answer_as_it_is() -> None:
    async with Server(says(EVIL)) as server:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "desktop", *model(server.url), cwd=ROOT,
            stdout=asyncio.subprocess.PIPE, env={**os.environ, "NO_PROXY": "*"},
        )  # fmt: skip
        out, _ = await process.communicate()
    assert out.decode() == EVIL + "\n"


async def test_what_is_asked_on_a_terminal_is_shown_as_it_truly_is() -> None:
    decisions: list[Any] = []
    args = {"command": f"rm -rf /\r{EVIL}", "why": "x" * 3000 + "THE END"}
    async with Server(asks(f"run{EVIL}", args, EVIL, decisions)) as server, terminal(*agent(server.url)) as shown:
        await shown.shows(QUESTION)
        said = shown.said.decode()
        assert [char for char in STEERING if char in said] == []
        assert "rm -rf /⟦CR⟧A⟦ESC⟧" in said and "THE END" in said
        shown.type(b"yes\n")
        assert await shown.status() == 0
    assert decisions == [True]


async def test_what_was_typed_before_the_question_is_no_answer() -> None:
    decisions: list[Any] = []
    async with Server(asks("run", {}, "May I?", decisions)) as server:
        async with terminal(*agent(server.url), ahead=b"yes\nyes\n") as shown:
            await shown.shows(QUESTION)
            shown.type(b"no\n")
            await shown.status()
    assert decisions == [False]


async def test_only_yes_and_no_decide_and_an_empty_line_leaves() -> None:
    decisions: list[Any] = []
    async with Server(asks("run", {}, "May I?", decisions)) as server, terminal(*agent(server.url)) as shown:
        await shown.shows(QUESTION)
        shown.type(b"sure\n")
        await shown.shows(QUESTION, 2)
        shown.type(b"\n")
        assert await shown.status() == 4
    assert decisions == []


async def test_ctrl_c_at_the_question_stops_and_decides_nothing() -> None:
    decisions: list[Any] = []
    async with Server(asks("run", {}, "May I?", decisions)) as server, terminal(*agent(server.url)) as shown:
        await shown.shows(QUESTION)
        shown.process.send_signal(signal.SIGINT)
        assert await shown.status() == 130
    assert decisions == []


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
)
async def test_text_is_utf_8_in_every_locale(env: dict[str, str]) -> None:
    async with Server(says("Grüße 你好 🙂")) as server:
        asked = await ask("openai", server.url, "Größe 🙂", "--agent", "m", environment=env)
    assert (asked.status, asked.answer) == (0, "Grüße 你好 🙂")
    assert server.requests[0].json["messages"][-1]["content"] == "Größe 🙂"


async def run(*arguments: str, shell: str = "") -> tuple[int, str]:
    """The exit status and standard error of a command whose standard output goes where `shell` says."""
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", f'exec "$@" {shell}', "sh", sys.executable, "-m", "desktop", *arguments,
        cwd=ROOT, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
        stdin=asyncio.subprocess.DEVNULL, env={**os.environ, "NO_PROXY": "*"},
    )  # fmt: skip
    _, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode is not None
    return process.returncode, err.decode()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a disk that is always full")
@pytest.mark.parametrize("more", [(), ("--json",)])
async def test_an_answer_that_cannot_be_written_is_said_in_one_line(more: tuple[str, ...]) -> None:
    async with Server(says("hello")) as server:
        status, err = await run(*model(server.url, *more), shell=">/dev/full")
    assert (status, err) == (1, "sluice: The answer cannot be written: No space left on device.\n")


async def test_a_closed_output_is_said_in_one_line() -> None:
    async with Server(says("hello")) as server:
        status, err = await run(*model(server.url), shell=">&-")
    assert status == 1 and err.count("\n") == 1


@pytest.mark.parametrize("url", ["http://[::1", "http://127.0.0.1:99999", "http://host:port/"])
@pytest.mark.parametrize("protocol", ["openai", "powabase", "dockrion"])
async def test_an_address_that_is_none_is_a_connection_error(protocol: str, url: str) -> None:
    asked = await ask(protocol, url, "hello", "--agent", "m")
    assert (asked.status, asked.end["error"]["code"]) == (2, "address")
    assert asked.words == "sluice: The address cannot be read. Check it for mistakes, its port too.\n"


@pytest.mark.parametrize("depth", [100, 400, 700, 950])
async def test_arguments_nested_deeply_cost_nothing_else(depth: int) -> None:
    args = "[" * depth + '"\\ud800"' + "]" * depth
    frames = (
        '{"event":"start","run_id":"run_1","session_id":"s"}',
        f'{{"event":"tool_call","tool_name":"t","call_id":"c","arguments":{{"a":{args}}}}}',
        '{"event":"complete","status":"completed","content":"done"}',
    )

    async def handle(request: Request, exchange: Exchange) -> None:
        await exchange.start(headers={"content-type": "text/event-stream"})
        await exchange.send("".join(f"data: {frame}\n\n" for frame in frames))

    async with Server(handle) as server:
        asked = await ask("powabase", server.url, "hello", "--agent", AGENT)
    assert (asked.status, asked.end["status"], asked.answer) == (0, "completed", "done")
    assert "[[[[" in json.dumps(asked.kinds("tool.started") or asked.kinds("raw")).replace(" ", "")


@pytest.mark.parametrize("key", ["schlüssel-€-4711", "line-4711\r\nX-Evil: 1"])
async def test_a_key_that_cannot_be_sent_is_named_and_not_shown(key: str) -> None:
    async with Server(says("hello")) as server:
        asked = await ask("openai", server.url, "hello", "--agent", "m", "--verbose", key=key)
    assert (asked.status, asked.end["error"]["code"], server.requests) == (2, "key", [])
    assert "holds a character that cannot be sent" in asked.words
    assert "4711" not in asked.words + json.dumps(asked.events)


@pytest.mark.parametrize("seconds", ["0", "-1", "nan"])
async def test_a_time_limit_must_be_a_time(seconds: str) -> None:
    status, err = await run(*model("http://127.0.0.1:9", "--timeout", seconds))
    assert status == 1 and "--timeout" in err


async def test_a_run_that_did_not_end_well_says_one_line_beside_its_json() -> None:
    server = Powabase()
    async with Server(server.handle) as listening:
        asked = await ask("powabase", listening.url, "fail", "--agent", AGENT, key="key-1")
    assert asked.status == 3
    assert asked.words == f"sluice: {asked.end['error']['text']}\n"
