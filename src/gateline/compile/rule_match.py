r"""Conditions of balancers' rules as Envoy's RouteMatch (load-balancers.md section 2).

Of one condition's values one must fit, all conditions must hold. Used on a balancer's own listener and, for
conditions that are still open, behind `gateway.lua`.

Regular expressions are RE2, which Envoy anchors and lets read Latin-1. `\C` is any byte, a line feed too.
Letters whose case does not count are classes of two: `(?i)` would also fold letters beyond ASCII.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, assert_never

from gateline.compile.rule_pattern import Pattern, Wild, pattern
from gateline.expressions.edges import without_anchors
from gateline.expressions.re2 import written
from gateline.expressions.syntax import parse
from gateline.model.load_balancer import (
    Condition,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    PathPattern,
    QueryString,
    SourceIp,
)
from gateline.model.secret import SecretRef

PEER_STATE: Final = "gl.peer"
"""Filter state of a connection: the address of its peer, which a listener of a balancer keeps there."""

_ANY_BYTE: Final = r"\C"


def match_of(conditions: Sequence[Condition]) -> dict[str, object]:
    """The fields of the RouteMatch under which all these conditions hold; without conditions any request.

    Raises:
        TypeError: a value is a secret, which must not stand in a route table (DESIGN D8).

    """
    path: dict[str, object] = {"prefix": "/"}
    headers: list[dict[str, object]] = []
    addresses: list[dict[str, object]] = []
    for condition in conditions:
        match condition:
            case PathPattern():
                path = _path(condition)
            case HostHeader():
                headers.append(_header(":authority", host_regex(condition)))
            case HttpHeader():
                headers.append(_http_header(condition))
            case HttpRequestMethod(values=values):
                headers.append(_header(":method", "|".join(re.escape(value) for value in values)))
            case QueryString(values=values):
                headers.append(_header(":path", query_regex(values)))
            case SourceIp(values=values):
                addresses.append(_address(values))
            case _:
                assert_never(condition)
    match = dict(path)
    if headers:
        match["headers"] = headers
    if addresses:
        match["filter_state"] = addresses
    return match


def glob_regex(glob: str, *, fold: bool = False, any_byte: str = _ANY_BYTE) -> str:
    """A pattern with `*`, `?` and their escapes as RE2. `fold`: letter case does not count."""
    return "".join(
        f"{any_byte}*"
        if part is Wild.ANY_TEXT
        else any_byte
        if part is Wild.ANY_CHARACTER
        else _character(part, fold=fold)
        for part in pattern(glob)
    )


def _character(character: str, *, fold: bool) -> str:
    if fold and character.isascii() and character.isalpha():
        return f"[{character.lower()}{character.upper()}]"
    return re.escape(character)


def _header(name: str, regex: str) -> dict[str, object]:
    return {"name": name, "string_match": {"safe_regex": {"regex": regex}}}


def _path(condition: PathPattern) -> dict[str, object]:
    """Envoy compares all of these with the path without its query."""
    patterns = [pattern(value) for value in condition.values]
    if len(patterns) == 1 and not condition.regex_values:
        [only] = patterns
        body, last = only[:-1], only[-1:]
        if not _is_wild(only):
            return {"path": "".join(map(str, only))}
        if last == (Wild.ANY_TEXT,) and not _is_wild(body):
            return {"prefix": "".join(map(str, body)) or "/"}
    regexes = [glob_regex(value) for value in condition.values]
    regexes += [_whole(each) for each in condition.regex_values]
    return {"safe_regex": {"regex": "|".join(regexes)}}


def _whole(expression: str, *, fold: bool = False, without: str = "") -> str:
    """An expression for a whole value; `without`: characters that it must not reach across."""
    node = without_anchors(parse(expression, fold=fold))
    return written(node, without=frozenset(map(ord, without)))


def _is_wild(parts: Pattern) -> bool:
    return any(isinstance(part, Wild) for part in parts)


def host_regex(condition: HostHeader) -> str:
    """Authorities whose host fits: the port and a last dot do not count. No wildcard reaches into the port."""
    hosts = [glob_regex(value, fold=True, any_byte="[^:]") for value in condition.values]
    hosts += [_whole(each, fold=True, without=":") for each in condition.regex_values]
    return rf"(?:{'|'.join(hosts)})\.?(?::[0-9]*)?"


def _http_header(condition: HttpHeader) -> dict[str, object]:
    """Any occurrence: Envoy joins occurrences with commas, so a value fits alone or between commas.

    Without the white space around it, which is no part of a value or a list's member (RFC 9110 section 5.6.1).
    """
    name = condition.name.lower()
    regexes = [_whole(each, fold=True) for each in condition.regex_values]
    for value in condition.values:
        if isinstance(value, SecretRef):
            raise TypeError(f"the secret {value.name} in a condition on {name}")
        if value == "*":
            return {"name": name, "present_match": True}
        regexes.append(glob_regex(value, fold=True))
    return _header(name, rf"(?:\C*,)?[ \t]*(?:{'|'.join(regexes)})[ \t]*(?:,\C*)?")


def query_regex(values: Sequence[tuple[str | None, str]]) -> str:
    """Targets one of whose parameters fits, in plain or percent-encoded form. No key: any key will do."""
    parameters = "|".join(
        (f"{_encoded(key, stops='&=')}=" if key is not None else "(?:[^&=]*=)")
        + _encoded(value, stops="&")
        # A parameter without `=` has an empty value.
        + (f"|{_encoded(key, stops='&=')}" if key is not None and not value.strip("*") else "")
        for key, value in values
    )
    return rf"[^?]*\?(?:\C*&)?(?:{parameters})(?:&\C*)?"


def _encoded(glob: str, *, stops: str) -> str:
    """A pattern over raw text of a query that may be percent-encoded."""
    single = f"[^{stops}]"
    parts = []
    for part in pattern(glob):
        if part is Wild.ANY_TEXT:
            parts.append(f"{single}*")
        elif part is Wild.ANY_CHARACTER:
            parts.append(f"(?:%[0-9a-fA-F]{{2}}|{single})")
        else:
            parts.append(_encoded_character(part))
    return "".join(parts)


def _encoded_character(character: str) -> str:
    """A character as it stands, or percent-encoded in either case of letter and of hex digits."""
    forms = {character.lower(), character.upper()} if character.isascii() else {character}
    spelled = [re.escape(form) for form in sorted(forms)]
    for form in sorted(forms):
        code = "".join(f"%{byte:02x}" for byte in form.encode())
        spelled.append("".join(_character(each, fold=True) for each in code))
    if character == " ":
        spelled.append(r"\+")
    return f"(?:{'|'.join(spelled)})"


def _address(networks: Sequence[str]) -> dict[str, object]:
    """Of the connection's peer, kept by the listener in `PEER_STATE`; X-Forwarded-For has no part in it."""
    ranges = []
    for network in networks:
        address, _, bits = network.partition("/")
        length = int(bits) if bits else 128 if ":" in address else 32
        ranges.append({"address_prefix": address, "prefix_len": {"value": length}})
    return {"key": PEER_STATE, "address_match": {"ranges": ranges}}
