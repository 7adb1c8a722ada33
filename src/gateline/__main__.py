"""`gateline` and `python -m gateline`."""

from __future__ import annotations

import os
import sys

from gateline.runtime.house import live, needs_house
from gateline.runtime.standard_streams import open_standard_streams


def main() -> None:
    """Run the command line; what keeps processes does so below a house."""
    open_standard_streams()
    if needs_house(sys.argv[1:], os.environ):
        sys.exit(live())
    from gateline.cli.app import app  # noqa: PLC0415 - the house has no use for it

    app(prog_name="gateline")


if __name__ == "__main__":
    main()
