"""Filters of local replies: which of Envoy's own answers a mapper is for. They run for those answers alone."""

from __future__ import annotations

from typing import Final

from gateline.compile.wire import extension
from gateline.dataplane import keys

SLOW_TO_CONNECT: Final = "response.code_details.contains('connection_timeout')"
"""CEL: no connection came about in time, where it could also have been refused."""


def by_flags(*flags: str) -> dict[str, object]:
    """Answers with one of these response flags."""
    return {"response_flag_filter": {"flags": list(flags)}}


def by_expression(expression: str) -> dict[str, object]:
    """Answers for which a CEL expression holds."""
    return {
        "extension_filter": extension(
            "envoy.access_loggers.extension_filters.cel",
            "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter",
            expression=expression,
        )
    }


def by_metadata(key: str, value: str | None = None) -> dict[str, object]:
    """Answers to requests of which the script has said this under a key; None: anything."""
    expected = {"present_match": True} if value is None else {"string_match": {"exact": value}}
    matcher = {"filter": keys.NAMESPACE, "path": [{"key": key}], "value": expected}
    return {"metadata_filter": {"matcher": matcher, "match_if_key_not_found": {"value": False}}}


def all_of(*filters: dict[str, object]) -> dict[str, object]:
    """Answers that all these filters are for."""
    return {"and_filter": {"filters": list(filters)}}
