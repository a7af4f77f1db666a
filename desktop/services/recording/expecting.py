"""Hold a run against a file of expectations, and tell it: on standard error for people, as JUnit for machines."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desktop.core.conversation import Conversation
from desktop.core.errors import SluiceError
from desktop.core.language import tr
from desktop.core.recordings.expectations import as_junit, as_text, check, parse_expectations, seen_in

NOT_HELD = 7  # the exit status where an expectation did not hold


@dataclass(frozen=True, slots=True)
class Tested:
    """What `--expect` and `--junit` ask for; nothing if neither is given."""

    wanted: dict[str, Any] | None = None
    junit: Path | None = None

    @classmethod
    def of(cls, options: argparse.Namespace) -> Tested:
        """Read the file before anything is sent. Raises SluiceError."""
        if options.expect is None:
            return cls({}, options.junit) if options.junit else cls()
        try:
            return cls(parse_expectations(options.expect.read_text("utf-8")), options.junit)
        except (OSError, UnicodeError) as error:
            raise SluiceError(tr("The expectations cannot be read: {error}.", error=error)) from error

    def verdict(self, runs: Mapping[str, Conversation], status: int) -> int:
        """The exit status: 0 if all expectations held and 7 if not; `status` where nothing was expected. Raises
        SluiceError if the report cannot be written."""
        if self.wanted is None:
            return status
        seen = {name: seen_in(conversation) for name, conversation in runs.items()}
        checked = [(name, one.seconds, check(self.wanted, one)) for name, one in seen.items()]
        for name, _, checks in checked:
            sys.stderr.write(as_text(checks, name) + "\n")
        if self.junit is not None:
            try:
                self.junit.write_text(as_junit(checked), "utf-8")
            except OSError as error:
                raise SluiceError(tr("The report cannot be written: {error}.", error=error)) from error
        return 0 if all(one.held for _, _, checks in checked for one in checks) else NOT_HELD
