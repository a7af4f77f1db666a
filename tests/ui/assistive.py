"""The real program on a screen of its own, met as a blind person meets it: by keys, and through the accessibility bus.

Nothing here knows Qt: what is found, read and pressed goes over AT-SPI's D-Bus, as a screen reader's calls do.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tests.services.keyrings import _BUS

LAUNCHER = "/usr/libexec/at-spi-bus-launcher"
NEEDED = ("Xvfb", "openbox", "xdotool", "xclip", "dbus-daemon", LAUNCHER)
_ROOT = Path(__file__).parents[2]
_ACCESSIBLE, _TEXT, _ACTION = (f"org.a11y.atspi.{name}" for name in ("Accessible", "Text", "Action"))
_REGISTRY, _HOME = "org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root"
_STATES = {"checked": 4, "enabled": 8, "focused": 12, "modal": 16, "selected": 23, "sensitive": 24, "showing": 25}
_GONE = "Could not find accessible on path"  # what Qt says of a question that came when the thing was gone
T = TypeVar("T")


def missing() -> list[str]:
    """The programs that are needed and not on this machine."""
    return [name for name in NEEDED if shutil.which(name) is None]


@dataclass(frozen=True)
class Node:
    """One thing that assistive technology can find."""

    reader: Reader
    bus: str
    path: str

    @property
    def name(self) -> str:
        return str(self._get(_ACCESSIBLE, "Name"))

    @property
    def description(self) -> str:
        return str(self._get(_ACCESSIBLE, "Description"))

    @property
    def role(self) -> str:
        return str(self._call(_ACCESSIBLE, "GetRoleName")[0])

    @property
    def states(self) -> set[str]:
        low, high = self._call(_ACCESSIBLE, "GetState")[0]
        bits = low | high << 32
        return {name for name, bit in _STATES.items() if bits >> bit & 1}

    @property
    def children(self) -> list[Node]:
        return [Node(self.reader, bus, path) for bus, path in self._call(_ACCESSIBLE, "GetChildren")[0]]

    @property
    def text(self) -> str:
        """What its text says, whole; "" where it has none."""
        try:
            return str(self._call(_TEXT, "GetText", "ii", (0, self._get(_TEXT, "CharacterCount")))[0])
        except LookupError:
            return ""

    def piece_at(self, offset: int, granularity: int) -> tuple[str, int, int]:
        """The word (1) or the paragraph (3) around a letter, and where it begins and ends. Raises LookupError."""
        text, begin, end = self._call(_TEXT, "GetStringAtOffset", "iu", (offset, granularity))
        return str(text), int(begin), int(end)

    @property
    def actions(self) -> list[str]:
        try:
            return [str(action[0]) for action in self._call(_ACTION, "GetActions")[0]]
        except LookupError:
            return []

    def do(self, action: str) -> None:
        """Do one of its actions."""
        self._call(_ACTION, "DoAction", "i", (self.actions.index(action),))

    def all(self) -> Iterator[Node]:
        """It and what is in it and shows; what vanishes meanwhile is left out."""
        with suppress(LookupError):
            if "showing" not in self.states and self.role not in ("application", "desktop frame"):
                return
            yield self
            for child in self.children:
                yield from child.all()

    def _call(self, interface: str, method: str, signature: str = "", body: tuple[Any, ...] = ()) -> Any:
        return self.reader.call(self.bus, self.path, interface, method, signature, body)

    def _get(self, interface: str, name: str) -> Any:
        return self._call("org.freedesktop.DBus.Properties", "Get", "ss", (interface, name))[0][1]


class Reader:
    """A screen reader's side of the bus. `said` are the announcements, `focused` the names of what got the focus."""

    def __init__(self, address: str) -> None:
        from jeepney.io.blocking import open_dbus_connection

        self._line = open_dbus_connection(address)
        self._lock = threading.Lock()
        self.said: list[str] = []
        self.focused: list[str] = []
        self._ears = open_dbus_connection(address)
        self._listen()
        threading.Thread(target=self._hear, daemon=True).start()

    def call(self, bus: str, path: str, interface: str, method: str, signature: str, body: tuple[Any, ...]) -> Any:
        """Raises LookupError where the thing is gone, or has no such interface."""
        from jeepney import DBusAddress, MessageType, new_method_call

        message = new_method_call(DBusAddress(path, bus_name=bus, interface=interface), method, signature, body)
        try:
            with self._lock:
                reply = self._line.send_and_get_reply(message, timeout=5)
        except TimeoutError as error:
            raise LookupError(method) from error
        if reply.header.message_type is MessageType.error:
            raise LookupError(f"{interface}.{method}: {reply.body}")
        return reply.body

    def programs(self) -> list[Node]:
        """The programs on the bus."""
        return Node(self, _REGISTRY, _HOME).children

    def nodes(self) -> list[Node]:
        """Everything that shows, in the order in which it is read."""
        return [node for program in self.programs() for node in program.all()]

    def close(self) -> None:
        self._line.close()
        with suppress(OSError):
            self._ears.close()

    def _listen(self) -> None:
        from jeepney import DBusAddress, MatchRule, message_bus, new_method_call

        registry = DBusAddress("/org/a11y/atspi/registry", bus_name=_REGISTRY, interface=_REGISTRY)
        for event in ("object:announcement", "object:state-changed:focused", "window:activate"):
            self._ears.send_and_get_reply(new_method_call(registry, "RegisterEvent", "sass", (event, [], "")))
        rule = MatchRule(type="signal", interface="org.a11y.atspi.Event.Object")
        self._ears.send_and_get_reply(message_bus.AddMatch(rule))

    def _hear(self) -> None:
        from jeepney import HeaderFields

        with suppress(Exception):  # the line is closed: the test is over
            while True:
                message = self._ears.receive()
                fields = message.header.fields
                member = fields.get(HeaderFields.member)
                if member == "Announcement":
                    self.said.append(str(message.body[3][1]))
                elif member == "StateChanged" and message.body[:2] == ("focused", 1):
                    node = Node(self, fields[HeaderFields.sender], fields[HeaderFields.path])
                    with suppress(LookupError):
                        self.focused.append(node.name)


