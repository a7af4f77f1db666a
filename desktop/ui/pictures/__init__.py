"""Pictures on their way into a message."""
