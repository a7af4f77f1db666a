"""Whether there is a newer version of this program. Asks only when the person has agreed, and only tells.

Two files lie at the address that the build wrote in: a small JSON object, {"version", "page", "words"}, and beside it
NAME.sig, its Ed25519 signature in base64 by the key that the build wrote in too. Whoever holds the server but not that
key can withhold news, but can say nothing. Nothing about the person or the computer is in the question.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass

from desktop import __version__
from desktop.core.errors import SluiceError
from desktop.core.language import tr
from desktop.core.requests import HttpCall
from desktop.services.network import Route
from desktop.services.system.built import Built
from desktop.services.transport import Transport

_MOST = 100_000  # bytes of what is worth reading


class UpdateTrouble(SluiceError):
    """It could not be found out; the headline says why."""

    code = "updates"


@dataclass(frozen=True, slots=True)
class Release:
    """A version of the program: its number, its page on the web, and what is new in a sentence or two."""

    version: str
    page: str
    words: str


class Updates:
    """`offered` is False where the build named no place to ask."""

    def __init__(self, place: Built, transport: Transport) -> None:
        self._place = place
        self._transport = transport
        self.offered = bool(place.updates_url and place.updates_key)

    async def look(self) -> Release | None:
        """The newest version, if it is newer than this program. Raises UpdateTrouble."""
        told = await self._fetch(self._place.updates_url)
        signature = await self._fetch(f"{self._place.updates_url}.sig")
        release = verified(told, signature, self._place.updates_key)
        return release if _number(release.version) > _number(__version__) else None

    async def _fetch(self, url: str) -> bytes:
        reply = await self._transport.fetch(HttpCall("GET", url), Route())
        if reply.failure is not None:
            raise UpdateTrouble(reply.failure.text)
        if reply.status != 200 or len(reply.body) > _MOST:
            words = tr("The place that tells of new versions did not answer as it should ({status}).",
                       status=reply.status)  # fmt: skip
            raise UpdateTrouble(words)
        return reply.body


def verified(told: bytes, signature: bytes, key: str) -> Release:
    """What was told, if the key (base64) has signed just that. Raises UpdateTrouble."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(key)).verify(base64.b64decode(signature), told)
        found = json.loads(told)
        release = Release(str(found["version"]), str(found["page"]), str(found.get("words", "")))
        _number(release.version)
    except (InvalidSignature, ValueError, KeyError, TypeError, AttributeError) as error:
        words = tr("What was told of new versions is not signed by the makers of Sluice. It is not shown.")
        raise UpdateTrouble(words, repr(error)) from error
    return release


def _number(version: str) -> tuple[int, ...]:
    """1.10.0 as (1, 10, 0). Raises ValueError."""
    if not re.fullmatch(r"\d+(\.\d+)*", version):
        raise ValueError(version)
    return tuple(int(part) for part in version.split("."))
