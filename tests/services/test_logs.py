"""The log file: who can read it, how large it grows, and what never stands in it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest

from desktop.services import logs
from desktop.services.keys.keychain import Keychain
from desktop.services.paths import Paths

SECRET = 'sk-a/b c+ü"-0042'
log = logging.getLogger("desktop.test")


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    level, factory = root.level, logging.getLogRecordFactory()
    logs._secrets.clear()  # what other tests of this process held for one
    yield
    logs.stop()
    logs._secrets.clear()
    root.setLevel(level)
    logging.setLogRecordFactory(factory)
    for name in logs._CHATTY:
        logging.getLogger(name).setLevel(logging.NOTSET)


def written(paths: Paths) -> str:
    return "".join(file.read_text("utf-8") for file in sorted(paths.logs.iterdir()))


def test_a_secret_is_in_no_message_argument_or_traceback(
    paths: Paths, caplog: pytest.LogCaptureFixture
) -> None:
    logs.start(paths, "debug")
    logs.redact(SECRET)
    log.info("the key is %s", SECRET)
    log.info(f"headers {{'Authorization': 'Bearer {SECRET}'}} and %r", {"k": SECRET})
    log.info("GET https://x/?key=sk-a%2Fb%20c%2B%C3%BC%22-0042")
    log.info('{"key": "sk-a/b c+\\u00fc\\"-0042"}')
    try:
        try:
            raise ValueError(f"inner {SECRET}")
        except ValueError as error:
            raise RuntimeError(f"outer {SECRET}") from error
    except RuntimeError:
        log.exception("it failed with %s", SECRET, stack_info=True)
    text = written(paths)
    assert "0042" not in text
    assert "0042" not in caplog.text
    assert text.count("[secret]") >= 7
    for kept in (
        "the key is [secret]",
        "ValueError: inner",
        "RuntimeError: outer",
        "it failed with",
        "in test_a_secret",
    ):
        assert kept in text


def test_what_goes_through_the_keychain_is_known_as_a_secret(paths: Paths) -> None:
    logs.start(paths)
    Keychain("sluice-test").keep_for_this_run("a", "typed-by-hand")
    log.warning("oops: typed-by-hand")
    assert "typed-by-hand" not in written(paths)


def test_a_value_that_begins_like_another_leaves_nothing_of_it(paths: Paths) -> None:
    logs.redact("abc")
    logs.redact("abcdef")
    assert logs.clean("x abcdef y abc z") == "x [secret] y [secret] z"
    logs.redact("")
    logs.redact(" ")
    assert logs.clean("a b") == "a b"


@pytest.mark.parametrize("variable, shown", [(None, False), ("debug", True), ("info", False)])
def test_the_environment_asks_for_more(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, variable: str | None, shown: bool
) -> None:
    monkeypatch.delenv("SLUICE_LOG", raising=False)
    if variable:
        monkeypatch.setenv("SLUICE_LOG", variable)
    logs.start(paths)
    log.debug("a detail")
    log.info("a fact")
    logging.getLogger("httpx").info("HTTP Request: GET https://example.org")
    text = written(paths)
    assert ("a detail" in text, "a fact" in text) == (shown, True)
    assert ("HTTP Request" in text) == shown


def test_the_file_is_private_and_does_not_grow_without_end(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_SIZE", 10_000)
    before = os.umask(0)
    try:
        logs.start(paths)
        assert list(paths.logs.iterdir()) == []
        for _ in range(1000):
            log.info("x" * 100)
    finally:
        os.umask(before)
    files = list(paths.logs.iterdir())
    assert len(files) == 4
    assert sum(file.stat().st_size for file in files) < 50_000
    if os.name == "posix":
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_odd_calls_and_a_missing_folder_stop_nothing(
    paths: Paths, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # pytest would keep the half characters for its own report, and cannot send them from a worker
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    logs.start(paths)
    log.warning("half %s \ud800", "\udfff")
    log.warning("too few %s %s", 1)  # noqa: PLE1206
    assert "half \\udfff \\ud800" in written(paths)
    assert "too few" in written(paths)
    logs.stop()
    (paths.data / "file").touch()
    logs.start(Paths(paths.data / "file"))
    log.warning("nowhere to go")
    assert "nowhere" not in capsys.readouterr().err
