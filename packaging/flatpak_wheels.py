#!/usr/bin/env python3
"""Prints the locked wheels as Flatpak sources: file names, addresses and hashes, as the package index gives them.

    python3 packaging/flatpak_wheels.py > build/wheels.json

Asks pip, which checks each download against requirements/runtime.txt; so nothing that is not locked can get in.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

LOCK = Path(__file__).resolve().parent / "requirements" / "runtime.txt"


def sources(report: dict[str, Any]) -> list[dict[str, str]]:
    """Flatpak's sources out of pip's report on an installation."""
    found = []
    for item in report["install"]:
        place = item["download_info"]
        found.append({"type": "file", "url": place["url"], "sha256": place["archive_info"]["hashes"]["sha256"]})
    return sorted(found, key=lambda source: source["url"].rpartition("/")[2])


def main() -> int:
    """Resolve for the Python that runs this, which should be that of the Flatpak runtime."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        pip = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--no-deps"]
        exact = ["--require-hashes", "--only-binary", ":all:", "-r", str(LOCK), "--report", str(report)]
        subprocess.run([*pip, *exact], check=True)
        print(json.dumps(sources(json.loads(report.read_text("utf-8"))), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
