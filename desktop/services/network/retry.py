"""When a request may be made again by itself: only where nothing can have run twice, and never for long."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from desktop.core.adapters.words import retry_after
from desktop.core.language import number, tr
from desktop.core.requests import Reply

MOST = 2  # tries after the first
LONGEST = 60.0  # seconds; a server that wants more is not asked again
_PAUSES = (1.0, 3.0)
_HARMLESS = (429, 503)  # the server says that it took nothing


def pause(reply: Reply, tried: int) -> float | None:
    """Seconds until the next try after this reply, or None if there is to be none. `tried` counts from 0."""
    lost = reply.status == 0 and reply.failure is not None and reply.failure.code == "connect"
    if tried >= MOST or not (lost or reply.status in _HARMLESS):
        return None
    asked = wanted(reply)
    seconds = _PAUSES[tried] if asked is None else asked
    return seconds if seconds <= LONGEST else None


def wanted(reply: Reply) -> float | None:
    """Seconds that a Retry-After header names, as a number or as a date; None without one."""
    seconds = retry_after(reply.headers)
    value = reply.headers.get("retry-after", "")
    if seconds is not None or not value:
        return seconds
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())


def words(reply: Reply, seconds: float, tried: int) -> str:
    """What is told while it waits."""
    why = {429: tr("The server is asked too often right now."), 503: tr("The server is not ready.")}.get(reply.status)
    if why is None:
        why = reply.failure.text if reply.failure else tr("The server was not reached.")
    told = {"seconds": number(seconds), "n": tried + 1, "most": MOST}
    return f"{why} {tr('Trying again in {seconds} s ({n} of {most}). Stop cancels it.', **told)}"
