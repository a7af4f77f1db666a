"""Settings: kept, checked, and never in the way of a start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from desktop.services.habits.settings import SettingsFile
from desktop.services.paths import Paths


def files(paths: Paths) -> list[str]:
    return sorted(f.name for f in paths.config.iterdir() if f.is_file())


def test_what_is_changed_is_there_at_the_next_start(paths: Paths) -> None:
    file = paths.settings_file
    store = SettingsFile(paths)
    assert (store.settings.theme, store.settings.zoom, store.trouble) == ("system", 1.0, None)
    store.settings.theme, store.settings.zoom, store.settings.sidebar = "dark", 1.25, False
    store.save()
    again = SettingsFile(paths)
    assert (again.settings.theme, again.settings.zoom, again.settings.sidebar) == ("dark", 1.25, False)
    if os.name == "posix":
        assert file.stat().st_mode & 0o777 == 0o600
    assert files(paths) == ["settings.json"]


def test_a_look_alone_writes_no_file(paths: Paths) -> None:
    SettingsFile(paths).save()
    assert files(paths) == []


@pytest.mark.parametrize(
    "name, value", [("theme", "pink"), ("zoom", 40), ("zoom", True), ("zoom", float("nan"))]
)
def test_a_value_that_makes_no_sense_is_not_written(paths: Paths, name: str, value: object) -> None:
    file = SettingsFile(paths)
    setattr(file.settings, name, value)
    file.save()
    again = SettingsFile(paths)
    assert again.trouble is None
    assert (again.settings.theme, again.settings.zoom) == ("system", 1.0)


def test_keys_of_a_newer_program_are_kept(paths: Paths) -> None:
    file = paths.settings_file
    file.write_text('{"theme": "light", "hologram": {"depth": 3}}')
    store = SettingsFile(paths)
    assert store.trouble is None
    store.settings.theme = "dark"
    store.save()
    written = json.loads(file.read_text())
    assert (written["hologram"], written["theme"]) == ({"depth": 3}, "dark")


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe\x00", b"[" * 100_000], ids=str)
def test_a_damaged_file_gives_the_usual_values_and_is_kept(paths: Paths, content: bytes) -> None:
    file = paths.settings_file
    file.write_bytes(content)
    store = SettingsFile(paths)
    assert store.settings.theme == "system"
    assert store.trouble is not None
    (kept,) = paths.config.glob("settings.json.damaged-*")
    assert kept.name in store.trouble
    assert kept.read_bytes() == content
    store.settings.theme = "dark"
    store.save()
    assert SettingsFile(paths).settings.theme == "dark"


def test_one_bad_value_costs_only_itself(paths: Paths) -> None:
    file = paths.settings_file
    file.write_text('{"theme": "dark", "zoom": "huge"}')
    store = SettingsFile(paths)
    assert (store.settings.theme, store.settings.zoom) == ("dark", 1.0)
    assert store.trouble is not None
    assert "zoom" in store.trouble


def test_a_file_that_cannot_be_read_is_never_written_over(paths: Paths) -> None:
    paths.settings_file.mkdir()
    store = SettingsFile(paths)
    assert store.trouble is not None
    store.settings.theme = "dark"
    store.save()
    assert store.trouble is not None
    assert paths.settings_file.is_dir()


def test_what_cannot_be_saved_is_told_and_is_saved_once_it_can_be(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    paths = Paths(in_the_way)
    store = SettingsFile(paths)
    store.settings.theme = "dark"
    store.save()
    assert store.trouble is not None
    in_the_way.unlink()
    store.save()
    assert store.trouble is None
    assert SettingsFile(paths).settings.theme == "dark"


def test_a_start_does_not_pay_for_pydantic() -> None:
    program = "import sys, desktop.services.habits.settings; print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
