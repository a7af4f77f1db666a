"""The strip of pictures: what it holds, its order, and what odd bytes do to it (nothing)."""

from __future__ import annotations

import struct
import zlib

import pytest
from PySide6.QtCore import QBuffer, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from desktop.core.requests import Image
from desktop.services.clock import now
from desktop.ui.pictures.attachment_strip import AttachmentStrip, Thumb
from desktop.ui.pictures.thumbnails import thumbnail
from desktop.ui.theme import Theme

ALT = Qt.KeyboardModifier.AltModifier


def picture(name: str = "a.png", width: int = 60, height: int = 40, kind: str = "PNG") -> Image:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.darkCyan)
    buffer = QBuffer()
    assert image.save(buffer, kind)  # type: ignore[call-overload]
    return Image(name, f"image/{kind.lower()}", bytes(buffer.data().data()))


def bomb(width: int, height: int) -> bytes:
    """A PNG whose header claims a size that nobody should decode."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


@pytest.fixture
def strip(qtbot: QtBot, theme: Theme) -> AttachmentStrip:
    strip = AttachmentStrip()
    qtbot.addWidget(strip)
    strip.resize(900, 90)
    return strip


def thumbs(strip: AttachmentStrip) -> list[Thumb]:
    """Those on screen, from left to right."""
    return sorted((t for t in strip.findChildren(Thumb) if t.isVisible()), key=lambda t: t.x())


def names(strip: AttachmentStrip) -> list[str]:
    return [image.name for image in strip.images()]


def fill(qtbot: QtBot, strip: AttachmentStrip, *given: str) -> None:
    """Pictures in the strip, on screen in a window that has the keyboard."""
    for name in given:
        strip.add(picture(name))
    strip.activateWindow()
    qtbot.waitActive(strip)
    qtbot.waitUntil(lambda: len({thumb.x() for thumb in thumbs(strip)}) == len(given))


def test_it_is_hidden_while_empty(strip: AttachmentStrip, qtbot: QtBot) -> None:
    assert not strip.isVisible()
    with qtbot.waitSignal(strip.changed):
        strip.add(picture())
    assert strip.isVisible()
    with qtbot.waitSignal(strip.changed):
        strip.clear()
    assert not strip.isVisible() and strip.images() == ()


def test_the_bytes_are_those_that_came(strip: AttachmentStrip) -> None:
    one, two = picture("a.png"), picture("b.jpg", kind="JPEG")
    strip.add(one)
    strip.add(two, "place removed")
    assert strip.images() == (one, two)


def test_names_tell_name_size_note_and_place(strip: AttachmentStrip) -> None:
    strip.add(picture("sea & <b>sun</b>\u202egnp.png", 640, 400), "place removed")
    strip.add(picture("b.png"))
    said = thumbs(strip)[0].accessibleName()
    for part in ("sea & <b>sun</b>⟦bidi RLO⟧gnp.png", "640 × 400", "place removed", "picture 1 of 2"):
        assert part in said
    for label in strip.findChildren(QLabel):
        assert label.textFormat() == Qt.TextFormat.PlainText


def test_the_button_removes(strip: AttachmentStrip, qtbot: QtBot) -> None:
    fill(qtbot, strip, "a", "b", "c")
    with qtbot.waitSignal(strip.changed):
        QTest.mouseClick(thumbs(strip)[1].close_button, Qt.MouseButton.LeftButton)
    assert names(strip) == ["a", "c"]
    assert thumbs(strip)[0].close_button.accessibleName() == "Remove a"


def test_keys_move_and_remove(strip: AttachmentStrip, qtbot: QtBot) -> None:
    fill(qtbot, strip, "a", "b", "c")
    first = thumbs(strip)[0]
    first.setFocus()
    QTest.keyClick(first, Qt.Key.Key_Right, ALT)
    assert names(strip) == ["b", "a", "c"]
    QTest.keyClick(first, Qt.Key.Key_Right, ALT)
    QTest.keyClick(first, Qt.Key.Key_Right, ALT)
    assert names(strip) == ["b", "c", "a"]
    QTest.keyClick(first, Qt.Key.Key_Left)
    assert isinstance(QApplication.focusWidget(), Thumb)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Delete)
    assert names(strip) == ["b", "a"]


def test_dragging_moves(strip: AttachmentStrip, qtbot: QtBot) -> None:
    fill(qtbot, strip, "a", "b", "c")
    mime = strip._mime(thumbs(strip)[0])  # a real drag needs a pointer that the offscreen platform lacks
    end, left, none = QPoint(strip.width() - 30, 30), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(end, Qt.DropAction.MoveAction, mime, left, none)
    QApplication.sendEvent(strip.viewport(), enter)
    assert enter.isAccepted()
    drop = QDropEvent(QPointF(end), Qt.DropAction.MoveAction, mime, left, none)
    QApplication.sendEvent(strip.viewport(), drop)
    assert names(strip) == ["b", "c", "a"]


def test_dragging_out_gives_the_bytes_and_a_file_with_a_name_of_ours(strip: AttachmentStrip) -> None:
    image = picture("../../evil.png")
    strip.add(image)
    mime = strip._mime(thumbs(strip)[0])
    assert bytes(mime.data("image/png").data()) == image.data
    [url] = mime.urls()
    assert url.fileName() == "picture-1.png"
    with open(url.toLocalFile(), "rb") as file:
        assert file.read() == image.data


@pytest.mark.parametrize(
    "data", [b"", b"no picture", picture().data[:60], bomb(60_000, 60_000), bomb(9_000, 9_000),
             b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///dev/zero'/></svg>"],
    ids=["empty", "text", "truncated", "huge", "81 megapixels", "svg"],
)  # fmt: skip
@pytest.mark.qt_log_ignore("libpng", "image header", "allocation", "QImageIOHandler", "QPngHandler")
def test_odd_bytes_do_no_harm(strip: AttachmentStrip, qtbot: QtBot, data: bytes) -> None:
    start = now()
    strip.add(Image("x.png", "image/png", data))
    assert now() - start < 0.1
    assert not strip.isHidden() and strip.images()[0].data == data


def test_a_large_picture_is_drawn_without_holding_up_the_window(strip: AttachmentStrip, qtbot: QtBot) -> None:
    image = picture("big.jpg", 9_000, 9_000, "JPEG")
    start = now()
    strip.add(image)
    assert now() - start < 0.1
    qtbot.waitUntil(lambda: "9,000 × 9,000" in thumbs(strip)[0].accessibleName(), timeout=20_000)


def test_the_type_is_told_by_content() -> None:
    art, size, words = thumbnail(picture(kind="JPEG").data, 100)
    assert not art.isNull() and (size.width(), size.height(), words) == (60, 40, "")


def test_removing_while_it_is_drawn_is_safe(strip: AttachmentStrip, qtbot: QtBot) -> None:
    strip.add(picture("big.png", 4_000, 3_000))
    strip.clear()
    strip.add(picture("b.png"))
    qtbot.waitUntil(lambda: "60 × 40" in thumbs(strip)[0].accessibleName())
