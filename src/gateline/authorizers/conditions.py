"""Conditions of a policy's statements, read and brought to the few operators that `gateway.lua` judges.

What IAM would not take, and what cannot be judged here in the same way, makes the whole answer invalid. A key
that is not known at all is told apart (`Condition.is_known`): the statement's effect decides what that means.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Final

from gateline.authorizers.element import AnswerInvalid, list_of, object_of, quoted
from gateline.authorizers.values import address, boolean, date, literal, network, number, pattern, text


class Operator(StrEnum):
    """The operators that the script judges, by their names in the policy text."""

    EQ = "eq"
    LIKE = "like"
    IP = "ip"
    BOOL = "bool"
    NULL = "null"
    NUM_EQ = "num_eq"
    NUM_LT = "num_lt"
    NUM_LE = "num_le"
    NUM_GT = "num_gt"
    NUM_GE = "num_ge"
    DATE_EQ = "date_eq"
    DATE_LT = "date_lt"
    DATE_LE = "date_le"
    DATE_GT = "date_gt"
    DATE_GE = "date_ge"


class _Kind(Enum):
    """What a key's value is, so that an operator of another kind is refused instead of never holding."""

    ADDRESS = "an address"
    TIME = "a time"
    BOOLEAN = "true or false"
    TEXT = "text"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One operator on one key: holds when one of the values fits; negated, when none does."""

    written: str  # the operator as the policy names it: StringNotEqualsIfExists
    operator: Operator
    key: str  # lower case
    values: tuple[str, ...]  # as in the policy text
    negated: bool = False
    ignores_case: bool = False
    if_exists: bool = False
    is_known: bool = True  # false: no request can say what this key is

    @property
    def shown(self) -> str:
        """The condition as an explanation names it."""
        return f"{self.written} {quoted(self.key)}"


KEYS: Final[Mapping[str, _Kind]] = MappingProxyType(
    {
        "aws:sourceip": _Kind.ADDRESS,
        "aws:currenttime": _Kind.TIME,
        "aws:epochtime": _Kind.TIME,
        "aws:securetransport": _Kind.BOOLEAN,
        "aws:useragent": _Kind.TEXT,
        "aws:referer": _Kind.TEXT,
    }
)
"""The keys that a request has (api-gateway.md section 10.4)."""

ABSENT_KEYS: Final = frozenset(
    {
        "aws:calledvia",
        "aws:calledviafirst",
        "aws:calledvialast",
        "aws:federatedprovider",
        "aws:multifactorauthage",
        "aws:multifactorauthpresent",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceidentity",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:tagkeys",
        "aws:tokenissuetime",
        "aws:username",
        "aws:vpcsourceip",
    }
)
"""Keys that a request which IAM did not sign, and that came over no VPC endpoint, does not have."""

ABSENT_FAMILIES: Final = ("aws:principaltag/", "aws:requesttag/")

_STRINGS: Final = frozenset({Operator.EQ, Operator.LIKE})
_NUMBERS: Final = frozenset(each for each in Operator if each.startswith("num_"))
_DATES: Final = frozenset(each for each in Operator if each.startswith("date_"))
_FITTING: Final = MappingProxyType(
    {
        _Kind.ADDRESS: frozenset({Operator.IP, Operator.NULL}),
        _Kind.TIME: _NUMBERS | _DATES | {Operator.NULL},
        _Kind.BOOLEAN: _STRINGS | {Operator.BOOL, Operator.NULL},
        _Kind.TEXT: _STRINGS | {Operator.NULL},
        _Kind.ABSENT: frozenset(Operator),
        _Kind.UNKNOWN: frozenset(Operator),
    }
)

_OPERATORS: Final[Mapping[str, tuple[Operator, bool, bool]]] = MappingProxyType(
    {
        "StringEquals": (Operator.EQ, False, False),
        "StringNotEquals": (Operator.EQ, True, False),
        "StringEqualsIgnoreCase": (Operator.EQ, False, True),
        "StringNotEqualsIgnoreCase": (Operator.EQ, True, True),
        "StringLike": (Operator.LIKE, False, False),
        "StringNotLike": (Operator.LIKE, True, False),
        "ArnEquals": (Operator.LIKE, False, False),
        "ArnLike": (Operator.LIKE, False, False),
        "ArnNotEquals": (Operator.LIKE, True, False),
        "ArnNotLike": (Operator.LIKE, True, False),
        "IpAddress": (Operator.IP, False, False),
        "NotIpAddress": (Operator.IP, True, False),
        "Bool": (Operator.BOOL, False, False),
        "Null": (Operator.NULL, False, False),
        "NumericEquals": (Operator.NUM_EQ, False, False),
        "NumericNotEquals": (Operator.NUM_EQ, True, False),
        "NumericLessThan": (Operator.NUM_LT, False, False),
        "NumericLessThanEquals": (Operator.NUM_LE, False, False),
        "NumericGreaterThan": (Operator.NUM_GT, False, False),
        "NumericGreaterThanEquals": (Operator.NUM_GE, False, False),
        "DateEquals": (Operator.DATE_EQ, False, False),
        "DateNotEquals": (Operator.DATE_EQ, True, False),
        "DateLessThan": (Operator.DATE_LT, False, False),
        "DateLessThanEquals": (Operator.DATE_LE, False, False),
        "DateGreaterThan": (Operator.DATE_GT, False, False),
        "DateGreaterThanEquals": (Operator.DATE_GE, False, False),
    }
)
"""IAM's names: the operator, whether it is negated, whether it ignores case."""

