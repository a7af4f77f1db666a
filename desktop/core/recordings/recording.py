"""Recordings of sessions: what was sent, what came and when, what the person decided. One JSON object a line.

packaging/RECORDINGS.md describes the format for others. Secrets were taken out before any of this is made.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from desktop.core.errors import SluiceError
from desktop.core.events import Failure
from desktop.core.language import tr, trn
from desktop.core.recordings.redaction import picture_mark
from desktop.core.recordings.replay import parse_http
from desktop.core.requests import Answer, Base64Image, Connection, Image, Prompt
from desktop.core.wire.jsontext import clean, compact, parse

VERSION = 1
SUFFIX = ".sluice-recording"
_MARK = "sluice-recording"
Cause = Literal["prompt", "decision", "look-up"]


class NoRecording(SluiceError):
    """The file is no recording, or a newer Sluice wrote it."""

    code = "recording"


@dataclass(frozen=True, slots=True)
class RunBegun:
    """A run starts. `t` is in seconds since the recording's start, here and everywhere below. `secrets` names what
    the connection held, without the values; `uuid` is the conversation's own."""

    t: float
    run: int
    connection: Connection
    prompt: Prompt | None = None
    cause: Cause = "prompt"
    uuid: str = ""
    session_id: str | None = None
    secrets: tuple[str, ...] = ()
    patient: bool = False


@dataclass(frozen=True, slots=True)
class Requested:
    """A request. `exchange` numbers request and answer, from 0; `body` is the JSON value that was sent; `left_out`
    says that there was one which is not kept."""

    t: float
    exchange: int
    run: int
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    stream: bool = False
    left_out: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """The head of an answer; header names are in lower case."""

    t: float
    exchange: int
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes of an answer as they came."""

    t: float
    exchange: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """The answer is over. `failure` says why if it broke off, or never began."""

    t: float
    exchange: int
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """The person answered an ask."""

    t: float
    answer: Answer


@dataclass(frozen=True, slots=True)
class Stopped:
    """The person stopped the run ("stop"), it was given up, or left to wait."""

    t: float
    how: str = "stop"


Entry = RunBegun | Requested | Head | Chunk | Ended | Decided | Stopped


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording in memory. `note` says what is missing, for people; empty if nothing is."""

    entries: tuple[Entry, ...]
    title: str = ""
    made: str = ""
    note: str = ""

    @property
    def connection(self) -> Connection:
        """What the first run talked to."""
        return next(e.connection for e in self.entries if isinstance(e, RunBegun))

    @property
    def seconds(self) -> float:
        """How long it lasted."""
        return self.entries[-1].t if self.entries else 0.0


# ---- writing


def lines_of(
    entries: Iterable[Entry], title: str = "", made: str = "", by: str = "", pictures: bool = True, note: str = ""
) -> Iterator[str]:
    """The lines of the file, without their ends. `made` is a time in ISO 8601. Without `pictures` those that the
    person sent are left out, and only their hashes stay."""
    yield _line({_MARK: VERSION, "title": title, "made": made, "by": by, "note": note})
    seen: set[str] = set()
    for entry in entries:
        if pictures and isinstance(entry, RunBegun) and entry.prompt is not None:
            for image in entry.prompt.images:
                if image.data and (mark := picture_mark(image)) not in seen:
                    seen.add(mark)
                    yield f'{{"is":"picture","hash":"{mark}","data":"{Base64Image(image)}"}}'
        yield _line(_written(entry))


def _line(values: Mapping[str, Any]) -> str:
    return compact(clean({k: v for k, v in values.items() if v is not None and v != ""}))


def _written(entry: Entry) -> dict[str, Any]:
    t = round(entry.t, 6)
    match entry:
        case RunBegun():
            return {"is": "run", "t": t, **_run(entry)}
        case Requested():
            values = {"is": "request", "t": t, "exchange": entry.exchange, "run": entry.run, "method": entry.method}
            values |= {"url": entry.url, "headers": dict(entry.headers), "body": entry.body}
            return {**values, "stream": entry.stream or None, "left_out": entry.left_out or None}
        case Head():
            head = {"status": entry.status, "headers": dict(entry.headers)}
            return {"is": "head", "t": t, "exchange": entry.exchange, **head}
        case Chunk():
            return {"is": "chunk", "t": t, "exchange": entry.exchange, **_bytes(entry.data)}
        case Ended():
            values = {"is": "end", "t": t, "exchange": entry.exchange}
            return {**values, "failure": _failure(entry.failure)} if entry.failure else values
        case Decided():
            answer = {name: getattr(entry.answer, name) for name in _ANSWER}
            said = {name: value for name, value in answer.items() if value is not None and value != ()}
            return {"is": "decision", "t": t, "answer": said}
        case Stopped():
            return {"is": "stop", "t": t, "how": entry.how}


_ANSWER = ("ask", "allow", "choices", "text", "args", "note")


def _run(entry: RunBegun) -> dict[str, Any]:
    place = entry.connection
    values: dict[str, Any] = {"run": entry.run, "protocol": place.protocol, "url": place.base_url}
    values |= {"agent": place.agent, "options": dict(place.options) or None, "uuid": entry.uuid}
    values |= {"session": entry.session_id, "secrets": list(entry.secrets) or None, "patient": entry.patient or None}
    if entry.prompt is None:
        return {**values, "cause": entry.cause}
    images = [{"name": i.name, "media": i.media, "hash": picture_mark(i)} for i in entry.prompt.images]
    return {**values, "text": entry.prompt.text or None, "images": images or None}


