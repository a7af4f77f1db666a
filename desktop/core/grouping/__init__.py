"""What belongs together in a conversation: `Grouping` says it item by item, while the conversation grows."""

from desktop.core.grouping.grouping import Grouping
from desktop.core.grouping.stretches import Streak

__all__ = ["Grouping", "Streak"]