class Hands:
    """Keys, and what is found by reading. `env` belongs to the screen."""

    def __init__(self, reader: Reader, env: dict[str, str]) -> None:
        self.reader, self._env = reader, env

    def keys(self, *keys: str) -> None:
        """Press keys or chords, named as X does: "Return", "ctrl+Return"."""
        subprocess.run(["xdotool", "key", "--delay", "20", *keys], env=self._env, check=True)

    def type(self, text: str) -> None:
        """Type letters."""
        subprocess.run(["xdotool", "type", "--delay", "10", text], env=self._env, check=True)

    def copy(self, data: bytes, kind: str) -> None:
        """Put something into the clipboard."""
        call = ["xclip", "-selection", "clipboard", "-t", kind, "-i"]
        subprocess.run(call, env=self._env, input=data, check=True, stdout=subprocess.DEVNULL)

    def look(self, file: Path) -> None:
        """Keep a picture of the screen, for a person to look at."""
        with suppress(FileNotFoundError):
            subprocess.run(["import", "-window", "root", str(file)], env=self._env, check=False)

    async def until(self, found: Callable[[], T], what: str, seconds: float = 30.0) -> T:
        """Read until something is found."""
        end = time.monotonic() + seconds
        while True:
            with suppress(LookupError):
                if result := await asyncio.to_thread(found):
                    return result
            assert time.monotonic() < end, f"{what} was not found in:\n" + self.outline()
            await asyncio.sleep(0.05)

    async def find(self, role: str, name: str, of: Node | None = None) -> Node:
        """The first thing of this role whose name holds `name`."""
        return await self.until(lambda: self._first(role, name, of), f"{role} “{name}”")

    def _first(self, role: str, name: str, of: Node | None) -> Node | None:
        for node in self.reader.nodes() if of is None else of.all():
            with suppress(LookupError):  # it went while it was read
                if node.role == role and name in node.name:
                    return node
        return None

    def outline(self) -> str:
        """Everything that shows, as a reader meets it."""
        lines = []
        for node in self.reader.nodes():
            with suppress(LookupError):
                lines.append(f"{node.role} {node.name!r} {node.text[:60]!r} {node.actions} {sorted(node.states)}")
        return "\n".join(lines)


