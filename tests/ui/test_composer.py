"""The composer: what sends, what breaks the line, what becomes an attachment."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QImage, QInputMethodEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.ui.composing.composer import Composer


@pytest.fixture
def composer(qtbot: QtBot) -> Composer:
    made = Composer()
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_return_sends_and_leaves_the_text(qtbot: QtBot, composer: Composer, key: Qt.Key) -> None:
    qtbot.keyClicks(composer, "hello")
    with qtbot.waitSignal(composer.send_wanted):
        qtbot.keyClick(composer, key)
    assert composer.toPlainText() == "hello"


def test_shift_return_breaks_the_line(qtbot: QtBot, composer: Composer) -> None:
    with qtbot.assertNotEmitted(composer.send_wanted):
        qtbot.keyClicks(composer, "a")
        qtbot.keyClick(composer, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
        qtbot.keyClicks(composer, "b")
    assert composer.toPlainText() == "a\nb"


def test_return_never_sends_while_an_input_method_composes(qtbot: QtBot, composer: Composer) -> None:
    QApplication.sendEvent(composer, QInputMethodEvent("ni", []))
    with qtbot.assertNotEmitted(composer.send_wanted):
        qtbot.keyClick(composer, Qt.Key.Key_Return)
    done = QInputMethodEvent("", [])
    done.setCommitString("你")
    QApplication.sendEvent(composer, done)
    with qtbot.waitSignal(composer.send_wanted):
        qtbot.keyClick(composer, Qt.Key.Key_Return)
    assert composer.toPlainText() == "你"


def test_it_grows_with_its_text_up_to_ten_lines(qtbot: QtBot, composer: Composer) -> None:
    small = composer.sizeHint().height()
    composer.put("\n" * 5)
    middle = composer.sizeHint().height()
    composer.put("\n" * 50)
    large = composer.sizeHint().height()
    assert small < middle < large
    assert large <= 10 * composer.fontMetrics().lineSpacing() + 40


def test_files_become_attachments_and_addresses_stay_text(qtbot: QtBot, composer: Composer) -> None:
    files = QMimeData()
    files.setUrls([QUrl.fromLocalFile("/pictures/cat.png")])
    with qtbot.waitSignal(composer.files_given) as given:
        composer.insertFromMimeData(files)
    assert given.args == [["/pictures/cat.png"]]
    address = QMimeData()
    address.setUrls([QUrl("https://example.org/cat.png")])
    address.setText("https://example.org/cat.png")
    with qtbot.assertNotEmitted(composer.files_given):
        composer.insertFromMimeData(address)
    assert composer.toPlainText() == "https://example.org/cat.png"


def test_a_pasted_bitmap_is_a_picture(qtbot: QtBot, composer: Composer) -> None:
    data = QMimeData()
    picture = QImage(3, 2, QImage.Format.Format_RGB32)
    picture.fill(Qt.GlobalColor.red)
    data.setImageData(picture)
    with qtbot.waitSignal(composer.picture_given) as given:
        composer.insertFromMimeData(data)
    assert given.args[0].width() == 3
    assert composer.toPlainText() == ""


def test_pasted_markup_is_plain_text(composer: Composer) -> None:
    data = QMimeData()
    data.setHtml("<b>bold</b>")
    data.setText("bold")
    composer.insertFromMimeData(data)
    assert composer.toPlainText() == "bold"
