"""Places on disk: private, and apart for each data folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from desktop.services.paths import Paths, private_file, set_aside

posix = pytest.mark.skipif(os.name != "posix", reason="permission bits are POSIX")


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@posix
@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_folders_and_files_are_for_the_person_alone(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        paths = Paths(tmp_path / "new" / "data")
        assert paths.make() is None
        private_file(paths.history_file)
    finally:
        os.umask(before)
    for folder in (paths.data, paths.config, paths.drafts, paths.recordings, paths.logs):
        assert mode(folder) == 0o700
    assert mode(paths.history_file) == 0o600


@posix
def test_an_empty_folder_given_is_tightened_and_one_in_use_is_not(tmp_path: Path) -> None:
    empty, used = tmp_path / "empty", tmp_path / "used"
    for folder in (empty, used):
        folder.mkdir()
        folder.chmod(0o755)
    (used / "letter.txt").touch()
    assert Paths(empty).make() is None
    assert Paths(used).make() is None
    assert (mode(empty), mode(used)) == (0o700, 0o755)
    assert mode(used / "logs") == 0o700


def test_everything_lies_under_the_data_folder(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    for place in (
        paths.settings_file,
        paths.profiles_file,
        paths.history_file,
        paths.drafts,
        paths.recordings,
        paths.logs,
    ):
        assert place.is_relative_to(tmp_path)


def test_each_data_folder_has_keys_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = Paths(tmp_path / "one"), Paths(tmp_path / "two")
    services = {one.keyring_service, two.keyring_service, Paths.default().keyring_service}
    assert len(services) == 3
    assert Paths.default().keyring_service == "sluice"
    monkeypatch.chdir(tmp_path)
    assert Paths("one").keyring_service == one.keyring_service


@pytest.mark.skipif(sys.platform != "linux", reason="the variables are Linux's")
def test_the_default_is_where_the_platform_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, folder in {"CONFIG": "c", "DATA": "d", "STATE": "s"}.items():
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / folder))
    paths = Paths.default()
    assert paths.settings_file == tmp_path / "c" / "sluice" / "settings.json"
    assert paths.history_file == tmp_path / "d" / "sluice" / "history.db"
    assert paths.logs.is_relative_to(tmp_path / "s" / "sluice")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    words = Paths(tmp_path / "file" / "data").make()
    assert words is not None
    assert "cannot use the folder" in words


def test_what_is_set_aside_is_kept_with_its_companions(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    kept = []
    for content in ("first", "second"):
        store.write_text(content)
        (tmp_path / "store.db-wal").write_text(f"{content} wal")
        kept.append(set_aside(store, "-wal", "-shm"))
    assert None not in kept
    assert [k.read_text() for k in kept if k] == ["first", "second"]
    assert [k.with_name(k.name + "-wal").read_text() for k in kept if k] == ["first wal", "second wal"]
    assert not store.exists()


def test_what_is_gone_cannot_be_set_aside(tmp_path: Path) -> None:
    assert set_aside(tmp_path / "never") is None
