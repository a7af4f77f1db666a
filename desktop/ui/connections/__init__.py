"""Connections: the editor, the picker, the doctor, and where keys are."""
