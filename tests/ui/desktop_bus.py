"""A session bus of its own, and on it the desktop's services as far as a test needs them: spoken to over real D-Bus."""

from __future__ import annotations

import os
import select
import subprocess
import threading
from pathlib import Path
from typing import Any

from tests.services.keyrings import _BUS

NOTIFICATIONS = ("org.freedesktop.Notifications", "/org/freedesktop/Notifications", "org.freedesktop.Notifications")


class DesktopBus:
    """A running bus. `address` is where it listens."""

    def __init__(self, folder: Path) -> None:
        run = folder / "run"
        run.mkdir(mode=0o700)
        config = folder / "bus.conf"
        config.write_text(_BUS.format(run=run))
        call = ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address=1"]
        self._bus = subprocess.Popen(call, stdout=subprocess.PIPE, text=True)
        assert self._bus.stdout is not None
        self.address = self._bus.stdout.readline().strip()

    def close(self) -> None:
        """End it."""
        self._bus.terminate()
        self._bus.wait(5)
        assert self._bus.stdout is not None
        self._bus.stdout.close()


class Service:
    """A service with a well-known name. `answers`: method -> (signature, body); every call is kept in `calls`."""

    def __init__(self, address: str, name: str, path: str, interface: str, answers: dict[str, tuple[str, Any]]) -> None:
        from jeepney import message_bus
        from jeepney.io.blocking import open_dbus_connection

        self.calls: list[tuple[str, Any]] = []
        self.came = threading.Condition()
        self._path, self._interface, self._answers = path, interface, answers
        self._line = open_dbus_connection(address)
        self._line.send_and_get_reply(message_bus.RequestName(name))
        self._end, self._stop = os.pipe()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def say(self, member: str, signature: str, body: tuple[Any, ...]) -> None:
        """Emit a signal."""
        from jeepney import DBusAddress, new_signal

        place = DBusAddress(self._path, None, self._interface)
        self._line.send(new_signal(place, member, signature, body))

    def called(self, method: str, times: int = 1) -> list[Any]:
        """The bodies of calls of a method, once there are so many."""

        def bodies() -> list[Any]:
            return [body for name, body in self.calls if name == method]

        with self.came:
            assert self.came.wait_for(lambda: len(bodies()) >= times, 10), f"{method} was not called"
            return bodies()

    def close(self) -> None:
        os.write(self._stop, b"!")
        self._thread.join(5)
        self._line.close()
        os.close(self._end)
        os.close(self._stop)

    def _serve(self) -> None:
        while self._end not in select.select([self._line.sock, self._end], [], [])[0]:
            try:
                while True:
                    self._take(self._line.receive(timeout=0))
            except (TimeoutError, OSError):
                continue

    def _take(self, message: Any) -> None:
        from jeepney import HeaderFields, MessageType, new_error, new_method_return

        if message.header.message_type is not MessageType.method_call:
            return
        method = message.header.fields[HeaderFields.member]
        with self.came:
            self.calls.append((method, message.body))
            self.came.notify_all()
        answer = self._answers.get(method)
        if callable(answer):
            answer = answer(*message.body)
        if answer is None:
            self._line.send(new_error(message, "org.freedesktop.DBus.Error.UnknownMethod"))
        else:
            self._line.send(new_method_return(message, *answer))
