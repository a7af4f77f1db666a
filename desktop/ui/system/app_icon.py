"""The program's own icon, from the one SVG in resources/: beside the package, in a checkout and in a bundle."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QIcon

SVG = Path(__file__).parents[3] / "resources" / "sluice.svg"


def app_icon() -> QIcon:
    """The icon, sharp at every size. Where the file is missing, what the desktop's theme has under our name."""
    return QIcon(str(SVG)) if SVG.is_file() else QIcon.fromTheme("sluice")
