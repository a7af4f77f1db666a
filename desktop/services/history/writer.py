"""The one connection that writes: transactions, and going on when they fail. Lives in the history's thread."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar

from desktop.core.errors import StoreTrouble
from desktop.core.language import tr
from desktop.services.history.schema import COMPANIONS, is_damage, open_store, replace_store, write_trouble
from desktop.services.history.store import Store
from desktop.services.paths import private_file

Op = Callable[[Store], None]
T = TypeVar("T")
_log = logging.getLogger(__name__)


class Writer:
    """Applies operations in order. What could not be written stays in `stuck` and goes first the next time; `tell`
    hears of it once, and once more when all is well again."""

    def __init__(self, path: Path, tell: Callable[[str], None]) -> None:
        self.stuck: list[Op] = []
        self._path = path
        self._tell = tell
        self._told = False
        opened = open_store(path)
        self._take(opened.db, opened.saved, opened.trouble)
        self.write([Store.interrupt])

    def write(self, ops: Sequence[Op]) -> bool:
        """Make all of it last, or none. Returns whether nothing waits to be written."""
        self._look_for_file()
        todo = self.stuck + list(ops)
        try:
            self._transaction(lambda: self._apply(todo))
        except sqlite3.Error as error:
            self.stuck = todo
            if is_damage(error):
                return self._begin_anew()
            self._trouble(error)
            return False
        self.stuck = []
        if self._told:
            self._told = False
            self._tell(tr("The history is being saved again. Nothing was lost."))
        self._fold()
        return True

    def read(self, question: Callable[[Store], T]) -> T:
        """What the store answers. Raises StoreTrouble."""
        try:
            return question(self.store)
        except sqlite3.Error as error:
            if is_damage(error):
                self._begin_anew()
            raise StoreTrouble(tr("The history could not be read."), repr(error)) from error

    def close(self) -> None:
        """Close the file."""
        if self.stuck:
            self._tell(tr("Some of what was said last could not be saved."))
        with suppress(sqlite3.Error):
            self.store.db.executescript("PRAGMA analysis_limit = 400; PRAGMA optimize;")
        self.store.db.close()

    # ---- inside

    def _take(self, db: sqlite3.Connection, saved: bool, trouble: str | None) -> None:
        self.store = Store(db)
        self._saved = saved
        self._inode = self._identity()
        if trouble:
            self._tell(trouble)

    def _transaction(self, work: Callable[[], None]) -> None:
        db = self.store.db
        db.execute("BEGIN IMMEDIATE")
        try:
            work()
            db.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                db.execute("ROLLBACK")
            raise

    def _apply(self, ops: Sequence[Op]) -> None:
        """An operation that fails by itself, and not for the file's sake, costs only itself."""
        for op in ops:
            try:
                op(self.store)
            except (
                sqlite3.IntegrityError,
                sqlite3.ProgrammingError,
                sqlite3.InterfaceError,
                sqlite3.DataError,
            ):
                _log.exception("not stored")
            except sqlite3.Error:
                raise
            except Exception:
                _log.exception("not stored")

    def _fold(self) -> None:
        """Fold the runs that have ended, each in a transaction of its own. What fails is tried at the next start."""
        for run in self.store.unfolded():
            try:
                self._transaction(lambda run=run: self.store.fold(run))  # type: ignore[misc]
            except sqlite3.Error:
                _log.warning("a run could not be folded", exc_info=True)
                return

    def _trouble(self, error: sqlite3.Error) -> None:
        _log.warning("the history could not be written: %r", error)
        if not self._told:
            self._told = True
            self._tell(write_trouble(error))

    def _begin_anew(self) -> bool:
        """The file turned out to be damaged: keep it, go on in a new one with what has not been written yet."""
        with suppress(sqlite3.Error):
            self.store.db.close()
        opened = replace_store(self._path)
        self._take(opened.db, opened.saved, opened.trouble)
        todo, self.stuck = self.stuck, []
        return self.write(todo)

    def _look_for_file(self) -> None:
        """A file that was removed or exchanged under us would take everything with it when we close it: what it held is
        written anew while the open connection still has it."""
        if not self._saved or self._inode is None or self._identity() == self._inode:
            return
        gone = not self._path.exists()
        rescued = self._path.with_name(f"{self._path.name}.rescued-{time.time_ns()}")
        with suppress(sqlite3.Error, OSError):
            private_file(rescued)
            with closing(sqlite3.connect(rescued)) as new:
                self.store.db.backup(new)
        with suppress(sqlite3.Error):
            self.store.db.close()
        with suppress(OSError):
            if gone:
                for ending in COMPANIONS:  # they belong to the removed file, and are in the copy
                    self._path.with_name(self._path.name + ending).unlink(missing_ok=True)
                rescued.rename(self._path)
        opened = open_store(self._path)
        self._take(opened.db, opened.saved, opened.trouble)
        removed = tr("The history file was removed while Sluice ran. Sluice has written it again.")
        other = tr(
            "The history file was exchanged while Sluice ran. What it held before is in {name}.", name=rescued.name
        )
        self._tell(removed if gone else other)

    def _identity(self) -> tuple[int, int] | None:
        """Which file the path names; None where the system cannot tell, or there is none."""
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        return found.st_dev, found.st_ino
