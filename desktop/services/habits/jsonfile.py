"""A small JSON file that is never half written, and never lost: what cannot be read is set aside."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

from desktop.core.errors import StoreTrouble
from desktop.core.language import tr
from desktop.core.wire.jsontext import clean
from desktop.services.paths import private_folder, set_aside


class JsonFile:
    """One JSON object on disk. `what` names its content in words for people, marked for translation ("settings").

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
            self.trouble = tr(
                "The {what} cannot be read ({reason}). Changes will not be saved.",
                what=tr(self._what),
                reason=_reason(error),
            )
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
            raise StoreTrouble(self.trouble or tr("The {what} cannot be saved.", what=tr(self._what)))
        text = json.dumps(clean(data), indent=2, ensure_ascii=False) + "\n"
        try:
            _replace(self.path.resolve(), text.encode())
        except OSError as error:
            words = tr("The {what} could not be saved: {reason}.", what=tr(self._what), reason=_reason(error))
            raise StoreTrouble(words, repr(error)) from error

    def _put_aside(self) -> None:
        kept = set_aside(self.path)
        if kept is None:
            self._writable = False
            self.trouble = tr(
                "The file of the {what} is damaged. It is left as it is; changes will not be saved.",
                what=tr(self._what),
            )
        else:
            self.trouble = tr(
                "The file of the {what} was damaged. Sluice kept it as {name} and began anew.",
                what=tr(self._what),
                name=kept.name,
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
        return tr("the disk is full")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return tr("Sluice may not write there")
    return os.strerror(error.errno) if error.errno else tr("the disk reported an error")
