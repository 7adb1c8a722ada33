"""`gateline` and `python -m gateline`."""

from __future__ import annotations

from gateline.cli.app import app


def main() -> None:
    """Run the command line."""
    app(prog_name="gateline")


if __name__ == "__main__":
    main()
