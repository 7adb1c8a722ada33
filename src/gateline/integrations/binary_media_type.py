"""Which bodies are binary: `x-amazon-apigateway-binary-media-types` (api-gateway.md section 12)."""

from __future__ import annotations

from collections.abc import Iterable


def is_binary(header: str | None, configured: Iterable[str]) -> bool:
    """Whether the media type that a Content-Type or Accept header names is one of the configured ones.

    Only the first media type of the header counts, without its parameters [R]. A configured `image/*` or `*/*`
    is a wildcard, `*/png` is not [R]; a wildcard of the client's is only equal to itself [R]. `*/*` also takes a
    request that names no type [F].
    """
    named = first_media_type(header)
    return any(_takes(entry.strip().lower(), named) for entry in configured)


def first_media_type(header: str | None) -> str:
    """The first media type of a Content-Type or Accept header, without parameters, in lower case; "" for none."""
    return (header or "").split(",", 1)[0].split(";", 1)[0].strip().lower()


def _takes(entry: str, named: str) -> bool:
    if entry == "*/*":
        return True
    if not named:
        return False
    return entry == named or (entry.endswith("/*") and named.startswith(entry[:-1]))
