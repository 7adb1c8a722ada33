"""An authorizer that knows nobody."""

from __future__ import annotations

from typing import Any


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Refuse."""
    raise Exception("Unauthorized")  # noqa: TRY002 - the words and the class that Amazon knows
