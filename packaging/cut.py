"""What of Qt and of the build machine goes into the bundle. Used by sluice.spec; standard library only.

Two kinds of bundle: "system" is for a package whose dependencies bring the desktop's own libraries (.deb, .rpm);
"whole" carries everything but the graphics driver's entry points (AppImage, Windows, macOS).
"""

from __future__ import annotations

import re
from pathlib import Path, PurePath

# Folders of Qt's plugins -> the plugins kept in them. A folder that is not here is dropped.
PLUGINS = {
    "iconengines": {"qsvgicon"},
    "imageformats": {"qgif", "qico", "qjpeg", "qsvg", "qwebp"},
    "platforminputcontexts": {"composeplatforminputcontextplugin", "ibusplatforminputcontextplugin"},
    "platforms": {"qcocoa", "qoffscreen", "qwayland", "qwindows", "qxcb"},
    "platformthemes": {"qgtk3", "qxdgdesktopportal"},
    "styles": {"qmacstyle", "qmodernwindowsstyle"},
    "wayland-decoration-client": {"adwaita", "bradient"},
    "wayland-graphics-integration-client": {"qt-plugin-wayland-egl"},
    "wayland-shell-integration": {"qt-shell", "xdg-shell"},
    "xcbglintegrations": {"qxcb-egl-integration", "qxcb-glx-integration"},
}
# Qt's libraries that only dropped plugins link to.
_UNUSED = re.compile(r"Qt6?(Qml|Quick|Pdf|VirtualKeyboard|EglFS|EglFs|Sql|Labs|Designer|Test|Concurrent|PrintSupport)")
# What Python's own modules need, wherever the build machine keeps it.
_PYTHONS = re.compile(
    r"lib(python|ssl|crypto|ffi|sqlite3|lzma|bz2|readline|ncursesw?|tinfow?|mpdec)[.\d-]"
)
# Never carried: they belong to the C library or the graphics driver of the machine. The driver is loaded into this
# process and links to the compiler's libraries; an older copy of ours would be found first and keep it from loading.
_MACHINES = re.compile(
    r"lib(GL|EGL|GLX|GLdispatch|OpenGL|drm|gbm|vulkan|c|m|dl|rt|pthread|fontconfig|glib-2|gobject-2|gcc_s|stdc\+\+"
    r"|z|expat|uuid)[.-]"
)
# The desktop's toolkit, which Qt's theme plugin finds on the desktop or does without.
_TOOLKIT = re.compile(
    r"lib(gtk|gdk|atk|atspi|pango|cairo|harfbuzz|epoxy|thai|datrie|fribidi|graphite|gio|gmodule|gthread)"
)
_TRANSLATION = re.compile(r"/translations?/")
# Of Qt's own words those of the languages that the program speaks.
_SPOKEN = {f"qtbase_{file.stem}.qm" for file in (Path(__file__).parents[1] / "resources" / "languages").glob("*.po")}


def keep(name: str, source: str, kind: str, own: tuple[str, ...]) -> bool:
    """Whether a file belongs in the bundle. `name` is its place there, `source` where it comes from, `own` the folders
    of Python and its packages, from which everything else is told apart as the build machine's."""
    name = PurePath(name).as_posix()
    file = name.rpartition("/")[2]
    if "PySide6/" in name and _TRANSLATION.search(name):
        return file in _SPOKEN
    if "PySide6/" in name and ("/qml/" in name or not _plugin_kept(name)):
        return False
    if _UNUSED.search(file):
        return False
    if source.startswith(own) or not source.startswith(("/usr/lib", "/lib")):
        return True
    if _PYTHONS.match(file):
        return True
    return kind == "whole" and not _MACHINES.match(file) and not _TOOLKIT.match(file)


def _plugin_kept(name: str) -> bool:
    _, is_plugin, rest = name.partition("/plugins/")
    if not is_plugin:
        return True
    folder, _, file = rest.partition("/")
    return file.split(".")[0].removeprefix("lib") in PLUGINS.get(folder, set())
