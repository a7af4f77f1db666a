"""Every recording gives the conversation that was written down for it, however its bytes are cut."""

from __future__ import annotations

import pytest

from desktop.core.adapters import PROTOCOLS
from tests.core.recordings import FOLDER, conversation_of, differences, events_of, expectations

CASES = [(p, name) for p in PROTOCOLS for name in expectations(p)]
STRIDE = 509  # bytes; longer than most frames, and no multiple of anything
SIZES = [None, 1, 2, 3, 7, 61, 1024]


@pytest.mark.parametrize(("protocol", "name"), CASES)
def test_recording_gives_what_was_written_down(protocol: str, name: str) -> None:
    wanted = expectations(protocol)[name]
    assert differences(conversation_of(events_of(protocol, name)), wanted) == []


@pytest.mark.parametrize(("protocol", "name"), CASES)
def test_recording_is_the_same_in_pieces(protocol: str, name: str) -> None:
    whole = conversation_of(events_of(protocol, name))
    for size in SIZES:
        assert conversation_of(events_of(protocol, name, size=size)) == whole, f"in pieces of {size}"


@pytest.mark.parametrize(("protocol", "name"), CASES)
def test_recording_is_the_same_cut_at_every_byte(protocol: str, name: str) -> None:
    """Every byte of the body is once the place of a cut: pieces of `STRIDE` bytes behind a first one of each length."""
    whole = conversation_of(events_of(protocol, name))
    length = len((FOLDER / protocol / f"{name}.http").read_bytes().split(b"\r\n\r\n", 1)[-1])
    for first in range(1, min(STRIDE + 1, length)):
        cuts = range(first, length, STRIDE)
        assert conversation_of(events_of(protocol, name, cuts=cuts)) == whole, f"cut at {first} and on"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_recording_is_without_an_expectation(protocol: str) -> None:
    files = {f.stem for f in (FOLDER / protocol).glob("*.http")} if (FOLDER / protocol).is_dir() else set()
    assert files - set(expectations(protocol)) == set()
