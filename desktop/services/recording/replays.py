"""Recordings as tabs: nothing of them is stored, and nothing is sent."""

from __future__ import annotations

import uuid
from pathlib import Path

from desktop.core.language import tr
from desktop.core.recordings.recording import Recording
from desktop.services.keys.profiles import Profile
from desktop.services.recording.player import Player
from desktop.services.recording.recorder import Recorder
from desktop.services.session import Session
from desktop.services.workspace import Tab


def replay_title(name: str) -> str:
    """What a tab that plays the recording called `name` is called."""
    return tr("Replay: {name}", name=name)


def replay_tab(recording: Recording, name: str, folder: Path | None = None) -> Tab:
    """A tab that plays a recording. Its session and recorder are replaced when the recording begins anew."""
    player = Player(recording)
    profile = Profile("replay", tr("Replay"), recording.connection)
    tab = Tab(f"replay-{uuid.uuid4()}", player.session, profile, replay_title(name), player=player)

    def prepare(session: Session) -> None:
        tab.recorder.close()
        tab.session, tab.recorder = session, Recorder(folder)
        session.listeners.wire = tab.recorder

    player.prepare = prepare
    prepare(player.session)
    return tab
