"""The person's habits: commands, shortcuts, settings, snippets, and what the menus open."""
