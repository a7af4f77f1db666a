#!/usr/bin/env python3
"""Writes and signs what the programs out there are told of this version; see desktop/services/system/updates.py.

    python3 packaging/sign_release.py new-key              prints a pair: the first is secret, the second built in
    python3 packaging/sign_release.py sign PAGE FOLDER     FOLDER/release.json and FOLDER/release.json.sig, with the
                                                           secret key in SLUICE_UPDATES_SECRET
    python3 packaging/sign_release.py public               the public key of that secret key

Needs `cryptography`: run it with build/venv's Python.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

HERE = Path(__file__).resolve().parent


def news() -> tuple[str, str]:
    """The newest version of CHANGELOG.md and what it says, in one line."""
    text = (HERE / "CHANGELOG.md").read_text("utf-8")
    found = re.search(r"^## (\S+), \S+\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1], " ".join(found[2].split())


def sign(page: str, folder: Path, secret: Ed25519PrivateKey) -> None:
    """Write both files."""
    version, words = news()
    told = json.dumps({"version": version, "page": page, "words": words}, indent=1).encode()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "release.json").write_bytes(told)
    (folder / "release.json.sig").write_bytes(base64.b64encode(secret.sign(told)))


def secret_key() -> Ed25519PrivateKey:
    """The one in the environment."""
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(os.environ["SLUICE_UPDATES_SECRET"]))


def public(secret: Ed25519PrivateKey) -> str:
    """Its public half, base64."""
    return base64.b64encode(secret.public_key().public_bytes_raw()).decode()


def main(words: list[str]) -> int:
    """Do what the words say."""
    match words:
        case ["new-key"]:
            made = Ed25519PrivateKey.generate()
            print(base64.b64encode(made.private_bytes_raw()).decode(), public(made), sep="\n")
        case ["public"]:
            print(public(secret_key()))
        case ["sign", page, folder]:
            sign(page, Path(folder), secret_key())
        case _:
            print((__doc__ or "").strip(), file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
