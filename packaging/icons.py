#!/usr/bin/env python3
"""Renders the one icon, resources/sluice.svg, into what each system wants. Needs PySide6; no screen.

    python packaging/icons.py FOLDER     FOLDER/hicolor/48x48/apps/sluice.png ..., FOLDER/sluice.ico, FOLDER/sluice.icns

Nothing of this is committed: packaging/build.py makes it anew each time.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

SVG = Path(__file__).resolve().parent.parent / "resources" / "sluice.svg"
THEME = (16, 22, 24, 32, 48, 64, 128, 256, 512)  # pixels, the sizes of the hicolor theme
ICO = (16, 20, 24, 32, 40, 48, 64, 256)
ICNS = {b"ic11": 32, b"ic12": 64, b"ic07": 128, b"ic13": 256, b"ic09": 512, b"ic10": 1024}  # type: pixels


def render(size: int) -> bytes:
    """The icon as a PNG of size x size pixels."""
    picture = QImage(size, size, QImage.Format.Format_ARGB32)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    QSvgRenderer(str(SVG)).render(painter)
    painter.end()
    raw = QByteArray()
    buffer = QBuffer(raw)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    picture.save(buffer, "PNG")
    return bytes(raw.data())


def ico(pictures: dict[int, bytes]) -> bytes:
    """A Windows icon that holds these PNGs, by their size in pixels."""
    offset = 6 + 16 * len(pictures)
    heads = []
    for size, png in pictures.items():
        side = size % 256  # 256 is written as 0
        heads.append(struct.pack("<BBBBHHII", side, side, 0, 0, 1, 32, len(png), offset))
        offset += len(png)
    return b"".join((struct.pack("<HHH", 0, 1, len(pictures)), *heads, *pictures.values()))


def icns(pictures: dict[bytes, bytes]) -> bytes:
    """A macOS icon that holds these PNGs, by their type."""
    blocks = b"".join(kind + struct.pack(">I", 8 + len(png)) + png for kind, png in pictures.items())
    return b"icns" + struct.pack(">I", 8 + len(blocks)) + blocks


def write_all(folder: Path) -> None:
    """Writes every form of the icon below `folder`."""
    for size in THEME:
        place = folder / "hicolor" / f"{size}x{size}" / "apps" / "sluice.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(render(size))
    (folder / "sluice.ico").write_bytes(ico({size: render(size) for size in ICO}))
    (folder / "sluice.icns").write_bytes(icns({kind: render(size) for kind, size in ICNS.items()}))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit((__doc__ or "").strip())
    write_all(Path(sys.argv[1]))
