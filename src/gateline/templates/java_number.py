"""Numbers as Java has them: division that truncates, doubles written `1.0E7`, and no exception for nonsense."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Final

from gateline.templates.budget import TemplateFailed
from gateline.templates.json_text import JsonNumber

_LARGEST: Final = 1 << 4096
"""Java goes on to BigInteger; so far."""


def number_of(value: object) -> int | float | None:
    """The number that a value is; None for all others, texts of digits among them."""
    kind = type(value)
    if kind is int or kind is float:
        return value  # type: ignore[return-value]
    return value.number if isinstance(value, JsonNumber) else None


def calculated(operator: str, left: float, right: float) -> int | float | None:
    """`left operator right`; None for a division by zero, which Velocity only logs.

    Raises:
        TemplateFailed: the result has more than four thousand bits.

    """
    result: int | float
    try:
        if operator == "+":
            result = left + right
        elif operator == "-":
            result = left - right
        elif operator == "*":
            result = left * right
        elif right == 0:
            return None
        elif isinstance(left, int) and isinstance(right, int):
            quotient = abs(left) // abs(right)
            quotient = quotient if (left < 0) == (right < 0) else -quotient
            result = quotient if operator == "/" else left - right * quotient
        else:
            result = left / right if operator == "/" else math.fmod(left, right)
    except OverflowError:
        return math.inf
    except ValueError:
        return math.nan
    if isinstance(result, int) and not -_LARGEST < result < _LARGEST:
        raise TemplateFailed("a number of the template is too large")
    return result


def double_text(value: float) -> str:
    """`Double.toString`."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    exact = Decimal(repr(value)).normalize().as_tuple()
    digits = "".join(map(str, exact.digits))
    power = len(digits) - 1 + int(exact.exponent)
    return f"{'-' if exact.sign else ''}{digits[0]}.{digits[1:] or '0'}E{power}"
