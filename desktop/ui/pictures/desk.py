"""Pictures on their way into the strip: made ready one after the other off the window's thread, refused in words."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from desktop.core.adapters import adapter_class
from desktop.core.asks.visible import one_line
from desktop.core.capabilities import PICTURES, Capabilities
from desktop.core.errors import NotSendable, SluiceError
from desktop.core.language import tr, trn
from desktop.services.tasks import spawn
from desktop.services.workspace import Tab, Workspace
from desktop.ui.composing.composer import Composer
from desktop.ui.pictures.attachment_strip import AttachmentStrip
from desktop.ui.pictures.prepare import Prepared, prepare

_PATIENCE = 0.3  # seconds before it is said that something takes time
_ANY = Capabilities(images_in="data-url", media=PICTURES)


class PictureDesk(QObject):
    """Signal `words(str)`: progress, what was done to a picture, or why it was refused."""

    words = Signal(str)

    def __init__(self, workspace: Workspace, tab: Tab, strip: AttachmentStrip, parent: QWidget) -> None:
        super().__init__(parent)
        self._workspace, self._tab, self._strip, self._parent = workspace, tab, strip, parent
        self._turn = asyncio.Lock()  # pictures come in the order in which they were given

    def listen_to(self, composer: Composer) -> None:
        """Take what is dropped or pasted there."""
        composer.files_given.connect(self.attach_files)
        composer.picture_given.connect(lambda picture: self._give(picture, "pasted.png"))
        composer.data_given.connect(lambda text: self._give(text, "pasted"))

    def attach_files(self, paths: Sequence[str]) -> None:
        """Add pictures from files; what is none is refused in words."""
        for path in paths:
            self._give(os.fspath(path), None)

    def pick(self) -> None:
        """Ask which files."""
        dialog = QFileDialog(self._parent, tr("Attach pictures"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilter(f"{tr('Pictures')} (*.png *.jpg *.jpeg *.webp *.gif *.bmp)")
        dialog.filesSelected.connect(self.attach_files)
        dialog.open()

    def menu(self) -> QMenu:
        """The other ways to a picture, for the attach button."""
        menu = QMenu(self._parent)
        menu.addAction(tr("Files…"), self.pick)
        menu.addAction(tr("Picture of the screen"), lambda: self.take_screen(part=False))
        menu.addAction(tr("Picture of a part of the screen"), lambda: self.take_screen(part=True))
        return menu

    def take_screen(self, *, part: bool) -> None:
        """A picture of the screen, or of the part that the person marks."""
        spawn(self._take_screen(part), "picture of the screen")

    async def _take_screen(self, part: bool) -> None:
        from desktop.ui.pictures.screenshot import take

        try:
            taken = await take(self._parent.window(), part)
        except SluiceError as error:
            self.words.emit(error.headline)
            return
        if taken is not None:
            self._give(taken, "screen.png")

    def _give(self, source: str | bytes | QImage, name: str | None) -> None:
        self._strip.coming += 1
        spawn(self._attach(source, name), "attach a picture")

    async def _attach(self, source: str | bytes | QImage, name: str | None) -> None:
        try:
            async with self._turn:
                late = asyncio.get_running_loop().call_later(_PATIENCE, self._say_busy)
                try:
                    self._add(await asyncio.to_thread(prepare, source, name, self._can()))
                finally:
                    late.cancel()
        except SluiceError as error:
            self.words.emit(error.headline)
        finally:
            self._strip.coming -= 1

    def _add(self, made: Prepared) -> None:
        if self._tab.profile is not None:
            self._workspace.connections.check_image(self._tab.profile.connection, made.image)
        self.words.emit(made.note)
        self._strip.add(made.image, made.note, made.original)

    def _can(self) -> Capabilities:
        """What the agent takes. One that takes no pictures says so before any is looked at."""
        profile = self._tab.profile
        if profile is None:
            return _ANY
        can = adapter_class(profile.connection.protocol).can
        if can.images_in == "none":
            raise NotSendable(tr("{name} takes no pictures, so none was attached.", name=one_line(profile.name, 60)))
        return can

    def _say_busy(self) -> None:
        many = self._strip.coming
        self.words.emit(trn("Making a picture ready…", "Making {n} pictures ready…", many))
