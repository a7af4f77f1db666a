"""The look beforehand: can Qt start here? Standard library only, a few milliseconds, before any PySide6 import.

Qt ends the process when a library is missing or the screen does not answer. Python cannot catch that, and Qt's words
speak of reinstalling the application. So the same things are tried here first, and said in one sentence.
packaging/dev.py takes its list of libraries from here too.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from desktop.core.language import tr, trn

# What to load -> the Debian package that holds it.
BASE = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libX11.so.6": "libx11-6",
    "libzstd.so.1": "libzstd1",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",  # this and the next for QtNetwork, which the second start speaks by
    "libbrotlidec.so.1": "libbrotli1",
}
X11 = {
    "libxcb.so.1": "libxcb1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
WAYLAND = {
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
}


def trouble(environ: Mapping[str, str] | None = None) -> str | None:
    """Why no window can open here, as one sentence for a person, or None when nothing speaks against it.

    `environ` stands for the environment; None is the real one. Never raises.
    """
    if not sys.platform.startswith("linux"):
        return None  # the wheels for Windows and macOS need nothing from outside
    environ = os.environ if environ is None else environ
    tried = platforms(environ)
    if not tried:
        return tr(
            "No screen is set (WAYLAND_DISPLAY and DISPLAY are empty), so no window can open; start it from a desktop "
            "session, or use 'sluice ask', which needs none."
        )
    reasons = [_platform_trouble(name, environ) for name in tried]
    # Qt goes on to the next platform by itself, so one that works is enough.
    return None if None in reasons else reasons[0]


def platforms(environ: Mapping[str, str]) -> list[str]:
    """The Qt platforms that will be tried, in order: QT_QPA_PLATFORM, else WAYLAND_DISPLAY, then DISPLAY."""
    if asked := environ.get("QT_QPA_PLATFORM"):
        return [entry.partition(":")[0].strip().lower() for entry in asked.split(";")]
    found = []
    if environ.get("WAYLAND_DISPLAY"):
        found.append("wayland")
    if environ.get("DISPLAY"):
        found.append("xcb")
    return found


def libraries(platform: str) -> dict[str, str]:
    """What Qt loads for a platform ("xcb", "wayland", else "offscreen" and its kin): library -> Debian package."""
    if platform == "xcb":
        return BASE | X11
    return BASE | WAYLAND if platform.startswith("wayland") else dict(BASE)


def missing(names: Iterable[str]) -> list[str]:
    """Those of the shared libraries that the loader does not find, in the order given."""
    return [name for name in names if not _loads(name)]


def apt_line(packages: Iterable[str]) -> str:
    """The one line that installs Debian packages, for a person to paste."""
    return "sudo apt-get install -y --no-install-recommends " + " ".join(packages)


def _platform_trouble(platform: str, environ: Mapping[str, str]) -> str | None:
    wanted = libraries(platform)
    if absent := missing(wanted):
        return _missing_words(absent, [wanted[name] for name in absent])
    if platform == "xcb":
        return _x11_trouble(environ.get("DISPLAY", ""))
    if platform.startswith("wayland"):
        return _wayland_trouble(environ)
    return None


def _missing_words(absent: list[str], packages: list[str]) -> str:
    return trn(
        "The window needs a library that is not installed ({names}); on Debian or Ubuntu install with: {line}",
        "The window needs libraries that are not installed ({names}); on Debian or Ubuntu install with: {line}",
        len(absent),
        names=", ".join(absent),
        line=apt_line(packages),
    )


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _x11_trouble(display: str) -> str | None:
    if not display:
        return tr("No screen is set: Qt is told to use X11, but DISPLAY is empty.")
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(os.fsencode(display), None)
    failed = xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    if failed:
        return tr(
            "The X11 screen {display} (DISPLAY) does not answer, or does not let this program in.", display=display
        )
    return None


def _wayland_trouble(environ: Mapping[str, str]) -> str | None:
    if environ.get("WAYLAND_SOCKET"):
        return None  # an open connection was handed to us; trying it would use it up
    name = environ.get("WAYLAND_DISPLAY") or "wayland-0"
    path = Path(environ.get("XDG_RUNTIME_DIR", ""), name)  # an absolute name stands for itself
    if path.is_absolute() and _answers(path):
        return None
    return tr("The Wayland screen {name} (WAYLAND_DISPLAY) does not answer.", name=name)


def _answers(path: Path) -> bool:
    import socket  # this and what comes with it is loaded only where it is needed: nobody sees a window yet

    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(2)
        try:
            line.connect(str(path))
        except OSError:
            return False
    return True
