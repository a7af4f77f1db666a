"""Saved connections and their secrets, which are in the keyring."""
