"""Lambda's error object, `{"errorMessage", "errorType", "stackTrace"}`, as others write it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from gateline.functions.answer import Raised

_FIELDS: Final = {"errorMessage", "errorType", "stackTrace", "trace", "requestId", "cause"}
"""What runtimes put into it: Node.js writes `trace`, Java `cause`, the newer Python `requestId`."""


def raised(payload: bytes, kind: str = "") -> Raised:
    """The error that a payload tells; `kind` is its type where the payload names none.

    Custom runtimes may send anything: what is no error object becomes the message of one.
    """
    found = _document(payload)
    if found is None:
        found = {"errorMessage": payload.decode(errors="replace"), "errorType": kind}
        payload = json.dumps(found).encode()
    message = found.get("errorMessage")
    return Raised("" if message is None else str(message), str(found.get("errorType") or kind), payload)


def is_error_object(payload: bytes) -> bool:
    """Whether a payload is an error object and can be nothing else."""
    if b'"errorMessage"' not in payload:
        return False
    found = _document(payload) or {}
    return {"errorMessage", "errorType"} <= found.keys() <= _FIELDS


def told(payload: bytes, kind: str = "") -> str:
    """An error with its stack trace, for the operator."""
    error = raised(payload, kind)
    found = _document(error.payload) or {}
    trace = found.get("stackTrace") or found.get("trace")
    lines = [str(line).rstrip("\n") for line in trace] if isinstance(trace, list) else []
    return "\n".join((f"{error.error_type or 'Runtime.Unknown'}: {error.message}", *lines))


def _document(payload: bytes) -> Mapping[str, object] | None:
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None
