"""What a guard answers by itself; the same bytes for every reason of a refusal."""

from __future__ import annotations

import json
from http import HTTPStatus


def answer(status: int) -> tuple[list[tuple[str, str]], bytes]:
    """Headers and body for a status: 204 is the accepted probe, everything else a refusal."""
    if status == 204:
        return [("x-gateline-guard", "1"), ("cache-control", "no-store")], b""
    body = json.dumps({"message": HTTPStatus(status).phrase}).encode()
    return [
        ("content-type", "application/json"),
        ("content-length", str(len(body))),
        ("cache-control", "no-store"),
    ], body
