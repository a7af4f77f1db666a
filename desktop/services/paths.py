"""Where everything of the program lives, and that nobody else can read it: folders 0700, files 0600."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from desktop.core.language import tr

NAME = "sluice"


class Paths:
    """The files and folders of this run. `Paths(folder)` keeps all in one folder (`--data-dir`);
    `Paths.default()` uses the platform's own."""

    def __init__(self, data_dir: str | Path) -> None:
        data = Path(data_dir).expanduser().resolve()
        self._place(config=data, data=data, logs=data / "logs")
        self._alone: Path | None = data

    @classmethod
    def default(cls) -> Paths:
        """The platform's folders for configuration, data and logs."""
        import platformdirs

        at = platformdirs.PlatformDirs(NAME, appauthor=False)
        paths = cls.__new__(cls)
        paths._place(Path(at.user_config_dir), Path(at.user_data_dir), Path(at.user_log_dir))
        paths._alone = None
        return paths

    @property
    def keyring_service(self) -> str:
        """The name under which the keyring holds our keys: a folder of its own has keys of its own."""
        if self._alone is None:
            return NAME
        from hashlib import sha256  # as long as the first window is not painted, nobody asks

        return f"{NAME}-{sha256(os.fsencode(self._alone)).hexdigest()[:12]}"

    def _place(self, config: Path, data: Path, logs: Path) -> None:
        self.config = config
        self.data = data
        self.logs = logs
        self.settings_file = config / "settings.json"
        self.profiles_file = config / "profiles.json"
        self.history_file = data / "history.db"
        self.drafts = data / "drafts"
        self.recordings = data / "recordings"

    def make(self) -> str | None:
        """Create the folders. Returns None, or one sentence for people if one cannot be made."""
        for folder in (self.config, self.data, self.drafts, self.recordings, self.logs):
            try:
                private_folder(folder)
            except OSError as error:
                return tr(
                    "Sluice cannot use the folder {folder} ({reason}). Nothing will be saved there.",
                    folder=folder,
                    reason=error.strerror,
                )
        return None


def private_folder(folder: Path) -> None:
    """Create a folder that only this person can enter. One that exists is tightened only while it is empty: a folder
    with other things in it may be shared on purpose."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name == "posix" and folder.stat().st_mode & 0o077 and not any(folder.iterdir()):
        with suppress(PermissionError):
            folder.chmod(0o700)


def private_file(path: Path) -> None:
    """Create the file if it is missing, and let nobody else read it."""
    private_folder(path.parent)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    if os.name == "posix" and path.stat().st_mode & 0o077:
        with suppress(PermissionError):
            path.chmod(0o600)


def set_aside(path: Path, *companions: str) -> Path | None:
    """Rename a file that cannot be used, so that it is kept and never in the way; files beside it whose names only
    add one of `companions` go with it. Returns the new path, or None if it cannot be renamed."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    kept = path.with_name(f"{path.name}.damaged-{stamp}")
    number = 1
    while kept.exists():
        number += 1
        kept = path.with_name(f"{path.name}.damaged-{stamp}-{number}")
    try:
        path.rename(kept)
        for ending in companions:
            beside = path.with_name(path.name + ending)
            if beside.exists():
                beside.rename(kept.with_name(kept.name + ending))
    except OSError:
        return None
    return kept
