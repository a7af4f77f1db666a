"""The wire view, replays, and two recordings compared."""
