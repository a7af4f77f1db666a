"""A small JSON file that is never half written, and never lost: what cannot be read is set aside."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

from desktop.core.errors import StoreTrouble
from desktop.core.wire.jsontext import clean
from desktop.services.paths import private_folder, set_aside


class JsonFile:
    """One JSON object on disk. `what` names its content in words for people ("settings").

    `trouble` is None, or one sentence on what was wrong with the file when it was read."""

    def __init__(self, path: Path, what: str) -> None:
        self.path = path
        self.trouble: str | None = None
        self._what = what
        self._writable = True

    def load(self) -> dict[str, Any]:
        """The object; empty if there is no file or it is of no use."""
        try:
            data = json.loads(self.path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            self._writable = False
            self.trouble = f"The {self._what} cannot be read ({_reason(error)}). Changes will not be saved."
            return {}
        except (ValueError, RecursionError):
            data = None
        if isinstance(data, dict):
            return data
        self._put_aside()
        return {}

    def save(self, data: dict[str, Any]) -> None:
        """Write the whole object: to a new file, to the disk, then in place of the old one. Raises StoreTrouble."""
        if not self._writable:
            raise StoreTrouble(self.trouble or f"The {self._what} cannot be saved.")
        text = json.dumps(clean(data), indent=2, ensure_ascii=False) + "\n"
        try:
            _replace(self.path.resolve(), text.encode())
        except OSError as error:
            raise StoreTrouble(
                f"The {self._what} could not be saved: {_reason(error)}.", repr(error)
            ) from error

    def _put_aside(self) -> None:
        kept = set_aside(self.path)
        if kept is None:
            self._writable = False
            self.trouble = (
                f"The file of the {self._what} is damaged. It is left as it is; changes will not be saved."
            )
        else:
            self.trouble = (
                f"The file of the {self._what} was damaged. Sluice kept it as {kept.name} and began anew."
            )


def _replace(path: Path, content: bytes) -> None:
    private_folder(path.parent)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the rename itself last; only POSIX needs and allows it."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _reason(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "the disk is full"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "Sluice may not write there"
    return os.strerror(error.errno) if error.errno else "the disk reported an error"
