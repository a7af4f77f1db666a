"""`pytest tests/fuzz --fuzz-cases 100000` for the long run; otherwise the short one."""

from __future__ import annotations

import pytest

SHORT = 600


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fuzz-cases", type=int, default=SHORT, help="cases of each fuzz test")


@pytest.fixture
def cases(request: pytest.FixtureRequest) -> int:
    """How many cases to try; the option is only known where this folder was named on the command line."""
    return int(request.config.getoption("--fuzz-cases", default=SHORT))
