"""Deciding: the dialog, the inbox over all tabs, rules, questions, and the list of decisions."""
