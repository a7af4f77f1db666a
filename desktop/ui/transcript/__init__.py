"""The transcript: everything of a session in one scrolling area that lays out only what can be seen.

A conversation's item is an *entry*; an entry has *blocks* (a row, or one slice of its text); a block is laid out, when
somebody can see it, as *pieces* (text, code, table, picture). Only blocks near the view have pieces.
"""

from desktop.ui.transcript.view import TranscriptView

__all__ = ["TranscriptView"]
