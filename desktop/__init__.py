"""Sluice: a native desktop chat for streaming agents."""

__version__ = "0.1.0"
