"""Facts: what is known of a request when its policy is judged, and whether a condition holds of them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gateline.authorizers.conditions import Condition, Operator
from gateline.authorizers.glob import Steps, matches
from gateline.authorizers.values import ip_hex


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The condition keys of a request that IAM did not sign (api-gateway.md section 10.4)."""

    source_ip: str = ""
    now_ms: int  # milliseconds since 1970
    secure_transport: bool = False
    user_agent: str | None = None
    referer: str | None = None

    def find(self, key: str) -> str | None:
        """What a key (lower case) is, as `gateway.lua` would be told; None when the request does not have it."""
        match key:
            case "aws:sourceip":
                return ip_hex(self.source_ip)
            case "aws:currenttime" | "aws:epochtime":
                return str(self.now_ms)
            case "aws:securetransport":
                return "true" if self.secure_transport else "false"
            case "aws:useragent":
                return self.user_agent
            case "aws:referer":
                return self.referer
            case _:
                return None


_COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = MappingProxyType(
    {"eq": operator.eq, "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge}
)


def holds(condition: Condition, facts: Facts, steps: Steps) -> bool:
    """Whether a condition holds of a request."""
    found = facts.find(condition.key)
    if condition.operator is Operator.NULL:
        return ("true" if found is None else "false") in condition.values
    if found is None:
        return condition.negated or condition.if_exists
    fits = any(_fits(condition, found, value, steps) for value in condition.values)
    return fits is not condition.negated


def _fits(condition: Condition, found: str, wanted: str, steps: Steps) -> bool:
    if condition.operator is Operator.IP:
        digits, _, bits = wanted.partition("/")
        over = 128 - int(bits)
        return int(found, 16) >> over == int(digits, 16) >> over
    if condition.operator in (Operator.EQ, Operator.BOOL):
        return _bytes(found, condition) == _bytes(wanted, condition)
    if condition.operator is Operator.LIKE:
        return matches(_bytes(wanted, condition), _bytes(found, condition), steps)
    unit, _, name = condition.operator.value.partition("_")
    now = int(found) // 1000 if unit == "num" else int(found)
    return _COMPARISONS[name](now, float(wanted))


def _bytes(text: str, condition: Condition) -> bytes:
    """A text as the script sees it: only ASCII has lower and upper case."""
    raw = text.encode("utf-8", "surrogateescape")
    return raw.lower() if condition.ignores_case else raw