def _bytes(data: bytes) -> dict[str, str]:
    try:
        return {"text": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": b64encode(data).decode()}


def _failure(failure: Failure) -> dict[str, Any]:
    values = {name: getattr(failure, name) for name in ("text", "code", "http", "retry_after")}
    return {name: value for name, value in values.items() if value is not None}


# ---- reading


def is_recording(data: bytes) -> bool:
    """Whether a file's beginning is that of a recording of ours."""
    return _MARK.encode() in data[:200]


def read(text: str) -> Recording:
    """The recording in a file's text. What a newer Sluice added is passed over; a last line that was cut off too.
    Raises NoRecording, with words for people."""
    lines = text.split("\n")  # not splitlines: a line may hold other characters that end lines elsewhere
    head = _object(lines[0]) if lines else None
    if head is None or _MARK not in head:
        raise NoRecording(tr("This file is no recording of Sluice."))
    if not isinstance(head[_MARK], int) or head[_MARK] > VERSION:
        raise NoRecording(tr("A newer version of Sluice wrote this recording. Update Sluice to open it."))
    note = str(head.get("note", ""))
    entries, broken = _entries(lines[1:])
    if broken:
        lost = trn("{n} of its lines could not be read.", "{n} of its lines could not be read.", broken)
        note = f"{note} {lost}".strip()
    if not any(isinstance(entry, RunBegun) for entry in entries):
        raise NoRecording(tr("This recording is empty: no run was recorded in it."))
    return Recording(tuple(entries), str(head.get("title", "")), str(head.get("made", "")), note)


def _entries(lines: Iterable[str]) -> tuple[list[Entry], int]:
    entries: list[Entry] = []
    pictures: dict[str, bytes] = {}
    broken = 0
    for line in filter(str.strip, lines):
        values = _object(line)
        try:
            if values is None:
                raise ValueError("no object")
            if values.get("is") == "picture":
                pictures[values["hash"]] = b64decode(values["data"])
            elif (entry := _entry(values, pictures)) is not None:
                entries.append(entry)
        except (ValueError, KeyError, TypeError, AttributeError):
            broken += 1
    return sorted(entries, key=lambda entry: entry.t), broken


def _object(line: str) -> dict[str, Any] | None:
    try:
        values = parse(line)
    except ValueError:
        return None
    return values if isinstance(values, dict) else None


def _entry(values: dict[str, Any], pictures: Mapping[str, bytes]) -> Entry | None:
    t = float(values.get("t", 0.0))
    match values.get("is"):
        case "run":
            return _read_run(values, t, pictures)
        case "request":
            names = ("headers", "body", "stream", "left_out")
            more = {name: values[name] for name in names if name in values}
            return Requested(
                t, int(values["exchange"]), int(values.get("run", 0)), values["method"], values["url"], **more
            )
        case "head":
            return Head(t, int(values["exchange"]), int(values["status"]), dict(values.get("headers", {})))
        case "chunk":
            data = values["text"].encode() if "text" in values else b64decode(values["base64"])
            return Chunk(t, int(values["exchange"]), data)
        case "end":
            failure = values.get("failure")
            return Ended(t, int(values["exchange"]), Failure(**failure) if failure else None)
        case "decision":
            answer = dict(values["answer"])
            answer["choices"] = tuple(answer.get("choices", ()))
            return Decided(t, Answer(**answer))
        case "stop":
            return Stopped(t, str(values.get("how", "stop")))
    return None


def _read_run(values: dict[str, Any], t: float, pictures: Mapping[str, bytes]) -> RunBegun:
    options = dict(values.get("options", {}))
    place = Connection(str(values["protocol"]), str(values["url"]), values.get("agent"), options)
    begun = RunBegun(
        t,
        int(values.get("run", 0)),
        place,
        uuid=str(values.get("uuid", "")),
        session_id=values.get("session"),
        secrets=tuple(values.get("secrets", ())),
        patient=bool(values.get("patient", False)),
    )
    if "cause" in values:
        return replace(begun, cause=values["cause"])
    images = tuple(Image(i["name"], i["media"], pictures.get(i["hash"], b"")) for i in values.get("images", ()))
    return replace(begun, prompt=Prompt(str(values.get("text", "")), images))


def from_http(data: bytes, protocol: str, title: str = "") -> Recording:
    """A recording made of one answer in a `.http` file, whose arrival times are not known. Raises NoRecording."""
    try:
        status, headers, body = parse_http(data)
    except ValueError as error:
        raise NoRecording(str(error)) from error
    asked = Prompt(title or f"({tr('a recorded answer')})")
    begun = RunBegun(0.0, 0, Connection(protocol, "http://replay.invalid"), asked)
    entries: list[Entry] = [begun, Requested(0.0, 0, 0, "", "", stream=True), Head(0.0, 0, status, headers)]
    return Recording((*entries, Chunk(0.0, 0, body), Ended(0.0, 0)), title)


def pretty(value: Any) -> str:
    """A JSON value for reading."""
    return json.dumps(clean(value), ensure_ascii=False, indent=2)
