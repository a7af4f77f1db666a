"""The tour plays without a network, shows what it promises, and is what its source says."""

from __future__ import annotations

import runpy
import socket
from pathlib import Path

import pytest

from desktop.core import conversation as c
from desktop.core.adapters import PROTOCOLS
from desktop.core.recordings.recording import RunBegun
from desktop.services.recording.files import load
from desktop.services.recording.tour import Scene, scenes
from tests.services.recorded import played

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the tour wants the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


async def conversation_of(scene: Scene) -> c.Conversation:
    again, _wire = await played(load(scene.path))
    return again


def test_there_is_a_scene_for_every_protocol() -> None:
    assert sorted(load(scene.path).connection.protocol for scene in scenes()) == sorted(PROTOCOLS)
    assert all(scene.title and scene.title != scene.path.stem for scene in scenes())


@pytest.mark.parametrize("scene", scenes(), ids=lambda scene: scene.path.stem)
async def test_a_scene_plays_to_a_good_end_and_nothing_in_it_is_unknown(scene: Scene) -> None:
    seen = await conversation_of(scene)
    assert [(run.status, run.unknown) for run in seen.runs] == [("completed", 0)]
    assert len(seen.text_of(0)) > 80
    assert not seen.open_asks()
    assert 5 < load(scene.path).seconds < 25, "a newcomer sees each within half a minute"


async def test_it_shows_thoughts_tools_a_team_an_approval_a_question_and_a_picture() -> None:
    items = [item for scene in scenes() for item in (await conversation_of(scene)).items.values()]
    assert sum(isinstance(i, c.ThoughtItem) for i in items) >= 3
    assert {i.state for i in items if isinstance(i, c.ToolItem)} == {"ok", "error"}
    assert {i.name for i in items if isinstance(i, c.AgentItem)} >= {"naturalist", "fact_checker"}
    assert {(i.type, i.state) for i in items if isinstance(i, c.AskItem)} == {
        ("approve", "answered"),
        ("question", "answered"),
    }
    assert any(isinstance(i, c.UserTurn) and i.images for i in items)
    assert any(isinstance(i, c.StepItem) for i in items)


def test_the_files_are_what_their_source_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = runpy.run_path(str(ROOT / "packaging" / "tour.py"))
    for make in ("approval", "picture", "team", "tools", "question", "steps"):
        scene = source[make]()
        kept = load(ROOT / "resources" / "tour" / f"{scene.name}.sluice-recording")
        assert [e for e in kept.entries if not isinstance(e, RunBegun)] == [
            e for e in scene.entries if not isinstance(e, RunBegun)
        ]
