"""What these tests share, some of it with those of the services."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.services import logs
from desktop.services.paths import Paths
from tests.services.conftest import real_keyring

__all__ = ["logged", "real_keyring"]


@pytest.fixture
def logged(tmp_path: Path) -> Iterator[Paths]:
    """A program that logs everything it can."""
    root = logging.getLogger()
    level, factory = root.level, logging.getLogRecordFactory()
    paths = Paths(tmp_path)
    logs.start(paths, "debug")
    yield paths
    logs.stop()
    root.setLevel(level)
    logging.setLogRecordFactory(factory)
