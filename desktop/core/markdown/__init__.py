"""Markdown that is still being written: slices, what can already be shown of the last one, and what a person reads.

A text is cut into *slices* that no later character can change. Each slice becomes a few *elements* (paragraphs, code,
tables), the one form from which the pane, the clipboard, the exports and the screen reader take what they show.
"""
