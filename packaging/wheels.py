#!/usr/bin/env python3
"""Where the locked wheels lie, as the package index that pip is set to tells it; no address of one is kept here.

    python3 packaging/wheels.py > build/wheels.json      the program's own, as Flatpak sources

Asks pip, which takes only what is in the lock with that hash.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

REQUIREMENTS = Path(__file__).resolve().parent / "requirements"


def report(lock: Path, python: str | Path = sys.executable) -> dict[str, Any]:
    """pip's report on what it would install of a lock on this kind of system. Raises CalledProcessError."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "report.json"
        pip = [str(python), "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--no-deps"]
        exact = ["--require-hashes", "--only-binary", ":all:", "-r", str(lock), "--report", str(target)]
        subprocess.run([*pip, *exact], check=True)
        found: dict[str, Any] = json.loads(target.read_text("utf-8"))
        return found


def places(report: dict[str, Any]) -> list[tuple[str, str]]:
    """(address, SHA-256 in hexadecimal) of each wheel, by its file's name."""
    infos = [item["download_info"] for item in report["install"]]
    found = [(info["url"], info["archive_info"]["hashes"]["sha256"]) for info in infos]
    return sorted(found, key=lambda place: file_name(place[0]))


def file_name(url: str) -> str:
    """The last part of an address."""
    return unquote(urlsplit(url).path.rpartition("/")[2])


def flatpak(report: dict[str, Any]) -> list[dict[str, str]]:
    """Flatpak's sources."""
    return [{"type": "file", "url": url, "sha256": digest} for url, digest in places(report)]


def fetchable(report: dict[str, Any]) -> list[dict[str, Any]]:
    """What the installed program needs to know to fetch them itself; see services/system/built.py. Raises SystemExit
    for what only this machine or whoever builds here can reach."""
    found = []
    for url, digest in places(report):
        if not url.startswith("https://") or "@" in urlsplit(url).netloc:
            raise SystemExit(f"wheels.py: {file_name(url)} does not lie on an open package index: set pip to one.")
        with urlopen(Request(url, method="HEAD"), timeout=60) as answer:
            size = int(answer.headers["Content-Length"])
        found.append({"name": file_name(url), "url": url, "sha256": digest, "size": size})
    return found


if __name__ == "__main__":  # for the Python that runs this, which should be that of the Flatpak runtime
    print(json.dumps(flatpak(report(REQUIREMENTS / "runtime.txt")), indent=1))
