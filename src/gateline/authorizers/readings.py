"""Readings: the other paths that a backend may take a path for. A policy's Deny counts for each of them.

The same as `readings_of` of `dataplane/lua/routing.lua`.
"""

from __future__ import annotations

import re
from typing import Final

MOST_READINGS: Final = 24
MOST_BYTES: Final = 12_000

_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})?")


def readings(path: str) -> tuple[str, ...] | None:
    """The path's other readings.

    Decoded (at most twice), cut where a decoded `?` or `#` stands, without `;` parameters, slashes merged, in any
    order.

    With each that ends in a slash comes the one without it. None: there are more than are worth looking at, and
    the request is refused.
    """
    raw = path.encode("utf-8", "surrogateescape")
    found: dict[bytes, int] = {raw: 0}  # and how often each was decoded
    waiting, size = [raw], 0
    for number, reading in enumerate(waiting, start=1):
        if number > MOST_READINGS or size > MOST_BYTES:
            return None
        decoded = _decoded(reading) if found[reading] < 2 else None
        cut = re.split(rb"[?#]", reading, maxsplit=1)[0] if found[reading] else b""
        others = [(_bare(reading), 0), (re.sub(rb"/{2,}", b"/", reading), 0), (cut or None, 0), (decoded, 1)]
        for other, times in others:
            if other is not None and other not in found:
                found[other] = found[reading] + times
                waiting.append(other)
                size += len(other)
    every = dict.fromkeys(each for reading in found for each in (reading, reading.removesuffix(b"/")))
    every.pop(raw.removesuffix(b"/"), None)  # the method ARN itself
    return tuple(each.decode("utf-8", "surrogateescape") for each in every if each)


def _bare(path: bytes) -> bytes:
    return b"/".join(segment.partition(b";")[0] for segment in path.split(b"/"))


def _decoded(path: bytes) -> bytes | None:
    """Percent-decoded once; None when an escape is malformed."""
    if any(escape[1] is None for escape in _ESCAPE.finditer(path)):
        return None
    return _ESCAPE.sub(lambda escape: bytes((int(escape[1], 16),)), path)
