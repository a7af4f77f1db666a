"""What nFPM packs into the .deb and the .rpm: files, dependencies, words. Standard library only."""

from __future__ import annotations

import json
import re
import subprocess
import textwrap
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from desktop.services.system import preflight

ROOT = Path(__file__).resolve().parent.parent
WHO = "The Sluice authors <sluice@localhost>"
DESCRIPTION = """Desktop chat for agents that stream
Sluice talks to an agent's own server in that server's own protocol and shows
what comes while it comes: the answer, the thoughts, the tools at work, and
the questions that wait for a person. Keys are kept in the keyring of the
system; there is no telemetry and no account."""

# What comes with those, and what graphics drivers link to as well, so that there must be only one; see cut.py.
SHARED = {
    "libgomp.so.1": "libgomp1",  # the small model's engine, which is fetched later
    "libbrotlicommon.so.1": "libbrotli1",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libexpat.so.1": "libexpat1",
    "libgcc_s.so.1": "libgcc-s1",
    "libstdc++.so.6": "libstdc++6",
    "libuuid.so.1": "libuuid1",
    "libz.so.1": "zlib1g",
}


def libraries() -> dict[str, str]:
    """The system's libraries that the bundle leaves out: shared library -> Debian package."""
    return preflight.BASE | preflight.X11 | preflight.WAYLAND | SHARED


def unmet(bundle: Path) -> dict[str, str]:
    """What files of the bundle link to and neither the bundle nor a dependency brings: library -> one such file.
    Qt's GTK theme plugin is meant to find its libraries on the desktop or to be passed over."""
    files = [path for path in bundle.rglob("*") if path.is_file() and (".so" in path.name or path.parent == bundle)]
    brought = {path.name for path in files} | set(libraries())
    found: dict[str, str] = {}
    for path in files:
        if "qgtk3" in path.name:
            continue
        listed = subprocess.run(["objdump", "-p", str(path)], capture_output=True, text=True, check=False).stdout
        for name in re.findall(r"NEEDED +(\S+)", listed):
            if name not in brought and not re.match(r"(lib(c|m|dl|rt|pthread|util|resolv)|ld-linux-[\w-]+)\.so", name):
                found[name] = path.name
    return found


def glibc(folder: Path) -> str:
    """The C library that the bundle needs, like "2.35": the highest version that any file in it names."""
    found = {0}
    for path in folder.rglob("*"):
        if path.is_file() and (path.suffix == ".so" or ".so." in path.name or path.parent == folder):
            found.update(int(minor) for minor in re.findall(rb"GLIBC_2\.(\d+)\0", path.read_bytes()))
    return f"2.{max(found)}"


def debian_changelog(markdown: str) -> str:
    """CHANGELOG.md in the form that Debian's tools read: one entry a version, one item a list entry."""
    entries = []
    for head, body in re.findall(r"^## (\S+, \S+)\n(.*?)(?=^## |\Z)", markdown, re.MULTILINE | re.DOTALL):
        number, date = head.split(", ")
        items = [" ".join(item.split()) for item in re.split(r"^- ", body, flags=re.MULTILINE)[1:]]
        stamp = format_datetime(datetime.fromisoformat(date).replace(hour=12, tzinfo=UTC))
        lines = [textwrap.fill(item, 78, initial_indent="  * ", subsequent_indent="    ") for item in items]
        head = f"sluice ({number}) stable; urgency=medium"
        entries.append("\n".join([head, "", *lines, "", f" -- {WHO}  {stamp}", ""]))
    return "\n".join(entries)


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
    link = {"src": "../lib/sluice/sluice", "dst": "/usr/bin/sluice", "type": "symlink"}
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
        "maintainer": WHO,
        "vendor": "The Sluice authors",
        "description": DESCRIPTION,
        "license": "MIT",
        "umask": 0o022,
        "contents": contents(bundle, build),
        "deb": {"compression": "xz"},
        "rpm": {"compression": "zstd:19", "summary": DESCRIPTION.splitlines()[0], "group": "Applications/Internet"},
        "overrides": {
            "deb": {
                "depends": [f"libc6 (>= {needs})", *sorted(set(libraries().values()))],
                "recommends": ["gnome-keyring | kwalletmanager | keepassxc", "xdg-desktop-portal"],
            },
            "rpm": {
                "depends": [f"libc.so.6(GLIBC_{needs})(64bit)", *(f"{name}()(64bit)" for name in sorted(sonames))],
                "recommends": ["xdg-desktop-portal"],
            },
        },
    }
    return json.dumps(config, indent=1)

