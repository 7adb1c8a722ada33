"""Compressed bodies that the script has looked at: Envoy decompresses behind it, so the host does for itself.

Only what Envoy will decompress is read, so that no body is judged as one thing and sent as another.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Final

from gateline.dataplane import keys

_GZIP: Final = 16 + zlib.MAX_WBITS


class NotCompressed(Exception):
    """The body is not what its Content-Encoding says, or that is a coding which is not read: 415 at Amazon."""


def plain_body(body: bytes, codings: Sequence[str]) -> bytes:
    """The body as the backend gets it, of a stage whose bodies are decompressed.

    Args:
        body: as it came.
        codings: the values of its Content-Encoding headers.

    Raises:
        NotCompressed: it cannot be read, or is longer than a request may be.

    """
    named = [coding.strip(" \t").lower() for value in codings for coding in value.split(",")]
    if named in ([], [""], ["identity"]) or not body:
        return body
    if named != ["gzip"]:
        raise NotCompressed
    reader = zlib.decompressobj(_GZIP)
    try:
        plain = reader.decompress(body, keys.BODY_LIMIT + 1)
    except zlib.error:
        raise NotCompressed from None
    if not reader.eof or reader.unused_data or len(plain) > keys.BODY_LIMIT:
        raise NotCompressed
    return plain
