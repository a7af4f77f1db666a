"""Services do input and output, still without Qt."""
