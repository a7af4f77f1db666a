"""What the tests of the window share."""

from __future__ import annotations

import os

import pytest
from PySide6.QtWidgets import QApplication

from desktop.ui import theme as themes

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture
def theme(qapp: QApplication) -> themes.Theme:
    """The light theme, applied as the program does."""
    themes.apply(qapp, themes.LIGHT)
    return themes.LIGHT
