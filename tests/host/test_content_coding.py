from __future__ import annotations

import gzip
import zlib

import pytest

from gateline.dataplane import keys
from gateline.host.content_coding import NotCompressed, plain_body

TEXT = b'{"a": 1}'


def _gzip(data: bytes) -> bytes:
    """Compressed; the same bytes whenever it is done, since tests are named by them."""
    return gzip.compress(data, mtime=0)


@pytest.mark.parametrize("codings", [["gzip"], ["GZIP"], [" gzip "]])
def test_gzip_is_read(codings: list[str]) -> None:
    assert plain_body(_gzip(TEXT), codings) == TEXT


@pytest.mark.parametrize("codings", [[], [""], ["identity"]])
def test_what_is_not_compressed_stays(codings: list[str]) -> None:
    assert plain_body(TEXT, codings) == TEXT


def test_nothing_stays_nothing() -> None:
    assert plain_body(b"", ["gzip"]) == b""


@pytest.mark.parametrize(
    ("body", "codings"),
    [
        (TEXT, ["gzip"]),
        (_gzip(TEXT)[:-1], ["gzip"]),
        (_gzip(TEXT) + b"more", ["gzip"]),
        (_gzip(TEXT) * 2, ["gzip"]),
        (zlib.compress(TEXT), ["deflate"]),
        (_gzip(_gzip(TEXT)), ["gzip, gzip"]),
        (_gzip(TEXT), ["gzip", "gzip"]),
        (_gzip(TEXT), ["br"]),
        (_gzip(b"0" * (keys.BODY_LIMIT + 1)), ["gzip"]),
    ],
)
def test_what_envoy_would_not_read_whole_is_refused(body: bytes, codings: list[str]) -> None:
    with pytest.raises(NotCompressed):
        plain_body(body, codings)


def test_the_longest_body_is_read() -> None:
    assert len(plain_body(_gzip(b"0" * keys.BODY_LIMIT), ["gzip"])) == keys.BODY_LIMIT
