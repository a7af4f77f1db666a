"""Which language is spoken, and that no language file can keep the program from starting."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from desktop.core import language
from desktop.core.language import tr
from desktop.services import resources
from desktop.services.habits import languages
from desktop.services.habits.settings import SettingsFile
from desktop.services.paths import Paths


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, []),
        ({"LANG": "de_DE.UTF-8"}, ["de_DE.UTF-8"]),
        ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "fr_FR"}, ["fr_FR"]),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "C.UTF-8"}, ["en"]),
        ({"LANG": "C", "LANGUAGE": "de"}, ["en"]),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "nl:de"}, ["nl", "de", "en_US.UTF-8"]),
        ({"LANG": "", "LC_ALL": "de_AT"}, ["de_AT"]),
    ],
)
def test_the_environment_asks_as_everywhere(environ: dict[str, str], wanted: list[str]) -> None:
    assert languages.from_environment(environ) == wanted


@pytest.mark.parametrize(
    ("wanted", "system", "code"),
    [
        ("de", (), "de"),
        ("en", ("de-DE",), "en"),
        ("tlh", (), "en"),
        (None, ("de-AT", "en-GB"), "de"),
        (None, ("tlh", "de"), "de"),
        (None, ("en-GB", "de"), "en"),
    ],
)
def test_the_setting_goes_before_the_system(
    wanted: str | None, system: tuple[str, ...], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE"):
        monkeypatch.delenv(name, raising=False)
    assert languages.start(wanted, system) == language.code() == code
    assert tr("Send") == ("Senden" if code == "de" else "Send")


def test_the_languages_are_offered_by_their_own_names() -> None:
    offered = languages.offered()
    assert next(iter(offered)) == "en"
    assert (offered["en"], offered["de"]) == ("English", "Deutsch")


@pytest.mark.parametrize("text", [b"msgid", b"\xff\xfe", b'msgid "a"\nmsgstr[3] "b"\n', b""])
def test_a_damaged_file_is_english(text: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "xx.po").write_bytes(text)
    monkeypatch.setattr(languages, "places", lambda _: (tmp_path,))
    assert languages.offered() == {"en": "English", "xx": "xx"}
    languages.start("xx")
    assert tr("Send") == "Send"


def test_without_the_files_it_speaks_english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(languages, "places", lambda _: (tmp_path / "nowhere",))
    assert languages.start("de") == "en"
    assert languages.offered() == {"en": "English"}


def test_english_reads_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(languages, "places", lambda _: pytest.fail("looked for files"))
    assert languages.start() == "en"
    assert languages.start(None, ("en-US", "de")) == "en"


def test_the_choice_is_kept(tmp_path: Path) -> None:
    first = SettingsFile(Paths(tmp_path))
    assert first.settings.language is None
    first.settings.language = "de"
    first.save()
    assert SettingsFile(Paths(tmp_path)).settings.language == "de"


def run(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    return subprocess.run(
        [sys.executable, "-m", "desktop", *words],
        capture_output=True, text=True, encoding="utf-8", check=False, env={**clean, "PYTHONUTF8": "1", **environ},
        cwd=resources.places("languages")[1].parents[1],
    )  # fmt: skip


NOBODY = ("ask", "--protocol", "openai", "--url", "http://127.0.0.1:9/v1", "hello")


def test_the_command_line_speaks_the_language_of_its_terminal() -> None:
    done = run(*NOBODY, LANG="de_DE.UTF-8")
    assert done.returncode == 2
    assert "Unter http://127.0.0.1:9 antwortet nichts." in done.stderr
    assert "Nothing answers at http://127.0.0.1:9." in run(*NOBODY, LANG="tlh").stderr


def test_what_programs_read_stays_english() -> None:
    done = run(*NOBODY[:-1], "--json", "hello", LANG="de_DE.UTF-8")
    assert done.returncode == 2
    assert "Nothing answers at http://127.0.0.1:9." in done.stdout
    assert run("protocols", LANG="de_DE.UTF-8").stdout == run("protocols", LANG="C.UTF-8").stdout