@contextmanager
def screen(folder: Path, size: str = "1400x900x24") -> Iterator[dict[str, str]]:
    """A screen with a window manager and both buses, all of it its own. Gives what a program needs to find them."""
    run = folder / "run"
    run.mkdir(mode=0o700, parents=True)
    config = folder / "bus.conf"
    config.write_text(_BUS.format(run=run))
    plain = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    env = {**plain, "HOME": str(folder), "XDG_RUNTIME_DIR": str(run), "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1"}
    env |= {f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("CONFIG", "DATA", "CACHE")}
    started: list[subprocess.Popen[str]] = []

    def start(*call: str, **more: Any) -> subprocess.Popen[str]:
        started.append(subprocess.Popen(call, env=env, text=True, stderr=subprocess.DEVNULL, **more))
        return started[-1]

    try:
        said, tell = os.pipe()
        one = ("-screen", "0", size, "-nolisten", "tcp", "-noreset")  # else it starts anew when its first client leaves
        start("Xvfb", "-displayfd", str(tell), *one, pass_fds=(tell,))
        os.close(tell)
        with os.fdopen(said) as number:
            env["DISPLAY"] = f":{number.readline().strip()}"
        bus = start("dbus-daemon", f"--config-file={config}", "--nofork", "--print-address=1", stdout=subprocess.PIPE)
        assert bus.stdout is not None
        env["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().strip()
        start(LAUNCHER, "--launch-immediately")
        start("openbox")
        _wait_for_manager(env)
        yield env
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(10)
            if process.stdout is not None:
                process.stdout.close()


def _wait_for_manager(env: dict[str, str]) -> None:
    """Until there is somebody who gives windows the keyboard."""
    end = time.monotonic() + 20
    while subprocess.run(["xdotool", "get_num_desktops"], env=env, capture_output=True, check=False).returncode:
        assert time.monotonic() < end, "the window manager did not start"
        time.sleep(0.02)


@asynccontextmanager
async def sluice(folder: Path, *arguments: str, **more: str) -> AsyncIterator[Hands]:
    """The real program, begun with these arguments, with a reader beside it."""
    with screen(folder) as env:
        env.update(more)
        reader = await asyncio.to_thread(_reader, env["DBUS_SESSION_BUS_ADDRESS"])
        call = [sys.executable, "-m", "desktop", "--data-dir", str(folder / "data"), *arguments]
        program = await asyncio.create_subprocess_exec(*call, cwd=_ROOT, env=env, stderr=asyncio.subprocess.PIPE)
        try:
            yield Hands(reader, env)
        finally:
            program.terminate()
            _, complaints = await asyncio.wait_for(program.communicate(), 30)
            reader.close()
        assert [line for line in complaints.decode().splitlines() if _GONE not in line] == []


def _reader(address: str) -> Reader:
    """A reader, once the accessibility bus is there."""
    from jeepney import DBusAddress, MessageType, new_method_call
    from jeepney.io.blocking import open_dbus_connection

    where = DBusAddress("/org/a11y/bus", bus_name="org.a11y.Bus", interface="org.a11y.Bus")
    end = time.monotonic() + 20
    while True:
        with open_dbus_connection(address) as line:
            reply = line.send_and_get_reply(new_method_call(where, "GetAddress"))
        if reply.header.message_type is MessageType.method_return and reply.body[0]:
            return Reader(reply.body[0])
        assert time.monotonic() < end, "there is no accessibility bus"
        time.sleep(0.05)
