"""Files with conversations: ours and other programs', as JSON or in the ZIP in which they are handed out."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from desktop.core.exchange.chats import NotOurs, load
from desktop.core.exchange.json import Saved
from desktop.core.language import tr
from desktop.core.wire.jsontext import parse

MOST = 1 << 30  # bytes of JSON that are read
_MEMBER = "conversations.json"


def read_file(path: Path) -> tuple[list[Saved], int]:
    """The conversations of a file, and how many more could not be understood. Raises NotOurs."""
    try:
        data = _from_zip(path) if zipfile.is_zipfile(path) else _from_file(path)
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or error
        raise NotOurs(tr("The file cannot be read: {reason}.", reason=reason)) from error
    return load(_parsed(data))


def _from_file(path: Path) -> bytes:
    if path.stat().st_size > MOST:
        raise NotOurs(tr("The file is larger than a gigabyte and is not read."))
    return path.read_bytes()


def _from_zip(path: Path) -> bytes:
    """The one member that is known by its name; nothing else is unpacked."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.rsplit("/", 1)[-1] == _MEMBER]
        if not names:
            raise NotOurs(tr("There is no {file} in this ZIP file.", file=_MEMBER))
        if archive.getinfo(names[0]).file_size > MOST:
            raise NotOurs(tr("The conversations in it are larger than a gigabyte and are not read."))
        with archive.open(names[0]) as member:
            return member.read(MOST)


def _parsed(data: bytes) -> Any:
    try:
        return parse(data.decode("utf-8-sig", "replace"))
    except ValueError as error:
        raise NotOurs(tr("The file is no JSON, so it is no export that can be read.")) from error
