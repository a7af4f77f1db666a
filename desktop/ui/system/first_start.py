"""One program for each data folder: a second start hands over to the first and leaves.

The first holds a lock file, which the system's list of processes proves stale after a crash, and listens on a local
socket that only this user may open. No network port is involved, and what is handed over is written nowhere.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCryptographicHash, QLockFile, QObject

from desktop.services.paths import private_file, private_folder

if TYPE_CHECKING:
    from PySide6.QtNetwork import QLocalServer, QLocalSocket

_PATIENCE = 4.0  # seconds that a second start waits for the first one's answer
_MOST = 1 << 20  # bytes of a message
_DONE = b"done\n"

Message = dict[str, Any]


class FirstStart(QObject):
    """Whoever makes the second one of these for a folder finds `is_first` False."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._server: QLocalServer | None = None
        place = str(folder.resolve()).encode("utf-8", "replace")
        digest = QCryptographicHash.hash(place, QCryptographicHash.Algorithm.Sha256).toHex().data().decode()
        self._name = f"sluice-{digest[:24]}"
        self.is_first = True
        try:
            private_folder(folder)
        except OSError:
            return  # there is nothing to share; the window says what is wrong
        file = folder / "sluice.lock"
        self._lock = QLockFile(str(file))
        self._lock.setStaleLockTime(0)  # only a dead process gives it up
        taken = self._lock.tryLock(0)
        if taken:
            private_file(file)
        self.is_first = taken or self._lock.error() != QLockFile.LockError.LockFailedError

    def hand_over(self, message: Message) -> bool:
        """Give the first start what this one was asked for. False if it does not answer, or has just ended: then
        `is_first` is True."""
        from PySide6.QtNetwork import QLocalSocket

        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            socket = QLocalSocket()
            socket.connectToServer(self._name)
            if socket.waitForConnected(200):
                socket.write(json.dumps(message).encode() + b"\n")
                while socket.bytesToWrite() and socket.waitForBytesWritten(500):
                    pass
                return socket.waitForReadyRead(int(_PATIENCE * 1000)) and bytes(socket.readAll().data()) == _DONE
            if self._lock.tryLock(100):
                self.is_first = True
                return False
        return False

    def listen(self, take: Callable[[Message], None]) -> None:
        """Let `take` have what later starts hand over."""
        if not self.is_first:
            return
        from PySide6.QtNetwork import QLocalServer

        server = self._server = QLocalServer(self)
        server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        QLocalServer.removeServer(self._name)  # one that a crash left behind: the lock says that nobody lives there
        server.newConnection.connect(lambda: self._greet(take))
        server.listen(self._name)

    def close(self) -> None:
        """Listen no more. The lock stays until `leave`."""
        if self._server is not None:
            self._server.close()

    def leave(self) -> None:
        """Let the next start be the first: everything is written."""
        if self.is_first and hasattr(self, "_lock"):
            self._lock.unlock()

    def _greet(self, take: Callable[[Message], None]) -> None:
        assert self._server is not None
        while (socket := self._server.nextPendingConnection()) is not None:
            held = bytearray()
            socket.readyRead.connect(lambda socket=socket, held=held: _read(socket, held, take))
            socket.disconnected.connect(socket.deleteLater)
            if socket.bytesAvailable():
                _read(socket, held, take)


def _read(socket: QLocalSocket, held: bytearray, take: Callable[[Message], None]) -> None:
    held += socket.readAll().data()
    if len(held) > _MOST:
        socket.abort()
    elif held.endswith(b"\n"):
        try:
            message = json.loads(held)
        except ValueError:
            message = None
        held.clear()
        if isinstance(message, dict):
            take(message)
            socket.write(_DONE)
            socket.flush()
