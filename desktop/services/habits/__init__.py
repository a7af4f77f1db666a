"""What the person set, wrote once for all, and the language."""
