"""Bytes to frames. Knows nothing of agents."""
