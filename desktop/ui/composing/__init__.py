"""Writing: the composer, what waits to be sent, versions of what was said."""
