"""What PromptShuttle speaks."""

from desktop.core.adapters.promptshuttle.adapter import PromptShuttleAdapter

__all__ = ["PromptShuttleAdapter"]
