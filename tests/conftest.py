"""What all tests share: they read English, whatever this computer speaks."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from desktop.core import language

os.environ["LC_ALL"] = "C.UTF-8"
os.environ.pop("LANGUAGE", None)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """A test may speak another language; the next one does not."""
    yield
    if language.code() != "en":
        language.use(language.Catalogue())


@pytest.fixture(scope="session")
def qapp_cls() -> type:
    """The application that pytest-qt makes is the program's own."""
    from desktop.ui.system.file_opening import Application

    return Application
