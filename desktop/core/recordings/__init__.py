"""Recordings as data: their format, replaying, expectations, comparison, timeline."""
