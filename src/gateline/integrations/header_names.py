"""How names of headers are spelled in events.

Functions look names up as they are written. API Gateway hands a name on as the client sent it, but writes some
names its own way (api-gateway.md section 9). An `aws_proxy` event gets the client's spelling; for an authorizer's
event Envoy knows all names in lower case only, and the client's spelling is lost. There, in this order:

1. Amazon's own spelling, where it has one for every event;
2. the definition's spelling (an identity source, a parameter): what the author of the API looks for;
3. of an HTTP/1 client, a registered name as its RFC spells it, as nearly all such clients do;
4. lower case. It is exact for HTTP/2, where names are lower case on the wire: a capture in aws/aws-sam-cli#1860
   shows `X-Test-Camel-Dashes` of curl over TLS as `x-test-camel-dashes`, and `accept` and `content-type` beside
   `Authorization`, `Host` and `User-Agent`. Title-Case would invent a spelling that many clients never send.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final


def _by_lower_case(names: Iterable[str]) -> dict[str, str]:
    """Lower case to spelling; the first spelling counts."""
    spellings: dict[str, str] = {}
    for name in names:
        spellings.setdefault(name.lower(), name)
    return spellings


AMAZON_SPELLS: Final = _by_lower_case(
    (
        "Authorization",
        "Host",
        "User-Agent",
        "X-Amzn-Trace-Id",
        "X-Forwarded-For",
        "X-Forwarded-Port",
        "X-Forwarded-Proto",
        # of CloudFront, where such a distribution stands in front
        "CloudFront-Forwarded-Proto",
        "CloudFront-Is-Desktop-Viewer",
        "CloudFront-Is-Mobile-Viewer",
        "CloudFront-Is-SmartTV-Viewer",
        "CloudFront-Is-Tablet-Viewer",
        "CloudFront-Viewer-ASN",
        "CloudFront-Viewer-Country",
        "Via",
        "X-Amz-Cf-Id",
    )
)
"""Names that have one spelling in captures of real events, whoever sent them how."""

_REGISTERED: Final = _by_lower_case(
    (
        "Accept",
        "Accept-Charset",
        "Accept-Encoding",
        "Accept-Language",
        "Access-Control-Request-Headers",
        "Access-Control-Request-Method",
        "Cache-Control",
        "Content-Encoding",
        "Content-Language",
        "Content-Type",
        "Cookie",
        "Date",
        "From",
        "If-Match",
        "If-Modified-Since",
        "If-None-Match",
        "If-Range",
        "If-Unmodified-Since",
        "Origin",
        "Pragma",
        "Prefer",
        "Proxy-Authorization",
        "Range",
        "Referer",
        "Upgrade-Insecure-Requests",
    )
)
"""Registered names of requests, as their RFCs spell them (RFC 9110, 9111, 6265, 6454, 7240, Fetch)."""


def spellings(definition: Iterable[str], protocol: str) -> Mapping[str, str]:
    """Lower case to spelling, where the client's spelling is lost.

    `definition` holds names as the definition spells them; `protocol` is the client's: HTTP/1.1 or HTTP/2.
    """
    usual = _REGISTERED if protocol.startswith("HTTP/1") else {}
    return {**usual, **_by_lower_case(definition), **AMAZON_SPELLS}
