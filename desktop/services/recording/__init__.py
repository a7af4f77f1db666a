"""Recordings: kept while a session runs, stored, played, compared, expected."""
