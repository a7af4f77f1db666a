"""Mouse and keyboard on the pane: selecting, pressing, walking through what can be pressed, menus."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import (
    QContextMenuEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QTextCursor,
    QWheelEvent,
)
from PySide6.QtWidgets import QMenu, QToolTip

from desktop.core.conversation import AgentItem, Item, ToolItem, UserTurn
from desktop.core.language import tr
from desktop.ui.labels import literal_tip
from desktop.ui.transcript.codepiece import CodePiece
from desktop.ui.transcript.copying import whole_code
from desktop.ui.transcript.pieces import TextPiece, units
from desktop.ui.transcript.rowpiece import PaintedPiece
from desktop.ui.transcript.selection import FIRST, Spot
from desktop.ui.transcript.stack import Placed

if TYPE_CHECKING:
    from desktop.ui.transcript.view import TranscriptView

_DRAG_MS = 30
_MOVES = {
    Qt.Key.Key_Left: (QTextCursor.MoveOperation.Left, True),
    Qt.Key.Key_Right: (QTextCursor.MoveOperation.Right, False),
    Qt.Key.Key_Up: (QTextCursor.MoveOperation.Up, True),
    Qt.Key.Key_Down: (QTextCursor.MoveOperation.Down, False),
    Qt.Key.Key_Home: (QTextCursor.MoveOperation.StartOfLine, True),
    Qt.Key.Key_End: (QTextCursor.MoveOperation.EndOfLine, False),
}


class Target(NamedTuple):
    """Something that can be pressed: a link (with its address), a fold, a copy button, a row for the owner."""

    entry: int
    block: int
    piece: int
    action: str
    link: str = ""
    position: int = 0


class Hands:
    """Each event handler says whether it took the event."""

    def __init__(self, view: TranscriptView) -> None:
        self._view = view
        self.offers: Callable[[Item], Sequence[tuple[str, str]]] = _usual_offers  # (words, action) of a menu
        self._focus: Target | None = None
        self._pressed: Target | None = None
        self._dragging = False
        self._drag_timer = QTimer(view, interval=_DRAG_MS)
        self._drag_timer.timeout.connect(self._drag_on)
        self._drag_point = QPointF()

    def forget(self) -> None:
        """The conversation is another."""
        self._focus = self._pressed = None
        self._dragging = False
        self._drag_timer.stop()

    # ---- what is where

    def _placed_at(self, point: QPointF) -> tuple[Placed, QPointF] | None:
        """The block at a point, or the nearest above it, and the point in its own measure."""
        best = None
        for one in self._view.stack.placed:
            if best is None or one.y <= point.y():
                best = one
        if best is None:
            return None
        left = self._view.stack.left_of(self._view.stack.entry(best.entry))
        return best, point - QPointF(left, best.y)

    def _spot_at(self, point: QPointF) -> Spot | None:
        found = self._placed_at(point)
        hit = found[0].block.hit(found[1]) if found else None
        return Spot(found[0].entry, found[0].index, *hit) if found and hit else None

    def _target_at(self, point: QPointF) -> Target | None:
        found = self._placed_at(point)
        if found is None:
            return None
        one, inside = found
        piece = one.block.piece_at(inside.y())
        if piece is None or inside.y() > one.block.height:
            return None
        number, shown, top = piece
        inside -= QPointF(0, top)
        if link := shown.link_at(inside):
            return Target(one.entry, one.index, number, "link", link)
        action = shown.action_at(inside)
        return Target(one.entry, one.index, number, action) if action else None

    # ---- mouse

    def mousePressEvent(self, event: QMouseEvent) -> bool:
        if event.button() != Qt.MouseButton.LeftButton:
            return False
        self._focus = None
        self._pressed = self._target_at(event.position())
        spot = self._spot_at(event.position())
        if spot is not None:
            selection = self._view.selection
            shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            selection.set(selection.anchor if shift and not selection.empty else spot, spot)
            self._dragging = True
        self._view.viewport().update()
        return True

    def mouseMoveEvent(self, event: QMouseEvent) -> bool:
        point = event.position()
        if self._dragging and event.buttons() & Qt.MouseButton.LeftButton:
            self._drag_to(point)
            outside = not 0 <= point.y() < self._view.viewport().height()
            if outside != self._drag_timer.isActive():
                self._drag_timer.start() if outside else self._drag_timer.stop()
            return True
        self._hover(event)
        return True

    def _hover(self, event: QMouseEvent) -> None:
        """The hand over what can be pressed, and the true address of a link."""
        target = self._target_at(event.position())
        shape = Qt.CursorShape.PointingHandCursor if target else Qt.CursorShape.IBeamCursor
        if self._view.viewport().cursor().shape() != shape:
            self._view.viewport().setCursor(shape)
        if target and target.link:
            QToolTip.showText(event.globalPosition().toPoint(), literal_tip(target.link[:600]), self._view)
        else:
            QToolTip.hideText()

    def _drag_to(self, point: QPointF) -> None:
        self._drag_point = point
        spot = self._spot_at(point)
        if spot is not None and spot != self._view.selection.focus:
            self._view.selection.focus = spot
            self._view.viewport().update()

    def _drag_on(self) -> None:
        """The pointer is outside: scroll, the faster the farther."""
        y, height = self._drag_point.y(), self._view.viewport().height()
        self._view.scroll_by(round((y if y < 0 else y - height) / 3))
        self._drag_to(self._drag_point)

    def mouseReleaseEvent(self, event: QMouseEvent) -> bool:
        self._drag_timer.stop()
        self._dragging = False
        pressed, self._pressed = self._pressed, None
        if pressed and self._view.selection.empty and self._target_at(event.position()) == pressed:
            self.press(pressed)
        return True

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> bool:
        spot = self._spot_at(event.position())
        if spot is not None and not self._target_at(event.position()):
            self._view.selection.select_word(spot)
            self._view.viewport().update()
        return True

    def wheelEvent(self, event: QWheelEvent) -> bool:
        """Sideways inside code and tables; with Ctrl the size of the text."""
        delta = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            if delta.y():
                self._view.zoom(1 if delta.y() > 0 else -1)
            return True
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and not delta.x():
            across = delta.y()
        else:
            across = delta.x()
        if abs(across) <= abs(delta.y()) and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            return False
        found = self._placed_at(event.position())
        piece = found[0].block.piece_at(found[1].y()) if found else None
        if piece and piece[1].sideways(-across / 2):
            self._view.viewport().update()
        return True

    # ---- pressing

    def press(self, target: Target) -> None:
        """Do what a press on it does."""
        view = self._view
        if target.action == "link":
            view.link_activated.emit(target.link)
        elif target.action == "fold":
            view.toggle(target.entry)
            self._tell_owner(target)
        elif target.action == "more":
            view.toggle_more(target.entry)
            self._tell_owner(target)
        elif target.action == "copy":
            code = whole_code(view.stack.entry(target.entry), target.block, target.piece)
            QGuiApplication.clipboard().setText(code)
            piece = view.stack.build(target.entry, target.block).pieces[target.piece]
            piece.say(tr("Copied"))
            view.viewport().update()
            QTimer.singleShot(1500, view, lambda: (piece.say(tr("Copy")), view.viewport().update()))
        else:
            view.item_activated.emit(view.stack.ids[target.entry])

    def _tell_owner(self, target: Target) -> None:
        if isinstance(self._view.stack.entry(target.entry).item, ToolItem | AgentItem):
            self._view.item_activated.emit(self._view.stack.ids[target.entry])

    def press_row(self, index: int, action: str = "") -> None:
        """Do what a press on an entry's row does, or one of the other things that can be pressed there."""
        entry = self._view.stack.entry(index) if index < len(self._view.stack.ids) else None
        if entry is not None and entry.row is not None and (action := action or entry.row.row.action):
            self.press(Target(index, entry.blocks.index(entry.row), 0, action))

    # ---- keyboard

    def keyPressEvent(self, event: QKeyEvent) -> bool:
        view = self._view
        if event.matches(QKeySequence.StandardKey.Copy):
            view.copy()
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            view.select_all()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._focus:
            self.press(self._focus)
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier and event.key() in _MOVES:
            self._extend(event)
        else:
            return self._scroll_key(event)
        return True

    def _extend(self, event: QKeyEvent) -> None:
        selection = self._view.selection
        if selection.empty and selection.anchor == FIRST and self._view.stack.placed:
            first = next((one for one in self._view.stack.placed if one.y >= 0), self._view.stack.placed[0])
            selection.set(Spot(first.entry, first.index, 0, 0), Spot(first.entry, first.index, 0, 0))
        operation, back = _MOVES[Qt.Key(event.key())]
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and event.key() in (
            Qt.Key.Key_Left,
            Qt.Key.Key_Right,
        ):
            words = QTextCursor.MoveOperation
            operation = words.PreviousWord if back else words.NextWord
        selection.extend(operation, back)
        self._view.show_spot(selection.focus)

    def _scroll_key(self, event: QKeyEvent) -> bool:
        view = self._view
        page = view.viewport().height() - 48
        line = int(view.stack.styles.line)
        steps = {
            Qt.Key.Key_Up: -2 * line,
            Qt.Key.Key_Down: 2 * line,
            Qt.Key.Key_PageUp: -page,
            Qt.Key.Key_PageDown: page,
        }
        if event.key() == Qt.Key.Key_End:
            view.jump_to_latest()
        elif event.key() == Qt.Key.Key_Home:
            view.scroll_by(-view.stack.total)
        elif event.key() in steps:
            view.scroll_by(steps[Qt.Key(event.key())])
        elif event.key() == Qt.Key.Key_Space:
            view.scroll_by(-page if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else page)
        else:
            return False
        return True

    def step(self, forward: bool) -> bool:
        """Tab: to the next thing that can be pressed; False at the end, where the focus leaves the pane."""
        found = next(self._targets(forward), None)
        self._focus = found
        if found is None:
            self._view.viewport().update()
            return False
        self._view.show_spot(Spot(found.entry, found.block, found.piece, found.position))
        return True

    def _targets(self, forward: bool) -> Iterator[Target]:
        """What can be pressed, from the focus on; at first from what is in sight."""
        stack = self._view.stack
        here = self._focus
        if here is None:
            seen = [one for one in stack.placed if one.y + one.block.height > 0]
            if not seen:
                return
            start = seen[0] if forward else seen[-1]
            begin = (start.entry, start.index)
        else:
            begin = (here.entry, here.block)
        for index, number in stack.blocks_from(*begin, 1 if forward else -1):
            targets = self._targets_of(index, number)
            for target in targets if forward else reversed(targets):
                past = here is None or (_order(target) > _order(here)) == forward
                if past and target != here:
                    yield target

    def _targets_of(self, index: int, number: int) -> list[Target]:
        out: list[Target] = []
        for at, piece in enumerate(self._view.stack.build(index, number).pieces):
            if isinstance(piece, TextPiece):
                out += _links(index, number, at, piece)
            elif isinstance(piece, CodePiece):
                out += [Target(index, number, at, "copy")] if piece.has_bar else []
            elif isinstance(piece, PaintedPiece):
                out += [Target(index, number, at, action, "", place) for place, action in enumerate(piece.actions)]
        return out

    def focus_rect(self) -> QRectF | None:
        """Where the focused thing is, in the viewport."""
        target = self._focus
        if target is None:
            return None
        for one in self._view.stack.placed:
            if (one.entry, one.index) == target[:2] and target.piece < len(one.block.pieces):
                piece = one.block.pieces[target.piece]
                left = self._view.stack.left_of(self._view.stack.entry(one.entry))
                return piece.target_rect(target.position).translated(left, one.y + one.block.tops[target.piece])
        return None

    # ---- menu

    def contextMenuEvent(self, event: QContextMenuEvent) -> bool:
        point = QPointF(event.pos())
        found = self._placed_at(point)
        menu = self.menu(point, found[0].entry if found else None)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())
        if found:
            self._view.context_requested.emit(self._view.stack.ids[found[0].entry], event.globalPos())
        return True

    def menu(self, point: QPointF, index: int | None) -> QMenu:
        """What can be done here."""
        view = self._view
        menu = QMenu(view)
        target = self._target_at(point)
        if target and target.link:
            menu.addAction(tr("Open link"), lambda: self.press(target))
            menu.addAction(tr("Copy address"), lambda: QGuiApplication.clipboard().setText(target.link))
            menu.addSeparator()
        copy = menu.addAction(tr("Copy"), view.copy)
        copy.setEnabled(not view.selection.empty)
        if index is not None:
            self._add_turn(menu, index)
        menu.addSeparator()
        menu.addAction(tr("Select all"), view.select_all)
        return menu

    def _add_turn(self, menu: QMenu, index: int) -> None:
        entry = self._view.stack.entry(index)
        name = entry.item.id
        menu.addAction(tr("Copy this part as Markdown"), lambda: QGuiApplication.clipboard().setText(entry.markdown()))
        for words, action in self.offers(entry.item):
            menu.addAction(words, lambda action=action: self._view.turn_action.emit(action, name))


def _usual_offers(item: Item) -> Sequence[tuple[str, str]]:
    if isinstance(item, UserTurn):
        return (tr("Send again"), "resend"), (tr("Edit and send"), "edit")
    return ()


def _order(target: Target) -> tuple[int, int, int, int]:
    return (*target[:3], target.position)


def _links(index: int, number: int, at: int, piece: TextPiece) -> list[Target]:
    """The links of running text, in order."""
    out: list[Target] = []
    position = 0
    for paragraph in piece.paragraphs:
        for run in paragraph.runs:
            if run.link and (not out or out[-1].link != run.link):
                out.append(Target(index, number, at, "link", run.link, position))
            position += units(run.text)
        position += 1
    return out
