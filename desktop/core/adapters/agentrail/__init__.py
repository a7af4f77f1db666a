"""What Agentrail speaks."""

from desktop.core.adapters.agentrail.adapter import AgentrailAdapter

__all__ = ["AgentrailAdapter"]
