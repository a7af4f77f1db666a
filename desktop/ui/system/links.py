"""The one place that opens addresses: after showing them, http and https only."""

from __future__ import annotations

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMessageBox, QWidget

from desktop.core.language import tr

_SCHEMES = ("http", "https", "mailto")


class LinkOpener:
    """Asks before each opening, with the true address and its host; nothing else in the program opens anything."""

    def __init__(self, parent: QWidget) -> None:
        self._parent = parent

    def open(self, address: str) -> None:
        """Ask the person whether to open this address in the browser."""
        url = QUrl(address, QUrl.ParsingMode.StrictMode)
        box = QMessageBox(self._parent)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setWindowTitle(tr("Open a link"))
        if not _can_be_opened(url):
            box.setText(tr("This is no web address, so it is not opened:\n\n{address}", address=address[:2000]))
            box.addButton(QMessageBox.StandardButton.Close)
        else:
            where = url.host(QUrl.ComponentFormattingOption.EncodeUnicode) or url.path()
            shown = url.toString(QUrl.ComponentFormattingOption.FullyEncoded)[:2000]
            box.setText(
                tr("Open this address in your browser?\n\n{address}\n\nIt leads to: {host}", address=shown, host=where)
            )
            open_button = box.addButton(tr("Open"), QMessageBox.ButtonRole.AcceptRole)
            cancel = box.addButton(tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
            box.setDefaultButton(cancel)
            open_button.clicked.connect(lambda: QDesktopServices.openUrl(url))
        box.open()


def _can_be_opened(url: QUrl) -> bool:
    scheme = url.scheme().lower()
    return url.isValid() and scheme in _SCHEMES and bool(url.path() if scheme == "mailto" else url.host())
