"""`gateline` and `python -m gateline`."""

from __future__ import annotations

import os
import sys

from gateline.runtime.house import live, needs_house


def main() -> None:
    """Run the command line; what keeps processes does so below a house."""
    if needs_house(sys.argv[1:], os.environ):
        sys.exit(live())
    from gateline.cli.app import app  # noqa: PLC0415 - the house has no use for it

    app(prog_name="gateline")


if __name__ == "__main__":
    main()
