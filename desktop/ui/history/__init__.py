"""Stored conversations: the sidebar, exports and imports, usage."""
