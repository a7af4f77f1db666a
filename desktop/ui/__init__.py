"""The window: with app.py, the only part that knows Qt."""
