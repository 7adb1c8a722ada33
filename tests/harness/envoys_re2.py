"""RE2 as Envoy runs it: patterns and texts are Latin-1, so a character is a byte."""

from __future__ import annotations

from typing import Any

import re2


def compiled(pattern: str) -> Any:
    """The pattern, which must be one that Envoy takes.

    Raises:
        re2.error: it is none.

    """
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    return re2.compile(pattern.encode(), options)


def fits(pattern: str, text: str) -> bool:
    """Whether the whole text fits."""
    return compiled(pattern).fullmatch(text.encode("utf-8", "surrogateescape")) is not None
