"""Python's cycle collector, kept on the window's thread.

It runs in whatever thread allocates, and a Qt object that is part of a cycle would then be destroyed there, which Qt
does not allow. So it is switched off, and this does its work between the frames.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

_EVERY_MS = 250
_STILL = 4  # looks in a row, a second, at which next to nothing was new
_LITTLE = 30  # objects
_OLD = 40  # young collections, ten seconds of work, after which the next still second is used for everything


class Collector(QObject):
    """Collects from the thread it was made in, until it is deleted or `stop` is called."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        self._turns = _OLD  # what the start has loaded is put aside at the first still second
        self._still = 0
        self._seen = 0
        self._timer = QTimer(self, interval=_EVERY_MS)
        self._timer.timeout.connect(self._collect)
        self._timer.start()

    def stop(self) -> None:
        """Collect everything once more, and leave it to Python again."""
        self._timer.stop()
        gc.unfreeze()
        gc.collect()
        gc.enable()

    def _collect(self) -> None:
        """The young ones as they come; all of them, which takes a while, only when nothing else is going on."""
        count = gc.get_count()[0]
        self._still = self._still + 1 if abs(count - self._seen) <= _LITTLE else 0
        if count >= gc.get_threshold()[0]:
            self._turns += 1
            gc.collect(1)
        elif self._turns >= _OLD and self._still >= _STILL:
            self._turns = 0
            collect_all()
        self._seen = gc.get_count()[0]


def collect_all() -> None:
    """Collect everything, and put what is left aside: no collection looks at it again before the next of this kind."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
