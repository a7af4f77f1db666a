"""Measurements on the real widget. Not collected by the tests: run each with python -m tests.bench.NAME."""
