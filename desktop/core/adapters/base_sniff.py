"""What a body is that does not come as the stream it should be."""

from __future__ import annotations

from dataclasses import replace

from desktop.core.adapters.words import is_page
from desktop.core.events import AnyEvent, Failure, RunEnded
from desktop.core.language import mark, tr
from desktop.core.requests import Reply
from desktop.core.wire.frames import Framer
from desktop.core.wire.jsontext import parse
from desktop.core.wire.ndjson import NdjsonFramer

LEAST, MOST = 16, 64 * 1024  # bytes to look at
_BLANK = b"\xef\xbb\xbf \r\n\t"
_FIELDS = (b"data:", b"event:", b"id:", b"retry:", b":")
_WORDLESS = mark("The server opened its answer and closed it without a word. It may still be working.")


def is_streamed(body: bytes, framer: type[Framer]) -> bool | None:
    """Whether a body under a wrong type is the protocol's stream all the same: fields of server-sent events, or an
    object on the first line and something after it. None while that cannot be said yet."""
    start = body.lstrip(_BLANK)
    if framer is not NdjsonFramer or start.startswith(_FIELDS):
        return start.startswith(_FIELDS)
    line, _, rest = start.partition(b"\n")
    if not rest.strip():
        return None
    try:
        return isinstance(parse(line.decode("utf-8", "replace")), dict)
    except ValueError:
        return False


def no_stream(reply: Reply) -> RunEnded:
    """Words for an answer that is no stream at all."""
    if not reply.body.strip():
        words = tr("The server sent an empty answer.")
    elif is_page(reply):
        words = tr("The server sent a web page, not an agent's answer. The address may be that of its website.")
    else:
        words = tr("The server sent something that is not an agent's stream. The address may be wrong.")
    failure = Failure(words, code="no-stream", http=reply.status if reply.status >= 400 else None)
    return RunEnded(status="failed", reason="no-stream", error=failure)


def wordless(event: AnyEvent) -> AnyEvent:
    """The event; if it is a cut without words of its own, with words for a body that was empty."""
    if isinstance(event, RunEnded) and event.status == "cut" and event.error is None:
        return replace(event, error=Failure(tr(_WORDLESS), code="empty"))
    return event
