"""`python -m desktop` and the `sluice` command."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; returns the exit status."""
    if "--serve-local-model" in sys.argv[1:2]:  # the hidden switch: this process is the small model's server
        from desktop.services.local_model.server import serve

        return serve()
    from desktop.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
