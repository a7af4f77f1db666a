"""Interfaces for assistive technology of what we paint ourselves, made by a factory and kept here: Qt's side does not
own what Python made."""

from __future__ import annotations

from typing import Any
from weakref import ref

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleInterface, QColor, QWindow
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

_FEW = 256
_kinds: dict[str, type[Interface]] = {}
_kept: list[QAccessibleInterface] = []
_room = _FEW  # how many may be kept before the dead ones are let go


class Interface(QAccessibleInterface):
    """What all have in common. `widget` is what shows the object: the object itself, or what paints it."""

    def __init__(self, target: QObject) -> None:
        super().__init__()
        self._target = ref(target)

    def isValid(self) -> bool:
        target = self._target()
        return target is not None and isValid(target)

    def object(self) -> QObject | None:
        return self._target() if self.isValid() else None

    def window(self) -> QWindow | None:
        widget = self.widget
        return widget.window().windowHandle() if widget is not None else None

    @property
    def widget(self) -> QWidget | None:
        """What shows it; None when that is gone."""
        raise NotImplementedError

    def relations(self, match: Any = None) -> list[Any]:
        return []

    def focusChild(self) -> QAccessibleInterface | None:
        return None

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:
        return None

    def child(self, index: int) -> QAccessibleInterface | None:
        return None

    def childCount(self) -> int:
        return 0

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return -1

    def setText(self, kind: QAccessible.Text, text: str) -> None:
        """Nothing here can be written."""

    def foregroundColor(self) -> QColor:
        return QColor()

    def backgroundColor(self) -> QColor:
        return QColor()


def install(**kinds: type[Interface]) -> None:
    """Make Qt ask us about objects of these classes."""
    if not _kinds:
        QAccessible.installFactory(_make)
    _kinds.update(kinds)


def _make(name: str, target: QObject) -> QAccessibleInterface | None:
    """A new interface of one of our objects. Qt keeps it and deletes it with its object; it asks again when Python has
    changed the object's class (a signal connected), and would delete one that it was given twice twice."""
    kind = _kinds.get(name)
    if kind is None or target is None:
        return None
    made = kind(target)
    _keep(made)
    return made


def _keep(made: QAccessibleInterface) -> None:
    """Hold it, or Python would delete it first; those that Qt has deleted are let go now and then."""
    global _room
    if len(_kept) >= _room:
        _kept[:] = [kept for kept in _kept if isValid(kept)]
        _room = max(_FEW, 2 * len(_kept))
    _kept.append(made)
