"""Bodies and schemas as JSON: numbers keep their text and their value, whatever their size.

Stricter than Amazon's reader in one thing: an object that names a member twice is no JSON, because the backend may
read the other one than was judged.
"""

from __future__ import annotations

import json
from decimal import Context, Decimal, InvalidOperation
from enum import Enum
from typing import Final, NoReturn

Json = dict[str, "Json"] | list["Json"] | str | int | Decimal | bool | None

LONGEST_NUMBER: Final = 1000
"""Characters of a number. Amazon's reader takes longer ones, which nobody sends; judging them costs their square."""

_LARGEST_EXPONENT: Final = 100_000
_EXACT: Final = Context(prec=LONGEST_NUMBER)


class JsonInvalid(ValueError):
    """Text that is no JSON. The message holds nothing of it."""


class Kind(Enum):
    """What a value is to a schema; in the order in which messages name kinds. 1.0 is a number and no integer."""

    ARRAY = "array"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    NULL = "null"
    NUMBER = "number"
    OBJECT = "object"
    STRING = "string"


_KINDS: Final = {
    list: Kind.ARRAY,
    bool: Kind.BOOLEAN,
    int: Kind.INTEGER,
    type(None): Kind.NULL,
    Decimal: Kind.NUMBER,
    dict: Kind.OBJECT,
    str: Kind.STRING,
}


def kind_of(value: Json) -> Kind:
    """The kind of a value that `read` made."""
    return _KINDS[type(value)]


def read(text: bytes | str) -> Json:
    """The value of a JSON text. Integers are `int`, other numbers `Decimal`.

    Raises:
        JsonInvalid: it has none, or one that nests deeper than can be read.

    """
    try:
        decoded = text.decode() if isinstance(text, bytes) else text
        value: Json = _DECODER.decode(decoded)
    except (ValueError, InvalidOperation, RecursionError):
        raise JsonInvalid("not JSON") from None
    return value


def written(value: Json) -> str:
    """A value as messages show it: without spaces, numbers as Java's `BigDecimal` writes them."""
    match value:
        case dict():
            return "{" + ",".join(f"{_quoted(name)}:{written(below)}" for name, below in value.items()) + "}"
        case list():
            return "[" + ",".join(map(written, value)) + "]"
        case str():
            return _quoted(value)
        case Decimal():
            return str(value)
        case _:
            return json.dumps(value)


def identity(value: Json) -> object:
    """Something hashable that is the same for equal values: 1 and 1.0 are equal, 1 and true are not.

    Numbers are bytes in it: their own hashes can be chosen, and a client would choose that all of them are the same.
    """
    match value:
        case dict():
            return frozenset((name, identity(below)) for name, below in value.items())
        case list():
            return tuple(map(identity, value))
        case bool():
            return (bool, value)
        case int() | Decimal():
            return str(Decimal(value).normalize(_EXACT)).encode() if value else b"0"
        case _:
            return value


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _integer(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise JsonInvalid("a number of too many digits")
    return int(digits)


def _decimal(text: str) -> Decimal:
    if len(text) > LONGEST_NUMBER:
        raise JsonInvalid("a number of too many digits")
    number = Decimal(text)
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise JsonInvalid("a number out of all range")
    return number


def _no_number(_: str) -> NoReturn:
    raise JsonInvalid("NaN and Infinity are no JSON")


def _object(members: list[tuple[str, Json]]) -> dict[str, Json]:
    made = dict(members)
    if len(made) != len(members):
        raise JsonInvalid("a member that is named twice")
    return made


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_decimal, parse_constant=_no_number
)
