"""A conversation in other forms, out and in."""
