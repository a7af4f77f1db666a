"""From a session's changes to one signal a frame, so that no widget is touched per event."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from desktop.core.conversation import Added, Change, Grew, RunChanged, SessionChanged, Updated

FRAME_MS = 16


class SessionBridge(QObject):
    """Signals: `flushed(list[Change])`, at most once a frame, with one change per item and kind. While `visible` is
    False changes only collect; they come out in one piece when it turns True."""

    flushed = Signal(list)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: dict[object, Change] = {}
        self._grown: dict[str, list[str]] = {}
        self._visible = True
        self._timer = QTimer(self, interval=FRAME_MS, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.flush)

    def take(self, changes: Sequence[Change]) -> None:
        """Collect changes for the next frame."""
        for change in changes:
            self._collect(change)
        if self._visible and not self._timer.isActive():
            self._timer.start()

    def set_visible(self, visible: bool) -> None:
        """Whether anybody sees what is flushed."""
        self._visible = visible
        if visible:
            self.flush()

    def clear(self) -> None:
        """Forget what has collected: another conversation is shown now."""
        self._timer.stop()
        self._waiting, self._grown = {}, {}

    def flush(self) -> None:
        """Send what has collected, now."""
        self._timer.stop()
        if not self._waiting:
            return
        changes = [self._joined(change) for change in self._waiting.values()]
        self._waiting, self._grown = {}, {}
        self.flushed.emit(changes)

    def _collect(self, change: Change) -> None:
        match change:
            case Added(item):
                self._waiting[item] = change
            case Grew(item, text):
                if self._waiting.setdefault(item, change) is change:
                    self._grown[item] = [text]
                elif item in self._grown:
                    self._grown[item].append(text)
            case Updated(item):
                if not isinstance(self._waiting.get(item), Added):
                    self._waiting[item] = change
                    self._grown.pop(item, None)
            case RunChanged(run):
                self._waiting["run", run] = change
            case SessionChanged():
                self._waiting["session"] = change

    def _joined(self, change: Change) -> Change:
        if isinstance(change, Grew):
            return Grew(change.item, "".join(self._grown[change.item]))
        return change
