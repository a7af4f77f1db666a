"""Picture files: checked, read, taken from the screen."""
