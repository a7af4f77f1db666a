"""The arguments of a request with all that belongs to reading them: their length, warnings, what is still below, and
editing them where the agent takes that."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop.core.asks.arguments import Line, difference, lay_out, size
from desktop.core.asks.forms import conforms
from desktop.core.language import tr, trn
from desktop.ui.approvals.arguments_view import ArgumentsEditor, LiteralView
from desktop.ui.labels import PlainLabel


class ArgumentsPanel(QWidget):
    """Signals: `changed()` when `ready` may have changed; `renewed()` when other content came up to be read.

    `ready` is True once the end was on screen or the person said that the rest may stay unread, and no edit is
    under way. `edited` is what a person made of the arguments, or None."""

    changed = Signal()
    renewed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.edited: Any = None
        self._args: Any = None
        self._schema: Any = None
        self._other_hints: list[str] = []
        self._editor: ArgumentsEditor | None = None
        self._build()

    @property
    def ready(self) -> bool:
        """Whether everything that an Allow would let run was shown."""
        return self._editor is None and (self.view.was_shown or self._skip.isChecked())

    def show_args(self, args: Any, *, editable: bool, schema: Any, hints: Iterable[str] = ()) -> None:
        """Show other arguments. What was read or edited before counts no more."""
        self._args, self._schema, self._other_hints = args, schema, list(hints)
        self._edit.setVisible(editable and args is not None)
        self._close_editor()
        self._show(None)

    def freeze(self) -> None:
        """Nothing can be decided any more: only reading is left."""
        self._close_editor()
        for widget in (self._edit, self._skip, self._discard):
            widget.hide()

    # ---- inside

    def _build(self) -> None:
        self._title = PlainLabel(heading="true")
        self._size = PlainLabel(muted="true")
        self.view = LiteralView()
        self.view.setObjectName("approval_arguments")
        self.view.setAccessibleName(tr("Arguments"))
        self.view.end_shown.connect(self._end_shown)
        self.view.loaded.connect(self._tell)
        self.view.verticalScrollBar().valueChanged.connect(self._tell_rest)
        self._notes = PlainLabel(wrap=True, warning="true")
        self._skip = QCheckBox()
        self._skip.setObjectName("approval_unread")
        self._skip.toggled.connect(self.changed)
        self._trouble = PlainLabel(wrap=True, trouble="true")
        self._edit = _quiet(tr("Edit…"), self._start_edit)
        self._review = _quiet(tr("Review the changes"), self._review_edit)
        self._discard = _quiet(tr("Discard the changes"), self._drop_edit)
        top, self._box = QHBoxLayout(), QVBoxLayout(self)
        for widget in (self._title, self._size):
            top.addWidget(widget)
        top.addStretch(1)
        for widget in (self._edit, self._review, self._discard):
            top.addWidget(widget)
        top.setSpacing(8)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(6)
        self._box.addLayout(top)
        self._box.addWidget(self.view, 1)
        for widget in (self._trouble, self._notes, self._skip):
            self._box.addWidget(widget)

    def _lines(self) -> Iterable[Line]:
        return lay_out(self._args) if self.edited is None else difference(self._args, self.edited)

    def _show(self, edited: Any) -> None:
        self.edited = edited
        self._title.setText(tr("It would run with") if edited is None else tr("It would run with your changes"))
        self._size.setText(size(self._args if edited is None else edited)[1])
        self._discard.setVisible(edited is not None)
        self._trouble.hide()
        self._skip.setChecked(False)
        self._skip.hide()
        self._notes.hide()
        self.view.show_lines(self._lines)
        self.renewed.emit()
        self.changed.emit()

    def _end_shown(self) -> None:
        self._skip.hide()
        self.changed.emit()

    def _tell(self) -> None:
        """What the characters themselves call for, said in words below."""
        words = []
        if self.view.marked:
            words.append(
                trn(
                    "{n} place with hidden or unusual characters is marked like ⟦this⟧.",
                    "{n} places with hidden or unusual characters are marked like ⟦this⟧.",
                    self.view.marked,
                )
            )
        words += [*self._other_hints, *self.view.hints]
        self._notes.setText(tr("Look closely: {hints}", hints=" ".join(words[:6])))
        self._notes.setVisible(bool(words))
        self._tell_rest()

    def _tell_rest(self) -> None:
        """Where the end is out of sight, say how much is, and let the person take it as read."""
        if self.view.was_shown or not self.isVisible():
            return
        rest = self.view.rest()
        self._skip.setText(_below(rest, self.view.is_loaded))
        self._skip.setVisible(rest > 0)

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self._tell_rest()

    # ---- editing

    def _start_edit(self) -> None:
        self._editor = ArgumentsEditor(self._args if self.edited is None else self.edited)
        self._box.insertWidget(1, self._editor, 1)
        self._swap(True)
        self._editor.setFocus()

    def _review_edit(self) -> None:
        assert self._editor is not None
        try:
            value = self._editor.value()
            trouble = conforms(value, self._schema)
        except ValueError as error:
            value, trouble = None, str(error)
        if trouble:
            self._trouble.setText(trouble)
            self._trouble.show()
            return
        self._close_editor()
        self._show(None if value == self._args else value)
        self.view.setFocus()

    def _drop_edit(self) -> None:
        self._close_editor()
        self._show(None)
        self.view.setFocus()

    def _close_editor(self) -> None:
        if self._editor is not None:
            self._editor.hide()
            self._editor.deleteLater()
            self._editor = None
        self._swap(False)

    def _swap(self, editing: bool) -> None:
        self.view.setVisible(not editing)
        self._review.setVisible(editing)
        self._discard.setVisible(editing)
        self._edit.setEnabled(not editing)
        self._title.setText(tr("Edit what it would run with") if editing else tr("It would run with"))
        if editing:
            self._notes.hide()
            self._skip.hide()
        self._trouble.hide()
        self.changed.emit()


def _below(rest: int, all_known: bool) -> str:
    if all_known:
        return trn(
            "{n} more line below. Scroll to the end, or tick this to decide without reading it.",
            "{n} more lines below. Scroll to the end, or tick this to decide without reading them.",
            rest,
        )
    return trn(
        "More than {n} line below. Scroll to the end, or tick this to decide without reading them.",
        "More than {n} lines below. Scroll to the end, or tick this to decide without reading them.",
        rest,
    )


def _quiet(text: str, pressed: object) -> QPushButton:
    button = QPushButton(text)
    button.setAutoDefault(False)
    button.setProperty("quiet", True)
    button.clicked.connect(pressed)
    button.hide()
    return button
