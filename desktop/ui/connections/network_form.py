"""The part of the connection editor for office networks. Folded until it is wanted, or something in it is set."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.core.errors import SluiceError
from desktop.core.language import mark, tr
from desktop.services.network import (
    CLIENT_SECRET,
    PROXY_SECRET,
    USUAL,
    Network,
    fingerprint_words,
    header_secret,
)
from desktop.ui.labels import PlainLabel

_MODES = (
    ("system", mark("As this computer is set up")),
    ("environment", mark("From the environment (HTTPS_PROXY, NO_PROXY)")),
    ("manual", mark("This one")),
    ("none", mark("None")),
)
_TIMES = (("connect_timeout", mark("Seconds to connect")), ("reply_timeout", mark("Seconds for a short answer")),
          ("silence_timeout", mark("Seconds of silence in an answer")))  # fmt: skip
_COUNTS = (("max_line_mb", mark("Longest line, in MB")), ("max_answer_mb", mark("Longest answer, in MB")),
           ("max_items", mark("Most steps, tools and notices")))  # fmt: skip
_HEADERS = mark("One a line: Name: value. A line that begins with * is kept in the keyring: *X-Token: value")
_TEXTS = ("proxy_url", "proxy_user", "ca_file", "client_cert", "client_key")
_UNCHANGED = "unchanged"


class NetworkForm(QWidget):
    """`network()` and `secrets()` give what is set. Signal `doctor_wanted()`."""

    doctor_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("network_form")
        self._network = USUAL
        self._lines: dict[str, QLineEdit] = {}
        self._fold = QToolButton(
            text=tr("Network and limits"), checkable=True, autoRaise=True, objectName="network_toggle"
        )
        self._fold.setAccessibleName(tr("Network and limits"))
        self._fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._fold.setArrowType(Qt.ArrowType.RightArrow)
        self._check = QPushButton(tr("Check the connection…"), objectName="doctor_button", autoDefault=False)
        self._check.clicked.connect(self.doctor_wanted)
        self._inner = QWidget()
        self._inner.hide()
        self._fold.toggled.connect(self._unfold)
        head = QHBoxLayout()
        head.addWidget(self._fold)
        head.addStretch(1)
        head.addWidget(self._check)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.addLayout(head)
        layout.addWidget(self._inner)
        self._form = QFormLayout(self._inner)
        self._form.setContentsMargins(0, 6, 0, 0)
        self._build(self._form)

    def _build(self, form: QFormLayout) -> None:
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self._proxy = QComboBox()
        self._proxy.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        for mode, words in _MODES:
            self._proxy.addItem(tr(words), mode)
        self._proxy.currentIndexChanged.connect(self._show_manual)
        _row(form, tr("Proxy"), self._proxy)
        self._line(form, "proxy_url", tr("Proxy address"), "http://proxy.example:8080")
        self._line(form, "proxy_user", tr("Proxy user"))
        self._line(form, PROXY_SECRET, tr("Proxy password"), secret=True)
        self._line(form, "bypass", tr("Not for these hosts"), "intranet, example.org, 10.0.0.0/8")
        self._file(form, "ca_file", tr("Private authority (CA file)"))
        self._file(form, "client_cert", tr("Client certificate"))
        self._file(form, "client_key", tr("Its key, if apart"))
        self._line(form, CLIENT_SECRET, tr("Its password"), secret=True)
        self._pin = PlainLabel(wrap=True)
        self._unpin = QPushButton(tr("Remove the exception"), autoDefault=False)
        self._unpin.clicked.connect(lambda: self.pin(""))
        form.addRow("", self._pin)
        form.addRow("", self._unpin)
        self._headers = QPlainTextEdit(objectName="extra_headers")
        self._headers.setFixedHeight(64)
        self._headers.setTabChangesFocus(True)
        _row(form, tr("Extra headers"), self._headers)
        about = PlainLabel(tr(_HEADERS), wrap=True, muted="true")
        about.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        form.addRow("", about)
        for name, words in (*_TIMES, *_COUNTS):
            self._line(form, name, tr(words), tr("no limit") if name in ("reply_timeout", "silence_timeout") else "")
        self.show_network(USUAL)

    def _line(self, form: QFormLayout, name: str, label: str, hint: str = "", secret: bool = False) -> QLineEdit:
        line = self._lines[name] = QLineEdit(placeholderText=hint)
        if secret:
            line.setEchoMode(QLineEdit.EchoMode.Password)
        _row(form, label, line)
        return line

    def _file(self, form: QFormLayout, name: str, label: str) -> None:
        line = self._lines[name] = QLineEdit()
        line.setAccessibleName(label)
        choose = QPushButton(tr("Choose…"), autoDefault=False)
        choose.setAccessibleName(tr("Choose: {label}", label=label))
        choose.clicked.connect(lambda: self._choose(line, label))
        both = QWidget()
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(line, 1)
        row.addWidget(choose)
        form.addRow(label, both)

    def _choose(self, line: QLineEdit, label: str) -> None:
        dialog = QFileDialog(self, label)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(line.setText)
        dialog.open()

    def _unfold(self, on: bool) -> None:
        self._inner.setVisible(on)
        self._fold.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)

    def _show_manual(self) -> None:
        for name in ("proxy_url", "proxy_user", PROXY_SECRET, "bypass"):
            self._form.setRowVisible(self._lines[name], self._proxy.currentData() == "manual")

    # ---- what it holds

    def show_network(self, network: Network) -> None:
        """Show these settings; unfolded if they are not the usual ones."""
        self._network = network
        self._proxy.setCurrentIndex(self._proxy.findData(network.proxy))
        for name in _TEXTS:
            self._lines[name].setText(getattr(network, name))
        self._lines["bypass"].setText(", ".join(network.bypass))
        plain = [f"{name}: {value}" for name, value in network.headers]
        self._headers.setPlainText("\n".join([*plain, *(f"*{name}: {_UNCHANGED}" for name in network.secret_headers)]))
        for name, _ in (*_TIMES, *_COUNTS):
            value = getattr(network, name)
            self._lines[name].setText("" if value is None else f"{value:g}")
        self._show_manual()
        self.pin(network.pinned)
        if network != USUAL:
            self._fold.setChecked(True)

    def pin(self, fingerprint: str) -> None:
        """Accept this certificate from now on, or none by exception."""
        self._network = replace(self._network, pinned=fingerprint)
        words = tr("Accepted as an exception: {digest}", digest=fingerprint_words(fingerprint)) if fingerprint else ""
        self._pin.setText(words)
        self._pin.setVisible(bool(fingerprint))
        self._unpin.setVisible(bool(fingerprint))
        if fingerprint:
            self._fold.setChecked(True)

    def network(self) -> Network:
        """The settings. Raises SluiceError with what makes no sense."""
        text = {name: line.text().strip() for name, line in self._lines.items()}
        given: dict[str, Any] = {name: text[name] for name in _TEXTS}
        given |= {name: _number(tr(label), text[name], name) for name, label in (*_TIMES, *_COUNTS)}
        bypass = tuple(part.strip() for part in text["bypass"].split(",") if part.strip())
        plain, hidden = self._header_lines()
        mode = self._proxy.currentData()
        if mode == "manual" and not text["proxy_url"]:
            raise SluiceError(tr("The proxy's address is missing."))
        return Network(proxy=mode, bypass=bypass, pinned=self._network.pinned, headers=tuple(plain.items()),
                       secret_headers=tuple(hidden), **given)  # fmt: skip

    def secrets(self) -> dict[str, str]:
        """What was typed and belongs into the keyring; what was left alone stays as it is kept."""
        typed = {name: self._lines[name].text() for name in (PROXY_SECRET, CLIENT_SECRET)}
        _, hidden = self._header_lines()
        typed |= {header_secret(name): value for name, value in hidden.items() if value != _UNCHANGED}
        return {name: value for name, value in typed.items() if value}

    def _header_lines(self) -> tuple[dict[str, str], dict[str, str]]:
        """(plain, secret) headers, name to value."""
        plain: dict[str, str] = {}
        hidden: dict[str, str] = {}
        for line in filter(None, map(str.strip, self._headers.toPlainText().splitlines())):
            name, colon, value = line.lstrip("*").partition(":")
            if not colon or not name.strip() or not name.strip().isascii() or " " in name.strip():
                raise SluiceError(tr("An extra header is written as Name: value."))
            (hidden if line.startswith("*") else plain)[name.strip()] = value.strip()
        return plain, hidden


def _number(label: str, text: str, name: str) -> float | int | None:
    usual = getattr(USUAL, name)
    if not text:
        return usual
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        number = -1.0
    if not 0 < number < 1e9:
        raise SluiceError(tr("“{label}” is no number above 0.", label=label))
    return int(number) if isinstance(usual, int) else number


def _row(form: QFormLayout, label: str, widget: QWidget) -> None:
    widget.setSizePolicy(QSizePolicy.Policy.Expanding, widget.sizePolicy().verticalPolicy())
    form.addRow(label, widget)
    widget.setAccessibleName(label)
