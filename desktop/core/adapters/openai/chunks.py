"""Reading Chat Completions chunks, as many servers and gateways write them."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

from desktop.core.adapters.openai.think import Piece, ThinkTag
from desktop.core.events import AnyEvent, FileShown, Source, TextDelta, ToolArgs, ToolStarted, Usage
from desktop.core.wire.jsontext import compact, parse


class Calls:
    """Tool calls by their index: ids may change from chunk to chunk, and only the first chunk names the tool."""

    def __init__(self) -> None:
        self._open: dict[Any, _Call] = {}
        self._ids: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._open)

    def events(self, pieces: Any) -> Iterator[AnyEvent]:
        """The events of a chunk's `tool_calls`."""
        for place, piece in enumerate(pieces or ()):
            function = piece.get("function") or {}
            name, args = function.get("name") or "", function.get("arguments")
            index = piece.get("index", place)
            call = self._open.get(index)
            if call is None or call.is_followed_by(piece.get("id"), name):
                call = self._open[index] = _Call(self._unused(piece.get("id")), piece.get("id"), name)
                yield ToolStarted(call=call.id, name=name, runs_on="client")
            elif name and not call.name:
                call.name = name
                yield ToolStarted(call=call.id, name=name, runs_on="client")
            delta = args if isinstance(args, str) else compact(args) if args is not None else ""
            if delta:
                call.args += delta
                yield ToolArgs(call=call.id, delta=delta)

    def _unused(self, given: Any) -> str:
        name = str(given) if given else f"call-{len(self._ids) + 1}"
        if name in self._ids:
            name = f"{name}-{len(self._ids) + 1}"
        self._ids.add(name)
        return name


class _Call:
    def __init__(self, own: str, given: Any, name: str) -> None:
        self.id, self.given, self.name, self.args = own, given, name, ""

    def is_followed_by(self, given: Any, name: str) -> bool:
        """Whether a piece with the same index begins another call: at least one gateway gives all the index 0."""
        if not name or not self.name or given == self.given:
            return False
        try:
            return isinstance(parse(self.args), dict)
        except ValueError:
            return False


class Texts:
    """The answer and the thoughts of each choice."""

    def __init__(self) -> None:
        self._tags: dict[str, ThinkTag] = {}
        self.refused = False

    def events(self, part: str, delta: dict[str, Any]) -> Iterator[AnyEvent]:
        """The text of one delta: thoughts first, as they come first."""
        if thought := _thought(delta):
            yield TextDelta(channel="reasoning", part=part, text=thought)
        for channel, text in _pieces(delta.get("content")):
            if channel == "answer":
                yield from self._answer(part, text)
            else:
                yield TextDelta(channel=channel, part=part, text=text)
        if refusal := delta.get("refusal"):
            self.refused = True
            yield TextDelta(part=part, text=refusal)

    def close(self) -> Iterator[AnyEvent]:
        """What was held back because it might have been a tag."""
        for part, tag in self._tags.items():
            yield from _deltas(part, tag.close())

    def _answer(self, part: str, text: str) -> Iterator[AnyEvent]:
        tag = self._tags.setdefault(part, ThinkTag())
        yield from _deltas(part, tag.feed(text))


class Files:
    """Pictures and sound in the output."""

    def __init__(self) -> None:
        self._count = 0
        self._sound: list[bytes] = []

    def events(self, part: str, delta: dict[str, Any]) -> Iterator[AnyEvent]:
        """Pictures at once; sound is kept until the end, its transcript is text."""
        for image in delta.get("images") or ():
            if shown := self._picture(image):
                yield shown
        audio = delta.get("audio")
        if isinstance(audio, dict):
            self._sound.append(_bytes(str(audio.get("data") or "")))
            if transcript := audio.get("transcript"):
                yield TextDelta(part=part, text=transcript)

    def close(self, kind: str) -> Iterator[AnyEvent]:
        """The sound, whole; `kind` is the format that was asked for."""
        sound = b"".join(self._sound)
        if sound:
            yield FileShown(part="audio", media=f"audio/{kind}", data=sound)

    def _picture(self, image: Any) -> FileShown | None:
        where = image.get("image_url")
        url = where.get("url") if isinstance(where, dict) else where
        if not isinstance(url, str):
            return None
        self._count += 1
        part = f"image-{self._count}"
        if not url.startswith("data:"):
            return FileShown(part=part, media="image/*", url=url)
        head, _, data = url.removeprefix("data:").partition(",")
        return FileShown(part=part, media=head.split(";")[0] or "image/png", data=_bytes(data))


def sources(delta: dict[str, Any], part: str) -> Iterator[Source]:
    """The citations of one delta."""
    for note in delta.get("annotations") or ():
        cited = note.get("url_citation")
        if isinstance(cited, dict) and isinstance(cited.get("url"), str):
            title, quote = cited.get("title"), cited.get("content")
            yield Source(id=cited["url"], url=cited["url"], title=title, quote=quote, part=part)


def usage_of(data: dict[str, Any]) -> Usage:
    """The figures of a `usage` object."""
    details = (data.get("prompt_tokens_details"), data.get("completion_tokens_details"))
    given, made = (detail if isinstance(detail, dict) else {} for detail in details)
    return Usage(
        input=_count(data.get("prompt_tokens")),
        output=_count(data.get("completion_tokens")),
        reasoning=_count(made.get("reasoning_tokens")),
        cached=_count(given.get("cached_tokens")),
        cost=data["cost"] if isinstance(data.get("cost"), int | float) else None,
    )


def _count(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) else None


def _thought(delta: dict[str, Any]) -> str:
    """The first of the names that is present: some servers send two with the same text."""
    for name in ("reasoning_content", "reasoning"):
        if isinstance(delta.get(name), str) and delta[name]:
            return str(delta[name])
    details = delta.get("reasoning_details")
    if not isinstance(details, list):
        return ""
    return "".join(str(d.get("text") or d.get("summary") or "") for d in details if isinstance(d, dict))


def _pieces(content: Any) -> Iterator[Piece]:
    """A content that is a string, or a list of parts of which some are thoughts."""
    if isinstance(content, str):
        yield "answer", content
    for part in content if isinstance(content, list) else ():
        if isinstance(part.get("text"), str):
            yield "answer", part["text"]
        elif part.get("type") == "thinking":
            thought = part.get("thinking")
            inner = thought if isinstance(thought, list) else [{"text": thought}]
            yield "reasoning", "".join(str(piece.get("text") or "") for piece in inner)


def _deltas(part: str, pieces: list[Piece]) -> Iterator[TextDelta]:
    return (TextDelta(channel=channel, part=part, text=text) for channel, text in pieces if text)


def _bytes(data: str) -> bytes:
    try:
        return b64decode(data)
    except binascii.Error as error:
        raise ValueError("not base64") from error
