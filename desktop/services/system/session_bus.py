"""The desktop's session bus (D-Bus), spoken to from one daemon thread. No Qt.

Nothing here blocks or raises: where there is no bus (Windows, macOS, a bare X server) every question is answered with
None. The library `jeepney` comes with the keyring's backend on Linux.
"""

from __future__ import annotations

import logging
import os
import select
import socket
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

_log = logging.getLogger(__name__)

Body = tuple[Any, ...]
Answer = Callable[[Body | None], None]
Heard = Callable[[Body], None]


class SessionBus:
    """One connection, opened by the first question. `answer` and `heard` are called in the bus's thread."""

    def __init__(self, environ: dict[str, str] | None = None) -> None:
        self._address = (os.environ if environ is None else environ).get("DBUS_SESSION_BUS_ADDRESS", "")
        self._work: deque[tuple[Callable[[_Line], None], Answer]] = deque()  # what to do, who to tell if it cannot be
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._closed = False

    def ask(
        self, name: str, path: str, interface: str, method: str, signature: str, body: Body, answer: Answer
    ) -> None:
        """Call a method of a service. `answer` gets what it returns, or None if it fails or there is no bus."""
        self._do(lambda line: line.ask((name, path, interface), method, signature, body, answer), answer)

    def listen(self, path: str, interface: str, member: str, heard: Heard) -> None:
        """From now on `heard` gets the body of every such signal."""
        self._do(lambda line: line.listen(path, interface, member, heard), lambda _: None)

    def close(self) -> None:
        """End the connection; what is still asked is not answered any more."""
        with self._lock:
            self._closed = True
            if self._thread is None:
                self._shut()
                return
        self._poke()

    def _do(self, work: Callable[[_Line], None], refuse: Answer) -> None:
        with self._lock:
            if self._closed:
                return
            self._work.append((work, refuse))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="session bus", daemon=True)
                self._thread.start()
        self._poke()

    def _shut(self) -> None:
        self._wake.close()
        self._woken.close()

    def _poke(self) -> None:
        with suppress(OSError):  # full: it is awake anyway
            self._wake.send(b"!")

    def _run(self) -> None:
        line: _Line | None = None
        try:
            line = _Line(self._address)
            while not self._closed:
                while self._work:
                    self._work.popleft()[0](line)
                ready, _, _ = select.select([line.socket, self._woken], [], [])
                if self._woken in ready:
                    self._woken.recv(4096)
                if line.socket in ready:
                    line.take()
        except Exception as error:  # no bus, no library, or the bus has gone: the program goes on without
            _log.debug("no session bus: %r", error)
        self._refuse(line)

    def _refuse(self, line: _Line | None) -> None:
        """Tell everybody who waits; whoever asks later finds the thread gone and is told at once by a new one."""
        waiting = [*line.asked.values()] if line is not None else []
        if line is not None:
            line.close()
        with self._lock:
            waiting += [refuse for _, refuse in self._work]
            self._work.clear()
            self._thread = None
            if self._closed:
                self._shut()
        if not self._closed:
            for answer in waiting:
                answer(None)


class _Line:
    """The open connection; used in the bus's thread only. Raises what jeepney and the socket raise."""

    def __init__(self, address: str) -> None:
        if not address:
            raise OSError("no address of a session bus")
        from jeepney.io.blocking import open_dbus_connection

        self._connection = open_dbus_connection(address)
        self.socket = self._connection.sock
        self.asked: dict[int, Answer] = {}
        self._rules: list[tuple[Any, Heard]] = []

    def ask(self, place: tuple[str, str, str], method: str, signature: str, body: Body, answer: Answer) -> None:
        from jeepney import DBusAddress, new_method_call

        name, path, interface = place
        message = new_method_call(DBusAddress(path, name, interface), method, signature, body)
        serial = next(self._connection.outgoing_serial)
        self.asked[serial] = answer
        self._connection.send(message, serial=serial)

    def listen(self, path: str, interface: str, member: str, heard: Heard) -> None:
        from jeepney import MatchRule, message_bus

        rule = MatchRule(type="signal", interface=interface, member=member, path=path)
        self._rules.append((rule, heard))
        self._connection.send(message_bus.AddMatch(rule))

    def take(self) -> None:
        """Hand out everything that has come."""
        with suppress(TimeoutError):
            while True:
                self._hand_out(self._connection.receive(timeout=0))

    def _hand_out(self, message: Any) -> None:
        from jeepney import HeaderFields, MessageType

        kind = message.header.message_type
        if kind in (MessageType.method_return, MessageType.error):
            serial = message.header.fields.get(HeaderFields.reply_serial)
            if (answer := self.asked.pop(serial, None)) is not None:
                answer(message.body if kind is MessageType.method_return else None)
        elif kind is MessageType.signal:
            for rule, heard in self._rules:
                if rule.matches(message):
                    heard(message.body)

    def close(self) -> None:
        with suppress(Exception):
            self._connection.close()
