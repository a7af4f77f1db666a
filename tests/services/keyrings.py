"""A real keyring for tests: gnome-keyring on a bus of its own, with no service folders, so that nothing else starts."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

NEEDED = ("gnome-keyring-daemon", "dbus-daemon")

_BUS = """<busconfig><type>session</type><listen>unix:dir={run}</listen><auth>EXTERNAL</auth>
<policy context='default'><allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/><allow own='*'/>
</policy></busconfig>"""


def missing() -> list[str]:
    """The programs that the daemon needs and this machine has not."""
    return [name for name in NEEDED if shutil.which(name) is None]


class RealKeyring:
    """A running, unlocked gnome-keyring. `env` is what a program needs to find it."""

    def __init__(self, folder: Path) -> None:
        run = folder / "run"
        run.mkdir(mode=0o700)
        config = folder / "bus.conf"
        config.write_text(_BUS.format(run=run))
        self.env = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(run), "XDG_DATA_HOME": str(folder / "data")}
        self.folder = folder
        plain = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
        self._bus = subprocess.Popen(
            ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address=1"],
            env={**plain, **self.env},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._bus.stdout is not None
        self.env["DBUS_SESSION_BUS_ADDRESS"] = self._bus.stdout.readline().strip()
        self._daemon = subprocess.Popen(
            ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"],
            env={**plain, **self.env},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert self._daemon.stdin is not None
        self._daemon.stdin.write(b"test-password")
        self._daemon.stdin.close()

    def unlocked(self) -> bool:
        """Whether the daemon answers and its default collection is open. The environment must be set."""
        import secretstorage

        with suppress(Exception):
            connection = secretstorage.dbus_init()
            try:
                return not secretstorage.get_default_collection(connection).is_locked()
            finally:
                connection.close()
        return False

    def lock(self) -> None:
        """Lock the default collection; nobody can unlock it, since there is no prompter."""
        import secretstorage

        connection = secretstorage.dbus_init()
        secretstorage.get_default_collection(connection).lock()
        connection.close()

    def freeze(self) -> None:
        """From now on every call hangs."""
        self._daemon.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Answer again."""
        self._daemon.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """End the daemon and its bus."""
        self.thaw()
        for process in (self._daemon, self._bus):
            process.terminate()
            process.wait(5)
        assert self._bus.stdout is not None
        self._bus.stdout.close()
