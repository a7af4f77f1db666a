"""What nFPM packs into the .deb and the .rpm: files, dependencies, words. Standard library only."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from desktop.services import preflight

ROOT = Path(__file__).resolve().parent.parent
DESCRIPTION = """Desktop chat for agents that stream
Sluice talks to an agent's own server in that server's own protocol and shows
what comes while it comes: the answer, the thoughts, the tools at work, and
the questions that wait for a person. Keys are kept in the keyring of the
system; there is no telemetry and no account."""

# What graphics drivers link to as well, so that there must be only one of each; see cut.py.
COMPILERS = {
    "libexpat.so.1": "libexpat1",
    "libgcc_s.so.1": "libgcc-s1",
    "libstdc++.so.6": "libstdc++6",
    "libuuid.so.1": "libuuid1",
    "libz.so.1": "zlib1g",
}


def libraries() -> dict[str, str]:
    """The system's libraries that the bundle leaves out: shared library -> Debian package."""
    return preflight.BASE | preflight.X11 | preflight.WAYLAND | COMPILERS


def glibc(folder: Path) -> str:
    """The C library that the bundle needs, like "2.35": the highest version that any file in it names."""
    found = {0}
    for path in folder.rglob("*"):
        if path.is_file() and (path.suffix == ".so" or ".so." in path.name or path.parent == folder):
            found.update(int(minor) for minor in re.findall(rb"GLIBC_2\.(\d+)\0", path.read_bytes()))
    return f"2.{max(found)}"


def contents(bundle: Path, build: Path) -> list[dict[str, Any]]:
    """Every file of the package but the dependencies' own."""
    resources, share = ROOT / "resources", "/usr/share"
    metainfo = "org.sluice_desktop.Sluice.metainfo.xml"
    files = {
        resources / "sluice.desktop": f"{share}/applications/sluice.desktop",
        resources / "sluice-mime.xml": f"{share}/mime/packages/sluice.xml",
        resources / "sluice.svg": f"{share}/icons/hicolor/scalable/apps/sluice.svg",
        resources / metainfo: f"{share}/metainfo/{metainfo}",
        build / "sluice.1.gz": f"{share}/man/man1/sluice.1.gz",
        build / "changelog.gz": f"{share}/doc/sluice/changelog.gz",
        build / "copyright": f"{share}/doc/sluice/copyright",
    }
    for png in sorted((build / "icons" / "hicolor").rglob("*.png")):
        files[png] = f"{share}/icons/hicolor/{png.relative_to(build / 'icons' / 'hicolor').as_posix()}"
    listed = [{"src": str(a), "dst": b, "file_info": {"mode": 0o644}} for a, b in files.items()]
    program = {"src": f"{bundle}/", "dst": "/usr/lib/sluice", "type": "tree"}
    link = {"src": "/usr/lib/sluice/sluice", "dst": "/usr/bin/sluice", "type": "symlink"}
    return [program, link, *listed]


def text(version: str, bundle: Path, build: Path) -> str:
    """The whole configuration, as JSON."""
    needs = glibc(bundle)
    sonames: Iterable[str] = libraries()
    config = {
        "name": "sluice",
        "arch": "amd64",
        "platform": "linux",
        "version": version,
        "section": "net",
        "priority": "optional",
        "maintainer": "The Sluice authors <sluice@localhost>",
        "vendor": "The Sluice authors",
        "description": DESCRIPTION,
        "license": "MIT",
        "umask": 0o022,
        "contents": contents(bundle, build),
        "deb": {"compression": "xz", "fields": {"Installed-Size": str(_kilobytes(bundle))}},
        "rpm": {"compression": "xz", "summary": DESCRIPTION.splitlines()[0], "group": "Applications/Internet"},
        "overrides": {
            "deb": {
                "depends": [f"libc6 (>= {needs})", *sorted(set(libraries().values()))],
                "recommends": ["gnome-keyring | kwalletmanager | keepassxc", "xdg-desktop-portal"],
                "suggests": ["libgomp1"],
            },
            "rpm": {
                "depends": [f"libc.so.6(GLIBC_{needs})(64bit)", *(f"{name}()(64bit)" for name in sorted(sonames))],
                "recommends": ["xdg-desktop-portal"],
                "suggests": ["libgomp"],
            },
        },
    }
    return json.dumps(config, indent=1)


def _kilobytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) // 1024