_READERS: Final[Mapping[Operator, Callable[[str, str], str]]] = MappingProxyType(
    {
        Operator.IP: network,
        Operator.BOOL: boolean,
        Operator.NULL: boolean,
        **dict.fromkeys(_NUMBERS, number),
        **dict.fromkeys(_DATES, date),
    }
)

_KEY: Final = re.compile(r"[A-Za-z0-9-]+:[\x20-\x7e]{1,200}")


def read_conditions(block: object, where: str, *, has_variables: bool) -> tuple[Condition, ...]:
    """The conditions of a statement's `Condition`. Raises AnswerInvalid.

    `has_variables`: whether the policy's Version gives `${...}` a meaning.
    """
    conditions: list[Condition] = []
    for written, keys in object_of(block, where).items():
        here = f"{where}.{quoted(written)}"
        seen: set[str] = set()
        for name, value in object_of(keys, here).items():
            place = f"{here}.{quoted(name)}"
            if not _KEY.fullmatch(name) or name.lower() in seen:
                raise AnswerInvalid(f"{place}: expected a condition key such as aws:SourceIp, once")
            seen.add(name.lower())
            conditions.append(_condition(written, name.lower(), value, place, has_variables=has_variables))
        if not seen:
            raise AnswerInvalid(f"{here}: expected a condition key, found an empty object")
    return tuple(conditions)


def _condition(written: str, key: str, value: object, where: str, *, has_variables: bool) -> Condition:
    name = written.removesuffix("IfExists")
    if_exists = name != written
    if name not in _OPERATORS or (if_exists and name == "Null"):
        help_ = (
            "; ForAnyValue and ForAllValues are refused, no key has several values" if ":" in written else ""
        )
        raise AnswerInvalid(f"{where}: not a condition operator that is supported{help_}")
    operator, negated, ignores_case = _OPERATORS[name]
    kind = _kind(key)
    as_address = kind is _Kind.ADDRESS and operator is Operator.EQ
    if as_address:
        operator, ignores_case = Operator.IP, False
    if operator not in _FITTING[kind]:
        raise AnswerInvalid(f"{where}: the operator does not fit, the key is {kind.value}")
    values = []
    for each, at in list_of(value, where):
        given = text(each, at)
        if operator is Operator.EQ:
            values.append(literal(given, at, has_variables=has_variables))
        elif operator is Operator.LIKE:
            values.append(pattern(given, at, has_variables=has_variables))
        else:
            values.append(address(given, at) if as_address else _READERS[operator](given, at))
    return Condition(
        written=written,
        operator=operator,
        key=key,
        values=tuple(values),
        negated=negated,
        ignores_case=ignores_case,
        if_exists=if_exists,
        is_known=kind is not _Kind.UNKNOWN,
    )


def _kind(key: str) -> _Kind:
    if key in ABSENT_KEYS or key.startswith(ABSENT_FAMILIES):
        return _Kind.ABSENT
    return KEYS.get(key, _Kind.UNKNOWN)
