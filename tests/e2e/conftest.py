"""The published Dockrion runtime in an environment of its own, made once and kept in pytest's cache folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, Queue

import pytest

HERE = Path(__file__).parent
LOCKED = HERE.parents[1] / "packaging" / "requirements" / "dockrion.txt"
_PATIENCE = 90.0  # seconds for a server to load LangGraph on a busy machine

Start = Callable[..., str]


@pytest.fixture(scope="session")
def dockrion_python(pytestconfig: pytest.Config) -> Path:
    """The interpreter of an environment with exactly the wheels of the locked list."""
    assert pytestconfig.cache is not None
    mark = hashlib.sha256(LOCKED.read_bytes() + sys.version.encode()).hexdigest()[:12]
    home = Path(pytestconfig.cache.mkdir("dockrion")) / mark
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (home / "complete").exists():
        shutil.rmtree(home, ignore_errors=True)
        venv.create(home, with_pip=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        done = subprocess.run([*pip, "-r", str(LOCKED)], check=False, capture_output=True, text=True)
        assert done.returncode == 0, f"Dockrion could not be installed:\n{done.stderr[-2000:]}"
        (home / "complete").touch()
    return python


@pytest.fixture(scope="session")
def start(dockrion_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts a server with these arguments, or gives the one that runs with them already; returns its address."""
    running: dict[tuple[str, ...], tuple[subprocess.Popen[str], str]] = {}
    folder = tmp_path_factory.mktemp("dockrion")

    def started(*arguments: str) -> str:
        if arguments not in running:
            with (folder / f"{len(running)}.log").open("w") as log:
                command = [str(dockrion_python), str(HERE / "dockrion_agent.py"), *arguments]
                server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=folder)
            running[arguments] = server, f"http://127.0.0.1:{_port(server)}"
        return running[arguments][1]

    yield started
    for server, _ in running.values():
        server.kill()
        server.communicate()


def _port(server: subprocess.Popen[str]) -> int:
    """The port it prints when it is ready. The runtime writes its log to the same stream."""
    found: Queue[int] = Queue()

    def read() -> None:
        assert server.stdout is not None
        for line in server.stdout:  # to the end: a full pipe would stop the server
            if line.startswith("PORT "):
                found.put(int(line.split()[1]))

    threading.Thread(target=read, daemon=True).start()
    try:
        return found.get(timeout=_PATIENCE)
    except Empty:
        server.kill()
        raise AssertionError("the Dockrion server did not come up") from None
