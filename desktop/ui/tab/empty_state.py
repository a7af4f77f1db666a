"""What a tab shows before anything was said: who it talks to, what that one can do, and things to try."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from desktop.core.capabilities import Capabilities
from desktop.core.language import mark, tr
from desktop.ui.labels import PlainLabel
from desktop.ui.tab.choice_card import ChoiceCard

_TRY = (
    mark("What can you do?"),
    mark("Explain in two sentences why the sky is blue."),
    mark("Write a haiku about rivers."),
)


class EmptyState(QWidget):
    """Signals: `suggestion_chosen(text)`; `model_wanted()`, `add_wanted()`, `look_wanted()`, `tour_wanted()` on the
    welcome page."""

    suggestion_chosen = Signal(str)
    model_wanted = Signal()
    add_wanted = Signal()
    look_wanted = Signal()
    tour_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layout = QVBoxLayout(self)
        self._layout.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._layout.setSpacing(10)

    def show_agent(self, name: str, can: Capabilities, note: str = "") -> None:
        """A tab with a connection."""
        self._clear()
        self._heading(name)
        self._line(note or _abilities(can))
        self._layout.addSpacing(8)
        for text in map(tr, _TRY):
            self._button(text, lambda _=False, t=text: self.suggestion_chosen.emit(t))

    def show_welcome(self, model_trouble: str | None, to_fetch: bool = False) -> None:
        """A first start: four ways to begin; nothing is sent anywhere without a click. `to_fetch`: the small model is
        not here, but can be brought."""
        self._clear()
        self._heading(tr("Talk to any agent"))
        self._line(tr("Sluice shows what an agent says, thinks and does while it does it, and asks you first."))
        self._layout.addSpacing(8)
        small = tr("A small model on this computer")
        name = tr("Try it with a small model on this computer (127 MB)") if to_fetch else small
        usable = model_trouble is None or to_fetch
        words = tr("Needs no account and no network. It is very small: fluent, often wrong, and uses no tools.")
        self._card("thought", name, words if usable else model_trouble or "", self.model_wanted, lead=usable)
        self._card(
            "plus",
            tr("Add an agent server"),
            tr("Powabase, Agent Manager, Agentrail, PromptShuttle, Dockrion, or anything OpenAI-compatible."),
            self.add_wanted,
            lead=not usable,
        )
        self._card(
            "search",
            tr("Look for servers on this computer"),
            tr("Asks the usual ports of Ollama, LM Studio, llama.cpp and vLLM on this computer, once."),
            self.look_wanted,
        )
        self._card(
            "right",
            tr("See what agents do"),
            tr("Six short recordings: a team, a picture, an approval and more. They need no server and no network."),
            self.tour_wanted,
        )

    def _clear(self) -> None:
        while (entry := self._layout.takeAt(0)) is not None:
            if (widget := entry.widget()) is not None:
                widget.hide()
                widget.deleteLater()

    def _heading(self, text: str) -> None:
        label = PlainLabel(text, wrap=True)
        font = label.font()
        font.setPointSizeF(font.pointSizeF() * 1.7)
        label.setFont(font)
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._layout.addWidget(label)

    def _line(self, text: str) -> None:
        label = PlainLabel(text, wrap=True, muted="true")
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        label.setMaximumWidth(520)
        label.setMinimumWidth(min(520, label.fontMetrics().horizontalAdvance(text) + 8))
        label.setMinimumHeight(label.heightForWidth(label.minimumWidth()))  # the layout gives it one line's
        self._layout.addWidget(label, 0, Qt.AlignmentFlag.AlignHCenter)

    def _button(self, text: str, act: Callable[..., None]) -> None:
        button = QPushButton(text)
        button.setMinimumWidth(320)
        button.clicked.connect(act)
        self._layout.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)

    def _card(self, picture: str, title: str, words: str, wanted: SignalInstance, lead: bool = False) -> None:
        card = ChoiceCard(picture, title, words, lead)
        card.clicked.connect(lambda: wanted.emit())  # noqa: PLW0108 - not the button's bool
        self._layout.addWidget(card)


def _abilities(can: Capabilities) -> str:
    words = {
        tr("pictures"): can.images_in != "none",
        tr("asks before it acts"): "approve" in can.asks,
        tr("shows its thoughts"): can.reasoning != "none",
        tr("works with other agents"): can.delegation,
    }
    listed = ", ".join(word for word, is_so in words.items() if is_so)
    if not listed:
        return tr("This agent takes and gives text.")
    return tr("This agent's server knows: {abilities}.", abilities=listed)
