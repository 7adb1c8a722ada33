"""JSON objects of others: read strictly."""

from __future__ import annotations

import json
from typing import Any


def json_object(text: bytes) -> dict[str, Any] | None:
    """The object that these bytes (UTF-8) are; None: they are none. Infinity and NaN are no JSON."""
    try:
        found = json.loads(text.decode(), parse_constant=_refused)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _refused(name: str) -> object:
    raise ValueError(name)


def is_number(value: object) -> bool:
    """Whether a value is a number of JSON that can be a moment: no bool, and finite."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15
