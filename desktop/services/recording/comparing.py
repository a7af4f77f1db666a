"""Two recordings, played without a window and held against each other. Nothing is sent."""

from __future__ import annotations

from desktop.core.conversation import Conversation
from desktop.core.recordings.comparison import Comparison, compare
from desktop.core.recordings.recording import Recording
from desktop.services.recording.player import MAX_SPEED, Player
from desktop.services.system.daemon import in_daemon

DIFFERS = 8  # the exit status where two recordings differ in more than time


async def played(recording: Recording) -> Conversation:
    """The conversation that a recording is of, with its decisions taken as they were."""
    player = Player(recording, decide=True)
    player.play(MAX_SPEED)
    await player.ended()
    conversation = player.session.conversation
    await player.close()
    return conversation


async def compared(a: Recording, b: Recording) -> Comparison:
    """What differs between two recordings; the window goes on meanwhile."""
    first, second = await played(a), await played(b)
    return await in_daemon(lambda: compare(first, second), "compare recordings")
