"""`$util`: the functions that API Gateway adds to the language."""

from __future__ import annotations

import base64
import re
from typing import ClassVar, Final
from urllib.parse import quote_plus, unquote_plus

from gateline.templates import json_text
from gateline.templates.budget import Meter, TemplateFailed
from gateline.templates.java_text import text_of
from gateline.templates.json_text import JsonInvalid
from gateline.templates.method import Method, Methods, Tool

_NOT_BASE64: Final = re.compile(r"[^A-Za-z0-9+/]")
_ESCAPES: Final = (
    ("\\", "\\\\"), ('"', '\\"'), ("'", "\\'"), ("/", "\\/"),
    ("\b", "\\b"), ("\f", "\\f"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"),
)  # fmt: skip
_SPECIAL: Final = re.compile(r"[\x00-\x1f\x80-\U0010ffff]")


def _escape_java_script(meter: Meter, _: object, value: object) -> object:
    r"""As `StringEscapeUtils` of commons-lang 2.5: slashes too (`"Accept": "*\/*"` in Amazon's execution logs)."""
    text = "null" if value is None else text_of(value, meter)
    for character, escape in _ESCAPES:
        text = text.replace(character, escape)
    escaped = _SPECIAL.sub(_code_units, text)
    meter.take(len(escaped))
    return escaped


def _code_units(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass").hex().upper()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _parse_json(meter: Meter, _: object, value: object) -> object:
    text = text_of(value, meter)
    if not text.strip():
        return None
    meter.take(len(text))
    try:
        found = json_text.read(text)
    except JsonInvalid as error:
        raise TemplateFailed("$util.parseJson was given no JSON") from error
    meter.look()
    return found


def _url_encode(meter: Meter, _: object, value: object) -> object:
    text = text_of(value, meter)
    meter.take(3 * len(text))
    # Java's URLEncoder keeps `*` and writes `~` as %7E; Python does neither.
    return quote_plus(text, safe="*", errors="replace").replace("~", "%7E")


def _url_decode(meter: Meter, _: object, value: object) -> object:
    text = text_of(value, meter)
    meter.take(len(text))
    return unquote_plus(text, errors="replace")


def _base64_encode(meter: Meter, _: object, value: object) -> object:
    data = text_of(value, meter).encode(errors="replace")
    meter.take(len(data) * 2)
    return base64.b64encode(data).decode("ascii")


def _base64_decode(meter: Meter, _: object, value: object) -> object:
    text = text_of(value, meter).replace("-", "+").replace("_", "/")
    meter.take(len(text))
    digits = _NOT_BASE64.sub("", text.split("=", 1)[0])
    usable = digits[: len(digits) - (len(digits) % 4 == 1)]
    return base64.b64decode(usable + "=" * (-len(usable) % 4)).decode("utf-8", "replace")


class UtilVariable(Tool):
    """`$util`."""

    __slots__ = ()

    METHODS: ClassVar[Methods] = {
        "escapeJavaScript": Method(_escape_java_script, 1, 1),
        "parseJson": Method(_parse_json, 1, 1),
        "urlEncode": Method(_url_encode, 1, 1),
        "urlDecode": Method(_url_decode, 1, 1),
        "base64Encode": Method(_base64_encode, 1, 1),
        "base64Decode": Method(_base64_decode, 1, 1),
    }
