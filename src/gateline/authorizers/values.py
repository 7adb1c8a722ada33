"""Values of conditions and resources: from how a policy writes them to how the policy text does."""

from __future__ import annotations

import ipaddress
import json
import re
from datetime import UTC, datetime
from typing import Final

from gateline.authorizers.element import AnswerInvalid, text_of, wrong

VALUE_LIMIT: Final = 512
"""Bytes of a resource (Amazon's bound, api-gateway.md section 10.4 and DESIGN D15) and of a condition's value."""

_VARIABLE: Final = re.compile(r"\$\{([^}]*)\}?")
_STARS: Final = re.compile(r"\*+")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,9})?")
_EPOCH: Final = re.compile(r"[0-9]{5,12}")
_DATE: Final = re.compile(
    r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?)?)?", re.ASCII
)


def text(value: object, where: str) -> str:
    """A condition's value as text: IAM takes texts, numbers and booleans."""
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if not isinstance(value, str):
        raise wrong(where, "text, a number or a boolean", value)
    return bounded(value, where)


def bounded(value: object, where: str) -> str:
    """A text of at most `VALUE_LIMIT` bytes."""
    written = text_of(value, where)
    if len(written.encode()) > VALUE_LIMIT:
        raise AnswerInvalid(f"{where}: longer than {VALUE_LIMIT} bytes")
    return written


def literal(written: str, where: str, *, has_variables: bool) -> str:
    """A text that is compared as it is; `${*}`, `${?}` and `${$}` are these characters."""
    return _unfolded(written, where, "*?$") if has_variables else written


def pattern(written: str, where: str, *, has_variables: bool) -> str:
    """A glob. A literal `*` or `?` has no form in the policy text, so `${*}` and `${?}` are refused here."""
    glob = _unfolded(written, where, "$") if has_variables else written
    return _STARS.sub("*", glob)


def _unfolded(written: str, where: str, allowed: str) -> str:
    """The text with its policy variables replaced by the characters that they stand for."""

    def character(found: re.Match[str]) -> str:
        if found[1] not in allowed or len(found[1]) != 1 or not found[0].endswith("}"):
            raise AnswerInvalid(
                f"{where}: policy variables are not supported under Version 2012-10-17, only ${{$}}"
                + (", ${*} and ${?}" if "*" in allowed else "")
            )
        return found[1]

    return _VARIABLE.sub(character, written)


def boolean(written: str, where: str) -> str:
    """`true` or `false`, in any case of letters."""
    if written.lower() not in ("true", "false"):
        raise AnswerInvalid(f"{where}: expected true or false")
    return written.lower()


def number(written: str, where: str) -> str:
    """A decimal number that a double holds without surprise."""
    if not _NUMBER.fullmatch(written):
        raise AnswerInvalid(f"{where}: expected a decimal number of at most 15 digits")
    return written.removeprefix("+")


def date(written: str, where: str) -> str:
    """A date of the W3C profile of ISO 8601, or seconds since 1970, as milliseconds since 1970."""
    if _EPOCH.fullmatch(written):
        return f"{int(written)}000"
    if not _DATE.fullmatch(written):
        raise AnswerInvalid(
            f"{where}: expected a date such as 2026-01-31 or 2026-01-31T12:00:00Z, or seconds since 1970"
        )
    full = written + {4: "-01-01", 7: "-01"}.get(len(written), "")
    try:
        moment = datetime.fromisoformat(full)
    except ValueError:
        raise AnswerInvalid(f"{where}: a date that no calendar has") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return str(since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000)


def network(written: str, where: str) -> str:
    """An address or a network: 32 hex digits, `/`, and how many of the 128 bits must be equal."""
    digits, slash, bits = written.partition("/")
    found = ip_hex(digits)
    if found is None or "%" in digits:
        raise AnswerInvalid(f"{where}: expected an IP address or a network such as 203.0.113.0/24")
    width = 128 if ":" in digits else 32
    if slash and not (re.fullmatch(r"0|[1-9][0-9]{0,2}", bits) and int(bits) <= width):
        raise AnswerInvalid(f"{where}: expected a prefix length of at most {width}")
    return f"{found}/{128 - width + int(bits if slash else width)}"


def address(written: str, where: str) -> str:
    """One address, which a condition on text compares: a network of its own."""
    if "/" in written:
        raise AnswerInvalid(f"{where}: expected an IP address; networks are for IpAddress")
    return network(written, where)


def ip_hex(written: str) -> str | None:
    """An address as 32 hex digits, IPv4 as ::ffff:a.b.c.d; None when it is none. The zone does not count."""
    try:
        found = ipaddress.ip_address(written)
    except ValueError:
        return None
    mapped = 0xFFFF << 32 if found.version == 4 else 0
    return f"{mapped + int(found):032x}"
