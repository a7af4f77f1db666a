"""Sluice: a native desktop chat for streaming agents."""

import time

STARTED = time.monotonic()  # when the program's first line ran

__version__ = "0.1.0"
