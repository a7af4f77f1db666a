"""The one place that opens addresses: it shows the true one first, and opens only web pages and, after asking, mail."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton, QWidget

from desktop.ui.system.links import LinkOpener
from tests.hardening.walking import nothing_opens

__all__ = ["nothing_opens"]
NEVER = (
    "javascript:alert(1)", "file:///etc/passwd", "qrc:/x", "data:text/html,<b>x", "//server/share", "\\\\server\\share",
    "/dev/zero", "ftp://a.example/", "vbscript:x", "smb://a.example/x", "", "http://a b/", "HTTP:", "x" * 100_000,
)  # fmt: skip


@pytest.fixture
def parent(qapp: QApplication) -> Iterator[QWidget]:
    widget = QWidget()
    yield widget
    widget.deleteLater()


def asked(parent: QWidget, address: str) -> QMessageBox:
    LinkOpener(parent).open(address)
    (box,) = parent.findChildren(QMessageBox)
    return box


def labels(box: QMessageBox) -> list[str]:
    return [button.text().replace("&", "") for button in box.findChildren(QPushButton)]


@pytest.mark.parametrize("address", NEVER)
def test_what_is_no_web_address_is_never_opened(parent: QWidget, nothing_opens: list[str], address: str) -> None:
    box = asked(parent, address)
    assert labels(box) == ["Close"]
    assert "is not opened" in box.text()
    assert len(box.text()) < 3_000
    box.close()
    assert nothing_opens == []


@pytest.mark.parametrize(
    ("address", "shown", "host"),
    [
        ("https://a.example/x?y=1", "https://a.example/x?y=1", "a.example"),
        ("http://bank.example@evil.example/", "http://bank.example@evil.example/", "evil.example"),
        ("https://\u0430pple.example/", "https://xn--pple-43d.example/", "xn--pple-43d.example"),
        ("mailto:ada@a.example", "mailto:ada@a.example", "ada@a.example"),
    ],
)
def test_the_true_address_is_shown_before_it_is_opened(
    parent: QWidget, nothing_opens: list[str], address: str, shown: str, host: str
) -> None:
    box = asked(parent, address)
    assert shown in box.text()
    assert f"It leads to: {host}" in box.text()
    assert nothing_opens == [], "nothing happens by itself"
    default = box.defaultButton()
    assert default.text().replace("&", "") == "Cancel", "a stray Return opens nothing"
    opener = next(button for button in box.findChildren(QPushButton) if button.text().replace("&", "") == "Open")
    QTest.mouseClick(opener, Qt.MouseButton.LeftButton)
    assert len(nothing_opens) == 1
