"""Events as the lines of `--json`: what is never optional is there, what is optional and empty is not."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

import pytest

from desktop.core.events import KINDS, AskOpened, Event, FileShown, Raw
from desktop.core.recordings.eventjson import to_json

OPTIONAL = (None, "", [], (), {}, False)


def bare(kind: str) -> Event:
    """An event that says only what it must."""
    cls: Any = KINDS[kind]
    needed = {f.name: "x" for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING}
    event: Event = cls(**needed)
    return event


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("ask.opened", "raw")])
def test_what_is_optional_and_empty_is_left_out(kind: str) -> None:
    assert [name for name, value in to_json(bare(kind)).items() if value in OPTIONAL] == []


def test_a_request_always_says_its_words_and_whether_it_can_be_edited() -> None:
    assert to_json(AskOpened(ask="a")) == {
        "kind": "ask.opened", "ask": "a", "type": "approve", "text": "", "editable": False,
    }  # fmt: skip
    assert to_json(AskOpened(ask="a", editable=True))["editable"] is True


def test_what_is_unknown_always_has_its_data() -> None:
    assert to_json(Raw(name="n", data=None)) == {"kind": "raw", "name": "n", "data": None, "count": 1}


def test_a_file_that_is_elsewhere_has_no_data() -> None:
    assert to_json(FileShown(part="1", media="image/png", url="https://a")) == {
        "kind": "file", "part": "1", "media": "image/png", "url": "https://a",
    }  # fmt: skip
