"""Paths, queries and hosts of requests to backends: a client fills in values, and nothing but values.

The same rules as in `dataplane/lua/mapping.lua`: what a client chose never adds a segment, a query or a host, and a
path that could be read in two ways is 400 (attacks.md; api-gateway.md section 5.1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import quote, unquote

from gateline.integrations.outgoing import Refusal
from gateline.integrations.parameters import PathValue
from gateline.integrations.query import percent_encoded
from gateline.model.integration import PLACEHOLDER

_FORBIDDEN: Final = re.compile(r"[\x00-\x1f\x7f\\]")
_LITERAL: Final = "/?#[]@!$&'()*+,;=:%-._~{}|"  # what the definition's own text may hold unescaped
_SEGMENT: Final = "/[]@!$&'()*+,;=:%-._~|"
_WITHIN_QUERY: Final = "/[]@!$'()*,:%-._~|"  # what does not end a parameter there
_HOST: Final = re.compile(r"(?:[a-z0-9_-]+\.)*[a-z0-9_-]+\.?", re.IGNORECASE)
_AUTHORITY: Final = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?")
_LONGEST_AUTHORITY: Final = 255


def bad_request(reason: str) -> Refusal:
    """400 `Bad Request`: a value that is not sent where the definition wants it."""
    return Refusal("BAD_REQUEST_PARAMETERS", message="Bad Request", reason=reason)


def filled(template: str, values: Mapping[str, PathValue]) -> str:
    """A uri's path and query with its `{name}` parts filled in; one without a value stays as it is written [R].

    Args:
        template: path and query, as the definition writes them.
        values: what the names stand for.

    Raises:
        Refusal: 400, a value makes a path that nobody may ask for.

    """
    parts: list[str] = []
    in_query = False
    at = 0
    for match in PLACEHOLDER.finditer(template):
        value = values.get(match[1])
        if value is None:
            continue
        literal = template[at : match.start()]
        in_query = in_query or "?" in literal
        parts += [quote(literal, safe=_LITERAL), _written(value, in_query=in_query)]
        at = match.end()
    parts.append(quote(template[at:], safe=_LITERAL))
    target = "".join(parts)
    if len(parts) > 1:
        path = target.partition("?")[0]
        if _has_dot_segment(path) or _has_dot_segment(unquote(path)):
            raise bad_request("a mapped path has a dot segment")
    return target


def is_authority(value: str) -> bool:
    """Whether a Host header that a mapping writes is a name of labels or an address, and a port at most."""
    match = _AUTHORITY.fullmatch(value)
    if match is None or len(value) > _LONGEST_AUTHORITY:
        return False
    host = match[1]
    if not host.startswith("["):
        return _HOST.fullmatch(host) is not None
    try:
        return bool(IPv6Address(host[1:-1])) and "%" not in host
    except ValueError:
        return False


def _written(value: PathValue, *, in_query: bool) -> str:
    """A segment of the client's path stays as it is; what it chose elsewhere is escaped, slashes too."""
    if _FORBIDDEN.search(value.text):
        raise bad_request("a mapped path holds a byte that no path may have")
    if value.is_raw:
        return quote(value.text, safe=_WITHIN_QUERY if in_query else _SEGMENT)
    if not in_query and _has_dot_segment(f"/{value.text}"):
        raise bad_request("a mapped path has a dot segment")
    return percent_encoded(value.text)


def _has_dot_segment(path: str) -> bool:
    """Some readers end a segment at a semicolon."""
    return "." in path and any(each.partition(";")[0] in (".", "..") for each in path.split("/"))
