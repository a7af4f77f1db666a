"""What the hidden switch --serve-local-model runs: llama.cpp's own server over the small model, in this process.

Standard input brings one line of JSON, {"key", "model": path, "alias", "threads": number, "packages": the folder that
holds the engine, where it is not installed}, and then stays open: when it closes, whoever asked for the model is gone,
and so is this process. Standard output carries one line, "READY http://127.0.0.1:PORT/v1" or "FAILED reason". Only the
program itself starts this.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
from typing import Any, TextIO

_CONTEXT = 8192  # tokens, shared by the answers
_ANSWERS = 2  # at once


def serve() -> int:
    """Serve until standard input closes (the process then ends on the spot), else the exit status of a failure."""
    _die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    say = _own_stdout()
    try:
        order = json.loads(sys.stdin.buffer.readline())
    except ValueError:
        print("FAILED no order on standard input", file=say)
        return 1
    watcher = threading.Thread(target=_end_with_input, name="end with input", daemon=True)
    watcher.start()
    try:
        server = _start(order)
    except Exception as error:  # whatever the engine raises is told, never a traceback
        print(f"FAILED {' '.join(str(error).split())}", file=say)
        return 1
    print(f"READY {server.listening_address}/v1", file=say)
    watcher.join()
    return 0


def _start(order: dict[str, Any]) -> Any:
    if "packages" in order:
        sys.path.append(order["packages"])
    import xllamacpp

    wanted = xllamacpp.CommonParams()
    wanted.model.path = order["model"]
    wanted.model_alias = {order["alias"]}
    wanted.api_keys = [order["key"]]
    wanted.hostnames = ["127.0.0.1"]
    wanted.port = 0
    wanted.offline = True
    wanted.ui = False
    wanted.n_ctx = _CONTEXT
    wanted.n_parallel = _ANSWERS
    wanted.cpuparams.n_threads = wanted.cpuparams_batch.n_threads = order["threads"]
    wanted.sampling.temp = 0.2
    wanted.sampling.penalty_repeat = 1.1  # so small a model else falls into saying one thing for ever
    wanted.use_jinja = True
    wanted.warmup = True
    wanted.verbosity = 3 if os.environ.get("SLUICE_LOG") == "debug" else 0
    return xllamacpp.Server(wanted)


def _end_with_input() -> None:
    """End this process when its input closes. By force: the engine may be in the middle of an answer."""
    while os.read(0, 4096):
        pass
    os._exit(0)


def _die_with_parent() -> None:
    """Linux: have the kernel end this process with the thread that started it, even if Python is stuck."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # 1 is PR_SET_PDEATHSIG


def _own_stdout() -> TextIO:
    """Standard output for us alone; what the engine prints goes to standard error."""
    own = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    return own
