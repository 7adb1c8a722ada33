"""`format`: the ones that Amazon's validator judges, of strings only. Others (int32, date, password) mean nothing.

By the format attributes of json-schema-validator for draft 4; where Java reads more than the format's own
specification (`1-1-1-1-1` as a UUID, `A <a@b.c>` as an address), Gateline does not.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Final

from gateline.schemas.pattern import Pattern, PatternInvalid

_DATE_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.\d{1,12})?(?:[Zz]|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)",
    re.ASCII,
)
_EMAIL: Final = re.compile(r'[^\s@<>"(),:;\\\[\]]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*')
_LETTER: Final = r"A-Za-z0-9\u0080-\U0010ffff"
_LABEL: Final = re.compile(rf"[{_LETTER}](?:[{_LETTER}_-]*[{_LETTER}])?")
_URI: Final = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.-]*:(?=[^#])|(?![^/?#]*:))"
    r"(?://(?:[^\x00-\x20\x7f\"<>\\^`{|}%/?#]|%[0-9A-Fa-f]{2})*)?"
    r"(?:[^\x00-\x20\x7f\"<>\\^`{|}%#\[\]]|%[0-9A-Fa-f]{2})*"
    r"(?:#(?:[^\x00-\x20\x7f\"<>\\^`{|}%#\[\]]|%[0-9A-Fa-f]{2})*)?"
)
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_MAC: Final = re.compile(r"[A-Za-z0-9]{2}(?::[A-Za-z0-9]{2}){5}")
_POINTER: Final = re.compile(r"(?:/(?:[^~/]|~[01])*)*")
_NO_HEX: Final = re.compile(r"[^0-9A-Fa-f]")
_NO_BASE64: Final = re.compile(r"[^A-Za-z0-9+/]")


def _date_time(text: str) -> str | None:
    found = _DATE_TIME.fullmatch(text)
    if found is not None:
        with suppress(ValueError):  # the 31st of February
            datetime.fromisoformat(f"{found[1]}T{found[2]}")
            return None
    formats = "[yyyy-MM-dd'T'HH:mm:ssZ, yyyy-MM-dd'T'HH:mm:ss.[0-9]{1,12}Z]"
    return f'string "{text}" is invalid against requested date format(s) {formats}'


def _is_email(text: str) -> bool:
    local = text.rpartition("@")[0]
    return _EMAIL.fullmatch(text) is not None and not (
        local.startswith(".") or local.endswith(".") or ".." in local
    )


def _is_hostname(text: str) -> bool:
    labels = text.removesuffix(".").split(".")
    return (
        len(text) <= 253
        and all(len(label) <= 63 and _LABEL.fullmatch(label) for label in labels)
        and not ("0" <= labels[-1][0] <= "9")
    )


def _is_ipv4(text: str) -> bool:
    try:
        return bool(ipaddress.IPv4Address(text))
    except ValueError:
        return False


def _is_ipv6(text: str) -> bool:
    try:
        return "%" not in text and bool(ipaddress.IPv6Address(text))
    except ValueError:
        return False


def _is_regex(text: str) -> bool:
    try:
        return bool(Pattern(text))
    except PatternInvalid:
        return False


def _base64(text: str) -> str | None:
    if len(text) % 4:
        return f"input has illegal length (must be a multiple of 4, found {len(text)})"
    bare = text.removesuffix("=").removesuffix("=")
    wrong = _NO_BASE64.search(bare)
    if wrong is None:
        return None
    return f'illegal character "{wrong[0]}" at index {wrong.start()} (not in Base64 alphabet)'


def _hex(length: int) -> Callable[[str], str | None]:
    def judge(text: str) -> str | None:
        if len(text) != length:
            return f"input string has incorrect length ({len(text)}, expected {length})"
        wrong = _NO_HEX.search(text)
        return wrong and f'illegal character "{wrong[0]}" in input at index {wrong.start()}'

    return judge


def _simple(fits: Callable[[str], object], said: str) -> Callable[[str], str | None]:
    return lambda text: None if fits(text) else said.replace("%s", text)


FORMATS: Final[dict[str, Callable[[str], str | None]]] = {
    "date-time": _date_time,
    "email": _simple(_is_email, 'string "%s" is not a valid email address'),
    "hostname": _simple(_is_hostname, 'string "%s" is not a valid hostname'),
    "ipv4": _simple(_is_ipv4, 'string "%s" is not a valid IPv4 address'),
    "ipv6": _simple(_is_ipv6, 'string "%s" is not a valid IPv6 address'),
    "regex": _simple(_is_regex, 'string "%s" is not a valid ECMA 262 regular expression'),
    "uri": _simple(_URI.fullmatch, 'string "%s" is not a valid URI'),
    "uuid": _simple(_UUID.fullmatch, 'input string "%s" is not a valid UUID'),
    "mac": _simple(_MAC.fullmatch, 'input string "%s" is not a valid MAC address'),
    "json-pointer": _simple(_POINTER.fullmatch, 'input string "%s" is not a valid JSON Pointer'),
    "base64": _base64,
    "md5": _hex(32),
    "sha1": _hex(40),
    "sha256": _hex(64),
    "sha512": _hex(128),
}
"""Name → what is wrong with a text, None when it has the format."""
