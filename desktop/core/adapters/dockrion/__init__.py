"""What Dockrion speaks."""

from desktop.core.adapters.dockrion.adapter import DockrionAdapter

__all__ = ["DockrionAdapter"]
